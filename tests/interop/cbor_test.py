#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""cbor_test.py RECODE: our messages against python3-cbor2 and docs/protocol.cddl.

The golden vectors are decoded by cbor2, compared field by field, encoded again by cbor2. Then
messages made at random and encoded by cbor2, half of them with something wrong, go through our
decoder and encoder (RECODE): what the CDDL allows comes back byte by byte, the rest is refused.
Exit status 77 without python3-cbor2. SEED and COUNT in the environment make other or more messages.
"""
import os
import pathlib
import random
import subprocess
import sys

try:
    import cbor2
except ImportError:
    print("skipped: python3-cbor2 is not installed")
    sys.exit(77)

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "protocol")]
import cddl  # noqa: E402
import vectors  # noqa: E402

HASH_SIZES = {4: 20, 11: 32, 12: 48, 13: 64, 18: 32}
SIZES = {1: 4096, 2: 65536, 3: 263168}
KNOWN_KEYS = {1: range(7), 2: range(10), 3: range(6)}
OFFSETS = [0, 1, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**63 - 1]


def in_order(value):
    """With map keys in the order of their encoded bytes: cbor2's own order is that of RFC 7049."""
    if type(value) is dict:
        return {k: in_order(value[k]) for k in sorted(value, key=cbor2.dumps)}
    return [in_order(v) for v in value] if type(value) is list else value


def encode(value):
    return cbor2.dumps(in_order(value))


def same(a, b):
    """Equal and of the same types: Python takes True for 1."""
    if type(a) is not type(b):
        return False
    if type(a) is dict:
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if type(a) is list:
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


# Random messages

def some_bytes(r, low, high):
    return r.randbytes(r.choice([low, high, r.randint(low, min(high, low + 300))]))


def offset(r):
    return r.choice([*OFFSETS, r.randrange(2**63)])


def some_request(r):
    message = {0: 1, 1: 1, 6: {kind: [offset(r), max(1, offset(r))]
                               for kind in (1, 2, 3) if r.random() < 0.6}}
    if r.random() < 0.7 or not message[6]:
        message[2] = some_bytes(r, 16, 64)
        message[3] = [[alg, r.choice([1, 0xFFFFFF, r.randrange(1, 1 << 24)])]
                      for alg in r.sample(sorted(HASH_SIZES), r.randint(1, 5))]
    if r.random() < 0.5:
        message[4] = [some_bytes(r, 1, 66), r.choice([0, 2**32 - 1]), r.randrange(2**32), offset(r)]
    if r.random() < 0.5:
        message[5] = r.randbytes(32)
    return message


def some_evidence(r):
    hints = sorted((alg, pcr) for alg in HASH_SIZES for pcr in range(24) if r.random() < 0.2)
    start = offset(r)
    alg = r.choice(sorted(HASH_SIZES))
    logs = {1: {0: offset(r)}, 3: {0: offset(r)},
            2: {0: start, 1: max(1, offset(r)) if start else 0, 2: alg,
                3: r.randint(HASH_SIZES[alg], 64)}}
    message = {0: 1, 1: 2, 2: some_bytes(r, 1, 4096), 3: some_bytes(r, 1, 4096),
               4: some_bytes(r, 1, 4096), 6: [[a, p, r.randbytes(HASH_SIZES[a])] for a, p in hints],
               7: some_bytes(r, 0, 16384),
               8: {kind: logs[kind] for kind in sorted(logs) if r.random() < 0.6},
               9: r.choice(["", "0.1.0", "\u00fc\u4e2d\U0001f600", "x" * 64])}
    if r.random() < 0.5:
        message[5] = some_bytes(r, 1, 4096)
    return message


def some_chunk(r):
    data = some_bytes(r, 0, 262144)
    return {0: 1, 1: 3, 2: r.randint(1, 3), 3: min(offset(r), 2**63 - 1 - 262144),
            4: r.random() < 0.5 or not data, 5: data}


# What may be wrong with one

def containers(value):
    if type(value) in (dict, list):
        yield value
        for inner in value.values() if type(value) is dict else value:
            yield from containers(inner)


