# SPDX-License-Identifier: BSD-3-Clause
"""What tests of a running agent share: software TPMs, agents, the test's verifier, results."""
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
CHALLENGE = "00112233445566778899aabbccddeeff" * 2
# Generous: machines that run tests are busy.
PATIENCE = 30

if len(sys.argv) < 2:
    sys.exit(f"usage: {sys.argv[0]} DIRECTORY-OF-EXECUTABLES [TEST...]")
BIN = os.path.abspath(sys.argv[1])
TOOLS = ["swtpm", "tpm2_getcap", "tpm2_evictcontrol"]
if not all(shutil.which(tool) for tool in TOOLS):
    print("skipped: one of these is not installed:", *TOOLS)
    sys.exit(77)

os.environ["TSS2_LOG"] = "all+none"
DIR = tempfile.mkdtemp(prefix="tally_run.")
os.chmod(DIR, 0o755)
results = {"passed": 0, "failed": 0}
running = []


def check(title, ok, shown=""):
    results["passed" if ok else "failed"] += 1
    if not ok:
        print(f"FAILED: {title}\n    {shown}", flush=True)
    return ok


def until(condition, seconds=PATIENCE):
    """Wait until it is true; what it gave last."""
    end = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < end:
        time.sleep(0.01)
    return found


def run(tests):
    """Those whose names are on the command line, or all."""
    try:
        for test in tests:
            if len(sys.argv) == 2 or test.__name__ in sys.argv[2:]:
                test()
    except Exception:
        check("the test goes through", False, traceback.format_exc())
    finish()


def finish():
    for child in running:
        child.stop()
    shutil.rmtree(DIR, ignore_errors=True)
    print(f"{results['passed']} passed, {results['failed']} failed")
    sys.exit(results["failed"] != 0)


def path(name):
    return os.path.join(DIR, name)


def write(name, content, mode="wb"):
    with open(path(name), mode) as f:
        f.write(content.encode() if isinstance(content, str) else content)
    return path(name)


