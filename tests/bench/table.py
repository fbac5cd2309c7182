# SPDX-License-Identifier: Apache-2.0
"""From measurements to figures: each inside one repetition, then the median of them."""

import pathlib
import statistics
import subprocess

from figures import FIGURES
from peers import PEERS

NOT_MEASURED = "this run does not measure it"
OURS = ("libzmq5", "liblmdb0", "libsodium23", "libprotobuf-c1", "libssl3")
# What a row tells beside its number, as far as it has it.
DETAILS = (("p50_ms", "p50 {:.1f} ms"), ("p99_ms", "p99 {:.1f} ms"), ("p999_ms", "p99.9 {:.1f} ms"),
           ("commit_p50_ms", "commit p50 {:.1f} ms"), ("commit_p99_ms", "p99 {:.1f} ms"),
           ("checkpoint_ms", "its checkpoint {:.0f} ms"),
           ("written_each", "{:.0f} B written a report"), ("server_cores", "server {:.2f} cores"),
           ("p99_us", "p99 {:.1f} µs"), ("past_us", "as of the past {:.0f} µs"),
           ("rollup_us", "a rollup {:.2f} µs"), ("us_at_10000", "at 10 k {:.1f} µs"),
           ("us_at_100000", "100 k {:.1f}"), ("us_at_1000000", "1 M {:.1f}"),
           ("us_at_5000000", "5 M {:.1f}"), *((key.format(nodes), text)
           for nodes in (1, 10, 100, 1000, 3321, 4000)
           for key, text in (("us_of_{}", f"of {nodes:,} {{:.0f}} µs"),
                             ("p50_of_{}", "p50 {:.1f} ms"), ("mb_of_{}", "{:.0f} MB"))),
           ("own_mb", "{:.1f} of them no file's"),
           ("pss_mb", "{:.1f} proportional"), ("filled_mb", "{:.0f} after the burst"))


def machine(place, sizes, took):
    """What the figures were measured on, and with what."""
    def first(path, word):
        for line in pathlib.Path(path).read_text().splitlines():
            if line.startswith(word):
                return line.split(":", 1)[1].strip()
        return "?"

    def said(*command):
        try:
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                  text=True, check=False)
        except OSError:  # what is measured must not be lost for want of a version
            return ""
        return done.stdout.strip()

    def version(package):
        return said("dpkg-query", "-W", "-f=${Version}", package)

    cpus = pathlib.Path("/proc/cpuinfo").read_text().count("\nprocessor") + 1
    peers = [package for peer in PEERS.values() for package in peer.packages]
    return {
        "processor": first("/proc/cpuinfo", "model name"), "cores": cpus,
        "memory": first("/proc/meminfo", "MemTotal"),
        "kernel": pathlib.Path("/proc/sys/kernel/osrelease").read_text().strip(),
        "filesystem": said("stat", "-f", "-c", "%T", str(place.folder)),
        "sizes": sizes.name, "seconds": round(took),
        "versions": {package: version(package) for package in [*OURS, *peers] if version(package)},
    }


