#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The page, driven in a headless Chromium, against the store of the demo and the real programs."""
import argparse
import os
import re
import shutil
import subprocess
import sys
import time
import unittest
import urllib.request

import accessibility
from browser import Browser, Keys
from province import AD_HOC, PLAN, UNDATED, Province

VIEWS = ("overview", "units", "chasing", "indicators", "figures", "narrative", "models", "closings")
PAGE_BYTES_MAX = 200 * 1024
HOSTILE = "<script>window.hacked=1</script> \"'><img src=x onerror=window.hacked=1> &lt;b&gt; {{7*7}}"

province = None
browser = None


def vn(text):
    """A decimal text as the page writes it."""
    whole, _, part = str(text).partition(".")
    sign, whole = ("\u2212", whole[1:]) if whole.startswith("-") else ("", whole)
    groups = []
    while len(whole) > 3:
        whole, group = whole[:-3], whole[-3:]
        groups.insert(0, group)
    return sign + ".".join([whole, *groups]) + ("," + part if part else "")


def legend():
    return {name: browser.text(f".legend-{name} .legend-count")
            for name in ("on_time", "late", "undecided", "missing")}


def numbers(counts):
    return {name: vn(counts[name]) for name in ("on_time", "late", "undecided", "missing")}


def fetch(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.read().decode()


class Overview(unittest.TestCase):
    def test_figures_are_those_of_the_commands(self):
        browser.open(province.address())
        standing = province.ask("standing")
        self.assertEqual(legend(), numbers(standing["counts"]))
        self.assertIn(f"{standing['counts']['received']}/{standing['counts']['expected']} đơn vị",
                      browser.text("#origin"))
        self.assertIn(vn(standing["position"]), browser.text("#origin"))
        self.assertEqual(standing["counts"], province.ask("rollup")["counts"])

    def test_one_bar_adds_up_to_all_units(self):
        browser.open(province.address())
        counts = province.ask("standing")["counts"]
        widths = browser.js("return [...document.querySelectorAll('.counts-card .bar-chart [class^=part]')]"
                            ".map((r) => [r.getAttribute('class'), Number(r.getAttribute('width'))])")
        self.assertAlmostEqual(sum(width for _, width in widths), 1000, places=6)
        for name, width in widths:
            self.assertAlmostEqual(width, 1000 * counts[name[5:]] / counts["expected"], places=6)

    def test_districts_stand_as_the_command_says_and_who_lags_is_first(self):
        browser.open(province.address())
        below = province.ask("standing")["below"]
        rows = browser.rows(".heat-card table")
        self.assertEqual(len(rows), len(below))
        shares = [float(row[-1].rstrip(" %").replace(",", ".")) for row in rows]
        self.assertEqual(shares, sorted(shares, reverse=True))
        by_name = {row[0]: row for row in rows}
        direct = browser.one(".heat-card a[href*='direct=1']").get_attribute("href")
        for line in below:
            counts, row = line["counts"], by_name[line["name"] or "Trực thuộc Gia Lai"]
            self.assertEqual(row[2:6], [f"{counts['received']}/{counts['expected']}"] +
                             [vn(counts[name]) for name in ("on_time", "late", "missing")])
        browser.open(direct)
        self.assertEqual(len(browser.rows()), next(b for b in below if b["unit"] is None)["counts"]["expected"])

    def test_a_column_sorts_by_its_button_and_the_address_keeps_it(self):
        browser.open(province.address())
        browser.one(".heat-card th:nth-child(5) button").click()
        browser.wait(lambda: "sort=-late" in browser.js("return location.hash"))
        browser.settled()
        late = [int(row[4]) for row in browser.rows(".heat-card table")]
        self.assertEqual(late, sorted(late, reverse=True))
        self.assertEqual(browser.one(".heat-card th:nth-child(5)").get_attribute("aria-sort"),
                         "descending")

    def test_the_due_instant_is_said_in_its_words(self):
        browser.open(province.address())
        said = browser.text(".due-card")
        for words in ("23:59:59 ngày 09/5/2025", "00:00 ngày 10/5/2025", "trước ngày 10/5/2025",
                      "Quá hạn"):
            self.assertIn(words, said)

    def test_days_past_are_those_of_the_chasing_list(self):
        browser.open(province.address())
        days = browser.text("#countdown").removeprefix("Quá hạn ")
        self.assertRegex(days, r"^\d+ ngày$")
        browser.go(province.hash("chasing"))
        self.assertEqual({row[1] for row in browser.rows("table.people")}, {days})

    def test_a_rehearsal_says_so(self):
        browser.open(province.address())
        self.assertIn("DIỄN TẬP", browser.text("#rehearsal"))
        self.assertIn("diễn tập", browser.text("#badge"))
        self.assertIn("diễn tập", browser.js("return document.title"))

    def test_the_usual_obligation_is_the_nearest_that_is_not_long_past(self):
        browser.open(province.base + "/")
        self.assertIn(f"#/{PLAN}/O-002-2/overview", browser.js("return location.hash"))


class Undated(unittest.TestCase):
    """Obligations without a due date: nobody is expected, so nobody is on time, late or missing."""
    NEVER = ("Đúng hạn", "đúng hạn", "Trễ", "trễ", "Chưa nộp", "chưa nộp", "%", "2/2", "0/0", "1/1")

    def check_never(self, words=NEVER):
        said = browser.text("main")
        for word in words:
            self.assertNotIn(word, said)
        return said

    def test_the_overview_says_what_was_received_and_that_nobody_is_expected(self):
        for when, received in ((AD_HOC, 2), (UNDATED, 1)):
            browser.open(province.address(when=when))
            counts = province.ask("standing", when=when)["counts"]
            self.assertEqual([counts["received"], counts["expected"], counts["missing"]],
                             [received, None, None])
            said = self.check_never()
            self.assertIn("Không ấn định số đơn vị phải báo cáo", said)
            self.assertIn(f"Đã nhận {received} báo cáo đến", said)
            self.assertEqual(browser.js("return [...document.querySelectorAll('.legend li')]"
                                        ".map((one) => one.innerText.split(/\\s*\\n\\s*/))"),
                             [["Đã nhận", str(received)]])
            self.assertEqual(browser.all("main .bar-chart"), [])
            rows = browser.rows(".heat-card table")
            self.assertEqual(rows[0], ["Trực thuộc Gia Lai", str(received)])
            self.assertEqual({row[1] for row in rows[1:]}, {"0"})
            self.assertEqual(browser.text("#origin").split(" · ")[0], f"{received} báo cáo đã nhận")

    def test_units_are_received_not_on_time(self):
        browser.open(province.address("overview", AD_HOC))
        browser.one(".legend a").click()
        browser.wait(lambda: browser.text("h1") == "Đơn vị")
        self.check_never()
        self.assertEqual([row[2] for row in browser.rows()], ["Đã nhận", "Đã nhận"])
        self.assertIn("Đã nhận 2", browser.text(".choices[aria-label='Lọc theo tình hình']"))

    def test_totals_stand_on_reports_not_on_units(self):
        for view in ("indicators", "figures", "narrative", "chasing", "closings"):
            browser.open(province.address(view, AD_HOC))
            self.check_never(("2/2", "1/1", "0/0", "Chưa nộp", "chưa nộp"))
            if view in ("indicators", "figures"):
                self.assertIn("2 báo cáo", browser.text("main table"))

    def test_parts_that_stay_empty_say_why(self):
        for view, said in (("closings", "không định ngày, nên không có bảng chốt"),
                           ("chasing", "không ấn định số đơn vị phải báo cáo, nên không có ai"),
                           ("narrative", "Chưa có phần lời nào"), ("figures", "Chưa có số liệu nào")):
            browser.open(province.address(view, {"obligation": "O-002-3-YEAR"}))
            self.assertIn(said, browser.text("main"))

    def shown_number(self, **parameters):
        """TCD01 of the report that is shown, which of the reports it is, and what is said above."""
        browser.open(province.address("report", AD_HOC, unit="64-snv", **parameters))
        self.assertNotIn("Chưa nhận được", browser.text("main"))
        return (browser.text("section[aria-labelledby=figures] td"), browser.text(".numbers"),
                browser.text(".flag"))

    def test_of_several_reports_the_newest_is_shown_and_the_others_offered(self):
        browser.errors()
        self.assertEqual(self.shown_number(),
                         ("30", "Các lần báo cáo: \nlần 1\nlần 2 (đang xem)", ""))
        self.assertIn("number=2", browser.one("a.receipt").get_attribute("href"))
        browser.one(".numbers a").click()
        browser.wait(lambda: "lần 1 (đang xem)" in browser.text(".numbers"))
        self.assertEqual(browser.text("section[aria-labelledby=figures] td"), "12")
        self.assertEqual(self.shown_number(number=1)[0], "12")
        self.assertEqual(self.shown_number(number=1, revision=1)[0], "12")
        self.assertEqual(self.shown_number(number=9)[::2],
                         ("30", "Đến lúc này đơn vị không có báo cáo lần 9: đang xem lần 2."))
        self.assertEqual(browser.errors(), [], "asked for what is not there")
        self.assertEqual(self.shown_number(number=1, revision=7)[::2],
                         ("12", "Đến lúc này không có bản 7: đang xem bản 1."))

    def test_figures_of_several_reports_are_those_of_the_command(self):
        for chosen, said in ((None, "báo cáo đã nhận"), (1, "báo cáo là lần 1"),
                             (2, "báo cáo là lần 2")):
            number = {"number": chosen} if chosen else {}
            page = province.ask("page", *(["--number", str(chosen)] if chosen else []), when=AD_HOC)
            browser.open(province.address("figures", AD_HOC, **number))
            at = page["columns"].index("TCD01")
            self.assertEqual(browser.rows(), [
                [f"{unit['name']} (lần {unit.get('number', chosen)})", vn(unit["values"][at])]
                for unit in page["units"]])
            self.assertIn(f"{len(page['units'])} {said}", browser.text(".filters"))
            self.assertEqual(browser.js("return document.querySelector('#number').value"),
                             str(chosen or ""))
            self.assertRegex(browser.text("tfoot"), r"(?s)42\s.*2 báo cáo")
            self.assertEqual("Tổng mọi lần" in browser.text("tfoot"), bool(chosen))
        self.assertEqual(browser.rows(), [["Sở Nội vụ tỉnh Gia Lai (lần 2)", "30"]])
        browser.one("main tbody a").click()
        browser.wait(lambda: "lần 2 (đang xem)" in browser.text(".numbers"))
        browser.open(province.address("figures", AD_HOC, number=9))
        self.assertIn("không có báo cáo lần 9: đang xem tất cả", browser.text(".flag"))

    def test_each_of_several_reports_has_its_text(self):
        browser.open(province.address("narrative", AD_HOC))
        self.assertEqual(sorted(row[1] for row in browser.rows()), ["Lời thứ hai", "Lời thứ nhất"])
        self.assertIn("2 trên 2 báo cáo có lời", browser.text("main"))
        browser.js("[...document.querySelectorAll('main tbody tr')].find((row) =>"
                   " row.innerText.includes('thứ nhất')).querySelector('a').click()")
        browser.wait(lambda: "lần 1 (đang xem)" in browser.text(".numbers"))
        self.assertIn("Lời thứ nhất", browser.text("main"))

    def test_a_unit_without_a_report_is_not_missing_where_nobody_is_expected(self):
        for unit in ("64-snv", "23734"):
            browser.open(province.address("report", when={"obligation": "O-002-3-YEAR"}, unit=unit))
            self.assertIn("không ấn định số đơn vị phải báo cáo", browser.text("main"))
        browser.errors()
        browser.open(province.address("report", AD_HOC, unit="23734"))
        self.assertIn("Chưa nhận được báo cáo", browser.text("main"))
        self.assertEqual(browser.errors(), [])

    def test_a_count_that_is_not_known_is_no_part(self):
        browser.open(province.address())
        parts = browser.js("""
            const counts = {expected: null, missing: null, received: 5, on_time: 3, late: 2,
              undecided: 0};
            return import('/charts.js').then((one) => [one.bar(counts), one.partsOf(counts)]);""")
        self.assertEqual(parts, [None, [{"name": name, "count": count} for name, count in
                                        (("on_time", 3), ("late", 2), ("undecided", 0))]])


class DrillDown(unittest.TestCase):
    def test_from_district_to_receipt(self):
        browser.open(province.address())
        browser.js("[...document.querySelectorAll('.heat-card tbody a')]"
                   ".find((a) => a.textContent === 'Pleiku').click()")
        browser.wait(lambda: "Pleiku" in browser.text(".crumbs"))
        browser.settled()
        inside = province.ask("standing", "--unit", "622")
        self.assertEqual(legend(), numbers(inside["counts"]))
        browser.one(".go a").click()
        browser.wait(lambda: len(browser.rows()) == len(inside["units"]))
        unit = inside["units"][0]
        browser.js("[...document.querySelectorAll('main tbody a')]"
                   ".find((a) => a.textContent === arguments[0]).click()", unit["name"])
        browser.wait(lambda: browser.text("h1") == unit["name"])
        report = province.ask("report", "--unit", unit["unit"])
        shown = browser.text("main")
        for code, cell in report["values"].items():
            self.assertIn(code, shown)
        rows = {cells[0]: cells[1] for cells in browser.rows("section[aria-labelledby=figures] table")}
        value = next(v for k, v in rows.items() if "VB01" in k)
        self.assertEqual(value, vn(report["values"]["VB01"]["value"]))
        self.assertIn(report["sha256"], shown)
        for text in report["sections"].values():
            self.assertIn(text, shown)
        receipt = fetch(browser.one("a.receipt").get_attribute("href"))
        self.assertTrue(receipt.startswith("c2sp.org/tlog-proof@v1"), receipt[:80])

    def test_a_corrected_report_has_both_revisions(self):
        unit = next(line for line in province.ask("standing")["units"] if line.get("revision") == 2)
        browser.open(province.address("report", unit=unit["unit"]))
        rows = browser.rows("section[aria-labelledby=revisions] table")
        self.assertEqual([row[0] for row in rows], ["bản 2 (đang xem)", "bản 1"])
        now = browser.text("section[aria-labelledby=figures]")
        browser.one("section[aria-labelledby=revisions] tbody th a").click()
        browser.wait(lambda: "bản 1 (đang xem)" in browser.text("main"))
        self.assertNotEqual(now, browser.text("section[aria-labelledby=figures]"))
        browser.open(province.address("report", unit=unit["unit"], revision=3))
        self.assertIn("không có bản 3: đang xem bản 2", browser.text("main"))

    def test_a_unit_that_has_not_reported_is_told_with_its_contact(self):
        browser.open(province.address("report", unit="23660"))
        said = browser.text("main")
        self.assertIn("Chưa nhận được báo cáo", said)
        self.assertIn("Nguyễn <b>Hoa</b>", said)

    def test_search_needs_no_diacritics(self):
        browser.open(province.address())
        browser.js("document.body.focus()")
        browser.one("body").send_keys("/")
        self.assertEqual(browser.js("return document.activeElement.id"), "find")
        for typed in ("IA PHÍ", "ia phí", "xã ia phi", "ia phi"):
            browser.one("#find").clear()
            browser.one("#find").send_keys(typed)
            browser.wait(lambda: browser.text("#found .found-name") == "Ia Phí", what=typed)
        browser.keys(Keys.ENTER)
        browser.wait(lambda: browser.text("h1") == "Ia Phí")
        browser.one("#find").send_keys("ia phi")
        browser.wait(lambda: browser.text("#found .found-name") == "Ia Phí")
        browser.go(province.hash())
        browser.hold("#found li", 0.4)
        browser.wait(lambda: browser.text("h1") == "Ia Phí")
        browser.one("#find").send_keys("không đâu", Keys.ENTER)
        browser.wait(lambda: browser.text(".toast") == "0 đơn vị tìm thấy.")


class AsOf(unittest.TestCase):
    DAY = "2025-05-09T21:00:00+07:00"

    def check_moment(self, moment):
        then = province.ask("standing", "--as-of", moment)
        browser.wait(lambda: legend() == numbers(then["counts"]), what=f"{legend()} {then['counts']}")
        return then

    def test_the_slider_shows_the_numbers_of_a_day_before_the_deadline(self):
        browser.open(province.address())
        now = legend()
        browser.one("#mark-before").click()  # the due instant
        browser.wait(lambda: "as_of=2025-05-10" in browser.js("return location.hash"))
        self.check_moment("2025-05-10")
        slider = browser.one("#slider")
        for _ in range(3):
            slider.send_keys(Keys.ARROW_LEFT)
        browser.wait(lambda: "as_of=2025-05-09T21:00:00" in browser.js("return location.hash"))
        then = self.check_moment(self.DAY)
        browser.wait(lambda: "21:00 ngày 09/5/2025" in browser.text("#as-of"))
        self.assertIn("Còn 3 giờ", browser.text("#countdown"))
        self.assertNotEqual(then["counts"]["received"], province.ask("standing")["counts"]["received"])
        browser.go(province.hash("indicators", as_of=self.DAY))
        self.check_totals(province.ask("rollup", "--as-of", self.DAY))
        browser.one("#return").click()
        browser.wait(lambda: not browser.text("#as-of"))
        browser.go(province.hash())
        self.assertEqual(legend(), now)

    def check_totals(self, rollup):
        rows = {cells[0].split("\n")[-1]: cells for cells in browser.rows()}
        for code, cell in rollup["indicators"].items():
            if cell["rule"] == "sum":
                self.assertEqual(rows[code][2].split("\n")[0], vn(cell["value"]), code)
            whole = cell["reported"] + cell["missing"]
            self.assertEqual(rows[code][3], f"{cell['reported']}/{whole} đơn vị", code)

    def test_totals_and_their_coverage_are_those_of_the_command(self):
        browser.open(province.address("indicators"))
        self.check_totals(province.ask("rollup"))

    def test_back_and_forward_go_through_the_moments(self):
        browser.open(province.address())
        browser.one("#mark-before").click()
        browser.wait(lambda: browser.text("#as-of"))
        browser.js("history.back()")
        browser.wait(lambda: not browser.text("#as-of"))
        browser.js("history.forward()")
        browser.wait(lambda: browser.text("#as-of"))

    def test_back_from_the_slider_leads_to_where_it_began(self):
        drag = ("const s = document.getElementById('slider'); s.focus(); s.value = Date.parse(arguments[0]);"
                "s.dispatchEvent(new Event(arguments[1]))")
        for way in ("drag", "keys"):
            browser.open(province.address("units"))
            browser.go(province.hash())
            value = browser.js("return document.getElementById('slider').value")
            if way == "drag":
                for day in ("2025-05-05", "2025-05-06"):
                    browser.js(drag, f"{day}T12:00:00+07:00", "input")
                    browser.wait(lambda d=day: f"as_of={d}T12" in browser.js("return location.hash"))
                browser.js(drag, "2025-05-06T12:00:00+07:00", "change")
            else:
                browser.one("#slider").send_keys(Keys.PAGE_DOWN)
                browser.wait(lambda: browser.text("#as-of"))
                browser.one("#slider").send_keys(Keys.PAGE_DOWN)
            browser.wait(lambda: browser.text("#as-of"))
            browser.settled()
            browser.js("history.back()")
            browser.wait(lambda: not browser.text("#as-of"))
            self.assertEqual(browser.js("return location.hash"), "#" + province.hash()[1:], way)
            self.assertEqual(browser.js("return document.getElementById('slider').value"), value, way)

    def test_a_moment_is_left_before_it_is_shown(self):
        browser.open(province.address())
        browser.one("body").send_keys("[n")
        browser.wait(lambda: "as_of" not in browser.js("return location.hash"))
        browser.settled()
        self.assertEqual(browser.text("#as-of"), "")

    def test_a_moment_can_be_typed_and_nonsense_is_refused(self):
        browser.open(province.address())
        field = browser.one("#moment")
        field.clear()
        field.send_keys("31/2/2025", Keys.ENTER)
        self.assertEqual(field.get_attribute("aria-invalid"), "true")
        self.assertIn("08/5/2025", browser.text("#live"))
        field.clear()
        field.send_keys("01/01/2030", Keys.ENTER)
        self.assertEqual(field.get_attribute("aria-invalid"), "true")
        self.assertIn("chưa tới: xem được đến 20/10/2025 14:00", browser.text("#live"))
        field.clear()
        field.send_keys("9/5/2025 21:00", Keys.ENTER)
        self.check_moment(self.DAY)
        browser.wait(lambda: field.get_attribute("value") == "09/05/2025 21:00")
        browser.js("history.back()")
        browser.wait(lambda: field.get_attribute("value") == "20/10/2025 14:00")

    def test_dragging_shows_moments_and_ends_in_the_address(self):
        browser.open(province.address())
        browser.js("const s = document.getElementById('slider');"
                   "s.value = Date.parse('2025-05-05T12:00:00+07:00');"
                   "s.dispatchEvent(new Event('input')); s.dispatchEvent(new Event('change'))")
        browser.wait(lambda: "as_of=2025-05-05T12:00:00" in browser.js("return location.hash"))
        self.check_moment("2025-05-05T12:00")

    def test_times_do_not_depend_on_the_zone_of_the_browser(self):
        other = Browser(zone="America/New_York")
        try:
            other.open(province.address(as_of="2025-05-09T21:00:00"))
            self.assertIn("21:00 ngày 09/5/2025", other.text("#as-of"))
            self.assertIn("00:00 ngày 10/5/2025", other.text(".due-card"))
        finally:
            other.close()


class Tables(unittest.TestCase):
    def test_figures_of_every_unit_are_those_of_the_command(self):
        page = province.ask("page")
        browser.open(province.address("figures", section=8))
        codes = browser.js("return [...document.querySelectorAll('thead .code')].map((c) => c.textContent)")
        self.assertEqual(codes[0], "HG01")
        rows = browser.rows()
        self.assertEqual(len(rows), len(page["units"]))
        places = {line["unit"]: line["name"] for line in province.ask("standing")["below"]}
        districts = {unit["unit"]: places.get(unit["parent"]) for unit in province.ask("standing")["units"]}
        for unit, row in zip(page["units"], rows):
            want = ["chưa nộp"] * len(codes) if unit["values"] is None else \
                [vn(unit["values"][page["columns"].index(code)] or "–") for code in codes]
            name = unit["name"]
            if [other["name"] for other in page["units"]].count(name) > 1:
                name += f" ({districts[unit['unit']]})"
            self.assertEqual(row, [name, *want])
        cell = province.ask("rollup")["indicators"]["HG01"]
        self.assertIn(f"{cell['reported']}/{cell['reported'] + cell['missing']} đơn vị",
                      browser.text("tfoot"))

    def test_units_of_one_name_are_told_apart(self):
        browser.open(province.address(as_of="2025-05-09T21:00:00"))
        missing = browser.js("return [...document.querySelectorAll('.inline-list a')].map((a) => a.innerText)")
        self.assertIn("An Phú (An Khê)", missing)
        self.assertIn("Gào", missing)
        browser.open(province.address("closings"))
        causes = browser.js("return [...document.querySelectorAll('.causes a')].map((a) => a.textContent)")
        self.assertIn("An Phú (An Khê)", causes)
        self.assertNotIn("An Phú", causes)

    def test_headings_of_figures_are_whole(self):
        """Each reaches no further than it is seen, and no line of it is left out."""
        for width in (1280, 390):
            try:
                browser.size(width, 844, mobile=width < 600)
                browser.open(province.address("figures", section="all"))
                cut = browser.js("""
                    return [...document.querySelectorAll('.frozen .label')].filter((one) => {
                        const head = one.closest('th').getBoundingClientRect();
                        const box = one.getBoundingClientRect();
                        return one.scrollHeight > one.clientHeight + 1 && one.clientHeight > 0 ||
                            getComputedStyle(one).webkitLineClamp !== 'none' ||
                            box.top < head.top || box.bottom > head.bottom ||
                            box.left < head.left || box.right > head.right;
                    }).map((one) => one.textContent);""")
                self.assertEqual(cut, [], width)
                self.assertGreater(len(browser.all(".frozen .label")), 30)
            finally:
                browser.size(1366, 768)

    def test_the_chasing_list_has_who_is_missing_and_whom_to_call(self):
        browser.open(province.address("chasing"))
        links = browser.js("return [...document.querySelectorAll('.people tbody th a')]"
                           ".map((a) => new URLSearchParams(a.hash.split('?')[1]).get('unit'))")
        self.assertEqual(sorted(links), sorted(province.missing()))
        self.assertEqual(browser.js("return [...document.querySelectorAll('a[href^=\"tel:\"]')]"
                                    ".map((a) => a.getAttribute('href'))"),
                         ["tel:02693821555", "tel:02693821556"])
        self.assertIn("Nguyễn <b>Hoa</b>", browser.text("main"))
        csv = fetch(browser.one("a[href*='chasing.csv']").get_attribute("href"))
        for unit in links:
            self.assertIn(unit, csv)

    def test_the_closing_beside_now_and_why_they_differ(self):
        browser.open(province.address("closings"))
        closing = province.ask("closings")["closings"][0]
        rollup = province.ask("rollup")
        before, now = closing["indicators"]["VB01"], rollup["indicators"]["VB01"]
        row = next(cells for cells in browser.rows() if "VB01" in cells[0])
        self.assertEqual(row[1].split("\n")[0], vn(before["value"]))
        self.assertEqual(row[2].split("\n")[0], vn(now["value"]))
        self.assertEqual(row[3], "+" + vn(int(now["value"]) - int(before["value"])))
        browser.one("main .causes summary").click()
        causes = browser.js("return document.querySelectorAll('main .causes[open] li').length")
        late = [u for u in province.ask("standing")["units"] if u["standing"] == "late"]
        self.assertEqual(causes, len(late))

    def test_a_closing_that_is_not_there_is_told(self):
        at = province.ask("closings")["closings"][0]["closed_at"]
        self.assertEqual(at, "2025-05-10T00:00:00+07:00")
        for asked in (at, "2025-05-10", "2025-05-10T00:00", "2025-05-09T17:00:00Z"):
            browser.open(province.address("closings", closed_at=asked))
            self.assertEqual(browser.text(".flag"), "", asked)
        for asked, said in (("2024-01-01T00:00:00+07:00", "00:00 ngày 01/01/2024"),
                            ("2025-05-11", "00:00 ngày 11/5/2025"), ("xyz", "xyz")):
            browser.open(province.address("closings", closed_at=asked))
            self.assertEqual(browser.text(".flag"), f"Đến lúc này không có bảng chốt lúc {said}: "
                             "đang xem bảng chốt lúc 00:00 ngày 10/5/2025.")

    def test_narratives_stand_side_by_side_and_are_searched_without_diacritics(self):
        browser.open(province.address("narrative", left="TX02", right="TX04"))
        everything = len(browser.rows())
        browser.one("main input[type=search]").send_keys("dia ban rong")
        browser.wait(lambda: "Địa bàn rộng" in browser.text("main mark"))
        browser.wait(lambda: 0 < len(browser.rows()) <= everything)
        for row in browser.rows():
            self.assertIn("Địa bàn rộng", " ".join(row))

    def test_every_part_is_of_the_chosen_branch_and_says_so(self):
        for branch, words in (("bodies", "sở, cơ quan"), ("communes", "xã, phường, thị trấn")):
            texts = province.ask("narrative", "--indicator", "TX04", "--branch", branch)["sections"]
            browser.open(province.address("narrative", branch=branch, left="TX04", right="-"))
            self.assertIn(f"{len(texts)} trên {len(texts)} đơn vị có lời", browser.text("main"))
            browser.open(province.address("chasing", branch=branch))
            missing = province.ask("chasing", "--branch", branch)["counts"]["missing"]
            for kind in ("csv", "txt"):
                said = fetch(browser.one(f"a[href*='chasing.{kind}']").get_attribute("href"))
                self.assertEqual(len(re.findall(r"^- |^(?=[^,]*,.*quá hạn,)", said, re.M)), missing, said)
            browser.open(province.address(branch=branch))
            for part in ("#said", "#origin"):
                self.assertIn(f"Gia Lai ({words})", browser.text(part))
            self.assertIn(f"({words})", browser.js("return document.querySelector('#running').textContent"))
            browser.requests()
            browser.open(province.address("models", branch=branch))
            self.assertTrue([url for url in browser.requests() if "/models?" in url and branch in url])

    def test_where_nobody_is_asked_nobody_has_reported(self):
        browser.open(province.address(branch="bodies", unit="627"))
        self.assertEqual(browser.text("#said"), "Đến 14:00 ngày 20/10/2025, không đơn vị nào của Chư Păh "
                         "(sở, cơ quan) phải nộp báo cáo này.")
        browser.go(province.hash("chasing", branch="bodies", unit="627"))
        self.assertIn("Ở đây không đơn vị nào phải nộp", browser.text("main"))

    def test_a_list_shows_what_is_shown_also_after_back(self):
        for view, which in (("overview", "#pick"), ("figures", "main select")):
            browser.open(province.address(view))
            value = f"return document.querySelector('{which}').value"
            before, heading = browser.js(value), browser.text("main")
            browser.one(which).send_keys(Keys.ARROW_DOWN)
            browser.wait(lambda h=heading: browser.text("main") != h)
            browser.js("history.back()")
            browser.wait(lambda h=heading: browser.text("main") == h)
            self.assertEqual(browser.js(value), before)

    def test_choices_made_before_the_answer_add_up(self):
        browser.open(province.address("units"))
        browser.js("""
            [...document.querySelectorAll('.filters button')].find((b) => b.innerText.includes('Trễ')).click();
            const field = document.querySelector('main input[type=search]');
            field.value = 'a';
            field.dispatchEvent(new Event('input'));
            document.querySelector('main thead button').click();""")
        browser.settled()
        self.assertTrue(browser.js("return location.hash").endswith("?standing=late&q=a&sort=name"))

    def test_units_are_filtered_by_standing(self):
        browser.open(province.address("units", standing="late"))
        late = [u["name"] for u in province.ask("standing")["units"] if u["standing"] == "late"]
        self.assertEqual(sorted(browser.js(
            "return [...document.querySelectorAll('main tbody th a')].map((a) => a.textContent)")),
                         sorted(late))

    def test_downloads_are_of_the_moment_that_is_shown(self):
        browser.open(province.address(as_of="2025-05-09"))
        links = browser.js("return [...document.querySelectorAll('#downloads a')].map((a) => a.href)")
        self.assertEqual([link.split("?")[0].rsplit(".", 1)[1] for link in links],
                         ["xlsx", "odt", "csv", "json"])
        begin = {"xlsx": b"PK\x03\x04", "odt": b"PK\x03\x04", "csv": b"\xef\xbb\xbf", "json": b"{"}
        for link in links:
            self.assertIn("as_of=2025-05-09", link)
            with urllib.request.urlopen(link, timeout=30) as answer:
                kind = link.split("?")[0].rsplit(".", 1)[1]
                self.assertTrue(answer.read().startswith(begin[kind]), kind)


class Live(unittest.TestCase):
    SECOND_MS = 1000
    GATHERED_MS = 200  # the server tells of what was committed so often

    WATCH = """
        window.marker = 1; window.heard = window.changed = null; window.scrollTo(0, 120);
        document.querySelector('#language').focus({preventScroll: true});
        const count = () => document.querySelector('.legend-missing .legend-count').textContent;
        const before = count();
        new MutationObserver(() => { if (count() !== before) window.changed ??= performance.now(); })
          .observe(document.getElementById('main'), {subtree: true, childList: true, characterData: true});
        const source = new EventSource('/api/v1/events');
        source.addEventListener('standing', () => { window.heard ??= performance.now(); });
        source.onopen = () => { window.listens = true; };"""

    def appears_ms(self, unit, texts, models):
        """From what the server tells to the change in the page, by the page's own clock."""
        home = province.prepare(unit, texts, models)
        browser.open(province.address())
        counts = province.ask("standing")["counts"]
        browser.js(self.WATCH)
        browser.wait(lambda: browser.js("return window.listens"))
        province.send(home)
        browser.wait(lambda: legend()["missing"] == str(counts["missing"] - 1))
        browser.wait(lambda: browser.js("return window.heard && window.changed"))
        self.assertEqual(browser.js("return [window.marker, window.scrollY, document.activeElement.id]"),
                         [1, 120, "language"])
        browser.wait(lambda: f"{counts['received'] + 1}/{counts['expected']}" in browser.text("#live"))
        return browser.js("return window.changed - window.heard")

    def test_a_report_appears_within_a_second_without_reload(self):
        *_, other, unit = [code for code in province.missing() if code.isdigit()]
        spent = self.appears_ms(unit, {"TX02": HOSTILE}, [
            {"name": HOSTILE, "field": "Kinh tế", "stage": "running", "summary": "Hộ dân hiến đất"}])
        if spent > self.SECOND_MS - self.GATHERED_MS:  # a busy machine has a second try
            spent = self.appears_ms(other, None, ())
        self.assertLess(spent, self.SECOND_MS - self.GATHERED_MS)
        self.hostile_text_is_shown_as_it_is(unit)

    def hostile_text_is_shown_as_it_is(self, unit):
        for address in (province.address("report", unit=unit),
                        province.address("narrative", left="TX02", q="window.hacked"),
                        province.address("models", q="hien dat")):
            browser.open(address)
            self.assertIn(HOSTILE, browser.text("main"))
            self.assertIsNone(browser.js("return window.hacked ?? null"))
            self.assertEqual(browser.all("main script, main img"), [])
        self.assertEqual(len(browser.rows()), 1)
        self.assertRegex(browser.text("main"),
                         r"1 mô hình của 1 đơn vị, kê trong \d+ báo cáo đã nhận trên 240 phải có")

    def test_hostile_addresses_are_only_text(self):
        browser.open(f"{province.base}/#/{PLAN}/O-002-1/report?unit=%1B[31m%3Cimg%20src%3Dx%3E")
        self.assertIn("<img src=x>", browser.text("main"))
        self.assertEqual(browser.all("main img"), [])
        browser.open(f"{province.base}/#/%3Cscript%3E/x")
        self.assertIn("Không có kế hoạch", browser.text("h1"))
        self.assertIn("hãy chọn lại", browser.text("main").lower())

    def test_without_the_server_it_is_stale_until_it_is_back(self):
        browser.open(province.address())
        before = legend()
        province.stop()
        try:
            browser.wait(lambda: "MẤT KẾT NỐI" in browser.text("#stale"), 60)
            self.assertEqual(legend(), before)
            self.assertEqual(browser.text("#badge"), "Số liệu cũ · diễn tập")
            browser.js("document.querySelectorAll('#tabs a')[2].click()")
            browser.wait(lambda: "Không" in browser.text(".toast"))
            self.assertEqual(legend(), before)
        finally:
            province.start()
        browser.wait(lambda: not browser.text("#stale"), 120)
        self.assertIn("Trực tiếp", browser.text("#badge"))
        browser.wait(lambda: browser.text("h1") == "Nhắc nộp")

    def test_a_view_that_cannot_be_fetched_takes_nothing_away(self):
        browser.cdp("Network.enable")
        browser.cdp("Network.setBlockedURLs", urls=["*/chasing.js*"])
        try:
            browser.open(province.address())
            before = legend()
            browser.js("document.querySelectorAll('#tabs a')[2].click()")
            browser.wait(lambda: "Không" in browser.text(".toast"))
            self.assertEqual(legend(), before)
        finally:
            browser.cdp("Network.setBlockedURLs", urls=[])
        browser.js("document.querySelectorAll('#tabs a')[1].click()")
        browser.wait(lambda: browser.text("h1") == "Đơn vị")
        browser.js("document.querySelectorAll('#tabs a')[2].click()")
        browser.wait(lambda: browser.text("h1") == "Nhắc nộp")
        fetched = browser.js("return performance.getEntriesByType('resource').map((one) => one.name)")
        self.assertTrue([name for name in fetched if "/chasing.js?" in name],
                        "older browsers never fetch again what failed")

    def test_an_answer_that_did_not_come_is_told_and_asked_for_again(self):
        browser.open(province.address())
        browser.cdp("Network.enable")
        browser.cdp("Network.setBlockedURLs", urls=["*/spread*"])
        try:
            before = legend()
            browser.js("document.querySelectorAll('#tabs a')[3].click()")
            browser.wait(lambda: "Số liệu cũ" in browser.text("#badge"))
            time.sleep(4)  # a question to the server is answered meanwhile
            self.assertIn("Số liệu cũ", browser.text("#badge"))
            self.assertEqual(legend(), before)
        finally:
            browser.cdp("Network.setBlockedURLs", urls=[])
        browser.wait(lambda: browser.text("h1") == "Chỉ tiêu")
        self.assertIn("Trực tiếp", browser.text("#badge"))
        self.assertEqual(browser.text("#stale"), "")

    def test_what_came_while_the_past_was_shown_is_there_when_it_is_left(self):
        home = province.prepare("23668")
        browser.open(province.address("units", as_of="2025-05-12"))
        browser.js("""
            window.heard = false;
            const source = new EventSource('/api/v1/events');
            source.addEventListener('standing', () => { window.heard = true; });
            source.onopen = () => { window.listens = true; };""")
        browser.wait(lambda: browser.js("return window.listens"))
        spark = "return document.querySelector('.spark').getAttribute('d')"
        before = browser.js(spark)
        province.send(home)
        browser.wait(lambda: browser.js("return window.heard"))
        time.sleep(0.5)
        browser.one("#return").click()
        browser.wait(lambda: not browser.text("#as-of"))
        browser.settled()
        self.assertNotEqual(browser.js(spark), before)

    def test_all_views_come_beside_the_first(self):
        browser.open(province.address())
        views = {"units", "chasing", "indicators", "figures", "narrative", "models", "closings",
                 "report"}
        browser.wait(lambda: views <= set(browser.js("""
            return performance.getEntriesByType('resource').map(
                (one) => one.name.split('/').pop().replace('.js', ''));""")))


class Manners(unittest.TestCase):
    def test_english_is_remembered(self):
        browser.open(province.address())
        try:
            browser.one("#language").click()
            browser.wait(lambda: browser.text("#tabs a") == "Overview")
            self.assertEqual(browser.js("return document.documentElement.lang"), "en")
            browser.open(province.address())
            self.assertIn("Who lags", browser.text("main"))
            self.assertNotRegex(browser.text("body"), r"\b[a-z]+\.[a-z_]+\b(?=\s|$)(?<!gov\.vn)")
        finally:
            browser.js("localStorage.clear()")

    def test_a_problem_is_told_in_the_reader_s_language_and_nothing_around_it_lies(self):
        browser.open(province.address())
        try:
            browser.go(province.hash("overview", unit="99999"))
            self.assertIn("không có đơn vị “99999”", browser.text("main"))
            for words in ("Trực tiếp", "/240 đơn vị", "nhật ký đến mục"):
                self.assertNotIn(words, browser.text("body"))
            browser.one("#language").click()
            browser.wait(lambda: browser.text("h1") == "This part cannot be shown")
            self.assertIn("There is no such thing at the moment shown", browser.text("main"))
            self.assertIn("Not shown", browser.text("#badge"))
            self.assertEqual(browser.text("#tabs a"), "Overview")
            self.assertNotIn("99999", browser.js("return document.querySelector('#tabs').innerHTML"))
            self.assertRegex(browser.text("#foot"), r"\nLog .* signed checkpoint ")
            self.assertEqual(browser.text("#skip"), "Skip to the content")
            for parameters in ({"as_of": "bad"}, {"as_of": "2024-01-01"}, {"position": 99999999},
                               {"branch": "x"}):
                browser.go(province.hash("overview", **parameters))
                self.assertEqual(browser.text("h1"), "This part cannot be shown", parameters)
                self.assertRegex(browser.text("main"), r"^[\x20-\x7e\n]+$", parameters)
                self.assertNotIn("Live", browser.text("#badge"))
            browser.go("#/none/O-1/overview")
            self.assertEqual([browser.text(part) for part in ("#tabs", ".brand-where")], ["", ""])
            self.assertRegex(browser.text("#foot"), r"^Log ")
            browser.go(province.hash())
            self.assertIn("Live", browser.text("#badge"))
            self.assertEqual(browser.text("#tabs a"), "Overview")
        finally:
            browser.js("localStorage.clear()")

    def test_the_keys_can_be_switched_off_at_twice_the_size(self):
        try:
            browser.size(683, 384)
            browser.open(province.address())
            browser.one("#help-button").click()
            browser.wait(lambda: browser.js("return document.getElementById('help').open"))
            self.assertTrue(browser.one("#help input").is_displayed())
        finally:
            browser.size(1366, 768)

    def test_a_filter_that_there_is_not_filters_nothing(self):
        browser.open(province.address("units", standing="zzz"))
        self.assertEqual(len(browser.rows()), 240)
        self.assertIn("Tất cả", browser.text("main .choices [aria-pressed=true]"))

    def test_a_part_that_there_is_not_is_told(self):
        for name in ("zzz", "constructor"):
            browser.open(province.address(name))
            self.assertEqual(browser.text(".flag"), f"Địa chỉ hỏi một phần không có, “{name}”: "
                             "đang xem Tổng quan.")
            self.assertEqual(browser.text("#tabs [aria-current]"), "Tổng quan")
        browser.go(province.hash())
        self.assertEqual(browser.text(".flag"), "")
        browser.open(province.address().rsplit("/", 1)[0])
        self.assertEqual(browser.text(".flag"), "")

    def test_each_code_of_a_failure_has_words(self):
        keys = browser.js("return import('/en.js').then((one) => Object.keys(one.en));")
        with open(os.path.join(os.path.dirname(__file__), "..", "..", "base", "status.h"), encoding="utf-8") as file:
            codes = set(re.findall(r'XX\([A-Z_]+, \d+, "([a-z_]+)"', file.read()))
        self.assertGreater(len(codes), 10)
        spoken = {key.removeprefix("problem.is.") for key in keys}
        never = {"exists", "bad_signature", "unsupported_version", "config"}  # of no read
        self.assertEqual(codes - spoken, never)

    def test_on_a_phone_totals_are_seen_with_their_coverage(self):
        try:
            browser.size(360, 740, mobile=True)
            browser.open(province.address("indicators"))
            beyond = browser.js("""
                const right = (node) => node.getBoundingClientRect().right;
                return [...document.querySelectorAll('.totals .cover')]
                    .map((cell) => right(cell) - right(cell.closest('.scroll')));""")
            self.assertGreater(len(beyond), 30)
            self.assertLessEqual(max(beyond), 0)
        finally:
            browser.size(1366, 768)

    def test_on_a_phone_a_closing_stands_beside_now(self):
        try:
            for width in (390, 320):
                browser.size(width, 844, mobile=True)
                browser.open(province.address("closings", all=1))
                region, rows = browser.js("""
                    const box = (node) => node.getBoundingClientRect();
                    const region = document.querySelector('.compare').parentNode;
                    return [[region.scrollWidth - region.clientWidth, box(region).right],
                        [...document.querySelectorAll('.compare tr:not(.section-row)')].map((row) =>
                          [...row.cells].slice(1, 4).map((cell) => {
                            const text = document.createRange();
                            text.selectNodeContents(cell);
                            return [box(cell).top, box(text).left, box(text).right];
                          }))];""")
                self.assertEqual(region[0], 0, width)
                self.assertGreater(len(rows), 30)
                for then, now, change in rows:
                    self.assertEqual(then[0], now[0])
                    self.assertLess(then[2], now[1])
                    self.assertGreater(change[0], now[0])
                    for _, left, right in (then, now, change):
                        self.assertTrue(0 <= left < right <= region[1], (left, right, region))
                browser.one(".causes summary").click()
                wide = browser.js("return document.querySelector('.causes').offsetWidth")
                self.assertGreater(wide, width * 0.7)
        finally:
            browser.size(1366, 768)

    def test_both_languages_have_the_same_words(self):
        keys = browser.js("""
            const done = arguments[arguments.length - 1];
            return Promise.all([import('/vi.js'), import('/en.js')]).then(([a, b]) =>
              [Object.keys(a.vi), Object.keys(b.en)]);""")
        self.assertEqual(set(keys[1]) - set(keys[0]), {"months"})
        self.assertEqual(set(keys[0]) - set(keys[1]), set())

    def test_the_first_tab_leads_to_the_content_and_nowhere_else(self):
        browser.open(province.address("units", standing="late"))
        before = browser.js("return location.hash")
        browser.one("#skip").send_keys(Keys.ENTER)
        self.assertEqual(browser.js("return [location.hash, document.activeElement.id]"), [before, "main"])
        self.assertEqual(browser.text("h1"), "Đơn vị")

    def test_an_unknown_address_leaves_every_obligation_to_choose(self):
        browser.open(f"{province.base}/#/none/O-1/overview")
        self.assertEqual(browser.js("return document.querySelector('#pick').selectedOptions[0].innerText"),
                         "Hãy chọn")
        browser.open(province.address())
        self.assertNotIn("Hãy chọn", browser.text("#picker"))

    def test_keys_open_the_parts(self):
        browser.open(province.address())
        browser.one("details.menu summary").send_keys(Keys.ENTER)
        self.assertTrue(browser.js("return document.querySelector('details.menu').open"))
        browser.keys(Keys.ESCAPE)
        self.assertFalse(browser.js("return document.querySelector('details.menu').open"))
        browser.one("body").send_keys("4")
        browser.wait(lambda: browser.text("h1") == "Chỉ tiêu")
        browser.one("body").send_keys("?")
        browser.wait(lambda: browser.js("return document.getElementById('help').open"))
        browser.one("#help input").click()
        browser.one("#help button").click()
        browser.one("body").send_keys("1")
        time.sleep(0.3)
        self.assertEqual(browser.text("h1"), "Chỉ tiêu")
        browser.js("localStorage.clear()")

    def test_nothing_comes_from_elsewhere_and_the_page_is_light(self):
        browser.requests()
        browser.errors()
        browser.open(province.address())
        for view in VIEWS:
            browser.go(province.hash(view))
        for url in browser.requests():
            if not url.startswith(("data:", "about:")):
                self.assertTrue(url.startswith(province.base + "/"), url)
        self.assertEqual(browser.errors(), [])
        size = browser.js("""
            return Promise.all(['/', ...performance.getEntriesByType('resource').map((e) => e.name)
              .filter((name) => !name.includes('/api/'))].map((name) => fetch(name)
              .then((r) => r.arrayBuffer()).then((b) => b.byteLength)))
              .then((sizes) => sizes.reduce((a, b) => a + b, 0));""")
        self.assertGreater(size, 50000)
        self.assertLessEqual(size, PAGE_BYTES_MAX)

    def test_paper_says_on_each_page_what_when_and_how_much_of_it(self):
        browser.open(province.address("indicators"))
        path = os.path.join(province.folder, "page.pdf")
        with open(path, "wb") as file:
            file.write(browser.pdf())
        if shutil.which("pdftotext") is None:
            return
        text = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True,
                              check=True).stdout
        pages = text.rstrip("\f\n").split("\f")
        self.assertGreater(len(pages), 2)
        for page in pages:
            for words in ("DIỄN TẬP", "Báo cáo 06 tháng năm 2025", "lúc 14:00 ngày 20/10/2025",
                          "/240 đơn vị", "nhật ký đến mục"):
                self.assertIn(words, page)
        self.assertIn("Tiếp công dân", text)
        longest = max(re.findall(r"[\d.]+", browser.text("main")), key=len)
        self.assertGreater(len(longest), 14)
        self.assertIn(longest, text, "broken over two lines")

    def test_paper_says_what_is_not_on_it(self):
        for view, said in (("figures", r"(?s)không đủ chỗ cho \d+ cột.*Đang hiện \d+/240 dòng"),
                           ("narrative", r"Đang hiện 100/\d+ dòng")):
            parameters = {"section": "all"} if view == "figures" else {"left": "TX04"}
            browser.open(province.address(view, **parameters))
            self.assertFalse("Trang giấy" in browser.text("main"))
            try:
                browser.cdp("Emulation.setEmulatedMedia", media="print")
                shown = browser.text("main")
                self.assertTrue(re.search(said, shown), view)
                self.assertFalse("Hiện thêm" in shown, view)
            finally:
                browser.cdp("Emulation.setEmulatedMedia", media="")

    def test_live_changes_leave_the_parts_where_they_are(self):
        try:
            browser.size(360, 740, mobile=True)
            browser.open(province.address())
            browser.js("document.querySelector('#tabs ul').scrollLeft = 300")
            browser.js("""
                const main = document.getElementById('main');
                new MutationObserver(() => { window.isDrawn = main.ariaBusy === 'false'; })
                  .observe(main, {attributes: true});
                window.dispatchEvent(new Event('online'));""")  # all is asked for again
            browser.wait(lambda: browser.js("return window.isDrawn"))
            self.assertEqual(browser.js("return document.querySelector('#tabs ul').scrollLeft"), 300)
        finally:
            browser.size(1366, 768)

    def test_a_phone_scrolls_only_downwards(self):
        try:
            for width in (390, 320):
                browser.size(width, 844, mobile=True)
                for view in VIEWS:
                    browser.open(province.address(view))
                    wide, inner = browser.js(
                        "return [document.documentElement.scrollWidth, window.innerWidth]")
                    self.assertLessEqual(wide, inner, f"{view} {width}")
                    self.assertEqual(inner, width, view)
                browser.one("#downloads summary").click()
                left, right = browser.js("""
                    const box = document.querySelector('#downloads ul').getBoundingClientRect();
                    return [box.left, box.right];""")
                self.assertTrue(0 <= left < right <= width, (left, right, width))
        finally:
            browser.size(1366, 768)


