# SPDX-License-Identifier: BSD-3-Clause
"""What bench.py measures over the network, agent and verifier one process each.

The agent's key is software (software_attester.h): its time is that of a TPM and is counted apart.
"""
import contextlib
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time

LOOPBACK = "127.0.0.1"
RELAY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../hostile/relay.py")
# An answer is kept for the peer that asks again: COAP_KEPT_MS in protocol/, and the sweep after it.
KEPT_SECONDS = 70
SWTPM_CONFIG = """[agent]
listen = coap://127.0.0.1:{port} coap+tcp://127.0.0.1:{port}
[tpm]
tcti = swtpm:path={socket}
[logs]
boot-log = {work}/none
ima-log = {list}
userspace-log = {work}/none
"""


@contextlib.contextmanager
def started(*command):
    """A process whose first line is its port, until it is told to end; (port, cost).

    cost is empty, and filled in with what it prints at its end.
    """
    cost = {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True) as process:
        try:
            line = process.stdout.readline()
            if not line:
                raise RuntimeError(f"{' '.join(command)} did not start")
            yield int(line), cost
        finally:
            process.terminate()
            rest = process.stdout.read()
    if rest.startswith("{"):
        cost.update(json.loads(rest))


@contextlib.contextmanager
def raw_server(path):
    """Sends a file to whoever connects; the port."""
    with socket.create_server((LOOPBACK, 0)) as server:
        def serve():
            while True:
                try:
                    peer, _ = server.accept()
                except OSError:
                    return
                with peer, open(path, "rb") as file:
                    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    peer.sendfile(file)
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def raw_transfer(port):
    """Seconds it takes to connect and receive everything."""
    start = time.monotonic()
    with socket.create_connection((LOOPBACK, port)) as peer:
        while peer.recv(1 << 18):
            pass
    return time.monotonic() - start


def free_port():
    with socket.create_server((LOOPBACK, 0)) as server:
        return server.getsockname()[1]


