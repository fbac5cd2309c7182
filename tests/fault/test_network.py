#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What comes over a network that nobody guards, while a unit reports: the daemon goes on serving.

Exit 0: everything holds; 1: something does not; 77: python3-zmq or python3-nacl is not here.
"""

import argparse
import base64
import os
import pathlib
import random
import socket
import sys
import tempfile
import time
import traceback

try:
    import zmq
    import zmtp
    from zmq.utils import z85
except ImportError as error:
    print(f"skipped: {error} (python3-zmq python3-nacl)")
    sys.exit(77)
from checker import Book, check_all
from province import ROOT, Province

SILENT_CONNECTIONS = 50
GROWTH_MAX = 48 << 20  # of the daemon's resident memory by one kind of nonsense
ENDLESS_PART, ENDLESS_PARTS, ENDLESS_SECONDS = 100000, 1300, 2.0
ENDLESS_GROWTH_MAX = GROWTH_MAX + 2 * ENDLESS_PART * ENDLESS_PARTS
SERVED_SECONDS = 5
GIVEN_BACK_SECONDS = 15  # an idle daemon gives free memory back every few seconds
HTTP = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: keep-alive\r\n\r\n"
TLS_HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(range(32)) + bytes(161)
ZMTP_GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x01"


class Network:
    def __init__(self, folder, bin_folder, seed):
        self.province = Province(folder, bin_folder, seed, 4)
        self.random = random.Random(f"{seed}/network")
        self.context = zmq.Context()
        self.book = None

    def found(self):
        self.province.found()
        self.book = Book(self.province.ask("rollup")["position"])
        self.province.daemon.start()
        self.port = int(self.province.daemon.address.rsplit(":", 1)[1])
        lines = self.province.server.read_text().splitlines()
        [key] = [line.split('"')[1] for line in lines if line.startswith("curve_key:")]
        self.server_key = base64.b64decode(key)

    def tcp(self, data=b""):
        connection = socket.create_connection(("127.0.0.1", self.port), 5)
        connection.settimeout(0.2)
        if data:
            try:
                connection.sendall(data)
            except OSError:
                pass  # cut off in the middle: its right
        return connection

    def dealer(self, secret=None):
        """A CURVE connection with this secret, or with a key that nobody knows."""
        if secret is None:
            public, secret = zmq.curve_keypair()
        else:
            public = zmq.curve_public(secret)
        dealer = self.context.socket(zmq.DEALER)
        dealer.setsockopt(zmq.LINGER, 0)
        dealer.setsockopt(zmq.SNDTIMEO, 2000)
        dealer.curve_serverkey = z85.encode(self.server_key)
        dealer.curve_publickey, dealer.curve_secretkey = public, secret
        dealer.connect(self.province.daemon.address)
        return dealer

    def machine_secret(self):
        """The CURVE secret of the last unit's machine, whose program went bad."""
        lines = (self.province.home(self.province.units[-1]) / "node.key").read_text().split()
        return base64.b64decode(lines[1])

    def enrolled(self):
        return self.dealer(z85.encode(self.machine_secret()))

    def memory(self):
        pid = self.province.daemon.process.pid
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            fields = dict(line.split(":", 1) for line in status)
        return int(fields["VmRSS"].split()[0]) * 1024

    def serves(self):
        """A unit reports, and has its receipt soon."""
        unit = self.province.units[0]
        forms = self.book.queued.setdefault(unit, {})
        revision, form = max(forms, default=0) + 1, self.province.write_form(unit)
        self.province.submit(unit, form, revision)
        forms[revision] = form
        begin = time.monotonic()
        self.province.deliver([unit], SERVED_SECONDS)
        return time.monotonic() - begin

    def end(self):
        code = self.province.daemon.stop()
        self.context.destroy(linger=0)
        return code


# ---- attacks: each is a generator; it attacks, yields once, and cleans up ----

def garbage(network):
    """Bytes that are no protocol, HTTP, TLS, and greetings that break off."""
    held = []
    for _ in range(40):
        data = network.random.randbytes(network.random.choice([1, 64, 4096, 300000]))
        held.append(network.tcp(data))
        held.append(network.tcp(ZMTP_GREETING + data))
    held += [network.tcp(HTTP) for _ in range(20)] + [network.tcp(TLS_HELLO) for _ in range(20)]
    yield
    for connection in held:
        connection.close()


def silence(network):
    """Connections that never say a word, and some that stop in the middle of the greeting."""
    held = [network.tcp(ZMTP_GREETING[:i % 12]) for i in range(SILENT_CONNECTIONS)]
    yield
    for connection in held:
        connection.close()


