#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""schema_test.py TALLY FORGE_FILES SCHEMAS CAPTURES: real answers against docs/schemas.

Exit status 77 without python3-jsonschema. Captures (next to TALLY_CORPUS, if that is set) are used
where they are there.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

try:
    import jsonschema
except ImportError:
    print("skipped: python3-jsonschema is not installed")
    sys.exit(77)


class Schemas:
    def __init__(self, folder):
        self.schemas = {p.name: json.loads(p.read_text()) for p in sorted(folder.glob("*.json"))}
        self.validators = {name: self.validator(schema) for name, schema in self.schemas.items()}
        self.failures = 0
        self.count = 0

    def validator(self, schema):
        jsonschema.Draft202012Validator.check_schema(schema)
        try:  # jsonschema 4.18 and newer
            from referencing import Registry, Resource
            registry = Registry().with_resources(
                [(n, Resource.from_contents(s)) for n, s in self.schemas.items()])
            return jsonschema.Draft202012Validator(schema, registry=registry)
        except ImportError:
            resolver = jsonschema.RefResolver.from_schema(schema, store=self.schemas)
            return jsonschema.Draft202012Validator(schema, resolver=resolver)

    def check(self, name, text, what):
        self.count += 1
        try:
            errors = list(self.validators[name].iter_errors(json.loads(text)))
        except ValueError as e:
            errors = [e]
        for e in errors[:3]:
            path = "/".join(map(str, getattr(e, "absolute_path", [])))
            print(f"{what}: {name}: {path}: {str(getattr(e, 'message', e))[:300]}")
        self.failures += bool(errors)

    def refuses(self, name, value, what):
        self.count += 1
        if self.validators[name].is_valid(value):
            print(f"{name} accepts {what}")
            self.failures += 1


def answers(tally, f):
    """(schema, arguments, exit status): good and bad answers of every command."""
    nonce = (f / "nonce").read_text()
    challenge = (f / "challenge").read_text()
    base = ["appraise", "--quote", f / "quote", "--signature", f / "signature", "--ak", f / "ak.pub",
            "--nonce", nonce, "--policy", f / "policy.yaml", "--boot-log", f / "boot",
            "--ima-log", f / "list"]
    bad = ["--quote", f / "bad.quote", "--signature", f / "bad.signature", "--ima-log",
           f / "bad.list"]
    appraise = [
        ([], 0), (["--pcrs", f / "pcrs"], 0), (["--ak", f / "ak.pem"], 0),
        (["--quote", f / "unsafe.quote", "--signature", f / "unsafe.signature"], 0),
        (bad, 3), (bad + ["--pcrs", f / "bad.pcrs"], 3), (["--nonce", "00"], 3),
        (["--quote", f / "list"], 3), (["--quote", f / "certify.quote"], 3),
        (["--boot-log", f / "list"], 3), (["--ima-log", f / "boot"], 3),
        (["--ima-log", f / "short.list"], 3), (["--ima-log", f / "digest.list"], 3),
        (["--ima-log", f / "short.list", "--pcrs", f / "pcrs"], 3),
        (["--policy", f / "nowhere"], 1), (["--ak", f / "list"], 1), (["--ima-log", f / "nowhere"], 1),
    ]
    for more, status in appraise:
        yield "verdict.json", base + more, status
    for more, status in (([], 0), (["--challenge", challenge], 0), (["--challenge", "00" * 32], 3)):
        yield "verdict.json", ["inspect", "--evidence", f / "evidence"] + more, status
    yield "verdict.json", ["inspect", "--evidence", f / "list"], 3
    yield "verdict.json", ["inspect", "--evidence", f / "nowhere"], 1
    replay = [
        (["--boot-log", f / "boot"], 0), (["--ima-log", f / "list"], 0),
        (["--boot-log", f / "boot", "--ima-log", f / "list", "--pcrs", f / "pcrs"], 0),
        (["--boot-log", f / "boot", "--ima-log", f / "bad.list", "--pcrs", f / "bad.pcrs"], 0),
        (["--ima-log", f / "short.list", "--pcrs", f / "pcrs"], 3),
        (["--ima-log", f / "digest.list"], 3), (["--boot-log", f / "list"], 1),
        (["--boot-log", f / "boot", "--ima-log", f / "quote"], 1),
        (["--boot-log", f / "boot", "--pcrs", f / "pcrs.16"], 1),
        (["--boot-log", f / "boot", "--pcrs", f / "nowhere"], 1),
    ]
    for more, status in replay:
        yield "replay.json", ["replay"] + more, status


def shown(f, captures):
    yield ["show", "boot-log", f / "boot"]
    yield ["show", "ima-log", f / "bad.list"]
    yield ["show", "quote", f / "quote"]
    yield ["show", "evidence", f / "evidence"]
    for folder in sorted(captures.iterdir()) if captures.is_dir() else []:
        for kind, name in (("boot-log", "binary_bios_measurements"),
                           ("ima-log", "binary_runtime_measurements"), ("quote", "quote.msg")):
            if (folder / name).exists():
                yield ["show", kind, folder / name]


def run(tally, args, *more):
    return subprocess.run([tally, *map(str, args), "--json", *more], capture_output=True, text=True,
                          check=False)


def main():
    tally, forge, folder, captures = sys.argv[1:5]
    if "TALLY_CORPUS" in os.environ:
        captures = pathlib.Path(os.environ["TALLY_CORPUS"]).parent / "captures"
    s = Schemas(pathlib.Path(folder))
    with tempfile.TemporaryDirectory() as tmp:
        f = pathlib.Path(tmp) / "f"
        subprocess.run([forge, f], check=True)
        hook = pathlib.Path(tmp) / "hook"
        hook.write_text(f"#!/bin/sh\ncat > {tmp}/alert\n")
        hook.chmod(0o700)
        alert = pathlib.Path(tmp) / "alert"
        for name, args, status in answers(tally, f):
            what = " ".join(str(a).replace(str(f) + "/", "") for a in args)
            more = ["--hook", str(hook)] if args[0] == "appraise" else []
            alert.unlink(missing_ok=True)
            done = run(tally, args, *more)
            if done.returncode != status:
                print(f"{what}: exit status {done.returncode}, want {status}")
                s.failures += 1
            s.check(name, done.stdout, what)
            if alert.exists():
                s.check("alert.json", alert.read_text(), "hook of " + what)
            elif more and status != 0:
                print(f"{what}: the hook did not run")
                s.failures += 1
        for args in shown(f, pathlib.Path(captures)):
            done = run(tally, args)
            if done.returncode != 0:
                print(args, "exit status", done.returncode)
                s.failures += 1
            for line in done.stdout.splitlines()[:200]:
                s.check("show.json", line, " ".join(map(str, args)))
        trusted = json.loads(run(tally, next(a for _, a, st in answers(tally, f) if st == 0)).stdout)
        # A schema that accepts anything proves nothing.
        for key in trusted:
            s.refuses("verdict.json", {k: v for k, v in trusted.items() if k != key}, f"no {key}")
        s.refuses("verdict.json", trusted | {"surplus": 1}, "a member that nobody described")
        s.refuses("verdict.json", trusted | {"verdict": "GOOD"}, "another verdict")
        s.refuses("verdict.json", trusted | {"error": "x"}, "TRUSTED with an error")
        s.refuses("alert.json", trusted, "a verdict without alert")
    print(f"{s.count} objects, {s.failures} failures")
    return 1 if s.failures else 0


if __name__ == "__main__":
    sys.exit(main())
