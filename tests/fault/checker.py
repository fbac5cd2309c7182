# SPDX-License-Identifier: Apache-2.0
"""Is everything that was acknowledged there, once? From files and the programs' outputs only."""

import re
import struct

from province import PERIOD, ROOT
from recompute import differences, read_catalogue

PAGE = 4096
BRANCH, LEAF = 0x01, 0x02
BIG = 0x01
META_PAGES = 2
NO_PAGE = 2**64 - 1
JOURNAL_KEY_SIZE = 9


class Book:
    """What the test knows: forms that were acknowledged, receipts that were seen."""

    def __init__(self, base):
        self.base = base     # the journal's size before the first submission
        self.queued = {}     # unit -> {revision: form}
        self.receipts = {}   # (unit, item) -> text

    def copy(self):
        book = Book(self.base)
        book.queued = {unit: dict(forms) for unit, forms in self.queued.items()}
        book.receipts = dict(self.receipts)
        return book


# ---- LMDB's file, read without LMDB ----

def values_of(data):
    """(key, offset and size of the value) of each row of the unnamed database, in order."""
    metas = [struct.unpack_from("<QQ", data, page * PAGE + 16 + 24 + 48 + 40) +
             struct.unpack_from("<Q", data, page * PAGE + 16 + 24 + 96 + 8)
             for page in range(META_PAGES)]
    root, _, _ = max(metas, key=lambda meta: meta[2])
    yield from rows_of(data, root)


def rows_of(data, page):
    if page == NO_PAGE:
        return
    at = page * PAGE
    flags, lower = struct.unpack_from("<HH", data, at + 10)
    for place in struct.unpack_from(f"<{(lower - 16) // 2}H", data, at + 16):
        low, high, kind, key_size = struct.unpack_from("<HHHH", data, at + place)
        if flags & BRANCH:
            yield from rows_of(data, low | high << 16 | kind << 32)
            continue
        key_at = at + place + 8
        value_at, size = key_at + key_size, low | high << 16
        if kind & BIG:
            value_at = struct.unpack_from("<Q", data, value_at)[0] * PAGE + 16
        yield bytes(data[key_at:key_at + key_size]), value_at, size


def journal_positions(store):
    """The journal's keys: its prefix is the highest of all tables."""
    rows = list(values_of((store / "data.mdb").read_bytes()))
    prefix = rows[-1][0][0]
    return [int.from_bytes(key[1:], "big") for key, _, _ in rows if key[0] == prefix]


# ---- the checks; each returns sentences about what is wrong ----

def check_items(province, book):
    """Every acknowledged report is received, under its own form; nothing else was made of it."""
    found, held = [], []
    for unit, forms in book.queued.items():
        items = {item["revision"]: item for item in province.items(unit)}
        found += [f"{unit} revision {r}: queued, and not in the outbox" for r in forms
                  if r not in items]
        found += [f"{unit} revision {r}: nobody said that it was queued" for r in items
                  if r not in forms]
        found += [f"{unit} revision {r}: {item['state']}" for r, item in items.items()
                  if item["state"] != "received"]
        held += [(unit, items[r], form) for r, form in forms.items()
                 if items.get(r, {}).get("state") == "received"]
    return found + check_receipts(province, held)


def check_receipts(province, held):
    """Each verifies offline, for its form, and says the position that the outbox says."""
    texts = province.receipts([(unit, item["id"]) for unit, item, _ in held])
    commands = []
    for i, (text, (_, _, form)) in enumerate(zip(texts, held)):
        path = province.folder / f"receipt-{i}.txt"
        path.write_text(text)
        commands.append(("receipt", "--verify", path, "--server", province.server,
                         "--report", form, "--json"))
    found = []
    for done, text, (unit, item, _) in zip(province.try_nodes(commands), texts, held):
        name = f"{unit} item {item['id']}"
        if done.returncode != 0:
            found.append(f"{name}: its receipt does not verify: {done.stderr.decode()}")
        elif f"\nindex {item['position']}\n" not in text:
            found.append(f"{name}: its receipt is not of position {item['position']}")
    return found


def check_seen(province, book):
    texts = province.receipts(book.receipts)
    return [f"{unit} item {item}: its receipt has changed"
            for (unit, item), text in zip(book.receipts, texts)
            if text != book.receipts[unit, item]]


def check_positions(province, book):
    """Each entry after the founding is a submission that receipts name, without a gap: what waited
    goes in one submission, so reports of one unit share a position."""
    found = []
    size = province.ask("rollup")["position"]
    held, owner = set(), {}
    for unit in province.units:
        for item in province.items(unit):
            if item["state"] == "received":
                held.add(item["position"])
                if owner.setdefault(item["position"], unit) != unit:
                    found.append(f"position {item['position']} is of two units")
    held = sorted(held)
    if held != list(range(book.base, size)):
        found.append(f"receipts hold positions {held}, the journal has {book.base} to {size - 1}")
    stored = journal_positions(province.daemon.store)
    if stored != list(range(size)):
        found.append(f"the journal's rows are not 0 to {size - 1}: {len(stored)} rows")
    return found


def check_reports(province, book):
    """What the store shows of each unit is its last form, with the way there."""
    found = []
    for unit, forms in book.queued.items():
        items = {item["revision"]: item for item in province.items(unit)}
        report = province.ask("report", "--unit", unit)
        told = {old["revision"]: (old["position"], old["sha256"]) for old in report["superseded"]}
        told[report["revision"]] = (report["entry"], report["sha256"])
        mine = {r: (items[r].get("position"), items[r]["digest"]) for r in forms if r in items}
        if told != mine or report["revision"] != max(forms):
            found.append(f"{unit}: the store has {told}, the node {mine}")
    return found


def check_totals(province, book):
    """Each unit is counted once: the totals are those of the last forms."""
    catalogue = read_catalogue(ROOT / "plans" / "catalogue" / "indicators.yaml")
    last = {unit: str(forms[max(forms)]) for unit, forms in book.queued.items() if forms}
    found = []
    for branch in ("all", "communes", "bodies"):
        rollup = province.ask("rollup", "--branch", branch)
        forms = [form for unit, form in last.items()
                 if branch == "all" or province.is_commune(unit) == (branch == "communes")]
        checked, wrong = differences(catalogue, rollup, forms)
        found += [f"{branch}: {sentence}" for sentence in wrong]
        if checked < 50:
            found.append(f"{branch}: only {checked} indicators were compared")
        counts = rollup["counts"]
        if (counts["expected"] != counts["received"] + counts["missing"] or
                counts["received"] != counts["on_time"] + counts["late"] + counts["undecided"]):
            found.append(f"{branch}: the counts contradict each other: {counts}")
        units = [u for u in province.kinds
                 if branch == "all" or province.is_commune(u) == (branch == "communes")]
        if counts["expected"] != len(units) or counts["on_time"] != len(forms):
            found.append(f"{branch}: expected {len(units)}, on time {len(forms)}, not {counts}")
    return found


def check_standing(province, book):
    standing = {line["unit"]: line for line in province.ask("standing")["units"]}
    told = {unit: line["revision"] for unit, line in standing.items() if "revision" in line}
    mine = {unit: max(forms) for unit, forms in book.queued.items() if forms}
    return [] if told == mine else [f"standing of {PERIOD}: {told}, submitted: {mine}"]


CHECKS = (check_items, check_seen, check_positions, check_reports, check_totals, check_standing)


def check_all(province, book):
    return [f"{re.sub('^check_', '', check.__name__)}: {sentence}"
            for check in CHECKS for sentence in check(province, book)]
