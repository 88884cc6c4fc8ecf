#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""attest_tpm_test.py FOLDER MACHINE: `tally attest` and `tally-agent run` over CoAP, with a software
TPM that boots, sleeps, restarts and is cleared. FOLDER holds the programs, MACHINE the logs of a
machine (tests/demo/machine). Exit status 77 without swtpm."""
import json
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

BIN, MACHINE = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
TIME_LIMIT_S = 60
TRUSTED, UNKNOWN, REFUSED = 0, 1, 3

for tool in ("swtpm", "tpm2_startup", "tpm2_shutdown", "tpm2_clear"):
    if shutil.which(tool) is None:
        print(f"skipped: {tool} is not installed")
        sys.exit(77)


def wait_for(what, condition):
    end = time.monotonic() + TIME_LIMIT_S
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.02)


class Host:
    """A machine with a software TPM, whose firmware and kernel are tally-measure."""

    def __init__(self, folder):
        self.folder = folder
        self.boot_log, self.list = folder / "boot-log", folder / "ima-list"
        self.tcti = f"swtpm:path={folder}/tpm"
        self.tpm = self.agent = None
        (folder / "state").mkdir()
        (folder / "agent.conf").write_text(
            "[agent]\nlisten = coap://127.0.0.1:0 coap+tcp://127.0.0.1:0\n"
            f"[tpm]\ntcti = {self.tcti}\n[logs]\nboot-log = {self.boot_log}\n"
            f"ima-log = {self.list}\nuserspace-log = {folder}/none\n")

    def tool(self, *argv):
        p = subprocess.run([*map(str, argv)], capture_output=True, text=True, timeout=TIME_LIMIT_S)
        assert p.returncode == 0, f"{argv}: {p.stdout}{p.stderr}"

    def measure(self, *argv):
        self.tool(BIN / "tally-measure", self.tcti, *argv)

    def power_on(self, startup="startup-clear"):
        for name in ("tpm", "tpm.ctrl"):
            (self.folder / name).unlink(missing_ok=True)
        flags = "not-need-init" + (f",{startup}" if startup else "")
        self.tpm = subprocess.Popen(
            ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self.folder}/state", "--server",
             f"type=unixio,path={self.folder}/tpm", "--ctrl",
             f"type=unixio,path={self.folder}/tpm.ctrl", "--flags", flags],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for("swtpm does not start", (self.folder / "tpm").exists)

    def power_off(self):
        self.tpm.terminate()
        self.tpm.wait(TIME_LIMIT_S)

    def firmware_and_kernel(self):
        shutil.copyfile(MACHINE / "binary_bios_measurements", self.boot_log)
        shutil.copyfile(MACHINE / "binary_runtime_measurements", self.list)
        self.measure("boot", self.boot_log)
        self.measure("list", self.list)

    def start_agent(self):
        self.agent = subprocess.Popen([BIN / "tally-agent", "run", "--config",
                                       self.folder / "agent.conf"], stderr=subprocess.PIPE,
                                      stdout=subprocess.DEVNULL, text=True)
        said = ""
        for line in self.agent.stderr:
            said += line
            found = re.search(r'listen="(\S+) (\S+)"', line)
            if found:
                self.udp, self.tcp = found.groups()
                return
        raise AssertionError(f"the agent does not start: {said}")

    def stop_agent(self):
        if self.agent is not None and self.agent.poll() is None:
            self.agent.send_signal(signal.SIGTERM)
            self.agent.communicate(timeout=TIME_LIMIT_S)

    def restart_agent(self):
        self.stop_agent()
        self.start_agent()

    def run(self, path, content):
        program = self.folder / "program"
        program.write_text(content)
        self.measure("file", self.list, program, path)

    def close(self):
        self.stop_agent()
        if self.tpm is not None:
            self.power_off()


class Verifier:
    def __init__(self, host, folder):
        self.host, self.folder = host, folder
        self.pin, self.policy = folder / "pin", folder / "policy" / "policy.yaml"

    def tally(self, *argv):
        return subprocess.run([BIN / "tally", *map(str, argv)], capture_output=True, text=True,
                              timeout=TIME_LIMIT_S)

    def attest(self, want, kind=None, tcp=False, key=None):
        p = self.tally("attest", self.host.tcp if tcp else self.host.udp,
                       *(key or ["--ak", self.pin]), "--policy", self.policy, "--state",
                       self.folder / "state", "--timeout", "5", "--json")
        assert p.returncode == want, f"exit status {p.returncode}, want {want}: {p.stdout}{p.stderr}"
        answer = json.loads(p.stdout)
        kinds = sorted({f["kind"] for f in answer["findings"] if f["severity"] == "refuse"})
        assert (kind is None and not kinds) or kind in kinds, kinds
        return answer


def first_hour(host, v):
    p = v.tally("policy", "create", "--from", host.tcp, "-o", v.folder / "policy")
    assert p.returncode == 0, p.stdout + p.stderr
    p = v.tally("inspect", host.udp)
    assert p.returncode == 0 and p.stdout.startswith("GENUINE"), p.stdout
    first = v.attest(TRUSTED, key=["--first-use", v.pin])
    again = v.attest(TRUSTED, tcp=True)
    assert again["attested"] == first["attested"] and again["boot"]["reset"] == first["boot"]["reset"]


def restarted_agent_and_new_records(host, v):
    before = v.attest(TRUSTED)["attested"]["entries"]
    host.restart_agent()
    v.attest(TRUSTED)
    host.run("/usr/local/bin/unknown", "an unknown program")
    assert v.attest(REFUSED, "unknown-file")["attested"]["entries"] == before + 1
    host.restart_agent()
    v.attest(REFUSED, "unknown-file", tcp=True)
    honest = host.list.read_bytes()
    host.run("/usr/local/bin/hidden", "a hidden program")
    grown = host.list.read_bytes()
    host.list.write_bytes(honest)  # root hides it
    v.attest(REFUSED, "ima-replay")
    host.list.write_bytes(grown)
    answer = v.attest(REFUSED, "unknown-file")
    assert len([f for f in answer["findings"] if f["severity"] == "refuse"]) == 2


def boots(host, v):
    """TPM2_Shutdown(CLEAR), or none, and TPM2_Startup(CLEAR): resetCount."""
    before = v.attest(REFUSED, "unknown-file")["boot"]
    host.power_off()
    v.attest(UNKNOWN)  # no TPM: the agent answers that it cannot
    host.power_on()
    host.firmware_and_kernel()
    after = v.attest(TRUSTED)["boot"]
    assert after["reset"] == before["reset"] + 1, (before, after)
    v.attest(TRUSTED)


def resumes(host, v):
    """TPM2_Shutdown(STATE), TPM2_Startup(STATE): restartCount, registers kept."""
    before = v.attest(TRUSTED)["boot"]
    host.tool("tpm2_shutdown", "-T", host.tcti)
    host.power_off()
    host.power_on("startup-state")
    after = v.attest(TRUSTED)
    assert after["boot"]["reset"] == before["reset"], (before, after["boot"])
    assert after["boot"]["restart"] == before["restart"] + 1, (before, after["boot"])
    assert next(c for c in after["checks"] if c["name"] == "ima-replay")["detail"].endswith(
        "attested before")


def restarts(host, v):
    """TPM2_Shutdown(STATE), TPM2_Startup(CLEAR): restartCount, registers cleared."""
    host.run("/usr/local/bin/unknown", "an unknown program")
    before = v.attest(REFUSED, "unknown-file")["boot"]
    host.tool("tpm2_shutdown", "-T", host.tcti)
    host.power_off()
    host.power_on("startup-clear")
    host.firmware_and_kernel()
    after = v.attest(TRUSTED)["boot"]
    assert after["reset"] == before["reset"], (before, after)
    assert after["restart"] == before["restart"] + 1, (before, after)
    v.attest(TRUSTED)


def is_cleared(host, v):
    """TPM2_Clear: the agent has to make another key."""
    host.stop_agent()
    host.tool("tpm2_clear", "-T", host.tcti)
    host.start_agent()
    v.attest(REFUSED, "identity")


def falls_silent(host, v):
    host.stop_agent()
    v.attest(UNKNOWN)
    v.attest(UNKNOWN, tcp=True)


def main():
    with tempfile.TemporaryDirectory() as there, tempfile.TemporaryDirectory() as here:
        host = Host(pathlib.Path(there))
        v = Verifier(host, pathlib.Path(here))
        try:
            host.power_on()
            host.firmware_and_kernel()
            host.start_agent()
            for step in (first_hour, restarted_agent_and_new_records, boots, resumes, restarts,
                         is_cleared, falls_silent):
                start = time.monotonic()
                step(host, v)
                print(f"ok    {step.__name__} {time.monotonic() - start:.1f} s", flush=True)
        finally:
            host.close()


if __name__ == "__main__":
    main()
