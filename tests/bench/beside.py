# SPDX-License-Identifier: Apache-2.0
"""The page's server beside a burst: what answers take, and what they take from ingest.

`wrk` asks for one page of a province again and again, each connection waiting between two requests.
It starts when the load's clock does and is stopped when the load has ended, so that all that it
measures is beside the burst.
"""

import re
import shutil
import signal
import subprocess
import tempfile
import time

from daemon import die_with_parent
from checks import must_be_asked, must_be_taken, must_have_receipts, must_keep_up
from place import PLAN, PROGRAM_SECONDS, Skipped, Wrong

ASKED = 200  # requests a second
# Of them, so that a row says something: beside what is offered; beside all that two cores can do.
OFFERED_SHARE, BURST_SHARE = 0.5, 0.25
CONNECTIONS = 8
OFFERED = 20000  # reports a second
OBLIGATION = "O-002"  # every unit sends to it
READY_SECONDS = STOP_SECONDS = 20
LEAST_SECONDS = 0.3  # that it runs: it has to be there before it can be stopped
TAKEN_MS = 3  # by an answer: each connection waits so much less, so 200 a second are asked
UNITS = {"us": 1e-3, "ms": 1, "s": 1e3, "m": 6e4}


def page_of(daemon):
    until = time.monotonic() + READY_SECONDS
    while (found := re.search(r"trang xem ở (http://\S+)/", daemon.output())) is None:
        if time.monotonic() > until:
            raise Wrong(f"no page: {daemon.output()}")
        time.sleep(0.05)
    return f"{found[1]}/api/v1/plans/{PLAN}/obligations/{OBLIGATION}/page?unit=P00&branch=communes"


class Watchers:
    """200 requests a second from start() to measured(). Ended with the block."""

    def __init__(self, url):
        self.script = tempfile.NamedTemporaryFile("w", suffix=".lua")
        self.script.write(f"function delay() return {1000 * CONNECTIONS // ASKED - TAKEN_MS} end\n")
        self.script.flush()
        self.command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{PROGRAM_SECONDS}s", "--latency",
                        "-s", self.script.name, url]
        self.process, self.began = None, 0

    def __enter__(self):
        return self

    def start(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        preexec_fn=die_with_parent)
        self.began = time.monotonic()

    def __exit__(self, *ignored):
        self.script.close()
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.kill()
        self.process.stdout.close()
        self.process.wait()

    def measured(self):
        if self.process is None:
            raise Wrong("the load's clock has not started")
        time.sleep(max(0, self.began + LEAST_SECONDS - time.monotonic()))
        is_early = self.process.poll() is not None
        self.process.send_signal(signal.SIGINT)  # it stops and tells what it has
        out = self.process.communicate(timeout=STOP_SECONDS)[0]
        if is_early or "Requests/sec" not in out:
            raise Wrong(f"wrk: exit {self.process.returncode}: {out[-300:]}")
        if "Non-2xx" in out or "Socket errors" in out:
            raise Wrong(f"not every question was answered: {out}")
        result = {"asked_per_second": float(re.search(r"Requests/sec:\s+(\S+)", out)[1])}
        for share in ("50", "99"):
            number, unit = re.search(rf"{share}%\s+([\d.]+)(\w+)", out).groups()
            result[f"p{share}_ms"] = float(number) * UNITS[unit]
        return result


def check(place, daemon, result, frames):
    must_be_taken(result)
    must_have_receipts(result)
    result["checked"] = place.check_store(daemon.store, "bundle", frames)
    return result


def asked(watchers, sizes, share):
    found = watchers.measured()
    must_be_asked(found["asked_per_second"], share * ASKED if sizes.is_timed else 1)
    return found


def watched(place, measure):
    """What `measure` gives of a running aggregator with a page."""
    if shutil.which("wrk") is None:
        raise Skipped("wrk is not here")
    daemon = place.start("daemon", "--http", "127.0.0.1:*")
    try:
        return measure(daemon)
    finally:
        place.stop(daemon)


def page(place, sizes):
    """The page at 200/s while 20,000 reports/s come: 99 of 100 answers, in ms."""
    frames = int(OFFERED * sizes.beside_seconds) // sizes.each

    def measure(daemon):
        with Watchers(page_of(daemon)) as watchers:
            load = place.load(daemon, "bundle", "open", OFFERED, frames, at_start=watchers.start)
            found = asked(watchers, sizes, OFFERED_SHARE)
        check(place, daemon, load, frames)
        if sizes.is_timed:
            must_keep_up(load, OFFERED)
        return {**found, "load": load}
    result = watched(place, measure)
    return {**result, "value": result["p99_ms"]}


def loss(window):
    """Ingest as fast as it goes while the page is asked for / without."""
    def run(place, sizes):
        frames = sizes.frames("bundle")

        def send(daemon, at_start=None):
            return place.load(daemon, "bundle", "window", window, frames, at_start=at_start)

        def alone(daemon):
            return check(place, daemon, send(daemon), frames)["seconds"], None

        def beside(daemon):
            with Watchers(page_of(daemon)) as watchers:
                load = send(daemon, watchers.start)
                found = asked(watchers, sizes, BURST_SHARE)
            return check(place, daemon, load, frames)["seconds"], found["asked_per_second"]
        (first, _), (second, one), (third, other), (fourth, _) = (
            watched(place, measure) for measure in (alone, beside, beside, alone))
        return {"value": (first + fourth) / (second + third), "seconds_alone": [first, fourth],
                "seconds_beside": [second, third], "asked_per_second": [one, other]}
    return run
