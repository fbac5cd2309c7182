#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Workbooks are opened by a program of their own: the agent has none of its libraries, an installed
program finds it, and whatever it says or does not say becomes a clear error.
test_workbook.py [--build build] [--cmake cmake]. Exit 0: everything holds; 1: something does not.
"""

import argparse
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "fault"))
from province import OBLIGATION, PERIOD, PLAN, Province  # noqa: E402

DATA, CANNOT_WRITE, CONFIG = 65, 74, 78
SPARED = ("libxml2", "libzip", "libxlsxwriter", "libminizip", "libicu", "libseccomp",
          "libcrypto.so")
START_SECONDS = 60
CPU_SECONDS = 10  # of the program's own bound twice; a third of when it would be killed
SPAM = "bạn đã trúng thưởng"
BROKEN = "dừng giữa chừng"


def same(found, expected, what):
    if found != expected:
        raise AssertionError(f"{what}: found {found!r}, expected {expected!r}")


def has(text, part, what):
    if part not in text:
        raise AssertionError(f"{what}: {part!r} is not in {text!r}")


class Case:
    def __init__(self, folder, build, cmake):
        self.folder, self.build, self.cmake = pathlib.Path(folder), pathlib.Path(build), cmake
        self.province = Province(folder, self.build / "bin", "workbook", 4)
        self.province.found()
        self.unit = self.province.units[0]
        self.home = self.province.home(self.unit)
        self.form = self.folder / "bieu.xlsx"
        self.template(self.build / "bin" / "tonghop-node", self.form)

    def run(self, program, *words, **more):
        return subprocess.run([str(word) for word in (program, *words)], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False, **more)

    def enter(self, program, path, *words, expect=0, **more):
        done = self.run(program, "enter", self.province.daemon.store, path, "--unit", self.unit,
                        "--plan", PLAN, "--period", PERIOD, *words, **more)
        same(done.returncode, expect, f"enter {path}: {done.stdout}")
        return done.stdout

    def template(self, program, path, expect=0):
        done = self.run(program, "template", self.home, "--plan", PLAN, "--obligation", OBLIGATION,
                        "--out", path)
        same(done.returncode, expect, f"template {path}: {done.stdout}")
        return done.stdout

    def check(self, program, path, expect=DATA, is_broken=False, **more):
        """What is said of a form. The other program does not break, but where that is asked for."""
        done = self.run(program, "check", self.home, path, **more)
        same(done.returncode, expect, f"check {path}: {done.stdout}")
        same(BROKEN in done.stdout, is_broken, f"check {path}: {done.stdout}")
        return done.stdout

    def tree(self, name, script=None, program="tonghop-node"):
        """A copy of a program, with this in the place of the other program."""
        tree = self.folder / name
        (tree / "bin").mkdir(parents=True)
        shutil.copy2(self.build / "bin" / program, tree / "bin")
        if script is not None:
            helper = tree / "libexec" / "tonghop" / "tonghop-workbook"
            helper.parent.mkdir(parents=True)
            helper.write_text("#!/bin/sh\n" + script + "\n")
            helper.chmod(0o755)
        return tree / "bin" / program


def mapped(pid):
    return pathlib.Path(f"/proc/{pid}/maps").read_text()


ON_BEHALF = ("--on-behalf", "--operator", "Nguyễn Thị Hoa", "--reference", "12/BC-UBND")


def the_agent_has_none_of_its_libraries(case):
    case.province.daemon.start()
    node = subprocess.Popen([case.build / "bin" / "tonghop-node", "run", case.home],
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + START_SECONDS
        while "libzmq" not in mapped(node.pid):
            same(node.poll() is None and time.monotonic() < until, True, "the agent runs")
            time.sleep(0.1)
        maps = mapped(node.pid)
        same([name for name in SPARED if name in maps], [], "mapped in the agent")
    finally:
        node.terminate()
        node.wait()
        case.province.daemon.stop()
    program = case.build / "libexec" / "tonghop" / "tonghop-workbook"
    has(subprocess.check_output(["ldd", program], text=True), "libxml2", "the other program")


def an_installed_program_finds_it(case):
    to = case.folder / "usr"
    subprocess.run([case.cmake, "--install", case.build, "--prefix", to], check=True,
                   stdout=subprocess.DEVNULL)
    same(sorted(str(path.relative_to(to)) for path in to.rglob("*") if path.is_file()),
         ["bin/tonghop-aggregator", "bin/tonghop-audit", "bin/tonghop-node",
          "libexec/tonghop/tonghop-workbook",
          *(f"share/doc/tonghop/{name}" for name in (
              "FORMS.md", "OPERATIONS.md", "PAGE.md", "openapi.yaml",
              "systemd/tonghop-aggregator.service", "systemd/tonghop-backup.service",
              "systemd/tonghop-backup.timer", "systemd/tonghop-node.service")),
          "share/man/man1/tonghop-aggregator.1", "share/man/man1/tonghop-audit.1",
          "share/man/man1/tonghop-node.1"], "installed")
    path = case.folder / "installed.xlsx"
    case.template(to / "bin" / "tonghop-node", path)
    has(case.check(to / "bin" / "tonghop-node", path), "không có nội dung", "an empty form")
    entered = case.folder / "entered.xlsx"
    case.enter(to / "bin" / "tonghop-aggregator", entered, "--template")
    has(case.enter(to / "bin" / "tonghop-aggregator", entered, *ON_BEHALF, expect=DATA),
        "không có nội dung", "an empty form, entered")
    linked = case.folder / "linked"  # as when a folder of PATH has a link to it
    linked.symlink_to(to / "bin" / "tonghop-node")
    has(case.check(linked, path), "không có nội dung", "an empty form, by a link")


def without_it_only_workbooks_are_refused(case):
    node = case.tree("alone")
    for text in (case.check(node, case.form, CONFIG),
                 case.template(node, case.folder / "none.xlsx", CONFIG)):
        has(text, "thiếu chương trình đọc và lập bảng tính", "what is missing")
        has(text, "libexec/tonghop/tonghop-workbook", "where")
        has(text, "YAML", "what to do")
    same((case.folder / "none.xlsx").exists(), False, "a form that was not written")
    aggregator = case.tree("alone-too", program="tonghop-aggregator")
    text = case.enter(aggregator, case.folder / "none.xlsx", "--template", expect=CONFIG)
    has(text, "thiếu chương trình đọc và lập bảng tính", "what is missing")
    same("đuôi tệp" in text, False, f"a hint that is not to the point: {text}")
    plain = case.folder / "plain.yaml"
    case.template(node, plain)
    has(case.check(node, plain), "không có nội dung", "an empty form")
    done = case.run(node, "check", case.home, case.form, "--json")
    same(done.returncode, CONFIG, f"check --json: {done.stdout}")
    json.loads(done.stdout)


def what_it_says_is_not_believed(case):
    head = "tonghop-cells 1\\ndays 1900\\n"
    scripts = {
        "says nothing": ":",
        "says something else": f"echo '{SPAM}'",
        "is cut short": f"printf '{head}sheet 1 A\\n'",
        "tells a flaw that is none": f"printf 'tonghop-cells 1\\nrefused {SPAM}\\n'",
        "says too much": "head -c 9000000 /dev/zero",
        "says what is no text": f"printf '{head}sheet 1 \\377\\nend\\n'",
        "complains": f"echo '{SPAM}' >&2",
    }
    for at, (what, script) in enumerate(scripts.items()):
        text = case.check(case.tree(f"liar-{at}", script), case.form, is_broken=True)
        has(text, f"{BROKEN} (trả lời sai)", what)
        same(SPAM in text, False, f"{what}: its words are shown")


def how_it_ends_is_told(case):
    endings = {
        "kill -SEGV $$": (DATA, "tín hiệu 11"),
        "kill -KILL $$": (DATA, "tín hiệu 9"),
        "kill -XCPU $$": (DATA, "đọc mãi không xong"),
        "exit 70": (DATA, "mã thoát 70"),
        "exit 71": (DATA, "cần quá nhiều bộ nhớ"),
        "exit 77": (CONFIG, "không cho giới hạn quyền"),
        "exit 127": (CONFIG, "thiếu chương trình"),
    }
    for at, (script, (code, text)) in enumerate(endings.items()):
        node = case.tree(f"ends-{at}", script)
        is_broken = text.startswith(("tín hiệu", "mã thoát"))
        has(case.check(node, case.form, code, is_broken), text, script)
    for at, (script, text) in enumerate({"exit 74": "mã thoát 74", ":": "không lập được",
                                         "kill -SEGV $$": "tín hiệu 11"}.items()):
        path = case.folder / f"none-{at}.xlsx"
        node = case.tree(f"writes-{at}", script)
        has(case.template(node, path, CANNOT_WRITE), text, script)
        same(path.exists(), False, "a form that was not written")


def whoever_ignores_its_children_starts_them_too(case):
    def ignore():
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)

    node, aggregator = (case.build / "bin" / f"tonghop-{name}" for name in ("node", "aggregator"))
    has(case.check(node, case.form, preexec_fn=ignore), "không có nội dung", "an empty form")
    case.enter(aggregator, case.folder / "ignored.xlsx", "--template", preexec_fn=ignore)


def it_gets_the_file_and_nothing_else(case):
    seen = case.folder / "seen"
    node = case.tree("curious", f"exec >'{seen}'; ls /proc/$$/fd; readlink /proc/$$/fd/2; "
                     "tr '\\0' '\\n' </proc/$$/environ; echo \"$@\"; cat | wc -c")
    environment = dict(os.environ, SECRET="1")
    subprocess.run([str(node), "check", str(case.home), str(case.form)], env=environment,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, check=False)
    lines = seen.read_text().split("\n")
    own = {"10"}  # the shell's, for its script
    same(set(lines[:lines.index("/dev/null")]) - own, {"0", "1", "2"}, "descriptors")
    has("\n".join(lines), "/dev/null\nread\n", "no environment, one word")
    same(lines[-2], str(case.form.stat().st_size), "bytes of the file")


def bomb(path, sheet):
    """A workbook whose first sheet is this."""
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    parts["xl/worksheets/sheet1.xml"] = sheet.encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in parts.items():
            new.writestr(name, content)


def hostile_workbooks_cost_little(case):
    node = case.build / "bin" / "tonghop-node"
    sheets = {
        # Each attribute is compared with each other one.
        "attributes": ("<worksheet " + " ".join(f'a{i}="{i * 7919 % 1000}"' for i in range(400000)) +
                      "><sheetData/></worksheet>", "đọc mãi không xong"),
        # One text again and again.
        "texts": ("<worksheet><sheetData>" + "".join(
            f'<row r="{i}"><c r="A{i}" t="s"><v>0</v></c></row>' for i in range(1, 50000)) +
                 "</sheetData></worksheet>", "không thấy dòng tiêu đề"),
    }
    for what, (sheet, said) in sheets.items():
        path = case.folder / f"{what}.xlsx"
        shutil.copy(case.form, path)
        bomb(path, sheet)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        text = case.check(node, path)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(f"  {what}: {path.stat().st_size} bytes, {spent:.1f} s: {text.splitlines()[0]}")
        has(text, said, what)
        same(spent < CPU_SECONDS, True, f"{what}: {spent} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("--cmake", default="cmake")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tonghop-workbook-") as folder:
        case = Case(folder, options.build, options.cmake)
        for check in (the_agent_has_none_of_its_libraries, an_installed_program_finds_it,
                      without_it_only_workbooks_are_refused, what_it_says_is_not_believed,
                      how_it_ends_is_told,
                      whoever_ignores_its_children_starts_them_too, it_gets_the_file_and_nothing_else,
                      hostile_workbooks_cost_little):
            check(case)
            print(check.__name__)
    return 0


if __name__ == "__main__":
    sys.exit(main())
