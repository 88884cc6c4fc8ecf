# SPDX-License-Identifier: BSD-3-Clause
"""CoAP messages as bytes (RFC 7252, RFC 8323): just enough to read them, and to write wrong ones."""
import dataclasses
import struct

CON, NON, ACK, RST = range(4)
ETAG, CONTENT_FORMAT, MAX_AGE, BLOCK2, SIZE2, ECHO = 4, 12, 14, 23, 28, 252
CONTENT, CONTINUE, FETCH, CSM, PING, RELEASE, ABORT = 0x45, 0x5f, 0x05, 0xe1, 0xe2, 0xe4, 0xe5
CBOR_SEQ, PROBLEM = 63, 257


def uint(value):
    """An option's value: as few bytes as it takes."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def _extended(value):
    if value < 13:
        return value, b""
    if value < 269:
        return 13, bytes([value - 13])
    return 14, struct.pack(">H", value - 269)


def options_bytes(options):
    out, last = b"", 0
    for number, value in sorted(options, key=lambda o: o[0]):
        (delta, more), (length, longer) = _extended(number - last), _extended(len(value))
        out += bytes([delta << 4 | length]) + more + longer + value
        last = number
    return out


def _read_extended(nibble, data, at):
    if nibble == 13:
        return data[at] + 13, at + 1
    if nibble == 14:
        return struct.unpack_from(">H", data, at)[0] + 269, at + 2
    return nibble, at


def _read_options(data):
    """Options and payload of what follows the token."""
    options, number, at = [], 0, 0
    while at < len(data) and data[at] != 0xff:
        delta, length = data[at] >> 4, data[at] & 15
        delta, at = _read_extended(delta, data, at + 1)
        length, at = _read_extended(length, data, at)
        number += delta
        options.append((number, data[at:at + length]))
        at += length
    return options, data[at + 1:]


@dataclasses.dataclass
class Message:
    type: int = CON
    code: int = 0
    mid: int = 0
    token: bytes = b""
    options: list = dataclasses.field(default_factory=list)
    payload: bytes = b""

    def option(self, number):
        return next((value for n, value in self.options if n == number), None)

    def set(self, number, value):
        """A copy with this option once, or, for None, not at all."""
        options = [o for o in self.options if o[0] != number]
        return self.but(options=options + ([(number, value)] if value is not None else []))

    def but(self, **changes):
        return dataclasses.replace(self, **changes)

    def block(self):
        """NUM, M and SZX of Block2; None without."""
        value = self.option(BLOCK2)
        if value is None:
            return None
        number = int.from_bytes(value, "big")
        return number >> 4, number >> 3 & 1, number & 7

    def with_block(self, num, more, szx):
        return self.set(BLOCK2, uint(num << 4 | more << 3 | szx))

    def tail(self):
        return options_bytes(self.options) + (b"\xff" + self.payload if self.payload else b"")

    def udp(self):
        head = bytes([0x40 | self.type << 4 | len(self.token), self.code])
        return head + struct.pack(">H", self.mid) + self.token + self.tail()

    def tcp(self):
        tail = self.tail()
        size, more = len(tail), b""
        if size >= 65805:
            size, more = 15, struct.pack(">I", size - 65805)
        else:
            size, more = _extended(size)
        return bytes([size << 4 | len(self.token)]) + more + bytes([self.code]) + self.token + tail


def read_udp(data):
    token = data[4:4 + (data[0] & 15)]
    options, payload = _read_options(data[4 + len(token):])
    return Message(data[0] >> 4 & 3, data[1], struct.unpack_from(">H", data, 2)[0], token, options,
                   payload)


def split_tcp(data):
    """The messages that are whole at the start of data, as bytes, and what is left over."""
    messages = []
    while len(data) >= 2:
        size, at = data[0] >> 4, 1
        need = {13: 1, 14: 2, 15: 4}.get(size, 0)
        if len(data) < 1 + need:
            break
        if need:
            size = int.from_bytes(data[1:1 + need], "big") + {1: 13, 2: 269, 4: 65805}[need]
            at += need
        end = at + 1 + (data[0] & 15) + size
        if len(data) < end:
            break
        messages.append(data[:end])
        data = data[end:]
    return messages, data


def read_tcp(data):
    at = 1 + {13: 1, 14: 2, 15: 4}.get(data[0] >> 4, 0)
    token = data[at + 1:at + 1 + (data[0] & 15)]
    options, payload = _read_options(data[at + 1 + len(token):])
    return Message(code=data[at], token=token, options=options, payload=payload)


# What clears a screen and writes on it, where it gets through.
ANSI = "\x1b[2J\x1b[32mTRUSTED\x1b[0m\r\n"


def problem(title, detail):
    """Concise problem details (RFC 9290): {-1: title, -2: detail}."""
    def text(s):
        b = s.encode()
        size = uint(len(b))
        head = {0: b"\x60", 1: b"\x78", 2: b"\x79"}[len(size)]
        return (head + size if len(b) > 23 else bytes([0x60 | len(b)])) + b
    return b"\xa2\x20" + text(title) + b"\x21" + text(detail)
