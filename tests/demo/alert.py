#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Alert hook of the demo: keeps the verdict in the named file and prints one line of it."""
import json
import sys

verdict = json.load(sys.stdin)
with open(sys.argv[1], "w", encoding="utf-8") as file:
    json.dump(verdict, file, indent=2)
refused = [f for f in verdict["findings"] if f["severity"] == "refuse"]
what = [f["path"] or f"{f['log']} log" for f in refused if f["path"] or f["log"]]
what = what or [verdict.get("error", "no reason")]
print(f"(hook) ALERT {', '.join(verdict['alert']['kinds'])}: {', '.join(what)}")
