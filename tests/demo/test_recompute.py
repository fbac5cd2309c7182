# SPDX-License-Identifier: Apache-2.0
"""The demo's last check can fail: each kind of wrong figure is found."""
import copy
import json
import os
import tempfile
import unittest
from fractions import Fraction

from figures import Figures
from recompute import differences, rounded

CATALOGUE = {"A1": ("count", "sum"), "B1": ("count", "sum"), "D1": ("date", "max"),
             "G1": ("decimal", "average_min_max"), "R1": ("percent", "ratio_of_sums(A1,B1)")}
FORMS = ({"A1": "3", "B1": "4", "D1": "2025-01-02", "G1": "60.50"},
         {"A1": "1", "B1": "2", "D1": "2025-03-01", "G1": "70.25"}, {"A1": "5"})


def row(rule, value, reported):
    return {"rule": rule, "value": value, "reported": reported, "missing": 0}


ROLLUP = {"counts": {"received": 3}, "indicators": {
    "A1": row("sum", "9", 3), "B1": row("sum", "6", 2), "D1": row("max", "2025-03-01", 2),
    "G1": row("average_min_max", {"average": "65.38", "min": "60.50", "max": "70.25"}, 2),
    "R1": row("ratio_of_sums", "66.67", 2)}}


class Recompute(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.paths = []
        for i, values in enumerate(FORMS):
            self.paths.append(os.path.join(self.folder.name, f"{i}.json"))
            with open(self.paths[-1], "w", encoding="utf-8") as file:
                json.dump({"values": values}, file)

    def tearDown(self):
        self.folder.cleanup()

    def found(self, change):
        rollup = copy.deepcopy(ROLLUP)
        change(rollup)
        return differences(CATALOGUE, rollup, self.paths)[1]

    def test_right_totals_have_no_differences(self):
        self.assertEqual(self.found(lambda r: None), [])

    def test_each_wrong_figure_is_found(self):
        for code, value in (("A1", "8"), ("D1", "2025-01-02"), ("R1", "66.66"), ("B1", None)):
            with self.subTest(code=code):
                self.assertTrue(self.found(lambda r: r["indicators"][code].update(value=value)))
        self.assertTrue(self.found(lambda r: r["indicators"]["G1"]["value"].update(min="60.51")))

    def test_a_wrong_count_is_found(self):
        self.assertTrue(self.found(lambda r: r["counts"].update(received=2)))
        self.assertTrue(self.found(lambda r: r["indicators"]["A1"].update(reported=2)))

    def test_a_figure_that_is_left_out_is_found(self):
        self.assertTrue(self.found(lambda r: r["indicators"].pop("B1")))

    def test_rounds_half_away_from_zero(self):
        self.assertEqual([rounded(Fraction(*f)) for f in ((1, 200), (-1, 200), (1, 3), (-1, 900))],
                         ["0.01", "-0.01", "0.33", "0.00"])

    def test_the_same_seed_gives_the_same_figures(self):
        self.assertEqual(Figures("s", "23734", True).period(), Figures("s", "23734", True).period())
        self.assertNotEqual(Figures("s", "1", True).period(), Figures("t", "1", True).period())


if __name__ == "__main__":
    unittest.main()
