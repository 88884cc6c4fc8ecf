#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# tally-agent run: starting and ending, settings, addresses, logs, users; against a software TPM.
# usage: agent_run.py DIRECTORY-OF-EXECUTABLES [TEST...]
import os
import pwd
import signal
import socket
import subprocess

from rig import BIN, DIR, PATIENCE, Agent, Tpm, ask, check, path, run, settings, write


def run_agent(*words):
    """A start that is to fail, or --help."""
    return subprocess.run([os.path.join(BIN, "tally-agent"), "run", *words], capture_output=True,
                          text=True, timeout=PATIENCE)


def refuses(title, config, *says, status=1):
    done = run_agent("--config", config)
    check(title, done.returncode == status and all(words in done.stderr for words in says),
          f"{done.returncode} {done.stderr}")


def test_serving():
    agent = Agent(settings("agent.conf", tpm.tcti,
                           "coap://127.0.0.1:0 coap+tcp://127.0.0.1:0 coap://[::1]:0 "
                           "coap+tcp://[::1]:0"))
    line = agent.event("serving")
    check("it says what it serves", all(words in line for words in (
        f'tpm="{tpm.tcti}"', "ak-name=000b", "boot-log=yes ima-list=yes userspace-log=missing")),
          line)
    check("the first start makes a key", "new=yes" in agent.event("attestation-key"), agent.said())
    uris = agent.uris()
    check("every address", len(uris) == 4, line)
    for uri in uris:
        answer = ask(uri, "pcrs=0xffff")
        check(f"R83 genuine evidence over {uri.rsplit(':', 1)[0]}", answer.genuine(), answer.text)
        check("by the key it names", f"ak-name={answer.key} " in line, answer.key)
    taken = settings("taken.conf", tpm.tcti, uris[0])
    refuses("an address that is taken", taken, uris[0].removeprefix("coap://"), "in use")
    check("nothing more is said", agent.said().count("event=") == 2 + (os.geteuid() == 0),
          agent.said())
    agent.send(signal.SIGTERM)
    check("SIGTERM ends it", agent.wait() == 0, agent.said())
    check("and it says so", "event=stopped" in agent.said(), agent.said())
    agent = Agent(settings("agent.conf", tpm.tcti))
    check("the key is found again", f"ak-name={answer.key} " in agent.event("serving"))
    check("and not made", "event=attestation-key" not in agent.said(), agent.said())
    agent.send(signal.SIGINT)
    check("SIGINT ends it, too", agent.wait() == 0, agent.said())
    agent = Agent(settings("agent.conf", tpm.tcti, "coap://localhost:0 coap+tcp://localhost:0"))
    uris = agent.uris()
    check("R83 a host name stands for all its addresses", len(uris) >= 2, agent.said())
    for uri in uris:
        answer = ask(uri.replace("127.0.0.1", "localhost").replace("[::1]", "localhost"))
        check("R83 and over a host name", answer.genuine() or len(uris) > 2, answer.text)
    agent.stop()


def test_command_line():
    check("help", run_agent("--help").returncode == 0)
    check("a word too many", run_agent("now").returncode == 2)
    check("unknown option", run_agent("--nonsense").returncode == 2)
    check("missing settings", run_agent("--config", path("none")).returncode == 1)


def test_settings():
    for title, text, says in (
            ("unknown key", "[agent]\nlisen = x\n", ':2: unknown key "lisen"'),
            ("unknown section", "[agnet]\nlisten = x\n", ':2: key in an unknown section, "agnet"'),
            ("R82 an empty tcti", "[tpm]\ntcti =\n", ":2: tcti: it is empty"),
            ("R82 a tcti without a name", "[tpm]\ntcti = :host=x\n", ":2: tcti: no TPM is named"),
            ("HTTP", "[agent]\nlisten = http://[::1]\n", ":2: listen:"),
            ("no address", "[agent]\nlisten = coap://127.0.0.256\n", "127.0.0.256"),
            ("no such name", "[agent]\nlisten = coap://tally.invalid\n", "listen: tally.invalid: "),
            ("all addresses", "[agent]\nlisten = coap://0.0.0.0:0\n",
             "0.0.0.0 is not a loopback address"),
            ("all addresses", "[agent]\nlisten = coap+tcp://[::]:0\n", ":: is not a loopback"),
            ("one of two", "[agent]\nlisten = coap://127.0.0.1:0 coap://192.0.2.1:0\n",
             "192.0.2.1 is not a loopback address"),
            ("another's address", "[agent]\ninsecure = yes\nlisten = coap://198.51.100.1:0\n",
             "198.51.100.1"),
            ("unknown user", "[agent]\nuser = nobody-like-that\nlisten = coap://127.0.0.1:0\n",
             "no such user"),
            ("root as user", "[agent]\nuser = root\nlisten = coap://127.0.0.1:0\n",
             "root, who keeps every right")):
        refuses(f"refused: {title}", write("wrong.conf", text), says)


