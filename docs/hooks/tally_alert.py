# SPDX-License-Identifier: BSD-3-Clause
"""What the hooks share: they read the alert here, and take from here text that is safe to show.

Strings of a verdict come from the attested host: names of files, reasons, addresses. None of them
is ever part of a command line, a file name, a header or a query without going through printable().
"""
import argparse
import json
import os
import re
import subprocess
import sys
import urllib.parse

INPUT_MAX = 128 << 20
LINES_MAX = 20
# The host's own TPM contradicts its logs, or a file that was forbidden has been used.
COMPROMISE = ("boot-replay", "denied-file", "ima-replay")
OTHERS = ("boot-policy", "identity", "internal", "kexec", "malformed", "quote", "silence",
          "too-many", "unknown-file", "violation")


def kinds(text):
    """KIND,KIND,... of a command line: a name that is none would never fit."""
    names = text.split(",")
    unknown = set(names) - set(COMPROMISE + OTHERS)
    if unknown:
        raise argparse.ArgumentTypeError(f"no kind of alert: {', '.join(sorted(unknown))}")
    return names


def printable(text, limit=400):
    """One line without control characters, marks of writing direction or lone surrogates."""
    cut = text if len(text) <= limit else text[:limit] + "..."
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)


def is_alert(value):
    """The members that every hook relies on; docs/schemas/alert.json has them all."""
    alert = value.get("alert") if isinstance(value, dict) else None
    if not isinstance(alert, dict) or not isinstance(value.get("findings"), list):
        return False
    kinds = alert.get("kinds")
    words = [value.get("target"), alert.get("id"), alert.get("time"), value.get("error", "")]
    return (value.get("verdict") in ("REFUSED", "UNKNOWN")
            and all(isinstance(w, str) for w in words)
            and re.fullmatch("[0-9a-f]{32}", alert["id"]) is not None
            and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", alert["time"], re.ASCII) is not None
            and isinstance(kinds, list) and len(kinds) > 0
            and all(isinstance(k, str) and re.fullmatch("[a-z-]{1,40}", k) for k in kinds)
            and all(isinstance(f, dict) for f in value["findings"]))


def parse(data):
    if len(data) > INPUT_MAX:
        raise ValueError(f"standard input has more than {INPUT_MAX} bytes")
    value = json.loads(data.decode())
    if not is_alert(value):
        raise ValueError("standard input is no alert of tally (docs/schemas/alert.json)")
    return value


def load():
    """The alert on standard input, as (object, bytes)."""
    data = sys.stdin.buffer.read(INPUT_MAX + 1)
    return parse(data), data


def host(alert):
    """The host that the target names; the whole target where it is a file."""
    try:
        return urllib.parse.urlsplit(alert["target"]).hostname or alert["target"]
    except ValueError:
        return alert["target"]


def refusing(alert):
    return [f for f in alert["findings"] if f.get("severity") == "refuse"]


def member(finding, name):
    """A finding's text; empty where there is none."""
    value = finding.get(name)
    return value if isinstance(value, str) else ""


def headline(alert, limit=200):
    kinds = ", ".join(alert["alert"]["kinds"])
    return printable(f"{alert['verdict']} {printable(host(alert), 100)}: {kinds}", limit)


def details(alert):
    """A line for each finding that refuses, and the error if nothing could be told."""
    found = refusing(alert)
    lines = [f"{member(f, 'kind')}: {member(f, 'text')}" for f in found[:LINES_MAX]]
    if len(found) > LINES_MAX:
        lines.append(f"... and {len(found) - LINES_MAX} more")
    if alert.get("error"):
        lines.append(alert["error"])
    return [printable(line) for line in lines]


def run(main):
    """Run a hook; what goes wrong is one line on standard error and exit status 1, for tally's log."""
    try:
        sys.exit(main())
    except (OSError, ValueError, RecursionError, subprocess.SubprocessError) as error:
        name = os.path.basename(sys.argv[0])
        print(f"{name}: {printable(str(error) or type(error).__name__)}", file=sys.stderr)
        sys.exit(1)
