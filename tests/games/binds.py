"""Bind the ports that the arguments name, tell their numbers, stay until stdin ends.

An argument is TRANSPORT:ADDRESS:PORT, for example udp:0.0.0.0:7777 or tcp:[::]:0;
port 0 is any. "child" before it gives the rest to a grandchild of the one who started us,
"then" waits for a line on stdin first.
"""

import json
import socket
import subprocess
import sys


def bind(spec):
    transport, _, rest = spec.partition(":")
    address, _, port = rest.rpartition(":")
    family = socket.AF_INET6 if address.startswith("[") else socket.AF_INET
    kind = socket.SOCK_STREAM if transport.startswith("tcp") else socket.SOCK_DGRAM
    bound = socket.socket(family, kind)
    if family == socket.AF_INET6:
        bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    bound.bind((address.strip("[]"), int(port)))
    if transport == "tcp":  # "tcp-closed" binds without listening
        bound.listen()
    if transport == "udp-connected":
        bound.connect((address.strip("[]"), 9))
    return bound


def main(arguments):
    held = []
    while arguments:
        word = arguments.pop(0)
        if word == "child":
            again = [sys.executable, "-S", __file__, *arguments]
            sys.exit(subprocess.run(again).returncode)
        if word == "then":
            sys.stdin.readline()
            continue
        held.append(bind(word))
        print(json.dumps(held[-1].getsockname()[1]), flush=True)
    sys.stdin.read()


main(sys.argv[1:])
