# SPDX-License-Identifier: Apache-2.0
"""Signed notes, the history of keys, Merkle proofs, receipts and refusals, after
docs/PROTOCOL.md §4, §8 and §9.

Everything here checks; nothing asks the aggregator. What is wrong raises Wrong.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass

import nacl.exceptions
import nacl.signing

NOTE_SIGNATURE = "\u2014 "
PROOF_FIRST_LINE = "c2sp.org/tlog-proof@v1"
REFUSAL_FIRST_LINE = "tonghop refusal v1"
SUCCESSION_FIRST_LINE = "tonghop log succession v1"
KEYS_MAX = 32


class Wrong(Exception):
    """What came is not what the protocol says."""


def need(condition, what):
    if not condition:
        raise Wrong(what)


def sha256(data):
    return hashlib.sha256(data).digest()


def b64(data):
    return base64.b64encode(data).decode()


def unb64(text, size=None):
    """Bytes of canonical base64; of `size` bytes when that is given."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Wrong(f"base64: {error}") from error
    need(b64(data) == text, "base64: not the canonical form")
    need(size is None or len(data) == size, f"base64: {len(data)} bytes, {size} expected")
    return data


def decimal(text):
    need(text.isascii() and text.isdigit() and str(int(text)) == text, f"not a number: {text!r}")
    return int(text)


@dataclass(frozen=True)
class LogKey:
    """The public key of a log: `name+HEX8+BASE64`."""

    name: str
    key_id: bytes
    public: bytes

    @staticmethod
    def parse(vkey):
        parts = vkey.split("+", 2)
        need(len(parts) == 3, "log key: not name+id+key")
        typed = unb64(parts[2], 33)
        need(typed[0] == 1, "log key: not Ed25519")
        key = LogKey(parts[0], bytes.fromhex(parts[1]), typed[1:])
        expected = sha256(key.name.encode() + b"\n" + typed)[:4]
        need(key.key_id == expected, "log key: the id is not that of the key")
        return key

    def open(self, note):
        """The text of a signed note, once this key's signature over it is found right."""
        need(note.endswith("\n"), "note: no newline at the end")
        cut = note.rfind("\n\n")
        need(cut >= 0, "note: no signatures")
        text = note[: cut + 1]
        for line in note[cut + 2 :].splitlines():
            need(line.startswith(NOTE_SIGNATURE), "note: a line that is no signature")
            name, _, blob = line[len(NOTE_SIGNATURE) :].partition(" ")
            signed = unb64(blob)
            if name != self.name or signed[:4] != self.key_id:
                continue
            try:
                nacl.signing.VerifyKey(self.public).verify(text.encode(), signed[4:])
            except (nacl.exceptions.BadSignatureError, nacl.exceptions.ValueError) as error:
                raise Wrong("note: the signature is wrong") from error
            return text
        raise Wrong("note: not signed by this log")