def strangers(network):
    """Keys that are not enrolled: not admitted, however often they come."""
    held = [network.dealer() for _ in range(20)]
    time.sleep(0.5)
    for dealer in held:
        try:
            dealer.setsockopt(zmq.SNDTIMEO, 0)
            dealer.send(b"let me in")
        except zmq.Again:
            pass
    yield
    answered = [dealer for dealer in held if dealer.poll(0)]
    for dealer in held:
        dealer.close()
    if answered:
        raise AssertionError("a stranger had an answer")


def nonsense(network):
    """An enrolled key whose program sends no messages at all: random, empty, in three parts."""
    dealer = network.enrolled()
    for _ in range(3000):
        dealer.send(network.random.randbytes(network.random.randrange(2000)))
    for _ in range(100):
        dealer.send_multipart([b"a", network.random.randbytes(500), b"c"])
        dealer.send(b"")
    for version in range(20):  # begins like ours, goes on otherwise
        dealer.send(bytes([8, version, 16, 1, 26, 200]) + network.random.randbytes(400))
    yield
    dealer.close()


def too_large(network):
    dealer = network.enrolled()
    for _ in range(5):
        dealer.send(bytes(1 << 20))
    yield
    dealer.close()


def endless(network):
    """One message whose last part never comes. libzmq keeps all parts until then, however many
    (only the machine's limit on the process bounds it), and must give all back when it is cut."""
    connection = zmtp.Connection(network.port, network.server_key, network.machine_secret())
    part = bytes(ENDLESS_PART)
    until = time.monotonic() + ENDLESS_SECONDS
    for _ in range(ENDLESS_PARTS):
        connection.send(part, more=True)
        if time.monotonic() > until:
            break
    yield
    connection.close()
    time.sleep(0.5)


def many_parts(network):
    """The same with small parts, and an end: the message is read away and dropped."""
    connection = zmtp.Connection(network.port, network.server_key, network.machine_secret())
    for _ in range(20000):
        connection.send(b"part", more=True)
    connection.send(b"end")
    yield
    connection.close()


ATTACKS = ((garbage, GROWTH_MAX), (silence, GROWTH_MAX), (strangers, GROWTH_MAX),
           (nonsense, GROWTH_MAX), (too_large, GROWTH_MAX), (endless, ENDLESS_GROWTH_MAX),
           (many_parts, GROWTH_MAX))


def play(network, attack, growth_max):
    before = network.memory()
    running = attack(network)
    next(running)
    growth = network.memory() - before
    took = network.serves()
    growth = max(growth, network.memory() - before)
    next(running, None)
    if growth > growth_max:
        raise AssertionError(f"{attack.__name__}: memory grew by {growth >> 20} MiB")
    took_after = network.serves()
    given_back = time.monotonic() + GIVEN_BACK_SECONDS
    while (after := network.memory() - before) > GROWTH_MAX and time.monotonic() < given_back:
        time.sleep(0.2)
    if after > GROWTH_MAX:
        raise AssertionError(f"{attack.__name__}: {after >> 20} MiB are still held afterwards")
    print(f"ok  {attack.__name__}: served in {took:.2f} s meanwhile, {took_after:.2f} s after; "
          f"memory +{growth >> 10} KiB, after +{after >> 10} KiB", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build" / "bin")
    parser.add_argument("--seed", default="network")
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    # Large blocks go back to the kernel when they are freed, so that a leak shows in VmRSS.
    os.environ["MALLOC_MMAP_THRESHOLD_"] = "65536"
    with tempfile.TemporaryDirectory(prefix="tonghop-network-") as folder:
        network = Network(folder, options.bin, options.seed)
        code = 1
        try:
            network.found()
            network.serves()
            descriptors = pathlib.Path(f"/proc/{network.province.daemon.process.pid}/fd")
            before = len(os.listdir(descriptors))
            for attack, growth_max in ATTACKS:
                if options.only in attack.__name__:
                    play(network, attack, growth_max)
            time.sleep(0.5)
            if (left := len(os.listdir(descriptors)) - before) > 8:
                raise AssertionError(f"{left} descriptors are still open")
            for sentence in (found := check_all(network.province, network.book)):
                print(f"WRONG: {sentence}")
            code = 1 if found else 0
        except Exception:
            print(traceback.format_exc() + network.province.daemon.output())
        finally:
            if network.end() != 0:
                print("the aggregator did not end in order\n" + network.province.daemon.output())
                code = 1
    return code


if __name__ == "__main__":
    sys.exit(main())
