#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A workbook form with the real programs: filled in by programs that did not write it, it is the
same report, byte for byte, as the YAML form with the same figures; what is wrong is named by its
cell. test_xlsx.py [--bin build/bin] [--office]

--office: what LibreOffice saved. Exit 0: everything holds; 1: something does not; 77: --office
without LibreOffice.
"""

import argparse
import datetime
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile

import openpyxl

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "fault"))
from province import OBLIGATION, PLAN, Province  # noqa: E402
from figures import Figures  # noqa: E402  (province.py knows where)
from forms import fill_yaml  # noqa: E402

ESTIMATED, ESTIMATED_TO = ["TCD04", "HC02"], "2025-06-30"
OFFICE_SECONDS = 240
DATA, CONFIG = 65, 78


def same(found, expected, what):
    if found != expected:
        raise AssertionError(f"{what}: found {found!r}, expected {expected!r}")


def number_or_day(text):
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return datetime.datetime.fromisoformat(text)
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    return float(text) if re.fullmatch(r"-?\d+\.\d+", text) else text


def fill_with_openpyxl(path, values, texts, estimated, to):
    book = openpyxl.load_workbook(path)
    sheet = book["Số liệu"]
    for row in range(1, sheet.max_row + 1):
        code = sheet.cell(row, 1).value
        if code in values:
            sheet.cell(row, 5).value = number_or_day(values[code])
            if code in estimated:
                sheet.cell(row, 6).value = "x"
    if "Thuyết minh" in book.sheetnames:
        sheet = book["Thuyết minh"]
        for row in range(1, sheet.max_row + 1):
            if sheet.cell(row, 1).value in texts:
                sheet.cell(row, 3).value = texts[sheet.cell(row, 1).value]
    general = book["Thông tin chung"]
    for row in range(1, general.max_row + 1):
        if general.cell(row, 1).value == "#estimated_to" and estimated:
            general.cell(row, 3).value = number_or_day(to)
    book.save(path)


def edit(path, part, change):
    """One part of the file as text, changed."""
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    parts[part] = change(parts[part].decode()).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in parts.items():
            new.writestr(name, content)


class Case:
    def __init__(self, folder, bin_folder):
        self.folder = pathlib.Path(folder)
        self.province = Province(folder, bin_folder, "xlsx", 4)
        self.province.found()
        self.count = 0

    def figures_of(self, unit):
        maker = Figures("xlsx", unit, self.province.is_commune(unit))
        return maker.period(), maker.texts()

    def try_node(self, command, unit, *words):
        done = self.province.try_nodes([(command, self.province.home(unit), *words)])[0]
        out = (done.stdout + done.stderr).decode()
        same("dừng giữa chừng" in out, False, out)  # a crash would pass for a refusal
        return done

    def blank(self, unit):
        self.count += 1
        path = self.folder / f"bieu-{self.count}.xlsx"
        self.province.node("template", self.province.home(unit), "--plan", PLAN, "--obligation",
                           OBLIGATION, "--xlsx", "--out", path)
        return path

    def submit(self, unit, path, expect=0):
        done = self.try_node("submit", unit, path, "--json")
        answer = done.stdout.decode()
        same(done.returncode, expect, f"submit {path}: {answer}{done.stderr.decode()}")
        return json.loads(answer)[0]

    def filled(self, unit):
        """A workbook, and the YAML form that says the same."""
        values, texts = self.figures_of(unit)
        plain = self.folder / f"{unit}.yaml"
        template = self.province.template(unit, "yaml")
        estimated = [code for code in ESTIMATED if f"\n  {code}:" in template]
        plain.write_text(fill_yaml(template, values, texts, estimated, ESTIMATED_TO))
        book = self.blank(unit)
        fill_with_openpyxl(book, values, texts, estimated, ESTIMATED_TO)
        return book, plain


def a_filled_workbook_is_the_same_report_as_its_yaml(case, through=lambda path: path):
    for unit in case.province.units:
        book, plain = case.filled(unit)
        same(case.submit(unit, plain)["outcome"], "queued", "the YAML form")
        answer = case.submit(unit, through(book))
        same(answer["outcome"], "same", f"the workbook of {unit}")


def it_travels_and_has_a_receipt(case):
    unit = case.province.units[0]
    book = case.blank(unit)
    values, texts = case.figures_of(unit)
    fill_with_openpyxl(book, values, texts, [], "")

    opened = openpyxl.load_workbook(book)
    general = opened["Thông tin chung"]
    for row in range(1, general.max_row + 1):
        if general.cell(row, 1).value == "#revision":
            general.cell(row, 3).value = 2
    opened.save(book)
    same(case.submit(unit, book)["outcome"], "queued", "the correction")
    case.province.daemon.start()
    case.province.deliver([unit])
    items = case.province.items(unit)
    same([item["state"] for item in items], ["received", "received"], "states")
    receipt = case.province.receipt(unit, items[-1]["id"])
    same(receipt.startswith("c2sp.org/tlog-proof@v1"), True, receipt[:60])
    case.province.daemon.stop()
    path = case.folder / "bien-nhan.txt"
    path.write_text(receipt)
    words = ["receipt", "--verify", path, "--server", case.province.server, "--report", book]
    case.province.node(*words)
    alone = shutil.copy2(case.province.node_program, case.folder)  # without the other program
    done = subprocess.run([alone, *words], capture_output=True, text=True, check=False)
    same(done.returncode, CONFIG, "exit code without the other program")
    same(("libexec" in done.stderr, "đúng đơn vị" in done.stderr), (True, False), done.stderr)


def bad_cells_are_named(case):
    unit = case.province.units[0]
    path = case.blank(unit)
    book = openpyxl.load_workbook(path)
    sheet = book["Số liệu"]
    rows = {sheet.cell(row, 1).value: row for row in range(1, sheet.max_row + 1)}
    sheet.cell(rows["VB01"], 5).value = "12 văn bản"
    sheet.cell(rows["VB02"], 5).value = "1.234"
    sheet.cell(rows["VB03"], 5).value = 1.5
    sheet.cell(rows["HC02"], 5).value = "=1+1"  # saved by a program that computes nothing
    book.save(path)
    done = case.try_node("check", unit, path, "--json")
    same(done.returncode, DATA, "exit code")
    answer = json.loads(done.stdout)
    problems = (answer[0] if isinstance(answer, list) else answer)["problems"]
    same(sorted(p["cell"] for p in problems),
         sorted(f"Số liệu!E{rows[code]}" for code in ("VB01", "VB02", "VB03", "HC02")), "cells")
    done = case.try_node("submit", unit, path)
    same(f"{path}:Số liệu!E{rows['VB01']}: lỗi: " in done.stderr.decode(), True,
         done.stderr.decode())


def a_broken_rule_names_the_cell(case):
    unit = case.province.units[0]
    path = case.blank(unit)
    book = openpyxl.load_workbook(path)
    sheet = book["Số liệu"]
    rows = {sheet.cell(row, 1).value: row for row in range(1, sheet.max_row + 1)}
    for code, value in (("VB01", 9), ("VB02", 1), ("VB03", 1)):
        sheet.cell(rows[code], 5).value = value
    book.save(path)
    done = case.try_node("check", unit, path)
    same(done.returncode, DATA, "exit code")
    out = done.stdout.decode() + done.stderr.decode()
    same(f"{path}:Số liệu!E{rows['VB01']}: lỗi [R40]" in out, True, out)


def forms_of_others_and_files_that_are_none_are_refused(case):
    one, other = case.province.units[:2]
    path = case.blank(other)
    done = case.try_node("check", one, path)
    same("biểu này của đơn vị khác" in (done.stdout + done.stderr).decode(), True, "other unit")
    edit(path, "xl/workbook.xml", lambda text: text.replace('"tonghop"', '"khac"'))
    done = case.try_node("check", one, path)
    same("không phải là biểu của chương trình" in (done.stdout + done.stderr).decode(), True, "none")
    path.write_bytes(path.read_bytes()[:-100])
    done = case.try_node("check", one, path)
    same(done.returncode, DATA, "a file that was cut")


def in_libreoffice(folder):
    def convert(path):
        out = pathlib.Path(folder) / "saved"
        subprocess.run(["soffice", f"-env:UserInstallation=file://{folder}/office", "--headless",
                        "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(out),
                        str(path)], check=True, timeout=OFFICE_SECONDS,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return out / path.name
    return convert


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bin", default="build/bin")
    parser.add_argument("--office", action="store_true")
    options = parser.parse_args()
    if options.office and shutil.which("soffice") is None:
        print("không có LibreOffice (soffice): bỏ qua")
        return 77
    with tempfile.TemporaryDirectory(prefix="tonghop-xlsx-") as folder:
        case = Case(folder, options.bin)
        if options.office:
            a_filled_workbook_is_the_same_report_as_its_yaml(case, in_libreoffice(folder))
            print("a_filled_workbook_is_the_same_report_as_its_yaml, saved by LibreOffice")
            return 0
        for check in (a_filled_workbook_is_the_same_report_as_its_yaml,
                      it_travels_and_has_a_receipt, bad_cells_are_named,
                      a_broken_rule_names_the_cell,
                      forms_of_others_and_files_that_are_none_are_refused):
            check(case)
            print(check.__name__)
    return 0


if __name__ == "__main__":
    sys.exit(main())
