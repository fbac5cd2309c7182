#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""That the benchmark's checks can fail: test_checks.py --build build. Exit 1: one did not."""

import argparse
import pathlib
import sys
import tempfile

from place import Place, Wrong, check_figure
from rows import must_be_taken

FRAMES = 200


def must_fail(what, check, *arguments):
    try:
        check(*arguments)
    except Wrong:
        return
    raise AssertionError(f"{what}: nothing was found")


def stores_are_compared(place):
    place.generate(1, 3, 30, 10, [("single", FRAMES, 1)])
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
    with tempfile.TemporaryDirectory() as folder:
        place = Place(pathlib.Path(folder) / "place", build)
        try:
            stores_are_compared(place)
        finally:
            place.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
