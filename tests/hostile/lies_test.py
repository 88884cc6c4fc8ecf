#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""lies_test.py TALLY DISHONEST_AGENT [GROUP|LIE...]: every lie of dishonest_agent is refused by name.

Each is told to a real `tally attest` over CoAP. The number in front is that of docs/threat-table.md.
"""
import concurrent.futures
import dataclasses
import re
import subprocess
import sys
import tempfile

import attest


@dataclasses.dataclass
class Want:
    """What must come out of the last run."""
    status: int
    checks: str = ""   # that fail, in order
    kinds: str = ""    # that refuse, sorted
    text: str = ""     # regular expression: what the answer says
    rounds: int = 1    # runs with one state; this is about the last one
    before: int = 0    # exit status of those before it
    after: bool = False  # one more run is trusted: the lie has left nothing behind

    def problems(self, result):
        if result.status != self.status:
            yield f"exit {result.status}, want {self.status}"
        if (result.verdict.get("verdict") == "TRUSTED") != (self.status == 0):
            yield f"verdict {result.verdict.get('verdict')}"
        if " ".join(result.failed()) != self.checks:
            yield f"failed: {result.failed()}, want {self.checks}"
        if " ".join(result.kinds()) != self.kinds:
            yield f"kinds: {result.kinds()}, want {self.kinds}"
        if not re.search(self.text, result.texts()):
            yield f"no {self.text!r} in {result.texts()}"
        if attest.unprintable(result.output):
            yield f"prints {attest.unprintable(result.output)}"


def quote(check, text="", **more):
    return Want(3, check, "quote", text, **more)


def malformed(text, **more):
    return Want(3, "evidence-format", "malformed", text, **more)


def boot(text, **more):
    return Want(3, "boot-replay", "boot-replay", text, **more)


def ima(text, **more):
    return Want(3, "ima-replay", "ima-replay", text, **more)


def trusted(text="", **more):
    return Want(0, text=text, **more)


TWICE = {"rounds": 2}
ONCE = {"rounds": 2, "after": True}

GROUPS = {
    "quote": {  # R4 R5 R13 R15 R77
        "no-magic": quote("quote-magic", "0x01020304"),                     # R1
        "certify": quote("quote-type", "certify"),                          # R2 R67
        "get-time": quote("quote-type", "time"),                            # R67
        "nv-certify": quote("quote-type", "nv"),                            # R67
        "certify-empty-digest": quote("quote-type", "certify"),             # R67
        "wrong-nonce": quote("nonce", "extraData is"),                      # R3
        "short-nonce": quote("nonce", "extraData is"),
        "long-nonce": quote("nonce", "extraData is"),
        "empty-nonce": quote("nonce", "extraData is empty"),
        "base64-nonce": quote("nonce", "extraData is"),
        "plain-challenge": quote("nonce", "extraData is"),
        "other-challenge": quote("nonce", "extraData is"),                  # R4
        "old-quote": quote("nonce", "extraData is", **ONCE),               # R4 R5
        "pcr-16": quote("pcr-selection"),                                   # R69
        "pcr-23-for-10": quote("pcr-selection"),                            # R8 R69
        "without-pcr-10": quote("pcr-selection"),                           # R6
        "more-pcrs": quote("pcr-selection"),
        "sha1-bank": quote("pcr-selection"),
        "two-banks": quote("pcr-selection"),
        "empty-selection": quote("pcr-selection", "no PCR is selected"),    # R70
        "empty-bank": quote("pcr-selection", "no PCR is selected"),
        "wrong-digest": Want(3, "boot-replay ima-replay", "boot-replay ima-replay"),  # R9
        "no-digest": quote("pcr-digest", "0 bytes"),                        # R68
        "broken-signature": quote("quote-signature"),                       # R15
        "sha1-signature": quote("quote-algorithm", "sha1"),                 # R10
        "c-struct-signature": malformed("signature algorithm unknown"),     # R77
        "cut-quote": malformed("quote: attest ends"),                       # R11
        "longer-quote": malformed("1 bytes after the end of the quote"),
        "quote-size-lies": malformed("inside extraData"),
        "cut-signature": malformed("signature ends"),
        "longer-signature": malformed("1 bytes after the end of the signature"),
        "signed-by-other-key": quote("quote-signature"),
        "other-key": Want(3, "ak-identity quote-signature", "identity quote", "another attestation"),
        "other-public": Want(3, "ak-identity nonce", "identity quote", "another attestation"),
        "other-ek": Want(3, "qualified-signer", "identity", "qualifiedSigner"),   # R12
        "cut-public": malformed("public area ends"),
        "neighbour": Want(3, "ak-identity quote-signature", "identity quote", "another attestation"),
        "neighbour-under-our-key": quote("quote-signature"),                # R4
        "clock-back": quote("clock", "back", **ONCE),                      # R13
        "reset-count-back": quote("clock", "reset", **ONCE),
        "restart-count-back": quote("clock", "restart", **ONCE),
    },
    "logs": {
        "drop-record": ima("no prefix"),                                    # R26
        "drop-first-record": ima("no prefix"),
        "repeat-record": ima("no prefix"),
        "swap-records": ima("no prefix"),
        "list-twice": ima("no prefix", rounds=2),                           # R73
        "insert-record": ima("no prefix"),
        "intruder": Want(3, "files", "unknown-file", "/tmp/intruder", rounds=2, before=3),  # R97
        "intruder-later": Want(3, "files", "unknown-file", "/tmp/intruder", rounds=2),
        "intruder-unseen": ima("no prefix"),
        "intruder-unseen-later": ima("no prefix", rounds=2),
        "intruder-behind-clean-records": ima("no prefix"),
        "intruder-disguised": ima("no prefix"),
        "edit-path": ima("no prefix"),                                      # R25
        "edit-template-digest": ima("not whole"),
        "edit-file-digest": ima("no prefix"),
        "relabel-record": ima("no prefix"),
        "record-of-no-pcr": malformed("PCR index 4294967295"),              # R90
        "record-in-pcr-11": ima("does not give to the list", rounds=2),                        # R93
        "edit-violation": trusted(),                                        # R85
        "violation-for-record": ima("no prefix"),
        "cut-list": malformed("ends inside entry"),
        "short-list": ima("no prefix"),
        "empty-list": ima("empty"),
        "no-list": ima("there is no IMA list"),
        "long-template-name": malformed("4294967295"),                      # R75
        "long-template-data": malformed("4294967295"),
        "garbage-list": malformed("PCR index"),
        "lasting-tail": ima("not attested", rounds=2),                      # R28
        "vanishing-tail": ima("not attested", rounds=2),
        "relabel-event": boot("PCR 5"),
        "event-of-no-pcr": malformed("PCR 200"),
        "swap-event-types": trusted(),                                      # R43: types mean nothing
        "event-without-action": boot("PCR 4"),
        "edit-event-digest": boot("PCR 4"),
        "big-event": malformed("4294967295"),                               # R47
        "drop-event": boot("PCR 4"),
        "insert-event": boot("PCR 4"),
        "made-up-locality": trusted(),                                      # R46: too late to matter
        "event-in-list-pcr": boot("belongs to the IMA list"),
        "cut-boot-log": malformed("event data of"),
        "empty-boot-log": malformed("event log is empty"),
        "no-boot-log": boot("there is no boot log"),
        "garbage-boot-log": malformed("event 0"),
        "hide-in-boot-log": Want(3, "boot-replay ima-replay", "boot-replay ima-replay",
                                 "belongs to the IMA list"),                # R92
    },
    "message": {
        "wrong-boot-hints": trusted(),
        "wrong-list-hint": trusted(),
        "no-hints": trusted(),
        "no-list-hint": trusted(),
        "hint-before-intruder": Want(3, "boot-replay ima-replay", "boot-replay ima-replay"),
        "unsigned-claims": quote("nonce"),
        "loud-agent": trusted(),
        "user-space-log": malformed("not asked for"),
        "list-starts-late": malformed("starts at byte"),                    # R39
        "entry-without-offset": malformed("IMA l"),
        "offset-without-entry": malformed("IMA l"),
        "boot-log-starts-late": malformed("starts at byte"),
        "far-offset": malformed("starts at byte"),
        "delta-entry": malformed("starts at byte", **ONCE),                # R39
        "delta-gap": trusted(**TWICE),
        "delta-overlap": trusted(**TWICE),
        "delta-whole": trusted(**TWICE),                                    # R73
        "delta-empty": trusted(**TWICE),
        "delta-elsewhere": malformed("starts at byte", **ONCE),
        "whole-again": trusted(**TWICE),                                    # R73
        "stale-boot-log": trusted(**ONCE),
        "wrong-template-size": malformed("template"),
        "wrong-template-algorithm": malformed("template"),
        "swap-logs": malformed("want the boot log"),
        "other-log": malformed("user-space log"),
        "no-chunks": malformed("ends before"),
        "unannounced-chunk": malformed("after the last message"),
        "repeat-chunk": malformed("after the last message"),
        "chunk-gap": malformed("starts at byte"),
        "in-pieces": trusted(),
        "overlapping-pieces": malformed("starts at byte"),
        "pieces-with-gaps": malformed("starts at byte"),
        "drip": trusted(),                                                  # R99: slow, but it ends
        "last-too-early": Want(3, "evidence-format", "malformed"),
        "never-last": malformed("no data"),
        "empty-chunks": malformed("no data"),
        "more-than-asked": malformed("bytes"),
        "endless-boot-log": malformed("more than 16777216"),                  # R99
    },
    "cbor": {                                                               # R57 R58
        "empty": malformed("ends before"),
        "garbage": malformed("want a map|evidence message"),
        "long-integer": malformed("not the shortest"),
        "indefinite-map": malformed("indefinite length"),
        "unsorted-keys": malformed("out of order"),
        "key-twice": malformed("there twice"),
        "tagged": malformed("tag"),
        "float-version": malformed("floating-point"),
        "other-version": malformed("version 2"),
        "request-for-evidence": malformed("request message"),
        "deep": malformed("more than 8"),
        "many-items": malformed("59997"),
        "huge-string": malformed("cut off"),
        "huge-map": malformed("18446744073709551615"),
        "cut": malformed("cut off"),
        "cut-last-byte": malformed("cut off"),
        "byte-more": malformed("after the last message"),
        "evidence-twice": malformed("evidence message"),
        "chunks-only": malformed("log chunk message, want evidence"),
        "long-evidence": malformed("evidence message of"),
        "agent-not-utf8": malformed("not UTF-8"),
        "hints-twice": malformed("hint"),
        "hint-of-pcr-200": malformed("hint"),
        "old-answer": quote("nonce", "extraData is", **ONCE),
    },
    "endless": {                                                            # R99: a gibibyte
        "endless-list": malformed("bytes"),
    },
}


def tell(tally, binary, name, want, transport):
    """Problems with what tally makes of a lie."""
    with tempfile.TemporaryDirectory() as folder, \
            attest.agent(binary, folder, "--lie", name) as ports:
        lab = attest.Lab(tally, folder)
        state = ["--state", lab.folder / "state"] if want.rounds > 1 else []

        def run():
            return lab.attest(transport, ports[transport], *state)

        bad = [f"round {n + 1}: exit {result.status}" for n in range(want.rounds - 1)
               if (result := run()).status != want.before]
        bad += want.problems(run())
        if sorted(lab.alert()) != want.kinds.split():
            bad.append(f"alert: {lab.alert()}, want {want.kinds}")
        if want.after and run().status != 0:
            bad.append("is not forgotten")
        return bad


def main():
    tally, binary, *chosen = sys.argv[1:]
    lies = {name: want for group, table in GROUPS.items() for name, want in table.items()
            if not chosen or group in chosen or name in chosen}
    told = {name for table in GROUPS.values() for name in table}
    known = set(subprocess.run([binary, "--list"], capture_output=True, text=True,
                               check=True).stdout.split())
    bad = [f"{n}: only here or only in dishonest_agent" for n in sorted(told ^ known)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        runs = {name: pool.submit(tell, tally, binary, name, want, ("udp", "tcp")[i % 2])
                for i, (name, want) in enumerate(lies.items())}
    for name, run in runs.items():
        bad += [f"{name}: {p}" for p in run.result()]
    print("\n".join(bad) or f"{len(lies)} lies, each refused by name or harmless")
    return 1 if bad or not lies else 0


if __name__ == "__main__":
    sys.exit(main())