def test_insecure():
    agent = Agent(settings("agent.conf", tpm.tcti, "coap://0.0.0.0:0", "insecure = yes"))
    check("R65 beyond loopback it says so", "plain CoAP beyond loopback" in agent.event("insecure"),
          agent.said())
    answer = ask(agent.uris()[0].replace("0.0.0.0", "127.0.0.1"))
    check("and serves", answer.genuine(), answer.text)
    agent.stop()


def test_logs():
    agent = Agent(settings("agent.conf", tpm.tcti))
    udp, tcp = agent.uris()
    os.rename(path("boot"), path("boot.away"))
    check("a boot log that went away", ask(tcp).genuine(boot=None))
    write("userspace", "something")
    os.rename(path("boot.away"), path("boot"))
    check("came back, and a user-space log", ask(tcp, "logs=biu").genuine(userspace="userspace"))
    os.unlink(path("userspace"))
    write("ima", os.urandom(700), "ab")
    check("R100 a list that grew", ask(udp).genuine())
    os.truncate(path("ima"), 400000)
    check("R100 was cut", ask(udp).genuine())
    write("ima.new", os.urandom(300000))
    os.rename(path("ima.new"), path("ima"))
    check("R100 was replaced", ask(tcp).genuine())
    write("ima", os.urandom(300000))
    check("R100 was doctored in place", ask(udp).genuine())
    write("ima", "")
    check("R79 a list that is empty", ask(tcp).genuine())
    os.unlink(path("ima"))
    os.mkdir(path("ima"))
    answer = ask(tcp)
    check("a list that cannot be read", not answer.ok and "IMA list" in answer.text and
          DIR not in answer.text, answer.text)
    check("the log names its path, and says it once", not ask(udp).ok and
          agent.said().count(f'event=log-unreadable path="{path("ima")}"') == 1, agent.said())
    os.rmdir(path("ima"))
    write("ima", os.urandom(600000))
    check("works again", ask(tcp).genuine(), agent.said())
    check("and it says so", agent.event("log-readable") != "", agent.said())
    agent.stop()


def test_reload():
    config = settings("agent.conf", tpm.tcti)
    agent = Agent(config)
    udp, tcp = agent.uris()
    write("ima2", os.urandom(1000))

    settings("agent.conf", tpm.tcti, f"{udp} {tcp}", ima=path("ima2"))
    agent.send(signal.SIGHUP)
    check("other logs", agent.event("reloaded") and ask(tcp).genuine(ima="ima2"), agent.said())

    write("agent.conf", "[agent]\nlisten = nonsense\n")
    agent.send(signal.SIGHUP)
    check("what is wrong is refused with its line",
          "agent.conf:2: listen" in agent.event("reload-refused"), agent.said())
    check("and the old settings stay", ask(udp).genuine(ima="ima2"))

    settings("agent.conf", tpm.tcti, "coap://0.0.0.0:0")
    agent.send(signal.SIGHUP)
    check("beyond loopback, too", "not a loopback" in agent.event("reload-refused", 2),
          agent.said())
    check("and the old settings stay", ask(udp).genuine(ima="ima2"))

    settings("agent.conf", tpm.tcti, "coap://198.51.100.1:0", "insecure = yes")
    agent.send(signal.SIGHUP)
    check("an address that is not ours", "198.51.100.1" in agent.event("reload-refused", 3),
          agent.said())
    check("and the old addresses are served again", ask(udp).genuine(ima="ima2") and
          ask(tcp).genuine(ima="ima2"), agent.said())

    other = Tpm("other")
    settings("agent.conf", other.tcti, "coap://[::1]:0")
    agent.send(signal.SIGHUP)
    new = agent.uris("reloaded", 2)
    answer = ask(new[0]) if new else None
    check("other addresses and another TPM", answer and answer.genuine(), agent.said())
    check("which has another key", f"ak-name={answer.key}" in agent.event("attestation-key-changed")
          if answer else False, agent.said())
    check("the old address is not served any more", not ask(udp, "timeout=300").ok)
    agent.send(signal.SIGTERM)
    check("ends", agent.wait() == 0, agent.said())
    other.stop()