class Child:
    """A process of ours that ends with the test."""

    def __init__(self, *command, env=None, preexec=None):
        self.log = tempfile.TemporaryFile(dir=DIR)
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, env=env,
                                        preexec_fn=preexec)
        running.append(self)

    def said(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def wait(self, seconds=PATIENCE):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def send(self, number):
        self.process.send_signal(number)

    def stop(self, number=signal.SIGKILL):
        if self.process.poll() is None:
            self.send(number)
        status = self.wait()
        if self in running:
            running.remove(self)
        return status


class Tpm:
    def __init__(self, name):
        self.path = path(name)
        os.makedirs(self.path + ".state", exist_ok=True)
        self.tcti = f"swtpm:path={self.path}"
        self.start()

    def start(self):
        self.child = Child("swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self.path}.state",
                           "--server", f"type=unixio,path={self.path},mode=0666",
                           "--ctrl", f"type=unixio,path={self.path}.ctrl,mode=0666",
                           "--flags", "not-need-init,startup-clear")
        until(lambda: os.path.exists(self.path) and os.path.exists(self.path + ".ctrl"))

    def stop(self):
        self.child.stop()
        for name in self.path, self.path + ".ctrl":
            if os.path.exists(name):
                os.unlink(name)

    def tool(self, *command):
        done = subprocess.run(command, env=os.environ | {"TPM2TOOLS_TCTI": self.tcti},
                              capture_output=True, text=True, timeout=PATIENCE)
        return done.stdout + done.stderr

    def handles(self):
        """Everything that takes up room: must be the same before and after."""
        return {kind: self.tool("tpm2_getcap", "handles-" + kind).split()
                for kind in ("transient", "loaded-session", "saved-session", "persistent")}


class SlowTpm(Child):
    """A way to a TPM on which every command takes its time."""

    def __init__(self, tpm, name, milliseconds):
        self.path = path(name)
        self.tcti = f"swtpm:path={self.path}"
        super().__init__(sys.executable, os.path.join(HERE, "slow_tpm.py"), tpm.path, self.path,
                         str(milliseconds))
        until(lambda: os.path.exists(self.path) and os.path.exists(self.path + ".ctrl"))

    def next_command(self):
        """Wait until another command is under way."""
        seen = self.said().count("command")
        return until(lambda: self.said().count("command") > seen)


def settings(name, tcti, listen="coap://127.0.0.1:0 coap+tcp://127.0.0.1:0", agent="", **logs):
    lines = ["[agent]", f"listen = {listen}", agent, "[tpm]", f"tcti = {tcti}", "[logs]"]
    for log in "boot", "ima", "userspace":
        lines.append(f"{log}-log = {logs.get(log, path(log))}")
    return write(name, "\n".join(lines) + "\n")


class Agent(Child):
    def __init__(self, config, prefix=(), **options):
        self.config = config
        super().__init__(*prefix, os.path.join(BIN, "tally-agent"), "run", "--config", config,
                         **options)

    def event(self, name, number=1, seconds=PATIENCE):
        """The number-th log line of an event, or an empty text when it did not come."""
        def find():
            lines = [line for line in self.said().splitlines() if f"event={name} " in line + " "]
            return lines[number - 1] if len(lines) >= number else ""
        until(lambda: find() or self.process.poll() is not None, seconds)
        return find()

    def uris(self, event="serving", number=1):
        """Where it listens: coap, then coap+tcp and so on, in the order of the setting."""
        found = re.search(r'listen="([^"]*)"', self.event(event, number))
        return found.group(1).split() if found else []

    def status(self, key):
        with open(f"/proc/{self.process.pid}/status") as f:
            return [line.split(":", 1)[1].split() for line in f if line.startswith(key + ":")][0]


class Answer:
    def __init__(self, uri, *options, wait=True):
        self.file = tempfile.mktemp(dir=DIR)
        self.process = subprocess.Popen([os.path.join(BIN, "ask"), uri, self.file, *options],
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.text = None
        if wait:
            self.wait()

    def wait(self):
        self.text = self.process.communicate(timeout=2 * PATIENCE)[0]
        self.ok = self.process.returncode == 0
        return self

    def genuine(self, boot="boot", ima="ima", userspace=None, challenge=CHALLENGE):
        """Is it what this challenge and these files make? And by which key?"""
        done = subprocess.run([os.path.join(BIN, "check_evidence"), self.file, challenge,
                               *(path(log) if log else "-" for log in (boot, ima, userspace))],
                              capture_output=True, text=True)
        self.key = done.stdout.split(" ")[0]
        return self.ok and done.returncode == 0


def ask(uri, *options, wait=True):
    return Answer(uri, f"challenge={CHALLENGE}", *options, wait=wait)


class Datagrams:
    """CoAP by hand (RFC 7252): requests in, whatever comes back."""

    def __init__(self, uri):
        host, port = uri.removeprefix("coap://").rsplit(":", 1)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.connect((host.strip("[]"), int(port)))
        self.socket.settimeout(PATIENCE)
        self.id = 0

    def fetch(self, payload):
        """A confirmable FETCH of attest, with Content-Format 60."""
        self.id += 1
        self.socket.send(struct.pack(">BBH", 0x42, 5, self.id) + struct.pack(">H", self.id) +
                         b"\xb6attest\x11\x3c\xff" + payload)

    def code(self):
        """The next answer that is not an empty acknowledgement, as "2.05"."""
        while True:
            kind, code, number = struct.unpack(">BBH", self.socket.recv(65536)[:4])
            if kind >> 4 & 3 == 0:
                self.socket.send(struct.pack(">BBH", 0x60, 0, number))
            if code != 0:
                return f"{code >> 5}.{code & 31:02}"


def request(challenge):
    """A request message with a challenge, PCR 10 of bank sha256 and no logs (protocol.cddl)."""
    return (b"\xa5\x00\x01\x01\x01\x02\x58\x20" + challenge + b"\x03\x81\x82\x0b\x19\x04\x00" +
            b"\x06\xa0")
