# SPDX-License-Identifier: Apache-2.0
"""The page's server beside a burst: what answers take, and what they take from ingest.

`wrk` asks for one page of a province again and again, each connection waiting between two requests.
"""

import re
import shutil
import subprocess
import tempfile
import time

from daemon import die_with_parent
from place import PLAN, Skipped, Wrong

ASKED = 200  # requests a second
CONNECTIONS = 8
OFFERED = 20000  # reports a second
OBLIGATION = "O-002"  # every unit sends to it
LONG_SECONDS, READY_SECONDS = 60, 20
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
    """200 requests a second while the block runs."""

    def __init__(self, url, seconds):
        self.script = tempfile.NamedTemporaryFile("w", suffix=".lua")
        self.script.write(f"function delay() return {1000 * CONNECTIONS // ASKED - TAKEN_MS} end\n")
        self.script.flush()
        self.command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s",
                        self.script.name, url]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True,
                                        preexec_fn=die_with_parent)
        return self

    def __exit__(self, *ignored):
        self.script.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.stdout.close()
        self.process.wait()

    def measured(self):
        out = self.process.communicate()[0]
        if "Non-2xx" in out or "Socket errors" in out:
            raise Wrong(f"not every question was answered: {out}")
        result = {"asked_per_second": float(re.search(r"Requests/sec:\s+(\S+)", out)[1])}
        for share in ("50", "99"):
            number, unit = re.search(rf"{share}%\s+([\d.]+)(\w+)", out).groups()
            result[f"p{share}_ms"] = float(number) * UNITS[unit]
        return result


def ingest(place, daemon, mode, number, frames):
    return place.json("load", place.work, "bundle", daemon.store / "server.yaml", daemon.address,
                      daemon.process.pid, mode, number, frames)


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
        with Watchers(page_of(daemon), max(1, round(sizes.beside_seconds))) as watchers:
            load = ingest(place, daemon, "open", OFFERED, frames)
            return {**watchers.measured(), "load": load}
    result = watched(place, measure)
    return {**result, "value": result["p99_ms"]}


def loss(window):
    """Ingest as fast as it goes while the page is asked for / without."""
    def run(place, sizes):
        frames = sizes.frames("bundle")

        def alone(daemon):
            return ingest(place, daemon, "window", window, frames)["seconds"]

        def beside(daemon):
            with Watchers(page_of(daemon), LONG_SECONDS):
                return alone(daemon)
        first, second, third, fourth = (watched(place, measure)
                                        for measure in (alone, beside, beside, alone))
        return {"value": (first + fourth) / (second + third), "seconds_alone": [first, fourth],
                "seconds_beside": [second, third]}
    return run
