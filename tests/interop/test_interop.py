# SPDX-License-Identifier: Apache-2.0
"""A Python node against the real tonghop-aggregator: a rehearsal of the half-year of Gia Lai.

Usage: test_interop.py --schemas FOLDER-OF-*_pb2.py [--bin build/bin]
Exit 0: everything holds; 1: something does not; 77: something needed is not here.
"""

import argparse
import datetime
import json
import pathlib
import signal
import sys
import tempfile
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
parser = argparse.ArgumentParser()
parser.add_argument("--schemas", required=True)
parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build" / "bin")
options = parser.parse_args()
sys.path.insert(0, options.schemas)
try:
    import google.protobuf  # noqa: F401 (the schemas need it)
    import nacl.signing  # noqa: F401 (node.py needs it)
    import zmq
except ImportError as error:
    print(f"skipped: {error} (python3-zmq python3-protobuf python3-nacl)")
    sys.exit(77)
import book
import journal_pb2
import node
import report_pb2
from daemon import Daemon

TOTAL_SECONDS = 150
PLAN, OBLIGATION, PERIOD = "gialai-2025", "O-002-1", "2025-H1"
COMMUNE, SECOND, THIRD, BODY = "23734", "23563", "23557", "64-snv"
VIETNAM = datetime.timezone(datetime.timedelta(hours=7))
# Figures of every type that a commune is asked; no rule of the plan is broken.
FIGURES = {
    "VB01": 4, "VB02": 0, "PC01": 1, "PC02": datetime.date(2025, 3, 14),
    "DB05": 1250000000, "BTT09": "12.34", "DG01": "87.5",
    "TCD01": 30, "TCD04": 20, "TCD13": 7, "TCD22": 3,
    "XLD01": 12, "XLD02": 2, "XLD03": 10, "XLD04": 9, "XLD05": 3,
    "KN01": 7, "KN04": 3, "TX01": "Kết quả:\n\t- tốt",
}
ANSWERED = {
    "VB01": "4", "VB02": "0", "PC01": "1", "PC02": "2025-03-14", "DB05": "1250000000",
    "BTT09": "12.34", "TCD01": "30", "TCD04": "20", "TCD13": "7", "TCD22": "3", "XLD01": "12",
    "XLD02": "2", "XLD03": "10", "XLD04": "9", "XLD05": "3", "KN01": "7", "KN04": "3",
}


def same(found, expected, what):
    if found != expected:
        raise AssertionError(f"{what}:\n  found    {found!r}\n  expected {expected!r}")


def instant(day):
    begin = datetime.datetime.combine(day, datetime.time(), VIETNAM)
    return int(begin.timestamp()) * 1000