class Results:
    """`asked`: the names of the rows that are told; None: all."""

    def __init__(self, rows, asked=None):
        self.rows = rows
        self.asked = {row.name for row in rows} if asked is None else set(asked)
        self.found = {}  # by row name: {repetition: measurements}
        self.voids = {}  # by row name: why
        self.skipped = {}  # by row name: why
        self.report_bytes = {}
        self.repetitions = 0

    def add(self, row, repetition, result):
        self.found.setdefault(row.name, {})[repetition] = result

    def void(self, row, reason):
        self.voids[row.name] = reason
        self.found.pop(row.name, None)

    def skip(self, row, reason):
        self.skipped[row.name] = reason

    def is_out(self, row):
        return row.name in self.voids or row.name in self.skipped

    # ---- figures ----

    def median(self, name, key):
        values = [result[key] for result in self.found.get(name, {}).values() if key in result]
        return statistics.median(values) if values else None

    def figure(self, figure):
        """Of the repetitions in which all its rows are there; None when there is none."""
        if figure.compute is None:
            return None
        repetitions = set.intersection(*(set(self.found.get(name, {})) for name in figure.rows))
        values = [figure.compute(*(self.found[name][i] for name in figure.rows))
                  for i in sorted(repetitions)]
        return statistics.median(values) if values else None

    def why_missing(self, figure):
        reasons = [f"{name}: {text}" for name in figure.rows
                   for text in (self.voids.get(name), self.skipped.get(name)) if text]
        return "; ".join(reasons) or NOT_MEASURED

    # ---- out ----

    def json(self, about):
        ratios = {figure.key: self.figure(figure) for figure in FIGURES}
        return {"ratios": ratios,
                "missing": {figure.key: self.why_missing(figure) for figure in FIGURES
                            if ratios[figure.key] is None},
                "targets": {figure.key: figure.target() for figure in FIGURES},
                "met": {figure.key: figure.is_met(ratios[figure.key]) for figure in FIGURES
                        if ratios[figure.key] is not None},
                "machine": about, "repetitions": self.repetitions,
                "report_bytes": self.report_bytes, "void": self.voids,
                "skipped": self.skipped,
                "peers": {name: {"set_up": peer.set_up, "less": peer.less}
                          for name, peer in PEERS.items()},
                "rows": {name: list(found.values()) for name, found in self.found.items()}}

    def line(self, row):
        if row.name in self.voids:
            return f"{row.title:50} VOID: {self.voids[row.name][:200]}"
        if row.name not in self.found:
            return f"{row.title:50} not run: {self.skipped.get(row.name, 'stopped before')}"
        results = sorted(self.found[row.name].values(), key=row.number)
        middle = {row.text(result): None for result in (results[0], results[-1])}
        median = dict(results[0], **{"rate" if "rate" in results[0] else "value":
                                     statistics.median(map(row.number, results))})
        text = f"{row.title:50} {row.text(median):>12}  {'–'.join(middle)}"
        for key, form in DETAILS:
            value = self.median(row.name, key)
            if value is not None:
                text += ", " + form.format(value)
        return text

    def figure_line(self, figure):
        value = self.figure(figure)
        if value is None:
            return f"{figure.key:28} {'–':>10}  {figure.target():>8}  " \
                   f"not measured: {self.why_missing(figure)[:200]}"
        return f"{figure.key:28} {value:>10.3f}  {figure.target():>8}  " \
               f"{'met' if figure.is_met(value) else 'NOT met'}"

    def table(self, about, sizes):
        versions = about["versions"]
        lines = [f"{about['processor']}, {about['cores']} cores, {about['memory']}, "
                 f"Linux {about['kernel']}, {about['filesystem']}",
                 f"sizes: {sizes.name}; repetitions: {self.repetitions} of {sizes.repetitions}; "
                 f"{about['seconds']} s",
                 ", ".join(f"{package} {versions[package]}" for package in OURS
                           if package in versions),
                 ", ".join(f"{name}: {size:.0f} bytes a report"
                           for name, size in self.report_bytes.items()) +
                 f"; bundles of {sizes.each}; {sizes.communes} communes in {sizes.provinces} "
                 f"provinces; {sizes.preload:,} single reports held before {sizes.singles:,} are "
                 f"timed; quotas raised in config.yaml",
                 "", "peers"]
        for peer in PEERS.values():
            what = ", ".join(f"{package} {versions[package]}" for package in peer.packages
                             if package in versions) or "not installed"
            lines += [f"  {peer.title} ({what}): {peer.set_up}.", f"    Does less: {peer.less}."]
        lines += ["", f"{'row':50} {'median':>12}  least–most of the repetitions"]
        lines += [self.line(row) for row in self.rows if row.name in self.asked]
        lines += ["", f"{'figure':28} {'value':>10}  {'target':>8}"]
        lines += [self.figure_line(figure) for figure in FIGURES
                  if self.asked.intersection(figure.rows)]
        return "\n".join(lines)
