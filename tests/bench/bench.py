#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The benchmark: ./dev bench [--quick] [--json FILE].

All rows run on the same generated reports, one after the other, and again for each repetition, so
that what disturbs the machine disturbs all of them. A ratio is computed inside one repetition; the
table shows the median. Exit 0: every row that ran was right; 1: a row was void; 2: the arguments
are wrong.
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
import textwrap
import time
import traceback

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
              beside_seconds=3, verify_seconds=0.4, obligations=40, communes=3321, provinces=34,
              nodes=(1, 100, 3321), turns=2000, large=100000, country=4000, limit_seconds=165)
FULL = Sizes("full", 3, preload=200000, singles=200000, postgres_singles=20000, bundles=400000,
             node_frames=33210, open_seconds={10000: 10, 50000: 6, 100000: 4},
             beside_seconds=20, verify_seconds=2, obligations=120, communes=3321, provinces=34,
             nodes=(1, 10, 100, 1000, 4000), turns=20000, large=5000000, country=4000)
SMOKE = Sizes("smoke", 1, preload=400, singles=600, postgres_singles=200, bundles=1600,
              node_frames=300, open_seconds={10000: 0.05, 50000: 0.02, 100000: 0.02},
              beside_seconds=0.06, verify_seconds=0.05, obligations=10, communes=102,
              provinces=34, nodes=(1, 102), turns=40, large=4000, country=40, is_timed=False)


NAMES = [row.name for row in ROWS]


def row_names(text):
    names = text.split(",")
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        raise argparse.ArgumentTypeError(f"no such row: {' '.join(unknown)}; "
                                         f"the rows are {' '.join(NAMES)}")
    return names


def at_least_one(text):
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text}: at least 1")
    return int(text)


class Output:
    """A file that is there from the beginning and is given its name when it has its content; what
    is no plain file, as a pipe or a link, is written to itself."""

    def __init__(self, path):
        self.path = path
        is_plain = not path.is_symlink() and (path.is_file() or not path.exists())
        self.new = path.with_name(f".{path.name}.{os.getpid()}") if is_plain else None
        self.file = open(self.new or path, "w", encoding="utf-8")

    def write(self, text):
        with self.file as file:
            file.write(text)
        if self.new:
            self.new.replace(self.path)
            self.new = None

    def close(self):
        self.file.close()
        if self.new:
            self.new.unlink(missing_ok=True)


def arguments():
    """What was asked for, and the Output of --json or None. Ends with 2 when that is wrong."""
    parser = argparse.ArgumentParser(
        prog="./dev bench", description=__doc__.split("\n")[0],
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="rows:\n" + textwrap.fill(" ".join(NAMES), 78, initial_indent="  ",
                                         subsequent_indent="  "))
    parser.add_argument("--quick", action="store_true", help="small sizes, within 3 minutes")
    parser.add_argument("--peers", action="store_true",
                        help="every peer must be there; otherwise those that are there are measured")
    parser.add_argument("--smoke", action="store_true",
                        help="tiny sizes, once: that everything runs and is right")
    parser.add_argument("--json", metavar="FILE", type=pathlib.Path, help="writes the figures too")
    parser.add_argument("--rows", metavar="NAME,NAME", type=row_names, default=NAMES,
                        help="only these")
    parser.add_argument("--repetitions", type=at_least_one, metavar="N",
                        help="3 unless said otherwise")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--scratch", type=pathlib.Path, default=ROOT / "var" / "bench")
    parser.add_argument("--check", action="store_true",
                        help="looks at the other arguments and does nothing")
    options = parser.parse_args()
    try:
        return options, Output(options.json) if options.json else None
    except OSError as problem:
        return parser.error(f"--json {options.json}: {problem.strerror}")


def say(text):
    print(text, file=sys.stderr, flush=True)


def in_a_line(problem):
    """What was not foreseen is told with where it was found."""
    text = " ".join(str(problem).split())
    if isinstance(problem, Wrong):
        return text
    last = traceback.extract_tb(problem.__traceback__)[-1]
    return f"{type(problem).__name__}: {text[-300:]} ({os.path.basename(last[0])}:{last[1]})"


def run_row(row, place, sizes, results, repetition):
    """Returns how many seconds it took."""
    os.sync()  # what an earlier row has not synced must not be written while this one waits
    began = time.monotonic()
    try:
        result = row.run(place, sizes)
    except Skipped as reason:
        results.skip(row, str(reason))
        say(f"  {row.name}: {reason}")
    except Exception as problem:  # whatever it was: the other rows are measured and told
        reason = in_a_line(problem)
        results.void(row, reason)
        say(f"  {row.name}: VOID: {reason}")
    else:
        results.add(row, repetition, result)
        say(f"  {row.name}: {row.text(result)}  ({time.monotonic() - began:.1f} s)")
    return time.monotonic() - began


def choose(options, place, results):
    """The rows to run. Those of a peer that is not there are skipped, or end the run."""
    missing = missing_peers(place)
    if missing and options.peers:
        raise SystemExit("; ".join(f"{PEERS[name].title}: {why}" for name, why in missing.items()))
    for row in ROWS:
        if row.peer in missing:
            results.skip(row, missing[row.peer])
    return [row for row in ROWS if row.name in options.rows and not results.is_out(row)]


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
    options, output = arguments()
    if options.check:
        if output:
            output.close()
        return 0
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)  # also when a shell has started it in the background
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as nohup wants it
        signal.signal(signal.SIGHUP, stop)
    sizes = SMOKE if options.smoke else QUICK if options.quick else FULL
    began = time.monotonic()
    results = Results(ROWS, options.rows)
    place = None
    try:
        place = Place(options.scratch / f"run-{os.getpid()}", options.build, options.seed)
        measure(options, sizes, results, place, began)
        about = machine(place, sizes, time.monotonic() - began)
        try:
            print(results.table(about, sizes), flush=True)
        finally:  # also when nobody reads that
            if output:
                output.write(json.dumps(results.json(about), indent=1) + "\n")
    except KeyboardInterrupt:
        say("stopped")
        return 130
    except (Wrong, OSError) as problem:
        say(f"bench: {in_a_line(problem)}")
        return 1
    finally:
        if place:
            place.close()
        if output:
            output.close()
    return 1 if results.voids else 0


if __name__ == "__main__":
    sys.exit(main())
