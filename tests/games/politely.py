"""Ignores SIGTERM; leaves with 0 when it is told to at its own door: politely.py http|rcon."""

import os
import signal
import socket
import struct
import sys


def line(text):
    print(text, flush=True)


def http(talk):
    request = talk.recv(65536)
    line(request.split(b"\r\n")[0].decode())
    line(request.rpartition(b"\r\n\r\n")[2].decode())
    talk.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")


def rcon(talk):
    while True:
        (size,) = struct.unpack("<i", talk.recv(4, socket.MSG_WAITALL))
        rest = talk.recv(size, socket.MSG_WAITALL)
        number, kind = struct.unpack_from("<ii", rest)
        if kind != 3:
            line(rest[8:-2].decode())
            return
        number = number if rest[8:-2].decode() == "open sesame" else -1
        talk.sendall(struct.pack("<iii", 10, number, 2) + bytes(2))


signal.signal(signal.SIGTERM, signal.SIG_IGN)
server = socket.create_server(("127.0.0.1", int(os.environ["DOOR"])))
line(f"password {os.environ.get('AGENT_RCON_PASSWORD')}")
line(f"AGENT_URL={os.environ['AGENT_URL']}")
line(f"pid {os.getpid()} boot 0")
talk, _ = server.accept()
{"http": http, "rcon": rcon}[sys.argv[1]](talk)
sys.exit(0)
