"""A game that does what its arguments say, one after the other, then stays.

say:TEXT      write a line
udp:PORT      bind it
tcp:PORT      bind it, listen
http:PORT     answer each request with 200
a2s:PORT      answer server browsers
await:PATH    wait until that file is there
close         let go of all ports
"""

import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.fakes.a2s_responder import Server

held = []


def bound(kind, port):
    one = socket.socket(socket.AF_INET, kind)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind(("0.0.0.0", int(port)))
    held.append(one)
    return one


def answer(one):
    while True:
        try:
            peer, _ = one.accept()
            peer.recv(1000)
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            peer.close()
        except OSError:
            return


def a2s(one):
    try:
        Server().serve(one)
    except OSError:
        pass


for step in sys.argv[1:]:
    word, _, about = step.partition(":")
    if word == "say":
        os.write(1, about.encode() + b"\n")
    elif word == "udp":
        bound(socket.SOCK_DGRAM, about)
    elif word in ("tcp", "http"):
        one = bound(socket.SOCK_STREAM, about)
        one.listen()
        if word == "http":
            threading.Thread(target=answer, args=(one,), daemon=True).start()
    elif word == "a2s":
        one = bound(socket.SOCK_DGRAM, about)
        threading.Thread(target=a2s, args=(one,), daemon=True).start()
    elif word == "await":
        while not os.path.exists(about):
            time.sleep(0.01)
    elif word == "close":
        for one in held:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
while True:
    signal.pause()
