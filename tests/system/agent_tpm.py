#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# tally-agent run and its TPM: slow, missing, shared, stuck, or left in the middle of a quote.
# usage: agent_tpm.py DIRECTORY-OF-EXECUTABLES [TEST...]
import fcntl
import os
import signal
import subprocess
import termios
import time

from rig import (BIN, CHALLENGE, PATIENCE, Agent, Datagrams, SlowTpm, Tpm, ask, check, path,
                 request, run, settings, until, write)


def test_slow():
    slow = SlowTpm(tpm, "slow", 80)
    agent = Agent(settings("agent.conf", slow.tcti))
    udp, tcp = agent.uris()
    began = time.monotonic()
    quotes = [ask(uri, wait=False) for uri in (udp, tcp, udp)]
    slow.next_command()
    slow.send(signal.SIGSTOP)
    pieces = [ask(tcp, "raw=" + piece) for _ in range(3)]
    check("pieces of logs do not wait for the TPM", all(answer.ok for answer in pieces) and
          all(answer.process.poll() is None for answer in quotes), pieces[0].text)
    slow.send(signal.SIGCONT)
    for answer in quotes:
        check("R80 every challenge during a quote is answered", answer.wait().genuine(),
              answer.text)
    check("one after the other", time.monotonic() - began > 3 * 3 * 0.08)

    answer = ask(tcp, wait=False)
    slow.next_command()
    agent.send(signal.SIGTERM)
    check("before it ends it answers", answer.wait().genuine(), answer.text)
    check("and ends", agent.wait() == 0, agent.said())
    slow.stop()


def test_overflow():
    slow = SlowTpm(tpm, "slow2", 30)
    agent = Agent(settings("agent.conf", slow.tcti, agent="rate-limit = 0"))
    peers = [Datagrams(agent.uris()[0]) for _ in range(5)]
    for i in range(4):
        for number, peer in enumerate(peers):
            peer.fetch(request(bytes([i, number]) * 16))
            if i == number == 0:
                slow.next_command()
                slow.send(signal.SIGSTOP)
    # Once this is answered all of them have arrived.
    check("a piece of a log", ask(agent.uris()[0], "raw=" + piece).ok)
    slow.send(signal.SIGCONT)
    codes = sorted(peer.code() for peer in peers for _ in range(4))
    check("one quote in hand and sixteen that wait, others are told to come again",
          codes == ["2.05"] * 17 + ["5.03"] * 3, codes)
    check("and are served then", ask(agent.uris()[0]).genuine(), agent.said())
    agent.stop()
    slow.stop()


def test_missing():
    tpm.stop()
    agent = Agent(settings("agent.conf", tpm.tcti))
    udp, tcp = agent.uris()
    check("without a TPM it starts and says so", agent.event("no-tpm") and
          "ak-name=unknown" in agent.event("serving"), agent.said())
    for _ in range(2):
        answer = ask(tcp)
        check("a challenge is answered with the reason", not answer.ok and
              "the connection to the TPM failed" in answer.text, answer.text)
    tpm.start()
    answer = ask(tcp)
    check("the TPM has come", answer.genuine(), answer.text)
    check("it says which key", f"ak-name={answer.key}" in agent.event("attestation-key"),
          agent.said())
    tpm.stop()
    check("the TPM has gone", not ask(udp).ok)
    tpm.start()
    check("and is back", ask(udp).genuine(), agent.said())
    check("each is said once", agent.said().count("event=quote-failed") == 2 and
          agent.said().count("event=quote-works") == 2, agent.said())
    agent.stop()


def test_changed_key():
    agent = Agent(settings("agent.conf", tpm.tcti))
    first = ask(agent.uris()[0])
    check("a key", first.genuine(), first.text)
    tpm.tool("tpm2_evictcontrol", "-Q", "-c", "0x81010020")
    second = ask(agent.uris()[0])
    check("another one in its place", second.genuine() and second.key != first.key, second.text)
    check("is noticed", f"ak-name={second.key}" in agent.event("attestation-key-changed"),
          agent.said())
    agent.stop()


def test_busy():
    """A terminal for one (TIOCEXCL) fails to open as /dev/tpm0 does, but for root."""
    if os.geteuid() != 0:
        print("skipped: only root can become another user")
        return
    try:
        _, terminal = os.openpty()
    except OSError as why:
        print(f"not run: no pseudo-terminals here: {why}")
        return
    name = os.ttyname(terminal)
    os.chmod(name, 0o666)
    fcntl.ioctl(terminal, termios.TIOCEXCL)
    config = settings("agent.conf", f"device:{name}")
    began = time.monotonic()
    done = subprocess.run(["setpriv", "--reuid=65534", "--clear-groups",
                           os.path.join(BIN, "tally-agent"), "collect", "--challenge", CHALLENGE,
                           "-o", path("evidence"), "--config", config],
                          capture_output=True, text=True, timeout=PATIENCE)
    check("a TPM that somebody else keeps", done.returncode == 1 and
          "another program has had the TPM open for 3 seconds" in done.stderr, done.stderr)
    check("was waited for", time.monotonic() - began >= 3)
    os.close(terminal)


