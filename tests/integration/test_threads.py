#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An aggregator that may have too few threads ends and says so, wherever the last one is missing.
test_threads.py [--bin build/bin]

The limit is one of users other than root, so this starts the aggregator as one: exit 77 without
root. Exit 0: everything holds; 1: something does not.
"""

import argparse
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "interop"))
from daemon import Daemon, die_with_parent, free_address  # noqa: E402

SKIPPED = 77
USER, SECONDS, ENOUGH = 54321, 20, 64  # a user that nobody is
UNITS, PLAN = ROOT / "plans/units/gialai-2024.csv", ROOT / "plans/gialai-2025.yaml"
READY, NO_THREADS = "SẴN SÀNG", "không mở được các luồng"


def limit_threads(count):
    die_with_parent()
    resource.setrlimit(resource.RLIMIT_NPROC, (count, count))
    os.setgid(USER)
    os.setuid(USER)


def run(daemon, count):
    """What it said until it was ready or had ended by itself."""
    with open(daemon.log, "wb") as log:
        process = subprocess.Popen(
            [daemon.program, "run", daemon.store, "--listen", daemon.address,
             "--publish", daemon.publish], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            preexec_fn=lambda: limit_threads(count))
    daemon.process = process
    until = time.monotonic() + SECONDS
    while process.poll() is None and READY not in daemon.output():
        if time.monotonic() > until:
            process.kill()
            process.wait()
            raise AssertionError(f"with {count} threads it neither ran nor ended: "
                                 f"{daemon.output()}")
        time.sleep(0.02)
    said = daemon.output()
    code = daemon.stop()
    if READY in said and code != 0:
        raise AssertionError(f"with {count} threads it ran and ended with {code}: {said}")
    if READY not in said and code == 0:
        raise AssertionError(f"with {count} threads it did not run and said nothing: {said}")
    return said


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build" / "bin")
    bin_folder = parser.parse_args().bin
    if os.geteuid() != 0:
        print("skipped: only root may start it as another user")
        sys.exit(SKIPPED)
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        program = shutil.copy(bin_folder / "tonghop-aggregator", folder)  # where anybody may
        daemon = Daemon(program, folder)
        daemon.command("init", "--rehearsal", "--units", UNITS, "--plan", PLAN, "--http",
                       free_address().removeprefix("tcp://"))
        for path in [daemon.store, *daemon.store.rglob("*")]:
            os.chown(path, USER, USER)
        refused = 0
        for count in range(ENOUGH):
            said = run(daemon, count)
            refused += NO_THREADS in said
            if READY in said:
                break
        else:
            raise AssertionError(f"{ENOUGH} threads are too few")
    if refused == 0:
        raise AssertionError("it never said that threads are missing")


if __name__ == "__main__":
    main()
