#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Where the daemon listens and who reaches it: IPv4, IPv6, both; a name that has both goes by IPv6;
what it cannot listen at it says. test_addresses.py [--bin build/bin]

Exit 0: everything holds; 1: something does not; 77: skipped, without IPv6 on the loopback.
"""

import argparse
import pathlib
import re
import socket
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "interop"))
from daemon import Daemon  # noqa: E402

SECONDS, UNIT = 60, "23734"
UNITS, PLAN = ROOT / "plans/units/gialai-2024.csv", ROOT / "plans/gialai-2025.yaml"
EX_OK, EX_TEMPFAIL, EX_CONFIG = 0, 75, 78
# Host to listen at; which of the two a node that is told one address reaches.
HOSTS = (("127.0.0.1", (True, False)), ("0.0.0.0", (True, False)), ("[::1]", (False, True)),
         ("[::]", (True, True)))


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


def edit(path, key, host, port):
    text = re.sub(rf"(?m)^{key}: .*$", f'{key}: "tcp://{host}:{port}"', path.read_text("utf-8"))
    path.write_text(text, encoding="utf-8")


def reaches(node, home, server, host, port):
    edit(server, "address", host, port)
    subprocess.run([node, "trust", home, server, "--yes"], check=True, capture_output=True,
                   timeout=SECONDS)
    code = subprocess.run([node, "run", home, "--until-idle", "--timeout", "4"], check=False,
                          capture_output=True, timeout=SECONDS).returncode
    assert code in (EX_OK, EX_TEMPFAIL), code
    return code == EX_OK


def check(folder, bin_folder):
    daemon = Daemon(bin_folder / "tonghop-aggregator", folder)
    node, home = bin_folder / "tonghop-node", pathlib.Path(folder) / "node"
    config, server = daemon.store / "config.yaml", pathlib.Path(folder) / "server.yaml"
    daemon.command("init", "--rehearsal", "--units", UNITS, "--plan", PLAN, "--http", "none")
    server.write_bytes((daemon.store / "server.yaml").read_bytes())
    subprocess.run([node, "init", home, "--unit", UNIT, "--server", server], check=True,
                   capture_output=True, timeout=SECONDS)
    daemon.command("enroll", UNIT, home / "node.pub")
    port = int(daemon.address.rsplit(":", 1)[1])
    for host, wanted in HOSTS:
        edit(config, "publish", host, "*")
        running = subprocess.Popen(
            [daemon.program, "run", daemon.store, "--listen", f"tcp://{host}:{port}"], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            line = running.stdout.readline()
            assert "SẴN SÀNG" in line and f"tcp://{host}:{port}," in line, (host, line)
            got = tuple(reaches(node, home, server, to, port) for to in ("127.0.0.1", "[::1]"))
            assert got == wanted, (host, got)
        finally:
            running.terminate()
            assert running.wait(SECONDS) == 0
    for host in ("tonghop.invalid", "192.0.2.1"):
        done = subprocess.run([daemon.program, "run", daemon.store, "--listen",
                               f"tcp://{host}:{port}"], capture_output=True, text=True,
                              check=False, timeout=SECONDS)
        assert done.returncode == EX_CONFIG and "địa chỉ số của máy" in done.stderr, done


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build" / "bin")
    bin_folder = parser.parse_args().bin
    if not has_ipv6():
        print("skipped: no IPv6 here")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        check(folder, bin_folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
