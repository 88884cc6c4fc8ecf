#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Tests of how hooks read an alert, and of those that tell somebody: journal, mail, ecs."""
import email
import email.policy
import json
import pathlib
import socket
import unittest

from hook_case import NAMES, NORMAL, HookCase, alert, hostile, load_hook, unreadable


class AlertReading(unittest.TestCase):
    def test_what_is_no_alert_is_an_error(self):
        alerts = load_hook("tally_alert.py")
        for text in unreadable():
            with self.subTest(input=text[:60]), self.assertRaises((ValueError, RecursionError)):
                alerts.parse(text.encode("latin-1"))

    def test_alerts_of_all_kinds_are_read(self):
        alerts = load_hook("tally_alert.py")
        for given in (NORMAL, hostile(), alert("silence", verdict="UNKNOWN", findings=[], error="x")):
            self.assertEqual(alerts.parse(json.dumps(given).encode()), given)

    def test_names_are_shown_as_one_printable_line(self):
        show = load_hook("tally_alert.py").printable
        for name in NAMES:
            self.assertTrue(show(name).isprintable(), name)
            self.assertLessEqual(len(show(name, 10)), 113)
        self.assertEqual(show("/usr/bin/\u00e4 b\\x41"), "/usr/bin/\u00e4 b\\x41")

    def test_every_kind_of_the_schemas_is_known(self):
        alerts = load_hook("tally_alert.py")
        schemas = pathlib.Path(alerts.__file__).parents[1] / "schemas"
        kinds = json.loads((schemas / "verdict.json").read_text())["$defs"]["kind"]["enum"]
        self.assertLessEqual({*kinds, "internal", "silence"},
                             {*alerts.COMPROMISE, *alerts.OTHERS})


class Journal(HookCase):
    def setUp(self):
        super().setUp()
        self.path = self.folder / "journal"
        self.journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.journal.bind(str(self.path))
        self.journal.settimeout(0)
        self.addCleanup(self.journal.close)

    def record(self, given):
        self.run_hook("journal", "--socket", self.path, given=given)
        text = self.journal.recv(1 << 20).decode()
        self.assertTrue(text.endswith("\n"))
        return [tuple(line.split("=", 1)) for line in text[:-1].split("\n")]

    def test_a_record_has_the_fields(self):
        fields = dict(self.record(NORMAL))
        self.assertEqual(fields["MESSAGE"], "REFUSED 192.0.2.7: unknown-file; unknown-file: "
                         + NORMAL["findings"][0]["text"])
        self.assertEqual(fields["PRIORITY"], "3")
        self.assertEqual(fields["TALLY_HOST"], "192.0.2.7")
        self.assertEqual(fields["TALLY_KIND"], "unknown-file")
        self.assertEqual(fields["TALLY_PATH"], "/usr/local/bin/backup-tool")
        self.assertEqual(fields["TALLY_ALERT_ID"], NORMAL["alert"]["id"])

    def test_priority_says_how_bad_it_is(self):
        for given, priority in ((alert("ima-replay"), "2"), (alert("violation", "denied-file"), "2"),
                                (alert("boot-policy"), "3"),
                                (alert("silence", verdict="UNKNOWN", findings=[], error="no answer"),
                                 "4")):
            self.assertEqual(dict(self.record(given))["PRIORITY"], priority)

    def test_names_make_no_fields(self):
        names = [name for name, _ in self.record(hostile())]
        self.assertEqual(names.count("PRIORITY"), 1)
        self.assertEqual(names.count("MESSAGE"), 1)
        self.assertLessEqual(set(names), {
            "MESSAGE", "MESSAGE_ID", "PRIORITY", "SYSLOG_IDENTIFIER", "TALLY_VERDICT", "TALLY_TARGET",
            "TALLY_HOST", "TALLY_ALERT_ID", "TALLY_KIND", "TALLY_PATH", "TALLY_DIGEST"})

    def test_thousands_of_findings_fit_into_a_datagram(self):
        self.record(alert(findings=hostile()["findings"] * 140))

    def test_no_journal_is_an_error(self):
        self.run_hook("journal", "--socket", self.folder / "nowhere", status=1)

    def test_unreadable_input_is_an_error(self):
        self.refuses_unreadable("journal", "--socket", self.path)
        self.assertRaises(BlockingIOError, self.journal.recv, 1)


