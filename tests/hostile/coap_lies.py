#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A relay in front of an honest agent that lies in the CoAP around its answers.

coap_lies.py UDP-PORT TCP-PORT LIE...: prints the port of each lie, one a line. coap_lies.py --list:
the names, each with the transport. What an agent could say in a message is not here but in
dishonest_agent.
"""
import asyncio
import random
import sys

import coap
import lies_tcp
import lies_udp
import storm
from relay import Faults, Relay, StreamRelay, run


class Liar(Relay):
    """UDP: every content answer goes through the lie, which yields what is sent in its place."""

    def __init__(self, change, agent):
        super().__init__(agent, Faults())
        self.change = change
        self.answers = 0
        self.last_request = None
        self.kept = None  # for a lie to remember what it likes

    def from_peer(self, data, peer):
        message = coap.read_udp(data)
        if message.code == coap.FETCH:
            self.last_request = message
        self.to_agent(data, peer)

    def from_agent(self, data, peer):
        message = coap.read_udp(data)
        if message.code == 0:
            self.to_peer(data, peer)
            return
        self.answers += 1
        for out in self.change(self, message):
            self.to_peer(out if isinstance(out, bytes) else out.udp(), peer)


class Storm(Liar):
    """Rubbish of all kinds while the verifier waits, from here and from other ports; then the
    answer."""

    def __init__(self, agent):
        super().__init__(None, agent)
        self.chance = random.Random(1)
        self.over = False

    def from_agent(self, data, peer):
        message = coap.read_udp(data)
        if self.over or message.code == 0:
            self.to_peer(data, peer)
        elif self.answers == 0:
            self.answers = 1
            asyncio.get_running_loop().create_task(self.rage(message, peer))

    async def rage(self, m, peer):
        elsewhere, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0))
        for i in range(storm.COUNT):
            data = storm.datagram(self.chance, m)
            (elsewhere if i % 4 == 0 else self.transport).sendto(data, peer)
            if i % 10 == 9:
                await asyncio.sleep(0.001)
        elsewhere.close()
        self.over = True
        self.to_peer(m.udp(), peer)


class StreamLiar(StreamRelay):
    """Every message of the agent goes through the lie, which yields bytes; b"" hangs up."""

    def __init__(self, change, agent):
        super().__init__(agent, Faults())
        self.change = change
        self.left = b""
        self.answers = 0

    async def serve(self, peer_in, peer_out):
        self.left = b""
        await super().serve(peer_in, peer_out)

    async def to_peer(self, data):
        messages, self.left = coap.split_tcp(self.left + data)
        for whole in messages:
            message = coap.read_tcp(whole)
            self.answers += message.code == coap.CONTENT
            async for out in self.change(self, message):
                yield out if isinstance(out, bytes) else out.tcp()
        if not data:
            yield b""


def main():
    if sys.argv[1:] == ["--list"]:
        for transport, names in (("udp", ["storm", *lies_udp.LIES]), ("tcp", lies_tcp.LIES)):
            print("\n".join(f"{transport} {name}" for name in names))
        return
    udp_agent, tcp_agent = (("127.0.0.1", int(port)) for port in sys.argv[1:3])
    relays = []
    for name in sys.argv[3:]:
        if name == "storm":
            relays.append(Storm(udp_agent))
        elif name in lies_udp.LIES:
            relays.append(Liar(lies_udp.LIES[name], udp_agent))
        else:
            relays.append(StreamLiar(lies_tcp.LIES[name], tcp_agent))
    asyncio.run(run(*relays))


if __name__ == "__main__":
    main()
