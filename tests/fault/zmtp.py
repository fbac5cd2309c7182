# SPDX-License-Identifier: Apache-2.0
"""Just enough of a ZMTP 3.1 client with CURVE (RFC 23, RFC 26) to send what libzmq would not.

libzmq holds a message back until its last part is there; a bad program need not.
"""

import os
import socket
import struct

from nacl.public import Box, PrivateKey, PublicKey

MORE, LONG, COMMAND = 0x01, 0x02, 0x04
MECHANISM = b"CURVE"


def frame(body, flags=0):
    if len(body) > 255:
        return bytes([flags | LONG]) + struct.pack(">Q", len(body)) + body
    return bytes([flags, len(body)]) + body


def greeting():
    return (b"\xff" + bytes(8) + b"\x7f\x03\x01" + MECHANISM.ljust(20, b"\0") + bytes(32))


def metadata(**properties):
    return b"".join(bytes([len(name)]) + name.encode() + struct.pack(">I", len(value)) + value
                    for name, value in properties.items())


class Connection:
    """Connected as a DEALER when the constructor returns."""

    def __init__(self, port, server_key, secret):
        self.socket = socket.create_connection(("127.0.0.1", port), 5)
        self.input = self.socket.makefile("rb")
        self.nonce = 0
        self.handshake(PublicKey(server_key), PrivateKey(secret))

    def short_nonce(self):
        self.nonce += 1
        return struct.pack(">Q", self.nonce)

    def command(self, name):
        """The body of the next frame, which must be this command."""
        flags = self.input.read(1)[0]
        size = struct.unpack(">Q", self.input.read(8))[0] if flags & LONG else \
            self.input.read(1)[0]
        body = self.input.read(size)
        if not body.startswith(bytes([len(name)]) + name):
            raise AssertionError(f"{body[:20]!r} came for {name!r}")
        return body[1 + len(name):]

    def handshake(self, server, mine):
        short = PrivateKey.generate()
        self.socket.sendall(greeting())
        self.input.read(64)
        nonce = self.short_nonce()
        box = Box(short, server).encrypt(bytes(64), b"CurveZMQHELLO---" + nonce).ciphertext
        self.socket.sendall(frame(b"\x05HELLO\x01\x00" + bytes(72) + bytes(short.public_key) +
                                  nonce + box, COMMAND))
        welcome = self.command(b"WELCOME")
        opened = Box(short, server).decrypt(welcome[16:], b"WELCOME-" + welcome[:16])
        theirs, cookie = PublicKey(opened[:32]), opened[32:]
        self.box = Box(short, theirs)
        vouch_nonce = os.urandom(16)
        vouch = Box(mine, theirs).encrypt(bytes(short.public_key) + bytes(server),
                                          b"VOUCH---" + vouch_nonce).ciphertext
        properties = metadata(**{"Socket-Type": b"DEALER", "Identity": b""})
        nonce = self.short_nonce()
        box = self.box.encrypt(bytes(mine.public_key) + vouch_nonce + vouch + properties,
                               b"CurveZMQINITIATE" + nonce).ciphertext
        self.socket.sendall(frame(b"\x08INITIATE" + cookie + nonce + box, COMMAND))
        self.command(b"READY")

    def send(self, data, more=False):
        nonce = self.short_nonce()
        plain = bytes([MORE if more else 0]) + data
        box = self.box.encrypt(plain, b"CurveZMQMESSAGEC" + nonce).ciphertext
        self.socket.sendall(frame(b"\x07MESSAGE" + nonce + box))

    def close(self):
        self.input.close()
        self.socket.close()
