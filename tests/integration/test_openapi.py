#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/openapi.yaml against the answers of a year's store: each path answers, each answer has the
fields that are described and no other. test_openapi.py --bin FOLDER --year FOLDER"""
import argparse
import collections
import os
import shutil
import subprocess
import sys
import tempfile

import yaml
from jsonschema import Draft202012Validator

from http_case import API, Case, HALF, OBLIGATION, PLAN, YEAR

HERE = os.path.dirname(os.path.abspath(__file__))
MOMENTS = ("", "as_of=2025-04-27", "as_of=2025-05-10", "position=500", "as_of=2025-10-16")
PARTS = ("", "unit=627", "branch=bodies", "unit=23557&branch=communes")
NAMES = {"plan": PLAN, "obligation": HALF, "unit": "23557"}
EXTRA = {"narrative": "indicator=TX01"}
# Of these nobody is expected by a day; of the first a unit may send several reports.
UNPLANNED, UNDATED, FILER = "O-002-3-ADHOC", "O-002-3-H1", "64-snv"


class Description:
    def __init__(self):
        with open(os.path.join(HERE, "..", "..", "docs", "openapi.yaml"), encoding="utf-8") as file:
            self.document = yaml.safe_load(file)
        self.checked = collections.Counter()

    def validate(self, name, value):
        schema = {"$ref": f"#/components/schemas/{name}",
                  "components": self.document["components"]}
        Draft202012Validator.check_schema(schema)
        for error in Draft202012Validator(schema).iter_errors(value):
            sys.exit(f"{name}: {list(error.absolute_path)}: {error.message[:300]}")
        self.checked[name] += 1

    def content(self, path):
        """(media type, name of the schema or None) of a path's answer."""
        content = self.document["paths"][path]["get"]["responses"]["200"]["content"]
        (kind, what), = content.items()
        return kind, what["schema"].get("$ref", "/").rpartition("/")[2] or None

    def takes(self, path, name):
        return any(item["$ref"].endswith("/" + name)
                   for item in self.document["paths"][path]["get"].get("parameters", []))


def questions(description, path):
    """Targets of a documented path, in all moments and parts that it takes."""
    target = path.format(**NAMES)
    parts = PARTS if description.takes(path, "branch") else ("",)
    moments = MOMENTS if description.takes(path, "as_of") else ("",)
    extra = EXTRA.get(path.rpartition("/")[2], "")
    for part in parts:
        for moment in moments:
            words = "&".join(word for word in (part, moment, extra) if word)
            yield target + ("?" + words if words else "")


def enter(case, obligation, number, value):
    """A report that the year does not have, before the daemon holds the store."""
    form = os.path.join(case.root, f"{obligation}-{number}.yaml")
    base = [case.aggregator, "enter", case.store, form, "--unit", FILER]
    about = ["--plan", PLAN, "--obligation", obligation]
    subprocess.run(base + about + ["--template"], check=True, stdout=subprocess.DEVNULL)
    with open(form, encoding="utf-8") as file:
        text = file.read()
    with open(form, "w", encoding="utf-8") as file:
        file.write(text.replace("\nvalues:\n", f"\nvalues:\n  TCD01: {value}\n", 1)
                   .replace("\nnumber:\n", f"\nnumber: {number}\n"))
    subprocess.run(base + about + ["--on-behalf", "--operator", "A", "--reference", "1/BC"],
                   check=True, stdout=subprocess.DEVNULL)


def check_path(case, description, path):
    if path == f"{API}/events":
        assert case.get(path, method="HEAD").fields["content-type"].startswith("text/event-stream")
        return
    kind, name = description.content(path)
    good = 0
    for target in questions(description, path):
        answer = case.get(target)
        if answer.code != 200:  # not yet at that moment
            description.validate("Problem", answer.json())
            continue
        good += 1
        assert answer.fields["content-type"].startswith(kind), (target, answer.fields)
        assert ("etag" in answer.fields) == \
            ("304" in description.document["paths"][path]["get"]["responses"]), target
        if name is not None:
            description.validate(name, answer.json())
    assert good > 0, path


