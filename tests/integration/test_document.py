#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Documents of a province's rehearsed year, read back with programs that did not write them: each
figure of the workbook, the table and the report is the one that rollup, page and standing say.
test_document.py --bin FOLDER"""
import argparse
import csv
import datetime
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
import zipfile
from decimal import Decimal

PLAN = "gialai-2025"
HERE = os.path.dirname(os.path.abspath(__file__))
OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
HEAD_ROWS = 5  # of a sheet, its headings among them


def run(*command, expect=0, text=True):
    done = subprocess.run(command, capture_output=True, text=text, check=False)
    if done.returncode != expect:
        sys.exit(f"{' '.join(command)}\nexit {done.returncode}, not {expect}\n"
                 f"{done.stdout[:2000]}{done.stderr}")
    return done.stdout


def grouped(plain):
    """1378 as 1.378, 3162.67 as 3.162,67."""
    whole, _, decimals = plain.partition(".")
    text = f"{int(whole):,}".replace(",", ".")
    return text + ("," + decimals if decimals else "")


def spoken_day(day):
    year, month, date = day.split("-")
    return f"{date}/{month if int(month) < 3 else int(month)}/{year}"


class Documents:
    def __init__(self, folder, store, where):
        self.aggregator = os.path.join(folder, "tonghop-aggregator")
        self.store, self.where = store, where
        self.checked = 0

    def ask(self, command, *arguments):
        return json.loads(run(self.aggregator, command, self.store, "--plan", PLAN, "--json",
                              *arguments))

    def export(self, name, *arguments):
        path = os.path.join(self.where, name)
        told = json.loads(run(self.aggregator, "export", self.store, "--plan", PLAN, "--out", path,
                              "--force", "--json", *arguments))
        assert told["file"] == path and told["bytes"] == os.path.getsize(path), told
        return path

    def same(self, a, b, *about):
        assert a == b, (a, b) + about
        self.checked += 1


def figure_of(value):
    """The one figure of a rollup's value, as a sheet shows it."""
    return value["average"] if isinstance(value, dict) and "average" in value else value


def cell_of(value):
    """A cell of openpyxl as the text of an answer."""
    if value is None:
        return None
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%d")
    return value


def is_equal(cell, value):
    if value is None or isinstance(value, list):
        return cell is None
    if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return cell_of(cell) == value
    return isinstance(cell, (int, float)) and Decimal(repr(cell)) == Decimal(value)


def rows_of(sheet):
    return list(sheet.iter_rows(min_row=HEAD_ROWS + 1, values_only=True))


def check_summary(documents, book, rollup):
    found = {}
    for row in rows_of(book["Tổng hợp"]):
        if row[1] is not None:
            found[row[0]] = row
    documents.same(set(found), set(rollup["indicators"]), "codes of the summary")
    for code, indicator in rollup["indicators"].items():
        row = found[code]
        assert is_equal(row[3], figure_of(indicator["value"])), (code, row, indicator)
        documents.same(row[4], indicator["reported"], code)
        documents.same(row[6], indicator["missing"], code)
        documents.same(row[5], indicator["reported"] + indicator["missing"], code)


def check_spread(documents, book, arguments):
    spread = documents.ask("spread", *arguments)["indicators"]
    for row in rows_of(book["Tổng hợp"]):
        if row[1] is not None and row[0] in spread:
            about = spread[row[0]]
            assert is_equal(row[7], about["min"]) and is_equal(row[9], about["max"]), (row, about)
            documents.checked += 2


def check_districts(documents, book, arguments, standing, rollup):
    sheet = book["Theo huyện"]
    table = {row[1]: row for row in rows_of(sheet)}
    by_code = {row[0]: row for row in rows_of(sheet) if row[1] is not None and row[0]}
    parts = [part for part in standing["below"] if part["unit"] is not None]
    for name, key in (("Đơn vị được giao báo cáo", "expected"), ("Đã báo cáo", "received"),
                      ("Chưa báo cáo", "missing")):
        documents.same(table[name][3], standing["counts"][key], name)
        for place, part in enumerate(standing["below"]):
            documents.same(table[name][4 + place], part["counts"][key], name, part["name"])
    for place, part in enumerate(parts):
        below = documents.ask("rollup", *arguments, "--unit", part["unit"])
        for code, indicator in below["indicators"].items():
            if code in rollup["indicators"]:
                assert is_equal(by_code[code][4 + place], figure_of(indicator["value"])), \
                    (code, part, by_code[code])
                documents.checked += 1


