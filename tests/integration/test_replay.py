#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A province's rehearsed year, replayed at positions chosen at random: what the journal alone gives
is what the store answers as of that moment, in every figure. test_replay.py --bin FOLDER"""
import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

PLAN = "gialai-2025"
HERE = os.path.dirname(os.path.abspath(__file__))


def run(*command, expect=0):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != expect:
        sys.exit(f"{' '.join(command)}\nexit {done.returncode}, not {expect}\n"
                 f"{done.stdout[:2000]}{done.stderr}")
    return done.stdout


class Year:
    def __init__(self, folder, store):
        self.store = store
        self.aggregator = os.path.join(folder, "tonghop-aggregator")
        self.audit = os.path.join(folder, "tonghop-audit")
        lines = run(self.audit, "export", store, "--json").splitlines()
        self.entries = [json.loads(line) for line in lines]
        self.times = [entry["time"] for entry in self.entries]
        self.checked = 0

    def last_of_its_time(self, position):
        """As of an instant means all entries of it."""
        while position < len(self.times) and self.times[position] == self.times[position - 1]:
            position += 1
        return position

    def live(self, command, as_of, obligation):
        return json.loads(run(self.aggregator, command, self.store, "--plan", PLAN, "--obligation",
                              obligation, "--as-of", as_of, "--json"))

    def check(self, position):
        as_of = self.times[position - 1]
        base = (self.audit, "replay", self.store, "--json")
        all_of_them = json.loads(run(*base, "--position", str(position)))
        assert all_of_them["position"] == position and all_of_them["time"] == as_of
        for line in all_of_them["obligations"]:
            obligation = line["obligation"]
            here = json.loads(run(*base, "--as-of", as_of, "--plan", PLAN, "--obligation",
                                  obligation))
            assert here["state_digest"] == all_of_them["state_digest"], (position, obligation)
            standing = self.live("standing", as_of, obligation)
            assert here["standing"] == standing, (position, obligation, "standing")
            assert here["rollup"] == self.live("rollup", as_of, obligation), (position, obligation)
            assert line["counts"] == standing["counts"] and line["due"] == standing["due"]
            self.checked += 1

    def check_counts(self, position):
        """Any position, also between entries of one time: reports counted by hand."""
        answer = json.loads(run(self.audit, "replay", self.store, "--json", "--position",
                                str(position)))
        for line in answer["obligations"]:
            first = [report for entry in self.entries[:position]
                     for report in entry.get("reports", [])
                     if report["obligation"] == line["obligation"] and report["revision"] == 1
                     and report["verdict"] == "accepted"]
            assert line["counts"]["received"] == len(first), (position, line)
            for word in ("on_time", "late") if line["due"] else ():
                assert line["counts"][word] == sum(r["timeliness"] == word for r in first)

    def check_end(self):
        answer = json.loads(run(self.audit, "replay", self.store, "--json"))
        assert answer["compared"]["same"] and answer["compared"]["rollups"] > 0
        verdict = json.loads(run(self.audit, "verify", self.store, "--json"))
        assert verdict["holds"] and verdict["state_digest"] == answer["state_digest"]

    def check_kept(self, position, folder):
        """A replica that was kept answers by itself, and is written to by nobody."""
        run(self.audit, "replay", self.store, "--position", str(position), "--out", folder)
        run(self.audit, "replay", self.store, "--position", str(position), "--out", folder,
            expect=73)
        for command in "standing", "rollup":
            asked = ("--plan", PLAN, "--period", "2025-H1", "--as-of", self.times[position - 1],
                     "--json")
            assert run(self.aggregator, command, folder, *asked) == \
                run(self.aggregator, command, self.store, *asked)
        assert json.loads(run(self.audit, "verify", folder, "--json"))["holds"]
        assert json.loads(run(self.audit, "replay", folder, "--json"))["compared"]["same"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    parser.add_argument("--positions", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--store", help="a year that was made before")
    arguments = parser.parse_args()
    print(f"--seed {arguments.seed}", flush=True)
    root = tempfile.mkdtemp(prefix="tonghop-replay-")
    try:
        store = arguments.store
        if store is None:
            run(sys.executable, "-B", os.path.join(HERE, "..", "demo", "demo.py"), "--exit",
                "--bin", arguments.bin, "--root", os.path.join(root, "year"))
            store = os.path.join(root, "year", "aggregator")
        year = Year(arguments.bin, store)
        chance = random.Random(arguments.seed)
        first = 3  # founding, units and plan are there
        chosen = [chance.randint(first, len(year.times)) for _ in range(arguments.positions)]
        wanted = {year.last_of_its_time(position) for position in chosen}
        for position in chosen:
            year.check_counts(position)
        for position in sorted(wanted):
            year.check(position)
        year.check_end()
        year.check_kept(max(wanted), os.path.join(root, "kept"))
        print(f"{len(chosen)} positions of {len(year.times)} at {len(wanted)} instants, "
              f"{year.checked} obligations: the same")
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
