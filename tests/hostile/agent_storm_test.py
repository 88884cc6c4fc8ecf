#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""agent_storm_test.py EXECUTABLES: a storm against `tally-agent run` (R63, R76).

TALLY_STORM datagrams (2000) and a tenth as many connections from many addresses; honest peers are
served meanwhile and afterwards, and the agent's memory stays what it was.
"""
import os
import pathlib
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

import coap
import storm

# Datagrams that fill all tables of the agent, and what may still come on top: the allocator's.
WARM_UP = 2000
MEMORY_SLACK_KIB = 24 * 1024


def free_port():
    """A port that was free for UDP and TCP a moment ago."""
    for _ in range(100):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as u, socket.socket() as t:
            u.bind(("127.0.0.1", 0))
            try:
                t.bind(u.getsockname())
                return u.getsockname()[1]
            except OSError:
                continue
    sys.exit("no free port")


def wait_for(what, seconds=20):
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def request():
    """FETCH attest: a quote of PCR 10 and both logs."""
    body = bytes.fromhex("a5000101010258" + "20") + bytes(range(32)) + \
        bytes.fromhex("0381820b19040006a2018200190400028200190400")
    return coap.Message(coap.CON, coap.FETCH, 1, bytes(8),
                        [(11, b"attest"), (12, coap.uint(60)), (17, coap.uint(63))], body)


class Agent:
    """tally-agent run with a software TPM and small logs."""

    def __init__(self, bin_dir, folder):
        self.bin, self.folder, self.port = bin_dir, pathlib.Path(folder), free_port()
        self.tpm = self.process = None

    def __enter__(self):
        state = self.folder / "state"
        state.mkdir()
        self.tpm = subprocess.Popen(
            ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={state}", "--server",
             f"type=unixio,path={self.folder}/tpm", "--ctrl",
             f"type=unixio,path={self.folder}/tpm.ctrl", "--flags",
             "not-need-init,startup-clear"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        (self.folder / "list").write_bytes(b"\1" * 3000)
        (self.folder / "boot").write_bytes(b"\2" * 3000)
        (self.folder / "agent.conf").write_text(
            f"[agent]\nlisten = coap://127.0.0.1:{self.port} coap+tcp://127.0.0.1:{self.port}\n"
            f"[tpm]\ntcti = swtpm:path={self.folder}/tpm\n"
            f"[logs]\nboot-log = {self.folder}/boot\nima-log = {self.folder}/list\n")
        if not wait_for((self.folder / "tpm").exists):
            sys.exit("swtpm does not start")
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen(
                [self.bin / "tally-agent", "run", "--config", self.folder / "agent.conf"],
                stderr=log, env={**os.environ, "ASAN_OPTIONS": "quarantine_size_mb=1"})
        if not wait_for(lambda: not self.ask("coap")):
            sys.exit(f"tally-agent does not answer: {self.log()}")
        return self

    def __exit__(self, *_):
        for p in (self.process, self.tpm):
            p.terminate()
            p.wait()

    def ask(self, scheme):
        """One honest round; what went wrong, or nothing."""
        p = subprocess.run([self.bin / "ask", f"{scheme}://127.0.0.1:{self.port}",
                            self.folder / "evidence", "timeout=20000"],
                           capture_output=True, text=True, check=False)
        return p.stderr or f"exit {p.returncode}" if p.returncode else ""

    def memory_kib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])

    def log(self):
        return (self.folder / "log").read_text(errors="replace")


def rage(agent, seed, count):
    """Datagrams and connections from 127.0.0.SEED and so on."""
    chance = random.Random(seed)
    m = request()
    for i in range(count):
        source = (f"127.0.0.{2 + chance.randrange(200)}", 0)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as u:
            u.bind(source)
            u.sendto(storm.datagram(chance, m), ("127.0.0.1", agent.port))
        if i % 10 == 0:
            with socket.socket() as t:
                t.settimeout(5)
                t.bind(source)
                try:
                    t.connect(("127.0.0.1", agent.port))
                    t.sendall(storm.stream(chance, m))
                except OSError:
                    pass  # the agent hangs up, as it may
        time.sleep(0.0005)


def blow(agent, count):
    """A storm, with honest rounds in it; how many there were, and what went wrong."""
    storms = threading.Thread(target=rage, args=(agent, count, count))
    storms.start()
    asked, failed = 0, []
    while storms.is_alive() or asked < 2:
        for scheme in ("coap", "coap+tcp"):
            asked += 1
            failed += filter(None, [agent.ask(scheme)])
    storms.join()
    return asked, failed


def main():
    if not shutil.which("swtpm"):
        print("skipped: swtpm is not installed")
        return 77
    bad = []
    with tempfile.TemporaryDirectory() as folder, \
            Agent(pathlib.Path(sys.argv[1]).resolve(), folder) as agent:
        blow(agent, WARM_UP)
        before = agent.memory_kib()
        asked, failed = blow(agent, storm.COUNT)
        after = agent.memory_kib()
        if agent.process.poll() is not None:
            bad.append(f"tally-agent ended: {agent.log()}")
        if failed:
            bad.append(f"{len(failed)} of {asked} honest rounds failed: {failed[0]}")
        if after > before + MEMORY_SLACK_KIB:
            bad.append(f"memory went from {before} to {after} KiB")
        if len(agent.log()) > 100000:
            bad.append(f"the log has {len(agent.log())} bytes")
        print(f"{storm.COUNT} datagrams, {asked} honest rounds, {before} to {after} KiB")
    print("\n".join(bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
