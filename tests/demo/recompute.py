# SPDX-License-Identifier: Apache-2.0
"""The totals again, from the submitted files alone: no code shared with the programs.

Reads the forms that were accepted last (YAML, JSON or CSV as people write them) and the catalogue,
and adds up in whole numbers and fractions.
"""
import csv
import json
import re
from decimal import Decimal
from fractions import Fraction


def read_catalogue(path):
    """code -> (type, up). One indicator stands on one line of the file."""
    catalogue = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            match = re.match(r'\s*- \{no: \d+, code: (\w+),.* type: (\w+),', line)
            if match:
                quoted, plain = re.search(r' up: (?:"([^"]+)"|(\w+))', line).groups()
                catalogue[match.group(1)] = (match.group(2), quoted or plain)
    return catalogue


def read_form(path):
    """code -> text as written, in plain decimal; texts are left out."""
    if path.endswith(".json"):
        with open(path, encoding="utf-8") as file:
            return {c: str(v) for c, v in json.load(file)["values"].items() if v is not None}
    values = {}
    if path.endswith(".csv"):
        with open(path, encoding="utf-8-sig", newline="") as file:
            for row in csv.reader(file, delimiter=";"):
                if re.fullmatch(r"[A-Z]+\d+", row[0]) and row[3]:
                    values[row[0]] = row[3] if re.match(r"\d+-", row[3]) else \
                        row[3].replace(".", "").replace(",", ".")
        return values
    with open(path, encoding="utf-8") as file:
        part = file.read().split("\nvalues:\n")[1]
    for line in part.splitlines():
        if re.match(r"\S", line) and not line.startswith("#"):
            break
        match = re.match(r"  ([A-Z]+\d+): +([^#\s][^#]*)", line)
        if match:
            values[match.group(1)] = match.group(2).strip().strip('"')
    return values


def rounded(fraction):
    """Two decimals, half away from zero, once."""
    exact = fraction * 100
    whole = (abs(exact.numerator) * 2 // exact.denominator + 1) // 2
    sign = "-" if fraction < 0 and whole else ""
    return f"{sign}{whole // 100}.{whole % 100:02}"


def terms(text):
    return re.findall(r"[A-Z]+\d+", text)


def total(catalogue, code, forms):
    """The value of one indicator over all forms, as rollup --json writes it."""
    kind, up = catalogue[code]
    if up.startswith("ratio_of_sums"):
        numerator, denominator = (terms(part) for part in up[len("ratio_of_sums("):-1].split(","))
        having = [f for f in forms if all(t in f for t in numerator + denominator)]
        bottom = sum(Fraction(f[t]) for f in having for t in denominator)
        top = sum(Fraction(f[t]) for f in having for t in numerator)
        factor = 100 if kind == "percent" else 1
        return len(having), rounded(top * factor / bottom) if having and bottom else None
    given = [f[code] for f in forms if code in f]
    if not given:
        return 0, None
    if up == "max":
        return len(given), max(given)
    numbers = [Decimal(text) for text in given]
    if up == "average_min_max":
        scale = max(-n.as_tuple().exponent for n in numbers)
        mean = rounded(sum(Fraction(n) for n in numbers) / len(numbers))
        return len(given), {"average": mean, "min": f"{min(numbers):.{scale}f}",
                            "max": f"{max(numbers):.{scale}f}"}
    return len(given), str(sum(numbers))


def differences(catalogue, rollup, paths):
    """What is different between a rollup's JSON and the files: a list of sentences."""
    forms = [read_form(path) for path in paths]
    found = []
    if rollup["counts"]["received"] != len(forms):
        found.append(f"received: {rollup['counts']['received']}, files: {len(forms)}")
    checked = 0
    for code, row in rollup["indicators"].items():
        if catalogue[code][0] == "text" or row["rule"] == "concat":
            continue
        reported, value = total(catalogue, code, forms)
        checked += 1
        if reported != row["reported"]:
            found.append(f"{code}: reported {row['reported']}, files {reported}")
        if not same(value, row["value"]):
            found.append(f"{code}: {row['value']}, files {value}")
    for code in {c for form in forms for c in form} - set(rollup["indicators"]):
        found.append(f"{code}: in the files, not in the rollup")
    return checked, found


def same(mine, theirs):
    if isinstance(mine, dict) and isinstance(theirs, dict):
        return all(same(mine[k], theirs.get(k)) for k in mine)
    if mine is None or theirs is None:
        return mine is theirs
    if re.match(r"\d{4}-\d\d-\d\d$", mine):
        return mine == theirs
    return Decimal(mine) == Decimal(theirs)
