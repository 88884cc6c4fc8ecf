#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""captures_test.py TALLY CAPTURES: our own boots of real kernels, each with its quote.

Every capture is replayed against the PCRs that were read with it, and appraised against its quote;
the tables say what must come out. Exit status 77 where the captures (next to TALLY_CORPUS, if that is
set) are absent.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

TEMPLATES = [
    "ima", "ima-ng", "ima-ngv2", "ima-sig", "ima-sigv2", "ima-buf", "ima-modsig", "evm-sig",
    "d-ng|n-ng|sig|iuid|igid|imode|xattrnames|xattrlengths|xattrvalues",
]
LIST = "binary_runtime_measurements"

# What refuses with a policy that allows whatever has a path: capture -> failed checks.
REFUSED = {
    "boot-ovmf-shim-grub": ["boot-replay"],  # no boot log
    "bpf-tcb": ["boot-replay", "ima-replay"],  # the quote is later than the list, no hints
    "ima-custom-policy": ["boot-replay", "ima-replay"],  # likewise
    "ima-sig-bank1only": ["pcr-selection"],  # an empty selection
    "ima-template-ima": ["files"],  # names without a slash are never excluded
}
# With the PCRs of the capture as hints the guilty log is known: capture -> failed checks.
REFUSED_WITH_HINTS = {
    "boot-ovmf-shim-grub": ["boot-replay"],
    "ima-sig-bank1only": ["pcr-selection"],
    "ima-template-ima": ["files"],
    # these hints are of the moment of the list, not of the later quote
    "bpf-tcb": ["boot-replay", "ima-replay"],
    "ima-custom-policy": ["boot-replay", "ima-replay"],
}
# Records that the quote attests: what the kernel had extended when it was made.
ATTESTED = {
    "boot-ovmf-direct": 51, "boot-ovmf-uki": 51, "boot-secureboot-shim-grub": 51, "ima-buf": 75,
    "ima-evm-sig": 75, "ima-fmt-custom": 75, "ima-large-net": 5057, "ima-modsig": 75,
    "ima-ng-sha1": 75, "ima-ng-sha256": 80, "ima-ngv2": 75, "ima-sig-sha256": 75,
    "ima-template-ima": 80, "ima-violations": 72,
}
KERNELS = ["kernel-61-ima-sig", "kernel-612-ima-sig", "kernel-612-ima-sig-sha512", "kernel-72-ima-ng"]
# Steps of a host's life, and the files each adds that an allowlist of the base does not know.
STEPS = ["0base", "1known", "2unknown", "3modified", "4memfd-shm", "5script-root", "6script-user",
         "7script-user-direct", "8module", "8module-xz", "9incremental"]


class Captures:
    def __init__(self, tally, root, tmp):
        self.tally = tally
        self.root = root
        self.tmp = tmp
        self.failures = 0
        self.runs = 0

    def run(self, *args):
        self.runs += 1
        done = subprocess.run([self.tally, *map(str, args), "--json"], capture_output=True,
                              text=True, check=False)
        return done.returncode, done.stdout

    def check(self, what, got, want):
        if got != want:
            print(f"{what}: got {got}, want {want}")
            self.failures += 1

    def policy(self, name, boot="unchecked", quote="", ima=""):
        path = self.tmp / f"{name}.yaml"
        templates = ", ".join(f'"{t}"' for t in TEMPLATES)
        path.write_text(f"version: 1\nboot: {boot}\n{quote}ima:\n  templates: [{templates}]\n{ima}")
        return path

    def appraise(self, folder, suffix, policy, list_name, key="", hints=None, boot=True):
        ak = next(p for p in (folder / f"ak{key}.pub", folder / "ak.ecc.pub", folder / "ak.pub")
                  if p.exists())
        args = ["appraise", "--quote", folder / f"quote{suffix}.msg", "--signature",
                folder / f"quote{suffix}.sig", "--ak", ak, "--nonce",
                (folder / "nonce.hex").read_text().strip(), "--policy", policy,
                "--ima-log", folder / list_name]
        if boot and (folder / "binary_bios_measurements").exists():
            args += ["--boot-log", folder / "binary_bios_measurements"]
        if hints is not None:
            args += ["--pcrs", folder / hints]
        status, out = self.run(*args)
        answer = json.loads(out)
        self.check(f"{folder.name}{suffix} exit status", status,
                   {"TRUSTED": 0, "UNKNOWN": 1, "REFUSED": 3}[answer["verdict"]])
        answer["failed"] = [c["name"] for c in answer["checks"] if c["outcome"] == "fail"]
        return answer


