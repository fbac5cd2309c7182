# SPDX-License-Identifier: Apache-2.0
"""A unit's node, written from docs/PROTOCOL.md and proto/*.proto alone.

It reads server.yaml, makes keys and node.pub, says hello, freezes and signs submissions, sends
them over ZeroMQ with CURVE, and believes no outcome whose receipt or refusal does not verify.
It keeps nothing on disk: whoever uses it keeps the frozen bytes (§11).
"""

import json
import os
import re
import time
from dataclasses import dataclass, field

import nacl.public
import nacl.signing
import zmq
from zmq.utils import z85
from zmq.utils.monitor import recv_monitor_message

import journal_pb2
import message_pb2
import report_pb2
from book import TEXT, Plan, Units, as_text, as_value, decode
from tlog import (LogKey, LogKeys, Wrong, b64, need, open_receipt, open_refusal, sha256,
                  unb64)

VERSION = 1
SUBMISSION_DOMAIN = b"tonghop submission v1\n"
FRAME_MAX = 294912
HEADER_MAX = 1024
REPORT_MAX = 131072
FRAME_TO_NODE_MAX = 4198464
MODES = {"live": report_pb2.LIVE, "rehearsal": report_pb2.REHEARSAL}
ANSWER_SECONDS = 30


# --- server.yaml and node.pub (§3) ---------------------------------------------------------------

def read_fields(text):
    """One `key: value` a line, plain or "quoted"; a list is on its line or `- "item"` lines."""
    fields, key = {}, None
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        item = re.fullmatch(r" +- (.*)", line)
        if item:
            need(isinstance(fields.get(key), list), f"server.yaml: no list before {line[:40]!r}")
            fields[key].append(read_value(item.group(1)))
            continue
        match = re.fullmatch(r"([a-z_]+):(?: +(.*))?", line)
        need(match, f"server.yaml: cannot read {line[:40]!r}")
        key, value = match.groups()
        need(key not in fields, f"server.yaml: {key} twice")
        fields[key] = read_value(value) if value else []
    return fields


def read_value(written):
    if written[:1] not in ('"', "["):
        return written.partition(" #")[0].strip()
    try:
        value, end = json.JSONDecoder().raw_decode(written)
    except ValueError as error:
        raise Wrong(f"server.yaml: {error}") from error
    rest = written[end:].strip()
    need(not rest or rest.startswith("#"), f"server.yaml: {rest[:40]!r} after a value")
    return value


class Server:
    """What the province gives out: everything that is trusted."""

    KEYS = {"server", "format", "mode", "realm", "address", "publish", "log_key", "curve_key",
            "units", "plans"}

    def __init__(self, text):
        fields = read_fields(text)
        need(set(fields) == self.KEYS, f"server.yaml: keys are {sorted(fields)}")
        need((fields["server"], fields["format"]) == ("tonghop", "1"), "server.yaml: format")
        need(fields["mode"] in MODES, "server.yaml: mode")
        self.mode = MODES[fields["mode"]]
        self.realm = fields["realm"]
        need(self.realm.endswith("/rehearsal") == (self.mode == report_pb2.REHEARSAL),
             "server.yaml: the realm is of another mode")
        self.address, self.publish = fields["address"], fields["publish"]
        self.log_keys = LogKeys(LogKey.parse(fields["log_key"]))
        need(self.log_keys.current.name == self.realm, "server.yaml: the log is of another realm")
        self.curve_key = unb64(fields["curve_key"], 32)
        self.units = Units(unb64(fields["units"]))
        self.plans = {}
        for content in fields["plans"]:
            plan = Plan(unb64(content))
            self.plans[plan.id] = plan

    def extend(self, welcome):
        """The log's later keys, and with them perhaps another realm of the same store (§4)."""
        self.log_keys.extend([(each.vkey.decode(), each.after, each.succession.decode())
                              for each in welcome.log_key])
        self.realm = self.log_keys.current.name


