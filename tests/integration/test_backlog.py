#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Nodes whose province was away: what was queued meanwhile goes in few submissions, and each report
has its own answer, also when both programs are killed. test_backlog.py [--bin build/bin]

Exit 0: everything holds; 1: something does not.
"""

import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "fault"))
from checker import Book, check_all  # noqa: E402
from province import PLAN, Province  # noqa: E402

BUNDLE = 64
QUEUED, CORRECTED, KILL_ROUNDS, MORE = 2 * BUNDLE - 1, 16, 8, 4
OTHER = "O-002-2"


def same(found, expected, what):
    if found != expected:
        raise AssertionError(f"{what}: found {found!r}, expected {expected!r}")


class Case:
    def __init__(self, folder, bin_folder):
        self.folder = pathlib.Path(folder)
        self.province = Province(folder, bin_folder, "backlog", 4)
        self.audit = str(pathlib.Path(bin_folder) / "tonghop-audit")
        self.dice = random.Random(7)
        self.node = None
        self.province.found()
        units = self.province.units
        self.commune = next(unit for unit in units if self.province.is_commune(unit))
        self.body = next(unit for unit in units if not self.province.is_commune(unit))
        self.book = Book(self.province.ask("rollup")["position"])

    def queue(self, unit, count):
        """More revisions of the half-year report."""
        forms = self.book.queued.setdefault(unit, {})
        for _ in range(count):
            revision = len(forms) + 1
            forms[revision] = self.province.write_form(unit)
            self.province.submit(unit, forms[revision], revision)

    def queue_other(self, revision):
        """The annual report, with one figure."""
        path = self.folder / f"annual-{revision}.json"
        form = json.loads(self.province.node("template", self.province.home(self.commune), "--plan",
                                             PLAN, "--obligation", OTHER, "--format", "json"))
        form["values"]["VB01"] = "999999999"
        path.write_text(json.dumps(form))
        self.province.submit(self.commune, path, revision)

    def items(self, unit, obligation):
        return [item for item in self.province.items(unit) if item["obligation"] == obligation]

    def start_run(self):
        self.node = self.province.start_node("run", self.province.home(self.commune), "--quiet")

    def kill_run(self):
        self.node.kill()
        self.node.wait()

    def kill_daemon(self):
        daemon = self.province.daemon
        daemon.process.kill()
        daemon.process.wait()
        daemon.process = None


def reports_of_several_obligations_wait(case):
    case.queue(case.commune, QUEUED // 2)
    case.queue_other(2)  # nobody has the first one: it will be refused
    case.queue(case.commune, QUEUED - QUEUED // 2)
    case.queue(case.body, CORRECTED)
    same({item["state"] for item in case.province.items(case.commune)}, {"queued"}, "states")


def few_submissions_carry_them_and_each_has_its_answer(case):
    case.province.daemon.start()
    case.province.deliver([case.commune, case.body])
    reports = QUEUED + 1 + CORRECTED
    found = submissions(case)
    same(found[case.commune] * BUNDLE, QUEUED + 1, "reports of so many full submissions")
    same(found[case.body], 1, "submissions of the body")
    print(f"  {reports} reports in {sum(found.values())} submissions")
    same({item["state"] for item in case.province.items(case.body)}, {"received"}, "the body")
    same({item["state"] for item in case.items(case.commune, "O-002-1")}, {"received"}, "revisions")


def one_that_is_refused_has_its_reason(case):
    [item] = case.items(case.commune, OTHER)
    same(item["state"], "rejected", "the annual report")
    same([reason["rule"] for reason in item["reasons"]], ["revision_gap"], "its reasons")


def a_kill_in_the_middle_loses_and_doubles_nothing(case):
    for _ in range(KILL_ROUNDS):
        case.queue(case.commune, MORE)
        if case.province.daemon.process is None:
            case.province.daemon.start()
        case.start_run()
        time.sleep(case.dice.uniform(0.005, 0.12))
        if case.dice.random() < 0.5:
            case.kill_daemon()
        case.kill_run()
    if case.province.daemon.process is None:
        case.province.daemon.start()
    case.province.deliver([case.commune])
    same({item["state"] for item in case.items(case.commune, "O-002-1")}, {"received"}, "revisions")


def submissions(case):
    """By unit: how many submissions the journal has."""
    done = subprocess.run([case.audit, "export", str(case.province.daemon.store), "--json"],
                          stdout=subprocess.PIPE, timeout=60, check=True)
    found = {}
    for line in map(json.loads, done.stdout.decode().splitlines()):
        if line["kind"] == "submission":
            found[line["unit"]] = found.get(line["unit"], 0) + 1
    return found


def rollups_and_receipts_are_those_of_the_forms(case):
    """The total rests on the last revision of the commune alone; the rest is checked one by one."""
    hidden = case.province.items

    def of_the_half_year(unit):
        return [item for item in hidden(unit) if item["obligation"] == "O-002-1"]

    case.province.items = of_the_half_year
    wrong = [line for line in check_all(case.province, case.book)
             if not line.startswith("positions")]
    case.province.items = hidden
    same(wrong, [], "what the checker found")


SCENES = [reports_of_several_obligations_wait, few_submissions_carry_them_and_each_has_its_answer,
          one_that_is_refused_has_its_reason, a_kill_in_the_middle_loses_and_doubles_nothing,
          rollups_and_receipts_are_those_of_the_forms]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build" / "bin")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tonghop-backlog-") as folder:
        case = Case(folder, options.bin.resolve())
        try:
            for scene in SCENES:
                begin = time.monotonic()
                scene(case)
                print(f"{time.monotonic() - begin:6.2f} s  {scene.__name__.replace('_', ' ')}")
        except Exception:  # whatever it is, the daemon is stopped and the test has failed
            traceback.print_exc()
            return 1
        finally:
            case.province.daemon.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
