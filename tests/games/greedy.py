"""Takes memory until the kernel ends it, once the agent serves."""

import os
import urllib.request

urllib.request.urlopen(os.environ["AGENT_URL"] + "/healthz", timeout=60).read()
taken = []
while True:
    taken.append(b"x" * (1 << 20))
