#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""tally_test.py TALLY FORGE_FILES: the hooks as tally itself runs them, on forged evidence."""
import email
import email.policy
import json
import pathlib
import socket
import subprocess
import sys
import unittest

from hook_case import HOOKS, HookCase

TALLY, FORGE_FILES = (str(pathlib.Path(p).resolve()) for p in sys.argv[1:3])


class Tally(HookCase):
    def setUp(self):
        super().setUp()
        subprocess.run([FORGE_FILES, "f"], cwd=self.folder, check=True, capture_output=True)
        self.files = self.folder / "f"

    def appraise(self, hook, status, *arguments):
        """The forged evidence in which every check passes, but for what the arguments change."""
        nonce = (self.files / "nonce").read_text().strip()
        done = subprocess.run(
            [TALLY, "appraise", "--quote", "quote", "--signature", "signature", "--ak", "ak.pub",
             "--nonce", nonce, "--policy", "policy.yaml", "--boot-log", "boot", "--ima-log", "list",
             "--hook", hook, *arguments],
            cwd=self.files, capture_output=True, check=False, timeout=60)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stderr.decode()

    def hook(self, name, *arguments):
        return " ".join(f"'{word}'" for word in self.command(name, *arguments))

    def test_a_refusal_is_kept_mailed_and_logged_and_once(self):
        bad = ("--quote", "bad.quote", "--signature", "bad.signature", "--ima-log", "bad.list")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
            journal.bind(str(self.folder / "journal"))
            journal.settimeout(5)
            self.appraise(self.hook("journal", "--socket", self.folder / "journal"), 3, *bad)
            record = journal.recv(1 << 20).decode()
        self.assertIn("\nTALLY_KIND=unknown-file\n", record)
        self.assertIn("\\x1b[2J", record)

        sendmail = self.recorder("sendmail")
        for _ in range(2):
            self.appraise(self.hook("once", self.folder / "seen", *self.command(
                "mail", "--sendmail", sendmail, "root")), 3, *bad)
        message = email.message_from_bytes(self.kept("sendmail.input"), policy=email.policy.default)
        self.assertEqual(message["Subject"],
                         "[tally] REFUSED bad.quote: unknown-file, violation")
        self.assertEqual(self.kept("sendmail.input").count(b"Subject:"), 1)

        said = self.appraise(self.hook("archive", self.folder / "kept"), 3, *bad)
        path = pathlib.Path(said.split("archive: ")[1].split("\n")[0])
        self.assertEqual(json.loads(path.read_text())["verdict"], "REFUSED")

    def test_a_hook_that_fails_is_logged_and_changes_no_verdict(self):
        said = self.appraise(self.hook("mail", "--sendmail", "/nowhere", "root"), 3, "--nonce", "00")
        self.assertIn("exit status 1", said)
        self.assertIn("mail: ", said)

    def test_a_trusted_host_calls_no_hook(self):
        self.appraise(self.hook("archive", self.folder / "kept"), 0)
        self.assertFalse((self.folder / "kept").exists())

    def test_what_could_not_be_told_is_an_alert(self):
        self.appraise(self.hook("ecs", self.folder / "alerts.json"), 1, "--ima-log", "nowhere")
        line, = [json.loads(text) for text in self.kept("alerts.json").splitlines()]
        self.assertEqual(line["rule"]["category"], "internal")

    def test_the_scripts_start_as_they_are_installed(self):
        said = self.appraise(f"'{HOOKS / 'archive'}' '{self.folder / 'kept'}'", 3, "--nonce", "00")
        self.assertIn("archive: ", said)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
