# SPDX-License-Identifier: Apache-2.0
"""From measurements to ratios: each inside one repetition, then the median of them."""

import pathlib
import statistics
import subprocess

NOT_MEASURED = "not measured by this run"
KEYS = ("network_batched_vs_limit", "network_single_vs_ed25519", "store_vs_postgres_batched",
        "store_vs_sqlite_4096", "store_vs_sqlite_256", "network_vs_nats",
        "network_vs_postgres_single", "ack_p99_ms_10k", "ack_p99_ms_50k", "bytes_per_report",
        "province_page_us", "postgres_page_vs_ours", "replay_vs_postgres", "rss_country_mb",
        "startup_5m_s", "node_idle_mb")


def machine(build, folder):
    """What the figures were measured on."""
    def first(path, word):
        for line in pathlib.Path(path).read_text().splitlines():
            if line.startswith(word):
                return line.split(":", 1)[1].strip()
        return "?"

    def said(*command):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              text=True, check=False)
        return done.stdout.strip()

    cpus = pathlib.Path("/proc/cpuinfo").read_text().count("\nprocessor") + 1
    return {
        "processor": first("/proc/cpuinfo", "model name"), "cores": cpus,
        "memory": first("/proc/meminfo", "MemTotal"),
        "kernel": pathlib.Path("/proc/sys/kernel/osrelease").read_text().strip(),
        "filesystem": said("stat", "-f", "-c", "%T", str(folder)),
        "packages": said("dpkg-query", "-W", "-f=${Package} ${Version}; ", "libzmq5", "liblmdb0",
                         "libsodium23", "libprotobuf-c1", "libssl3"),
    }


class Results:
    def __init__(self, rows):
        self.rows = rows
        self.found = {}  # by row name: {repetition: measurements}
        self.voids = {}  # by row name: why
        self.report_bytes = {}

    def add(self, row, repetition, result):
        self.found.setdefault(row.name, {})[repetition] = result

    def void(self, row, reason):
        self.voids[row.name] = reason
        self.found.pop(row.name, None)

    def is_void(self, row):
        return row.name in self.voids

    # ---- figures ----

    def median(self, name, key):
        values = [result[key] for result in self.found.get(name, {}).values() if key in result]
        return statistics.median(values) if values else None

    def ratio(self, compute, *names):
        """The median over repetitions in which all rows are there."""
        repetitions = set.intersection(*(set(self.found.get(name, {})) for name in names))
        values = [compute(*(self.found[name][i] for name in names)) for i in sorted(repetitions)]
        return statistics.median(values) if values else None

    def ratios(self):
        def limit(ours, curve, lmdb):
            return ours["rate"] / min(curve["rate"], lmdb["rate"])

        def signatures(ours, verify):
            return ours["rate"] / (verify["rate"] * ours["server_cores"])

        def over(ours, peer):
            return ours["rate"] / peer["rate"]

        found = {
            "network_batched_vs_limit": self.ratio(limit, "network_bundle", "limit_curve",
                                                   "limit_lmdb_bundle"),
            "network_single_vs_ed25519": self.ratio(signatures, "network_single", "limit_ed25519"),
            "store_vs_postgres_batched": self.ratio(over, "core_4096", "postgres_batch"),
            "network_vs_postgres_single": self.ratio(over, "network_bundle", "postgres_single"),
            "store_vs_sqlite_4096": self.ratio(over, "core_4096", "sqlite_4096"),
            "store_vs_sqlite_256": self.ratio(over, "core_256", "sqlite_256"),
            "ack_p99_ms_10k": self.median("open_10k", "p99_ms"),
            "ack_p99_ms_50k": self.median("open_50k", "p99_ms"),
            "bytes_per_report": self.median("core_4096", "written_each"),
        }
        return {key: found.get(key) for key in KEYS}

    def missing(self, ratios):
        """Why a figure is null."""
        reasons = {}
        for key, value in ratios.items():
            if value is None:
                void = [f"{name}: {reason}" for name, reason in self.voids.items()]
                reasons[key] = NOT_MEASURED + (f"; void rows: {'; '.join(void)}" if void else "")
        return reasons

    # ---- out ----

    def json(self, about):
        ratios = self.ratios()
        return {"ratios": ratios, "missing": self.missing(ratios), "machine": about,
                "report_bytes": self.report_bytes, "void": self.voids,
                "rows": {name: list(found.values()) for name, found in self.found.items()}}

    def line(self, row):
        if row.name in self.voids:
            return f"{row.title:46} VOID: {self.voids[row.name][:200]}"
        if row.name not in self.found:
            return f"{row.title:46} not run"
        rates = sorted(result["rate"] for result in self.found[row.name].values())
        text = f"{row.title:46} {statistics.median(rates):>10,.0f}  "
        text += f"{rates[0]:,.0f}–{rates[-1]:,.0f}"
        for key, form in (("p50_ms", "p50 {:.1f} ms"), ("p99_ms", "p99 {:.1f} ms"),
                          ("p999_ms", "p99.9 {:.1f} ms"), ("commit_p50_ms", "commit {:.1f}"),
                          ("commit_p99_ms", "p99 {:.1f} ms"), ("written_each", "{:.0f} B/report"),
                          ("server_cores", "server {:.2f} cores"), ("rss", "{:.0f} B resident")):
            value = self.median(row.name, key)
            if value is not None:
                text += ", " + form.format(value)
        return text

    def table(self, about, sizes):
        lines = [f"{about['processor']}, {about['cores']} cores, {about['memory']}, "
                 f"Linux {about['kernel']}, {about['filesystem']}", about["packages"].strip("; ")]
        lines.append(", ".join(f"{name}: {size:.0f} bytes a report"
                               for name, size in self.report_bytes.items()) +
                     f"; bundles of {sizes.each}; {sizes.communes} communes in {sizes.provinces} "
                     f"provinces; quotas raised in config.yaml")
        lines += ["", f"{'row':46} {'reports/s':>10}  least–most of the repetitions"]
        lines += [self.line(row) for row in self.rows]
        lines += ["", "figures (median of ratios inside one repetition)"]
        ratios = self.ratios()
        for key, value in ratios.items():
            lines.append(f"  {key:32} {'–' if value is None else f'{value:.3f}'}")
        return "\n".join(lines)