class Accessibility(unittest.TestCase):
    def check(self, address, what, presses=45):
        browser.open(address)
        self.assertEqual(accessibility.check(browser, presses), [], what)

    def test_every_view_is_accessible(self):
        for view in VIEWS:
            self.check(province.address(view), view)
        self.check(province.address("report", unit="23734"), "report")
        self.check(province.address(when=AD_HOC), "undated")
        self.check(province.address("report", AD_HOC, unit="64-snv"), "several reports")
        self.check(province.address(as_of="2025-05-09"), "as of")

    def test_in_the_dark_and_on_a_phone_too(self):
        try:
            browser.prefer("dark")
            for view in ("overview", "indicators", "closings"):
                self.check(province.address(view, as_of="2025-05-12"), f"{view} dark", 5)
            browser.prefer("light")
            browser.size(390, 844, mobile=True)
            for view in ("overview", "chasing", "closings"):
                self.check(province.address(view), f"{view} phone", 20)
        finally:
            browser.prefer("light")
            browser.size(1366, 768)

    FAULTS = {
        "name": "<button id='x'></button>",
        "contrast": "<p style='color:#999;background:#fff'>nhạt</p>",
        "heading": "<h5>nhảy bậc</h5>",
        "table": "<table><tr><td>1</td></tr></table>",
        "picture": "<svg width='9' height='9'></svg>",
        "id": "<i id='main'></i>",
        "reference": "<p aria-describedby='khong-co'>a</p>",
        "tabindex": "<p tabindex='3'>a</p>",
        "scroll": "<div style='overflow:auto;height:20px'><p>a<br>b<br>c<br>d</p></div>",
        "target": "<button style='all:unset;height:8px;display:inline-block'>a</button>"
                  "<button style='all:unset;height:8px;display:inline-block'>b</button>",
        "landmark": "<main></main>",
        "focus": "<button autofocus style='outline:none!important;box-shadow:none!important'>a</button>",
    }

    def test_the_check_itself_can_fail(self):
        for rule, fault in self.FAULTS.items():
            browser.open(province.address())
            browser.js("const d = document.createElement('div');"
                       "d.innerHTML = arguments[0].replace(/style='([^']*)'/g, \"data-style='$1'\");"
                       "for (const n of d.querySelectorAll('[data-style]'))"
                       "  n.setAttribute('style', '') || n.dataset.style.split(';').forEach((one) => {"
                       "    const [k, v] = one.split(':');"
                       "    n.style.setProperty(k, v.replace('!important', ''), v.includes('!') ? 'important' : '') });"
                       "document.body.insertBefore(d, document.body.firstChild)", fault)
            findings = accessibility.check(browser, 3)
            self.assertIn(rule, [finding.split(":")[0] for finding in findings], findings)


def main():
    global province, browser  # pylint: disable=global-statement
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--demo", required=True, help="the folder that tests/demo/demo.py left")
    arguments, rest = parser.parse_known_args()
    browser = Browser()
    province = Province(arguments.bin, arguments.demo)
    try:
        province.enter("64-snv", UNDATED["obligation"], {"TCD01": 5})
        province.enter("64-snv", AD_HOC["obligation"], {"TCD01": 12}, {"TX01": "Lời thứ nhất"}, 1)
        province.enter("64-snv", AD_HOC["obligation"], {"TCD01": 30}, {"TX01": "Lời thứ hai"}, 2)
        result = unittest.main(module=sys.modules[__name__], argv=[sys.argv[0], *rest], exit=False).result
    finally:
        browser.close()
        province.close()
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