class Mail(HookCase):
    def setUp(self):
        super().setUp()
        self.sendmail = self.recorder("sendmail")

    def sent(self, *addresses, given=None):
        self.run_hook("mail", "--sendmail", self.sendmail, *addresses, given=given)
        return email.message_from_bytes(self.kept("sendmail.input"), policy=email.policy.default)

    def test_a_mail_says_what_was_found(self):
        message = self.sent("--from", "tally@example.org", "root", "admin@example.org")
        self.assertEqual(message["Subject"], "[tally] REFUSED 192.0.2.7: unknown-file")
        self.assertEqual(message["To"], "root, admin@example.org")
        self.assertEqual(message["From"], "tally@example.org")
        self.assertEqual(message["Auto-Submitted"], "auto-generated")
        self.assertEqual(message.get_content_type(), "text/plain")
        self.assertIn("/usr/local/bin/backup-tool: this file is in no list", message.get_content())
        self.assertEqual(self.kept("sendmail.arguments").split(),
                         [b"-i", b"-f", b"tally@example.org", b"--", b"root", b"admin@example.org"])

    def test_names_make_no_headers(self):
        message = self.sent("root", given=dict(hostile(), target="coap://a\r\nBcc: b@c\r\n\r\n"))
        self.assertEqual(sorted(message.keys()), [
            "Auto-Submitted", "Content-Transfer-Encoding", "Content-Type", "Date", "MIME-Version",
            "Message-ID", "Subject", "To"])
        self.assertNotIn("\x1b", message.get_content())
        self.assertIn("ima-replay", message["Subject"])
        self.assertEqual(message["To"], "root")

    def test_a_target_of_any_text_is_one_subject(self):
        compose = load_hook("mail").compose
        for name in NAMES:
            text = compose(alert(target=name), None, ["root"]).as_bytes()
            self.assertTrue(text.startswith(b"Subject: "), text[:80])
            message = email.message_from_bytes(text, policy=email.policy.default)
            self.assertTrue(message["Subject"].startswith("[tally] REFUSED "), message["Subject"])
            self.assertIsNone(message["Bcc"])

    def test_addresses_are_addresses(self):
        for wrong in ("-oQ/tmp", "a b@c", "a@b\nBcc: c@d", "", "a@b,c@d", "\u00e4@b"):
            self.run_hook("mail", "--sendmail", self.sendmail, "--", wrong, status=2)
        self.assertEqual(self.kept("sendmail.input"), b"")

    def test_a_sendmail_that_fails_is_an_error(self):
        done = self.run_hook("mail", "--sendmail", self.recorder("broken", 75), "root", status=1)
        self.assertIn("75", done.text)
        self.run_hook("mail", "--sendmail", "/nowhere/sendmail", "root", status=1)

    def test_unreadable_input_is_an_error(self):
        self.refuses_unreadable("mail", "--sendmail", self.sendmail, "root")
        self.assertEqual(self.kept("sendmail.input"), b"")


class Ecs(HookCase):
    def lines(self, given=None):
        self.run_hook("ecs", "alerts.json", given=given)
        return [json.loads(line) for line in self.kept("alerts.json").decode().splitlines()]

    def test_a_line_has_the_fields(self):
        line, = self.lines()
        self.assertEqual(line["@timestamp"], "2026-11-24T14:02:52Z")
        self.assertEqual(line["event"]["kind"], "alert")
        self.assertEqual(line["event"]["severity"], 73)
        self.assertEqual(line["rule"], {"name": "files", "category": "unknown-file"})
        self.assertEqual(line["file"], {"path": "/usr/local/bin/backup-tool",
                                        "hash": {"sha256": "c0" * 32}})
        self.assertEqual(line["host"], {"name": "192.0.2.7"})

    def test_silence_is_a_line(self):
        line, = self.lines(alert("silence", verdict="UNKNOWN", findings=[], error="no answer"))
        self.assertEqual(line["message"], "UNKNOWN: no answer")
        self.assertEqual(line["event"]["severity"], 47)

    def test_a_compromise_is_critical(self):
        self.assertEqual(self.lines(alert("denied-file"))[0]["event"]["severity"], 99)

    def test_each_finding_is_a_line_and_names_make_none(self):
        self.assertEqual(len(self.lines(hostile())), len(NAMES))
        self.assertEqual(len(self.lines(hostile())), 2 * len(NAMES))
        self.assertNotIn(b"\x1b", self.kept("alerts.json"))

    def test_the_file_is_not_for_everybody(self):
        self.lines()
        self.assertEqual((self.folder / "alerts.json").stat().st_mode & 0o7, 0)

    def test_a_folder_that_is_not_there_is_an_error(self):
        self.run_hook("ecs", "nowhere/alerts.json", status=1)

    def test_unreadable_input_is_an_error(self):
        self.refuses_unreadable("ecs", "alerts.json")
        self.assertEqual(self.kept("alerts.json"), b"")


if __name__ == "__main__":
    unittest.main()
