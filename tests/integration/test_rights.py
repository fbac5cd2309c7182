#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whoever may not read a store or a file is told so, and that nothing is wrong with the disk or the
store. test_rights.py [--bin build/bin]

Exit 0: everything holds; 1: something does not; 77: skipped, as this user may read everything.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNITS, PLAN = ROOT / "plans/units/gialai-2024.csv", ROOT / "plans/gialai-2025.yaml"
EX_OK, EX_NOPERM = 0, 77
NOBODY = 65534
NO_RIGHT = "không có quyền"
# Root is asked whether it owns a file, like anybody else, once it may no longer pass over that.
LIKE_ANYBODY = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]


def run(*words, code=EX_OK):
    prefix = LIKE_ANYBODY if os.geteuid() == 0 else []
    done = subprocess.run([*prefix, *map(str, words)], stdin=subprocess.DEVNULL, timeout=60,
                          capture_output=True, text=True, check=False)
    assert done.returncode == code, (words, done)
    return done.stdout + done.stderr


def refused(*words):
    said = run(*words, code=EX_NOPERM)
    assert NO_RIGHT in said and "Permission denied" in said, said
    assert "đĩa" not in said and "CÓ VẤN ĐỀ" not in said and "hỏng" not in said, said


def everything(folder):
    return [folder, *folder.rglob("*")]


def check_root_leaves_nothing(aggregator, store, contacts):
    """Root may do anything in the store of the daemon's user, and the daemon could not read what it
    left there: so what writes is refused, what only asks is answered."""
    for path in everything(store):
        os.chown(path, NOBODY, NOBODY)
    (store / "OWNER").unlink()
    (store / "lock.mdb").unlink()
    for words in (("keys", "rotate", store), ("clock", store, "--to", "2025-06-01"),
                  ("run", store), ("contacts", store, "--import", contacts)):
        done = subprocess.run([aggregator, *words], stdin=subprocess.DEVNULL, timeout=60,
                              capture_output=True, text=True, check=False)
        assert done.returncode == EX_NOPERM and "sudo -u nobody" in done.stderr, (words, done)
    done = subprocess.run([aggregator, "status", store], capture_output=True, text=True, check=True)
    assert "KHÔNG GHI ĐƯỢC" not in done.stdout, done
    assert all(path.stat().st_uid == NOBODY for path in everything(store)), everything(store)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build" / "bin")
    bin_folder = parser.parse_args().bin
    aggregator, audit = bin_folder / "tonghop-aggregator", bin_folder / "tonghop-audit"
    with tempfile.TemporaryDirectory() as folder:
        store, plan = pathlib.Path(folder) / "store", pathlib.Path(folder) / "plan.yaml"
        run(aggregator, "init", store, "--rehearsal", "--units", UNITS, "--plan", PLAN)
        plan.touch(mode=0)
        if os.geteuid() == 0 and subprocess.run([*LIKE_ANYBODY, "cat", plan], check=False,
                                                capture_output=True).returncode == 0:
            print("bỏ qua: không bỏ được quyền của root ở đây")
            return 77
        questions = [
            (aggregator, "status", store), (aggregator, "plans", store),
            (aggregator, "clock", store, "--to", "2025-06-01"), (aggregator, "keys", "show", store),
            (aggregator, "backup", store, pathlib.Path(folder) / "copy"), (audit, "verify", store)]
        for what in ("STORE_ID", "data.mdb"):
            mode = (store / what).stat().st_mode
            (store / what).chmod(0)
            for question in questions:
                refused(*question)
            (store / what).chmod(mode)
        witness, receipt = store / "witness", pathlib.Path(folder) / "receipt.txt"
        witness.mkdir()
        (witness / "a.checkpoint").touch()
        receipt.touch(mode=0)
        keys = store / "log-keys.yaml"
        for what in (witness / "a.checkpoint", witness, store / "CHECKPOINT"):
            mode = what.stat().st_mode
            what.chmod(0)
            refused(audit, "verify", store)
            refused(audit, "verify", store, "--quick")
            what.chmod(mode)
        refused(audit, "check-receipt", receipt, "--keys", keys)
        refused(audit, "consistency", receipt, store)
        receipt.chmod(0o600)
        witness.chmod(0)
        refused(audit, "witness", witness)
        witness.chmod(0o700)
        (witness / "a.checkpoint").unlink()
        for what in ("secrets/log.key", "secrets/curve.key", "secrets"):
            mode = (store / what).stat().st_mode
            (store / what).chmod(0)
            refused(aggregator, "run", store)
            (store / what).chmod(mode)
        (store / "config.yaml").chmod(0)
        refused(aggregator, "run", store)
        refused(aggregator, "plan", "check", plan)
        assert "DIỄN TẬP" in run(aggregator, "status", store)
        contacts = pathlib.Path(folder) / "contacts.csv"
        contacts.write_text("unit,name,phone,email,note\n", encoding="utf-8")
        run(aggregator, "contacts", store, "--import", contacts)
        (store / "contacts.csv").chmod(0)
        refused(aggregator, "contacts", store)
        (store / "contacts.csv").chmod(0o600)
        if os.geteuid() == 0:
            check_root_leaves_nothing(aggregator, store, contacts)
    return 0


if __name__ == "__main__":
    sys.exit(main())
