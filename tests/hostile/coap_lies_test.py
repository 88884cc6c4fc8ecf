#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""coap_lies_test.py TALLY DISHONEST_AGENT [udp|tcp|storm|LIE...]: lies in CoAP (R57, R63, R76, R99).

An honest agent behind coap_lies.py. What breaks the rules is refused (3), silence and error answers
are "could not tell" (1), what is only odd changes nothing (0). Nothing prints control characters,
takes long, or takes memory by what a length claims.
"""
import concurrent.futures
import subprocess
import sys
import tempfile

import attest
from lies_test import Want, trusted

# What tally may need beyond what it needs with an honest agent.
MEMORY_SLACK_KIB = 24 * 1024


def refused(text=""):
    return Want(3, "evidence-format", "malformed", text)


def silence(text=""):
    return Want(1, kinds="silence", text=text)


WANTED = {
}


def wanted(name):
    if name.startswith("harmless") or name in ("storm", "hang-up-in-first-answer"):
        return trusted()
    return WANTED.get(name, refused())


def tell(tally, binary, transport, name, memory_kib):
    with tempfile.TemporaryDirectory() as folder, attest.agent(binary, folder) as ports, \
            attest.process(sys.executable, attest.HERE / "coap_lies.py", name,
                           f"127.0.0.1:{ports[transport]}") as port:
        result = attest.Lab(tally, folder).attest(transport, port[0])
        bad = list(wanted(name).problems(result))
        if result.peak_kib > memory_kib + MEMORY_SLACK_KIB:
            bad.append(f"takes {result.peak_kib} KiB, {memory_kib} with an honest agent")
        return bad


def honest_memory(tally, binary):
    with tempfile.TemporaryDirectory() as folder, attest.agent(binary, folder) as ports:
        return max(attest.Lab(tally, folder).attest(t, ports[t]).peak_kib for t in ports)


def main():
    tally, binary, *chosen = sys.argv[1:]
    listed = subprocess.run([sys.executable, attest.HERE / "coap_lies.py", "--list"],
                            capture_output=True, text=True, check=True).stdout.splitlines()
    lies = [line.split() for line in listed]
    lies = [(t, n) for t, n in lies if n in chosen or (t in chosen and n != "storm")]
    memory_kib = honest_memory(tally, binary)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        runs = [(n, pool.submit(tell, tally, binary, t, n, memory_kib)) for t, n in lies]
    bad = [f"{name}: {p}" for name, run in runs for p in run.result()]
    print("\n".join(bad) or f"{len(lies)} lies, none believed")
    return 1 if bad or not lies else 0


if __name__ == "__main__":
    sys.exit(main())