class Network:
    def __init__(self, bench):
        self.bench = bench
        self.quick = bench.quick

    def agent(self, scheme, kind, feed, start, grow):
        """bench-agent; its key is written to FEED.ak."""
        return started(self.bench.tool("bench-agent"), f"{scheme}://{LOOPBACK}:0", kind, feed,
                       str(start), str(grow), feed + ".served", feed + ".ak")

    def verifier(self, *args):
        return json.loads(self.bench.output(self.bench.tool("bench-verifier"), *map(str, args)))

    # Rounds

    def rounds(self):
        count = 20 if self.quick else 2000
        samples = 1 if self.quick else 5
        feed = self.bench.make_list(f"ng-{1000 + 20 * (count + 1)}", 1000 + 20 * (count + 1))
        policy = self.bench.make_policy(feed)
        for scheme in ("coap", "coap+tcp"):
            for kind in ("ecdsa", "rsa"):
                for grow in (0, 20):
                    seen = [self.sample(scheme, kind, feed, policy, grow, count)
                            for _ in range(samples)]
                    self.report_rounds(scheme, kind, grow, seen)

    def sample(self, scheme, kind, feed, policy, grow, count):
        """Microseconds a round: of both sides, and of what it is made of."""
        with self.agent(scheme, kind, feed, 1000, grow) as (port, agent):
            ours = self.verifier("round", f"{scheme}://{LOOPBACK}:{port}", feed + ".ak", policy,
                                 count)
        sent, received = ours["sent"] // count, ours["received"] // count
        with started(self.bench.tool("bench-agent"), f"{scheme}://{LOOPBACK}:0", "answer",
                     str(received)) as (port, _):
            ask = self.verifier("ask", f"{scheme}://{LOOPBACK}:{port}", sent, count)
        parts = {"CoAP": ask["cpu_us"] / count,
                 "verify": self.micro_us("quote", self.bench.make_quote(feed, kind)),
                 "CBOR": self.micro_us("message")}
        if grow > 0:
            parts["replay"] = grow * self.replay_us(feed)
        return {"wall": ours["wall_us"] / count, "verifier": ours["cpu_us"] / count,
                "agent": (agent["cpu_us"] - agent["attester_cpu_us"]) / count,
                "attester": agent["attester_cpu_us"] / count, "sum": sum(parts.values()),
                "parts": parts}

    def micro_us(self, *args):
        return self.bench.micro(args[0], 1, *args[1:])[0]["ours_ns"][0] / 1e3

    def replay_us(self, feed):
        """CPU microseconds of replay, a record."""
        cost = self.bench.cost([self.bench.tool("tally"), "replay", "--ima-log", feed, "--banks",
                                "sha256"])
        entries = int(feed.rsplit("-", 1)[1])
        return 1e6 * cost["cpu_s"] / entries

    def report_rounds(self, scheme, kind, grow, seen):
        name = f"{scheme}, {kind}, {grow} new entries"
        parts = ", ".join(f"{part} {statistics.median(s['parts'][part] for s in seen):.0f}"
                          for part in seen[0]["parts"])
        for key, text in (("verifier", "verifier CPU"), ("sum", f"its parts ({parts})"),
                          ("agent", "agent CPU"), ("attester", "the key's CPU"),
                          ("wall", "time, one after the other")):
            self.bench.result("round", f"{name}: {text}", "us", [s[key] for s in seen])
        if grow == 0:
            self.bench.target(f"rounds a second and core, verifier: {name}",
                              statistics.median(1e6 / s["verifier"] for s in seen), 2000, "/s",
                              at_least=True)

    # First contact

    def attest(self, port, feed, policy, *more, scheme="coap+tcp"):
        return self.bench.cost([self.bench.tool("tally"), "attest", f"{scheme}://{LOOPBACK}:{port}",
                                "--ak", feed + ".ak", "--policy", policy, *more])

    def first_contact(self):
        entries = 500 if self.quick else 100000
        feed = self.bench.make_list(f"ng-{entries}", entries)
        policy = self.bench.make_policy(feed)
        samples = 1 if self.quick else 5
        for path, relay in (("loopback", None), ("1 ms each way", "1")):
            with self.agent("coap+tcp", "ecdsa", feed, entries, 0) as (port, _), \
                    raw_server(feed) as raw_port, self.through(relay, port) as port_seen, \
                    self.through(relay, raw_port) as raw_seen:
                ours, raw = [], []
                for _ in range(samples):
                    ours.append(self.attest(port_seen, feed, policy)["wall_s"])
                    raw.append(raw_transfer(raw_seen))
            name = f"{entries} entries, {path}"
            self.bench.result("first contact", f"{name}: tally attest, start to exit", "ms",
                              [1e3 * v for v in ours])
            self.bench.result("first contact", f"{name}: the bytes over plain TCP", "ms",
                              [1e3 * v for v in raw])
            self.bench.target(f"first contact, beyond the bytes' own time: {name}",
                              statistics.median(o - r for o, r in zip(ours, raw)), 0.3, "s")

    @contextlib.contextmanager
    def through(self, delay_ms, port):
        """The port of a relay in front of port, or port itself."""
        if delay_ms is None:
            yield port
            return
        with started(sys.executable, RELAY, f"{LOOPBACK}:{port}", "--tcp", "--delay",
                     delay_ms) as (relay, _):
            yield relay

    # A whole command, as a timer would start it

    def command(self):
        feed = self.bench.make_list("ng-1000", 1000)
        policy = self.bench.make_policy(feed)
        state = feed + ".state"
        samples = 1 if self.quick else 11
        for scheme in ("coap", "coap+tcp"):
            if os.path.exists(state):
                os.remove(state)
            with self.agent(scheme, "ecdsa", feed, 1000, 0) as (port, _):
                seen = [self.attest(port, feed, policy, "--state", state, scheme=scheme)
                        for _ in range(samples + 1)][1:]
            name = f"tally attest --state, nothing new, {scheme}"
            self.bench.result("command", f"{name}: start to exit", "ms",
                              [1e3 * c["wall_s"] for c in seen])
            self.bench.result("command", f"{name}: CPU", "ms", [1e3 * c["cpu_s"] for c in seen])

    # Long lists

    def long_feed(self):
        """A list, a policy that needs no memory for it, and how to call it."""
        entries = 2000 if self.quick else 1000000
        feed = self.bench.make_list(f"ng-{entries}", entries)
        policy = feed + ".exclude.yaml"
        with open(policy, "w", encoding="ascii") as file:
            file.write("version: 1\nquote: { pcrs: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10] }\n"
                       "boot: absent\nima:\n  exclude: [ \"/usr/**\", \"/opt/**\" ]\n")
        return feed, policy, entries, f"{os.path.getsize(feed) / (1 << 20):.0f} MiB"

    def memory(self):
        feed, policy, entries, size = self.long_feed()
        with self.agent("coap+tcp", "ecdsa", feed, entries, 0) as (port, agent):
            verifier = self.attest(port, feed, policy)
        self.bench.result("long list", f"tally attest, {entries} ima-ng ({size})", "ms",
                          [1e3 * verifier["wall_s"]])
        for side, kib in (("verifier", verifier["rss_kib"]), ("agent", agent["rss_kib"])):
            self.bench.target(f"a list of {size} over TCP: peak memory, {side}", kib / 1024, 32,
                              "MiB")

    def evidence(self):
        feed, policy, entries, size = self.long_feed()
        challenge = "00" * 32
        self.bench.output(self.bench.tool("bench-evidence"), feed, str(entries), challenge,
                          feed + ".evidence", feed + ".ak")
        cost = self.bench.cost([self.bench.tool("tally"), "appraise", "--evidence",
                                feed + ".evidence", "--challenge", challenge, "--ak", feed + ".ak",
                                "--policy", policy])
        os.remove(feed + ".evidence")
        self.bench.result("long list", f"appraise --evidence, {entries} ima-ng ({size})", "ms",
                          [1e3 * cost["cpu_s"]])
        self.bench.target(f"appraise --evidence, {size}: resident memory", cost["rss_kib"] / 1024,
                          32, "MiB")

    # At rest

    def idle(self):
        if shutil.which("swtpm") is None:
            self.bench.skipped.append("agent at rest: swtpm is not installed")
            return
        feed = self.bench.make_list("ng-1000", 1000)
        seconds = 1 if self.quick else 60
        with self.real_agent(feed) as pid:
            if not self.quick:
                time.sleep(KEPT_SECONDS)
            before = self.usage(pid)
            time.sleep(seconds)
            after = self.usage(pid)
        name = f"agent at rest, {seconds} s"
        self.bench.result("idle", f"{name}: CPU", "ms", [1e3 * (after["cpu_s"] - before["cpu_s"])])
        self.bench.target(f"{name}: wake-ups", after["wakeups"] - before["wakeups"], 0, "")
        self.bench.target("agent at rest: resident memory", after["rss_kib"] / 1024, 10, "MiB")

    @contextlib.contextmanager
    def real_agent(self, feed):
        """tally-agent run over a swtpm, after one round; its process id."""
        work = self.bench.path("tpm")
        shutil.rmtree(work, ignore_errors=True)
        os.makedirs(work)
        port, config = free_port(), os.path.join(work, "agent.conf")
        tpm_socket = os.path.join(work, "socket")
        with open(config, "w", encoding="ascii") as file:
            file.write(SWTPM_CONFIG.format(port=port, socket=tpm_socket, work=work, list=feed))
        swtpm = subprocess.Popen(["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={work}",
                                  "--server", f"type=unixio,path={tpm_socket}", "--ctrl",
                                  f"type=unixio,path={tpm_socket}.ctrl", "--flags",
                                  "not-need-init,startup-clear"], stderr=subprocess.DEVNULL)
        agent = subprocess.Popen([self.bench.tool("tally-agent"), "run", "--config", config],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self.wait_for(port, feed)
            yield agent.pid
        finally:
            for process in (agent, swtpm):
                process.terminate()
                process.wait()

    def wait_for(self, port, feed):
        """Until a round got an answer: it is a refusal, since the TPM never saw the list."""
        command = [self.bench.tool("tally"), "attest", f"coap://{LOOPBACK}:{port}", "--policy",
                   self.bench.make_policy(feed), "--first-use", feed + ".nobody"]
        for _ in range(100):
            done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                  check=False)
            if done.returncode == 3:
                return
            time.sleep(0.1)
        raise RuntimeError("tally-agent does not answer")

    @staticmethod
    def usage(pid):
        """CPU seconds and voluntary context switches of all threads, resident memory."""
        wakeups = 0
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/status", encoding="ascii") as file:
                wakeups += int(re.search(r"^voluntary_ctxt_switches:\s*(\d+)", file.read(),
                                         re.MULTILINE)[1])
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            rss = int(re.search(r"^VmRSS:\s*(\d+)", file.read(), re.MULTILINE)[1])
        return {"wakeups": wakeups, "rss_kib": rss,
                "cpu_s": (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")}