class LogKeys:
    """Every key that a log has had, as far as it is known, in order: (key, after)."""

    def __init__(self, first):
        self.items = [(first, 0)]

    @property
    def current(self):
        return self.items[-1][0]

    def find(self, origin, size):
        """The key that signs the tree of `size` leaves of the log `origin`."""
        for key, after in reversed(self.items):
            if key.name == origin and after < size:
                return key
        raise Wrong(f"no key of {origin} for {size} leaves")

    def succeed(self, note):
        """Appends the key that a succession names; the current key must have signed it."""
        lines = self.current.open(note).split("\n")
        need(len(lines) == 6 and lines[5] == "", "succession: not five lines")
        need(lines[0] == SUCCESSION_FIRST_LINE, "succession: not one")
        need(lines[1] == self.current.name, "succession: of another log")
        after = decimal(lines[2])
        unb64(lines[3], 32)
        following = LogKey.parse(lines[4])
        need(following not in [key for key, _ in self.items], "succession: the key is known")
        if following.name == self.current.name:
            need(after > self.items[-1][1], "succession: a rotation before the current key")
        else:
            need(following.name not in [key.name for key, _ in self.items],
                 "succession: back to an earlier log")
        need(len(self.items) < KEYS_MAX, "succession: too many keys")
        self.items.append((following, after))

    def extend(self, told):
        """Takes Welcome.log_key: [(vkey, after, succession)], every key after the log's first."""
        told = [(LogKey.parse(vkey), after, note) for vkey, after, note in told]
        known = [key for key, _ in self.items]
        told_keys = [key for key, _, _ in told]
        start = 0
        if known[0] in told_keys:  # server.yaml gave a later key than the first
            start = told_keys.index(known[0]) + 1
        same = told_keys[start : start + len(known) - 1]
        need(same == known[1:], "welcome: lacks a key that the log has had, or has another")
        grown = LogKeys(known[0])
        grown.items = list(self.items)
        for key, after, note in told[start + len(same) :]:
            need(note, "welcome: nobody signed for a key: take a new server.yaml from the province")
            grown.succeed(note)
            need(grown.items[-1] == (key, after), "welcome: not the key of its succession")
        self.items = grown.items

    def open_checkpoint(self, note):
        """(origin, size, root) of a checkpoint that the key in force has signed."""
        lines = note.split("\n")
        need(len(lines) >= 4, "checkpoint: too short")
        origin, size = lines[0], decimal(lines[1])
        self.find(origin, size).open(note)
        return origin, size, unb64(lines[2], 32)


def leaf_hash(leaf):
    return sha256(b"\x00" + leaf)


def node_hash(left, right):
    return sha256(b"\x01" + left + right)


def root_of(index, size, leaf, path):
    """The root that an inclusion proof leads to (RFC 9162, 2.1.3.2)."""
    need(0 <= index < size, "proof: the index is not in the tree")
    fn, sn, r = index, size - 1, leaf_hash(leaf)
    for p in path:
        need(sn != 0, "proof: too long")
        if fn & 1 or fn == sn:
            r = node_hash(p, r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node_hash(r, p)
        fn, sn = fn >> 1, sn >> 1
    need(sn == 0, "proof: too short")
    return r


@dataclass(frozen=True)
class Proof:
    """A receipt that was found right: this leaf stands at this index of the log."""

    leaf: bytes
    index: int
    origin: str
    size: int
    root: bytes


def open_receipt(text, log_keys):
    head, empty, note = text.partition("\n\n")
    need(empty, "receipt: no checkpoint")
    lines = head.split("\n")
    need(len(lines) >= 3 and lines[0] == PROOF_FIRST_LINE, "receipt: not a tlog-proof")
    need(lines[1].startswith("extra "), "receipt: no extra")
    need(lines[2].startswith("index "), "receipt: no index")
    leaf = unb64(lines[1][len("extra ") :])
    index = decimal(lines[2][len("index ") :])
    path = [unb64(line, 32) for line in lines[3:]]
    origin, size, root = log_keys.open_checkpoint(note)
    need(root_of(index, size, leaf, path) == root, "receipt: the leaf is not in the tree")
    return Proof(leaf, index, origin, size, root)


def open_refusal(text, log_key):
    """(digest of the header, [(digest of the report, verdict, [rules])]) of a signed refusal."""
    lines = log_key.open(text).split("\n")
    need(len(lines) >= 5 and lines[-1] == "", "refusal: too short")
    need(lines[0] == REFUSAL_FIRST_LINE, "refusal: not one")
    need(lines[1] == log_key.name, "refusal: of another realm")
    reports = []
    for line in lines[3:-1]:
        words = line.split(" ")
        need(len(words) in (2, 3), "refusal: a line that is no verdict")
        need(words[1] in ("conflict", "rejected"), "refusal: verdict")
        rules = words[2].split(",") if len(words) == 3 else []
        reports.append((unb64(words[0], 32), words[1], rules))
    return unb64(lines[2], 32), reports
