#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""man_test.py BIN MAN: the man pages say what --help says, no more and no less."""
import pathlib
import re
import shutil
import subprocess
import sys

BIN, MAN = map(pathlib.Path, sys.argv[1:3])
failures = []


def expect(what, wanted, found):
    for word in sorted(wanted - found):
        failures.append(f"{what}: the man page lacks {word}")
    for word in sorted(found - wanted):
        failures.append(f"{what}: --help lacks {word}")


def help_of(*words):
    done = subprocess.run([BIN / words[0], *words[1:], "--help"], capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        failures.append(f"{' '.join(words)} --help: exit status {done.returncode}")
    return done.stdout


def commands_of(*words):
    """What is listed under "Commands:", with the commands below a command."""
    listed = help_of(*words).partition("\nCommands:\n")[2].partition("\n\n")[0]
    for name in re.findall(r"^  ([a-z-]+) ", listed, re.M):
        below = list(commands_of(*words, name))
        yield from below or [(*words, name)]


def options(text):
    return set(re.findall(r"(?<![\w-])(--?[a-z][a-z-]*)", text)) - {"--help"}


def sections(page):
    """Title -> lines, of .Ss and .Sh alike."""
    parts = re.split(r"^\.S[sh] (.*)$", (MAN / page).read_text(), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def items(text):
    """Options that the list of a section explains."""
    flags = re.findall(r"Fl (-?[a-z][a-z-]*)", "\n".join(re.findall(r"^\.It Fl .*$", text, re.M)))
    return {f"-{flag}" for flag in flags}


def check_program(program, page):
    have = sections(page)
    commands = {" ".join(words) for words in commands_of(program)}
    expect(page, commands, {title for title in have if title.startswith(f"{program} ")})
    for title in commands & have.keys():
        # "tally-agent collect" and the like are words of the text, no options
        text = help_of(*title.split())
        expect(f"{page}: {title}", options(text) - options_of_others(text), items(have[title]))


def options_of_others(text):
    """Options in quoted commands, as: for "tally appraise --evidence FILE"."""
    return set().union(*map(options, re.findall(r'"tally[^"]*"', text))) - options(
        re.sub(r'"tally[^"]*"', "", text))


def check_settings():
    text = help_of("tally-agent")
    wanted = {line.strip() for line in re.findall(r"^  [a-z-]+ =.*$", text, re.M)}
    found = set(re.findall(r"^\.It Cm ([a-z-]+ =.*)$", (MAN / "tally-agent.conf.5").read_text(), re.M))
    expect("tally-agent.conf.5", wanted, found)


def check_markup():
    for page in sorted(MAN.iterdir()):
        if shutil.which("mandoc"):
            done = subprocess.run(["mandoc", "-Tlint", "-Wwarning", page], capture_output=True, text=True,
                                  check=False)
            failures.extend(done.stdout.splitlines())
        if shutil.which("man"):
            done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", page],
                                  capture_output=True, text=True, check=False)
            failures.extend(f"{page.name}: {line}" for line in done.stderr.splitlines())


check_program("tally", "tally.1")
check_program("tally-agent", "tally-agent.8")
check_settings()
check_markup()
print("\n".join(failures) or "the man pages say what --help says")
sys.exit(bool(failures))
