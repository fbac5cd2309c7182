# SPDX-License-Identifier: Apache-2.0
"""The peers: what has to be there to measure one, how each is set up, and what it leaves out."""

import os
import pathlib
import shutil
import subprocess

import postgres
import servers
from place import Wrong


class Peer:
    """`program`: in build/bench; `server`: where it is installed, or None; `packages`: whose versions
    are told."""

    def __init__(self, title, program, server, packages, set_up, less):
        self.title, self.program, self.server, self.packages = title, program, server, packages
        self.set_up, self.less = set_up, less


LESS = "where it says less work, no rules, standing, extremes, ratios"

PEERS = {
    "sqlite": Peer(
        "SQLite", "peer_sqlite", None, ["libsqlite3-0"],
        "in the process; WAL, synchronous=FULL, exclusive locking, pages of 8 KiB, cache of 256 "
        "MiB, prepared statements, one transaction for a batch, its checkpoints within the time; "
        "room for a burst made beforehand; the project's own check of the rules",
        f"no Merkle log, signed checkpoints, receipts; {LESS}"),
    "postgres": Peer(
        "PostgreSQL", "peer_postgres", postgres.BIN / "postgres", ["postgresql-15"],
        "own cluster, Unix socket; fsync and synchronous_commit on, wal_level=minimal, "
        "shared_buffers 2 GB, max_wal_size 8 GB, jit off; room for a burst made beforehand; "
        "binary COPY, statements in sets with the "
        "plan's rules as expressions, a checkpoint at the end within the time; or a prepared "
        "function per report",
        f"no Merkle log, signed checkpoints, receipts; {LESS}, and no checkpoint within the time"),
    "redis": Peer(
        "Redis", "peer_redis", servers.REDIS, ["redis-server", "libhiredis0.14"],
        "Unix socket; appendonly, appendfsync always, no snapshots or rewriting; one pipelined "
        "writer: HMGET, then MULTI … EXEC for a batch, changes added up by the client",
        "no rules, standing, extremes, ratios, log, receipts; everything stays in memory"),
    "nats": Peer(
        "NATS JetStream", "peer_nats", servers.NATS, ["nats-server", "libnats3.4"],
        "one stream in files, loopback, libnats publishing without waiting, 4,096 without an "
        "answer; duplicates by Nats-Msg-Id within the stream's window",
        "answers before anything is synced; keeps messages only: no corrections, sums, rules, log, "
        "receipts"),
}


def missing_peers(place):
    """Why a peer cannot be measured here, by its name."""
    missing = {}
    for name, peer in PEERS.items():
        if not (place.build / "bench" / peer.program).exists():
            missing[name] = "its client library is not installed"
        elif peer.server is not None and shutil.which(str(peer.server)) is None:
            missing[name] = "its server is not installed"
    if "postgres" not in missing and not is_reachable(place.folder):
        missing["postgres"] = f"its user cannot reach {place.folder}"
    return missing


def is_reachable(folder):
    """PostgreSQL does not run as root: its own user has to get into the scratch folder."""
    if os.geteuid() != 0:
        return True
    try:
        done = subprocess.run(["/usr/bin/test", "-x", str(pathlib.Path(folder).resolve())],
                              user=postgres.USER, cwd="/", check=False)
    except (LookupError, OSError):
        return False
    return done.returncode == 0


def must_be_kept(result, distinct):
    """NATS: every report that was not a duplicate is in the stream once, with its bytes."""
    if result["accepted"] + result["preloaded"] != distinct or result["stored"] != distinct:
        raise Wrong(f"NATS keeps {result['stored']} messages, {distinct} are expected")
    if result["samples_wrong"] or not result["samples"]:
        raise Wrong(f"NATS: {result['samples_wrong']} messages have other bytes")