def check_units(documents, rows, page, equal):
    """Rows of figures by unit, from the ninth column on."""
    documents.same(len(rows), len(page["units"]))
    for row, unit in zip(rows, page["units"]):
        documents.same(row[0], unit["unit"])
        values = unit["values"] or [None] * len(page["columns"])
        for cell, value in zip(row[8:], values):
            assert equal(cell, value), (unit["unit"], cell, value)
            documents.checked += 1


def check_workbook(documents, path, arguments):
    import openpyxl
    book = openpyxl.load_workbook(path)
    standing = documents.ask("standing", *arguments)
    rollup = documents.ask("rollup", *arguments)
    documents.same(book.sheetnames, ["Tổng hợp", "Theo huyện", "Theo đơn vị", "Tình trạng",
                                     "Chưa báo cáo", "Mô hình", "Thuyết minh"])
    for sheet in book:
        for row in sheet.iter_rows():
            assert all(cell.data_type != "f" for cell in row), "a formula"
        assert sheet.freeze_panes and sheet.print_title_rows == "$5:$5", sheet.title
        assert sheet.page_setup.orientation == "landscape" and sheet.page_setup.paperSize == 9
        assert sheet.sheet_properties.pageSetUpPr.fitToPage and sheet.page_setup.fitToHeight == 0
        mark = sheet["A3"].value
        assert "DIỄN TẬP" in mark and f"vị trí {rollup['position']} " in mark, mark
        counts = standing["counts"]
        assert f"{counts['received']}/{counts['expected']} đơn vị" in mark, mark
        assert mark[:40] in sheet.oddFooter.left.text, sheet.oddFooter.left.text
    check_summary(documents, book, rollup)
    check_spread(documents, book, arguments)
    check_districts(documents, book, arguments, standing, rollup)
    check_units(documents, rows_of(book["Theo đơn vị"])[:len(standing["units"])],
                documents.ask("page", *arguments), is_equal)
    missing = [unit for unit in standing["units"] if "position" not in unit]
    listed = [row[2] for row in rows_of(book["Chưa báo cáo"]) if row[2] is not None]
    documents.same(sorted(listed), sorted(unit["unit"] for unit in missing))
    stood = [row for row in rows_of(book["Tình trạng"]) if row[1] is not None]
    documents.same([row[1] for row in stood], [unit["unit"] for unit in standing["units"]])
    return standing, rollup


def check_table(documents, path, arguments):
    with open(path, "rb") as file:
        data = file.read()
    assert data.startswith(b"\xef\xbb\xbf") and data.endswith(b"\r\n")
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    check_units(documents, rows[1:], documents.ask("page", *arguments),
                lambda cell, value: cell == ("" if value is None else value))


def text_of(element):
    """What a reader sees of a paragraph."""
    text = element.text or ""
    for child in element:
        if child.tag == TEXT + "s":
            text += " " * int(child.get(TEXT + "c", "1"))
        text += text_of(child) + (child.tail or "")
    return text


def check_report(documents, path, standing, rollup):
    with zipfile.ZipFile(path) as package:
        assert package.testzip() is None
        first = package.infolist()[0]
        documents.same((first.filename, first.compress_type, first.extra),
                       ("mimetype", zipfile.ZIP_STORED, b""))
        content = ET.fromstring(package.read("content.xml"))
        for part in ("styles.xml", "meta.xml", "settings.xml", "META-INF/manifest.xml"):
            ET.fromstring(package.read(part))
        assert content.get(OFFICE + "version") == "1.3"
    body = [text_of(p) for p in content.iter() if p.tag in (TEXT + "p", TEXT + "h")]
    whole = "\n".join(body)
    counts = standing["counts"]
    for wanted in ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc",
                   "UBND TỈNH GIA LAI", "SỞ NỘI VỤ", "BÁO CÁO", "GIÁM ĐỐC", "Nơi nhận:",
                   "Kính gửi: Ủy ban nhân dân tỉnh Gia Lai.", "- Lưu: VT, NC.", "DIỄN TẬP",
                   f"{counts['received']}/{counts['expected']} đơn vị",
                   f"vị trí {rollup['position']} của sổ"):
        assert wanted in whole, wanted
    tables = {}
    for table in content.iter(TABLE + "table"):
        for row in table.iter(TABLE + "table-row"):
            cells = ["\n".join(text_of(p) for p in cell.iter(TEXT + "p"))
                     for cell in row.iter(TABLE + "table-cell")]
            if cells and cells[0] in rollup["indicators"]:
                tables[cells[0]] = cells
    for code, indicator in rollup["indicators"].items():
        value = figure_of(indicator["value"])
        if isinstance(value, str):
            said = spoken_day(value) if value.count("-") == 2 else grouped(value)
            documents.same(tables[code][3], said, code)
            if indicator["rule"] == "sum" and indicator["reported"] > 0:
                assert said in whole, code
        documents.same(tables[code][4], grouped(str(indicator["reported"])), code)
    return whole


