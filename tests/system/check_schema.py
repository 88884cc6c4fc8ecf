#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""check_schema.py SCHEMA FILE...: is each FILE one JSON object of that schema?

Says "skipped" and succeeds without python3-jsonschema.
"""
import json
import pathlib
import sys

try:
    import jsonschema
except ImportError:
    print("skipped: python3-jsonschema is not installed")
    sys.exit(0)

schema = json.loads(pathlib.Path(sys.argv[1]).read_text())
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
bad = 0
for name in sys.argv[2:]:
    value = json.loads(pathlib.Path(name).read_text())
    for error in list(validator.iter_errors(value))[:3]:
        print(f"{name}: {error.message[:300]}")
        bad += 1
    # A schema that accepts anything proves nothing.
    for wrong in [{k: v for k, v in value.items() if k != key} for key in value] + [value | {"more": 1}]:
        if validator.is_valid(wrong):
            print(f"{name}: the schema accepts what it should not: {list(wrong)}")
            bad += 1
sys.exit(bad > 0)
