# SPDX-License-Identifier: Apache-2.0
"""The rows of the benchmark: each runs once, checks what it did, and gives its measurements."""

import beside
import connections
import peers
import state
from checks import must_be_answered, must_be_taken, must_have_receipts, with_rate
from postgres import LEAN, Cluster
from postgres_same import SAME
from servers import Nats, Redis

WINDOW = 16384  # reports without an answer


class Row:
    """One line of the table. `run(place, sizes)` gives a dict with `rate`, or with `value` in `unit`;
    it raises Wrong when what was done is not right, and Skipped when this size does not measure it.
    `peer`: a key of peers.PEERS that it needs. `is_once`: in the first repetition alone."""

    def __init__(self, name, title, run, peer=None, unit="/s", is_once=False):
        self.name, self.title, self.run = name, title, run
        self.peer, self.unit, self.is_once = peer, unit, is_once

    def number(self, result):
        return result["rate"] if "rate" in result else result["value"]

    def text(self, result):
        number = self.number(result)
        return f"{number:,.0f}{self.unit}" if number >= 100 else f"{number:.3g}{self.unit}"


# ---- limits ----

def lmdb(name, batch, how="append"):
    def run(place, sizes):
        return with_rate(place.json("limits", how, place.work, name, place.empty("limit"),
                                    batch, sizes.frames(name)))
    return run


def ed25519(place, sizes):
    result = place.json("limits", "verify", place.work, "single", sizes.verify_seconds)
    result["rate"] = result["verified"] / result["seconds"]
    return result


def curve(name):
    def run(place, sizes):
        return with_rate(place.json("limits", "curve", place.work, name, WINDOW,
                                    sizes.frames(name)))
    return run


# ---- core and store ----

def core_store(name, batch):
    def run(place, sizes):
        frames, preload = sizes.frames(name), sizes.preload if name == "single" else 0
        store = place.empty("core")
        result = must_be_taken(place.json("core_store", place.work, name, store, batch, frames,
                                          preload))
        must_be_answered(result, frames)
        result["checked"] = place.check_store(store, name, preload + frames)
        return result
    return run


# ---- peers: the same frames, on what the same preloaded frames have left ----

def sqlite(program, form, batch):
    def run(place, sizes):
        folder = place.empty("peer")
        result = must_be_taken(place.json(program, place.work, "single", folder, batch,
                                          sizes.singles, sizes.preload))
        result["checked"] = place.check_sums(folder, "single", sizes.preload + sizes.singles, form)
        return result
    return run


def postgres(tables, how, number, connections, frames_of):
    """`tables`: postgres.LEAN, postgres_same.SAME, or one like them."""
    def run(place, sizes):
        frames = frames_of(sizes)
        folder = place.empty("peer")
        with Cluster(place, tables) as cluster:
            result = must_be_taken(place.json("peer_postgres", place.work, "single",
                                              cluster.conninfo, how, number, connections, frames,
                                              sizes.preload))
            (folder / "rollups").write_text(cluster.rollups())
        result["checked"] = place.check_sums(folder, "single", sizes.preload + frames, tables.form)
        return result
    return run


def redis(batch):
    def run(place, sizes):
        folder = place.empty("peer")
        with Redis(place) as server:
            result = must_be_taken(place.json("peer_redis", place.work, "single", server.socket,
                                              folder, batch, sizes.singles, sizes.preload))
        result["checked"] = place.check_sums(folder, "single", sizes.preload + sizes.singles)
        return result
    return run


def nats(window):
    def run(place, sizes):
        with Nats(place) as server:
            result = must_be_taken(place.json("peer_nats", place.work, "single", server.url, window,
                                              sizes.singles, sizes.preload))
        peers.must_be_kept(result, place.distinct("single", sizes.preload + sizes.singles))
        return result
    return run


# ---- the network ----

def network(name, mode, number, frames_of, connected="senders"):
    """`connected`: senders, or all: also the communes that send nothing."""
    def run(place, sizes):
        frames = frames_of(sizes)
        daemon = place.start("daemon")
        try:
            result = place.load(daemon, name, mode, number, frames, connected)
            must_be_taken(result)
            must_have_receipts(result)
            result["checked"] = place.check_store(daemon.store, name, frames)
            place.check_commands(daemon, name, frames)
        finally:
            place.stop(daemon)
        result["server_cores"] = result["server_cpu"] / result["seconds"]
        result["client_cores"] = result["client_cpu"] / result["seconds"]
        return result
    return run


def open_loop(rate):
    return network("bundle", "open", rate, lambda sizes: sizes.open_frames(rate))


