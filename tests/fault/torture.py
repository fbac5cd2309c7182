#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The real programs, killed at many points: nothing acknowledged is lost or counted twice.

Officers submit and correct; the aggregator, the nodes and `submit` itself are killed (SIGKILL) and
stopped (SIGSTOP) at random moments. Then everything heals, and checker.py compares what was
acknowledged with what is there.

The seed chooses figures, units, schedule and delays; which machine instruction a kill meets is the
kernel's choice.

Exit 0: everything holds. 1: something does not. With --sabotage: 1 when every lie was found.
"""

import argparse
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import time

from checker import (Book, check_all, check_items, check_positions, check_reports, check_seen,
                     check_standing, check_totals)
from province import QUEUED, SAME, Province

UNITS, GROUPS = 12, 3
HEAL_SECONDS = 60
EX_CANTCREAT = 73


class Torture:
    def __init__(self, folder, options):
        self.random = random.Random(options.seed)
        self.province = Province(folder, options.bin, options.seed, UNITS)
        self.groups, self.runs = [], [None] * GROUPS
        self.carriers, self.copies = [], {}
        self.unknown = {}  # unit -> (revision, form): submit was killed before it said anything
        self.tally = dict.fromkeys(("submitted", "corrected", "again", "submit killed",
                                    "aggregator killed", "node killed", "stopped"), 0)
        self.book = None

    # ---- officers ----

    def said(self, unit, revision, form, out, err, code):
        """Learns from what submit printed, also when it was killed after printing."""
        forms = self.book.queued.setdefault(unit, {})
        if QUEUED in out or SAME in out:
            forms[revision] = form
            self.unknown.pop(unit, None)
        elif code == EX_CANTCREAT and unit in self.unknown:
            forms[revision] = self.unknown.pop(unit)[1]  # the one before was durable after all
        elif code == -signal.SIGKILL:
            self.unknown.setdefault(unit, (revision, form))
        else:
            raise AssertionError(f"submit {unit} {form}: exit {code}\n{out}{err}")

    def submit(self, unit, revision, form, kill_after=None):
        process = self.province.start_submit(unit, form, revision)
        if kill_after is not None:
            time.sleep(kill_after)
            process.kill()
        out, err = process.communicate(timeout=60)
        self.tally["submit killed"] += process.returncode == -signal.SIGKILL
        self.said(unit, revision, form, out.decode(), err.decode(), process.returncode)

    def act(self, unit):
        """One act of an officer."""
        forms = self.book.queued.setdefault(unit, {})
        kill_after = self.random.uniform(0, 0.02) if self.random.random() < 0.25 else None
        choice = self.random.random()
        if unit in self.unknown:
            revision, form = self.unknown[unit]
            if choice < 0.5:  # not sure: the same file, or by now another one
                form = self.province.write_form(unit)
                kill_after = None
        elif forms and choice < 0.25:
            revision = max(forms)
            form = forms[revision]
            self.tally["again"] += 1
        else:
            revision, form = max(forms, default=0) + 1, self.province.write_form(unit)
            self.tally["corrected" if forms else "submitted"] += 1
        self.submit(unit, revision, form, kill_after)

    # ---- faults ----

    def start_run(self, group):
        if self.runs[group] is None or self.runs[group].poll() is not None:
            self.runs[group] = self.province.start_node(
                "run", *map(self.province.home, self.groups[group]), "--quiet")

    def kill_run(self, group):
        process, self.runs[group] = self.runs[group], None
        if process is None:
            return
        if process.poll() is not None:
            raise AssertionError(f"a node process ended by itself: exit {process.returncode}")
        process.kill()
        process.wait()
        self.tally["node killed"] += 1

    def kill_aggregator(self):
        daemon = self.province.daemon
        if daemon.process is None:
            return
        if daemon.process.poll() is not None:
            raise AssertionError(f"the aggregator ended by itself: exit "
                                 f"{daemon.process.returncode}\n{daemon.output()}")
        daemon.process.kill()
        daemon.process.wait()
        daemon.process = None
        self.tally["aggregator killed"] += 1

    def start_aggregator(self):
        if self.province.daemon.process is None:
            self.province.daemon.start()

    def pause(self, process, seconds):
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGSTOP)
            time.sleep(seconds)
            process.send_signal(signal.SIGCONT)
            self.tally["stopped"] += 1

    def look(self):
        """Some receipts, as they are now: they must never change."""
        unit = self.random.choice(self.province.units)
        for item in self.province.items(unit):
            key = (unit, item["id"])
            if item["state"] == "received" and key not in self.book.receipts:
                self.book.receipts[key] = self.province.receipt(*key)

    # ---- rounds ----

    def burst(self, group):
        """A full outbox meets the aggregator, and one of the two dies in the middle."""
        self.kill_run(group)
        for unit in self.random.sample(self.groups[group], 3):
            self.act(unit)
        self.start_aggregator()
        self.start_run(group)
        time.sleep(self.random.uniform(0.005, 0.09))
        if self.random.random() < 0.6:
            self.kill_aggregator()
        else:
            self.kill_run(group)

    def round(self):
        choice = self.random.random()
        group = self.random.randrange(GROUPS)
        if choice < 0.6:
            self.burst(group)
        elif choice < 0.75:  # right after submit, while nodes run
            self.start_aggregator()
            self.start_run(group)
            self.act(self.random.choice(self.groups[group]))
            time.sleep(self.random.uniform(0, 0.03))
            self.kill_aggregator()
        elif choice < 0.9:
            self.start_aggregator()
            self.start_run(group)
            self.act(self.random.choice(self.groups[group]))
            who = self.random.choice([self.runs[group], self.province.daemon.process])
            self.pause(who, self.random.uniform(0.02, 0.3))
        else:  # a quiet while: nodes find the aggregator again by themselves
            self.start_aggregator()
            time.sleep(self.random.uniform(0.1, 0.6))
        self.look()

    def heal(self):
        """Officers who were not sure submit again; everything runs until every node is idle."""
        for group in range(GROUPS):
            self.kill_run(group)
        for unit, (revision, form) in list(self.unknown.items()):
            self.submit(unit, revision, form)
        for unit in self.province.units:
            if not self.book.queued.get(unit):
                self.submit(unit, 1, self.province.write_form(unit))
        self.copy_machines()
        self.start_aggregator()
        homes = [[self.province.home(unit) for unit in group] for group in self.groups]
        self.carriers = [self.province.start_node(
            "run", *each, "--until-idle", "--timeout", HEAL_SECONDS, "--quiet")
            for each in [*homes, list(self.copies.values())]]
        for process in self.carriers:
            if process.wait(HEAL_SECONDS + 10) != 0:
                raise AssertionError(f"a node is not idle: exit {process.returncode}")

    def copy_machines(self):
        """One unit of each group has a second machine with the same outbox: it sends as well."""
        for group in self.groups:
            unit = self.random.choice(group)
            self.act(unit)
            if unit in self.unknown:
                self.submit(unit, *self.unknown[unit])
            home = self.province.home(unit)
            self.copies[unit] = home.with_name(home.name + "-copy")
            shutil.copytree(home, self.copies[unit])

    def compare_copies(self):
        """Both machines hold the same receipts, byte for byte."""
        found = []
        for unit, copy in self.copies.items():
            for item in self.province.items(unit):
                mine = self.province.receipt(unit, item["id"])
                if self.province.node("receipt", copy, item["id"], "--out", "-") != mine:
                    found.append(f"{unit} item {item['id']}: a copy has another receipt")
        return found

    def play(self, rounds, until):
        province = self.province
        province.found()
        self.groups = [province.units[i::GROUPS] for i in range(GROUPS)]
        self.book = Book(province.ask("rollup")["position"])
        played = 0
        while played < rounds and time.monotonic() < until:
            self.round()
            played += 1
        self.heal()
        return played

    def end(self):
        for process in [*self.runs, *self.carriers]:
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()
        if self.province.daemon.process is not None:
            self.province.daemon.process.send_signal(signal.SIGCONT)
        return self.province.daemon.stop()


def check_twice(torture):
    """While it runs, and after an orderly restart."""
    province = torture.province
    found = check_all(province, torture.book) + torture.compare_copies()
    before = province.ask("rollup")
    if (code := province.daemon.stop()) != 0:
        found.append(f"the aggregator ended with exit {code}")
    province.daemon.start()
    if province.ask("rollup") != before:
        found.append("a restart changed the totals")
    return found


def lies(torture):
    """The book, wrong in one point each, and the check that must find it."""
    book = torture.book
    units = [unit for unit, forms in book.queued.items() if len(forms) > 1] or list(book.queued)
    unit = units[0]
    unsent = torture.province.write_form(unit)
    lost = book.copy()
    lost.queued[unit][max(lost.queued[unit]) + 1] = unsent
    yield "a report that never arrived", check_items, lost
    other = book.copy()
    other.queued[unit][max(other.queued[unit])] = unsent
    yield "another form under a receipt", check_items, other
    yield "another form in the totals", check_totals, other
    dropped = book.copy()
    dropped.queued[unit].popitem()
    yield "a form left out of the totals", check_totals, dropped
    yield "a revision left out", check_reports, dropped
    yield "a revision left out", check_standing, dropped
    changed = book.copy()
    key = (unit, torture.province.items(unit)[0]["id"])
    changed.receipts[key] = torture.province.receipt(*key) + "\n"
    yield "a receipt that has changed", check_seen, changed
    gap = book.copy()
    gap.base -= 1
    yield "an entry without a receipt", check_positions, gap


def sabotage(torture):
    unnoticed = 0
    for what, check, book in lies(torture):
        found = check(torture.province, book)
        print(f"sabotage: {what}: {found[0].strip() if found else 'NOT NOTICED'}")
        unnoticed += not found
    return 3 if unnoticed else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    root = pathlib.Path(__file__).resolve().parents[2]
    parser.add_argument("--bin", type=pathlib.Path, default=root / "build" / "bin")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=40, help="no new round after that")
    parser.add_argument("--seed", default=str(random.SystemRandom().randrange(10**9)))
    parser.add_argument("--keep", help="on failure, copy stores, outboxes and logs there")
    parser.add_argument("--sabotage", action="store_true", help="show that the checks can fail")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    folder = tempfile.mkdtemp(prefix="tonghop-fault-")
    torture = Torture(folder, options)
    code = 2
    try:
        played = torture.play(options.rounds, time.monotonic() + options.seconds)
        found = check_twice(torture)
        print(f"{played} rounds; " + ", ".join(f"{n} {what}" for what, n in torture.tally.items()) +
              f"; {sum(map(len, torture.book.queued.values()))} acknowledged reports, "
              f"{len(torture.book.receipts)} receipts seen on the way")
        for sentence in found:
            print(f"WRONG: {sentence}")
        if options.sabotage:
            code = 3 if found else sabotage(torture)
        else:
            code = 1 if found else 0
    finally:
        torture.end()
        if code not in (0, 1 if options.sabotage else 0):
            print(f"failed; again with: --seed {options.seed} --rounds {options.rounds}")
            if options.keep:
                torture.province.keep(options.keep)
        shutil.rmtree(folder, ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
