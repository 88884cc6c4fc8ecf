#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""attest_test.py TALLY FAKE_AGENTD SCHEMAS GROUP: `tally attest` over CoAP against a machine that does
what it is told (tests/round/agentd.c). GROUP: which tests, see GROUPS."""
import contextlib
import json
import os
import pathlib
import signal
import stat
import subprocess
import sys
import tempfile
import time
import traceback

try:
    import jsonschema
except ImportError:
    jsonschema = None

TALLY, AGENTD, SCHEMAS = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
VERDICT = json.loads((SCHEMAS / "verdict.json").read_text())
TIME_LIMIT_S = 60
TRUSTED, UNKNOWN, USAGE, REFUSED = 0, 1, 2, 3


class Machine:
    """A forged machine and its agent; `say` makes it do something."""

    def __init__(self):
        self.process = subprocess.Popen([AGENTD], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        folder, udp, tcp = self.process.stdout.readline().split()
        self.folder = pathlib.Path(folder)
        self.udp = f"coap://127.0.0.1:{udp}"
        self.tcp = f"coap+tcp://127.0.0.1:{tcp}"
        self.ak = self.folder / "ak.pub"
        self.policy = self.folder / "policy.yaml"

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        words = []
        while True:
            answer = self.process.stdout.readline().strip()
            if answer == "ok":
                return words
            assert answer != "what?" and answer != "", f"{line}: {answer}"
            words = [int(n) for n in answer.split()]

    def close(self):
        self.process.stdin.close()
        status = self.process.wait(TIME_LIMIT_S)
        assert status == 0, f"fake_agentd ended with {status}"


@contextlib.contextmanager
def lab():
    """A machine, and a folder for what the verifier writes."""
    machine = Machine()
    try:
        with tempfile.TemporaryDirectory() as folder:
            yield machine, pathlib.Path(folder)
    finally:
        machine.close()


def run(*arguments, umask=0o022):
    p = subprocess.run([TALLY, *map(str, arguments)], capture_output=True, text=True,
                       timeout=TIME_LIMIT_S, preexec_fn=lambda: os.umask(umask))
    assert p.returncode >= 0, f"tally was ended by signal {-p.returncode}: {p.stderr}"
    return p


def attest(machine, want, *more, uri=None, key=True):
    """Attest with --json; the answer is as it has to be with this exit status."""
    enrolled = ["--ak", machine.ak] if key else []
    p = run("attest", uri or machine.udp, *enrolled, "--policy", machine.policy, "--json", *more)
    assert p.returncode == want, f"exit status {p.returncode}, want {want}: {p.stdout}{p.stderr}"
    answer = json.loads(p.stdout)
    if jsonschema is not None:
        jsonschema.validate(answer, VERDICT)
    names = {TRUSTED: "TRUSTED", REFUSED: "REFUSED", UNKNOWN: "UNKNOWN"}
    assert answer["verdict"] == names[want], answer["verdict"]
    assert ("error" in answer) == (want == UNKNOWN), answer
    return answer


def kinds(answer):
    return sorted({f["kind"] for f in answer["findings"] if f["severity"] == "refuse"})


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def make_hook(folder):
    """A hook that keeps what it is given, and what it gave."""
    script = folder / "hook.sh"
    script.write_text(f"#!/bin/sh\ncat >> {folder}/alerts\necho >> {folder}/alerts\n")
    script.chmod(0o755)
    return script


def alerts(folder):
    path = folder / "alerts"
    lines = path.read_text().splitlines() if path.exists() else []
    if path.exists():
        path.unlink()
    return [json.loads(line)["alert"]["kinds"] for line in lines if line]


def answers_over_udp_and_tcp():
    with lab() as (machine, _):
        for uri in (machine.udp, machine.tcp):
            answer = attest(machine, TRUSTED, uri=uri)
            assert answer["target"] == uri
            assert answer["identity"]["mode"] == "pinned"
            assert answer["attested"] == {"entries": 6, "of": 6}
        name = answer["identity"]["ak_name"]
        attest(machine, TRUSTED, "--ak-name", name, key=False)
        answer = attest(machine, REFUSED, "--ak-name", name[:-2] + "00", key=False)
        assert kinds(answer) == ["identity"]
        p = run("attest", machine.udp, "--ak", machine.ak, "--policy", machine.policy)
        assert p.returncode == 0 and p.stdout.startswith("TRUSTED  coap://"), p.stdout
        assert p.stderr == "", p.stderr


def a_pem_key_is_a_key():
    with lab() as (machine, folder):
        for more in ([], ["--ak-scheme", "ecdsa:sha256"], ["--state", folder / "state"],
                     ["--state", folder / "state"]):
            answer = attest(machine, TRUSTED, "--ak", machine.folder / "ak.pem", *more, key=False)
            assert answer["identity"] == {"mode": "pinned", "ak_name": None}, answer["identity"]
        machine.say("clear")
        answer = attest(machine, REFUSED, "--ak", machine.folder / "ak.pem", key=False)
        assert "identity" in kinds(answer)


def progress_is_drawn_on_a_terminal_and_erased():
    with lab() as (machine, _):
        machine.say("slow 700")
        try:
            ours, theirs = os.openpty()
        except OSError as why:
            print(f"not run: no pseudo-terminals here: {why}")
            return
        p = subprocess.Popen([TALLY, "attest", machine.udp, "--ak", machine.ak, "--policy",
                              machine.policy], stdout=subprocess.PIPE, stderr=theirs)
        os.close(theirs)
        p.communicate(timeout=TIME_LIMIT_S)
        drawn = os.read(ours, 4096)
        os.close(ours)
        assert p.returncode == 0
        assert b"MB/s" in drawn and drawn.endswith(b"\r\x1b[K"), drawn


def first_use_pins_the_key():
    with lab() as (machine, folder):
        pin = folder / "pin"
        machine.say("break")
        answer = attest(machine, REFUSED, "--first-use", pin, key=False)
        assert kinds(answer) == ["quote"] and not pin.exists()
        assert answer["identity"]["mode"] == "first-use"
        machine.say("honest")
        machine.say("hide /tmp/hidden")  # a good quote, but the list does not lead to it
        attest(machine, REFUSED, "--first-use", pin, key=False)
        assert not pin.exists()
        machine.say("boot")
        p = run("attest", machine.udp, "--first-use", pin, "--policy", machine.policy, umask=0)
        assert p.returncode == 0, p.stdout + p.stderr
        assert pin.read_bytes() == machine.ak.read_bytes() and mode_of(pin) == 0o600
        p = run("attest", machine.udp, "--first-use", pin, "--policy", machine.policy)
        assert p.returncode == USAGE and "already" in p.stderr
        p = run("attest", machine.udp, "--ak", pin, "--policy", machine.policy)
        assert p.returncode == 0, p.stdout


def first_use_pins_a_host_that_the_policy_refuses():
    with lab() as (machine, folder):
        pin = folder / "pin"
        machine.say("unknown /tmp/intruder")
        assert kinds(attest(machine, REFUSED, "--first-use", pin, key=False)) == ["unknown-file"]
        assert pin.read_bytes() == machine.ak.read_bytes()


def a_pin_that_cannot_be_written_is_no_trust():
    with lab() as (machine, folder):
        answer = attest(machine, UNKNOWN, "--first-use", folder / "no" / "pin", key=False)
        assert "--first-use" in answer["error"], answer["error"]


def hooks_run_on_everything_but_trust():
    with lab() as (machine, folder):
        hook = ["--hook", make_hook(folder)]
        attest(machine, TRUSTED, *hook)
        assert alerts(folder) == []
        machine.say("unknown /tmp/intruder")
        attest(machine, REFUSED, *hook)
        assert alerts(folder) == [["unknown-file"]]
        machine.say("garble")
        attest(machine, REFUSED, *hook)
        assert alerts(folder) == [["malformed"]]
        machine.say("silent")
        answer = attest(machine, UNKNOWN, "--timeout", "0.5", *hook)
        assert alerts(folder) == [["silence"]], answer
        machine.say("honest")
        attest(machine, UNKNOWN, "--ak", folder / "nowhere", *hook, key=False)
        assert alerts(folder) == [["internal"]]
        machine.policy.rename(folder / "policy")
        attest(machine, UNKNOWN, *hook)
        assert alerts(folder) == [["internal"]]


def nobody_there_is_silence():
    with lab() as (machine, folder):
        gone = Machine()
        gone.close()
        for uri in (gone.udp, gone.tcp):
            answer = attest(machine, UNKNOWN, "--timeout", "1", "--hook", make_hook(folder), uri=uri)
            assert alerts(folder) == [["silence"]], answer


def a_state_makes_rounds_small_and_findings_stay():
    with lab() as (machine, folder):
        state = folder / "state"
        attest(machine, TRUSTED, "--state", state)
        assert mode_of(state) == 0o600
        before = machine.say("count")
        attest(machine, TRUSTED, "--state", state)
        after = machine.say("count")
        assert after[1] == before[1] + 1 and after[2] == before[2], (before, after)
        machine.say("unknown /tmp/intruder")
        attest(machine, REFUSED, "--state", state)
        for _ in range(2):  # R97
            answer = attest(machine, REFUSED, "--state", state)
            assert kinds(answer) == ["unknown-file"] and len(answer["findings"]) == 1
        # R98: another list, the same policy
        with open(machine.folder / "allow.sha256", "a") as allowed:
            allowed.write("0" * 63 + "1  /tmp/another\n")
        assert kinds(attest(machine, REFUSED, "--state", state)) == ["unknown-file"]
        finding = answer["findings"][0]
        with open(machine.folder / "allow.sha256", "a") as allowed:
            allowed.write(f"{finding['digest'].split(':')[1]}  {finding['path']}\n")
        answer = attest(machine, TRUSTED, "--state", state)
        assert answer["attested"]["entries"] == 7


def a_verdict_of_refusal_is_kept():  # R15
    with lab() as (machine, folder):
        state = folder / "state"
        attest(machine, TRUSTED, "--state", state)
        before = json.loads(state.read_text())["content"]
        machine.say("break")
        attest(machine, REFUSED, "--state", state)
        after = json.loads(state.read_text())["content"]
        assert after["verdict"]["result"] == "REFUSED" and after["host"] == before["host"]
        machine.say("silent")
        attest(machine, UNKNOWN, "--state", state, "--timeout", "0.3")
        after = json.loads(state.read_text())["content"]
        assert after["verdict"]["result"] == "UNKNOWN" and after["host"] == before["host"]
        machine.say("honest")
        attest(machine, TRUSTED, "--state", state)


def a_state_that_cannot_be_used_is_no_fresh_start():
    with lab() as (machine, folder):
        state = folder / "state"
        attest(machine, TRUSTED, "--state", state)
        good = state.read_text()
        for bad in ("", "{}", good[:-20], good.replace('"entry": 6', '"entry": 5', 1)):
            state.write_text(bad)
            answer = attest(machine, UNKNOWN, "--state", state)
            assert "state" in answer["error"], answer["error"]
            assert state.read_text() == bad
        state.write_text(good)
        state.chmod(0o640)
        assert "mode" in attest(machine, UNKNOWN, "--state", state)["error"]
        state.chmod(0o600)
        attest(machine, TRUSTED, "--state", state)
        other = Machine()
        try:
            answer = attest(other, UNKNOWN, "--state", state)
            assert "another attestation key" in answer["error"], answer["error"]
            answer = attest(other, REFUSED, "--state", state, "--first-use", folder / "pin",
                            key=False)
            assert kinds(answer) == ["identity"] and not (folder / "pin").exists()
        finally:
            other.close()
        assert "No such file" in attest(machine, UNKNOWN, "--state", folder / "no/state")["error"]


def what_a_machine_goes_through():
    """The points of a host's life, each with its answer."""
    allow_kexec = "version: 1\nboot: unchecked\nima:\n  allow: [ { file: allow.sha256 } ]\n" \
        "  kexec: allow\n"
    for uri in ("udp", "tcp"):
        with lab() as (machine, folder):
            def step(line, want, kind=None, new_boot=False):
                if line:
                    machine.say(line)
                more = ["--state", folder / "state"]
                answer = attest(machine, want, *more, uri=getattr(machine, uri))
                assert kinds(answer) == ([kind] if kind else []), (line, kinds(answer))
                return answer

            step(None, TRUSTED)
            step("grow", TRUSTED)
            answer = step(None, TRUSTED)
            assert answer["attested"] == {"entries": 7, "of": 8}, answer["attested"]
            machine.say("honest")
            step("allowed", TRUSTED)
            step("resume", TRUSTED)
            step("allowed", TRUSTED)
            step("trim 3", TRUSTED)
            step("allowed", TRUSTED)
            step("unknown /tmp/a", REFUSED, "unknown-file")
            step("allowed", REFUSED, "unknown-file")
            step("boot", TRUSTED)
            step("restart", TRUSTED)
            step("unknown /tmp/a", REFUSED, "unknown-file")
            step("restart", TRUSTED)
            step("kexec", REFUSED, "kexec")
            step("allowed", REFUSED, "kexec")
            step("boot", TRUSTED)
            step("hide /tmp/b", REFUSED, "ima-replay")
            step("boot", TRUSTED)
            machine.policy.write_text(allow_kexec)
            step(None, TRUSTED)
            step("kexec", TRUSTED)
            step("allowed", TRUSTED)
            machine.say("clear")
            answer = attest(machine, REFUSED, "--state", folder / "state")
            assert "identity" in kinds(answer)


