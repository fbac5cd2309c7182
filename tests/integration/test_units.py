#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/systemd/: systemd takes every unit, and each command in them is one that the programs know.
test_units.py [--bin build/bin]

Exit 0: everything holds; 1: something does not; 77: skipped, as systemd-analyze is not here.
"""

import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNITS = sorted((ROOT / "docs/systemd").glob("tonghop-*"))
COMMAND = re.compile(r"^ExecStart=/usr/local/bin/(\S+) (\S+)((?: \S+)*)$", re.M)


def check_commands(text, bin_folder):
    """The words are refused for what is not there, not for how they are written."""
    for program, verb, rest in COMMAND.findall(text):
        words = [word.replace("/var/lib/tonghop", "/nonexistent") for word in rest.split()]
        done = subprocess.run([bin_folder / program, verb, *words], capture_output=True, text=True,
                              check=False, timeout=60)
        assert done.returncode in (66, 73), (program, verb, words, done)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build" / "bin")
    bin_folder = parser.parse_args().bin.resolve()
    assert len(UNITS) == 4, UNITS
    for unit in UNITS:
        check_commands(unit.read_text(encoding="utf-8"), bin_folder)
    if shutil.which("systemd-analyze") is None:
        print("skipped: no systemd-analyze")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for unit in UNITS:
            paths.append(pathlib.Path(folder) / unit.name)
            text = unit.read_text(encoding="utf-8")
            paths[-1].write_text(text.replace("/usr/local/bin", str(bin_folder)), encoding="utf-8")
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", *paths], check=False,
                              capture_output=True, text=True, timeout=60)
        told = [line for line in done.stderr.splitlines() if "tonghop-" in line]
        assert done.returncode == 0 and not told, done
    return 0


if __name__ == "__main__":
    sys.exit(main())
