"""Answers, then hangs as an Unreal server may: ignores SIGTERM, writes its stack on SIGABRT.

hangs.py spin|sleep [crash-dir]
"""

import faulthandler
import os
import pathlib
import signal
import sys
import threading
import time
import urllib.request


def call(path):
    url = os.environ["AGENT_URL"] + path
    urllib.request.urlopen(urllib.request.Request(url, b"", method="POST"), timeout=30).read()


def wait_for_the_render_thread():
    if sys.argv[1] == "spin":
        while True:
            pass
    time.sleep(3600)


signal.signal(signal.SIGTERM, signal.SIG_IGN)
faulthandler.enable()
print(f"AGENT_URL={os.environ['AGENT_URL']}", flush=True)
print(f"pid {os.getpid()} boot 0", flush=True)
call("/v1/ready")
call("/v1/health")
print("the last frame", flush=True)
if len(sys.argv) > 2:
    dump = pathlib.Path(sys.argv[2], "Saved", "Crashes", "crashinfo-1")
    dump.mkdir(parents=True, exist_ok=True)
    (dump / "Diagnostics.txt").write_text("x" * 1000)
threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
wait_for_the_render_thread()