class Identity:
    """The two key pairs of a unit; both secrets stay here."""

    def __init__(self, unit):
        self.unit = unit
        self.sign = nacl.signing.SigningKey.generate()
        self.curve = nacl.public.PrivateKey.generate()

    def node_pub(self, server):
        sign_key, curve_key = bytes(self.sign.verify_key), bytes(self.curve.public_key)
        claim = f"tonghop node v1\n{server.realm}\n{self.unit}\n".encode() + sign_key + curve_key
        box = nacl.public.Box(self.curve, nacl.public.PublicKey(server.curve_key))
        sealed = box.encrypt(sign_key, os.urandom(24))  # nonce, then the box
        return "".join(f"{key}: {value}\n" for key, value in [
            ("node", "tonghop"), ("format", "1"),
            ("realm", json.dumps(server.realm)), ("unit", json.dumps(self.unit)),
            ("sign_key", f'"{b64(sign_key)}"'), ("curve_key", f'"{b64(curve_key)}"'),
            ("signature", f'"{b64(self.sign.sign(claim).signature)}"'),
            ("box", f'"{b64(bytes(sealed))}"')])


# --- a report and its submission (§5, §6) --------------------------------------------------------

def freeze_report(plan, obligation, unit, revision, written, number=0):
    """The bytes of a report; `written` is {code: what people write}."""
    report = report_pb2.Report(
        plan=plan.id.encode(), obligation=obligation.encode(), unit=unit.encode(),
        number=number, revision=revision)
    for code, value in sorted(written.items(), key=lambda item: plan.by_code[item[0]].number):
        indicator = plan.by_code[code]
        if indicator.type == TEXT:
            report.section.add(indicator=indicator.number, text=as_text(value, lines=True))
        else:
            report.indicator.append(indicator.number)
            report.value.append(as_value(indicator, value))
    data = report.SerializeToString()
    need(len(data) <= REPORT_MAX, "report: too large")
    return data


@dataclass(frozen=True)
class Frozen:
    """A submission that may be sent, again and again, as these bytes."""

    unit: str
    data: bytes
    header_digest: bytes
    report_digests: list


def freeze(server, identity, plan_digest, reports, prepared, unit=None, **header_changes):
    """Signs reports; header_changes are for trying what a node must not do."""
    digests = [sha256(each) for each in reports]
    fields = dict(mode=server.mode, realm=server.realm.encode(),
                  unit=(unit or identity.unit).encode(), plan_sha256=plan_digest,
                  prepared=prepared, nonce=os.urandom(16),
                  key=bytes(identity.sign.verify_key), report_sha256=digests)
    fields.update(header_changes)
    header = report_pb2.SubmissionHeader(**fields).SerializeToString()
    need(len(header) <= HEADER_MAX, "submission: the header is too large")
    signature = identity.sign.sign(SUBMISSION_DOMAIN + header).signature
    data = report_pb2.Submission(
        header=header, signature=signature, report=reports).SerializeToString()
    return Frozen(unit or identity.unit, data, sha256(header), digests)


# --- outcomes (§7, §8, §9) -----------------------------------------------------------------------

@dataclass
class Checked:
    """One report's verdict that its proof supports."""

    verdict: message_pb2.Verdict
    receipt: bytes = b""
    leaf: journal_pb2.Leaf = None
    judgement: journal_pb2.Judgement = None

    @property
    def kind(self):
        return message_pb2.Verdict.Kind.Name(self.verdict.kind)

    def rules(self):
        return [each.rule.decode() for each in self.verdict.reason]


def check_receipt(server, text, unit, header_digest, report_digest):
    """Step 6 of §8 after the proof itself; header_digest None for the receipt of a duplicate."""
    proof = open_receipt(text.decode(), server.log_keys)
    leaf = decode(journal_pb2.Leaf(), proof.leaf)
    need(leaf.position == proof.index, "leaf: position is not the index")
    need(leaf.kind in (journal_pb2.SUBMISSION, journal_pb2.READMITTED, journal_pb2.ENTERED),
         "leaf: not of a submission")
    need(leaf.mode == server.mode, "leaf: of another mode")
    need(leaf.unit.decode() == unit, "leaf: of another unit")
    need(len(leaf.entry_sha256) == 32, "leaf: no digest of the entry")
    need(leaf.HasField("operator") == (leaf.kind == journal_pb2.ENTERED),
         "leaf: a person instead of a signature, or none")
    need(header_digest in (None, leaf.header_sha256), "leaf: of another submission")
    mine = [each for each in leaf.judgement if each.report_sha256 == report_digest and
            each.verdict == journal_pb2.Judgement.ACCEPTED]
    need(len(mine) == 1, "leaf: does not say that this report was accepted")
    need(mine[0].HasField("received") == (leaf.kind == journal_pb2.READMITTED),
         "leaf: received twice, or readmitted without a time")
    return leaf, mine[0]