def odd_value(r):
    return r.choice([-1, 0, 1, 4, 24, 2**32, 2**63, 2**64 - 1, True, False, None, b"", "", [], {},
                     r.randbytes(r.choice([15, 16, 31, 32, 65, 67, 4097])), "\u00fc" * 33])


def spoil(r, message):
    """Change, add or remove something, anywhere."""
    where = r.choice(list(containers(message)))
    key = r.choice(list(where) if type(where) is dict else range(len(where))) if where else None
    how = r.random()
    if type(where) is dict and (how < 0.3 or key is None):
        where[r.choice([7, 10, 23, 24, 4711, 2**64 - 1, -1, "a"])] = odd_value(r)
    elif key is None:
        where.append(odd_value(r))
    elif how < 0.5:
        del where[key]
    else:
        where[key] = odd_value(r)


def beyond_cddl(message):
    """What the comments of docs/protocol.cddl ask for, of a message that matches its rules."""
    if len(encode(message)) > SIZES[message[1]]:
        return False
    if message[1] == 1:
        banks = [bank[0] for bank in message.get(3, [])]
        return (2 in message) == (3 in message) and len(set(banks)) == len(banks) and \
            (2 in message or len(message[6]) > 0)
    if message[1] == 2:
        keys = [(alg, pcr) for alg, pcr, _ in message[6]]
        ima = message[8].get(2)
        return keys == sorted(set(keys)) and \
            all(len(value) == HASH_SIZES[alg] for alg, _, value in message[6]) and \
            (ima is None or ((ima[0] == 0) == (ima[1] == 0) and HASH_SIZES[ima[2]] <= ima[3]))
    return len(message[5]) > 0 or message[4]


def known(message):
    """Without the keys that are to be ignored."""
    kept = {k: v for k, v in message.items() if type(k) is int and k in KNOWN_KEYS[message[1]]}
    if message[1] == 2:
        kept[8] = {kind: {k: v for k, v in log.items() if k in (range(4) if kind == 2 else (0,))}
                   for kind, log in kept[8].items()}
    return kept


class Test:
    def __init__(self, recode):
        self.recode = recode
        self.schema = cddl.Schema((HERE.parents[1] / "docs/protocol.cddl").read_text())
        self.failures = 0

    def check(self, holds, what):
        if not holds:
            self.failures += 1
            print(what)

    def golden_vectors(self):
        path = HERE.parent / "fixtures/protocol/vectors.txt"
        lines = dict(line.split() for line in path.read_text().splitlines())
        for name, want in vectors.MESSAGES.items():
            raw = bytes.fromhex(lines[name])
            got = cbor2.loads(raw)
            self.check(same(got, want), f"{name}: cbor2 reads {got}")
            self.check(encode(got) == raw, f"{name}: cbor2 writes {encode(got).hex()}")
            rule = name.split("-")[0] if name.split("-")[0] != "chunk" else "log-chunk"
            self.check(self.schema.matches(rule, got), f"{name} is not what {rule} says")
        print(f"{len(vectors.MESSAGES)} golden vectors")

    def random_messages(self, seed, count):
        r = random.Random(seed)
        messages = []
        for _ in range(count):
            message = r.choice([some_request, some_evidence, some_chunk])(r)
            for _ in range(r.choice([0, 0, 1, 2])):
                spoil(r, message)
            messages.append(message)
        lines = "".join(encode(message).hex() + "\n" for message in messages)
        answers = subprocess.run([self.recode], input=lines, stdout=subprocess.PIPE, text=True,
                                 check=True).stdout.splitlines()
        self.check(len(answers) == count, f"{len(answers)} answers")
        allowed = 0
        for message, answer in zip(messages, answers):
            good = self.schema.matches("message", message) and beyond_cddl(message)
            want = encode(known(message)).hex() if good else "refused"
            allowed += good
            self.check(answer == want or (not good and answer.startswith("refused: ")),
                       f"{message}\n  answer {answer[:200]}\n  want {want[:200]}")
        print(f"{count} random messages, seed {seed}: {allowed} allowed, {count - allowed} refused")


def main():
    test = Test(sys.argv[1])
    test.golden_vectors()
    test.random_messages(int(os.environ.get("SEED", "1")), int(os.environ.get("COUNT", "1000")))
    return 1 if test.failures else 0


if __name__ == "__main__":
    sys.exit(main())
