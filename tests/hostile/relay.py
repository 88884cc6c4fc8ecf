#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A bad network between a verifier and an agent.

Datagrams get lost, late, doubled and out of order, streams late. It listens on loopback, prints the
port, and ends by SIGTERM, when it says what it did.
"""
import argparse
import asyncio
import random
import signal
import sys


class Faults:
    """What befalls each datagram, by chance; the same for the same seed."""

    def __init__(self, loss=0.0, delay=0.0, reorder=0.0, duplicate=0.0, seed=1):
        self.loss, self.delay, self.reorder, self.duplicate = loss, delay, reorder, duplicate
        self.random = random.Random(seed)
        self.counts = {"passed": 0, "lost": 0, "late": 0, "doubled": 0}

    def copies(self):
        """Delays of the copies that arrive."""
        if self.random.random() < self.loss:
            self.counts["lost"] += 1
            return []
        self.counts["passed"] += 1
        delay = self.delay
        if self.random.random() < self.reorder:
            self.counts["late"] += 1
            delay += self.random.uniform(0.5, 1.5) * max(self.delay, 0.01)
        if self.random.random() < self.duplicate:
            self.counts["doubled"] += 1
            return [delay, delay + self.delay / 2]
        return [delay]


class _Upstream(asyncio.DatagramProtocol):
    """The relay's socket to the agent, on behalf of one peer."""

    def __init__(self, relay, peer):
        self.relay, self.peer, self.transport, self.waiting = relay, peer, None, []

    def connection_made(self, transport):
        self.transport = transport
        for data in self.waiting:
            transport.sendto(data)

    def send(self, data):
        if self.transport is None:
            self.waiting.append(data)
        else:
            self.transport.sendto(data)

    def datagram_received(self, data, addr):
        self.relay.from_agent(data, self.peer)

    def error_received(self, exc):
        pass  # nobody listens there (any more): silence, as in a network


class Relay(asyncio.DatagramProtocol):
    """UDP. Subclasses lie by from_peer() and from_agent()."""

    def __init__(self, agent, faults):
        self.agent, self.faults, self.peers, self.transport = agent, faults, {}, None

    def connection_made(self, transport):
        self.transport = transport

    def error_received(self, exc):
        pass  # the peer is gone

    def datagram_received(self, data, addr):
        if addr not in self.peers:
            self.peers[addr] = _Upstream(self, addr)
            loop = asyncio.get_running_loop()
            upstream = self.peers[addr]
            loop.create_task(loop.create_datagram_endpoint(lambda: upstream,
                                                           remote_addr=self.agent))
        self.from_peer(data, addr)

    def from_peer(self, data, peer):
        self.to_agent(data, peer)

    def from_agent(self, data, peer):
        self.to_peer(data, peer)

    def to_agent(self, data, peer):
        self._later(self.peers[peer].send, data)

    def to_peer(self, data, peer):
        self._later(self.transport.sendto, data, peer)

    def _later(self, send, *args):
        for delay in self.faults.copies():
            if delay > 0:
                asyncio.get_running_loop().call_later(delay, send, *args)
            else:
                send(*args)


class StreamRelay:
    """TCP. Subclasses lie by to_agent() and to_peer(), which yield what to send; b"" hangs up."""

    def __init__(self, agent, faults):
        self.agent, self.faults = agent, faults

    async def serve(self, peer_in, peer_out):
        try:
            agent_in, agent_out = await asyncio.open_connection(*self.agent)
        except OSError:
            peer_out.close()
            return
        await asyncio.gather(self._pump(peer_in, agent_out, self.to_agent),
                             self._pump(agent_in, peer_out, self.to_peer))

    async def _pump(self, source, sink, change):
        """Bytes keep their order; each waits for the delay, however many are under way."""
        queue = asyncio.Queue()
        loop = asyncio.get_running_loop()

        async def deliver():
            while True:
                due, data = await queue.get()
                await asyncio.sleep(max(0, due - loop.time()))
                try:
                    async for part in change(data):
                        if not part:
                            sink.close()
                            return
                        sink.write(part)
                        await sink.drain()
                except OSError:
                    return

        task = asyncio.create_task(deliver())
        try:
            while data := await source.read(65536):
                queue.put_nowait((loop.time() + self.faults.delay, data))
            queue.put_nowait((loop.time() + self.faults.delay, b""))
        except OSError:
            task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        sink.close()

    async def to_agent(self, data):
        yield data

    async def to_peer(self, data):
        yield data


async def run(*relays):
    """Listen, print the ports, one a line, and relay until told to stop."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    for relay in relays:
        if isinstance(relay, StreamRelay):
            server = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
            print(server.sockets[0].getsockname()[1])
        else:
            transport, _ = await loop.create_datagram_endpoint(lambda r=relay: r, ("127.0.0.1", 0))
            print(transport.get_extra_info("sockname")[1])
    sys.stdout.flush()
    await stop.wait()
    for relay in relays:
        print(relay.faults.counts, file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("agent", help="HOST:PORT")
    parser.add_argument("--tcp", action="store_true")
    for name, what in (("loss", "share of datagrams"), ("delay", "milliseconds each way"),
                       ("reorder", "share that is late"), ("duplicate", "share that comes twice")):
        parser.add_argument("--" + name, type=float, default=0, help=what)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    host, port = args.agent.rsplit(":", 1)
    faults = Faults(args.loss, args.delay / 1000, args.reorder, args.duplicate, args.seed)
    asyncio.run(run((StreamRelay if args.tcp else Relay)((host, int(port)), faults)))


if __name__ == "__main__":
    main()