class World:
    """The store, its daemon, and the nodes of some units."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.daemon = Daemon(options.bin / "tonghop-aggregator", folder)
        self.context = zmq.Context()
        self.server = self.plan = None
        self.nodes, self.kept, self.receipts = {}, {}, {}

    def connect(self, identity):
        return node.Connection(self.context, self.server, identity, self.daemon.address)

    def known(self):
        return [self.plan.digest, self.server.units.digest]

    def report(self, unit, figures, revision=1, obligation=OBLIGATION):
        return node.freeze_report(self.plan, obligation, unit, revision, figures)

    def freeze(self, sender, *reports, plan_sha256=None, **changes):
        return node.freeze(self.server, self.nodes[sender], plan_sha256 or self.plan.digest,
                           list(reports), instant(datetime.date(2025, 5, 5)), **changes)

    def submit(self, sender, frozen):
        with self.connect(self.nodes[sender]) as connection:
            connection.hello(self.known())
            return connection.submit(frozen)

    def one(self, sender, frozen, kind):
        """The checked verdict of a submission of one report."""
        [item] = self.submit(sender, frozen)
        if item.kind != kind:
            raise AssertionError(f"verdict {item.kind} {item.rules()}, {kind} expected")
        return item


SCENES = []


def scene(function):
    SCENES.append(function)
    return function


def foundation(function):
    """A scene without which no other can be played."""
    function.needed = True
    return scene(function)


@foundation
def store_is_founded_and_its_server_yaml_is_read(world):
    plans = ROOT / "plans"
    world.daemon.command("init", "--rehearsal", "--units", plans / "units" / "gialai-2024.csv",
                         "--plan", plans / f"{PLAN}.yaml", "--listen", world.daemon.address,
                         "--publish", world.daemon.publish, "--http", "none")
    world.server = node.Server((world.daemon.store / "server.yaml").read_text())
    world.plan = world.server.plans[PLAN]
    same(world.server.address, world.daemon.address, "address")
    same(world.server.mode, report_pb2.REHEARSAL, "mode")
    obligation = world.plan.obligation(OBLIGATION)
    same(obligation.due, instant(datetime.date(2025, 5, 10)), "first late instant")
    same(obligation.period.decode(), PERIOD, "period")
    commune = world.server.units.on(COMMUNE, obligation.due_day)
    asked = {world.plan.by_number[n].code.decode() for n in world.plan.asked(obligation, commune)}
    same(set(FIGURES) - asked, set(), "figures that are not asked")


@foundation
def only_a_node_pub_with_both_proofs_is_enrolled(world):
    pairs = []
    for unit in (COMMUNE, SECOND, THIRD, BODY):
        world.nodes[unit] = node.Identity(unit)
        path = world.folder / f"{unit}.pub"
        path.write_text(world.nodes[unit].node_pub(world.server))
        pairs += [unit, path]
    for name in ("signature", "box"):  # each proof taken from another node
        lines = [world.nodes[COMMUNE].node_pub(world.server).splitlines(),
                 world.nodes[SECOND].node_pub(world.server).splitlines()]
        mixed = [b if a.startswith(name + ":") else a for a, b in zip(*lines)]
        bad = world.folder / f"bad-{name}.pub"
        bad.write_text("\n".join(mixed) + "\n")
        world.daemon.command("enroll", COMMUNE, bad, expect=65)
    world.daemon.command("enroll", *pairs)


@foundation
def daemon_runs_and_its_rehearsal_clock_is_set(world):
    world.daemon.start()
    world.daemon.command("clock", "--to", "2025-05-05")


@scene
def hello_is_welcomed_and_what_lacks_is_announced(world):
    with world.connect(world.nodes[COMMUNE]) as connection:
        session = connection.hello(
            linger=15, enough=lambda got: got.plans and got.units and got.reminders)
        same(session.welcome.now, instant(datetime.date(2025, 5, 5)), "time of the store")
        if session.welcome.size < 1:
            raise AssertionError("the log is empty")
        same(set(session.plans), {world.plan.digest}, "announced plans")
        same(set(session.units), {world.server.units.digest}, "announced unit lists")
        owed = {(each.plan.decode(), each.obligation.decode()): each.due
                for each in session.reminders}
        same(owed, {(PLAN, OBLIGATION): instant(datetime.date(2025, 5, 10))}, "reminders")
    with world.connect(world.nodes[COMMUNE]) as connection:
        session = connection.hello(world.known(), linger=1.5)
        same((session.plans, session.units), ({}, {}), "announced although known")


@scene
def unknown_curve_key_is_not_admitted(world):
    with world.connect(node.Identity(COMMUNE)) as stranger, \
            world.connect(world.nodes[COMMUNE]) as known:
        same(known.handshake(10), "succeeded", "handshake of an enrolled key")
        if stranger.handshake(2) == "succeeded":
            raise AssertionError("an unknown key was admitted")
        if stranger.socket.poll(1000, zmq.POLLOUT):
            raise AssertionError("an unknown key may send")


@scene
def new_report_is_accepted_with_a_receipt_that_verifies(world):
    world.kept["first"] = frozen = world.freeze(COMMUNE, world.report(COMMUNE, FIGURES))
    item = world.one(COMMUNE, frozen, "ACCEPTED")
    now = instant(datetime.date(2025, 5, 5))
    same((item.leaf.time, item.leaf.clock), (now, journal_pb2.STEADY), "receive time, clock")
    same((item.judgement.obligation.decode(), item.judgement.number, item.judgement.revision),
         (OBLIGATION, 0, 1), "identity in the leaf")
    same((item.judgement.first_received, item.judgement.due, item.judgement.timeliness),
         (now, instant(datetime.date(2025, 5, 10)), journal_pb2.ON_TIME), "timeliness")
    world.receipts["first"] = item


@scene
def same_bytes_again_are_a_duplicate_with_the_same_receipt(world):
    item = world.one(COMMUNE, world.kept["first"], "DUPLICATE")
    same(item.receipt, world.receipts["first"].receipt, "receipt")
    signed_again = world.freeze(COMMUNE, world.report(COMMUNE, FIGURES))
    item = world.one(COMMUNE, signed_again, "DUPLICATE")
    same(item.receipt, world.receipts["first"].receipt, "receipt of the report, newly signed")


@scene
def other_content_of_the_same_revision_is_a_conflict(world):
    other = world.report(COMMUNE, FIGURES | {"VB01": 5})
    verdict = world.one(COMMUNE, world.freeze(COMMUNE, other), "CONFLICT").verdict
    same(verdict.stored_sha256, world.kept["first"].report_digests[0], "stored digest")
    same(verdict.next_revision, 2, "next revision")
    same(verdict.position, world.receipts["first"].leaf.position, "position of the original")


@scene
def revision_that_skips_ahead_is_rejected(world):
    ahead = world.freeze(COMMUNE, world.report(COMMUNE, FIGURES, revision=3))
    item = world.one(COMMUNE, ahead, "REJECTED")
    same((item.rules(), item.verdict.next_revision), (["revision_gap"], 2), "reasons")


@scene
def correction_is_accepted(world):
    corrected = FIGURES | {"VB01": 9}
    world.kept["second"] = frozen = world.freeze(
        COMMUNE, world.report(COMMUNE, corrected, revision=2))
    item = world.one(COMMUNE, frozen, "ACCEPTED")
    same(item.judgement.revision, 2, "revision")
    same(world.one(COMMUNE, world.kept["first"], "DUPLICATE").receipt,
         world.receipts["first"].receipt, "receipt of the corrected revision")


@scene
def broken_rules_are_all_told_at_once_and_signed(world):
    bad = FIGURES | {"TCD01": 31, "XLD01": 13, "KN03": 2, "QC01": 1}
    values = {code: book.as_value(world.plan.by_code[code], value) for code, value in bad.items()
              if world.plan.by_code[code].type != book.TEXT}
    unit = world.server.units.on(SECOND, 20200)
    own = world.plan.broken_rules(PERIOD, unit, values)[book.ERROR]
    item = world.one(SECOND, world.freeze(SECOND, world.report(SECOND, bad)), "REJECTED")
    same(sorted(item.rules()), sorted(own + ["not_asked"]), "reasons, and what the node finds")
    if not {"R01", "R07", "R08"} <= set(own):
        raise AssertionError(f"the node found {own} only")
    for reason in item.verdict.reason:
        if not reason.text.decode():
            raise AssertionError(f"{reason.rule}: no text")
    fields = {each.rule.decode(): each.field.decode() for each in item.verdict.reason}
    same(fields["not_asked"], "value.QC01", "field")


@scene
def what_was_refused_left_no_trace(world):
    item = world.one(SECOND, world.freeze(SECOND, world.report(SECOND, FIGURES)), "ACCEPTED")
    same(item.judgement.revision, 1, "revision")


@scene
def wrong_unit_realm_mode_or_plan_is_rejected(world):
    mine, theirs = world.report(THIRD, FIGURES), world.report(COMMUNE, FIGURES)
    for expected, frozen in {
            "unit": world.freeze(THIRD, theirs),
            "mode": world.freeze(THIRD, mine, mode=report_pb2.LIVE),
            "realm": world.freeze(THIRD, mine, realm=b"tonghop/51/rehearsal"),
            "plan_version": world.freeze(THIRD, mine, plan_sha256=b"\x01" * 32),
            "obligation": world.freeze(THIRD, world.report(THIRD, FIGURES, obligation="O-9")),
            "empty": world.freeze(THIRD, world.report(THIRD, {})),
    }.items():
        rules = world.one(THIRD, frozen, "REJECTED").rules()
        same(rules, [expected], f"reasons for {expected}")
    for sender, frozen, expected in (
            (COMMUNE, world.freeze(THIRD, theirs, unit=COMMUNE), ["key"]),
            (COMMUNE, world.freeze(THIRD, mine), ["unit"]),
            (THIRD, world.freeze(THIRD, theirs, unit=COMMUNE), ["unit", "key"])):
        same(world.one(sender, frozen, "REJECTED").rules(), expected, "reasons for another's unit")
    with world.connect(world.nodes[THIRD]) as connection:
        try:
            connection.hello(unit=COMMUNE.encode())
        except node.Refused as refused:
            same(refused.failure.code.decode(), "forbidden", "hello as another unit")
        else:
            raise AssertionError("hello as another unit was welcomed")


@scene
def forged_signature_gets_no_verdict(world):
    frozen = world.freeze(THIRD, world.report(THIRD, FIGURES))
    parsed = report_pb2.Submission.FromString(frozen.data)
    parsed.signature = world.freeze(THIRD, world.report(THIRD, {"VB01": 1})).data[-64:]
    with world.connect(world.nodes[THIRD]) as connection:
        connection.hello(world.known())
        try:
            connection.ask("outcome", seconds=2, submission=parsed.SerializeToString())
        except (TimeoutError, node.Refused):
            return
    raise AssertionError("a forged signature was judged")


@scene
def two_reports_of_one_submission_are_judged_apart(world):
    good = world.report(BODY, {"VB01": 2, "TCD01": 8})
    bad = world.report(BODY, {"VB01": 2, "DB05": 1}, obligation="O-002-2")  # bodies: not asked
    frozen = world.freeze(BODY, good, bad)
    items = world.submit(BODY, frozen)
    same([each.kind for each in items], ["ACCEPTED", "REJECTED"], "verdicts")
    same(items[1].rules(), ["not_asked"], "reasons")
    told = [(each.report_sha256, each.verdict) for each in items[0].leaf.judgement]
    same(told, [(frozen.report_digests[0], journal_pb2.Judgement.ACCEPTED),
                (frozen.report_digests[1], journal_pb2.Judgement.REJECTED)], "leaf")


def check_rollup(answer, counts, changed):
    same((answer["plan"], answer["period"]), (PLAN, PERIOD), "plan and period")
    told = {key: int(answer["counts"][key]) for key in counts}
    same(told, counts, "counts")
    values = {code: answer["indicators"][code]["value"] for code in ANSWERED}
    same(values, ANSWERED | changed, "values")
    figures = answer["indicators"]
    same(figures["KN07"]["value"], "42.86", "ratio: 3 of 7 in percent, rounded")
    same(figures["DG01"]["value"], {"average": "87.50", "min": "87.50", "max": "87.50"}, "DG01")
    same((figures["VB03"]["value"], figures["VB03"]["missing"]), (None, 1), "not reported")


@scene
def rollup_over_the_network_is_what_was_sent(world):
    alone = {"expected": 1, "received": 1, "on_time": 1, "late": 0, "missing": 0}
    with world.connect(world.nodes[COMMUNE]) as connection:
        connection.hello(world.known())
        fields = dict(plan=PLAN.encode(), period=PERIOD.encode(),
                      obligation=OBLIGATION.encode())
        check_rollup(connection.query("ROLLUP", **fields), alone, {"VB01": "9"})
        try:
            connection.query("ROLLUP", unit=b"64", **fields)
        except node.Refused as refused:
            same(refused.failure.code.decode(), "forbidden", "answer about a unit above")
        else:
            raise AssertionError("a commune read the province's figures")


@scene
def what_a_command_shows_a_machine_can_ask(world):
    fields = dict(plan=PLAN.encode(), obligation=OBLIGATION.encode())
    with world.connect(world.nodes[COMMUNE]) as connection:
        connection.hello(world.known())
        chasing = connection.query("CHASING", **fields)
        same((chasing["groups"], chasing["counts"]["missing"]), ([], 0), "nobody to chase")
        spread = connection.query("SPREAD", **fields)["indicators"]["VB01"]
        same((spread["min"], spread["min_units"], spread["mean"]), ("9", [COMMUNE], "9.0"),
             "spread of one unit")
        unit = connection.query("UNIT", plan=b"")
        same(unit["unit"], COMMUNE, "the unit that asks")
        found = connection.query("UNITS", plan=b"", search=b"a", limit=1)
        same((found["found"] <= 1, found["more"]), (True, None), "itself alone")
        report = connection.query("REPORT", revision=1, **fields)
        same(report["revision"], 1, "the first revision")
        at = connection.query("STANDING", position=report["revisions"][0]["position"] + 1, **fields)
        same(at["counts"]["received"], 1, "at the position of the first revision")
        try:
            connection.query("CHASING", unit=b"64", **fields)
        except node.Refused as refused:
            same(refused.failure.code.decode(), "forbidden", "whom the province chases")
        else:
            raise AssertionError("a commune read whom the province chases")


@scene
def rollup_of_the_command_counts_it_once(world):
    alone = {"expected": 1, "received": 1, "on_time": 1, "late": 0, "missing": 0}
    asked = ("--plan", PLAN, "--period", PERIOD, "--obligation", OBLIGATION, "--json")
    answer = json.loads(world.daemon.command("rollup", *asked, "--unit", COMMUNE))
    check_rollup(answer, alone, {"VB01": "9"})
    obligation = world.plan.obligation(OBLIGATION)
    expected = len(book.expected(world.plan, world.server.units, obligation))
    province = json.loads(world.daemon.command("rollup", *asked, "--unit", "64"))
    same(int(province["counts"]["expected"]), expected, "expected, by the node's own reading")
    same(int(province["counts"]["received"]), 3, "received")
    same(int(province["counts"]["missing"]), expected - 3, "missing")
    same(province["indicators"]["VB01"]["value"], str(9 + 4 + 2), "sum of three units")
    same(province["indicators"]["TCD01"]["value"], str(30 + 30 + 8), "sum of three units")


@scene
def late_report_is_accepted_and_marked_late(world):
    world.daemon.command("clock", "--to", "2025-05-20")
    item = world.one(THIRD, world.freeze(THIRD, world.report(THIRD, FIGURES)), "ACCEPTED")
    same(item.judgement.timeliness, journal_pb2.LATE, "timeliness")
    correction = world.report(COMMUNE, FIGURES | {"VB01": 10}, revision=3)
    item = world.one(COMMUNE, world.freeze(COMMUNE, correction), "ACCEPTED")
    same(item.judgement.timeliness, journal_pb2.ON_TIME, "timeliness of a correction")
    with world.connect(world.nodes[COMMUNE]) as connection:
        connection.hello(world.known())
        for as_of, value in ((None, "10"), (instant(datetime.date(2025, 5, 10)), "9")):
            answer = connection.query("ROLLUP", plan=PLAN.encode(), period=PERIOD.encode(),
                                      as_of=as_of)
            same(answer["indicators"]["VB01"]["value"], value, f"value as of {as_of}")


@scene
def closing_holds_the_figures_of_the_due_instant(world):
    answer = json.loads(world.daemon.command("closings", "--plan", PLAN, "--period", PERIOD,
                                             "--obligation", OBLIGATION, "--unit", "64", "--json"))
    [closing] = [each for each in answer["closings"]
                 if (each["unit"], each["branch"]) == ("64", "all")]
    same(closing["closed_at"], "2025-05-10T00:00:00+07:00", "instant")
    same((closing["counts"]["received"], closing["counts"]["late"]), (3, 0), "counts")
    same(closing["indicators"]["VB01"]["value"], str(9 + 4 + 2), "sum, before the correction")


@scene
def revoked_key_is_rejected_at_its_next_message(world):
    with world.connect(world.nodes[BODY]) as connection:
        connection.hello(world.known())
        world.daemon.command("revoke", BODY, world.folder / f"{BODY}.pub")
        frozen = world.freeze(BODY, world.report(BODY, {"VB01": 3}, revision=2))
        [item] = connection.submit(frozen)
        same((item.kind, item.rules()), ("REJECTED", ["key"]), "verdict about a revoked key")
        try:
            connection.hello(world.known())
        except node.Refused as refused:
            same(refused.failure.code.decode(), "forbidden", "hello with a revoked key")
        else:
            raise AssertionError("a revoked key was welcomed")
    with world.connect(world.nodes[BODY]) as connection:
        if connection.handshake(2) == "succeeded":
            raise AssertionError("a revoked key was admitted")


@scene
def receipts_outlive_a_restart(world):
    same(world.daemon.stop(), 0, "exit code of the daemon")
    world.daemon.start()
    item = world.one(COMMUNE, world.kept["first"], "DUPLICATE")
    same(item.receipt, world.receipts["first"].receipt, "receipt")


def ended(number, _):
    raise SystemExit(f"ended by {signal.Signals(number).name}; {TOTAL_SECONDS} s at most")


def main():
    program = options.bin / "tonghop-aggregator"
    if not program.exists():
        print(f"skipped: there is no {program}")
        return 77
    signal.signal(signal.SIGALRM, ended)
    signal.signal(signal.SIGTERM, ended)
    signal.alarm(TOTAL_SECONDS)
    held = 0
    with tempfile.TemporaryDirectory(prefix="tonghop-interop-") as folder:
        world = World(folder)
        try:
            for play in SCENES:
                name = play.__name__.replace("_", " ")
                try:
                    play(world)
                    print(f"ok    {name}", flush=True)
                    held += 1
                except Exception:  # the next scenes still tell something
                    print(f"FAIL  {name}\n{traceback.format_exc(-2)}", flush=True)
                    if getattr(play, "needed", False):
                        break
        finally:
            world.daemon.stop()
            world.context.destroy(0)
            if held < len(SCENES):
                print(f"the aggregator said:\n{world.daemon.output()}")
    print(f"{held} of {len(SCENES)} hold")
    return 0 if held == len(SCENES) else 1


if __name__ == "__main__":
    sys.exit(main())
