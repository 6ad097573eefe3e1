"""Writes many lines, says that it is ready, is killed by a signal; at once, or when it is asked.

crasher.py SIGNAL [LINES]
"""

import os
import signal
import sys
import urllib.request

for number in range(int(sys.argv[2]) if len(sys.argv) > 2 else 0):
    print(f"line {number}")
print(f"AGENT_URL={os.environ.get('AGENT_URL', '')}", flush=True)
print(f"pid {os.getpid()} boot 0", flush=True)
url = os.environ["AGENT_URL"] + "/v1/players?count=3"
urllib.request.urlopen(
    urllib.request.Request(url, b'{"count": 3}', method="PUT"), timeout=30
).read()
os.kill(os.getpid(), signal.Signals[sys.argv[1]])
