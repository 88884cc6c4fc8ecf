# SPDX-License-Identifier: BSD-3-Clause
"""Run `tally attest` against a dishonest agent, and say what came out."""
import contextlib
import dataclasses
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).parent

# Nothing in these tests may take longer; a run that does not end is a failure.
TIME_LIMIT_S = int(os.environ.get("TALLY_TIME_LIMIT", "60"))

# AddressSanitizer keeps what was freed; here it would pass for memory that tally needs.
ENVIRONMENT = {**os.environ, "ASAN_OPTIONS": "quarantine_size_mb=1"}


@dataclasses.dataclass
class Result:
    """One run of tally: what it said, as a program and as a person reads it."""
    status: int
    verdict: dict
    output: str
    peak_kib: int

    def failed(self):
        return [c["name"] for c in self.verdict.get("checks", []) if c["outcome"] == "fail"]

    def kinds(self):
        return sorted({f["kind"] for f in self.verdict.get("findings", [])
                       if f["severity"] == "refuse"})

    def texts(self):
        return " | ".join([str(self.verdict.get("error") or "")] +
                          [c["detail"] or "" for c in self.verdict.get("checks", [])] +
                          [f["text"] or "" for f in self.verdict.get("findings", [])])


def unprintable(text):
    """The first character that could do something to a terminal."""
    return next((repr(c) for c in text if ord(c) < 0x20 and c not in "\n\t" or ord(c) == 0x7f
                 or 0x80 <= ord(c) < 0xa0), None)


@contextlib.contextmanager
def process(*argv, lines=1):
    """A helper process and the words of the first lines it prints: its ports."""
    with subprocess.Popen([str(a) for a in argv], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, env=ENVIRONMENT) as p:
        try:
            yield b" ".join(p.stdout.readline() for _ in range(lines)).decode().split()
        finally:
            p.send_signal(signal.SIGTERM)


def run(argv):
    """Run to the end; the parsed JSON on standard output, and how much memory it took."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        p = subprocess.Popen([str(a) for a in argv], stdout=out, stderr=err,
                             env=ENVIRONMENT)  # wait4() reaps it
        watchdog = threading.Timer(TIME_LIMIT_S, p.kill)
        watchdog.start()
        _, status, usage = os.wait4(p.pid, 0)
        watchdog.cancel()
        p.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        text = out.read().decode("utf-8", "replace")
        errors = err.read().decode("utf-8", "replace")
    try:
        verdict = json.loads(text)
    except json.JSONDecodeError:
        verdict = {}
    return Result(p.returncode, verdict, text + errors, usage.ru_maxrss)


class Lab:
    """An agent that lies, its folder, and tally."""

    def __init__(self, tally, folder, timeout_s=2, alert="alert"):
        self.tally, self.folder, self.timeout_s = tally, pathlib.Path(folder), timeout_s
        self.alert_file = self.folder / alert

    def attest(self, transport, port, *more):
        scheme = {"udp": "coap", "tcp": "coap+tcp"}[transport]
        return run([self.tally, "attest", f"{scheme}://127.0.0.1:{port}", "--ak",
                    self.folder / "ak.pub", "--policy", self.folder / "policy.yaml", "--timeout",
                    self.timeout_s, "--json", "--hook",
                    f"dd of={self.alert_file} status=none", *more])

    def alert(self):
        """The kinds that the hook was told last; none when it was not run."""
        try:
            return json.loads(self.alert_file.read_text())["alert"]["kinds"]
        except FileNotFoundError:
            return []


@contextlib.contextmanager
def agent(binary, folder, *options):
    """A dishonest agent; its ports by transport."""
    with process(binary, *options, folder) as ports:
        if len(ports) != 2:
            sys.exit(f"{binary} {options}: does not start")
        yield dict(zip(("udp", "tcp"), map(int, ports)))
