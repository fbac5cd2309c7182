#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The benchmark: ./dev bench [--quick] [--json FILE].

All rows run on the same generated reports, one after the other, and again for each repetition, so
that what disturbs the machine disturbs all of them. A ratio is computed inside one repetition; the
table shows the median. Exit 0: every row that ran was right; 1: a row was void.
"""

import argparse
import json
import os
import pathlib
import re
import signal
import sys
import time

from place import ROOT, Place, Wrong
from rows import ROWS
from table import Results, machine

WANTED = 64  # reports in one submission, or as many as the protocol takes


def reports_in_a_submission():
    text = (ROOT / "proto" / "model" / "limits.h").read_text()
    return min(WANTED, int(re.search(r"TH_LIMIT_REPORTS_MAX +(\d+)", text)[1]))


class Sizes:
    def __init__(self, singles, bundles, nodes_frames, open_seconds, verify_seconds, obligations,
                 communes, provinces):
        self.singles, self.bundles = singles, bundles
        self.node_frames = nodes_frames
        self.open_seconds, self.verify_seconds = open_seconds, verify_seconds
        self.obligations, self.communes, self.provinces = obligations, communes, provinces
        self.postgres_singles = max(200, singles // 10)
        self.each = reports_in_a_submission()

    def frames(self, name):
        return self.singles if name == "single" else self.bundles // self.each

    def open_frames(self, rate):
        return max(8, int(rate * self.open_seconds) // self.each)

    def sets(self):
        most = max(self.bundles, int(100000 * self.open_seconds))
        return [("single", self.singles, 1), ("bundle", most + self.each, self.each)]


QUICK = Sizes(20000, 40000, 6642, 0.4, 0.4, 20, 3321, 34)
FULL = Sizes(200000, 400000, 33210, 3, 2, 120, 3321, 34)
SMOKE = Sizes(600, 1600, 300, 0.02, 0.05, 10, 102, 34)


def arguments():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="small sizes, within 3 minutes")
    parser.add_argument("--peers", action="store_true",
                        help="also SQLite and PostgreSQL, which have to be installed")
    parser.add_argument("--smoke", action="store_true",
                        help="tiny sizes, once: that everything runs and is right")
    parser.add_argument("--json", metavar="FILE", type=pathlib.Path, help="writes the figures too")
    parser.add_argument("--rows", metavar="NAME,NAME", help="only these")
    parser.add_argument("--repetitions", type=int, help="3 unless said otherwise")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--scratch", type=pathlib.Path, default=ROOT / "var" / "bench")
    return parser.parse_args()


def say(text):
    print(text, file=sys.stderr, flush=True)


def run_row(row, place, sizes, results, repetition):
    began = time.monotonic()
    try:
        result = row.run(place, sizes)
    except Wrong as problem:
        results.void(row, str(problem))
        say(f"  {row.name}: VOID: {problem}")
        return
    results.add(row, repetition, result)
    say(f"  {row.name}: {result['rate']:,.0f}/s  ({time.monotonic() - began:.1f} s)")


def measure(options, sizes, results, place):
    say("making the reports and the store …")
    results.report_bytes = place.generate(options.seed, sizes.provinces, sizes.communes,
                                          sizes.obligations, sizes.sets())
    place.found()
    chosen = [row.name for row in ROWS if options.peers or not row.is_peer]
    chosen = options.rows.split(",") if options.rows else chosen
    repetitions = options.repetitions or (1 if options.smoke else 3)
    for repetition in range(repetitions):
        say(f"repetition {repetition + 1} of {repetitions}")
        for row in ROWS:
            if row.name in chosen and not results.is_void(row):
                run_row(row, place, sizes, results, repetition)


def stop(*ignored):
    raise KeyboardInterrupt


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)  # also when a shell has started it in the background
    sizes = SMOKE if options.smoke else QUICK if options.quick else FULL
    results = Results(ROWS)
    place = Place(options.scratch / f"run-{os.getpid()}", options.build)
    try:
        measure(options, sizes, results, place)
        about = machine(options.build, place.folder)
    except KeyboardInterrupt:
        say("stopped")
        return 130
    finally:
        place.close()
    print(results.table(about, sizes))
    if options.json:
        options.json.write_text(json.dumps(results.json(about), indent=1) + "\n")
    return 1 if results.voids else 0


if __name__ == "__main__":
    sys.exit(main())
