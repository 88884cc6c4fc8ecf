#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Golden vectors of docs/protocol.cddl, made by an encoder that shares nothing with ours.

usage: vectors.py            print the vectors: NAME HEX, one a line
       vectors.py FILE       compare them with FILE; exit 1 when they differ
"""
import hashlib
import sys


def head(major, value):
    if value < 24:
        return bytes([major << 5 | value])
    for extra, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if value < 1 << (8 * size):
            return bytes([major << 5 | extra]) + value.to_bytes(size, "big")
    raise ValueError(value)


def cbor(value):
    """RFC 8949 section 4.2.1."""
    if value is True or value is False:
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    if isinstance(value, dict):
        pairs = sorted((cbor(k), cbor(v)) for k, v in value.items())
        return head(5, len(pairs)) + b"".join(k + v for k, v in pairs)
    raise TypeError(value)


def fill(first, count):
    return bytes((first + i) % 256 for i in range(count))


SHA1, SHA256, SHA384, SHA512, SM3 = 0x0004, 0x000B, 0x000C, 0x000D, 0x0012
NAME = b"\x00\x0b" + fill(0x40, 32)
OFFSET_MAX = (1 << 63) - 1

EVIDENCE = {0: 1, 1: 2, 2: b"QUOTE", 3: b"SIGNATURE", 4: b"AK",
            6: [[SHA256, 10, b"\xaa" * 32]], 7: b"", 8: {2: {0: 0, 1: 0, 2: SHA1, 3: 20}},
            9: "0.1.0"}
EVIDENCE_FULL = {0: 1, 1: 2, 2: fill(0, 300), 3: fill(1, 264), 4: fill(2, 90), 5: fill(3, 122),
                 6: [[SHA1, 0, b"\x01" * 20], [SHA1, 23, b"\x02" * 20], [SHA256, 7, b"\x03" * 32],
                     [SHA384, 10, b"\x04" * 48], [SHA512, 10, b"\x05" * 64],
                     [SM3, 14, b"\x06" * 32]],
                 7: b"claims", 9: "0.1.0-\u00fc",
                 8: {1: {0: 41371}, 2: {0: 15000000000, 1: 100000, 2: SHA256, 3: 32}, 3: {0: 0}}}
BINDING = ["tally-binding-v1", fill(0, 16), NAME, b"", b"", hashlib.sha256(b"").digest()]
BINDING_CHANNEL = ["tally-binding-v1", fill(0, 64), NAME, b"verifier.example", fill(0x80, 32),
                   hashlib.sha256(b"claims").digest()]

MESSAGES = {
    "evidence": EVIDENCE,
    "evidence-full": EVIDENCE_FULL,
    "evidence-no-logs": {**EVIDENCE, 5: b"EK", 6: [], 8: {}, 9: ""},
    "evidence-boot-held": {**EVIDENCE, 8: {1: {0: 41371}, 2: {0: 14900000, 1: 100000, 2: SHA1,
                                                              3: 20}}},
    "evidence-unknown-keys": {**EVIDENCE, 10: [1, {"a": b"", "b": -5}], 4711: True},
    "chunk": {0: 1, 1: 3, 2: 1, 3: 0, 4: False, 5: b"\x01\x02\x03"},
    "chunk-last": {0: 1, 1: 3, 2: 2, 3: 70000, 4: True, 5: fill(0, 256)},
    "chunk-end": {0: 1, 1: 3, 2: 3, 3: 5, 4: True, 5: b""},
    "request": {0: 1, 1: 1, 2: fill(0, 16), 3: [[SHA256, 0x47FF]],
                6: {1: [0, 1 << 20], 2: [0, 1 << 24]}},
    "request-quote": {0: 1, 1: 1, 2: fill(0, 32), 3: [[SHA256, 0x47FF]], 6: {}},
    "request-cursor": {0: 1, 1: 1, 2: fill(0, 32), 3: [[SHA256, 0x47FF]], 4: [NAME, 0, 0, 0],
                       6: {2: [0, 1 << 18]}},
    "request-boot-held": {0: 1, 1: 1, 2: fill(0, 32), 3: [[SHA256, 0x47FF]], 5: fill(0x20, 32),
                          6: {1: [41371, 1 << 18]}},
    "request-delta": {0: 1, 1: 1, 2: fill(0, 64), 3: [[SHA384, 0xFFFFFF], [SHA1, 1 << 10]],
                      4: [NAME, 7, 4294967295, 100000], 5: fill(0x20, 32),
                      6: {1: [41371, 1], 2: [14900000, 65536], 3: [0, 9]}},
    "request-more": {0: 1, 1: 1, 6: {2: [262144, 262144]}},
    "request-more-limits": {0: 1, 1: 1, 6: {1: [0, 1], 2: [OFFSET_MAX, OFFSET_MAX], 3: [23, 24]}},
    "binding": BINDING,
    "binding-channel": BINDING_CHANNEL,
}
VECTORS = {
    **{name: cbor(message) for name, message in MESSAGES.items()},
    "binding-digest": hashlib.sha256(cbor(BINDING)).digest(),
    "binding-channel-digest": hashlib.sha256(cbor(BINDING_CHANNEL)).digest(),
}


def main():
    text = "".join(f"{name} {value.hex()}\n" for name, value in VECTORS.items())
    if len(sys.argv) == 1:
        sys.stdout.write(text)
        return 0
    with open(sys.argv[1], encoding="ascii") as file:
        if file.read() == text:
            return 0
    sys.stderr.write(f"{sys.argv[1]} is not what vectors.py prints\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
