#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""HTTP over real sockets: what is answered is what the commands print, and what is malformed, slow
or too much is refused while everything else goes on. test_http.py --bin FOLDER --year FOLDER"""
import argparse
import gzip
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from operator import mul

from http_case import API, Answer, Case, HALF, Listener, OBLIGATION, PLAN, wait_for

SAFETY = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer",
          "cross-origin-opener-policy": "same-origin",
          "cross-origin-resource-policy": "same-origin", "connection": "close"}
POLICY = ["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'",
          "img-src 'self' data:", "base-uri 'none'", "form-action 'none'",
          "frame-ancestors 'none'"]
UNIT = "23557"
TESTS = []


def test(function):
    TESTS.append(function)
    return function


# ---- answers ----

@test
def answers_are_those_of_the_commands(case):
    for path, command, options in (
            ("standing", "standing", ()), ("rollup", "rollup", ()), ("closings", "closings", ()),
            ("page", "page", ()), (f"reports/{UNIT}", "report", ("--unit", UNIT)),
            ("rollup?unit=627&branch=communes", "rollup",
             ("--unit", "627", "--branch", "communes")),
            ("standing?as_of=2025-05-10", "standing", ("--as-of", "2025-05-10")),
            ("rollup?as_of=2025-05-09T23:00%2B07:00", "rollup", ("--as-of", "2025-05-09T23:00"))):
        assert case.ask(f"{OBLIGATION}/{path}") == case.command(command, *options), path


@test
def a_plus_that_was_not_encoded_is_still_the_zone(case):
    path = f"{OBLIGATION}/rollup?as_of=2025-05-09T23:00+07:00"
    assert case.ask(path)["as_of"] == "2025-05-09T23:00:00+07:00"


@test
def a_position_is_answered_as_of_its_last_entry(case):
    answer = case.ask(f"{OBLIGATION}/standing?position=600&brief=1")
    assert answer["position"] == 600 and "units" not in answer
    later = case.ask(f"{OBLIGATION}/standing?as_of={answer['as_of'].replace('+', '%2B')}&brief=1")
    assert later["position"] >= 600


@test
def every_route_answers(case):
    texts = {"checkpoint": b"tonghop/64/rehearsal\n", "checkpoint?size=5": b"tonghop/64/rehearsal"}
    for path, begin in texts.items():
        answer = case.good(f"{API}/{path}")
        assert answer.body.startswith(begin) and "text/plain" in answer.fields["content-type"]
    for path in ("store", "plans", f"plans/{PLAN}", "units?q=yen%20do", f"units/{UNIT}"):
        answer = case.ask(f"{API}/{path}")
        assert answer["position"] > 700 and "as_of" in answer, path
    for path in ("", "/standing", "/chasing", "/rollup", "/page?indicators=VB01", "/spread",
                 "/arrivals", f"/reports/{UNIT}", "/models", "/closings", "/differences"):
        answer = case.ask(OBLIGATION + path)
        assert list(answer)[:5] == ["plan", "obligation", "period", "as_of", "position"], path
        assert answer["obligation"] == HALF


@test
def a_receipt_is_of_the_report_that_is_shown(case):
    report = case.ask(f"{OBLIGATION}/reports/{UNIT}")
    receipt = case.good(f"{OBLIGATION}/reports/{UNIT}/receipt").body.decode()
    assert receipt.startswith("c2sp.org/tlog-proof@v1\n")
    assert f"index {report['entry']}\n" in receipt
    first = case.good(f"{OBLIGATION}/reports/{UNIT}/receipt?revision=1").body.decode()
    assert first.startswith("c2sp.org/tlog-proof@v1\n")


@test
def lists_and_documents_are_files(case):
    for path, kind, begin in (
            ("chasing.csv", "text/csv", b"\xef\xbb\xbf"), ("chasing.txt", "text/plain", b""),
            ("export.csv", "text/csv", b"\xef\xbb\xbf"), ("export.json", "application/json", b"{"),
            ("export.xlsx", "application/vnd.openxml", b"PK"),
            ("export.odt", "application/vnd.oasis", b"PK")):
        answer = case.good(f"{OBLIGATION}/{path}")
        assert answer.fields["content-type"].startswith(kind), path
        assert answer.body.startswith(begin) and len(answer.body) > 100, path
        if path != "chasing.txt":
            name = answer.fields["content-disposition"]
            assert name.startswith('attachment; filename="') and name.isascii(), name
    for sheet in ("khong-co", "x" * 70):
        unknown = case.get(f"{OBLIGATION}/export.csv?sheet={sheet}")
        assert unknown.code == 404 and "don-vi" in unknown.json()["detail"], unknown.body


@test
def contacts_are_read_again_when_their_file_changes(case):
    path = os.path.join(case.store, "contacts.csv")
    group = next(g for g in case.ask(f"{OBLIGATION}/chasing")["groups"] if g["units"])
    unit = group["units"][0]["unit"]
    for name in ("Nguyễn Văn A", "Trần Thị B"):
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"unit,name,phone\n{unit},{name},0900000000\n")
        lines = [line for g in case.ask(f"{OBLIGATION}/chasing")["groups"] for line in g["units"]]
        assert next(x for x in lines if x["unit"] == unit)["contact"]["name"] == name
    os.unlink(path)


# ---- parameters and problems ----

def problem(answer, code, word):
    assert answer.code == code, (answer.code, answer.body)
    assert answer.fields["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == code and body["code"] == word, body
    assert body["type"] == f"urn:tonghop:problem:{word}" and body["title"] and body["detail"]
    return body


@test
def parameters_are_read_strictly(case):
    for path, name in (
            ("/rollup?unit=64&unit=64", "hai lần"), ("/rollup?colour=red", "colour"),
            ("/rollup?branch=reds", "reds"), ("/rollup?as_of=tomorrow", "tomorrow"),
            ("/rollup?position=-1", "position"), ("/rollup?position=007", "position"),
            ("/standing?limit=0", "limit"), ("/standing?limit=99999999", "limit"),
            ("/standing?brief=yes", "brief"), ("/rollup?as_of=2025-05-10&position=5", "position"),
            ("/rollup?brief=1", "brief"), ("/rollup?unit=" + "9" * 200, "unit"),
            ("/rollup?%zz=1", "tham số"), ("/rollup?q=%ff", "UTF-8"), ("/rollup?=1", "tham số"),
            ("/page?indicators=a" + "%E1%BA%BF" * 198, "ế")):  # the sentence ends amid these
        answer = case.get(OBLIGATION + path)
        body = problem(answer, 400, answer.json()["code"])
        assert name in body["detail"] and body["instance"] == OBLIGATION + path, (path, body)


@test
def what_is_not_there_is_said(case):
    problem(case.get(f"{API}/nothing"), 404, "not_found")
    problem(case.get("/nothing"), 404, "not_found")
    problem(case.get(f"{API}/plans/none"), 404, "not_found")
    problem(case.get(f"{API}/plans/{PLAN}/obligations/none/rollup"), 404, "not_found")
    problem(case.get(f"{OBLIGATION}/rollup?unit=00000"), 404, "not_found")
    problem(case.get(f"{OBLIGATION}/reports/{UNIT}?revision=99"), 404, "not_found")
    problem(case.get(f"{API}/checkpoint?size=100000"), 404, "not_found")
    early = case.get(f"{OBLIGATION}/rollup?as_of=2001-01-01")
    assert early.code in (400, 404) and early.json()["code"] == "out_of_range"
    problem(case.get(f"{OBLIGATION}/rollup?as_of=2100-01-01"), 400, "out_of_range")


@test
def hostile_texts_stay_texts(case):
    path = f"{OBLIGATION}/rollup?unit=%3Cscript%3Ex()"
    answer = case.get(path)
    assert answer.code == 404 and answer.fields["x-content-type-options"] == "nosniff"
    assert "<script>x()" in answer.json()["detail"]
    for text in ("%1B[31m", "%00", "%0d%0aX:%201"):
        assert case.get(f"{OBLIGATION}/rollup?unit={text}").code == 400
    assert case.get("/%1B%5B31m").code == 400


@test
def hostile_words_in_a_report_are_kept_and_never_run(case):
    bad = "=cmd|' /C calc'!A0 <script>alert(1)</script> '\";--"
    case.submit("23563", lambda text: text.replace("\n  TX01: |\n",
                                                   f"\n  TX01: |\n    {bad}\n"))
    wait_for(lambda: case.ask(f"{OBLIGATION}/reports/23563")["revision"] == 2)
    report = case.good(f"{OBLIGATION}/reports/23563")
    assert report.json()["sections"]["TX01"].startswith(bad), report.json()["sections"]
    assert report.fields["content-type"] == "application/json; charset=utf-8"


# ---- caches ----

@test
def a_tag_saves_the_answer(case):
    path = f"{OBLIGATION}/rollup"
    first = case.good(path)
    tag = first.fields["etag"]
    again = case.get(path, If_None_Match=tag)
    if again.fields.get("etag") != tag:  # a minute has passed
        tag = again.fields["etag"]
        again = case.get(path, If_None_Match=f'"other", {tag}')
    assert again.code == 304 and again.body == b"" and again.fields["etag"] == tag
    assert first.fields["cache-control"] == "no-cache"
    assert case.get(path, If_None_Match='"other"').code == 200
    past = case.good(f"{path}?as_of=2025-05-10")
    assert past.fields["cache-control"] == "private, max-age=3600"
    assert case.get(f"{path}?as_of=2025-05-10", If_None_Match=past.fields["etag"]).code == 304
    assert case.good(f"{API}/store").fields["cache-control"] == "no-store"


@test
def what_is_kept_is_not_made_again(case):
    for path, question in (("now", ""), ("the past", "?as_of=2025-06-02"), ("position", "?position=600")):
        before = metrics(case)["tonghop_http_cache_hits_total"]
        first = case.good(f"{OBLIGATION}/rollup{question}")
        for _ in range(3):
            again = case.good(f"{OBLIGATION}/rollup{question}")
            assert again.body == first.body or path == "now"
        assert metrics(case)["tonghop_http_cache_hits_total"] >= before + 2, path


@test
def a_commit_changes_the_tag(case):
    path = f"{OBLIGATION}/rollup"
    past = f"{path}?as_of=2025-05-10"
    before, kept = case.good(path).fields["etag"], case.good(past).fields["etag"]
    position = case.ask(f"{API}/store")["position"]
    case.run("clock", case.store, "--to", "2025-11-21T08:00")
    wait_for(lambda: case.ask(f"{API}/store")["position"] > position)
    assert case.get(path, If_None_Match=before).code == 200
    assert case.get(past, If_None_Match=kept).code == 304


@test
def content_is_packed_for_who_takes_it(case):
    path = f"{OBLIGATION}/rollup?as_of=2025-06-01"
    plain = case.good(path)
    for _ in range(2):  # the second one is kept
        packed = case.good(path, Accept_Encoding="br, gzip;q=0.5")
        assert packed.fields["content-encoding"] == "gzip"
        assert gzip.decompress(packed.body) == plain.body
        assert len(packed.body) * 3 < len(plain.body)
    assert "content-encoding" not in case.good(path, Accept_Encoding="gzip;q=0").fields
    assert packed.fields["vary"] == "Accept-Encoding"


@test
def a_head_is_an_answer_without_its_content(case):
    path = f"{OBLIGATION}/rollup?as_of=2025-06-01"
    full, head = case.good(path), case.get(path, method="HEAD")
    assert head.code == 200 and head.body == b""
    for name in ("content-length", "content-type", "etag", "cache-control"):
        assert head.fields[name] == full.fields[name], name
    assert case.get("/nothing", method="HEAD").body == b""


@test
def every_answer_is_guarded(case):
    for path in ("/", f"{API}/plans", "/nothing", "/metrics", f"{API}/nothing?x=1", "/healthz"):
        fields = case.get(path).fields
        for name, value in SAFETY.items():
            assert fields[name] == value, (path, name, fields)
        assert fields["content-security-policy"].split("; ") == POLICY, path
        assert "access-control-allow-origin" not in fields and "server" not in fields


@test
def the_page_is_served(case):
    page = case.good("/")
    assert page.fields["content-type"].startswith("text/html") and b"<html" in page.body
    assert case.get("/", If_None_Match=page.fields["etag"]).code == 304
    assert case.good("/app.js").fields["content-type"].startswith("text/javascript")


# ---- malformed requests ----

def raw(*lines, end="\r\n"):
    return (end.join(lines) + end + end).encode()


@test
def what_is_malformed_is_refused(case):
    host = f"Host: 127.0.0.1:{case.port}"
    get = "GET /healthz HTTP/1.1"
    refused = (
        (raw("GET /healthz HTTP/1.1", host, end="\n"), 400),
        (raw(get, host, "Content-Length: -1"), 400),
        (raw(get, host, "Content-Length: 99999999999999999999"), 413),
        (raw(get, host, "Content-Length: 5"), 413),
        (raw(get, host, "Content-Length: 0", "Content-Length: 0"), 400),
        (raw(get, host, "Content-Length: 3", "Transfer-Encoding: chunked"), 400),
        (raw(get, host, "Transfer-Encoding: chunked") + b"FFFFFFFFFFFFFFFFF\r\n", 413),
        (raw(get, host, "Transfer-Encoding: cow"), 501),
        (raw(get, host, "Expect: 100-continue"), 417),
        (raw("POST / HTTP/1.1", host), 405), (raw("BREW / HTTP/1.1", host), 501),
        (raw("GET / HTTP/2.0", host), 505), (raw("GET / HTTP/1.1 ", host), 400),
        (raw("GET /", host), 400), (raw("GET  / HTTP/1.1", host), 400),
        (raw("GET http://127.0.0.1/ HTTP/1.1", host), 400), (raw("GET * HTTP/1.1", host), 400),
        (raw("GET /%00 HTTP/1.1", host), 400), (raw("GET /..%2fetc HTTP/1.1", host), 400),
        (raw("GET /%2e%2e/etc HTTP/1.1", host), 400), (raw("GET /../etc HTTP/1.1", host), 400),
        (raw("GET /a//b HTTP/1.1", host), 400), (raw("GET /a\\b HTTP/1.1", host), 400),
        (raw("GET /<script> HTTP/1.1", host), 400), (raw("GET /%zz HTTP/1.1", host), 400),
        (raw(get), 400), (raw(get, host, host), 400), (raw(get, "Host: "), 400),
        (raw(get, "Host: example.org"), 421), (raw(get, "Host: 127.0.0.1.example.org"), 421),
        (raw(get, "Host: localhost:x"), 421), (raw(get, "Host: localhost@example.org"), 421),
        (raw(get, host, "X: a", " b"), 400), (raw(get, host, "X : a"), 400),
        (raw(get, host, "nothing"), 400), (raw(get, host, "X: a\0b"), 400),
        (raw(get, host, "X: a\x1b[31m"), 400), (raw(get, host, "X: a\rb"), 400),
        (raw(get, host) + raw(get, host), 400), (b"\r\n" + raw(get, host), 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", 400),
        (raw(get, host, *(f"X{i}: 1" for i in range(100))), 431),
        (raw(get, host, "X: " + "a" * 1000000), 431),
        (raw("GET /" + "a" * 1000000 + " HTTP/1.1", host), 414))
    for request, code in refused:
        answer = case.send(request)
        assert answer.code == code, (answer.code, code, request[:120])
        assert answer.json()["status"] == code
        assert answer.fields["connection"] == "close" and "content-security-policy" in answer.fields
    assert case.send(raw("POST / HTTP/1.1", host)).fields["allow"] == "GET, HEAD"
    assert case.good("/healthz").body == b"ok\n"


@test
def names_of_the_loopback_are_taken(case):
    for name in ("localhost", "LOCALHOST:1", "127.0.0.1:8080", "[::1]:7480", "[::1]"):
        assert case.send(raw("GET /healthz HTTP/1.1", f"Host: {name}")).code == 200, name
    assert case.send(raw("GET /healthz HTTP/1.0", "Host: localhost")).code == 200


@test
def a_head_may_come_byte_by_byte(case):
    with case.connect() as sock:
        for byte in raw("GET /healthz HTTP/1.1", "Host: localhost"):
            sock.sendall(bytes([byte]))
        assert Answer(case.read(sock)).code == 200


@test
def a_thousand_slow_ones_stop_nobody(case):
    slow = []
    begun = time.monotonic()
    for _ in range(1000):
        sock = case.connect()
        sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: loc")
        slow.append(sock)
    took = []
    while time.monotonic() - begun < 4:
        start = time.monotonic()
        assert case.good(f"{OBLIGATION}/rollup?as_of=2025-06-01").code == 200
        took.append(time.monotonic() - start)
        time.sleep(0.1)
    before = case.ask(f"{API}/store")["position"]
    case.run("clock", case.store, "--to", "2025-11-22T08:00")
    assert case.ask(f"{API}/store")["position"] > before
    assert max(took) < 2, max(took)
    for sock in slow:
        answer = Answer(case.read(sock))
        assert answer.code == 408, answer.code
        sock.close()
    waited = time.monotonic() - begun
    assert 4.5 < waited < 15, waited


@test
def who_does_not_read_is_ended(case):
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.connect(("127.0.0.1", case.port))
        sock.sendall(raw(f"GET {OBLIGATION}/export.json HTTP/1.1", "Host: localhost"))
        time.sleep(1)
        assert metrics(case)["tonghop_http_connections"] == 2  # it, and the one that asks
        wait_for(lambda: metrics(case)["tonghop_http_connections"] == 1, 20)
        try:
            got = case.read(sock)
        except ConnectionError:
            got = b""
        assert len(got) < 600000, len(got)


@test
def more_than_all_places_make_the_oldest_give_way(case):
    slow = [case.connect() for _ in range(1024)]
    time.sleep(1.5)
    assert case.good("/healthz").body == b"ok\n"
    for sock in slow:
        sock.close()


# ---- events ----

@test
def a_report_that_arrives_is_told(case):
    listener = Listener(case)
    assert listener.fields["content-type"].startswith("text/event-stream")
    name, data, number = listener.event()
    assert name == "position" and data["position"] == number
    case.submit("23566", lambda text: text.replace("\n  VB01: ", "\n  VB01: 1")
                .replace("\n  VB02: ", "\n  VB02: 1"))  # ten more of both
    events = []
    while not any(event[0] == "standing" for event in events):
        events = listener.group()
    position = events[-1][2]
    assert {"plan": PLAN, "obligation": HALF, "unit": "23566", "position": position} in \
        [event[1] for event in events if event[0] == "standing"]
    told = [event[1] for event in events if event[0] == "rollup"]
    while not any(data["unit"] == "64" and data["branch"] == "all" for data in told):
        told += [event[1] for event in listener.group() if event[0] == "rollup"]
    assert case.ask(f"{OBLIGATION}/reports/23566")["revision"] == 2
    listener.close()


@test
def who_was_away_goes_on(case):
    listener = Listener(case)
    seen = listener.event()[2]
    listener.close()
    for day in range(24, 27):
        case.run("clock", case.store, "--to", f"2025-11-{day}T08:00")
        time.sleep(0.3)
    listener = Listener(case, seen)
    groups = [listener.group()]
    while groups[-1][-1][2] < seen + 3:
        groups.append(listener.group())
    assert all(name != "reset" for group in groups for name, _, _ in group)
    listener.close()
    for unknown in ("1", str(seen + 1000), "x"):
        listener = Listener(case, unknown)
        assert listener.event()[0] == "reset"
        listener.close()


@test
def listeners_are_bounded_and_forgotten(case):
    time.sleep(0.5)  # those of before are forgotten
    listeners = [Listener(case) for _ in range(128)]
    problem(case.get(f"{API}/events"), 503, "busy")
    for listener in listeners:
        listener.close()

    def has_room():
        with case.connect() as sock:
            sock.sendall(raw(f"GET {API}/events HTTP/1.1", "Host: localhost"))
            return sock.recv(12) == b"HTTP/1.1 200"
    wait_for(has_room)


# ---- the operator's ----

def metrics(case):
    values, typed, helped = {}, {}, set()
    for line in case.good("/metrics").body.decode().splitlines():
        words = line.split(" ")
        if line.startswith("# HELP "):
            helped.add(words[2])
        elif line.startswith("# TYPE "):
            assert words[2] in helped and words[2] not in typed, line
            typed[words[2]] = words[3]
        else:
            name = words[0].split("{")[0]
            family = name if name in typed else name.rsplit("_", 1)[0]
            assert name == family or name.rsplit("_", 1)[1] in ("sum", "count", "bucket"), line
            assert family in typed, line
            assert (typed[family] == "counter") == name.endswith("_total"), line
            values[words[0]] = float(words[1])
    return values


@test
def metrics_follow_what_happens(case):
    before = metrics(case)
    case.good(f"{OBLIGATION}/rollup")
    case.get("/nothing")
    case.send(raw("POST / HTTP/1.1", "Host: localhost"))
    case.run("clock", case.store, "--to", "2025-11-28T08:00")
    after = metrics(case)
    for name, least in (('tonghop_http_responses_total{code="2xx"}', 2),
                        ('tonghop_http_responses_total{code="4xx"}', 2),
                        ("tonghop_http_refused_total", 1), ("tonghop_commits_total", 1),
                        ("tonghop_acts_total", 1), ("tonghop_journal_entries", 1),
                        ("tonghop_batch_seconds_count", 1)):
        assert after[name] - before[name] >= least, name
    name, count = "tonghop_commit_seconds", after["tonghop_commit_seconds_count"]
    spans = [value for key, value in after.items() if key.startswith(f"{name}_bucket")]
    assert count == after["tonghop_commits_total"] >= 1, count
    assert spans == sorted(spans) and spans[-1] == count == after[f'{name}_bucket{{le="+Inf"}}'], spans
    assert before[f"{name}_sum"] < after[f"{name}_sum"], after[f"{name}_sum"]
    bounds = [0, 0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 60]
    each = [now - earlier for now, earlier in zip(spans, [0, *spans])]
    assert sum(map(mul, each, bounds)) <= after[f"{name}_sum"] <= sum(map(mul, each, bounds[1:])), spans
    assert f'{name}_bucket{{le="0.001"}}' in after and f'{name}_bucket{{le="2.5"}}' in after, after
    assert after["tonghop_journal_entries"] == case.ask(f"{API}/store")["position"]
    assert after["tonghop_disk_free_bytes"] > 0 and after["tonghop_queue_jobs"] >= 0


@test
def units_are_connected_while_their_nodes_are(case):
    """Who is not enrolled talks to the same port, and is not counted."""
    name = "tonghop_units_connected"
    home = case.home("23572")
    port = int(case.listen.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port)) as stranger:
        stranger.sendall(b"\xff" + bytes(8) + b"\x7f")
        node = subprocess.Popen([case.node, "run", home], stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)
        try:
            wait_for(lambda: metrics(case)[name] == 1, 20)
        finally:
            node.terminate()
            node.wait(20)
        wait_for(lambda: metrics(case)[name] == 0, 20)
    assert metrics(case)["tonghop_units_heard"] >= 1


@test
def health_and_readiness(case):
    assert case.good("/healthz").body == b"ok\n" and case.good("/readyz").body == b"ready\n"


def check_stop(case):
    """Listeners are sent away, and the process ends at once."""
    listener = Listener(case)
    listener.event()
    begun = time.monotonic()
    case.stop()
    assert time.monotonic() - begun < 5
    try:
        while True:
            listener.line()
    except (EOFError, ConnectionError, ValueError):
        pass
    listener.close()


def check_run(case):
    """Another run may have another store: what was kept from the last one is asked for again."""
    past = f"{OBLIGATION}/rollup?as_of=2025-05-10"
    tag = case.good(past).fields["etag"]
    check_stop(case)
    case.start(files=96)
    assert case.get(past, If_None_Match=tag).code == 200
    assert metrics(case)["tonghop_batch_seconds_count"] <= 1  # the first tick
    listeners = [Listener(case) for _ in range(96 // 4 // 2)]
    problem(case.get(f"{API}/events"), 503, "busy")
    case.good("/healthz")  # there are places that no listener takes
    for listener in listeners:
        listener.close()
    time.sleep(0.5)
    check_stop(case)


def check_addresses(case):
    """Anything but the loopback is refused, in a sentence; a taken port likewise."""
    import subprocess
    for address, word in (("0.0.0.0:7480", "OPERATIONS.md"), ("10.1.2.3:7480", "OPERATIONS.md"),
                          ("example.org:80", "OPERATIONS.md"), ("127.0.0.1", "địa chỉ"),
                          ("127.0.0.1:99999", "địa chỉ")):
        done = subprocess.run([case.aggregator, "run", case.store, "--http", address],
                              capture_output=True, text=True, check=False)
        assert done.returncode == 64 and word in done.stderr, (address, done)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = subprocess.run([case.aggregator, "run", case.store, "--http",
                               f"127.0.0.1:{taken.getsockname()[1]}"],
                              capture_output=True, text=True, check=False)
        assert done.returncode == 75 and "chương trình khác" in done.stderr, done


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    parser.add_argument("--year", required=True, help="what demo.py made")
    parser.add_argument("--only")
    arguments = parser.parse_args()
    root = tempfile.mkdtemp(prefix="tonghop-http-")
    case = Case(arguments.bin, arguments.year, root, "http_host: tonghop.example.vn\n")
    try:
        check_addresses(case)
        case.start()
        for function in TESTS:
            if arguments.only is None or arguments.only in function.__name__:
                begun = time.monotonic()
                function(case)
                print(f"{time.monotonic() - begun:6.2f} s {function.__name__}", flush=True)
        assert case.send(raw("GET /healthz HTTP/1.1", "Host: Tonghop.example.vn")).code == 200
        check_run(case)
    finally:
        if case.process is not None:
            case.process.kill()
        shutil.rmtree(root)
    print("http: all checks hold")


if __name__ == "__main__":
    sys.exit(main())
