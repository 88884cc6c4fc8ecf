# SPDX-License-Identifier: BSD-3-Clause
"""Counts a JUnit file of CTest: "passed failed skipped" on the first line, then a line for each thing
that was left out: a test that was skipped (exit 77), or a part that a test says it skipped."""
import sys
import xml.etree.ElementTree

passed = failed = skipped = 0
left_out = []
for case in xml.etree.ElementTree.parse(sys.argv[1]).getroot().iter("testcase"):
    name = case.get("name")
    reason = case.find("skipped")
    output = (case.findtext("system-out") or "").splitlines()
    said = [line.strip() for line in output if line.strip().startswith("skipped:")]
    if case.get("status") == "run":
        passed += 1
    elif reason is not None and reason.get("message", "").startswith("SKIP_"):
        skipped += 1
        said = said or ["skipped"]
    else:
        failed += 1
    left_out += [f"{name}: {line}" for line in said]
print(passed, failed, skipped)
for line in left_out:
    print(line)
