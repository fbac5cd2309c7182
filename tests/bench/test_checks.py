#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""That the benchmark's checks can fail: test_checks.py --build build. Exit 1: one did not."""

import argparse
import pathlib
import struct
import sys
import tempfile

import state
from bench import SMOKE, Output, run_row
from checks import (must_be_answered, must_be_asked, must_be_taken, must_have_receipts,
                    must_keep_up)
from figures import FIGURES
from peers import missing_peers, must_be_kept
from place import Place, Wrong, check_figure
from postgres import Cluster
from postgres_same import SAME
from rows import ROWS, Row
from servers import Nats
from table import Results, machine

FRAMES = 200


def must_fail(what, check, *arguments):
    try:
        check(*arguments)
    except Wrong:
        return
    raise AssertionError(f"{what}: nothing was found")


def stores_are_compared(place):
    place.generate(3, 30, 10, [("single", FRAMES, 1)])
    store = place.empty("core")
    result = place.json("core_store", place.work, "single", store, 64, 0)
    must_be_taken(result)
    place.check_store(store, "single")
    must_fail("a report more", place.check_store, store, "single", FRAMES - 1)
    lines = place.expected("single")
    lines[3] = lines[3].replace("VB01:", "VB01:1")
    must_fail("another figure", place.check_store, store, "single")
    lost = dict(result, accepted=result["accepted"] - 1)
    must_fail("a report less", must_be_taken, lost)
    must_fail("a report refused", must_be_taken, dict(result, wrong=1))
    must_be_answered(result, FRAMES)
    must_fail("an answer less", must_be_answered, dict(result, answers=FRAMES - 1), FRAMES)


def receipts_are_counted():
    good = {"frames": 312, "receipted": 312, "samples": 64}
    must_have_receipts(good)
    must_have_receipts({"frames": 8, "receipted": 8, "samples": 8})
    for key, value in (("receipted", 311), ("receipted", 0), ("samples", 0), ("samples", 63)):
        must_fail(f"{key} {value}", must_have_receipts, dict(good, **{key: value}))
    must_fail("nothing at all", must_have_receipts, {"frames": 0, "receipted": 0, "samples": 0})


def rates_are_looked_at():
    must_be_asked(199.3, 100)
    must_fail("few questions", must_be_asked, 99, 100)
    must_keep_up({"reports": 60000, "seconds": 3.1}, 20000)
    must_fail("reports that pile up", must_keep_up, {"reports": 60000, "seconds": 5}, 20000)


def a_row_that_fails_is_void():
    """And no other one; what was measured before is told."""
    def fail(place, sizes):
        raise AssertionError("run: exit 1\nbecause")
    good, bad = Row("good", "", lambda place, sizes: {"rate": 7}), Row("bad", "", fail)
    results = Results([bad, good])
    for row in (bad, good):
        run_row(row, None, None, results, 0)
    assert results.found == {"good": {0: {"rate": 7}}}
    assert results.voids["bad"].startswith("AssertionError: run: exit 1 because (")


def rows_that_were_asked_for_are_told(place):
    ours, theirs = ([row for row in ROWS if row.name == name][0]
                    for name in ("replay", "postgres_recompute"))
    results = Results(ROWS, [ours.name])
    results.add(ours, 0, {"rate": 9})
    table = results.table(machine(place, SMOKE, 1), SMOKE)
    assert "replay_vs_postgres" in table and ours.title in table
    assert theirs.title not in table and "ack_p99_ms_10k" not in table


def the_large_store_is_made_once(place):
    class Sizes:
        provinces, communes, large = 0, 0, 0  # none can be made of these
    for _ in range(2):
        must_fail("no large store", state.large_store, place, Sizes)
    assert place.large.startswith("the large store: make_workload: exit ")


def an_output_comes_at_once(folder):
    path = folder / "figures.json"
    path.write_text("old")
    Output(path).close()
    assert path.read_text() == "old" and len(list(folder.iterdir())) == 1
    output = Output(path)
    output.write("new")
    output.close()
    assert path.read_text() == "new" and len(list(folder.iterdir())) == 1
    try:
        Output(folder / "nowhere" / "x")
    except OSError:
        return
    raise AssertionError("a file in a folder that is not there")


def sums_of_peers_are_compared(place):
    folder = place.empty("peer")
    good = place.run("recompute", place.work, "single", FRAMES, "sums")
    (folder / "rollups").write_text(good)
    place.check_sums(folder, "single", FRAMES)
    obligation, unit, received, total, rest = good.split(" ", 4)
    for what, bad in (("a doubled sum", [obligation, unit, received, str(2 * int(total)), rest]),
                      ("a report more", [obligation, unit, str(int(received) + 1), total, rest])):
        (folder / "rollups").write_text(" ".join(bad))
        must_fail(what, place.check_sums, folder, "single", FRAMES)
    (folder / "rollups").write_text(good[:good.rindex("O-")])
    must_fail("a row less", place.check_sums, folder, "single", FRAMES)


