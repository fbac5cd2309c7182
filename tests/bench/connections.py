# SPDX-License-Identifier: Apache-2.0
"""How the aggregator's cost grows with the nodes that are connected and send.

Each number of nodes has a place and a store of its own; with as many nodes as the benchmark's
place has communes it is that one. A submission has two reports, as those of bundles are sent in
turns: every node sends, and as often as the others.
"""

import shutil

from place import Place, Wrong

SET, EACH = "turns", 2


def frames(sizes, nodes):
    return max(sizes.turns, 2 * nodes)


def sets(sizes):
    """What the benchmark's own place has to hold."""
    return [(SET, EACH * frames(sizes, sizes.communes), EACH)] \
        if sizes.communes in sizes.nodes else []


class Connected(Place):
    def __init__(self, place, sizes, nodes):
        super().__init__(place.folder / f"nodes-{nodes}", place.build, place.seed, place)
        self.generate(sizes.provinces, nodes, sizes.obligations,
                      [(SET, EACH * frames(sizes, nodes), EACH)])
        self.found()


def growth(network):
    """`network`: makes a row's function, as that of rows.py."""
    def run(place, sizes):
        result = {}
        for nodes in sizes.nodes:
            here = place if nodes == sizes.communes else Connected(place, sizes, nodes)
            try:
                found = network(SET, "nodes", 1, lambda sizes, n=nodes: frames(sizes, n))(here, sizes)
            finally:
                if here is not place:
                    shutil.rmtree(here.folder, ignore_errors=True)
            if found["connections"] != nodes or found["senders"] != nodes:
                raise Wrong(f"{found['connections']} nodes were connected and {found['senders']} "
                            f"have sent, not {nodes}")
            result.update({"value": 1e6 * found["server_cpu"] / found["reports"],
                           f"us_of_{nodes}": 1e6 * found["server_cpu"] / found["reports"],
                           f"mb_of_{nodes}": found["rss_own"] / 1e6,
                           f"p50_of_{nodes}": found["p50_ms"]})
        return result
    return run
