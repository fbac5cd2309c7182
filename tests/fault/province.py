# SPDX-License-Identifier: Apache-2.0
"""A small rehearsal of Gia Lai 2025 for the tests of faults: a store, some nodes, their forms.

Starts only its own processes, and ends them: each dies with this one.
"""

import json
import pathlib
import random
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "demo"), str(ROOT / "tests" / "interop")]
from daemon import Daemon, die_with_parent  # noqa: E402
from figures import Figures  # noqa: E402
from forms import FILL  # noqa: E402

PLAN, OBLIGATION, PERIOD = "gialai-2025", "O-002-1", "2025-H1"
NOW = "2025-05-05"
KINDS = ("yaml", "json", "csv")
COMMAND_SECONDS = 60
AT_ONCE = 8
QUEUED, SAME = "đã xếp hàng", "đã nộp rồi"


class Province:
    def __init__(self, folder, bin_folder, seed, units_count):
        self.folder = pathlib.Path(folder)
        self.daemon = Daemon(pathlib.Path(bin_folder) / "tonghop-aggregator", folder)
        self.node_program = str(pathlib.Path(bin_folder) / "tonghop-node")
        self.put_store(self.daemon.store)
        self.random = random.Random(f"{seed}/province")
        self.seed, self.units_count = seed, units_count
        self.units, self.kinds, self.templates, self.figures = [], {}, {}, {}
        self.forms_count = 0

    def put_store(self, folder):
        """Where the store is to be founded."""
        self.daemon.store = folder
        self.server = folder / "server.yaml"

    # ---- founding ----

    def found(self):
        plans = ROOT / "plans"
        self.daemon.command("init", "--rehearsal", "--units", plans / "units" / "gialai-2024.csv",
                            "--plan", plans / f"{PLAN}.yaml", "--listen", self.daemon.address,
                            "--publish", self.daemon.publish, "--http", "none")
        lines = self.ask("standing")["units"]
        self.kinds = {line["unit"]: line["kind"] for line in lines}
        communes = [u for u in self.kinds if self.is_commune(u)]
        bodies = [u for u in self.kinds if not self.is_commune(u)]
        bodies_count = self.units_count // 4
        self.units = (self.random.sample(communes, self.units_count - bodies_count) +
                      self.random.sample(bodies, bodies_count))
        pairs = []
        for unit in self.units:
            self.node("init", self.home(unit), "--unit", unit, "--server", self.server)
            pairs += [unit, self.home(unit) / "node.pub"]
        self.daemon.command("enroll", *pairs)
        self.daemon.command("clock", "--to", NOW)

    def is_commune(self, unit):
        return self.kinds[unit] in ("xa", "phuong", "thi_tran")

    def home(self, unit):
        return self.folder / f"node-{unit}"

    # ---- asking ----

    def ask(self, verb, *arguments):
        return json.loads(self.daemon.command(verb, "--plan", PLAN, "--period", PERIOD, "--json",
                                              *arguments))

    def try_nodes(self, commands):
        """What became of each, in order; some run at once."""
        done = []
        for at in range(0, len(commands), AT_ONCE):
            some = [subprocess.Popen([self.node_program, *map(str, words)],
                                     stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                     stderr=subprocess.PIPE, preexec_fn=die_with_parent)
                    for words in commands[at:at + AT_ONCE]]
            for process in some:
                out, err = process.communicate(timeout=COMMAND_SECONDS)
                done.append(subprocess.CompletedProcess(process.args, process.returncode, out, err))
        return done

    def node(self, *words):
        return self.nodes([words])[0]

    def nodes(self, commands):
        """What each says, in order."""
        said = []
        for done in self.try_nodes(commands):
            if done.returncode != 0:
                raise AssertionError(f"{done.args[1:]}: exit {done.returncode}\n"
                                     f"{done.stderr.decode()}")
            said.append(done.stdout.decode())
        return said

    def items(self, unit):
        return json.loads(self.node("status", self.home(unit), "--json"))["items"]

    def receipt(self, unit, item):
        return self.receipts([(unit, item)])[0]

    def receipts(self, items):
        """Of (unit, item) each."""
        return self.nodes([("receipt", self.home(unit), item, "--out", "-")
                           for unit, item in items])

    # ---- processes of its own ----

    def start_node(self, *words):
        """A tonghop-node that goes on; its output is in nodes.log."""
        with open(self.folder / "nodes.log", "ab") as log:
            return subprocess.Popen([self.node_program, *map(str, words)], stdout=log, stderr=log,
                                    stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)

    def start_submit(self, unit, path, revision):
        words = [self.node_program, "submit", str(self.home(unit)), str(path)]
        words += ["--as-revision", str(revision)] if revision > 1 else []
        return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, preexec_fn=die_with_parent)

    def submit(self, unit, path, revision=1):
        process = self.start_submit(unit, path, revision)
        out, err = process.communicate(timeout=COMMAND_SECONDS)
        if process.returncode != 0:
            raise AssertionError(f"submit {unit} {path}: {out.decode()}{err.decode()}")

    def deliver(self, units, seconds=30):
        self.node("run", *map(self.home, units), "--until-idle", "--timeout", seconds, "--quiet")

    # ---- forms ----

    def template(self, unit, kind):
        key = (unit, kind)
        if key not in self.templates:
            self.templates[key] = self.node("template", self.home(unit), "--plan", PLAN,
                                            "--obligation", OBLIGATION, "--format", kind)
        return self.templates[key]

    def write_form(self, unit):
        """A new form with figures that no other form of the unit has. Returns its path."""
        if unit not in self.figures:
            maker = Figures(self.seed, unit, self.is_commune(unit))
            self.figures[unit] = (maker.period(), maker.texts())
        self.forms_count += 1
        values, texts = self.figures[unit]
        values = dict(values)
        more = 1000 * self.forms_count + self.random.randint(0, 999)
        values.update(VB03=str(int(values["VB03"]) + more), VB01=str(int(values["VB01"]) + more),
                      DG01=f"{self.random.randint(10, 99)}.{self.random.randint(0, 99):02}")
        if self.random.random() < 0.3:
            values.pop("DG01")  # what was reported before is not any more
        estimated = ["HC02"] if self.random.random() < 0.2 else []
        kind = self.random.choice(KINDS)
        path = self.folder / f"form-{self.forms_count}-{unit}.{kind}"
        filled = FILL[kind](self.template(unit, kind), values, texts, estimated, "2025-06-30")
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(filled)
        return path

    def keep(self, where):
        """Copies everything there, for whoever looks into a failure."""
        shutil.rmtree(where, ignore_errors=True)
        shutil.copytree(self.folder, where, ignore=lambda folder, names: [
            name for name in names if name.endswith(".sock")])
