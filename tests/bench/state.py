# SPDX-License-Identifier: Apache-2.0
"""The rows about a store that is large already: questions, replay, start-up, growth, an idle node.

The store is made once in a run, by the real commands and the real driver, and shared by the rows:
one plan of a year with 250 obligations, bundles of 16 reports of one unit. Most of its
obligations are over; those that are open stay open.
"""

import json
import os
import shutil
import subprocess
import time

from checks import must_be_taken
from place import PLAN, PROGRAM_SECONDS, ROOT, Place, Wrong, die_with_parent, limited
from daemon import free_address
from postgres import LEAN, Cluster

OBLIGATIONS, EACH, BATCH, TIMES, PROVINCE = 250, 16, 4096, 2000, 0
AFTER = "2025-11-15"  # all but one in six obligations are closed
READY = "SẴN SÀNG"
START_SECONDS, IDLE_SECONDS, WINDOW = 60, 3, 16384
GROWTH = (10000, 100000, 1000000, 5000000)


class LargeStore(Place):
    """In a folder of the benchmark's place."""

    def __init__(self, place, sizes):
        super().__init__(place.folder / "large", place.build, place.seed, place)
        self.generate(sizes.provinces, sizes.communes, OBLIGATIONS,
                      [("large", sizes.large, EACH)])
        self.found()
        self.store = self.template / "store"
        self.postgres = None  # what it answered in this repetition
        self.full = 1  # the first obligations, for which all units have reported
        self.grown = self.json("grow", self.work, "large", self.store, BATCH, 0,
                               *[str(point) for point in GROWTH])
        if self.grown["wrong"]:
            raise Wrong(f"not every report was accepted: {self.grown}")
        self.checked = self.check_store(self.store, "large")
        self.command("clock", str(self.store), "--to", AFTER)

    def command(self, *words, program="tonghop-aggregator"):
        done = subprocess.run([self.build / "bin" / program, *words], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False, preexec_fn=die_with_parent,
                              timeout=PROGRAM_SECONDS)
        if done.returncode != 0:
            raise Wrong(f"{program} {words[0]}: exit {done.returncode}: {done.stdout[-300:]}")
        return done.stdout


def large_store(place, sizes):
    """Made by the first row that asks; when that fails, all of them are void."""
    if place.large is None:
        try:
            place.large = LargeStore(place, sizes)
        except Exception as problem:
            place.large = f"the large store: {problem or type(problem).__name__}"
    if isinstance(place.large, str):
        raise Wrong(place.large)
    return place.large


# ---- questions ----

