#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""wire_test.py coap-client|node BIN WORK: another implementation of CoAP asks our agent.

It reads .well-known/core and fetches evidence with a request of our encoder. The answer is decoded
by cbor2, held against docs/protocol.cddl, saved as an evidence file, and appraised: TRUSTED. Wrong
requests get problem details. Exit status 77 without the implementation, or python3-cbor2.

coap-client is libcoap's (Debian's libcoap3-bin), over UDP and TCP. node is npm's coap, over UDP;
its packages are those of package-lock.json, installed into WORK. It then stands between tally
attest and the agent, as a server.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys

try:
    import cbor2
except ImportError:
    print("skipped: python3-cbor2 is not installed")
    sys.exit(77)

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "bench")]
import cddl  # noqa: E402
from network import started  # noqa: E402

CHALLENGE = bytes(range(32))
POLICY = """version: 1
quote: { pcrs: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10] }
boot: absent
ima:
  allow: [ { file: feed.allow } ]
"""
SHA256, PCRS = 11, 0x7FF
ENTRIES = 60  # some 9,000 bytes: nine blocks over UDP


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


class CoapClient:
    """libcoap's coap-client. Writes the body only; of an error the code, and the body as text."""

    whole_errors = False

    def __init__(self, work):
        self.answer_file = work / "answer"
        self.request_file = work / "request"
        self.command = shutil.which("coap-client-notls") or shutil.which("coap-client-openssl")
        if self.command is None:
            skip("libcoap3-bin is not installed")

    @staticmethod
    def first_piece(scheme):
        """Bytes of the list to ask for with the quote.

        A quote takes time, so its answer is a separate response. libcoap 4.3.1 forgets the request
        when it is acknowledged, and then cannot ask for the second block of the response ("large
        body receive internal issue"): over UDP all must fit into one.
        """
        return 1 if scheme == "coap" else 1 << 18

    def ask(self, scheme, port, path, request=None):
        """(code, body): the code is None for success."""
        self.answer_file.unlink(missing_ok=True)
        command = [self.command, "-B", "20", "-o", str(self.answer_file)]
        if request is not None:
            self.request_file.write_bytes(request)
            command += ["-m", "fetch", "-t", "60", "-f", str(self.request_file)]
        done = subprocess.run([*command, f"{scheme}://127.0.0.1:{port}/{path}"], check=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if self.answer_file.exists() and self.answer_file.stat().st_size > 0:
            return None, self.answer_file.read_bytes()
        code, _, body = done.stderr.strip().partition(b" ")
        return code.decode(), body


class NodeCoap:
    """npm's coap."""

    whole_errors = True

    def __init__(self, work):
        self.script = work / "fetch.js"
        if shutil.which("node") is None or shutil.which("npm") is None:
            skip("node and npm are not installed")
        for name in ("package.json", "package-lock.json", "fetch.js", "proxy.js"):
            shutil.copy(HERE / name, work / name)
        done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                              cwd=work, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False)
        if done.returncode != 0:
            skip(f"npm cannot install its packages: {done.stdout.strip()[-300:]}")

    @staticmethod
    def first_piece(_scheme):
        return 1 << 18

    def ask(self, scheme, port, path, request=None):
        assert scheme == "coap"
        arguments = ["FETCH" if request is not None else "GET", "127.0.0.1", str(port), path]
        if request is not None:
            arguments.append(request.hex())
        done = subprocess.run(["node", str(self.script), *arguments], check=True, timeout=30,
                              stdout=subprocess.PIPE, text=True)
        answer = json.loads(done.stdout)
        code = answer["code"]
        return None if code.startswith("2.") else code, bytes.fromhex(answer["body"])


