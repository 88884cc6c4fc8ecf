# SPDX-License-Identifier: BSD-3-Clause
"""What the tests of docs/hooks share: alerts, and hooks run as tally runs them."""
import copy
import importlib.machinery
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import types
import unittest

sys.dont_write_bytecode = True
HOOKS = pathlib.Path(__file__).resolve().parents[2] / "docs" / "hooks"

# What tally itself writes for an unknown file (docs/schemas/alert.json).
NORMAL = {
    "verdict": "REFUSED", "time": "2026-11-24T14:02:52Z", "target": "coap://192.0.2.7:5683",
    "version": "0.1.0", "identity": {"mode": "pinned", "ak_name": "000b35"},
    "policy": {"file": "policy/policy.yaml", "digest": "ab" * 32}, "ima": "unanchored",
    "boot": {"reset": 2, "restart": 0, "clock": 74273, "safe": True},
    "attested": {"entries": 54, "of": 54}, "excluded": 0,
    "checks": [{"name": "files", "outcome": "fail", "detail": "1 unknown"}],
    "findings": [{
        "severity": "refuse", "kind": "unknown-file", "check": "files", "log": "ima", "entry": 53,
        "path": "/usr/local/bin/backup-tool", "digest": "sha256:" + "c0" * 32, "rule": None,
        "expected": None, "found": "sha256:" + "c0" * 32,
        "text": "entry 53: /usr/local/bin/backup-tool: this file is in no list of the policy"}],
    "alert": {"id": "0123456789abcdef" * 2, "kinds": ["unknown-file"],
              "time": "2026-11-24T14:02:52Z"},
}

# tally escapes what it shows; a hook must not depend on it.
NAMES = [
    "/tmp/x\r\nBcc: everybody@example.org\r\n\r\nbody", "/tmp/$(touch OWNED)`touch OWNED`;touch OWNED",
    "/tmp/'\"; touch OWNED #", "/tmp/\x1b[2J\x1b]0;title\x07\x9b31m", "/tmp/\u202egnp.exe\u2028\u2029",
    "/tmp/\ud800lone", "/tmp/" + "a" * 4091, "{ 10.0.0.1 }; flush ruleset", "\nPRIORITY=7\nMESSAGE=fine",
    "%s%n", "-o /etc/passwd", "", "\u00e4\u4e2d\U0001f4a9", "--", "\\x1b[2J"]


def alert(*kinds, **changes):
    value = copy.deepcopy(NORMAL)
    value.update(changes)
    if kinds:
        value["alert"]["kinds"] = list(kinds)
        for finding in value["findings"]:
            finding["kind"] = kinds[0]
    return value


def hostile():
    """An alert whose every text is one of an attacker's names."""
    value = alert("unknown-file", "ima-replay")
    pattern = value["findings"][0]
    value["findings"] = [dict(pattern, path=n, text=n, digest=n, found=n, rule=n) for n in NAMES]
    value["error"] = "\n".join(NAMES)
    value["policy"]["file"] = NAMES[0] + NAMES[3]
    return value


def unreadable():
    """Inputs that are no alert."""
    good = json.dumps(NORMAL)
    yield from ["", " ", "{", "[]", "null", "0", "{}", good[:-1], good + "x", "[" * 100000, "\xff\xfe"]
    for member in ("verdict", "target", "findings", "alert"):
        for wrong in (None, 7, [], {}, "\n", True):
            value = alert()
            if value[member] != wrong and not (member == "findings" and wrong == []) \
                    and not (member == "target" and wrong == "\n"):
                value[member] = wrong
                yield json.dumps(value)
    for member, wrong in (("id", "../../etc/passwd"), ("id", "AB" * 16), ("id", 3), ("kinds", []),
                          ("kinds", "unknown-file"), ("kinds", [3]), ("kinds", ["a\nb"]),
                          ("kinds", ["a" * 41]), ("time", "now"), ("time", None),
                          ("time", "2026-11-24T14:02:52Z\n")):
        value = alert()
        value["alert"][member] = wrong
        yield json.dumps(value)


def load_hook(name):
    """A hook's functions; nothing is run."""
    sys.path.insert(0, str(HOOKS))
    try:
        loader = importlib.machinery.SourceFileLoader(name.partition(".")[0], str(HOOKS / name))
        module = types.ModuleType(loader.name)
        module.__file__ = str(HOOKS / name)
        loader.exec_module(module)
        return module
    finally:
        sys.path.remove(str(HOOKS))


class HookCase(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def command(self, hook, *arguments):
        """python3 is named, so that a machine that has it elsewhere can run the tests."""
        return [sys.executable, "-B", str(HOOKS / hook), *map(str, arguments)]

    def run_hook(self, hook, *arguments, given=None, status=0, env=None):
        text = given if isinstance(given, str) else json.dumps(given or NORMAL)
        done = subprocess.run(self.command(hook, *arguments), input=text.encode("latin-1"),
                              cwd=self.folder, capture_output=True, timeout=60, check=False,
                              env={**os.environ, **(env or {})})
        done.text = (done.stdout + done.stderr).decode()
        self.assertEqual(done.returncode, status, done.text)
        self.assertNotIn("Traceback", done.text)
        self.assertTrue(all(c.isprintable() or c == "\n" for c in done.text), repr(done.text))
        self.assertFalse(list(self.folder.rglob("OWNED")), "a name was run by a shell")
        return done

    def program(self, name, text):
        """A stub; what it was given is kept in the folder."""
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o700)
        return path

    def recorder(self, name, status=0):
        """Keeps its arguments, a line each, and its standard input."""
        return self.program(name, f'#!/bin/sh\nprintf "%s\\n" "$@" >> {self.folder}/{name}.arguments\n'
                                  f'cat >> {self.folder}/{name}.input\nexit {status}\n')

    def kept(self, name):
        path = self.folder / name
        return path.read_bytes() if path.exists() else b""

    def refuses_unreadable(self, hook, *arguments):
        """Three ways to be no alert; AlertReading has them all."""
        for text in ("", json.dumps(NORMAL)[:-1], "{}"):
            done = self.run_hook(hook, *arguments, given=text, status=1)
            self.assertEqual(done.text.count("\n"), 1, done.text)
