# SPDX-License-Identifier: BSD-3-Clause
"""Lies in CoAP over UDP: each yields what is sent in the place of an honest agent's answer."""
import asyncio
import os

import coap

LIES = {}


def udp(function):
    LIES[function.__name__.replace("_", "-")] = function
    return function


# ---- UDP: blocks

@udp
def block_skipped(liar, m):
    num, more, szx = m.block() or (0, 0, 6)
    yield m.with_block(num + 1, more, szx) if num else m


@udp
def block_never_last(liar, m):
    """The last block again and again, under every number that is asked for."""
    asked = liar.last_request.block() or (0, 0, 6)
    block = m.block() or (0, 0, 6)
    if block[1] and m.code == coap.CONTENT:
        liar.kept = m
        yield m
    elif liar.kept:
        yield liar.kept.but(mid=m.mid, type=m.type, token=m.token).with_block(asked[0], 1, 6)


@udp
def block_size_grows(liar, m):
    num, more, _ = m.block() or (0, 0, 6)
    yield m.with_block(num, more, 7 if num else 6)


@udp
def block_size_shrinks(liar, m):
    num, more, szx = m.block() or (0, 0, 6)
    yield m.with_block(num, more, 0 if num else szx)


@udp
def block_short(liar, m):
    yield m.but(payload=m.payload[:100]) if (m.block() or (0, 0, 0))[1] else m


@udp
def block_long(liar, m):
    yield m.but(payload=m.payload + b"\0" * 100)


@udp
def block_empty(liar, m):
    yield m.but(payload=b"") if (m.block() or (0, 0, 0))[1] else m


@udp
def block_far(liar, m):
    yield m.with_block((1 << 20) - 1, 1, 6)


@udp
def block_option_long(liar, m):
    yield m.set(coap.BLOCK2, b"\0\0\0\0\x0e")


@udp
def block_twice(liar, m):
    yield m.but(options=m.options + [(coap.BLOCK2, b"\x1e")])


@udp
def block_again(liar, m):
    """Block 0 is what every question gets."""
    if liar.kept is None:
        liar.kept = m
    yield liar.kept.but(mid=m.mid, type=m.type, token=m.token)


@udp
def last_block_early(liar, m):
    num, _, szx = m.block() or (0, 0, 6)
    yield m.with_block(num, 0, szx)


def incomplete(m):
    return m.but(code=0x88, options=[], payload=b"")


@udp
def harmless_forgotten_twice(liar, m):
    """A busy agent does not keep every answer until the peer has all of it."""
    liar.kept = (liar.kept or 0) + bool((m.block() or (0, 0, 0))[0] == 1)
    yield incomplete(m) if (m.block() or (0, 0, 0))[0] == 1 and liar.kept < 3 else m


@udp
def forgotten_for_ever(liar, m):
    yield incomplete(m) if (m.block() or (0, 0, 0))[0] == 1 else m


@udp
def etag_changes(liar, m):
    yield m.set(coap.ETAG, bytes([liar.answers]))


@udp
def etag_long(liar, m):
    yield m.set(coap.ETAG, b"x" * 200)


@udp
def size2_huge(liar, m):
    yield m.set(coap.SIZE2, b"\xff\xff\xff\xff")


@udp
def size2_changes(liar, m):
    yield m.set(coap.SIZE2, coap.uint(liar.answers))


@udp
def slow_blocks(liar, m):
    """Blocks of 16 bytes, two a second: always some progress, never an end (R99)."""
    peer = next(reversed(liar.peers))
    num, _, _ = liar.last_request.block() or (0, 0, 6)
    liar.kept = liar.kept or m.payload
    part = liar.kept[num * 16:num * 16 + 16]
    late = m.but(payload=part).with_block(num, 1, 0)
    asyncio.get_running_loop().call_later(0.5, liar.to_peer, late.udp(), peer)
    yield from ()


# ---- UDP: what kind of answer

@udp
def continue_231(liar, m):
    yield m.but(code=coap.CONTINUE)


@udp
def created_201(liar, m):
    yield m.but(code=0x41)


@udp
def valid_203(liar, m):
    yield m.but(code=0x43)


@udp
def code_of_no_class(liar, m):
    yield m.but(code=0xff)


@udp
def text_format(liar, m):
    yield m.set(coap.CONTENT_FORMAT, b"")


@udp
def no_format(liar, m):
    yield m.set(coap.CONTENT_FORMAT, None)


@udp
def long_format(liar, m):
    yield m.set(coap.CONTENT_FORMAT, b"\0\0\0\0\0\0\0\x3f")


@udp
def no_payload(liar, m):
    yield m.but(payload=b"").set(coap.BLOCK2, None)


@udp
def critical_option(liar, m):
    yield m.but(options=m.options + [(65001, b"you must understand this")])


@udp
def many_options(liar, m):
    yield m.but(options=m.options + [(65000, b"")] * 200)


# ---- UDP: errors

@udp
def error_plain(liar, m):
    yield m.but(code=0xa0, options=[], payload=b"")


@udp
def error_ansi(liar, m):
    yield m.but(code=0xa0, options=[(coap.CONTENT_FORMAT, coap.uint(coap.PROBLEM))],
                payload=coap.problem(coap.ANSI, coap.ANSI * 3))


@udp
def error_ansi_text(liar, m):
    yield m.but(code=0xa0, options=[], payload=coap.ANSI.encode() * 10)


