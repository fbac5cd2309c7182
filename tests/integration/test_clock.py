#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Somebody sets the clock of a machine with a real store: who looks at the log, at status or at the
metrics sees it, and sees when it is over. test_clock.py --ahead LIBRARY [--bin build/bin]

Exit 0: everything holds; 1: something does not.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "interop"))
from daemon import Daemon, free_address  # noqa: E402

SECONDS, HOURS = 20, 7200
UNITS, PLAN = ROOT / "plans/units/gialai-2024.csv", ROOT / "plans/gialai-2025.yaml"
DOUBTED, BELIEVED = "bị nghi ngờ: báo cáo vẫn được nhận", "hết bị nghi ngờ"


def status(daemon):
    return subprocess.run([daemon.program, "status", daemon.store], capture_output=True, text=True,
                          check=True, timeout=SECONDS).stdout


def is_suspect(page):
    with urllib.request.urlopen(f"http://{page}/metrics", timeout=SECONDS) as answer:
        return "\ntonghop_clock_suspect 1\n" in answer.read().decode()


def wait_for(words, times, daemon):
    until = time.monotonic() + SECONDS
    while daemon.output().count(words) < times:
        if time.monotonic() > until:
            raise AssertionError(f"not told: {words}\n{daemon.output()}")
        time.sleep(0.1)


def check(folder, bin_folder, library):
    daemon = Daemon(bin_folder / "tonghop-aggregator", folder)
    ahead, page = pathlib.Path(folder) / "ahead", free_address().removeprefix("tcp://")
    ahead.write_text("0", encoding="ascii")
    daemon.command("init", "--units", UNITS, "--plan", PLAN)
    os.environ.update(LD_PRELOAD=str(library), CLOCK_AHEAD=str(ahead))
    daemon.start("--http", page)
    del os.environ["LD_PRELOAD"]
    try:
        wait_for("SẴN SÀNG", 1, daemon)
        assert DOUBTED not in daemon.output() and not is_suspect(page), daemon.output()
        ahead.write_text(str(HOURS), encoding="ascii")
        wait_for(DOUBTED, 1, daemon)
        assert "ĐỒNG HỒ BỊ NGHI NGỜ" in status(daemon) and is_suspect(page), status(daemon)
        ahead.write_text("0", encoding="ascii")
        wait_for(BELIEVED, 1, daemon)
        assert "ĐỒNG HỒ BỊ NGHI NGỜ" not in status(daemon) and not is_suspect(page), status(daemon)
        ahead.write_text(str(-HOURS), encoding="ascii")
        wait_for(DOUBTED, 2, daemon)
        daemon.command("clock", "--accept")
        wait_for(BELIEVED, 2, daemon)
        assert not is_suspect(page), daemon.output()
    finally:
        code = daemon.stop()
    assert code == 0, daemon.output()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build" / "bin")
    parser.add_argument("--ahead", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        check(folder, arguments.bin, arguments.ahead)


if __name__ == "__main__":
    main()
