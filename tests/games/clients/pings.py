"""Asks as server browsers do, from a fresh port each time: Valve's, Quake's, teeworlds' words."""

import itertools, select, socket, sys

QUESTIONS = [
    b"\xff\xff\xff\xffTSource Engine Query\0",
    b"\xff\xff\xff\xffTSource Engine Query\0\x01\x02\x03\x04",
    b"\xff\xff\xff\xffU\xff\xff\xff\xff",
    b"\xff\xff\xff\xffgetstatus\n",
    b"\xff" * 10 + b"gie3\0",
    b"\xfe\xfd\x09\0\0\0\1",
]
print("playing", flush=True)
for said in itertools.cycle(QUESTIONS):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.sendto(said, (sys.argv[1], int(sys.argv[2])))
    if select.select([sys.stdin], [], [], 0.03)[0]:
        break
