#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The benchmark: ./dev bench [--quick] [--json FILE].

All rows run on the same generated reports, one after the other, and again for each repetition, so
that what disturbs the machine disturbs all of them. A ratio is computed inside one repetition; the
table shows the median. Exit 0: every row that ran was right; 1: a row was void.
"""

import argparse
import dataclasses
import json
import math
import os
import pathlib
import re
import signal
import sys
import time

import connections
from peers import PEERS, missing_peers
from place import ROOT, Place, Skipped, Wrong
from rows import ROWS
from table import Results, machine

WANTED = 64  # reports in one submission, or as many as the protocol takes


def reports_in_a_submission():
    text = (ROOT / "proto" / "model" / "limits.h").read_text()
    return min(WANTED, int(re.search(r"TH_LIMIT_REPORTS_MAX +(\d+)", text)[1]))


@dataclasses.dataclass
class Sizes:
    name: str
    repetitions: int
    preload: int  # single reports that a store or a peer holds before the clock starts
    singles: int  # and those that are timed: the same for the core and every peer
    postgres_singles: int  # the first of them, one by one
    bundles: int  # reports in bundles
    node_frames: int
    open_seconds: dict  # by the rate that is offered
    beside_seconds: float  # of ingest beside which a page is asked for
    verify_seconds: float
    obligations: int
    communes: int
    provinces: int
    nodes: tuple  # connected ones, for how cost grows with them
    turns: int  # submissions of them all, or two of each
    large: int  # reports of the large store
    country: int  # units that report a year
    limit_seconds: float = math.inf  # no repetition is begun that would not end by then
    is_timed: bool = True  # long enough that what comes in a second can be looked at
    each: int = dataclasses.field(default_factory=reports_in_a_submission)

    def frames(self, name):
        return self.singles if name == "single" else self.bundles // self.each

    def open_frames(self, rate):
        return max(8, int(rate * self.open_seconds[rate]) // self.each)

    def sets(self):
        most = max([self.bundles] + [int(rate * seconds)
                                     for rate, seconds in self.open_seconds.items()])
        most = max(most, int(20000 * self.beside_seconds))
        return [("single", self.preload + self.singles, 1),
                ("bundle", most + self.each, self.each), *connections.sets(self)]


QUICK = Sizes("quick", 3, preload=20000, singles=40000, postgres_singles=2000, bundles=60000,
              node_frames=6642, open_seconds={10000: 2, 50000: 1, 100000: 0.6},
              beside_seconds=3, verify_seconds=0.4, obligations=40, communes=3321, provinces=34, nodes=(1, 100, 3321),
              turns=2000, large=100000, country=4000, limit_seconds=165)
FULL = Sizes("full", 3, preload=200000, singles=200000, postgres_singles=20000, bundles=400000,
             node_frames=33210, open_seconds={10000: 10, 50000: 6, 100000: 4},
             beside_seconds=20, verify_seconds=2, obligations=120, communes=3321, provinces=34,
             nodes=(1, 10, 100, 1000, 4000), turns=20000, large=5000000, country=4000)
SMOKE = Sizes("smoke", 1, preload=400, singles=600, postgres_singles=200, bundles=1600,
              node_frames=300, open_seconds={10000: 0.05, 50000: 0.02, 100000: 0.02},
              beside_seconds=0.06, verify_seconds=0.05, obligations=10, communes=102, provinces=34, nodes=(1, 102),
              turns=40, large=4000, country=40, is_timed=False)


def arguments():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="small sizes, within 3 minutes")
    parser.add_argument("--peers", action="store_true",
                        help="every peer must be there; otherwise those that are there are measured")
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
    """Returns how many seconds it took."""
    os.sync()  # what an earlier row has not synced must not be written while this one waits
    began = time.monotonic()
    try:
        result = row.run(place, sizes)
    except Wrong as problem:
        results.void(row, " ".join(str(problem).split()))
        say(f"  {row.name}: VOID: {problem}")
    except Skipped as reason:
        results.skip(row, str(reason))
        say(f"  {row.name}: {reason}")
    else:
        results.add(row, repetition, result)
        say(f"  {row.name}: {row.text(result)}  ({time.monotonic() - began:.1f} s)")
    return time.monotonic() - began


def choose(options, place, results):
    """The rows to run. Those of a peer that is not there are skipped, or end the run."""
    missing = missing_peers(place)
    if missing and options.peers:
        raise SystemExit("; ".join(f"{PEERS[name].title}: {why}" for name, why in missing.items()))
    names = options.rows.split(",") if options.rows else [row.name for row in ROWS]
    for unknown in set(names) - {row.name for row in ROWS}:
        raise SystemExit(f"--rows {unknown}: no such row")
    for row in ROWS:
        if row.peer in missing:
            results.skip(row, missing[row.peer])
    return [row for row in ROWS if row.name in names and not results.is_out(row)]


def measure(options, sizes, results, place, began):
    chosen = choose(options, place, results)
    say("making the reports and the store …")
    results.report_bytes = place.generate(sizes.provinces, sizes.communes, sizes.obligations,
                                          sizes.sets())
    place.found()
    repetitions, last = options.repetitions or sizes.repetitions, 0
    for repetition in range(repetitions):
        if repetition > 0 and time.monotonic() - began + last > sizes.limit_seconds:
            say(f"{repetition} of {repetitions} repetitions: the time is over")
            break
        say(f"repetition {repetition + 1} of {repetitions}")
        results.repetitions, last = repetition + 1, 0
        for row in chosen:
            if not results.is_out(row) and not (row.is_once and repetition > 0):
                took = run_row(row, place, sizes, results, repetition)
                last += 0 if row.is_once else 1.1 * took


def stop(*ignored):
    raise KeyboardInterrupt


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)  # also when a shell has started it in the background
    sizes = SMOKE if options.smoke else QUICK if options.quick else FULL
    began = time.monotonic()
    results = Results(ROWS)
    place = Place(options.scratch / f"run-{os.getpid()}", options.build, options.seed)
    try:
        measure(options, sizes, results, place, began)
        about = machine(place, sizes, time.monotonic() - began)
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
