# SPDX-License-Identifier: Apache-2.0
"""The figures that are told, what each is computed from, and its target.

A figure takes measurements of one repetition only; the median of the repetitions is told.
"""


class Figure:
    """`rows`: whose measurements `compute` takes, one dict for each. None: nothing measures it."""

    def __init__(self, key, at_least=None, at_most=None, rows=(), compute=None):
        self.key, self.at_least, self.at_most = key, at_least, at_most
        self.rows, self.compute = rows, compute

    def is_met(self, value):
        return value >= self.at_least if self.at_least is not None else value <= self.at_most

    def target(self):
        return f">= {self.at_least:g}" if self.at_least is not None else f"<= {self.at_most:g}"


def over(ours, theirs):
    """Rates."""
    return ours["rate"] / theirs["rate"]


def longer(theirs, ours):
    """Times."""
    return theirs["value"] / ours["value"]


def over_limit(ours, curve, lmdb):
    return ours["rate"] / min(curve["rate"], lmdb["rate"])


def over_signatures(ours, verify):
    return ours["rate"] / (verify["rate"] * ours["server_cores"])


def taken(key):
    return lambda result: result[key]


FIGURES = [
    Figure("network_batched_vs_limit", at_least=0.30, compute=over_limit,
           rows=("network_bundle", "limit_curve", "limit_lmdb_bundle")),
    Figure("network_single_vs_ed25519", at_least=0.60, compute=over_signatures,
           rows=("network_single", "limit_ed25519")),
    Figure("store_vs_postgres_batched", at_least=8, compute=over,
           rows=("core_4096", "postgres_same")),
    Figure("store_vs_sqlite_4096", at_least=2.5, compute=over,
           rows=("core_4096", "sqlite_same_4096")),
    Figure("store_vs_sqlite_256", at_least=1.8, compute=over, rows=("core_256", "sqlite_same_256")),
    Figure("network_vs_nats", at_least=1.5, compute=over, rows=("network_bundle", "nats")),
    Figure("network_vs_postgres_single", at_least=35, compute=over,
           rows=("network_bundle", "postgres_single")),
    Figure("ack_p99_ms_10k", at_most=5, compute=taken("p99_ms"), rows=("open_10k",)),
    Figure("ack_p99_ms_50k", at_most=25, compute=taken("p99_ms"), rows=("open_50k",)),
    Figure("bytes_per_report", at_most=1300, compute=taken("written_each"), rows=("core_4096",)),
    Figure("province_page_us", at_most=10, compute=taken("value"), rows=("page_province",)),
    Figure("postgres_page_vs_ours", at_least=50, compute=longer,
           rows=("postgres_page", "page_province")),
    Figure("replay_vs_postgres", at_least=2, compute=over, rows=("replay", "postgres_recompute")),
    Figure("replay_only_vs_postgres", at_least=5, compute=over,
           rows=("replay_only", "postgres_recompute")),
    Figure("rss_country_mb", at_most=300, compute=taken("value"), rows=("country",)),
    Figure("startup_5m_s", at_most=1, compute=taken("value"), rows=("startup",)),
    Figure("node_idle_mb", at_most=10, compute=taken("value"), rows=("node_idle",)),
    Figure("page_beside_p99_ms", at_most=20, compute=taken("p99_ms"), rows=("page_beside",)),
    Figure("ingest_beside", at_least=0.90, compute=taken("value"), rows=("ingest_beside",)),
]
