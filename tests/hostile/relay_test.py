#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""relay_test.py TALLY DISHONEST_AGENT: a bad network loses nothing.

Rounds through relay.py are trusted, whole and within time. TALLY_BAD_NETWORK=1 takes a list of 400
files, 5 % loss and 50 ms; without it a small one, 1 % and 10 ms.
"""
import os
import sys
import tempfile

import attest

FULL = bool(os.environ.get("TALLY_BAD_NETWORK"))
FILES = 400 if FULL else 60
LOSS, DELAY_MS = (0.05, 50) if FULL else (0.01, 10)
ROUNDS = 5 if FULL else 2


def rounds(tally, binary, transport, seed):
    """Problems with ROUNDS rounds of one state over one bad network."""
    options = ["--tcp"] if transport == "tcp" else \
        ["--loss", LOSS, "--reorder", 0.1, "--duplicate", 0.05, "--seed", seed]
    with tempfile.TemporaryDirectory() as folder, \
            attest.agent(binary, folder, "--files", FILES) as ports, \
            attest.process(sys.executable, attest.HERE / "relay.py", f"127.0.0.1:{ports[transport]}",
                           "--delay", DELAY_MS, *options) as port:
        lab = attest.Lab(tally, folder, timeout_s=30)
        for n in range(ROUNDS):
            result = lab.attest(transport, port[0], "--state", lab.folder / "state")
            whole = {"entries": FILES + 1 + n, "of": FILES + 1 + n}
            if result.status != 0 or result.verdict.get("attested") != whole:
                yield f"{transport}, seed {seed}, round {n + 1}: {result.output}"


def main():
    tally, binary = sys.argv[1:]
    bad = list(rounds(tally, binary, "tcp", 0))
    for seed in range(1, 5 if FULL else 2):
        bad += rounds(tally, binary, "udp", seed)
    print("\n".join(bad) or "nothing was lost")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
