# SPDX-License-Identifier: BSD-3-Clause
"""Lies in CoAP over TCP: each yields what is sent in the place of an honest agent's message."""
import asyncio
import random

import coap
import storm

LIES = {}


def tcp(function):
    LIES[function.__name__.replace("_", "-")] = function
    return function


def is_answer(m):
    return m.code >> 5 in (2, 4, 5)


async def for_ever():
    await asyncio.get_running_loop().create_future()


@tcp
async def half_a_message(liar, m):
    data = m.tcp()
    yield data[:len(data) // 2] if is_answer(m) else data
    if is_answer(m):
        await for_ever()


@tcp
async def slow_stream(liar, m):
    """A byte now and then: always some progress, never an end (R99)."""
    if is_answer(m):
        for byte in m.tcp():
            yield bytes([byte])
            await asyncio.sleep(0.5)
    else:
        yield m


@tcp
async def promise_of_8_mib(liar, m):
    if is_answer(m):
        yield bytes([0xf0 | len(m.token)]) + (8 << 20).to_bytes(4, "big") + bytes([m.code])
        await for_ever()
    yield m


@tcp
async def promise_of_4_gib(liar, m):
    if is_answer(m):
        yield bytes([0xf0 | len(m.token)]) + b"\xff\xff\xff\xff" + bytes([m.code])
        await for_ever()
    yield m


@tcp
async def garbage_first(liar, m):
    yield random.Random(1).randbytes(4000)
    await for_ever()


@tcp
async def garbage_answer(liar, m):
    yield random.Random(2).randbytes(4000) if is_answer(m) else m


@tcp
async def no_csm(liar, m):
    if m.code != coap.CSM:
        yield m


@tcp
async def csm_with_critical_option(liar, m):
    yield m.but(options=m.options + [(9, b"x")]) if m.code == coap.CSM else m


@tcp
async def csm_of_no_size(liar, m):
    yield m.but(options=[(2, b"")]) if m.code == coap.CSM else m


@tcp
async def csm_of_4_gib(liar, m):
    yield m.but(options=[(2, b"\xff\xff\xff\xff"), (4, b"")]) if m.code == coap.CSM else m


@tcp
async def hang_up_at_once(liar, m):
    yield b""


@tcp
async def hang_up_in_answer(liar, m):
    data = m.tcp()
    if is_answer(m):
        yield data[:len(data) // 2]
        yield b""
    else:
        yield data


@tcp
async def harmless_hang_up_later(liar, m):
    """A connection that breaks once, after an answer, is opened again."""
    data = m.tcp()
    if is_answer(m) and liar.answers == 2:
        yield data[:len(data) // 2]
        yield b""
    else:
        yield data


@tcp
async def abort(liar, m):
    yield coap.Message(code=coap.ABORT, payload=coap.ANSI.encode()) if is_answer(m) else m


@tcp
async def release(liar, m):
    yield coap.Message(code=coap.RELEASE) if is_answer(m) else m


@tcp
async def wrong_token(liar, m):
    yield m.but(token=bytes(8)) if is_answer(m) else m


@tcp
async def never_answers(liar, m):
    if not is_answer(m):
        yield m


@tcp
async def error_of_64k(liar, m):
    yield m.but(code=0xa0, options=[(coap.CONTENT_FORMAT, coap.uint(coap.PROBLEM))],
                payload=coap.problem("title", "x" * 65000)) if is_answer(m) else m


@tcp
async def answer_of_8_mib(liar, m):
    """As long as it says, and longer than anybody asked for."""
    yield m.but(payload=bytes(8 << 20)) if is_answer(m) else m


@tcp
async def block_over_tcp(liar, m):
    yield m.with_block(3, 1, 7) if is_answer(m) else m


@tcp
async def harmless_slow(liar, m):
    data = m.tcp()
    for i in range(0, len(data), 97):
        yield data[i:i + 97]
        await asyncio.sleep(0.0005)


@tcp
async def harmless_pings_in_stream(liar, m):
    for i in range(100):
        yield coap.Message(code=coap.PING, token=bytes([i]))
    yield m


@tcp
async def harmless_answers_to_nobody(liar, m):
    if is_answer(m):
        for i in range(20):
            yield m.but(token=bytes([i]) * 5)
    yield m


@tcp
async def rubbish_for_a_while(liar, m):
    """The storm, over a stream: there is no way back into step."""
    chance = random.Random(3)
    if is_answer(m):
        for _ in range(storm.COUNT // 10):
            yield chance.randbytes(chance.randrange(1, 2000))
    yield m