def check_nobody(documents):
    """Of units that nobody asks the report says that, and no share of none."""
    arguments = ("--period", "2025-H1", "--unit", "627", "--branch", "bodies")
    documents.same(documents.ask("standing", *arguments[:4])["counts"]["expected"] > 0, True)
    with zipfile.ZipFile(documents.export("nobody.odt", *arguments)) as package:
        content = ET.fromstring(package.read("content.xml"))
    whole = "\n".join(text_of(p) for p in content.iter(TEXT + "p"))
    assert "không có đơn vị nào được giao báo cáo." in whole
    for never in ("đạt )", "không còn đơn vị chưa gửi", "0 đúng hạn"):
        assert never not in whole, never


def check_same_bytes(documents, arguments):
    """The same moment gives the same bytes, whenever it is asked about."""
    for ending in ("xlsx", "odt", "csv", "json"):
        first = documents.export("first." + ending, *arguments)
        second = documents.export("second." + ending, *arguments)
        with open(first, "rb") as one, open(second, "rb") as other:
            documents.same(one.read() == other.read(), True, ending)


def check_can_fail(documents):
    """One figure that is another one is noticed, in the workbook and in the report."""
    import openpyxl
    arguments = ("--period", "2025-H1")
    standing, rollup = documents.ask("standing", *arguments), documents.ask("rollup", *arguments)
    first = rollup["indicators"]["VB01"]
    first["value"] = str(int(first["value"]) + 1)
    book = openpyxl.load_workbook(documents.export("fail.xlsx", *arguments))
    report = documents.export("fail.odt", *arguments)
    for check in (lambda: check_summary(documents, book, rollup),
                  lambda: check_report(documents, report, standing, rollup)):
        try:
            check()
        except AssertionError:
            continue
        sys.exit("a wrong figure was not noticed")


def check_pdf(path, where):
    """An office program takes the report, and it has the pages that it should. Without one: False."""
    office = shutil.which("soffice")
    if office is None or shutil.which("pdftotext") is None:
        return False
    run(office, "--headless", f"-env:UserInstallation=file://{where}/profile", "--convert-to",
        "pdf", "--outdir", where, path)
    pdf = os.path.splitext(os.path.join(where, os.path.basename(path)))[0] + ".pdf"
    pages = run("pdftotext", "-layout", pdf, "-").split("\f")
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in pages[0]
    assert any("Phụ lục II" in page for page in pages[2:])
    return True


def check_all(documents, *moment):
    for period in ("2025-H1", "2025"):
        arguments = ("--period", period) + moment
        book = documents.export(f"{period}.xlsx", *arguments)
        standing, rollup = check_workbook(documents, book, arguments)
        check_table(documents, documents.export(f"{period}.csv", *arguments), arguments)
        whole = check_report(documents, documents.export(f"{period}.odt", *arguments), standing,
                             rollup)
        if period == "2025" and rollup["counts"]["received"] > 0:
            half = documents.ask("rollup", "--period", "2025-H1", *moment)["indicators"]["TCD01"]
            wanted = f"“Tổng số lượt tiếp” {grouped(half['value'])} lượt"
            assert wanted in whole, "the first half beside the year: " + wanted
        with open(documents.export(f"{period}.json", *arguments), encoding="utf-8") as file:
            everything = json.load(file)
        documents.same(everything["rollup"], rollup)
        documents.same(everything["standing"]["counts"], standing["counts"])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--store", help="of a rehearsed year; without it one is made")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tonghop-document-") as where:
        store = arguments.store
        if store is None:
            run(sys.executable, "-B", os.path.join(HERE, "..", "demo", "demo.py"), "--exit",
                "--bin", arguments.bin, "--root", os.path.join(where, "demo"))
            store = os.path.join(where, "demo", "aggregator")
        documents = Documents(arguments.bin, store, where)
        check_all(documents)
        check_all(documents, "--as-of", "2025-05-10")
        check_same_bytes(documents, ("--period", "2025-H1"))
        check_nobody(documents)
        check_can_fail(documents)
        has_office = check_pdf(os.path.join(where, "2025-H1.odt"), where)
        print(f"{documents.checked} figures of workbooks, tables and reports are those of the "
              f"answers{'' if has_office else '; no office program to open the report with'}")


if __name__ == "__main__":
    try:
        import openpyxl  # noqa: F401
    except ImportError:
        print("python3-openpyxl is not there: nothing is read back")
        sys.exit(77)
    main()
