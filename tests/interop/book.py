# SPDX-License-Identifier: Apache-2.0
"""Reads a compiled plan and a unit list, after docs/PROTOCOL.md §13: who is asked what."""

import datetime
import decimal
import re
import unicodedata

import plan_pb2
from tlog import need, sha256

COUNT, MONEY, DECIMAL, BOOL, DATE, ENUM, TEXT, PERCENT = range(8)
(SUM, MAX, RATIO_OF_SUMS, AVERAGE_MIN_MAX, COUNT_BY_VALUE, CONCAT) = range(6)
PROVINCE, DISTRICT, COMMUNE, BODY = range(4)
LEVEL_OF_KIND = [PROVINCE] * 2 + [DISTRICT] * 4 + [COMMUNE] * 4 + [BODY] * 7
COMPARISON, ANNUAL_COMMUNE = 0, 1
WARN, ERROR = 0, 1
BEFORE, BY = 0, 1
EPOCH = datetime.date(1970, 1, 1)
BIDI = ("LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI")
TERM = re.compile(r"(?:(\d+)\*)?([A-Z]+[0-9]+)|(\d+)")


def decode(message, data):
    """Strictly: every required field, no field or enum value that the schema lacks."""
    try:
        message.ParseFromString(data)
    except Exception as error:  # the protobuf implementations raise different types
        need(False, f"{message.DESCRIPTOR.name}: {error}")
    need(message.IsInitialized(), f"{message.DESCRIPTOR.name}: a required field is missing")
    refuse_unknown(message)
    return message


def refuse_unknown(message):
    need(len(message.UnknownFields()) == 0, f"{message.DESCRIPTOR.name}: an unknown field")
    for field, value in message.ListFields():
        if field.type == field.TYPE_MESSAGE:
            for each in value if field.label == field.LABEL_REPEATED else [value]:
                refuse_unknown(each)


def as_text(text, lines=False):
    """The bytes of an accepted text (§1)."""
    text = unicodedata.normalize("NFC", text)
    allowed = "\n\t" if lines else ""
    for char in text:
        bidi = unicodedata.bidirectional(char) in BIDI or char in "\u061c\u200e\u200f"
        need(char in allowed or (unicodedata.category(char) != "Cc" and not bidi),
             f"text: U+{ord(char):04X} may not stand there")
    return text.encode()


def as_value(indicator, written):
    """The scaled integer that travels for what people write."""
    if indicator.type in (COUNT, MONEY, BOOL):
        return int(written)
    if indicator.type == DECIMAL:
        scaled = decimal.Decimal(written).scaleb(indicator.scale)
        need(scaled == scaled.to_integral_value(), f"{indicator.code}: too many decimals")
        return int(scaled)
    if indicator.type == DATE:
        return (written - EPOCH).days
    need(indicator.type == ENUM, f"{indicator.code}: is not asked as a figure")
    return list(indicator.value).index(written.encode())


class Units:
    def __init__(self, content):
        self.digest = sha256(content)
        self.list = list(decode(plan_pb2.UnitList(), content).unit)

    def on(self, code, day):
        """The unit that has this code on that day, or None."""
        for unit in self.list:
            begun = not unit.HasField("valid_from") or unit.valid_from <= day
            ended = unit.HasField("valid_to") and unit.valid_to <= day
            if unit.code.decode() == code and begun and not ended:
                return unit
        return None


class Plan:
    def __init__(self, content):
        self.digest = sha256(content)
        self.message = decode(plan_pb2.Plan(), content)
        self.id = self.message.id.decode()
        self.by_code = {each.code.decode(): each for each in self.message.indicator}
        self.by_number = {each.number: each for each in self.message.indicator}

    def obligation(self, ident):
        found = [each for each in self.message.obligation if each.id.decode() == ident]
        need(found, f"plan {self.id}: no obligation {ident}")
        return found[0]

    def asked(self, obligation, unit):
        """Numbers of the indicators that this unit is asked."""
        terms = obligation.override
        if not terms.has_indicators:
            terms = obligation.quoted
        body = LEVEL_OF_KIND[unit.kind] == BODY
        numbers = terms.bodies if body else terms.communes
        return [n for n in numbers if is_asked(self.by_number[n])]

    def broken_rules(self, period, unit, values):
        """Ids of the comparisons that these values {code: scaled} break: {severity: [id]}."""
        broken = {WARN: [], ERROR: []}
        commune = LEVEL_OF_KIND[unit.kind] == COMMUNE
        for rule in self.message.rule:
            runs = rule.kind == COMPARISON or (
                rule.kind == ANNUAL_COMMUNE and commune and re.fullmatch(r"\d{4}", period))
            if runs and holds(rule.written.decode(), values) is False:
                broken[rule.severity].append(rule.id.decode())
        return broken


def is_asked(indicator):
    return indicator.type != PERCENT and not (indicator.type == ENUM and not indicator.value)


def holds(written, values):
    """Whether a comparison holds; None when a term is not reported."""
    left, relation, right = re.fullmatch(r"(.+?) (==|<=|>=) (.+)", written).groups()
    sums = [sum_of(side, values) for side in (left, right)]
    if None in sums:
        return None
    return {"==": sums[0] == sums[1], "<=": sums[0] <= sums[1], ">=": sums[0] >= sums[1]}[relation]


def sum_of(side, values):
    total = 0
    for part in side.split(" + "):
        match = TERM.fullmatch(part.strip())
        need(match, f"rule: cannot read {part!r}")
        factor, code, constant = match.groups()
        if constant is not None:
            total += int(constant)
        elif code not in values:
            return None
        else:
            total += int(factor or 1) * values[code]
    return total


def is_below(units, unit, territory, day):
    while unit is not None and unit.code != territory:
        unit = units.on(unit.parent.decode(), day) if unit.HasField("parent") else None
    return unit is not None


def expected(plan, units, obligation):
    """Codes of the units that owe this dated obligation."""
    selector = who(obligation)
    day = obligation.due_day - (1 if obligation.boundary == BEFORE else 0)
    codes = []
    for unit in units.list:
        wide = (selector.kinds >> unit.kind | selector.levels >> LEVEL_OF_KIND[unit.kind]) & 1
        inside = wide and is_below(units, unit, plan.message.territory, day)
        chosen = inside or unit.code in selector.unit
        if chosen and unit.code not in getattr(selector, "except") and (
                units.on(unit.code.decode(), day) is unit):
            codes.append(unit.code.decode())
    return codes


def who(obligation):
    """The selector in force."""
    if obligation.override.HasField("who"):
        return obligation.override.who
    return obligation.quoted.who