@udp
def error_64k(liar, m):
    yield m.but(code=0xa0, options=[(coap.CONTENT_FORMAT, coap.uint(coap.PROBLEM))],
                payload=coap.problem("title", "x" * 65000))


@udp
def error_lying_length(liar, m):
    yield m.but(code=0xa0, options=[(coap.CONTENT_FORMAT, coap.uint(coap.PROBLEM))],
                payload=b"\xa1\x20\x7b\x7f\xff\xff\xff\xff\xff\xff\xffshort")


@udp
def error_deep(liar, m):
    yield m.but(code=0xa0, options=[(coap.CONTENT_FORMAT, coap.uint(coap.PROBLEM))],
                payload=b"\x81" * 1000)


@udp
def error_blocks(liar, m):
    """A diagnosis that never ends."""
    num = (liar.last_request.block() or (0, 0, 6))[0]
    yield m.but(code=0xa0, options=[], payload=b"x" * 1024).with_block(num, 1, 6)


@udp
def later_for_ever(liar, m):
    yield m.but(code=0xa3, options=[(coap.MAX_AGE, b"\xff\xff\xff\xff")], payload=b"")


@udp
def too_many_for_ever(liar, m):
    """... but whoever hurries gets an answer, so that the test sees it."""
    hurried = liar.answers > 20
    yield m if hurried else m.but(code=0x9d, options=[(coap.MAX_AGE, b"")], payload=b"")


@udp
def echo_for_ever(liar, m):
    yield m.but(code=0x81, options=[(coap.ECHO, os.urandom(8))], payload=b"")


@udp
def echo_too_long(liar, m):
    yield m.but(code=0x81, options=[(coap.ECHO, b"x" * 1000)], payload=b"")


@udp
def echo_empty(liar, m):
    yield m.but(code=0x81, options=[(coap.ECHO, b"")], payload=b"")


# ---- UDP: messages

@udp
def token_wrong(liar, m):
    yield m.but(token=bytes(8))


@udp
def harmless_message_id_taken(liar, m):
    """An acknowledgement and a duplicate, for who believes in message IDs alone."""
    yield m.but(token=b"stranger")
    yield m


@udp
def harmless_goodbye(liar, m):
    """Messages that belong to TCP."""
    for code in (coap.CSM, coap.PING, coap.RELEASE, coap.ABORT):
        for kind in (coap.CON, coap.NON, coap.ACK, coap.RST):
            yield coap.Message(kind, code, m.mid ^ 1)
    yield m


@udp
def token_empty(liar, m):
    yield m.but(token=b"")


@udp
def token_too_long(liar, m):
    data = bytearray(m.udp())
    data[0] |= 15
    yield bytes(data)


@udp
def version_2(liar, m):
    data = bytearray(m.udp())
    data[0] ^= 0xc0
    yield bytes(data)


@udp
def option_beyond_end(liar, m):
    yield m.but(payload=b"", options=[]).udp() + b"\xde\xff\xff"


@udp
def option_reserved(liar, m):
    yield m.but(payload=b"", options=[]).udp() + b"\xf0\x01\x02"


@udp
def marker_without_payload(liar, m):
    yield m.but(payload=b"").udp() + b"\xff"


@udp
def cut_in_token(liar, m):
    yield m.udp()[:7]


@udp
def cut_in_option(liar, m):
    yield m.but(payload=b"", options=[(coap.ETAG, b"x" * 8)]).udp()[:-4]


@udp
def oversized(liar, m):
    yield m.udp() + bytes(60000)


@udp
def reset(liar, m):
    yield coap.Message(coap.RST, 0, liar.last_request.mid)


@udp
def request_instead(liar, m):
    yield coap.Message(coap.CON, coap.FETCH, m.mid, m.token, [(11, b"attest")], b"")


@udp
def acknowledged_only(liar, m):
    yield coap.Message(coap.ACK, 0, liar.last_request.mid)


@udp
def silent(liar, m):
    yield from ()


@udp
def silent_in_the_middle(liar, m):
    if (m.block() or (0, 0, 0))[0] == 0:
        yield m


@udp
def from_another_port(liar, m):
    """The answer, but not from the address that was asked: nobody knows whose it is."""
    peer = next(iter(liar.peers))
    asyncio.get_running_loop().create_task(_send_from_elsewhere(m.udp(), peer))
    yield from ()


async def _send_from_elsewhere(data, peer):
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0))
    transport.sendto(data, peer)
    transport.close()


# ---- UDP: nothing wrong, only odd

@udp
def harmless_everything_thrice(liar, m):
    yield from (m, m, m)


@udp
def harmless_strangers(liar, m):
    """Resets and answers to nobody around the right one."""
    stranger = m.but(mid=m.mid ^ 0x5555, token=b"stranger")
    yield coap.Message(coap.RST, 0, stranger.mid)
    yield stranger
    yield m
    yield stranger


@udp
def harmless_pings(liar, m):
    yield coap.Message(coap.CON, 0, 2)
    yield m


@udp
def harmless_fragments(liar, m):
    for size in range(5):
        yield b"\x40\x45\x12\x34"[:size]
    yield m


@udp
def harmless_unknown_option(liar, m):
    yield m.but(options=m.options + [(65000, b"elective")])


@udp
def harmless_no_etag(liar, m):
    yield m.set(coap.ETAG, None)


@udp
def harmless_non(liar, m):
    """Non-confirmable, where the agent confirms."""
    yield m.but(type=coap.NON) if m.type == coap.CON else m