PERMISSIVE = ('  violations: warn\n  weak-digests: allow\n  boot-aggregate: legacy\n'
              '  exclude: [ "/**" ]\n')


def last_list(folder):
    return LIST + ".afterquote" if (folder / (LIST + ".afterquote")).exists() else LIST


def test_single(c):
    """One quote a capture, without hints and with them."""
    policy = c.policy("permissive", ima=PERMISSIVE)
    for folder in sorted(c.root.iterdir()):
        if not (folder / "quote.msg").exists() or folder.name.startswith("kernel-"):
            continue
        for hints, refused in ((None, REFUSED), ("pcrs.txt", REFUSED_WITH_HINTS)):
            answer = c.appraise(folder, "", policy, last_list(folder), hints=hints)
            name = f"{folder.name} hints {hints}"
            c.check(name, answer["failed"], refused.get(folder.name, []))
            attested = ATTESTED.get(folder.name, 0)
            if folder.name == "boot-ovmf-shim-grub" and hints is not None:
                attested = 51  # only the boot log is missing: the list is judged
            c.check(name + " attested", answer["attested"]["entries"], attested)


def test_later_quote(c):
    """A quote later than the list: PCRs read later still tell that only the list is short."""
    policy = c.policy("permissive", ima=PERMISSIVE)
    for name in ("ima-custom-policy",):
        answer = c.appraise(c.root / name, "", policy, LIST, hints="pcrs.yaml")
        c.check(f"{name} with later hints", answer["failed"], ["ima-replay"])
        c.check(f"{name} accuses no file", [f["kind"] for f in answer["findings"]], ["ima-replay"])


def test_shim_grub(c):
    """No boot log at all: the values come as hints, and only with boot: absent."""
    folder = c.root / "boot-ovmf-shim-grub"
    absent = c.policy("absent", boot="absent", ima=PERMISSIVE)
    answer = c.appraise(folder, "", absent, last_list(folder), hints="pcrs.txt")
    c.check("shim-grub, boot: absent, hints", answer["failed"], [])
    c.check("shim-grub anchoring", answer["ima"], "unanchored")
    answer = c.appraise(folder, "", absent, last_list(folder))
    c.check("shim-grub, boot: absent, no hints", answer["failed"], ["pcr-digest"])


def test_kernels(c):
    """RSA and ECDSA keys; banks that follow zero-padded SHA-1 in older kernels."""
    policy = c.policy("permissive", ima=PERMISSIVE)
    only_ten = "quote: { pcrs: [10] }\n"
    strict = c.policy("strict", quote=only_ten, ima=PERMISSIVE.replace("  weak-digests: allow\n", ""))
    weak = c.policy("weak", quote=only_ten, ima=PERMISSIVE)
    attested = {}
    for name in KERNELS:
        folder = c.root / name
        counts = []
        for suffix, key in (("", ".ecc"), (".rsassa", ".rsassa"), (".rsapss", ".rsapss")):
            answer = c.appraise(folder, suffix, policy, LIST, key=key)
            c.check(f"{name}{suffix}", answer["failed"], [])
            counts.append(answer["attested"]["entries"])
        attested[name] = counts
        answer = c.appraise(folder, "", policy, LIST, key=".rsassa")
        c.check(f"{name} with another key", answer["failed"], ["quote-algorithm"])
        answer = c.appraise(folder, ".allbanks", strict, LIST)
        padded = name == "kernel-61-ima-sig"
        c.check(f"{name} all banks", answer["failed"], ["ima-replay"] if padded else [])
        answer = c.appraise(folder, ".allbanks", weak, LIST)
        c.check(f"{name} all banks, weak allowed", answer["failed"], [])
        for bank in ("sha1", "sha256", "sha384", "sha512"):
            listed = folder / f"{LIST}_{bank}"
            if listed.exists():
                answer = c.appraise(folder, "", policy, listed.name)
                c.check(f"{name} list of {bank}", answer["failed"], [])
                c.check(f"{name} list of {bank}", answer["attested"]["entries"], counts[0])
    c.check("attested", attested, {
        "kernel-61-ima-sig": [54, 57, 60], "kernel-612-ima-sig": [54, 57, 60],
        "kernel-612-ima-sig-sha512": [54, 57, 60], "kernel-72-ima-ng": [68, 71, 74]})


