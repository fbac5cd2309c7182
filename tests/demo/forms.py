# SPDX-License-Identifier: Apache-2.0
"""Fills in the templates that tonghop-node writes, as an officer would: YAML, JSON or CSV."""
import csv
import io
import json
import re


def fill_yaml(template, values, texts, estimated, estimated_to):
    filled = []
    for line in template.splitlines():
        figure = re.match(r"  ([A-Z]+\d+):  #", line)
        text = re.match(r"  ([A-Z]+\d+):  #", line)
        if figure and figure.group(1) in values:
            line = line.replace(":  #", f": {values[figure.group(1)]}  #", 1)
        elif text and text.group(1) in texts:
            line = f"  {text.group(1)}: |\n    {texts[text.group(1)]}"
        elif line == "estimated:" and estimated:
            line = f"estimated: [{', '.join(estimated)}]"
        elif line == "estimated_to:" and estimated:
            line = f"estimated_to: {estimated_to}"
        filled.append(line)
    return "\n".join(filled) + "\n"


def fill_json(template, values, texts, estimated, estimated_to):
    form = json.loads(template)
    for code in form["values"]:
        if code in values:
            form["values"][code] = values[code]
    for code in form.get("sections", {}):
        form["sections"][code] = texts.get(code)
    if estimated:
        form["estimated"], form["estimated_to"] = estimated, estimated_to
    return json.dumps(form, ensure_ascii=False, indent=2) + "\n"


def vietnamese(text):
    """1234567.5 as a Vietnamese spreadsheet shows it: 1.234.567,5."""
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        return text
    whole, _, decimals = text.partition(".")
    grouped = re.sub(r"(?<=\d)(?=(\d{3})+$)", ".", whole)
    return f"{grouped},{decimals}" if decimals else grouped


def fill_csv(template, values, texts, estimated, estimated_to):
    rows = list(csv.reader(io.StringIO(template.lstrip("\ufeff"), newline=""), delimiter=";"))
    for row in rows:
        if row[0] in values:
            row[3] = vietnamese(values[row[0]])
            row[4] = "x" if row[0] in estimated else ""
        elif row[0] in texts:
            row[3] = texts[row[0]]
        elif row[0] == "#estimated_to" and estimated:
            row[3] = estimated_to
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerows(rows)
    return "\ufeff" + out.getvalue()


FILL = {"yaml": fill_yaml, "json": fill_json, "csv": fill_csv}
