#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Tests of the hook webhook, against a server on loopback."""
import http.server
import json
import shutil
import ssl
import subprocess
import threading
import unittest

from hook_case import NORMAL, HookCase, hostile


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, dict(self.headers), body))
        answer = self.server.answers.pop(0) if self.server.answers else 204
        self.send_response(answer)
        if answer == 302:
            self.send_header("Location", "/elsewhere")
        self.end_headers()

    do_GET = do_POST

    def log_message(self, *_):
        pass


class Webhook(HookCase):
    def setUp(self):
        super().setUp()
        self.server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
        self.server.got, self.server.answers = [], []
        thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.secret = self.folder / "secret"
        self.secret.write_text("Authorization: Bearer s3cret\n")
        self.secret.chmod(0o600)

    def send(self, *arguments, scheme="http", host="127.0.0.1", **options):
        url = f"{scheme}://{host}:{self.server.server_port}/alert"
        return self.run_hook("webhook", "--pause", "0.1", *arguments, url, **options)

    def test_the_alert_is_posted_with_the_header(self):
        self.send("--insecure-http", "--header-file", self.secret)
        (path, headers, body), = self.server.got
        self.assertEqual(path, "/alert")
        self.assertEqual(json.loads(body), NORMAL)
        self.assertEqual(headers["Content-Type"], "application/json")
        self.assertEqual(headers["Authorization"], "Bearer s3cret")
        self.assertEqual(headers["Idempotency-Key"], NORMAL["alert"]["id"])

    def test_hostile_names_arrive_as_they_are(self):
        self.send("--insecure-http", given=hostile())
        self.assertEqual(json.loads(self.server.got[0][2]), hostile())

    def test_plain_http_needs_a_word(self):
        done = self.send(status=1)
        self.assertIn("https", done.text)
        self.assertEqual(self.server.got, [])

    def test_it_tries_again_and_then_says_so(self):
        self.server.answers = [503, 429]
        self.send("--insecure-http")
        self.assertEqual(len(self.server.got), 3)
        self.server.got.clear()
        self.server.answers = [500, 500, 500]
        self.assertIn("500", self.send("--insecure-http", status=1).text)
        self.assertEqual(len(self.server.got), 3)

    def test_what_will_not_help_is_not_tried_again(self):
        self.server.answers = [403]
        self.assertIn("403", self.send("--insecure-http", status=1).text)
        self.assertEqual(len(self.server.got), 1)

    def test_the_secret_follows_no_redirection(self):
        self.server.answers = [302]
        self.assertIn("302", self.send("--insecure-http", "--header-file", self.secret, status=1).text)
        self.assertEqual(len(self.server.got), 1)

    def test_a_secret_that_others_may_read_is_refused(self):
        for mode in (0o640, 0o604):
            self.secret.chmod(mode)
            self.send("--insecure-http", "--header-file", self.secret, status=1)
        self.secret.chmod(0o600)
        for text in ("", "no colon\n", "A: b\nC: d\n", "A\r\nB: c\n", "\u00e4: b\n"):
            self.secret.write_text(text)
            self.send("--insecure-http", "--header-file", self.secret, status=1)
        self.assertEqual(self.server.got, [])

    def test_wrong_addresses_are_refused(self):
        for url in ("file:///etc/passwd", "https://", "https://user:password@host/", "ftp://host/", ""):
            self.run_hook("webhook", "--insecure-http", url, status=1)

    def test_nobody_there_is_an_error(self):
        self.server.server_close()
        self.send("--insecure-http", status=1)

    def test_unreadable_input_is_an_error(self):
        self.refuses_unreadable("webhook", "--insecure-http",
                                f"http://127.0.0.1:{self.server.server_port}/")
        self.assertEqual(self.server.got, [])

    @unittest.skipUnless(shutil.which("openssl"), "no openssl")
    def test_https_needs_a_certificate_that_is_trusted(self):
        key, certificate = self.folder / "key.pem", self.folder / "certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
                       check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        trust = {"SSL_CERT_FILE": str(certificate)}
        self.send(scheme="https", host="localhost", env=trust)
        self.assertEqual(len(self.server.got), 1)
        self.send(scheme="https", host="127.0.0.1", env=trust, status=1)
        self.send(scheme="https", host="localhost", status=1)
        self.assertEqual(len(self.server.got), 1)


if __name__ == "__main__":
    unittest.main()
