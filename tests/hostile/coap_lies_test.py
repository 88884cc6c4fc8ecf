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
import storm
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
        many-options error-64k echo-too-long token-wrong token-empty
        token-too-long version-2 option-beyond-end option-reserved marker-without-payload
        cut-in-token cut-in-option oversized request-instead acknowledged-only silent
        silent-in-the-middle slow-blocks slow-stream from-another-port half-a-message wrong-token
        never-answers"""),
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
# A list that takes more than one answer over TCP, and several datagrams over UDP.
FILES = {"udp": 5, "tcp": 4000}


def wanted(name):
    if name.startswith("harmless") or name in HARMLESS:
        return trusted()
    return next((silence(text) for text, lies in SILENT.items() if name in lies), refused())


def tell(tally, folder, transport, name, port, memory_kib):
    """Problems with what tally makes of a lie."""
    want = wanted(name)
    lab = attest.Lab(tally, folder, timeout_s=1 if want.status == 1 else 30 + storm.COUNT // 500,
                     alert=name)
    result = lab.attest(transport, port)
    bad = list(want.problems(result))
    if want.status != 0 and lab.alert() != ["silence" if want.status == 1 else "malformed"]:
        bad.append(f"alert {lab.alert()}")
    if result.peak_kib > memory_kib + MEMORY_SLACK_KIB:
        bad.append(f"takes {result.peak_kib} KiB, {memory_kib} with an honest agent")
    return [f"{name}: {p}" for p in bad]


def tell_all(tally, binary, transport, lies):
    """The agent is honest, and one for all lies; so is the process that lies."""
    with tempfile.TemporaryDirectory() as folder, \
            attest.agent(binary, folder, "--files", FILES[transport]) as agent, \
            attest.process(sys.executable, attest.HERE / "coap_lies.py", agent["udp"],
                           agent["tcp"], *lies, lines=len(lies)) as ports, \
            concurrent.futures.ThreadPoolExecutor(8) as pool:
        honest = attest.Lab(tally, folder).attest(transport, agent[transport])
        if honest.status != 0:
            return [f"an honest agent: {honest.output}"]
        runs = [pool.submit(tell, tally, folder, transport, name, port, honest.peak_kib)
                for name, port in zip(lies, ports)]
        return [problem for run in runs for problem in run.result()]


def main():
    tally, binary, *chosen = sys.argv[1:]
    listed = subprocess.run([sys.executable, attest.HERE / "coap_lies.py", "--list"],
                            capture_output=True, text=True, check=True).stdout.splitlines()
    lies = [line.split() for line in listed]
    lies = [(t, n) for t, n in lies if n in chosen or (t in chosen and n != "storm")]
    bad = []
    for transport in FILES:
        names_of = [n for t, n in lies if t == transport]
        bad += tell_all(tally, binary, transport, names_of) if names_of else []
    print("\n".join(bad) or f"{len(lies)} lies, none believed")
    return 1 if bad or not lies else 0


if __name__ == "__main__":
    sys.exit(main())
