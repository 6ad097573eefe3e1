"""Sends a datagram twenty times a second, as a player's client does."""

import select, socket, sys

s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect((sys.argv[1], int(sys.argv[2])))
said = bytes.fromhex(sys.argv[3])
print("playing", flush=True)
while not select.select([sys.stdin], [], [], 0.05)[0]:
    try:
        s.send(said)
    except ConnectionRefusedError:
        pass