def check_outcome(server, frozen, outcome):
    """[Checked] in the order of the reports; raises Wrong when a proof is missing or wrong."""
    need(outcome.header_sha256 == frozen.header_digest, "outcome: of another submission")
    told = [each.report_sha256 for each in outcome.verdict]
    need(told == frozen.report_digests, "outcome: of other reports")
    checked = []
    for verdict in outcome.verdict:
        item = Checked(verdict)
        if item.kind in ("ACCEPTED", "DUPLICATE"):
            need(verdict.HasField("receipt"), "outcome: no receipt")
            need(verdict.receipt < len(outcome.receipt), "outcome: the receipt is not there")
            item.receipt = outcome.receipt[verdict.receipt]
            first = frozen.header_digest if item.kind == "ACCEPTED" else None
            item.leaf, item.judgement = check_receipt(
                server, item.receipt, frozen.unit, first, verdict.report_sha256)
            need(verdict.position == item.leaf.position, "outcome: another position")
        checked.append(item)
    if all(item.kind in ("CONFLICT", "REJECTED") for item in checked):
        check_refusal(server, frozen, outcome, checked)
    else:
        need(not outcome.HasField("refusal"), "outcome: refused and not refused")
    return checked


def check_refusal(server, frozen, outcome, checked):
    need(outcome.HasField("refusal"), "outcome: no refusal")
    header, reports = open_refusal(outcome.refusal.decode(), server.log_keys.current)
    need(header == frozen.header_digest, "refusal: of another submission")
    told = [(item.verdict.report_sha256, item.kind.lower(), item.rules()) for item in checked]
    need(reports == told, f"refusal: says {reports}, the outcome {told}")


# --- what a log has lost (§4) --------------------------------------------------------------------

def find_lost(server, welcome, held):
    """Of `held`, [(Frozen, receipt)], what is asked for, in the order of positions. Leave out what
    has a receipt of a later realm already."""
    asked = {each.realm.decode(): getattr(each, "from") for each in welcome.lost}
    found = []
    for frozen, receipt in held:
        proof = open_receipt(receipt.decode(), server.log_keys)
        leaf = decode(journal_pb2.Leaf(), proof.leaf)
        if proof.index >= asked.get(proof.origin, proof.index + 1) and \
                leaf.header_sha256 == frozen.header_digest:
            found.append((proof.index, frozen, receipt))
    return [(frozen, receipt) for _, frozen, receipt in sorted(found, key=lambda item: item[0])]


# --- the connection (§2, §4, §10, §12) -----------------------------------------------------------

@dataclass
class Session:
    """What came after hello."""

    welcome: message_pb2.Welcome
    plans: dict = field(default_factory=dict)  # by digest
    units: dict = field(default_factory=dict)
    reminders: list = field(default_factory=list)


class Refused(Exception):
    """ToNode.failure: no verdict was made."""

    def __init__(self, failure):
        super().__init__(failure.code.decode() + ": " + failure.text.decode())
        self.failure = failure


