#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""While the store's disk is full everybody who asks is told, and told again when it is not.
test_full_disk.py [--bin build/bin]

The disk is a tmpfs in a mount namespace of this process: exit 77 where that may not be made. Exit
0: everything holds; 1: something does not.
"""

import argparse
import ctypes
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "interop"))
from daemon import Daemon, free_address  # noqa: E402

SKIPPED, SECONDS = 77, 20
NEW_MOUNTS, OWN, BELOW = 0x20000, 1 << 18, 1 << 14  # CLONE_NEWNS, MS_PRIVATE, MS_REC
DETACH = 2  # MNT_DETACH
UNITS, PLAN = ROOT / "plans/units/gialai-2024.csv", ROOT / "plans/gialai-2025.yaml"
# 1 GiB has to be free for a batch, and an eighth more when it was not.
DISK, FILL = "size=1250m", 240 << 20
PAUSED, RESUMED = "tạm ngừng nhận", "nhận lại bình thường"


def mount(folder):
    libc = ctypes.CDLL(None, use_errno=True)
    return (libc.unshare(NEW_MOUNTS) == 0 and
            libc.mount(None, b"/", None, OWN | BELOW, None) == 0 and
            libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, DISK.encode()) == 0)


def ready(page):
    try:
        with urllib.request.urlopen(f"http://{page}/readyz", timeout=SECONDS) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read().decode()


def wait_until(what, daemon):
    until = time.monotonic() + SECONDS
    while not what():
        if time.monotonic() > until:
            raise AssertionError(f"it did not come about: {daemon.output()}")
        time.sleep(0.1)


def run(daemon, *words):
    return subprocess.run([daemon.program, words[0], daemon.store, *words[1:]],
                          capture_output=True, text=True, check=False, timeout=60)


def check(folder, bin_folder):
    daemon = Daemon(bin_folder / "tonghop-aggregator", folder)
    page = free_address().removeprefix("tcp://")
    daemon.command("init", "--rehearsal", "--units", UNITS, "--plan", PLAN)
    daemon.start("--http", page)
    try:
        wait_until(lambda: "SẴN SÀNG" in daemon.output(), daemon)
        assert ready(page) == (200, "ready\n"), ready(page)
        assert run(daemon, "status").returncode == 0
        fill = pathlib.Path(folder) / "fill"
        with open(fill, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, FILL)
        refused = run(daemon, "clock", "--to", "2025-05-08T10:30")
        assert refused.returncode == 75, refused
        wait_until(lambda: PAUSED in daemon.output(), daemon)
        code, why = ready(page)
        assert code == 503 and "sắp đầy" in why, (code, why)
        told = run(daemon, "status")
        assert told.returncode == 70 and "KHÔNG GHI ĐƯỢC" in told.stdout, told
        assert json.loads(run(daemon, "status", "--json").stdout)["full"] is True
        assert run(daemon, "clock", "--to", "2025-05-08T10:30").returncode == 75
        fill.unlink()
        # Nobody asks for anything to be written: it sees by itself.
        wait_until(lambda: RESUMED in daemon.output(), daemon)
        assert ready(page) == (200, "ready\n"), ready(page)
        well = run(daemon, "status")
        assert well.returncode == 0 and "KHÔNG GHI ĐƯỢC" not in well.stdout, well
        assert run(daemon, "clock", "--to", "2025-05-08T10:30").returncode == 0
        assert daemon.output().count(PAUSED) == 1, daemon.output()
        assert daemon.output().count(RESUMED) == 1, daemon.output()
    finally:
        code = daemon.stop()
    assert code == 0, daemon.output()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build" / "bin")
    bin_folder = parser.parse_args().bin
    with tempfile.TemporaryDirectory() as folder:
        disk = pathlib.Path(folder) / "disk"
        disk.mkdir()
        if not mount(disk):
            print("skipped: a disk of its own may not be mounted here")
            sys.exit(SKIPPED)
        try:
            check(disk, bin_folder)
        finally:
            ctypes.CDLL(None).umount2(os.fsencode(disk), DETACH)


if __name__ == "__main__":
    main()
