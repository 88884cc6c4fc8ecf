#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Tests of the hooks that keep alerts or run other hooks: archive, once, all."""
import json
import os
import time
import unittest

from hook_case import NAMES, NORMAL, HookCase, alert, hostile, load_hook


class Archive(HookCase):
    def test_an_alert_is_kept_as_it_came(self):
        self.run_hook("archive", "kept")
        path = self.folder / "kept" / f"20261124T140252Z-192.0.2.7-{NORMAL['alert']['id']}.json"
        self.assertEqual(json.loads(path.read_text()), NORMAL)
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        self.assertEqual((self.folder / "kept").stat().st_mode & 0o777, 0o700)
        self.run_hook("archive", "kept")
        self.assertEqual(len(os.listdir(self.folder / "kept")), 1)

    def test_a_target_of_any_text_stays_in_the_folder(self):
        file_name = load_hook("archive").file_name
        for target in NAMES + ["../../escape", "coap://..", "coap://[", "/", ".hidden", "\0"]:
            self.assertRegex(file_name(alert(target=target)),
                             r"\A20261124T140252Z-[A-Za-z0-9_-][A-Za-z0-9_.-]*-[0-9a-f]{32}\.json\Z")

    def test_unreadable_input_is_an_error(self):
        self.refuses_unreadable("archive", "kept")
        self.assertFalse((self.folder / "kept").exists())


class Once(HookCase):
    def setUp(self):
        super().setUp()
        self.next = self.recorder("next")

    def passed_on(self, given=None, *options, status=0):
        before = self.kept("next.input").count(b'"alert"')
        self.run_hook("once", *options, "seen", self.next, "-x", "a b", given=given, status=status)
        return self.kept("next.input").count(b'"alert"') - before

    def test_the_same_findings_are_passed_on_once(self):
        self.assertEqual(self.passed_on(), 1)
        self.assertEqual(self.kept("next.arguments"), b"-x\na b\n")
        later = alert(time="2026-11-24T15:00:00Z")
        later["alert"].update(id="f" * 32, time="2026-11-24T15:00:00Z")
        later["boot"]["clock"] += 5000
        self.assertEqual(self.passed_on(later), 0)

    def test_what_is_new_is_passed_on(self):
        self.passed_on()
        other_file = alert()
        other_file["findings"][0]["path"] = "/usr/local/bin/other"
        rebooted = alert(boot={"reset": 3, "restart": 0, "clock": 1, "safe": True})
        silent = alert("silence", verdict="UNKNOWN", findings=[], boot=None, error="no answer")
        for given in (other_file, rebooted, silent, alert("ima-replay"), NORMAL,
                      alert(target="coap://192.0.2.8"), alert(policy=None), hostile()):
            self.assertEqual(self.passed_on(given), 1)
            self.assertEqual(self.passed_on(given), 0)

    def test_each_host_has_a_memory_of_its_own(self):
        for target in NAMES[:3]:
            self.assertEqual(self.passed_on(alert(target=target)), 1)
        for target in NAMES[:3]:
            self.assertEqual(self.passed_on(alert(target=target)), 0)
        self.assertEqual(len(os.listdir(self.folder / "seen")), 3)

    def test_it_reminds(self):
        self.passed_on()
        self.assertEqual(self.passed_on(None, "--again", "0"), 1)
        self.set_age(3 * 86400)
        self.assertEqual(self.passed_on(), 1)
        self.set_age(-86400)
        self.assertEqual(self.passed_on(), 1, "a clock that was set back silences nothing")

    def set_age(self, seconds):
        memory, = (self.folder / "seen").iterdir()
        memory.write_text(f"{memory.read_text().split()[0]} {int(time.time()) - seconds}\n")

    def test_a_memory_that_is_no_memory_silences_nothing(self):
        self.passed_on()
        memory, = (self.folder / "seen").iterdir()
        for text in ("", "x", "x y z", memory.read_text().split()[0], " 99999999999"):
            memory.write_text(text)
            self.assertEqual(self.passed_on(), 1, text)

    def test_an_alert_that_was_not_delivered_comes_again(self):
        self.next = self.recorder("next", 9)
        self.assertEqual(self.passed_on(status=1), 1)
        self.assertEqual(self.passed_on(status=1), 1)
        self.next = self.recorder("next")
        self.assertEqual(self.passed_on(), 1)
        self.assertEqual(self.passed_on(), 0)

    def test_a_command_is_needed(self):
        self.run_hook("once", "seen", status=2)

    def test_unreadable_input_is_an_error(self):
        self.refuses_unreadable("once", "seen", self.next)
        self.assertEqual(self.kept("next.input"), b"")


class All(HookCase):
    def setUp(self):
        super().setUp()
        os.mkdir(self.folder / "hooks.d")

    def test_every_hook_gets_the_alert(self):
        for name in ("hooks.d/10-a", "hooks.d/20-b"):
            self.recorder(name)
        (self.folder / "hooks.d" / "README").write_text("not executable")
        self.run_hook("all", "hooks.d", given=hostile())
        for name in ("hooks.d/10-a", "hooks.d/20-b"):
            self.assertEqual(json.loads(self.kept(f"{name}.input")), hostile())

    def test_one_that_fails_holds_no_other_up(self):
        self.recorder("hooks.d/10-a", 3)
        self.program("hooks.d/20-b", "no program of any kind\n").chmod(0o700)
        self.program("hooks.d/30-c", "#!/bin/sh\nexec sleep 0\n")
        self.recorder("hooks.d/40-d")
        done = self.run_hook("all", "hooks.d", status=1)
        self.assertIn("10-a", done.text)
        self.assertIn("20-b", done.text)
        self.assertEqual(json.loads(self.kept("hooks.d/40-d.input")), NORMAL)

    def test_a_folder_without_hooks_is_an_error(self):
        self.run_hook("all", "hooks.d", status=1)
        self.run_hook("all", "nowhere", status=1)

    def test_unreadable_input_is_an_error(self):
        self.recorder("hooks.d/10-a")
        self.refuses_unreadable("all", "hooks.d")
        self.assertEqual(self.kept("hooks.d/10-a.input"), b"")


if __name__ == "__main__":
    unittest.main()
