"""A game that ends its deployment as the platform's samples do, then waits for the signal."""

import os
import signal
import threading
import urllib.request

asked = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: asked.set())
request = urllib.request.Request(
    os.environ["ARBITRIUM_DELETE_URL"],
    method="DELETE",
    headers={"authorization": os.environ["ARBITRIUM_DELETE_TOKEN"]},
)
with urllib.request.urlopen(request, timeout=60) as answer:
    os.write(1, b"the platform said %d\n" % answer.status)
asked.wait(60)
os.write(1, b"world saved\n")
