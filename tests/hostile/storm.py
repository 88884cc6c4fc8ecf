# SPDX-License-Identifier: BSD-3-Clause
"""What somebody sends who wants to break a CoAP peer and sees neither its message IDs nor tokens."""
import os

import coap

# Datagrams in one storm.
COUNT = int(os.environ.get("TALLY_STORM", "2000"))


def datagram(chance, m):
    """One datagram, made from a good message m or from nothing."""
    m = m.but(mid=chance.randrange(65536), token=chance.randbytes(8))
    data = m.udp()
    at = chance.randrange(len(data))
    kinds = (
        lambda: b"",
        lambda: chance.randbytes(chance.randrange(1, 1400)),
        lambda: chance.randbytes(60000),
        lambda: data,
        lambda: data[:at],
        lambda: data[:at] + chance.randbytes(8) + data[at + 8:],
        lambda: m.but(type=chance.randrange(4), token=chance.randbytes(chance.randrange(9))).udp(),
        lambda: coap.Message(chance.randrange(4), 0, m.mid).udp(),
        lambda: m.with_block(chance.randrange(1 << 20), 1, chance.randrange(8)).udp(),
        lambda: m.set(27, coap.uint(chance.randrange(1 << 24))).udp(),  # Block1
        lambda: m.set(28, b"\xff\xff\xff\xff").set(60, b"\xff\xff\xff\xff").udp(),  # sizes
        lambda: m.but(code=chance.randrange(256)).udp(),
        lambda: m.but(options=m.options + [(chance.randrange(65536),
                                            chance.randbytes(chance.randrange(300)))]).udp(),
        lambda: m.but(options=m.options + [(11, b"x" * 255)] * chance.randrange(5)).udp(),
        lambda: m.but(payload=chance.randbytes(chance.randrange(1200))).udp(),
        lambda: bytes([0x40 | chance.randrange(16)]) + data[1:],
        lambda: data[:-len(m.payload) or None] + b"\xff",
    )
    return chance.choice(kinds)()


def stream(chance, m):
    """What is sent over one connection."""
    m = m.but(token=chance.randbytes(8))
    csm = coap.Message(code=coap.CSM).tcp()
    data = m.tcp()
    at = chance.randrange(len(data))
    kinds = (
        lambda: b"",
        lambda: chance.randbytes(chance.randrange(1, 5000)),
        lambda: csm + data[:at],
        lambda: data,
        lambda: csm + data + data[:at],
        lambda: csm + data[:at] + chance.randbytes(8) + data[at + 8:],
        lambda: csm + b"\xf8\xff\xff\xff\xff\x05" + bytes(100),
        lambda: csm + b"\xf8\x00\x80\x00\x00\x05" + bytes(5000),
        lambda: coap.Message(code=coap.CSM, options=[(2, b""), (9, b"x")]).tcp() + data,
        lambda: csm + m.but(code=coap.PING).tcp() * 50,
        lambda: csm + m.but(code=coap.ABORT).tcp(),
        lambda: csm + m.but(payload=bytes(70000)).tcp(),
        lambda: csm + m.with_block(chance.randrange(1 << 20), 1, 7).tcp(),
    )
    return chance.choice(kinds)()