def test_service_manager():
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(path("notify"))
    manager.settimeout(PATIENCE)
    agent = Agent(settings("agent.conf", tpm.tcti), env=os.environ | {
        "NOTIFY_SOCKET": path("notify")})
    check("ready", manager.recv(100) == b"READY=1")
    agent.send(signal.SIGHUP)
    check("reloading", manager.recv(100).startswith(b"RELOADING=1\nMONOTONIC_USEC="))
    check("ready again", manager.recv(100) == b"READY=1")
    agent.send(signal.SIGTERM)
    check("stopping", manager.recv(100) == b"STOPPING=1")
    check("ends", agent.wait() == 0, agent.said())


def test_user():
    if os.geteuid() != 0:
        print("skipped: only root can become another user")
        return
    nobody = pwd.getpwnam("nobody")
    # What leak detection needs is among what is given up.
    env = os.environ | {"ASAN_OPTIONS": "detect_leaks=0"}
    os.chmod(path("boot"), 0o400)
    os.chmod(path("ima"), 0o400)
    # What packaging/tally-agent.service leaves root.
    as_root = ("setpriv", "--bounding-set=-all,+setuid,+setgid", "--inh-caps=-all")
    agent = Agent(settings("agent.conf", tpm.tcti, agent="user = nobody"), as_root, env=env)
    answer = ask(agent.uris()[1])
    check("logs that root opened", answer.genuine(), answer.text + agent.said())
    ids = [str(nobody.pw_uid)] * 4
    check("is nobody", agent.status("Uid") == ids and agent.status("Gid") == [
        str(nobody.pw_gid)] * 4 and agent.status("Groups") == [str(nobody.pw_gid)], agent.said())
    for tasks in os.listdir(f"/proc/{agent.process.pid}/task"):
        with open(f"/proc/{agent.process.pid}/task/{tasks}/status") as f:
            text = f.read()
        check("no capability in any thread", all(
            f"{kind}:\t0000000000000000" in text for kind in ("CapInh", "CapPrm", "CapEff", "CapAmb")),
              text)
        check("none to be had", "NoNewPrivs:\t1" in text, text)
    write("ima", "more", "ab")
    check("the open list is read on", ask(agent.uris()[1]).genuine())
    write("ima.new", "replaced")
    os.chmod(path("ima.new"), 0o400)
    os.rename(path("ima.new"), path("ima"))
    answer = ask(agent.uris()[1])
    check("a new one may not be opened", "IMA list cannot be read: Permission denied" in answer.text,
          answer.text)
    agent.stop(signal.SIGTERM)

    os.chmod(path("boot"), 0o644)
    os.chmod(path("ima"), 0o644)
    as_nobody = ("setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}",
                 "--clear-groups")
    agent = Agent(settings("agent.conf", tpm.tcti), as_nobody, env=env)
    check("started as nobody", ask(agent.uris()[0]).genuine(), agent.said())
    agent.stop(signal.SIGTERM)
    agent = Agent(settings("agent.conf", tpm.tcti, agent="user = nobody"), as_nobody, env=env)
    check("and told to be nobody", ask(agent.uris()[0]).genuine(), agent.said())
    agent.stop(signal.SIGTERM)
    agent = Agent(settings("agent.conf", tpm.tcti, agent="user = daemon"), as_nobody, env=env)
    check("nobody cannot become daemon", agent.wait() == 1 and "only root" in agent.said(),
          agent.said())


write("boot", os.urandom(3000))
write("ima", os.urandom(600000))
tpm = Tpm("tpm")
run([test_serving, test_command_line, test_settings, test_insecure, test_logs, test_reload,
     test_service_manager, test_user])
