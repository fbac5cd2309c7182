#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The auditor's program on a store that the real programs made: test_audit.py [--bin build/bin].

Exit 0: everything holds; 1: something does not.
"""

import argparse
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "fault"))
from province import OBLIGATION, PLAN, Province, die_with_parent  # noqa: E402

EX_OK, EX_DATAERR, EX_NOINPUT, EX_OSERR, EX_IOERR, EX_PROTOCOL = 0, 65, 66, 71, 74, 76
UNITS, DAMAGE_ROUNDS = 5, 60


def same(found, expected, what):
    if found != expected:
        raise AssertionError(f"{what}: found {found!r}, expected {expected!r}")


class Case:
    def __init__(self, folder, bin_folder):
        self.folder = pathlib.Path(folder)
        self.province = Province(folder, bin_folder, "audit", UNITS)
        self.store = self.province.daemon.store
        self.program = str(pathlib.Path(bin_folder) / "tonghop-audit")
        self.receipts = {}  # by unit: the receipt as the node has it
        self.units = []
        self.revision = 0

    def run(self, *words, code=EX_OK):
        """What it printed, as (stdout, stderr)."""
        done = subprocess.run([self.program, *map(str, words)], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=150,
                              check=False, preexec_fn=die_with_parent)
        out, err = done.stdout.decode(), done.stderr.decode(errors="replace")
        if code is not None and done.returncode != code:
            raise AssertionError(f"{words}: exit {done.returncode}, not {code}\n{out}{err}")
        return (out, err) if code is not None else (done.returncode, out, err)

    def json(self, *words):
        return json.loads(self.run(*words, "--json")[0])

    def log_key(self):
        return re.search(r"^log_key: \"?([^\"\n]+)", self.province.server.read_text(), re.M)[1]

    def correct(self, units):
        self.revision += 1
        for unit in units:
            self.province.submit(unit, self.province.write_form(unit), self.revision)
        self.province.deliver(units)


def found_a_province(case):
    case.province.found()
    case.units = case.province.units
    case.province.daemon.start()
    case.correct(case.units)
    for unit in case.units:
        [item] = case.province.items(unit)
        case.receipts[unit] = case.province.receipt(unit, item["id"])


def receipts_of_nodes_hold(case):
    paths = []
    for unit, text in case.receipts.items():
        path = case.folder / f"{unit}.receipt"
        path.write_text(text)
        paths.append(path)
    out, _ = case.run("check-receipt", *paths, "--log-key", case.log_key())
    same(len(out.splitlines()), UNITS, "sentences")
    for unit in case.units:
        if f"DIỄN TẬP – Đơn vị {unit}: báo cáo {OBLIGATION} (lần 1) đã nhận lúc" not in out:
            raise AssertionError(out)


def evidence_is_what_the_node_has(case):
    for unit in case.units:
        folder = case.folder / f"evidence-{unit}"
        case.run("prove", case.store, "--report", f"{PLAN}/{OBLIGATION}/{unit}", "--out", folder)
        same((folder / "receipt.txt").read_text(), case.receipts[unit], f"receipt of {unit}")
        lines = [line.strip() for line in (folder / "doc.txt").read_text().splitlines()]
        [command] = [line for line in lines if line.startswith("tonghop-audit check-receipt")]
        done = subprocess.run([case.program, *command.split()[1:]], cwd=folder, timeout=60,
                              stdout=subprocess.PIPE, check=False)
        same(done.returncode, 0, command)
    os.replace(folder / "log-keys.yaml", case.folder / "log-keys.yaml")


def journal_is_exported_while_the_daemon_runs(case):
    lines = [json.loads(line) for line in case.run("export", case.store, "--json")[0].splitlines()]
    same([line["position"] for line in lines], list(range(len(lines))), "positions")
    same([line["kind"] for line in lines].count("submission"), UNITS, "submissions")
    text, _ = case.run("export", case.store)
    same(len(text.splitlines()), len(lines), "lines")
    times = [line["time"] for line in lines]
    same(times, sorted(times), "times never go back")


def witness(case, *words, code=EX_OK):
    return case.run("witness", case.folder / "witness", "--key", case.folder / "witness.key",
                    "--keys", case.folder / "log-keys.yaml", *words, code=code)


def a_witness_follows_the_log_and_sees_an_older_copy(case):
    first, second = case.folder / "first.checkpoint", case.folder / "second.checkpoint"
    proof, signed = case.folder / "proof", case.folder / "signed.checkpoint"
    case.run("keygen", case.folder / "witness.key", "--name", "witness.example")
    checkpoint = case.receipts[case.units[0]].split("\n\n", 1)[1]
    (case.folder / "begin").write_text(checkpoint)
    case.run("consistency", case.folder / "begin", case.store, "--checkpoint-out", first)
    (case.folder / "old").write_text("old 0\n")
    witness(case, "--checkpoint", first, "--proof", case.folder / "old", "--out", signed)
    case.province.daemon.stop()
    shutil.copytree(case.store, case.folder / "older", ignore=shutil.ignore_patterns("*.sock"))
    case.province.daemon.start()
    case.correct(case.units[:2])
    case.run("consistency", first, case.store, "--out", proof, "--checkpoint-out", second,
             "--keys", case.folder / "log-keys.yaml")
    witness(case, "--checkpoint", second, "--proof", proof, "--out", signed)
    same(len(signed.read_text().splitlines()), len(second.read_text().splitlines()) + 1, "lines")
    _, err = witness(case, "--checkpoint", first, "--proof", proof, code=EX_DATAERR)
    if "BỊ LÙI" not in err:
        raise AssertionError(err)
    _, err = case.run("consistency", second, case.folder / "older", code=EX_DATAERR)
    if "kho chỉ có" not in err:
        raise AssertionError(err)


def differences_add_up(case):
    lines = case.run("export", case.store, "--json")[0].splitlines()
    times = [json.loads(line)["time"] for line in lines]
    answer = case.json("diff", case.store, "--from", times[-3], "--to", times[-1],
                       "--plan", PLAN)
    same(answer["holds"], True, "the command's own check")
    for obligation in answer["obligations"]:
        for total in obligation["totals"]:
            same(total["difference"], total["effects"], f"{total}")


def an_interrupt_ends_both_processes(case):
    process = subprocess.Popen([case.program, "export", str(case.store)], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, preexec_fn=die_with_parent)
    time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    # It may have been done, or not have begun.
    if process.returncode not in (0, 130, -signal.SIGINT):
        raise AssertionError(f"exit {process.returncode}")


def nothing_is_left_of_what_was_interrupted(case):
    """Wherever the signal comes: no scratch folder, no part of a folder that was asked for."""
    made, told = case.folder / "made", {0, 130, -signal.SIGINT, 143, -signal.SIGTERM}
    commands = [("verify", case.store), ("replay", case.store, "--position", "8"),
                ("prove", case.store, "--report", f"{PLAN}/{OBLIGATION}/{case.units[0]}",
                 "--out", made / "evidence")]
    files = {"receipt.txt", "report.bin", "submission.bin", "log-keys.yaml", "doc.txt"}
    for turn in range(90):
        made.mkdir()
        words = commands[turn % 3]
        process = subprocess.Popen([case.program, *map(str, words)], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, preexec_fn=die_with_parent,
                                   env={**os.environ, "TMPDIR": str(made)})
        time.sleep(turn // 3 * 0.0015)
        process.send_signal(signal.SIGTERM if turn % 2 else signal.SIGINT)
        process.wait(20)
        if process.returncode not in told:
            raise AssertionError(f"{words}: exit {process.returncode}")
        left = {path.name for path in made.iterdir()}
        if left - {"evidence"} or (left and {p.name for p in
                                             (made / "evidence").iterdir()} != files):
            raise AssertionError(f"{words}, exit {process.returncode}: left {left}")
        shutil.rmtree(made)


def damage_is_an_answer(case):
    """Pages of noise, pages that point elsewhere, cut files: an exit code, a sentence, no crash."""
    case.province.daemon.stop()
    dice = random.Random(5)
    copy = case.folder / "damaged"
    shutil.copytree(case.folder / "older", copy)
    whole = (copy / "data.mdb").read_bytes()
    good = {EX_OK, EX_DATAERR, EX_NOINPUT, EX_OSERR, EX_IOERR, EX_PROTOCOL}
    codes, died = {}, 0
    for _ in range(DAMAGE_ROUNDS):
        data = bytearray(whole)
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(2 * 4096, len(data) - 64)
            at -= at % 4096 if dice.random() < 0.6 else 0  # headers of pages
            size = dice.choice((1, 8, 64))
            data[at:at + size] = dice.randbytes(size)
        (copy / "data.mdb").write_bytes(data)
        words = dice.choice((("export", copy), ("prove", copy, "--report", "0" * 64),
                             ("diff", copy, "--from", "2025-01-02", "--to", "2025-05-05")))
        code, _, err = case.run(*words, code=None)
        if code not in good or (code != EX_OK and not err):
            raise AssertionError(f"{words}: exit {code}\n{err}")
        codes[code] = codes.get(code, 0) + 1
        died += "trình đọc" in err
    print(f"  damage: exit codes {codes}, the reader died or stood still {died} times")
    if codes.get(EX_DATAERR, 0) == 0:
        raise AssertionError("no damage was noticed")


SCENES = [found_a_province, receipts_of_nodes_hold, evidence_is_what_the_node_has,
          journal_is_exported_while_the_daemon_runs,
          a_witness_follows_the_log_and_sees_an_older_copy, differences_add_up,
          an_interrupt_ends_both_processes, nothing_is_left_of_what_was_interrupted,
          damage_is_an_answer]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build" / "bin")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tonghop-audit-") as folder:
        case = Case(folder, options.bin.resolve())
        try:
            for scene in SCENES:
                begin = time.monotonic()
                scene(case)
                print(f"{time.monotonic() - begin:6.2f} s  {scene.__name__.replace('_', ' ')}")
        except Exception:  # whatever it is, the daemon is stopped and the test has failed
            traceback.print_exc()
            return 1
        finally:
            case.province.daemon.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