def work_of_peers_is_compared(place):
    folder = place.empty("peer")
    good = place.run("recompute", place.work, "single", FRAMES, "same")
    first, rest = good.split("\n", 1)
    words = first.split(" ")
    # Two names; received, on time, late, texts; then the figures: see recompute.c.
    last = len(words) - 1
    for what, at in (("a report on time", 3), ("a report late", 4), ("a text", 5),
                     ("a date that is the latest", 15), ("its unit", 16), ("a least", last - 9),
                     ("its unit", last - 8), ("a most", last - 7), ("its unit", last - 6),
                     ("a denominator", last)):
        bad = [*words[:at], str(int(words[at]) + 1), *words[at + 1:]]
        (folder / "rollups").write_text(" ".join(bad) + "\n" + rest)
        must_fail(what, place.check_sums, folder, "single", FRAMES, "same")
    (folder / "rollups").write_text(good)
    place.check_sums(folder, "single", FRAMES, "same")


SPOILED = (("VB01 is not VB02 + VB03", 6, 1), ("a figure that is 0 or 1", 9, 2),
           ("a date before all dates", 10, -60000), ("a revision left out", 2, 1))


def peers_refuse(place):
    """Those that do the same work, when a report breaks a rule or leaves out a revision."""
    missing = missing_peers(place)
    if "sqlite" not in missing:
        spoiled_is_refused(place, lambda: place.json("peer_sqlite_same", place.work, "single",
                                                     place.empty("peer"), 64))
    if "postgres" in missing:
        return
    with Cluster(place, SAME) as cluster:
        def feed():
            cluster.sql("TRUNCATE journal, report, rollup;")
            return place.json("peer_postgres", place.work, "single", cluster.conninfo, "same",
                              64, 2)
        spoiled_is_refused(place, feed)


def spoiled_is_refused(place, feed):
    facts = place.work / "single.facts"
    good = facts.read_bytes()
    must_be_taken(feed())
    for what, at, by in SPOILED:
        facts.write_bytes(spoil(good, at, by))
        result = feed()
        must_fail(what, must_be_taken, result)
        assert result["wrong"] == 1, (what, result)
    facts.write_bytes(good)


def spoil(facts, at, by):
    """The newest report of one that never came twice, with all figures that rules look at: its
    number `at` (struct bench_fact) is another one."""
    form = struct.Struct("<6I20q")
    rows = [list(row) for row in form.iter_unpack(facts)]
    by_unit = {}
    for row in rows:
        by_unit.setdefault((row[0], row[1]), []).append(row)
    newest = next(sent[-1] for sent in reversed(by_unit.values())
                  if sent[-1][3] & 0x1F == 0x1F and len({row[2] for row in sent}) == len(sent))
    newest[at] += by
    return b"".join(form.pack(*row) for row in rows)


def messages_of_nats_are_counted(place):
    distinct = place.distinct("single", FRAMES)
    assert distinct == int(place.run("recompute", place.work, "single", 0, "keys")) < FRAMES
    good = {"accepted": distinct - 10, "preloaded": 10, "stored": distinct, "samples": 5,
            "samples_wrong": 0}
    must_be_kept(good, distinct)
    for key, value in (("stored", distinct - 1), ("stored", distinct + 1),
                       ("accepted", distinct - 11), ("samples_wrong", 1), ("samples", 0)):
        must_fail(f"{key} {value}", must_be_kept, dict(good, **{key: value}), distinct)
    if "nats" in missing_peers(place):
        return
    with Nats(place) as server:
        result = place.json("peer_nats", place.work, "single", server.url, 16, FRAMES - 20, 0)
    must_be_kept(result, place.distinct("single", FRAMES - 20))
    must_fail("messages that were never sent", must_be_kept, result, distinct)


def medians_are_of_repetitions():
    rows = {row.name: row for row in ROWS}
    figure = next(figure for figure in FIGURES if figure.key == "network_vs_nats")
    results = Results(ROWS)
    for repetition, (ours, theirs) in enumerate(((30, 10), (80, 10), (10, 100))):
        results.add(rows["network_bundle"], repetition, {"rate": ours})
        results.add(rows["nats"], repetition, {"rate": theirs})
    assert results.figure(figure) == 3 and figure.is_met(3) and not figure.is_met(1.4)
    results.void(rows["nats"], "because")
    assert results.figure(figure) is None and "because" in results.json({})["missing"][figure.key]


def figures_are_compared():
    good = {"VB01": {"rule": "sum", "value": "12", "reported": 3},
            "DT06": {"rule": "ratio_of_sums", "value": "66.67", "reported": 2},
            "DG01": {"rule": "average_min_max", "reported": 2,
                     "value": {"average": "50.01", "min": "50.00", "max": "50.01"}}}
    for figure in ("VB01:3:12", "DT06:2:2,3", "DG01:2:10001,5000,5001"):
        check_figure(good, figure)
    for figure in ("VB01:2:12", "VB01:3:13", "DT06:2:1,3", "DG01:2:10003,5000,5001"):
        must_fail(figure, check_figure, good, figure)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    build = parser.parse_args().build
    figures_are_compared()
    receipts_are_counted()
    rates_are_looked_at()
    a_row_that_fails_is_void()
    medians_are_of_repetitions()
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder).chmod(0o755)  # PostgreSQL's user has to get into it
        place = Place(pathlib.Path(folder) / "place", build)
        try:
            an_output_comes_at_once(place.empty("output"))
            stores_are_compared(place)
            rows_that_were_asked_for_are_told(place)
            the_large_store_is_made_once(place)
            sums_of_peers_are_compared(place)
            work_of_peers_is_compared(place)
            peers_refuse(place)
            messages_of_nats_are_counted(place)
        finally:
            place.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
