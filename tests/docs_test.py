#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""docs_test.py BIN FOLDER PAGE [--write]: what a page shows after "$ COMMAND" is what comes out.

Commands run one after the other in a copy of FOLDER. --write puts what comes out into the page.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

BIN, FOLDER, PAGE = map(pathlib.Path, sys.argv[1:4])
# A "$ " line, its continuations behind a backslash, and the lines up to the next one or the end.
EXAMPLE = re.compile(r"^(\$ (?:.*\\\n)*.*\n)((?:(?!\$ |```).*\n)*)", re.M)


def run(command, folder):
    environment = {**os.environ, "PATH": f"{BIN.resolve()}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.stdout


def main():
    text = PAGE.read_text()
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copytree(FOLDER, pathlib.Path(folder) / "copy")
        fresh, end = [], 0
        for example in EXAMPLE.finditer(text):
            command, shown = example.groups()
            came = run(command[2:], copy)
            fresh += [text[end:example.start()], command, came]
            end = example.end()
            if came != shown:
                wrong += 1
                print(f"{PAGE.name}: {command}shows\n{shown}but what comes out is\n{came}")
    if "--write" in sys.argv:
        PAGE.write_text("".join(fresh) + text[end:])
        return 0
    if wrong:
        print("If that is as it should be, run this again with --write.")
    if end == 0:
        print(f"{PAGE.name}: no example in it")
    return int(wrong > 0 or end == 0)


sys.exit(main())
