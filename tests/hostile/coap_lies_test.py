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
    return Want(1, text=text)


def names(text):
    return text.split()


# Where nothing else is said, the lie is refused.
SILENT = {
    "no answer in time": names("""
        block-long block-option-long etag-long code-of-no-class long-format critical-option
        many-options error-64k echo-too-long token-wrong token-wrong-first token-empty
        token-too-long version-2 option-beyond-end option-reserved marker-without-payload
        cut-in-token cut-in-option oversized request-instead acknowledged-only silent
        silent-in-the-middle from-another-port half-a-message wrong-token never-answers"""),
    "resets the request": names("reset"),
    "answers 5.00": names("""
        error-plain error-ansi error-ansi-text error-lying-length error-deep error-blocks
        error-of-64k"""),
    "answers 5.03": names("later-for-ever"),
    "answers 4.08": names("forgotten-for-ever"),
    "answers 4.29": names("too-many-for-ever"),
    "answers 4.01": names("echo-for-ever echo-empty"),
    "answers 2.0|answers 2.31": names("continue-231 created-201 valid-203"),
    "closes the connection": names("""
        promise-of-8-mib promise-of-4-gib garbage-first hang-up-at-once hang-up-in-answer abort
        release answer-of-8-mib rubbish-for-a-while garbage-answer no-csm
        csm-with-critical-option"""),
}
# Sizes that are stated mean nothing.
HARMLESS = names("storm size2-huge size2-changes csm-of-no-size csm-of-4-gib")
# A list that takes more than one answer over TCP.
LONG = names("harmless-hang-up-later")


def wanted(name):
    if name.startswith("harmless") or name in HARMLESS:
        return trusted()
    return next((silence(text) for text, lies in SILENT.items() if name in lies), refused())


def tell(tally, binary, transport, name, memory_kib):
    want = wanted(name)
    files = ["--files", 4000] if name in LONG else []
    with tempfile.TemporaryDirectory() as folder, attest.agent(binary, folder, *files) as ports, \
            attest.process(sys.executable, attest.HERE / "coap_lies.py", name,
                           f"127.0.0.1:{ports[transport]}") as port:
        lab = attest.Lab(tally, folder, timeout_s=1 if want.status == 1 else 30)
        result = lab.attest(transport, port[0])
        bad = list(want.problems(result))
        if want.status != 0 and lab.alert() != ["silence" if want.status == 1 else "malformed"]:
            bad.append(f"alert {lab.alert()}")
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
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        runs = [(n, pool.submit(tell, tally, binary, t, n, memory_kib)) for t, n in lies]
    bad = [f"{name}: {p}" for name, run in runs for p in run.result()]
    print("\n".join(bad) or f"{len(lies)} lies, none believed")
    return 1 if bad or not lies else 0


if __name__ == "__main__":
    sys.exit(main())
