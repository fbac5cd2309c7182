# SPDX-License-Identifier: Apache-2.0
"""The stores of the benchmark: made by the real commands once, copied for each run, run and checked.

Every process that is started here is ended here, by its own handle, also when Ctrl-C comes.
"""

import contextlib
import fractions
import json
import pathlib
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "interop"))
from daemon import Daemon, die_with_parent  # noqa: E402

PLAN, REALM, NOW = "dan-van-2025", "tonghop.bench/rehearsal", "2025-06-15"
NATION = "VN"
PROGRAM_SECONDS = 900
QUOTA = 1000000
OPEN_FILES = 20000


class Wrong(Exception):
    """A row that is void: what it did is not what had to be done."""


class Skipped(Exception):
    """A row that this run does not measure, and why."""


@contextlib.contextmanager
def limited(process, seconds):
    """While what it says is waited for: it is killed when that takes longer."""
    timer = threading.Timer(seconds, process.kill)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def allow_open_files():
    """For itself and what it starts: a connection of each commune has a descriptor at both ends."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    most = hard if hard == resource.RLIM_INFINITY else max(hard, OPEN_FILES)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, most))
    except (ValueError, OSError):
        raise Wrong(f"{OPEN_FILES} open files are needed, and this user may have {hard} "
                    "(ulimit -Hn)") from None


class Place:
    """A folder with the generated reports, and the store that each run starts from.

    `within`: a place of the same run that has these processes as well: what ends those ends these.
    """

    def __init__(self, folder, build, seed=1, within=None):
        self.folder = pathlib.Path(folder)
        self.build = pathlib.Path(build)
        self.seed = seed
        self.work = self.folder / "work"
        self.template = self.folder / "template"
        self.processes = within.processes if within else []
        self.facts = {}  # by set and frames: the lines that a store must have
        self.large = None  # see state.py
        allow_open_files()
        self.folder.mkdir(parents=True)
        self.work.mkdir()
        # A socket's path is short, whatever the scratch folder is.
        self.short = within.short if within else tempfile.mkdtemp(prefix="tonghop-bench-")

    # ---- programs ----

    def run(self, name, *arguments, cwd=None, at_first_line=None):
        """What a program of this folder printed. `at_first_line`: called when there is one line."""
        with tempfile.TemporaryFile("w+") as errors:
            process = subprocess.Popen(
                [str(self.build / "bench" / name), *map(str, arguments)],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=cwd,
                preexec_fn=die_with_parent)
            self.processes.append(process)
            try:
                with process.stdout, limited(process, PROGRAM_SECONDS):
                    out = process.stdout.readline()
                    if out and at_first_line:
                        at_first_line()
                    out += process.stdout.read()
                    process.wait()
            finally:
                self.end(process)
            if process.returncode != 0:
                errors.seek(0)
                raise Wrong(f"{name}: exit {process.returncode}: {errors.read().strip()[-500:]}")
        return out

    def end(self, process):
        if process.poll() is None:
            process.kill()
            process.wait()
        if process in self.processes:
            self.processes.remove(process)

    def json(self, name, *arguments, at_first_line=None):
        """The last line that it printed."""
        return json.loads(self.run(name, *arguments, at_first_line=at_first_line).splitlines()[-1])

    def load(self, daemon, name, mode, number, frames, connected="senders", at_start=None):
        """What load.c says of a set that it has sent. `at_start`: called when its clock starts."""
        return self.json("load", self.work, name, daemon.store / "server.yaml", daemon.address,
                         daemon.process.pid, mode, number, frames, connected,
                         at_first_line=at_start)

    def close(self):
        for process in list(self.processes):
            self.end(process)
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.short, ignore_errors=True)

    def empty(self, name):
        path = self.folder / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
        return path

    # ---- reports and stores ----

    def generate(self, provinces, communes, obligations, sets):
        """`sets`: (name, reports, reports in one submission). Returns bytes of each report by set."""
        words = [word for triple in sets for word in triple]
        out = self.run("make_workload", self.work, ROOT / "plans", self.seed, provinces,
                       communes, obligations, *words)
        return {line.split()[0]: float(line.split()[5]) for line in out.splitlines()}

    def found(self):
        """A store by the commands that an operator uses, with every commune enrolled."""
        founding = Daemon(self.build / "bin" / "tonghop-aggregator", self.template)
        self.template.mkdir()
        founding.command("init", "--rehearsal", "--realm", REALM, "--units",
                         self.work / "units.csv", "--plan", self.work / "plan.yaml", "--listen",
                         "tcp://127.0.0.1:7411", "--publish", "tcp://127.0.0.1:7412",
                         "--http", "none")
        # In memory: thousands of small files that are each flushed say nothing about the store.
        with tempfile.TemporaryDirectory(dir="/dev/shm") as keys:
            self.run("node_files", self.work, founding.store / "server.yaml", keys)
            pairs = []
            for path in sorted(pathlib.Path(keys).iterdir()):
                pairs += [path.stem, path]
            founding.command("enroll", *pairs)
        founding.command("clock", "--to", NOW)
        config = founding.store / "config.yaml"
        text = re.sub(r"(?m)^(quota_\w+): \d+$", rf"\1: {QUOTA}", config.read_text())
        config.write_text(text)

    def start(self, name, *options):
        """A running aggregator on a copy of the store."""
        folder = self.empty(name)
        daemon = Daemon(self.build / "bin" / "tonghop-aggregator", folder)
        shutil.copytree(self.template / "store", daemon.store)
        self.launch(daemon, *options)
        return daemon

    def launch(self, daemon, *options):
        try:
            daemon.start(*options)
        except BaseException:
            process, daemon.process = daemon.process, None
            if process is not None:
                self.end(process)
            raise
        self.processes.append(daemon.process)

    def stop(self, daemon):
        process = daemon.process
        code = daemon.stop()
        if process in self.processes:
            self.processes.remove(process)
        if code != 0:
            raise Wrong(f"tonghop-aggregator: exit {code}: {daemon.output()[-500:]}")

    # ---- checks ----

    def expected(self, name, frames=0):
        if (name, frames) not in self.facts:
            self.facts[name, frames] = self.run("recompute", self.work, name, frames).splitlines()
        return self.facts[name, frames]

    def check_store(self, store, name, frames=0):
        """Every rollup row of a store, all provinces and the nation, against the recomputation."""
        found = self.run("rollups", store, self.work).splitlines()
        expected = self.expected(name, frames)
        if found != expected:
            different = [pair for pair in zip(found, expected) if pair[0] != pair[1]]
            raise Wrong(f"rollups: {len(found)} rows, {len(expected)} expected; "
                        f"first difference: {different[:1]}")
        return len(found)

    def check_sums(self, folder, name, frames=0, form="sums"):
        """What a peer has kept, all provinces and the nation. sums: sums and counts of every figure;
        same: standing, sums, extremes and who has them, ratios."""
        found = (folder / "rollups").read_text().splitlines()
        expected = self.run("recompute", self.work, name, frames, form).splitlines()
        if found != expected:
            different = [pair for pair in zip(found, expected) if pair[0] != pair[1]]
            raise Wrong(f"rollups of a peer: {len(found)} rows, {len(expected)} expected; "
                        f"first difference: {different[:1]}")
        return len(found)

    def distinct(self, name, frames=0):
        """How many reports there are when those that were sent twice count once."""
        return int(self.run("recompute", self.work, name, frames, "keys"))

    def check_commands(self, daemon, name, frames=0, samples=6):
        """The same by `tonghop-aggregator rollup --json`, for some of the rows."""
        lines = [line for line in self.expected(name, frames) if line.split()[2] == "all"]
        chosen = random.Random(0).sample(lines, min(samples, len(lines)))
        for line in chosen:
            obligation, unit, _, received, on_time, late, *figures = line.split()
            answer = json.loads(daemon.command("rollup", "--plan", PLAN, "--obligation",
                                               obligation, "--unit", unit, "--json"))
            counts = answer["counts"]
            same = [counts["received"], counts["on_time"], counts["late"]]
            if same != [int(received), int(on_time), int(late)]:
                raise Wrong(f"rollup {obligation} {unit}: {counts}, not {line}")
            for figure in figures:
                check_figure(answer["indicators"], figure)


def check_figure(indicators, figure):
    code, reported, cells = figure.split(":")
    cells = [int(cell) for cell in cells.split(",") if cell]
    found = indicators[code]
    if found["reported"] != int(reported):
        raise Wrong(f"{figure}: {found}")
    if found["rule"] == "sum" and found["value"] != str(cells[0]):
        raise Wrong(f"{figure}: {found}")
    if found["rule"] == "ratio_of_sums" and cells[1] and \
            found["value"] != rounded(fractions.Fraction(100 * cells[0], cells[1])):
        raise Wrong(f"{figure}: {found}")
    if found["rule"] == "average_min_max" and \
            found["value"]["average"] != rounded(fractions.Fraction(cells[0],
                                                                    100 * int(reported))):
        raise Wrong(f"{figure}: {found}")


def rounded(value):
    """Two decimals, half away from zero; figures here are not negative."""
    hundredths = int(value * 100 + fractions.Fraction(1, 2))
    return f"{hundredths // 100}.{hundredths % 100:02}"
