#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The way back from an old backup with real programs: a day's work is lost, and comes again.

A backup; then reports, corrections, an enrolment, a revocation, a rotation of the log's key and a
closing; kill -9; the disk is gone. The backup is put back, becomes a new log, and the nodes show
again what they hold receipts for. Exit 0: everything holds; 1: something does not.
"""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

from province import OBLIGATION, PERIOD, PLAN, Province

UNITS = 6
CORRECTED, AFTER_ROTATION, LATE = "2025-05-06T09:00", "2025-05-07T09:00", "2025-06-02T08:00"
NOW_AGAIN = "2025-06-03T08:00"
COMMAND_SECONDS, RETURN_SECONDS = 60, 30


def same(found, expected, what):
    if found != expected:
        raise AssertionError(f"{what}: found {found!r}, expected {expected!r}")


class Recovery:
    def __init__(self, folder, bin_folder):
        self.folder = pathlib.Path(folder)
        self.province = Province(folder, bin_folder, "recover", UNITS)
        self.daemon = self.province.daemon
        self.audit_program = pathlib.Path(bin_folder) / "tonghop-audit"
        self.backup = self.folder / "backup"
        self.lines, self.receipts, self.lost_submissions = {}, {}, 0

    def run(self, program, *words, expect=0):
        done = subprocess.run([str(program), *map(str, words)], timeout=COMMAND_SECONDS,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode != expect:
            raise AssertionError(f"{words}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        self.complaint = done.stderr
        return done.stdout

    def aggregator(self, *words, expect=0):
        return self.run(self.daemon.program, *words, expect=expect)

    def submit(self, unit, revision=1):
        self.province.submit(unit, self.province.write_form(unit), revision)
        self.province.deliver([unit])

    def restart(self):
        same(self.daemon.stop(), 0, "exit of the daemon")

    # ---- before ----

    def work(self):
        """What is done before the backup and after it."""
        province, units = self.province, self.province.units
        self.daemon.start()
        for unit in units[:4]:
            self.submit(unit)
        self.saved = json.loads(self.aggregator("backup", self.daemon.store, self.backup,
                                                "--json"))["size"]
        self.daemon.command("clock", "--to", CORRECTED)
        self.submit(units[0], 2)
        self.submit(units[4])
        self.revoke(units[3])
        self.newcomer = next(u for u in sorted(province.kinds)
                             if province.is_commune(u) and u not in units)
        self.home = province.home(self.newcomer)
        province.node("init", self.home, "--unit", self.newcomer, "--server", province.server)
        self.enroll()
        self.submit(self.newcomer)
        self.restart()
        self.aggregator("keys", "rotate", self.daemon.store)
        self.daemon.start()
        self.daemon.command("clock", "--to", AFTER_ROTATION)
        self.submit(units[0], 3)
        self.submit(units[1], 2)
        self.witness("first")
        self.daemon.command("clock", "--to", LATE)
        self.submit(units[5])
        self.submit(units[2], 2)

    def revoke(self, unit):
        self.daemon.command("revoke", unit, self.province.home(unit) / "node.pub")

    def enroll(self):
        self.daemon.command("enroll", self.newcomer, self.home / "node.pub")

    def witness(self, name):
        """The newest checkpoint goes to a witness, and its signature comes back."""
        copy, note = self.folder / f"copy-{name}", self.folder / f"cosigned-{name}"
        key, seen = self.folder / "witness.key", self.folder / "witness-seen"
        if not key.exists():
            self.run(self.audit_program, "keygen", key, "--name", "thanh-tra.vn")
        self.aggregator("export", self.daemon.store, "--for-copy", copy)
        said = self.run(self.audit_program, "witness", seen, "--checkpoint", copy / "checkpoint",
                        "--proof", copy / "proof", "--key", key, "--keys", copy / "log-keys.yaml",
                        "--out", note)
        vkey = (self.folder / "witness.key.vkey").read_text().strip()
        self.aggregator("cosigned", self.daemon.store, note, "--key", vkey)
        return said

    def remember(self):
        """What every unit may rely on: its line of the standing, and its receipts."""
        self.lines = {line["unit"]: line for line in self.province.ask("standing")["units"]
                      if "position" in line}
        for unit in self.lines:
            home = self.province.home(unit)
            for item in self.province.items(unit):
                receipt = self.folder / f"receipt-{item['position']:04}-{unit}.txt"
                report = receipt.with_suffix(".pb")
                self.province.node("receipt", home, item["id"], "--out", receipt,
                                   "--report-out", report)
                self.receipts[receipt] = report
                self.lost_submissions += item["position"] >= self.saved

    # ---- the loss, and the way back ----

    def lose(self):
        self.daemon.process.kill()
        self.daemon.process.wait()
        self.daemon.process = None
        store, gone = self.daemon.store, self.folder / "gone"
        store.rename(gone)
        shutil.copytree(self.backup, store)
        for kept in ("secrets", "witness"):
            shutil.copytree(gone / kept, store / kept)
        self.newest_keys = self.folder / "newest-keys.yaml"
        shutil.copy(gone / "log-keys.yaml", self.newest_keys)
        shutil.copy(gone / "log-keys.yaml", self.folder / "old-keys.yaml")

    def refused(self):
        """An old copy is not written to, whoever asks."""
        self.aggregator("run", self.daemon.store, expect=70)
        self.aggregator("status", self.daemon.store, expect=70)

    def ask_for_the_history(self, code):
        """The witness, and then the key in secrets/, know a key that the copy does not know."""
        done = subprocess.run([str(self.daemon.program), "recover", str(self.daemon.store)],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              check=False, timeout=COMMAND_SECONDS)
        same((done.returncode, "--keys" in done.stderr), (code, True), done.stderr)

    def recover(self):
        store = self.daemon.store
        last = max(self.receipts)
        self.ask_for_the_history(65)
        (store / "witness").rename(self.folder / "aside")
        self.ask_for_the_history(78)
        (self.folder / "aside").rename(store / "witness")
        answer = json.loads(self.aggregator("recover", store, "--keys", self.newest_keys,
                                            "--checkpoint", last, "--json"))
        same(answer["realm"], "tonghop/64/2/rehearsal", "realm")
        same(answer["keys_found"], 1, "keys that the copy did not know")
        if answer["lost"] < 10:
            raise AssertionError(f"lost: {answer}")
        self.aggregator("recover", store)  # again: is done already
        self.revoke(self.province.units[3])
        self.daemon.start()
        self.enroll()
        self.reconnect()
        self.daemon.command("clock", "--to", NOW_AGAIN)
        ended = json.loads(self.aggregator("recover", store, "--finish", "--json"))
        same(ended["open"], False, "recovery is open")
        same(ended["submissions"], self.lost_submissions, "submissions that came again")
        if ended["closings"] < 1:
            raise AssertionError(f"no closing was made up for: {ended}")

    def reconnect(self):
        """The nodes run as they did, some for ever and some until they are idle, and show what they
        hold without being told to."""
        came = sorted({*self.lines} - {self.province.units[3]})
        brief = came[::2]
        self.province.deliver(brief)
        for unit in brief:
            for item in self.province.items(unit):
                same("readmitted_position" in item, item["position"] >= self.saved, f"{unit}: {item}")
        nodes = self.province.start_node("run", *map(self.province.home, came[1::2]))
        try:
            until = time.monotonic() + RETURN_SECONDS
            while time.monotonic() < until:
                answer = json.loads(self.aggregator("recover", self.daemon.store, "--status",
                                                    "--json"))
                same(answer["open"], True, "recovery is open")
                if answer["submissions"] >= self.lost_submissions:
                    return
                time.sleep(0.1)
            raise AssertionError(f"came again: {answer}, lost {self.lost_submissions}")
        finally:
            nodes.terminate()
            nodes.wait(COMMAND_SECONDS)

    # ---- after ----

    def check(self):
        now = {line["unit"]: line for line in self.province.ask("standing")["units"]}
        for unit, line in self.lines.items():
            for key in ("standing", "number", "revision", "first_received", "received"):
                same(now[unit].get(key), line.get(key), f"{unit}: {key}")
        kinds = {line["standing"] for line in self.lines.values()}
        if not {"on_time", "late"} <= kinds:
            raise AssertionError(f"the test has lost its point: {kinds}")
        for receipt, report in self.receipts.items():
            self.run(self.audit_program, "check-receipt", receipt, "--report", report, "--keys",
                     self.daemon.store / "log-keys.yaml")
        self.tell_stores_apart()
        closings = json.loads(self.aggregator("closings", self.daemon.store, "--plan", PLAN,
                                              "--period", PERIOD, "--json"))
        same(len(closings["closings"]) > 0, True, f"closings of {OBLIGATION}")

    def tell_stores_apart(self):
        """By what is signed before and after, and the newest history: which store gave it out?"""
        store, gone = self.daemon.store, self.folder / "gone"
        copy, receipt = self.folder / "copy-between", max(self.receipts)
        self.aggregator("export", store, "--for-copy", copy)
        keys = ("--keys", copy / "log-keys.yaml")
        self.run(self.audit_program, "consistency", receipt, gone, *keys)
        self.run(self.audit_program, "consistency", copy / "checkpoint", store, *keys)
        for shown, folder in ((receipt, store), (copy / "checkpoint", gone)):
            self.run(self.audit_program, "consistency", shown, folder, *keys, expect=65)
            if "MÂU THUẪN" in self.complaint:  # two logs, and no log that was forked
                raise AssertionError(self.complaint)

    def check_again(self):
        """Newer reports go on; the witness says what was lost and follows the new log."""
        said = self.witness("second")
        if "mất" not in said:
            raise AssertionError(f"the witness is silent: {said}")
        checked = json.loads(self.run(self.audit_program, "verify", self.daemon.store, "--json"))
        [remark] = checked["remarks"]
        if "ít nhất" not in remark:
            raise AssertionError(f"what was lost is not told: {remark}")
        copy = self.folder / "copy-second"
        reports = json.loads((copy / "index.json").read_text())["reports"]
        same(len(reports) >= len(self.receipts), True, "reports of the copy")
        for files in (report["files"] for report in reports):
            self.run(self.audit_program, "check-receipt", copy / files["receipt"], "--report",
                     copy / files["report"], "--keys", copy / "log-keys.yaml")
        self.submit(self.province.units[1], 3)
        self.aggregator("status", self.daemon.store)
        self.restart()

    def go(self):
        self.province.found()
        for step in (self.work, self.remember, self.lose, self.refused, self.recover, self.check,
                     self.check_again):
            step()
            print(f"  {step.__name__}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    parser.add_argument("--keep", help="copies everything there when something fails")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tonghop-recover-") as folder:
        recovery = Recovery(folder, options.bin)
        try:
            recovery.go()
        except Exception:
            traceback.print_exc()
            print(recovery.daemon.output(), file=sys.stderr)
            if options.keep:
                recovery.province.keep(options.keep)
            return 1
        finally:
            recovery.daemon.stop()
    print("recover: everything came back")
    return 0


if __name__ == "__main__":
    sys.exit(main())
