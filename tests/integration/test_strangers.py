#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Strangers without a key take every descriptor of a running aggregator: it goes on, and the
operator's command gets through. test_strangers.py [--bin build/bin]

Exit 0: everything holds; 1: something does not.
"""

import argparse
import pathlib
import resource
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "interop"))
from daemon import Daemon, die_with_parent  # noqa: E402

SECONDS, FILES, STRANGERS = 60, 96, 200
UNITS, PLAN = ROOT / "plans/units/gialai-2024.csv", ROOT / "plans/gialai-2025.yaml"
READY = "SẴN SÀNG"


def start(daemon):
    def limit():
        die_with_parent()
        resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))
    with open(daemon.log, "wb") as log:
        daemon.process = subprocess.Popen(
            [daemon.program, "run", daemon.store, "--listen", daemon.address, "--publish",
             daemon.publish, "--http", "none"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            preexec_fn=limit)
    until = time.monotonic() + SECONDS
    while READY not in daemon.output():
        assert daemon.process.poll() is None and time.monotonic() < until, daemon.output()
        time.sleep(0.05)


def flood(daemon, held):
    """As many connections as there are not yet; those that were shut are opened again."""
    address = ("127.0.0.1", int(daemon.address.rsplit(":", 1)[1]))
    while len(held) < STRANGERS:
        held.append(socket.create_connection(address, SECONDS))
    return held


def open_files(daemon):
    return len(list(pathlib.Path(f"/proc/{daemon.process.pid}/fd").iterdir()))


def no_descriptor_is_left_and_the_operator_is_heard(daemon):
    held, told = flood(daemon, []), []
    until = time.monotonic() + SECONDS
    while open_files(daemon) < FILES - 1:
        assert time.monotonic() < until, open_files(daemon)
        time.sleep(0.05)
    for day in ("2025-05-06", "2025-05-07", "2025-05-08"):
        told.append(daemon.command("clock", "--to", day))
        assert daemon.process.poll() is None, daemon.output()
    assert len(set(told)) == 3, told
    for stranger in held:
        stranger.close()


def is_ended(line):
    try:
        return line.recv(64) == b""
    except ConnectionResetError:  # with something unread
        return True


def what_is_no_request_ends_its_own_connection_alone(daemon):
    path = str(daemon.store / "control.sock")
    for bytes_sent in (b"", b"\x00", b"\x00" * 4, b"\xff" * 64, b"\x00\x00\x00\x05abc"):
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(SECONDS)
            line.connect(path)
            line.sendall(bytes_sent)
            line.shutdown(socket.SHUT_WR)
            assert is_ended(line), bytes_sent
    idle = []
    for _ in range(16):  # as many as it takes at once
        idle.append(socket.socket(socket.AF_UNIX))
        idle[-1].connect(path)
    waiting = subprocess.Popen([daemon.program, "clock", daemon.store, "--to", "2025-05-09"],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    time.sleep(0.5)
    assert waiting.poll() is None
    idle.pop().close()
    said, _ = waiting.communicate(timeout=SECONDS)
    assert waiting.returncode == 0, said
    for line in idle:
        line.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build" / "bin")
    bin_folder = parser.parse_args().bin
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(bin_folder / "tonghop-aggregator", folder)
        daemon.command("init", "--rehearsal", "--units", UNITS, "--plan", PLAN)
        start(daemon)
        try:
            no_descriptor_is_left_and_the_operator_is_heard(daemon)
            what_is_no_request_ends_its_own_connection_alone(daemon)
        finally:
            code = daemon.stop()
        assert code == 0, (code, daemon.output())


if __name__ == "__main__":
    main()