class Test:
    def __init__(self, client, binaries, work):
        self.client, self.bin, self.work = client, binaries, work
        self.schema = cddl.Schema((HERE.parents[1] / "docs/protocol.cddl").read_text())
        self.feed = work / "feed"
        self.failures = 0

    def check(self, holds, what):
        print(f"  {'ok' if holds else 'FAILED'}: {what}")
        self.failures += not holds

    def run(self, *command):
        return subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True,
                              check=False)

    def prepare(self):
        made = self.run(self.bin / "tally-generate", "ima-list", "--entries", ENTRIES,
                        "--allowlist", f"{self.feed}.allow", "--output", self.feed)
        assert made.returncode == 0
        (self.work / "policy.yaml").write_text(POLICY)

    def encode(self, message):
        """By our encoder: what cbor2 wrote is read, and written anew."""
        recoded = subprocess.run([self.bin / "recode"], input=cbor2.dumps(message).hex() + "\n",
                                 stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
        return bytes.fromhex(recoded)

    def messages(self, body):
        """The messages of a CBOR sequence, each as docs/protocol.cddl wants it."""
        found, rest = [], body
        while rest:
            message = cbor2.loads(rest)
            found.append(message)
            self.check(self.schema.matches("message", message),
                       f"message {len(found)} is what protocol.cddl says")
            rest = rest[len(cbor2.dumps(message)):]  # deterministic: the same length
        return found

    def fetch(self, scheme, port):
        request = self.encode({0: 1, 1: 1, 2: CHALLENGE, 3: [[SHA256, PCRS]],
                               6: {1: [0, 1 << 18], 2: [0, self.client.first_piece(scheme)]}})
        code, body = self.client.ask(scheme, port, "attest", request)
        self.check(code is None, f"FETCH attest: {code or f'{len(body)} bytes'}")
        evidence, chunk = self.messages(body)
        self.check(evidence[1] == 2 and chunk[1] == 3, "evidence, and a chunk of the list")
        if not chunk[4]:
            body += self.rest(scheme, port, len(chunk[5]))
        (self.work / "evidence").write_bytes(body)
        verdict = self.run(self.bin / "tally", "appraise", "--evidence", self.work / "evidence",
                           "--challenge", CHALLENGE.hex(), "--ak", f"{self.feed}.ak", "--policy",
                           self.work / "policy.yaml", "--json")
        self.check(verdict.returncode == 0 and json.loads(verdict.stdout)["verdict"] == "TRUSTED",
                   f"tally appraise of {len(body)} bytes: TRUSTED")

    def rest(self, scheme, port, offset):
        request = self.encode({0: 1, 1: 1, 6: {2: [offset, 1 << 18]}})
        code, body = self.client.ask(scheme, port, "attest", request)
        chunk, = self.messages(body)
        self.check(code is None and chunk[4] is True and
                   chunk[5] == self.feed.read_bytes()[offset:],
                   f"the list from byte {offset} on, in a chunk of {len(body)} bytes")
        return body

    def fetch_more(self, scheme, port):
        request = self.encode({0: 1, 1: 1, 6: {2: [100, 50]}})
        code, body = self.client.ask(scheme, port, "attest", request)
        chunk = self.messages(body)[0]
        self.check(code is None and chunk[5] == self.feed.read_bytes()[100:150],
                   "50 bytes of the list from byte 100 on")

    def problem(self, scheme, port):
        code, body = self.client.ask(scheme, port, "attest", b"\xa0")
        self.check(code == "4.00", f"an empty map is refused: {code}")
        if self.client.whole_errors:
            details = cbor2.loads(body)
            self.check(details[-1] == "not a request message" and set(details) <= {-1, -2},
                       f"problem details (RFC 9290): {details}")
        else:
            self.check(b"not a request message" in body, f"in words: {body}")
        code, _ = self.client.ask(scheme, port, "nothing", b"\xa0")
        self.check(code == "4.04", f"another path is not found: {code}")

    def resource(self, scheme, port):
        code, body = self.client.ask(scheme, port, ".well-known/core")
        self.check(code is None and body.startswith(b"</attest>"), f".well-known/core: {body}")

    def over(self, scheme):
        print(f"{type(self.client).__name__}, {scheme}")
        with started(str(self.bin / "bench-agent"), f"{scheme}://127.0.0.1:0", "ecdsa",
                     str(self.feed), str(ENTRIES), "0", f"{self.feed}.served",
                     f"{self.feed}.ak") as (port, _):
            for step in (self.resource, self.fetch, self.fetch_more, self.problem):
                step(scheme, port)
            if isinstance(self.client, NodeCoap):
                self.through_proxy(port)

    def through_proxy(self, port):
        """Our client asks npm's server, which asks our server by npm's client."""
        with started("node", str(self.work / "proxy.js"), "127.0.0.1", str(port)) as (proxy, _):
            verdict = self.run(self.bin / "tally", "attest", f"coap://127.0.0.1:{proxy}", "--ak",
                               f"{self.feed}.ak", "--policy", self.work / "policy.yaml", "--json")
        self.check(verdict.returncode == 0 and json.loads(verdict.stdout)["verdict"] == "TRUSTED",
                   f"tally attest through a server of npm's coap: {json.loads(verdict.stdout)['verdict']}")


def main():
    name, binaries, work = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    os.makedirs(work, exist_ok=True)
    client = {"coap-client": CoapClient, "node": NodeCoap}[name](work)
    test = Test(client, binaries, work)
    test.prepare()
    for scheme in ("coap", "coap+tcp") if name == "coap-client" else ("coap",):
        test.over(scheme)
    return 1 if test.failures else 0


if __name__ == "__main__":
    sys.exit(main())
