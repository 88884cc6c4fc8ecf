#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# A way to a software TPM on which every command takes its time, as on hardware. The TPM serves one
# client at a time, and so does this. Prints a line for each command. usage: slow_tpm.py SOCKET NEW-SOCKET MILLISECONDS
import socket
import struct
import sys
import threading
import time


def receive(peer, size):
    data = b""
    while len(data) < size:
        more = peer.recv(size - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def receive_message(peer):
    head = receive(peer, 10)
    return head + receive(peer, struct.unpack(">I", head[2:6])[0] - 10)


def commands(client, tpm, delay):
    while True:
        command = receive_message(client)
        print("command", flush=True)
        time.sleep(delay)
        tpm.sendall(command)
        client.sendall(receive_message(tpm))


def control(client, tpm, _):
    def back():
        while data := tpm.recv(4096):
            client.sendall(data)

    threading.Thread(target=back, daemon=True).start()
    while data := client.recv(4096):
        tpm.sendall(data)


def serve(path, new_path, relay, delay):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(new_path)
    listener.listen(8)
    while True:
        client, _ = listener.accept()
        with client, socket.socket(socket.AF_UNIX) as tpm:
            try:
                tpm.connect(path)
                relay(client, tpm, delay)
            except (EOFError, OSError):
                pass
            finally:
                for peer in client, tpm:
                    try:
                        peer.shutdown(socket.SHUT_RDWR)
                    except OSError:
                        pass


def main():
    path, new_path, milliseconds = sys.argv[1:]
    threading.Thread(target=serve, args=(path + ".ctrl", new_path + ".ctrl", control, 0)).start()
    serve(path, new_path, commands, int(milliseconds) / 1000)


main()