def allowlist_of(c, folder, list_name, path):
    status, out = c.run("show", "ima-log", folder / list_name)
    c.check(f"show {folder.name}/{list_name}", status, 0)
    lines = []
    for line in out.splitlines():
        record = json.loads(line)
        if record["path"] != "boot_aggregate":
            lines.append(f'{record["algorithm"]}:{record["digest"]}  {record["path"]}')
    path.write_text("\n".join(lines) + "\n")


def test_scenarios(c):
    """A host's life: each step's news is refused by the base's allowlist, and named once."""
    for name, banks in (("kernel-scen-61", [""]), ("kernel-scen-612", ["", "_sha256", "_sha512"])):
        folder = c.root / name
        allowlist_of(c, folder, LIST + ".0base", c.tmp / "base.list")
        policy = c.policy("base", ima="  allow: [ { file: base.list } ]\n")
        for bank in banks:
            before = 0
            for step in STEPS:
                if not (folder / f"quote.{step}.msg").exists():
                    continue
                answer = c.appraise(folder, f".{step}", policy, f"{LIST}{bank}.{step}",
                                    hints=f"pcrs.{step}.txt")
                paths = [f["path"] for f in answer["findings"] if f["kind"] == "unknown-file"]
                what = f"{name}{bank} {step}"
                c.check(what, answer["failed"], ["files"] if step != "0base" else [])
                c.check(what + " repeats", len(paths) >= before, True)
                news = paths[before:]
                for part in EXPECTED_NEWS[step]:
                    c.check(f"{what}: {part} among {news}", any(part in p for p in news), True)
                before = len(paths)
                # the next step's quote is not explained by this step's list
                if step == "1known":
                    late = c.appraise(folder, ".2unknown", policy, f"{LIST}{bank}.{step}",
                                      hints="pcrs.2unknown.txt")
                    c.check(f"{what} and a later quote", "ima-replay" in late["failed"], True)


EXPECTED_NEWS = {
    "0base": [], "1known": ["known-tool"], "2unknown": ["unknown-tool"], "3modified": ["known-tool"],
    "4memfd-shm": [], "5script-root": ["root-script.sh"], "6script-user": [],
    "7script-user-direct": [], "8module": ["dummy.ko"], "8module-xz": ["loop.ko.xz"],
    "9incremental": ["/"],
}


def test_replay(c):
    """Logs against the PCRs that were read just after the list."""
    for folder in sorted(c.root.iterdir()):
        for pcrs in sorted(folder.glob("pcrs*.txt")):
            suffix = pcrs.name[len("pcrs"):-len(".txt")]
            if not (folder / (LIST + suffix)).exists():
                continue
            args = ["replay", "--ima-log", folder / (LIST + suffix), "--pcrs", pcrs]
            if (folder / "binary_bios_measurements").exists():
                args += ["--boot-log", folder / "binary_bios_measurements"]
            status, out = c.run(*args)
            answer = json.loads(out)
            wrong = [(r["bank"], r["pcr"]) for r in answer["compared"] if not r["match"]]
            c.check(f"replay {folder.name}{suffix}", (status, wrong), (0, []))
            c.check(f"replay {folder.name}{suffix}", answer["ima_log"]["wrong_template_digests"], [])


def main():
    tally, root = sys.argv[1], pathlib.Path(sys.argv[2])
    if "TALLY_CORPUS" in os.environ:
        root = pathlib.Path(os.environ["TALLY_CORPUS"]).parent / "captures"
    if not root.is_dir():
        print(f"skipped: no captures at {root}")
        return 77
    with tempfile.TemporaryDirectory() as tmp:
        c = Captures(tally, root, pathlib.Path(tmp))
        for test in (test_single, test_later_quote, test_shim_grub, test_kernels, test_scenarios, test_replay):
            before = c.failures
            test(c)
            print(f"{test.__name__}: {'ok' if c.failures == before else 'FAILED'}")
        print(f"{c.runs} runs, {c.failures} failures")
        return 1 if c.failures else 0


if __name__ == "__main__":
    sys.exit(main())
