"""Holds a TCP connection, says a few bytes first."""

import select, socket, sys

s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
s.send(bytes.fromhex(sys.argv[3]) if len(sys.argv) > 3 else b"")
print("playing", flush=True)
while True:
    ready, _, _ = select.select([sys.stdin, s], [], [])
    if sys.stdin in ready:
        break
    if not s.recv(65536):
        print("closed by the server", flush=True)
        break