def questions(province):
    def run(place, sizes):
        large = large_store(place, sizes)
        found = place.json("questions", large.work, "large", large.store, large.grown["founded"],
                           0, province, TIMES if province != "-" else TIMES // 20)
        now, large.full = found["now"], found["obligations"]
        return {"value": now["us"], "p99_us": now["p99_us"], "past_us": found["past"]["us"],
                "past_p99_us": found["past"]["p99_us"],
                "rollup_us": found["rollup"]["us"], "lines": now["lines"],
                "obligations": found["obligations"]}
    return run


def ask_postgres(place, large):
    with Cluster(place, LEAN) as cluster:
        found = place.json("peer_questions", large.work, "large", cluster.conninfo, 0, PROVINCE,
                           TIMES, large.full)
        folder = place.empty("peer")
        (folder / "rollups").write_text(cluster.rollups())
    return dict(found, checked=large.check_sums(folder, "large"))


def postgres_questions(place, sizes):
    large = large_store(place, sizes)
    large.postgres = ask_postgres(place, large)
    return dict(large.postgres, value=large.postgres["us"])


def postgres_recompute(place, sizes):
    """Asked together with the row before, as its table is large; alone where that is not asked."""
    large = large_store(place, sizes)
    found = large.postgres or ask_postgres(place, large)
    large.postgres = None
    return {"rate": found["reports"] / found["recompute_seconds"], "checked": found["checked"]}


# ---- replay ----

def audit(verb, *options):
    """Exit 0 says that the tables are those of the journal; and, unless an option says that it is
    left out, the tree; by `verify` the signatures as well."""
    def run(place, sizes):
        large = large_store(place, sizes)
        began = time.monotonic()
        large.command(verb, str(large.store), *options, program="tonghop-audit")
        took = time.monotonic() - began
        # Those that were sent twice count once, as in postgres_recompute().
        return {"rate": large.grown["accepted"] / took, "seconds": took}
    return run


# ---- start-up ----

def forget(path):
    """Drops the file's pages from this machine's cache, as far as the system does."""
    handle = os.open(path, os.O_RDONLY)
    os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(handle)


def start_up(is_cold):
    def run(place, sizes):
        large = large_store(place, sizes)
        if is_cold:
            forget(large.store / "data.mdb")
        began = time.monotonic()
        process = subprocess.Popen(
            [place.build / "bin" / "tonghop-aggregator", "run", large.store,
             "--listen", free_address(), "--publish", free_address()],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            preexec_fn=die_with_parent)
        place.processes.append(process)
        try:
            lines = []
            with limited(process, START_SECONDS):
                for line in process.stdout:
                    lines.append(line)
                    if READY in line:
                        took = time.monotonic() - began
                        return {"value": took, "reports": large.grown["reports"]}
            raise Wrong(f"run: {''.join(lines)[-300:]}")
        finally:
            process.terminate()
            process.stdout.close()
            with limited(process, START_SECONDS):
                process.wait()
            place.end(process)
    return run


# ---- growth ----

def growth(place, sizes):
    large = large_store(place, sizes)
    result = dict(large.grown, rate=large.grown["reports"] / large.grown["seconds"],
                  checked=large.checked)
    for point in large.grown["points"]:
        result[f"us_at_{point['at']}"] = point["us_each"]
    return result


# ---- a year of the whole country in memory ----

class Country(Place):
    """4,000 units × 30 obligations × 60 figures, all reported."""

    def __init__(self, place, units):
        super().__init__(place.folder / "country", place.build, place.seed, place)
        plans = self.folder / "plans"
        (plans / "catalogue").mkdir(parents=True)
        shutil.copy(ROOT / "plans" / "holidays.yaml", plans)
        self.run("make_country", self.work, plans, self.seed, units)
        self.found()

    def send(self, daemon, frames):
        return must_be_taken(self.load(daemon, "year", "window", WINDOW, frames))

    def check_totals(self, daemon):
        """Each sum of the country, as the command says it."""
        expected = {}
        for line in (self.work / "totals").read_text().splitlines():
            obligation, code, total = line.split()
            expected.setdefault(obligation, {})[code] = total
        for obligation, totals in expected.items():
            answer = json.loads(daemon.command("rollup", "--plan", PLAN, "--obligation", obligation,
                                               "--json"))
            for code, total in totals.items():
                if answer["indicators"][code]["value"] != total:
                    raise Wrong(f"rollup {obligation}: {code} is not {total}")
        return len(expected)


def country(place, sizes):
    """Resident memory of the aggregator: started anew, with every book loaded again."""
    here = Country(place, sizes.country)
    daemon = here.start("daemon")
    try:
        here.send(daemon, 0)
        filled = kilobytes(daemon.process.pid, "status", "VmRSS")
        checked = here.check_totals(daemon)
        here.stop(daemon)
        here.launch(daemon)
        here.send(daemon, 1)  # a duplicate of each of 30 obligations: their books are looked at
        pid = daemon.process.pid
        return {"value": kilobytes(pid, "status", "VmRSS") / 1024, "checked": checked,
                "own_mb": kilobytes(pid, "status", "RssAnon") / 1024,
                "filled_mb": filled / 1024}
    finally:
        if daemon.process is not None:
            here.stop(daemon)
        shutil.rmtree(here.folder, ignore_errors=True)


# ---- a node that does nothing ----

def kilobytes(pid, name, word):
    with open(f"/proc/{pid}/{name}", encoding="ascii") as lines:
        for line in lines:
            if line.startswith(word):
                return int(line.split()[1])
    raise Wrong(f"/proc/{pid}/{name}: no {word}")


def idle_node(place, sizes):
    """Resident memory of one node, connected and welcomed, with nothing to send."""
    daemon = place.start("daemon")
    node = place.empty("node") / "node"
    server = place.folder / "server.yaml"
    text = (daemon.store / "server.yaml").read_text()
    server.write_text(text.replace("tcp://127.0.0.1:7411", daemon.address)
                      .replace("tcp://127.0.0.1:7412", daemon.publish))
    process = None
    program = place.build / "bin" / "tonghop-node"
    try:
        subprocess.run([program, "init", node, "--unit", "P00", "--server", server], check=True,
                       stdout=subprocess.DEVNULL, timeout=START_SECONDS)
        daemon.command("enroll", "P00", node / "node.pub")
        process = subprocess.Popen([program, "run", node], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   preexec_fn=die_with_parent)
        place.processes.append(process)
        plans = node / "known"
        until = time.monotonic() + START_SECONDS
        while not (plans.is_dir() and any(plans.iterdir())):  # a welcome brings the plan
            if time.monotonic() > until or process.poll() is not None:
                raise Wrong("the node was not welcomed")
            time.sleep(0.1)
        time.sleep(IDLE_SECONDS)
        rss = kilobytes(process.pid, "status", "VmRSS")
        return {"value": rss / 1024,
                "pss_mb": kilobytes(process.pid, "smaps_rollup", "Pss:") / 1024,
                "own_mb": kilobytes(process.pid, "status", "RssAnon") / 1024}
    finally:
        if process is not None:
            place.end(process)
        place.stop(daemon)
