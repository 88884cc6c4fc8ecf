#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Replay an IMA list with hashlib alone, and compare with lines BANK INDEX HEX.

usage: check_list.py LIST PCRS [ALLOWLIST]

Checks every template digest, that the allowlist names exactly the files of the list, and the PCRs
of every bank. Exit 0 when all agree.
"""
import hashlib
import struct
import sys


def records(data):
    at = 0
    while at < len(data):
        pcr, digest, name_len = struct.unpack_from("<I20sI", data, at)
        at += 28
        name = data[at:at + name_len]
        at += name_len
        (data_len,) = struct.unpack_from("<I", data, at)
        template_data = data[at + 4:at + 4 + data_len]
        at += 4 + data_len
        if at > len(data) or len(template_data) != data_len:
            raise ValueError("cut off")
        yield pcr, digest, name, template_data


def fields(template_data):
    at = 0
    while at < len(template_data):
        (size,) = struct.unpack_from("<I", template_data, at)
        yield template_data[at + 4:at + 4 + size]
        at += 4 + size
    if at != len(template_data):
        raise ValueError("field cut off")


def read_pcrs(path):
    with open(path, encoding="ascii") as file:
        for line in file:
            bank, index, value = line.split()
            yield bank, int(index), value


def replay(data, banks):
    """PCRs by (bank, index), and the files measured as sha256sum lists them."""
    values = {}
    files = []
    for index, (pcr, digest, name, template_data) in enumerate(records(data)):
        violation = digest == bytes(20)
        if not violation and hashlib.sha1(template_data).digest() != digest:
            raise ValueError(f"record {index}: template digest")
        count = {b"ima-ng": 2, b"ima-sig": 3}[name]
        parts = list(fields(template_data))
        if len(parts) != count or not parts[0].startswith(b"sha256:\0") or parts[1][-1:] != b"\0":
            raise ValueError(f"record {index}: fields")
        if index == 0:
            if parts[0][8:] != hashlib.sha256(bytes(320)).digest() or \
                    parts[1] != b"boot_aggregate\0":
                raise ValueError("no boot_aggregate over ten zero PCRs")
        elif not violation:
            files.append(f"{parts[0][8:].hex()}  {parts[1][:-1].decode()}\n")
        for bank in banks:
            new = hashlib.new(bank)
            old = values.get((bank, pcr), bytes(new.digest_size))
            extend = b"\xff" * new.digest_size if violation else \
                hashlib.new(bank, template_data).digest()
            new.update(old + extend)
            values[bank, pcr] = new.digest()
    return values, files


def main():
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    want = list(read_pcrs(sys.argv[2]))
    values, files = replay(data, sorted({bank for bank, _, _ in want}))
    for bank, index, value in want:
        if values[bank, index].hex() != value:
            sys.exit(f"{bank} PCR {index}: {values[bank, index].hex()}, want {value}")
    if len(sys.argv) > 3:
        with open(sys.argv[3], encoding="ascii") as file:
            if file.readlines() != files:
                sys.exit("allowlist and list differ")
    print(f"{len(want)} PCR values agree, {len(files)} files, {len(data)} bytes")


if __name__ == "__main__":
    main()