def test_banks():
    agent = Agent(settings("agent.conf", tpm.tcti))
    sm3 = request(bytes(32)).replace(b"\x82\x0b", b"\x82\x12")
    answer = ask(agent.uris()[1], "raw=" + write("sm3", sm3))
    check("R70 a bank that the TPM has not is the request's fault",
          "the TPM has not all of these PCRs in bank sm3_256" in answer.text, answer.text)
    check("nobody is warned", "event=quote-failed" not in agent.said(), agent.said())
    agent.stop()


def test_killed():
    agent = Agent(settings("agent.conf", tpm.tcti))
    check("a key", ask(agent.uris()[0]).genuine(), agent.said())
    agent.stop()
    before = tpm.handles()
    slow = SlowTpm(tpm, "slow3", 30)
    for step in range(6):
        agent = Agent(settings("agent.conf", slow.tcti))
        check("starts", agent.uris(), agent.said())
        answer = ask(agent.uris()[0], wait=False)
        time.sleep(0.03 * step)
        agent.stop(signal.SIGKILL)
        answer.process.kill()
        answer.wait()
        check("R81 killed in a quote nothing is left", until(lambda: tpm.handles() == before),
              tpm.handles())
    tpm.tool("tpm2_evictcontrol", "-Q", "-c", "0x81010020")
    for step in range(8):
        agent = Agent(settings("agent.conf", slow.tcti))
        time.sleep(0.1 * step)
        agent.stop(signal.SIGKILL)
        tpm.tool("tpm2_evictcontrol", "-Q", "-c", "0x81010020")
    slow.stop()
    agent = Agent(settings("agent.conf", tpm.tcti))
    answer = ask(agent.uris()[0])
    check("R81 killed while it made its key it starts again", answer.genuine(), answer.text)
    agent.stop()
    agent = Agent(settings("agent.conf", tpm.tcti))
    agent.event("serving")
    check("R81 no object is left", tpm.handles()["transient"] == [], tpm.handles())
    agent.stop()
    tpm.tool("tpm2_flushcontext", "-l")


def test_shared():
    agents = [Agent(settings(f"agent{i}.conf", tpm.tcti)) for i in range(2)]
    uris = [agent.uris()[1] for agent in agents]
    for _ in range(5):
        answers = [ask(uri, wait=False) for uri in uris]
        check("two agents on a TPM for one", all(answer.wait().genuine() for answer in answers),
              answers[0].text + answers[1].text)
    check("with one key", answers[0].key == answers[1].key)
    check("and others use it, too", tpm.handles()["persistent"] == ["-", "0x81010020"],
          tpm.handles())
    for agent in agents:
        agent.send(signal.SIGTERM)
        check("ends", agent.wait() == 0, agent.said())


def test_stuck():
    agent = Agent(settings("agent.conf", tpm.tcti))
    uri = agent.uris()[1]
    tpm.child.send(signal.SIGSTOP)
    answer = ask(uri, "timeout=500")
    check("a TPM that says nothing", not answer.ok, answer.text)
    check("does not stop the rest", ask(uri, "raw=" + piece).ok, agent.said())
    agent.send(signal.SIGTERM)
    check("nor the end", agent.wait(15) == 0 and "event=tpm-stuck" in agent.said(), agent.said())
    tpm.child.send(signal.SIGCONT)


def test_idle():
    agent = Agent(settings("agent.conf", tpm.tcti))
    check("a quote", ask(agent.uris()[1]).genuine())
    until(lambda: tpm.handles())

    def switches():
        total = 0
        for task in os.listdir(f"/proc/{agent.process.pid}/task"):
            with open(f"/proc/{agent.process.pid}/task/{task}/status") as f:
                total += sum(int(line.split()[1]) for line in f if line.startswith("voluntary_ctxt"))
        return total

    # A TCP session that says nothing more is forgotten after some seconds, and that is all.
    before = switches()
    time.sleep(2)
    check("at rest it sleeps", switches() - before <= 2, switches() - before)
    agent.stop()


write("boot", os.urandom(3000))
write("ima", os.urandom(60000))
# A request for a piece of the boot log.
piece = write("piece", b"\xa3\x00\x01\x01\x01\x06\xa1\x01\x82\x00\x18\x64")
tpm = Tpm("tpm")
run([test_slow, test_overflow, test_missing, test_changed_key, test_banks, test_busy, test_killed,
     test_shared, test_stuck, test_idle])
