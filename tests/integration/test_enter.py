#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Paper reports entered with the real programs, with the daemon and without: test_enter.py
[--bin build/bin].

Exit 0: everything holds; 1: something does not.
"""

import argparse
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "fault"))
from province import OBLIGATION, PERIOD, PLAN, Province, die_with_parent  # noqa: E402

EX_OK, EX_USAGE, EX_DATAERR, EX_CANTCREAT = 0, 64, 65, 73
UNITS = 6
WHO, PAPER = "Nguyễn Thị Hoa", "12/BC-UBND ngày 04/5/2025"


def same(found, expected, what):
    if found != expected:
        raise AssertionError(f"{what}: found {found!r}, expected {expected!r}")


def has(text, part):
    if part not in text:
        raise AssertionError(f"{part!r} is not in:\n{text}")


class Case:
    def __init__(self, folder, bin_folder):
        self.folder = pathlib.Path(folder)
        self.bin = pathlib.Path(bin_folder)
        self.province = Province(folder, bin_folder, "enter", UNITS)
        self.store = self.province.daemon.store
        self.forms = {}  # by unit: the form that was entered

    def run(self, program, *words, code=EX_OK):
        done = subprocess.run([str(self.bin / program), *map(str, words)], timeout=150,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False, preexec_fn=die_with_parent)
        out, err = done.stdout.decode(), done.stderr.decode(errors="replace")
        if done.returncode != code:
            raise AssertionError(f"{words}: exit {done.returncode}, not {code}\n{out}{err}")
        return out + err

    def enter(self, unit, form, *words, code=EX_OK):
        return self.run("tonghop-aggregator", "enter", self.store, form, "--unit", unit,
                        "--on-behalf", "--operator", WHO, "--reference", PAPER, *words, code=code)

    def enter_new(self, unit, *words, **more):
        self.forms[unit] = self.province.write_form(unit)
        return json.loads(self.enter(unit, self.forms[unit], *words, "--json", **more))

    def size(self):
        return json.loads(self.province.daemon.command("status", "--json"))["size"]

    def line(self, unit):
        [line] = [line for line in self.province.ask("standing")["units"] if line["unit"] == unit]
        return line

    def counted(self):
        counts = self.province.ask("rollup")["counts"]
        return counts["received"], counts["on_behalf"]


def found_a_province(case):
    case.province.found()
    case.units = case.province.units


def a_form_is_made_and_entered_without_the_daemon(case):
    unit = case.units[0]
    empty = case.folder / "trong.yaml"
    case.run("tonghop-aggregator", "enter", case.store, empty, "--template", "--unit", unit,
             "--plan", PLAN, "--period", PERIOD)
    same(empty.read_text(), case.province.template(unit, "yaml"), "the node's own template")
    case.run("tonghop-aggregator", "enter", case.store, empty, "--template", "--unit", unit,
             "--plan", PLAN, "--period", PERIOD, code=EX_CANTCREAT)
    other = case.folder / "trong.csv"
    told = json.loads(case.run("tonghop-aggregator", "enter", case.store, other, "--template",
                               "--unit", unit, "--plan", PLAN, "--period", PERIOD, "--json"))
    same((told["file"], told["unit"], told["plan"]), (str(other), unit, PLAN), "what was made")
    has(case.run("tonghop-aggregator", "enter", case.store, case.folder / "trong.zz", "--template",
                 "--unit", unit, "--plan", PLAN, "--period", PERIOD, code=EX_USAGE), "đuôi tệp")
    before = case.size()
    answer = case.enter_new(unit)
    same(answer["verdict"], "accepted", "verdict")
    same(answer["position"], before, "position")
    has(answer["sentence"], f"nhập hộ bởi {WHO}")
    has(answer["sentence"], "không có chữ ký của đơn vị")
    same(case.line(unit)["on_behalf"], True, "standing")
    same(case.counted(), (1, 1), "rollup")


def what_cannot_be_is_refused_and_nothing_is_written(case):
    unit, form = case.units[0], case.forms[case.units[0]]
    before = case.size()
    program = ["tonghop-aggregator", "enter", case.store, form, "--unit", unit]
    has(case.run(*program, "--operator", WHO, code=EX_USAGE), "--on-behalf")
    has(case.run(*program, "--on-behalf", code=EX_USAGE), "--operator")
    has(case.run(*program, "--on-behalf", "--operator", " ", code=EX_USAGE), "trống")
    has(case.run(*program, "--on-behalf", "--operator", "x" * 301, code=EX_USAGE), "--operator")
    has(case.enter("99999", form, code=EX_DATAERR), "không có đơn vị 99999")
    has(case.enter(case.units[1], form, code=EX_DATAERR), unit)  # another unit's form
    province = case.province.ask("standing")["unit"]
    empty = case.folder / "tinh.yaml"
    empty.write_text(case.province.template(unit, "yaml").replace(unit, province)
                     .replace("  VB01:", "  VB01: 5", 1))
    has(case.enter(province, empty, code=EX_DATAERR), "không thuộc diện báo cáo")
    bad = case.folder / "sai.yaml"
    text = case.province.template(unit, "yaml").replace("  VB01:", "  VB01: -5", 1)
    bad.write_text(text)
    line = 1 + text[:text.index("  VB01: -5")].count("\n")
    has(case.enter(unit, bad, "--as-revision", 2, code=EX_DATAERR), f"{bad}:{line}:")
    answer = json.loads(case.enter(unit, bad, "--as-revision", 2, "--json", code=EX_DATAERR))
    same(answer["errors"][0]["line"], line, "line")
    torn = case.folder / "sai-hai.yaml"  # what cannot be read hides no broken rule
    torn.write_text(text.replace("  VB02:", "  VB02: năm", 1))
    told = case.enter(unit, torn, "--as-revision", 2, code=EX_DATAERR)
    has(told, "năm")
    has(told, f"{torn}:{line}:")
    has(case.enter(unit, form, "--as-revision", 7, code=EX_DATAERR), "--as-revision 2")
    has(case.enter(unit, form), "đã có sẵn")
    other = case.province.write_form(unit)
    answer = json.loads(case.enter(unit, other, "--json", code=EX_CANTCREAT))
    same((answer["verdict"], answer["next_revision"]), ("conflict", 2), "verdict")
    same(case.size(), before, "size")


def the_daemon_enters_it_and_nodes_meet_it(case):
    case.province.daemon.start()
    unit, other = case.units[1], case.units[2]
    answer = case.enter_new(unit)
    same(answer["verdict"], "accepted", "verdict")
    has(answer["sentence"], f"nhập hộ bởi {WHO}")
    case.enter_new(other)
    same(case.counted(), (3, 3), "rollup")
    same(case.enter_new(case.units[5], "--as-revision", 2, code=EX_DATAERR)["verdict"], "rejected",
         "a gap, told by the daemon")
    has(case.enter(unit, case.forms[unit]), "đã có sẵn")
    # The unit's own node has another version: a conflict, then its next revision counts.
    case.province.submit(unit, case.province.write_form(unit))
    case.province.deliver([unit])
    [item] = case.province.items(unit)
    same((item["state"], item.get("next_revision")), ("conflict", 2), "the node's item")
    case.province.submit(unit, case.province.write_form(unit), 2)
    case.province.deliver([unit])
    same(case.line(unit)["on_behalf"], False, "the unit has signed now")
    same(case.counted(), (3, 2), "rollup")
    report = case.province.ask("report", "--unit", unit)
    same([one.get("on_behalf") for one in report["revisions"]], [WHO, None], "history")
    # Another one has the same bytes: it gets the receipt of what was entered.
    case.province.submit(other, case.forms[other])
    case.province.deliver([other])
    [item] = case.province.items(other)
    same(item["state"], "received", "the node's item")
    path = case.folder / "bien-nhan.txt"
    path.write_text(case.province.receipt(other, item["id"]))
    has(case.run("tonghop-audit", "check-receipt", path, "--log-key", log_key(case)),
        f"nhập hộ bởi {WHO}")
    has(case.province.node("receipt", case.province.home(other), item["id"]), WHO)


def log_key(case):
    return re.search(r"^log_key: \"?([^\"\n]+)", case.province.server.read_text(), re.M)[1]


def whoever_was_entered_is_chased_no_more(case):
    chased = case.province.ask("chasing")
    lagging = {unit["unit"] for group in chased["groups"] for unit in group["units"]}
    for unit in case.units:
        same(unit in lagging, unit not in case.units[:3], f"{unit} is chased")


def a_second_body_sees_that_nobody_signed(case):
    target = case.folder / "trich"
    case.province.daemon.command("export", "--for-copy", target)
    reports = json.loads((target / "index.json").read_text())["reports"]
    entered = [one for one in reports if "on_behalf" in one]
    same([one["on_behalf"] for one in entered], [WHO] * 3, "who entered")
    for one in entered:
        same(one["files"]["submission"], None, "no submission")
        has(case.run("tonghop-audit", "check-receipt", target / one["files"]["receipt"],
                     "--report", target / one["files"]["report"], "--keys",
                     target / "log-keys.yaml"), "không có chữ ký của đơn vị")


def the_auditor_agrees_while_it_runs_and_after(case):
    for _ in range(2):
        checked = json.loads(case.run("tonghop-audit", "verify", case.store, "--json"))
        same((checked["holds"], checked["checked"]["on_behalf"]), (True, 3), "verify")
        replayed = json.loads(case.run("tonghop-audit", "replay", case.store, "--json",
                                       "--plan", PLAN, "--obligation", OBLIGATION))
        same(replayed["rollup"]["counts"], case.province.ask("rollup")["counts"], "replay")
        lines = case.run("tonghop-audit", "export", case.store, "--kind", "entered", "--json")
        same([json.loads(line)["reference"] for line in lines.splitlines()], [PAPER] * 3, "papers")
        case.province.daemon.stop()


def an_older_copy_that_goes_on_has_it_entered_again(case):
    """No node can show what was entered: after a recovery it is entered anew."""
    unit = case.units[3]
    older = case.folder / "older"
    shutil.copytree(case.store, older, ignore=shutil.ignore_patterns("*.sock"))
    case.enter_new(unit)
    same(case.counted(), (4, 3), "before the loss")
    shutil.copy(case.store / "CHECKPOINT", older / "CHECKPOINT")
    shutil.rmtree(case.store)
    older.rename(case.store)
    case.province.daemon.command("recover")
    same(case.counted(), (3, 2), "after the loss")
    answer = json.loads(case.enter(unit, case.forms[unit], "--json"))
    same(answer["verdict"], "accepted", "entered again")
    same(case.counted(), (4, 3), "and it counts")
    case.province.daemon.command("recover", "--finish")
    same(json.loads(case.run("tonghop-audit", "verify", case.store, "--json"))["holds"], True,
         "verify")


def of_several_reports_the_line_says_which(case):
    unit, several = "64-snv", "O-002-3-ADHOC"
    form = case.folder / "dot-xuat.yaml"
    case.run("tonghop-aggregator", "enter", case.store, form, "--template", "--unit", unit,
             "--plan", PLAN, "--obligation", several)
    filled = form.read_text()
    form.write_text(filled.replace("\nvalues:\n", "\nvalues:\n  TCD01: 5\n", 1))
    has(case.enter(unit, form, code=EX_DATAERR), "number: 1")
    for number in (1, 2):
        answer = json.loads(case.enter(unit, form, "--number", number, "--json"))
        same((answer["verdict"], answer["number"]), ("accepted", number), "report")
    counts = json.loads(case.province.daemon.command("rollup", "--plan", PLAN, "--obligation",
                                                     several, "--json"))["counts"]
    same(counts["received"], 2, "received")


SCENES = [found_a_province, a_form_is_made_and_entered_without_the_daemon,
          what_cannot_be_is_refused_and_nothing_is_written,
          the_daemon_enters_it_and_nodes_meet_it, whoever_was_entered_is_chased_no_more,
          a_second_body_sees_that_nobody_signed, the_auditor_agrees_while_it_runs_and_after,
          an_older_copy_that_goes_on_has_it_entered_again,
          of_several_reports_the_line_says_which]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build" / "bin")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tonghop-enter-") as folder:
        case = Case(folder, options.bin.resolve())
        try:
            for scene in SCENES:
                begin = time.monotonic()
                scene(case)
                print(f"{time.monotonic() - begin:6.2f} s  {scene.__name__.replace('_', ' ')}")
        except Exception:  # whatever it is, the daemon is stopped and the test has failed
            traceback.print_exc()
            print(case.province.daemon.output())
            return 1
        finally:
            case.province.daemon.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
