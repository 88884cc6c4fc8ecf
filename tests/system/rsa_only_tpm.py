#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# A TPM without elliptic curves: passes commands from tpm2-tss' "cmd" TCTI on to a software TPM's
# socket, but answers itself that there are no curves. usage: rsa_only_tpm.py SOCKET
import socket
import struct
import sys

GET_CAPABILITY = 0x17A
CAP_ECC_CURVES = 8


def read_message(read):
    head = read(10)
    if len(head) < 10:
        return None
    return head + read(struct.unpack(">I", head[2:6])[0] - 10)


def main():
    tpm = socket.socket(socket.AF_UNIX)
    tpm.connect(sys.argv[1])
    answers = tpm.makefile("rb")
    while (command := read_message(sys.stdin.buffer.read)) is not None:
        code, capability = struct.unpack(">I", command[6:10])[0], command[10:14]
        if code == GET_CAPABILITY and capability == struct.pack(">I", CAP_ECC_CURVES):
            answer = struct.pack(">HIIBII", 0x8001, 19, 0, 0, CAP_ECC_CURVES, 0)
        else:
            tpm.sendall(command)
            answer = read_message(answers.read)
        sys.stdout.buffer.write(answer)
        sys.stdout.buffer.flush()


main()