def check_widely(case, description):
    """What one unit and one obligation do not show."""
    plan = case.ask(f"{API}/plans/{PLAN}")
    units = [line["unit"] for line in case.ask(f"{API}/units")["units"]]
    for unit in units[::7]:
        description.validate("Unit", case.ask(f"{API}/units/{unit}"))
    for obligation in (o["id"] for o in plan["obligations"]):
        base = f"{API}/plans/{PLAN}/obligations/{obligation}"
        description.validate("Obligation", case.ask(base))
        for name, schema in (("standing", "Standing"), ("rollup", "Rollup"), ("page", "Page"),
                             ("chasing", "Chasing"), ("spread", "Spread"), ("models", "Models"),
                             ("arrivals", "Arrivals"), ("closings", "Closings"),
                             ("narrative?indicator=TX01", "Narrative"),
                             ("differences", "Differences")):
            answer = case.get(f"{base}/{name}")
            assert answer.code == 200 or name == "differences", (base, name, answer.body)
            description.validate(schema if answer.code == 200 else "Problem", answer.json())
    for obligation in (HALF, YEAR):
        for unit in units[::5]:
            answer = case.get(f"{API}/plans/{PLAN}/obligations/{obligation}/reports/{unit}")
            description.validate("Report" if answer.code == 200 else "Problem", answer.json())
    for obligation, extra in ((UNPLANNED, "?number=2"), (UNDATED, "")):
        base = f"{API}/plans/{PLAN}/obligations/{obligation}"
        description.validate("Report", case.ask(f"{base}/reports/{FILER}{extra}"))
        which = case.get(f"{base}/reports/{FILER}")
        assert which.code == (400 if extra else 200), which.body
        assert not extra or which.json()["code"] == "ambiguous", which.body
        for name, schema in (("narrative?indicator=TX01&", "Narrative"), ("models?", "Models")):
            description.validate(schema, case.ask(f"{base}/{name}number=1"))
        lines = case.ask(f"{base}/page?indicators=TCD01")["units"]
        assert [line["values"] for line in lines] == ([["12"], ["30"]] if extra else [["5"]]), lines
    for word in ("missing", "late", "on_time"):
        description.validate("Standing", case.ask(f"{OBLIGATION}/standing?standing={word}&limit=2"))
    description.validate("Standing", case.ask(f"{OBLIGATION}/standing?brief=1"))
    for target in ("/api/v1/x", f"{OBLIGATION}/rollup?x=1", f"{API}/plans/none"):
        description.validate("Problem", case.get(target).json())
    description.validate("Problem", case.send(b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\n").json())


def check_that_it_can_fail(case, description):
    """A field that is not described, or not there, is seen."""
    good = case.ask(f"{OBLIGATION}/standing?brief=1")
    for bad in ({**good, "new": 1}, {k: v for k, v in good.items() if k != "counts"},
                {**good, "position": "5"}, {**good, "as_of": "2025-05-10"}):
        try:
            description.validate("Standing", bad)
        except SystemExit:
            continue
        sys.exit(f"taken: {bad}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    parser.add_argument("--year", required=True, help="what demo.py made")
    arguments = parser.parse_args()
    root = tempfile.mkdtemp(prefix="tonghop-openapi-")
    case = Case(arguments.bin, arguments.year, root)
    description = Description()
    try:
        with open(os.path.join(case.store, "contacts.csv"), "w", encoding="utf-8") as file:
            file.write("unit,name,phone\n23557,Nguyễn Văn A,0900000000\n")
        for what in ((UNPLANNED, 1, 12), (UNPLANNED, 2, 30), (UNDATED, 0, 5)):
            enter(case, *what)
        case.start()
        for path in description.document["paths"]:
            check_path(case, description, path)
        check_widely(case, description)
        check_that_it_can_fail(case, description)
        case.stop()
    finally:
        if case.process is not None:
            case.process.kill()
        shutil.rmtree(root)
    unused = [name for name in ("Store", "Plans", "Plan", "Units", "Unit", "Obligation", "Standing",
                                "Chasing", "Rollup", "Page", "Spread", "Arrivals", "Report",
                                "Narrative", "Models", "Closings", "Differences", "Problem")
              if description.checked[name] == 0]
    assert not unused, unused
    print(f"openapi: {sum(description.checked.values())} answers are as described")


if __name__ == "__main__":
    sys.exit(main())
