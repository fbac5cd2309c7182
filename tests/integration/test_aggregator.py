#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An operator's command beside an aggregator that does not answer says so, waits, and is done.
test_aggregator.py [--bin build/bin]

Exit 0: everything holds; 1: something does not.
"""

import argparse
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "interop"))
from daemon import Daemon, die_with_parent  # noqa: E402

SECONDS = 20
UNITS, PLAN = ROOT / "plans/units/gialai-2024.csv", ROOT / "plans/gialai-2025.yaml"
WAITING = "chưa trả lời"


def check_waiting(daemon, pid, errors):
    """Told once, on stderr, with the process that is meant; then the act is carried out."""
    os.kill(pid, signal.SIGSTOP)
    begun = time.monotonic()
    with open(errors, "wb") as log:
        command = subprocess.Popen(
            [daemon.program, "clock", daemon.store, "--to", "2025-05-08T10:30", "--json"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True,
            preexec_fn=die_with_parent)
    try:
        while WAITING not in errors.read_text():
            assert command.poll() is None, (command.returncode, errors.read_text())
            assert time.monotonic() - begun < SECONDS, f"nothing after {SECONDS} s"
            time.sleep(0.05)
        assert time.monotonic() - begun > 2, "too soon: a commit may take as long"
    finally:
        os.kill(pid, signal.SIGCONT)
    out, _ = command.communicate(timeout=SECONDS)
    said = errors.read_text()
    assert command.returncode == 0 and '"status": "ok"' in out, (out, said)
    assert f"PID {pid}" in said and said.count("\n") == 1, said


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build" / "bin")
    bin_folder = parser.parse_args().bin
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(bin_folder / "tonghop-aggregator", folder)
        daemon.command("init", "--rehearsal", "--units", UNITS, "--plan", PLAN, "--http", "none")
        daemon.start()
        try:
            quick = subprocess.run(
                [daemon.program, "clock", daemon.store, "--to", "2025-05-08T10:00"],
                capture_output=True, text=True, check=True, timeout=SECONDS)
            assert quick.stderr == "", quick
            check_waiting(daemon, daemon.process.pid, pathlib.Path(folder) / "errors")
        finally:
            code = daemon.stop()
        assert code == 0, daemon.output()


if __name__ == "__main__":
    main()
