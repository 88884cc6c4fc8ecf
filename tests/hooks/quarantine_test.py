#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Tests of the hook quarantine. quarantine_test.py nft: against the kernel's own nftables, in a
network namespace; exit status 77 where there is none."""
import json
import os
import shutil
import socket
import subprocess
import sys
import unittest

from hook_case import HOOKS, HookCase, alert, hostile

RULES = HOOKS / "quarantine.nft"
NFT = shutil.which("nft", path="/usr/sbin:/sbin:/usr/bin:/bin")


class Quarantine(HookCase):
    def setUp(self):
        super().setUp()
        self.nft = self.recorder("nft")
        self.never = self.folder / "never"
        self.never.write_text("# ours\n192.0.2.1\n198.51.100.0/24 # management\n2001:db8:1::/48\n")

    def quarantine(self, *arguments, **options):
        return self.run_hook("quarantine", "--never", self.never, "--nft", self.nft, *arguments,
                             **options).text

    def asked(self):
        return self.kept("nft.input").decode()

    def test_a_compromised_host_is_blocked_for_a_while(self):
        for kind in ("ima-replay", "boot-replay", "denied-file"):
            self.quarantine("--apply", "--hours", "2", given=alert("unknown-file", kind))
        block = ("add element inet tally quarantine4 { 192.0.2.7 }\n"
                 "delete element inet tally quarantine4 { 192.0.2.7 }\n"
                 "add element inet tally quarantine4 { 192.0.2.7 timeout 2h }\n")
        self.assertEqual(self.asked(), 3 * block)
        self.assertEqual(self.kept("nft.arguments"), b"-f\n-\n" * 3)

    def test_an_ipv6_address_has_its_own_set(self):
        self.quarantine("--apply", given=alert("ima-replay", target="coap+tcp://[2001:DB8::7]:61000"))
        self.assertIn("quarantine6 { 2001:db8::7 timeout 24h }", self.asked())
        self.quarantine("--apply", given=alert("ima-replay", target="coap://[::ffff:192.0.2.9]"))
        self.assertIn("quarantine4 { 192.0.2.9 timeout 24h }", self.asked())

    def test_without_apply_it_only_says_what_it_would_do(self):
        self.assertIn("would block 192.0.2.7", self.quarantine(given=alert("ima-replay")))
        self.assertEqual(self.asked(), "")

    def test_other_kinds_block_nobody_unless_asked(self):
        silent = alert("silence", verdict="UNKNOWN", findings=[], error="no answer")
        for given in (silent, alert("internal", verdict="UNKNOWN", findings=[]), alert("quote"),
                      alert("malformed"), alert("identity"), alert("unknown-file"), alert("violation")):
            self.assertIn("nothing to do", self.quarantine("--apply", given=given))
        self.assertEqual(self.asked(), "")
        self.quarantine("--apply", "--kinds", "silence,denied-file", given=silent)
        self.assertIn("192.0.2.7", self.asked())

    def test_management_and_our_own_addresses_are_never_blocked(self):
        for host in ("192.0.2.1", "198.51.100.77", "[2001:db8:1::5]", "127.0.0.1", "[::1]", "0.0.0.0",
                     "[fe80::1]", "224.0.1.187", "[::ffff:192.0.2.1]", "localhost"):
            self.quarantine("--apply", given=alert("ima-replay", target=f"coap://{host}"), status=1)
        self.assertEqual(self.asked(), "")

    def test_an_address_of_this_machine_is_never_blocked(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            if probe.connect_ex(("192.0.2.7", 9)) != 0:
                self.skipTest("this machine has no address but loopback")
            own = probe.getsockname()[0]
        self.quarantine("--apply", given=alert("ima-replay", target=f"coap://{own}"), status=1)
        self.assertEqual(self.asked(), "")

    def test_a_list_of_those_who_are_never_blocked_is_needed(self):
        for text in ("", "# nobody\n", "192.0.2.300\n", "gateway.example.org\n", "192.0.2.1/24\n"):
            self.never.write_text(text)
            self.quarantine("--apply", given=alert("ima-replay"), status=1)
        self.run_hook("quarantine", "--apply", given=alert("ima-replay"), status=2)
        self.assertEqual(self.asked(), "")

    def test_what_is_no_host_is_an_error(self):
        for target in ("evidence", "http://192.0.2.7", "coap://", "coap://host.invalid", "coap://[",
                       "192.0.2.7", "coap://192.0.2.7}; flush ruleset; {"):
            self.quarantine("--apply", given=alert("ima-replay", target=target), status=1)
        self.assertEqual(self.asked(), "")

    def test_names_of_files_reach_no_rule(self):
        self.quarantine("--apply", given=dict(hostile(), verdict="REFUSED"))
        self.assertEqual(len(self.asked().splitlines()), 3)

    def test_wrong_options_are_refused(self):
        for options in (("--hours", "0"), ("--hours", "721"), ("--kinds", "silense"), ("--kinds", "")):
            self.quarantine(*options, given=alert("ima-replay"), status=2)

    def test_a_rule_that_was_not_set_is_an_error(self):
        self.nft = self.recorder("broken", 1)
        self.quarantine("--apply", given=alert("ima-replay"), status=1)

    def test_unreadable_input_is_an_error(self):
        self.refuses_unreadable("quarantine", "--never", self.never, "--nft", self.nft, "--apply")
        self.assertEqual(self.asked(), "")


class Kernel(HookCase):
    """In a network namespace of its own."""

    def nft(self, *arguments):
        return subprocess.run([NFT, *arguments], check=True, capture_output=True, text=True).stdout

    def blocked(self, version):
        """address -> seconds left"""
        listed = json.loads(self.nft("-j", "list", "set", "inet", "tally", f"quarantine{version}"))
        elements = next(i["set"] for i in listed["nftables"] if "set" in i).get("elem", [])
        return {e["elem"]["val"]: e["elem"]["expires"] for e in elements}

    def test_the_kernel_takes_sets_and_elements(self):
        never = self.folder / "never"
        never.write_text("192.0.2.1\n")
        self.nft("-f", str(RULES))
        hook = ("quarantine", "--never", never, "--nft", NFT, "--apply")
        self.run_hook(*hook, "--hours", "1", given=alert("ima-replay"))
        self.run_hook(*hook, given=alert("ima-replay", target="coap://[2001:db8::7]"))
        self.assertEqual(list(self.blocked(6)), ["2001:db8::7"])
        self.assertLessEqual(self.blocked(4)["192.0.2.7"], 3600)

        self.run_hook(*hook, "--hours", "3", given=alert("ima-replay"))
        self.assertGreater(self.blocked(4)["192.0.2.7"], 3600, "time starts anew")
        self.nft("-f", str(RULES))
        self.assertEqual(list(self.blocked(4)), ["192.0.2.7"], "loading the rules frees nobody")
        self.assertEqual(self.nft("list", "ruleset").count("hook forward"), 1)

    def test_without_the_sets_it_is_an_error(self):
        self.nft("flush", "ruleset")
        never = self.folder / "never"
        never.write_text("192.0.2.1\n")
        self.run_hook("quarantine", "--never", never, "--nft", NFT, "--apply",
                      given=alert("ima-replay"), status=1)


def enter_kernel():
    """Run the tests of nftables in a namespace, or say why not."""
    # Root needs no user namespace, and gets none in a chroot.
    inside = ["unshare", "--net"] if os.geteuid() == 0 else [
        "unshare", "--user", "--map-root-user", "--net"]
    if NFT is None:
        print("skipped: no nft (package nftables)")
        return 77
    tried = subprocess.run(inside + [NFT, "list", "ruleset"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        print(f"skipped: no nftables in a network namespace here: {tried.stderr.strip()}")
        return 77
    return subprocess.run(inside + [sys.executable, "-B", __file__, "Kernel"], check=False).returncode


if __name__ == "__main__":
    if sys.argv[1:] == ["nft"]:
        sys.exit(enter_kernel())
    unittest.main(defaultTest=sys.argv[1:] or ["Quarantine"])