class Connection:
    """A DEALER with CURVE; use as a context manager."""

    def __init__(self, context, server, identity, address=None):
        self.server, self.identity, self.request = server, identity, 0
        self.session = Session(None)
        self.socket = context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.IMMEDIATE, 1)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.MAXMSGSIZE, FRAME_TO_NODE_MAX)
        self.socket.setsockopt(zmq.HEARTBEAT_IVL, 15000)
        self.socket.curve_serverkey = z85.encode(server.curve_key)
        self.socket.curve_secretkey = z85.encode(bytes(identity.curve))
        self.socket.curve_publickey = z85.encode(bytes(identity.curve.public_key))
        self.monitor = self.socket.get_monitor_socket(
            zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_HANDSHAKE_FAILED_AUTH |
            zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL)
        self.socket.connect(address or server.address)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.disable_monitor()
        self.monitor.close()
        self.socket.close()

    def handshake(self, seconds):
        """'succeeded' or 'failed': the first that the monitor says; 'silence' for neither."""
        if not self.monitor.poll(int(seconds * 1000)):
            return "silence"
        event = recv_monitor_message(self.monitor)["event"]
        return "succeeded" if event == zmq.EVENT_HANDSHAKE_SUCCEEDED else "failed"

    def send(self, seconds=10, **body):
        """Sends one frame; returns its request number."""
        self.request += 1
        frame = message_pb2.ToAggregator(version=VERSION, request=self.request, **body)
        data = frame.SerializeToString()
        need(len(data) <= FRAME_MAX, "frame: too large")
        if not self.socket.poll(int(seconds * 1000), zmq.POLLOUT):
            raise TimeoutError("no connection to the aggregator")
        self.socket.send(data, zmq.DONTWAIT)
        return self.request

    def receive(self, seconds):
        """The next frame, or None."""
        if not self.socket.poll(max(0, int(seconds * 1000))):
            return None
        frames = self.socket.recv_multipart()
        need(len(frames) == 1, "a message of several frames")
        message = decode(message_pb2.ToNode(), frames[0])
        need(message.version == VERSION, "another version")
        need(message.WhichOneof("body"), "a frame without a body")
        return message

    def keep(self, message):
        """Keeps what nobody asked for."""
        body = message.WhichOneof("body")
        if body == "announcement":
            content = message.announcement.content
            if message.announcement.kind == message_pb2.Announcement.PLAN:
                self.session.plans[sha256(content)] = Plan(content)
            else:
                self.session.units[sha256(content)] = Units(content)
        elif body == "reminder":
            self.session.reminders.append(message.reminder)

    def ask(self, expected, seconds=ANSWER_SECONDS, **body):
        """Sends and waits for the answer to just this request."""
        until = time.monotonic() + seconds
        request = self.send(**body)
        while True:
            message = self.receive(until - time.monotonic())
            if message is None:
                raise TimeoutError(f"no {expected} in {seconds} s")
            kind = message.WhichOneof("body")
            if kind in ("announcement", "reminder"):
                self.keep(message)
            elif message.request == request and kind == "failure":
                raise Refused(message.failure)
            elif message.request == request:
                need(kind == expected, f"{kind} came for {expected}")
                return getattr(message, kind)

    def hello(self, known=(), newest_receipt=None, linger=0.0, enough=None, **changes):
        """Hello and welcome; then announcements and reminders for `linger` seconds, or until
        enough(session)."""
        hello = message_pb2.Hello(unit=self.identity.unit.encode(), known_sha256=list(known),
                                  newest_receipt=newest_receipt)
        for name, value in changes.items():
            setattr(hello, name, value)
        welcome = self.ask("welcome", hello=hello)
        need(welcome.mode == self.server.mode, "welcome: another mode")
        self.server.extend(welcome)
        need(welcome.realm.decode() == self.server.realm, "welcome: another realm")
        self.session.welcome = welcome
        until = time.monotonic() + linger
        while not (enough and enough(self.session)):
            message = self.receive(until - time.monotonic())
            if message is None:
                break
            self.keep(message)
        return self.session

    def submit(self, frozen):
        """Sends the frozen bytes, again after `busy`; returns the checked verdicts."""
        return self.hand_in(frozen, submission=frozen.data)

    def readmit(self, held):
        """Answers Welcome.lost before anything is submitted, each in its turn; see find_lost().
        Returns [(Frozen, [Checked])]: what was neither accepted nor a duplicate stays as it was,
        and is sent again after the next welcome."""
        answers = []
        for frozen, receipt in find_lost(self.server, self.session.welcome, held):
            body = journal_pb2.Readmission(submission=frozen.data, receipt=receipt)
            answers.append((frozen, self.hand_in(frozen, readmission=body)))
        return answers

    def hand_in(self, frozen, **body):
        until = time.monotonic() + ANSWER_SECONDS
        while True:
            try:
                outcome = self.ask("outcome", **body)
                return check_outcome(self.server, frozen, outcome)
            except Refused as refused:
                if not refused.failure.retry or time.monotonic() > until:
                    raise
                time.sleep(min(max(refused.failure.after_ms, 100), 5000) / 1000)

    def query(self, what, **fields):
        query = message_pb2.Query(what=message_pb2.Query.What.Value(what), **fields)
        return json.loads(self.ask("answer", query=query).json)


__all__ = ["Checked", "Connection", "Frozen", "Identity", "Refused", "Server", "Wrong",
           "check_outcome", "check_receipt", "find_lost", "freeze", "freeze_report"]
