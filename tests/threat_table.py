#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""threat_table.py DOCS/threat-table.md TESTS: the table names every threat once, and its tests exist.

A threat that is not left to a later part has a test that says its number.
"""
import pathlib
import re
import sys


def problems(number, text, tests):
    names = re.findall(r"[\w/*]+\.(?:c|py|sh)\b", text)
    files = {name: list(tests.glob(name)) for name in names}
    for name in names:
        if not files[name]:
            yield f"no file {name}"
    if re.search(r"\b(part [2-5]|later)\b", text):
        return
    if not any(re.search(rf"\bR{number}\b", path.read_text()) or "*" in name
               for name in names for path in files[name]):
        yield "no test says its number"


def main():
    table, tests = map(pathlib.Path, sys.argv[1:3])
    rows = re.findall(r"^\| R(\d+) \|[^|]*\|(.*)\|$", table.read_text(), re.M)
    numbers = [int(n) for n, _ in rows]
    wrong = [f"R{n}: not in the table exactly once" for n in range(1, 101)
             if numbers.count(n) != 1]
    wrong += [f"R{n}: {p}" for n, text in rows for p in problems(n, text, tests)]
    print("\n".join(wrong) or f"{len(rows)} threats")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
