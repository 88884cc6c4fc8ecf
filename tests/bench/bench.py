#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Measure tally beside its peers and print a table; write bench.json into the work folder.

Ours and the peer run by turns, so that a busy machine slows both; a ratio is the median of the
ratios of the rounds. Times are CPU time (user and system) unless the name says otherwise.
"""
import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys

from network import Network

BOOT_LOGS = ["kl-binary_bios_measurements-secureboot", "gotpm-gdc-host.bin",
             "gotpm-ubuntu-2104-no-dbx.bin", "charra-binary_bios_measurements",
             "gotpm-rhel8-uefi.bin"]
PARTS = ["replay", "long_list", "boot", "quote"]
NETWORK_PARTS = ["rounds", "first_contact", "command", "memory", "evidence", "idle"]
NONCE = "000102030405060708090a0b0c0d0e0f"
MIB = 1024 * 1024


def summary(samples):
    return {"median": statistics.median(samples), "min": min(samples), "max": max(samples),
            "samples": samples}


class Bench:
    def __init__(self, args):
        self.bin = args.bin
        self.work = args.work
        self.quick = args.quick
        self.rounds = 1 if args.quick else args.rounds
        self.results = []
        self.targets = []
        self.skipped = []

    def path(self, name):
        return os.path.join(self.work, name)

    def tool(self, name):
        return os.path.join(self.bin, name)

    def output(self, *command):
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout

    def cost(self, command, want=(0,)):
        """Run once; CPU seconds and peak resident memory."""
        done = subprocess.run([self.tool("bench-run"), *command], stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True, check=True)
        cost = json.loads(done.stderr.splitlines()[-1])
        if cost["status"] not in want:
            raise RuntimeError(f"{' '.join(command)}: exit {cost['status']}: {done.stderr}")
        return cost

    def costs(self, commands, rounds):
        """Run commands (name -> argv) by turns."""
        seen = {name: [] for name in commands}
        for _ in range(rounds):
            for name, command in commands.items():
                seen[name].append(self.cost(command))
        return seen

    def micro(self, kind, rounds, *arguments):
        lines = self.output(self.tool("bench-micro"), kind, str(rounds), *arguments).splitlines()
        return [json.loads(line) for line in lines]

    def result(self, group, name, unit, values, **more):
        self.results.append({"group": group, "name": name, "unit": unit, **summary(values), **more})

    def target(self, name, value, limit, unit, at_least=False):
        met = value >= limit if at_least else value <= limit
        self.targets.append({"name": name, "value": value, "unit": unit, "met": met,
                             "limit": limit, "sense": ">=" if at_least else "<="})

    # Input

    def make_list(self, name, entries, template="ima-ng"):
        """A list, its allowlist and its PCR values, kept from one run to the next."""
        target = self.path(name)
        if not os.path.exists(target + ".pcrs"):
            pcrs = self.output(self.tool("tally-generate"), "ima-list", "--entries", str(entries),
                               "--template", template, "--allowlist", target + ".allow",
                               "--output", target)
            with open(target + ".pcrs", "w", encoding="ascii") as file:
                file.write(pcrs)
        return target

    def make_evmctl_pcrs(self, path):
        values = {int(i): v for bank, i, v in map(str.split, open(path + ".pcrs", encoding="ascii"))
                  if bank == "sha256"}
        with open(path + ".evmctl", "w", encoding="ascii") as file:
            for index in range(24):
                file.write(f"PCR-{index:02}: {values.get(index, '0' * 64)}\n")

    def make_quote(self, path, kind):
        """A quote over the list's PCR 10 and ten zero PCRs, as on a machine without a boot log."""
        with open(path + ".hints", "w", encoding="ascii") as file:
            for index in range(10):
                file.write(f"sha256 {index} {'0' * 64}\n")
            for line in open(path + ".pcrs", encoding="ascii"):
                if line.startswith("sha256 "):
                    file.write(line)
        prefix = f"{path}.{kind}"
        self.output(self.tool("tally-generate"), "quote", "--kind", kind, "--pcrs", path + ".hints",
                    "--nonce", NONCE, "--output", prefix)
        return prefix

    def make_policy(self, path):
        with open(path + ".yaml", "w", encoding="ascii") as file:
            file.write("version: 1\nquote: { pcrs: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10] }\n"
                       "boot: absent\n"
                       f"ima:\n  allow: [ {{ file: {os.path.basename(path)}.allow }} ]\n")
        return path + ".yaml"

    # Measurements

    def replay(self):
        entries = 500 if self.quick else 100000
        path = self.make_list(f"ng-{entries}", entries)
        tally = [self.tool("tally"), "replay", "--ima-log", path, "--banks"]
        raw = [self.tool("bench-raw-ima"), path]
        commands = {
            "tally sha256": [*tally, "sha256"], "raw sha256": [*raw, "sha256"],
            "tally 2 banks": [*tally, "sha1,sha256"], "raw 2 banks": [*raw, "sha1", "sha256"],
            "tally 4 banks": [*tally, "sha1,sha256,sha384,sha512"],
            "raw 4 banks": [*raw, "sha1", "sha256", "sha384", "sha512"],
            "tally sha256, PCRs compared": [*tally, "sha256", "--pcrs", path + ".pcrs"],
        }
        if shutil.which("evmctl"):
            self.make_evmctl_pcrs(path)
            commands["evmctl sha256"] = ["evmctl", "ima_measurement", "--pcrs",
                                         f"sha256,{path}.evmctl", "--verify-bank=sha256", path]
        else:
            self.skipped.append("evmctl is not installed")
        with open(path + ".pcrs", encoding="ascii") as file:
            if self.output(*raw, "sha1", "sha256", "sha384", "sha512") != file.read():
                raise RuntimeError("bench-raw-ima and tally-generate disagree")
        costs = {name: [c["cpu_s"] for c in seen]
                 for name, seen in self.costs(commands, self.rounds).items()}
        for name, values in costs.items():
            self.result("replay", f"{name}, {entries} ima-ng", "ms", [1e3 * v for v in values],
                        entries=entries)

        def ratio(slow, fast):
            return statistics.median(s / max(f, 1e-6) for s, f in zip(costs[slow], costs[fast]))

        if "evmctl sha256" in costs:
            self.target("replay: times evmctl's speed", ratio("evmctl sha256", "tally sha256"), 6,
                        "x", at_least=True)
        for banks in ("sha256", "2 banks", "4 banks"):
            self.target(f"replay: share of the raw-hash limit, {banks}",
                        ratio(f"raw {banks}", f"tally {banks}"), 0.6, "", at_least=True)

    def long_list(self):
        entries = 2000 if self.quick else 1000000
        rounds = 1 if self.quick else 3
        path = self.make_list(f"ng-{entries}", entries)
        quote = self.make_quote(path, "rsa")
        commands = {
            "replay": [self.tool("tally"), "replay", "--ima-log", path, "--banks", "sha256"],
            "appraise": [self.tool("tally"), "appraise", "--quote", quote + ".quote", "--signature",
                         quote + ".signature", "--ak", quote + ".pem", "--nonce", NONCE,
                         "--policy", self.make_policy(path), "--ima-log", path, "--pcrs",
                         path + ".hints"],
        }
        costs = self.costs(commands, rounds)
        memory = self.allowlist(path)
        size = os.path.getsize(path) / MIB
        for name, seen in costs.items():
            label = f"{name}, {entries} ima-ng ({size:.0f} MiB)"
            self.result("long list", label, "ms", [1e3 * c["cpu_s"] for c in seen], entries=entries)
            self.result("long list", label + ", peak memory", "MiB",
                        [c["rss_kib"] / 1024 for c in seen])
        self.target("replay of a long list: resident memory",
                    max(c["rss_kib"] for c in costs["replay"]) / 1024, 32, "MiB")
        self.target("appraise of a long list: resident memory beyond the allowlist",
                    max(c["rss_kib"] for c in costs["appraise"]) / 1024 - memory / MIB, 32, "MiB")

    def allowlist(self, path):
        """Bytes of memory the list takes."""
        rounds = 1 if self.quick else 5
        measured = {m["name"]: m for m in self.micro("allowlist", rounds, path + ".allow")}
        rows, memory = measured["memory"]["rows"], measured["memory"]["bytes"]
        for name in ("load", "load and hash"):
            ours, peer = measured[name]["ours_ns"], measured[name]["peer_ns"]
            self.result("allowlist", f"{name}, {rows} lines", "ms", [v / 1e6 for v in ours])
            self.result("allowlist", f"{name}: peer, read and hex-decode", "ms",
                        [v / 1e6 for v in peer])
            self.target(f"allowlist: {name}, times read and hex-decode",
                        statistics.median(o / p for o, p in zip(ours, peer)), 2, "x")
        self.result("allowlist", "find, hit (digest and path)", "ns", measured["find"]["ours_ns"])
        self.result("allowlist", "find, miss", "ns", measured["find"]["peer_ns"])
        self.result("allowlist", "memory", "B/entry", [memory / rows])
        return memory

    def boot(self):
        corpus = os.environ.get("TALLY_CORPUS", os.path.join(os.path.dirname(__file__),
                                                             "../../../shared/corpus"))
        for name in BOOT_LOGS:
            path = os.path.join(corpus, "eventlog", name)
            if not os.path.exists(path):
                self.skipped.append(f"boot log {name} (TALLY_CORPUS)")
                continue
            for m in self.micro("boot", self.rounds, path):
                self.pair("boot log", m, "parse and replay", "raw hashing", "us", 1e3, 3)

    def quote(self):
        path = self.make_list("ng-500", 500)
        for kind in ("rsa", "ecdsa"):
            for m in self.micro("quote", self.rounds, self.make_quote(path, kind)):
                self.pair("quote", m, "read and verify", "EVP_PKEY_verify", "us", 1e3, 1.3)

    def pair(self, group, m, ours, peer, unit, scale, limit):
        self.result(group, f"{m['name']}: {ours}", unit, [v / scale for v in m["ours_ns"]])
        self.result(group, f"{m['name']}: peer, {peer}", unit, [v / scale for v in m["peer_ns"]])
        self.target(f"{group}: {m['name']}, times {peer}",
                    statistics.median(o / p for o, p in zip(m["ours_ns"], m["peer_ns"])), limit,
                    "x")

    # Report

    def print(self):
        if self.quick:
            print("Small input, one round: these figures mean nothing.\n")
        print(f"{'MEASUREMENT':<66} {'MEDIAN':>10} {'MIN':>10} {'MAX':>10}")
        for r in self.results:
            name = f"{r['group']}: {r['name']}"
            print(f"{name:<66} {r['median']:>10.2f} {r['min']:>10.2f} {r['max']:>10.2f} {r['unit']}")
        print(f"\n{'TARGET':<66} {'VALUE':>10} {'LIMIT':>13}")
        for t in self.targets:
            limit = f"{t['sense']} {t['limit']}"
            print(f"{t['name']:<66} {t['value']:>10.2f} {limit:>13} {t['unit']:<4}"
                  f"{'met' if t['met'] else 'NOT MET'}")
        print("\nThe raw-hash limit is libcrypto's low-level SHA functions over the same bytes "
              "(tests/bench/raw_hash.c).")
        for what in self.skipped:
            print(f"skipped: {what}")

    def write(self):
        with open(self.path("bench.json"), "w", encoding="ascii") as file:
            json.dump({"machine": {"cpu": cpu_name(), "count": os.cpu_count(),
                                   "kernel": platform.release()},
                       "rounds": self.rounds, "results": self.results, "targets": self.targets,
                       "skipped": self.skipped}, file, indent=1)
            file.write("\n")


def cpu_name():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True, help="folder of the built programs")
    parser.add_argument("--work", required=True, help="folder for generated input and bench.json")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--only", choices=PARTS + NETWORK_PARTS, action="append", help="measure only this")
    parser.add_argument("--quick", action="store_true", help="small input, one round: a test")
    args = parser.parse_args()
    args.work = os.path.join(args.work, "quick") if args.quick else args.work
    os.makedirs(args.work, exist_ok=True)
    bench = Bench(args)
    network = Network(bench)
    for part in args.only or PARTS + NETWORK_PARTS:
        getattr(network if part in NETWORK_PARTS else bench, part)()
    bench.print()
    bench.write()
    return 0


if __name__ == "__main__":
    sys.exit(main())
