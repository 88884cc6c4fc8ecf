#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Many quotes of one TPM, while the agent is killed now and then: nothing may pile up, in the TPM
# or in the agent. usage: soak.py DIRECTORY-OF-EXECUTABLES; TALLY_SOAK says how many (300)
import os
import random
import re
import signal
import time

from rig import Agent, Answer, Tpm, check, run, settings, write

COUNT = int(os.environ.get("TALLY_SOAK", "300"))
BATCH = 50
# The rest is one long life, whose memory is looked at.
KILLED_SHARE = 0.6


def ask_many(agent, uri, count, kill_after=None):
    """How many were answered."""
    answer = Answer(uri, f"count={count}", "timeout=1000" if kill_after else "timeout=60000",
                    wait=False)
    if kill_after is not None:
        time.sleep(kill_after)
        agent.stop(signal.SIGKILL)
    answer.wait()
    done = re.search(r"number (\d+):", answer.text)
    check("answers until it is killed", answer.ok or kill_after is not None, answer.text)
    return count if answer.ok else int(done.group(1)) if done else 0


def test_soak():
    tpm = Tpm("tpm")
    config = settings("agent.conf", tpm.tcti, agent="rate-limit = 0")
    agent = Agent(config)
    quotes = ask_many(agent, agent.uris()[1], 1)
    agent.stop(signal.SIGTERM)
    before = tpm.handles()
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    random.seed(seed)
    kills = 0
    while quotes < COUNT * KILLED_SHARE:
        agent = Agent(config)
        if random.random() < 0.2:  # while it looks for its key
            time.sleep(random.random() * 0.1)
            agent.stop(signal.SIGKILL)
            kills += 1
            continue
        uri = random.choice(agent.uris())
        for _ in range(random.randrange(COUNT // 6000 + 1)):
            quotes += ask_many(agent, uri, BATCH)
        quotes += ask_many(agent, uri, BATCH, kill_after=random.random() * 0.2)
        kills += 1
    agent = Agent(config)
    for uri in agent.uris() * 2:
        quotes += ask_many(agent, uri, BATCH // 4)
    first = int(agent.status("VmRSS")[0])
    while quotes < COUNT:
        quotes += ask_many(agent, random.choice(agent.uris()), min(BATCH * 10, COUNT - quotes))
    last = int(agent.status("VmRSS")[0])
    sanitized = int(agent.status("VmSize")[0]) > 1 << 32
    agent.send(signal.SIGTERM)
    check("ends", agent.wait() == 0, agent.said())
    after = tpm.handles()
    check("R81 handles and sessions of the TPM are unchanged", before == after, (before, after))
    # AddressSanitizer keeps what was freed, and says at the end itself what leaked.
    if not sanitized:
        check("memory is flat", last - first < 1024, f"{first} to {last} KiB")
    print(f"{quotes} quotes, {kills} kills, resident memory {first} to {last} KiB, handles {after}")


write("boot", os.urandom(3000))
write("ima", os.urandom(3000))
run([test_soak])
