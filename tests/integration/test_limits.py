#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An aggregator that may open too few files says so: it ends, or warns that units stay outside.
test_limits.py [--bin build/bin]

Exit 0: everything holds; 1: something does not.
"""

import argparse
import pathlib
import re
import resource
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "interop"))
from daemon import Daemon, die_with_parent, free_address  # noqa: E402

SECONDS, ENROLLED = 20, 30
UNITS, PLAN = ROOT / "plans/units/gialai-2024.csv", ROOT / "plans/gialai-2025.yaml"
READY, TOO_FEW, WARNED = "SẴN SÀNG", "quá ít", "có đơn vị có thể không nối được"


def limit_files(soft, hard):
    die_with_parent()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def run(daemon, page, soft, hard):
    """Its code and what it said until a moment after it was ready, or had ended by itself."""
    with open(daemon.log, "wb") as log:
        daemon.process = subprocess.Popen(
            [daemon.program, "run", daemon.store, "--listen", daemon.address, "--publish",
             daemon.publish, "--http", page], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            preexec_fn=lambda: limit_files(soft, hard))
    until = time.monotonic() + SECONDS
    while daemon.process.poll() is None and READY not in daemon.output():
        assert time.monotonic() < until, (hard, daemon.output())
        time.sleep(0.02)
    time.sleep(0.3)
    code = daemon.stop()
    return code, daemon.output()


def enroll(daemon, node, folder):
    with open(UNITS, encoding="utf-8") as file:
        codes = re.findall(r"(?m)^(\d{5}),", file.read())[:ENROLLED]
    assert len(codes) == ENROLLED, codes
    pairs = []
    for code in codes:
        home = pathlib.Path(folder) / code
        subprocess.run([node, "init", home, "--unit", code, "--server",
                        daemon.store / "server.yaml"], check=True, stdout=subprocess.DEVNULL)
        pairs += [code, home / "node.pub"]
    daemon.command("enroll", *pairs)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build" / "bin")
    bin_folder = parser.parse_args().bin
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(bin_folder / "tonghop-aggregator", folder)
        page = free_address().removeprefix("tcp://")
        daemon.command("init", "--rehearsal", "--units", UNITS, "--plan", PLAN)
        for files in (10, 16, 24, 28, 36, 48, 63):
            code, said = run(daemon, page, files, files)
            assert code == 71 and TOO_FEW in said and "LimitNOFILE" in said, (files, code, said)
            assert "đĩa" not in said and READY not in said, (files, said)
        for files in (4, 6):
            done = subprocess.run([daemon.program, "clock", daemon.store, "--accept"],
                                  capture_output=True, text=True, check=False,
                                  preexec_fn=lambda: limit_files(files, files))
            assert done.returncode == 74 and "quá nhiều tệp" in done.stderr, (files, done)
        code, said = run(daemon, page, 64, 64)
        assert code == 0 and READY in said and WARNED not in said, said  # nobody is enrolled
        enroll(daemon, bin_folder / "tonghop-node", folder)
        code, said = run(daemon, page, 96, 96)
        assert code == 0 and READY in said and said.count(WARNED) == 1, said
        enough = int(re.search(r"cần chừng (\d+)", said)[1])
        assert 96 < enough < 256 and "LimitNOFILE" in said, said
        code, said = run(daemon, page, enough, enough)
        assert code == 0 and READY in said and WARNED not in said, said
        code, said = run(daemon, page, 16, enough)  # it takes what it may
        assert code == 0 and READY in said and WARNED not in said, said


if __name__ == "__main__":
    main()