class Watch:
    def __init__(self, machine, *more, seconds="0.2"):
        self.process = subprocess.Popen(
            [TALLY, "attest", machine.udp, "--ak", machine.ak, "--policy", machine.policy,
             "--watch", seconds, *map(str, more)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True)

    def until(self, text, limit=200):
        """Lines up to the first with this text."""
        lines = []
        for _ in range(limit):
            line = self.process.stdout.readline()
            assert line != "", f"ended before \"{text}\": {lines} {self.process.stderr.read()}"
            lines.append(line.rstrip("\n"))
            if text in line:
                return lines
        raise AssertionError(f"no \"{text}\" in {lines}")

    def stop(self, sig=signal.SIGTERM):
        self.process.send_signal(sig)
        try:
            self.process.communicate(timeout=TIME_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        return self.process.returncode


def watching_tells_what_changes():
    with lab() as (machine, folder):
        hook = make_hook(folder)
        watch = Watch(machine, "--hook", hook, "--timeout", "0.5", "--state", folder / "state")
        lines = watch.until(" TRUSTED ")
        assert "6 of 6 records, 6 new" in lines[-1], lines
        in_use = attest(machine, UNKNOWN, "--state", folder / "state")
        assert "in use" in in_use["error"], in_use["error"]
        machine.say("allowed")
        watch.until("7 of 7 records, 1 new")
        machine.say("version 9.9")
        watch.until("agent: 0.0-fake -> 9.9")
        machine.say("unknown /tmp/intruder")
        lines = watch.until("TRUSTED -> REFUSED: ")
        assert "/tmp/intruder" in lines[-1], lines
        machine.say("unknown /tmp/second")
        lines = watch.until("found: ")
        assert "/tmp/second" in lines[-1], lines
        machine.say("silent")
        watch.until("REFUSED -> UNKNOWN: ")
        machine.say("honest")
        watch.until("UNKNOWN -> REFUSED: ")
        machine.say("boot")
        watch.until("booted: reset 8")
        watch.until("REFUSED -> TRUSTED")
        assert watch.stop() == TRUSTED
        given = alerts(folder)
        assert ["silence"] in given and ["unknown-file"] in given, given
        attest(machine, TRUSTED, "--state", folder / "state")  # the lock is gone


def watching_reads_a_policy_that_changed():
    with lab() as (machine, folder):
        watch = Watch(machine)
        watch.until(" TRUSTED ")
        good = machine.policy.read_text()
        machine.policy.write_text(good + "  deny: [ { file: deny.sha256 } ]\n")
        watch.until("TRUSTED -> UNKNOWN: ")  # the list is not there yet
        lines = (machine.folder / "allow.sha256").read_text().splitlines()
        (machine.folder / "deny.sha256").write_text(lines[0] + "\n")
        watch.until("UNKNOWN -> REFUSED: ")
        (machine.folder / "deny.sha256").write_text("# nothing\n")
        watch.until("REFUSED -> TRUSTED")
        machine.policy.unlink()
        watch.until("TRUSTED -> UNKNOWN: ")
        machine.policy.write_text(good)
        watch.until("UNKNOWN -> TRUSTED")
        assert watch.stop(signal.SIGINT) == TRUSTED


def watching_in_json_is_an_object_a_line():
    with lab() as (machine, _):
        watch = Watch(machine, "--json")
        for _ in range(3):
            answer = json.loads(watch.process.stdout.readline())
            assert answer["verdict"] == "TRUSTED"
            if jsonschema is not None:
                jsonschema.validate(answer, VERDICT)
        machine.say("unknown /tmp/intruder")
        while json.loads(watch.process.stdout.readline())["verdict"] != "REFUSED":
            pass
        assert watch.stop(signal.SIGINT) == REFUSED


def watching_pins_a_first_use():
    with lab() as (machine, folder):
        pin = folder / "pin"
        command = [TALLY, "attest", machine.udp, "--first-use", pin, "--policy", machine.policy,
                   "--watch", "0.1"]
        watch = Watch.__new__(Watch)
        watch.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                         text=True)
        watch.until(" TRUSTED ")
        watch.until(" TRUSTED ")
        assert pin.read_bytes() == machine.ak.read_bytes()
        machine.say("clear")
        lines = watch.until("TRUSTED -> REFUSED: ")
        assert "another attestation key" in lines[-1], lines
        assert watch.stop() == REFUSED


def rounds_do_not_drift():
    with lab() as (machine, _):
        start = time.monotonic()
        watch = Watch(machine, seconds="0.25")
        for _ in range(9):
            watch.until(" TRUSTED ")
        passed = time.monotonic() - start
        assert watch.stop() == TRUSTED
        assert passed > 1.9, passed  # 8 intervals; how late a busy machine is says nothing


def a_signal_ends_a_wait():
    with lab() as (machine, folder):
        machine.say("silent")
        p = subprocess.Popen([TALLY, "attest", machine.udp, "--ak", machine.ak, "--policy",
                              machine.policy, "--hook", make_hook(folder)],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(3)  # by then even a slow machine waits for the answer
        p.send_signal(signal.SIGINT)
        p.communicate(timeout=TIME_LIMIT_S)
        assert p.returncode == 1, p.returncode
        assert alerts(folder) == []


def inspect_needs_no_policy():
    with lab() as (machine, folder):
        for uri in (machine.udp, machine.tcp):
            p = run("inspect", uri, "--json")
            answer = json.loads(p.stdout)
            assert p.returncode == 0 and answer["verdict"] == "UNKNOWN", p.stdout + p.stderr
            assert answer["target"] == uri
            nonce = next(c for c in answer["checks"] if c["name"] == "nonce")
            assert nonce["outcome"] == "pass", nonce
        saved = folder / "evidence"
        p = run("inspect", machine.tcp, "--save-evidence", saved, umask=0)
        assert p.returncode == 0 and mode_of(saved) == 0o600, p.stderr
        challenge = p.stderr.split("--challenge ")[1].split()[0]
        p = run("inspect", "--evidence", saved, "--challenge", challenge)
        assert p.returncode == 0, p.stdout
        p = run("inspect", machine.tcp, "--save-evidence", saved)
        assert p.returncode == 1, p.stdout
        machine.say("hide /tmp/hidden")
        assert run("inspect", machine.udp).returncode == REFUSED
        machine.say("garble")
        p = run("inspect", machine.udp, "--json")
        assert p.returncode == REFUSED and kinds(json.loads(p.stdout)) == ["malformed"], p.stdout
        machine.say("silent")
        assert run("inspect", machine.udp, "--timeout", "0.3").returncode == UNKNOWN
        assert run("inspect").returncode == USAGE
        assert run("inspect", "http://host").returncode == USAGE
        assert run("inspect", machine.udp, "--evidence", saved).returncode == USAGE
        assert run("inspect", machine.udp, "--challenge", "00" * 16).returncode == USAGE
        assert run("inspect", "--evidence", saved, "--save-evidence", "x").returncode == USAGE
        assert list(folder.glob("tally-*")) == []


def a_policy_is_made_from_a_host():
    with lab() as (machine, folder):
        p = run("policy", "create", "--from", machine.tcp, "-o", folder / "made")
        assert p.returncode == 0, p.stdout + p.stderr
        policy = folder / "made" / "policy.yaml"
        p = run("attest", machine.udp, "--ak", machine.ak, "--policy", policy)
        assert p.returncode == 0, p.stdout
        machine.say("unknown /tmp/intruder")
        p = run("attest", machine.udp, "--ak", machine.ak, "--policy", policy)
        assert p.returncode == REFUSED, p.stdout
        machine.say("hide /tmp/hidden")
        p = run("policy", "create", "--from", machine.tcp, "-o", folder / "bad")
        assert p.returncode == REFUSED and not (folder / "bad" / "policy.yaml").exists(), p.stderr
        machine.say("silent")
        p = run("policy", "create", "--from", machine.udp, "--timeout", "0.3", "-o",
                folder / "none")
        assert p.returncode == UNKNOWN, p.stderr


def wrong_command_lines():
    with lab() as (machine, folder):
        ak, policy = ["--ak", machine.ak], ["--policy", machine.policy]
        uri = [machine.udp]
        for wrong in ([], uri, uri + ak, uri + policy, ak + policy,
                      uri + ak + policy + ["surplus"],
                      uri + ak + ["--ak-name", "000b"] + policy,
                      uri + ak + ["--first-use", folder / "new"] + policy,
                      uri + ["--first-use", folder] + policy,
                      uri + ["--ak-name", "xyz"] + policy,
                      uri + ["--ak-name", "0"] + policy,
                      uri + ["--ak-name", "000b", "--ak-scheme", "rsassa"] + policy,
                      uri + ak + policy + ["--ak-scheme", "nonsense"],
                      uri + ak + policy + ["--hook", ""],
                      uri + ak + policy + ["--watch", "0"],
                      uri + ak + policy + ["--watch", "-1"],
                      uri + ak + policy + ["--watch", "1e3"],
                      uri + ak + policy + ["--watch", "soon"],
                      uri + ak + policy + ["--watch", ""],
                      uri + ak + policy + ["--timeout", "inf"],
                      uri + ak + policy + ["--timeout", "99999999"],
                      uri + ak + policy + ["--nonsense"],
                      ["coaps://host"] + ak + policy,
                      ["http://host"] + ak + policy,
                      ["host"] + ak + policy,
                      [""] + ak + policy):
            p = run("attest", *wrong)
            assert p.returncode == USAGE and p.stdout == "" and p.stderr != "", (wrong, p)
        p = run("attest", "--help")
        assert p.returncode == 0 and "--first-use" in p.stdout
        assert "attest" in run("--help").stdout


GROUPS = {
    "answers": [answers_over_udp_and_tcp, a_pem_key_is_a_key,
                progress_is_drawn_on_a_terminal_and_erased, first_use_pins_the_key,
                first_use_pins_a_host_that_the_policy_refuses,
                a_pin_that_cannot_be_written_is_no_trust, hooks_run_on_everything_but_trust,
                nobody_there_is_silence, a_signal_ends_a_wait, wrong_command_lines],
    "state": [a_state_makes_rounds_small_and_findings_stay, a_verdict_of_refusal_is_kept,
              a_state_that_cannot_be_used_is_no_fresh_start],
    "life": [what_a_machine_goes_through],
    "watch": [watching_tells_what_changes, watching_reads_a_policy_that_changed,
              watching_in_json_is_an_object_a_line, watching_pins_a_first_use, rounds_do_not_drift],
    "commands": [inspect_needs_no_policy, a_policy_is_made_from_a_host],
}


def main():
    failed = 0
    for test in GROUPS[sys.argv[4]]:
        start = time.monotonic()
        try:
            test()
            print(f"ok    {test.__name__} {time.monotonic() - start:.1f} s", flush=True)
        except (AssertionError, subprocess.TimeoutExpired, KeyError, ValueError, IndexError,
                StopIteration):
            failed += 1
            print(f"FAIL  {test.__name__}\n{traceback.format_exc()}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