ROWS = [
    Row("limit_lmdb_256", "raw LMDB append, batch 256", lmdb("single", 256)),
    Row("limit_lmdb_4096", "raw LMDB append, batch 4,096", lmdb("single", 4096)),
    Row("limit_lmdb_bundle", "raw LMDB append of bundles, batch 4,096", lmdb("bundle", 4096)),
    Row("limit_lmdb_reports", "the same bytes, a value for each report",
        lmdb("bundle", 4096, "reports")),
    Row("limit_curve", "raw DEALER/ROUTER with CURVE, the bundles", curve("bundle")),
    Row("limit_ed25519", "raw Ed25519 verify, one core", ed25519),
    Row("core_256", "core and store from memory, batch 256", core_store("single", 256)),
    Row("core_4096", "core and store from memory, batch 4,096", core_store("single", 4096)),
    Row("core_bundle", "the same, bundles, batch 4,096", core_store("bundle", 4096)),
    Row("sqlite_same_256", "SQLite, same work, batch 256", sqlite("peer_sqlite_same", "same", 256),
        peer="sqlite"),
    Row("sqlite_same_4096", "SQLite, same work, batch 4,096",
        sqlite("peer_sqlite_same", "same", 4096), peer="sqlite"),
    Row("postgres_same", "PostgreSQL, same work, COPY and sets, 2 connections",
        postgres(SAME, "same", 8192, 2, lambda sizes: sizes.singles), peer="postgres"),
    Row("sqlite_256", "SQLite, batch 256 (less work)", sqlite("peer_sqlite", "sums", 256),
        peer="sqlite", is_once=True),
    Row("sqlite_4096", "SQLite, batch 4,096 (less work)", sqlite("peer_sqlite", "sums", 4096),
        peer="sqlite", is_once=True),
    Row("postgres_batch", "PostgreSQL, COPY and sets (less work)",
        postgres(LEAN, "batch", 8192, 2, lambda sizes: sizes.singles), peer="postgres",
        is_once=True),
    Row("postgres_single", "PostgreSQL, a function per report (less work)",
        postgres(LEAN, "single", 1, 8, lambda sizes: sizes.postgres_singles), peer="postgres"),
    Row("redis", "Redis, AOF always, batch 4,096", redis(4096), peer="redis"),
    Row("nats", "NATS JetStream, not synced, no rollups", nats(4096), peer="nats"),
    Row("network_single", "(a) each node sends one signed report",
        network("single", "nodes", 1, lambda sizes: sizes.node_frames, "all")),
    Row("network_bundle", "(b) bundles of one unit, closed loop",
        network("bundle", "window", WINDOW, lambda sizes: sizes.frames("bundle"), "all")),
    Row("open_10k", "(c) bundles, 10,000 reports/s offered", open_loop(10000)),
    Row("open_50k", "(c) bundles, 50,000 reports/s offered", open_loop(50000)),
    Row("open_100k", "(c) bundles, 100,000 reports/s offered", open_loop(100000)),
    Row("page_beside", "a page at 200/s beside 20,000 reports/s, p99", beside.page, unit=" ms",
        is_once=True),
    Row("ingest_beside", "(b) with that page asked for / without", beside.loss(WINDOW), unit="",
        is_once=True),
    Row("connections", "processor time by connected nodes", connections.growth(network), unit=" µs",
        is_once=True),
    Row("growth", "core and store: filling the large store", state.growth, is_once=True),
    Row("page_province", "a page of a province, its 135 communes", state.questions("P00"),
        unit=" µs"),
    Row("page_country", "a page of all communes", state.questions("-"), unit=" µs"),
    Row("postgres_page", "the page of a province by PostgreSQL", state.postgres_questions,
        peer="postgres", unit=" µs"),
    Row("postgres_recompute", "all rollups again by PostgreSQL", state.postgres_recompute,
        peer="postgres"),
    Row("verify", "tonghop-audit verify", state.audit("verify"), is_once=True),
    Row("replay", "tonghop-audit replay", state.audit("replay")),
    Row("replay_only", "tonghop-audit replay --without-tree",
        state.audit("replay", "--without-tree")),
    Row("startup", "start of the aggregator on the large store", state.start_up(False), unit=" s"),
    Row("startup_cold", "the same, its pages dropped from the cache", state.start_up(True),
        unit=" s"),
    Row("country", "a year of the country, loaded anew", state.country, unit=" MB", is_once=True),
    Row("node_idle", "a node that is idle", state.idle_node, unit=" MB"),
]
