"""Real object stores as processes of their own, on loopback, telemetry off."""

import json
import os
import random
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tests.tools import need
from tests.waiting import until

PROGRAMS = Path(__file__).parents[2] / ".venv-servers" / "bin"
KEY, SECRET = "AKIDTEST0123456789AB", "secret/TEST+0123456789"
BUCKET = "logs"
_WEED_PORTS = ("master", "volume", "filer", "s3", "admin")


def program(name: str) -> str:
    """Return a server's program, made by ``make servers``."""
    path = PROGRAMS / name
    need(name, package="it with `make servers`", there=path.exists())
    return str(path)


def free_ports(count: int) -> list[int]:
    """Return ports that nobody has at this moment, of those that the kernel hands out to nobody.

    A server needs seconds to bind them, in which other workers make hundreds of connections.
    """
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    with ExitStack() as held:
        found: list[int] = []
        while len(found) < count:
            number = random.SystemRandom().randrange(lowest // 2, lowest)
            with suppress(OSError):
                held.enter_context(socket.create_server(("127.0.0.1", number)))
                found.append(number)
        return found


@contextmanager
def weed(folder: Path) -> Iterator[str]:
    """Run SeaweedFS, which checks signatures; yield its endpoint."""
    keys = {"accessKey": KEY, "secretKey": SECRET}
    actions = ["Admin", "Read", "Write", "List"]
    identities = {"identities": [{"name": "t", "credentials": [keys], "actions": actions}]}
    (folder / "s3.json").write_text(json.dumps(identities))
    ports = dict(
        zip(
            (f"{name}.port{kind}" for name in _WEED_PORTS for kind in ("", ".grpc")),
            free_ports(2 * len(_WEED_PORTS)),
            strict=True,
        )
    )
    words = [
        *(f"-{name}={port}" for name, port in ports.items()),
        *("-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.telemetry=false", "-webdav=false"),
        *("-admin.ui=false", "-s3.port.iceberg=0", "-s3.port.lance=0", "-metricsPort=0"),
        *(f"-dir={folder}", f"-s3.config={folder}/s3.json", f"-bucket={BUCKET}"),
    ]
    endpoint = f"http://127.0.0.1:{ports['s3.port']}"
    with _running([program("weed"), "mini", *words], folder):
        until(lambda: _speaks(ports["s3.port"], f"/{BUCKET}"), 60, "SeaweedFS")
        yield endpoint


@contextmanager
def moto(folder: Path) -> Iterator[str]:
    """Run moto, whose semantics are close to those of AWS; yield its endpoint."""
    [port] = free_ports(1)
    words = [program("moto_server"), "-H", "127.0.0.1", "-p", str(port)]
    with _running(words, folder):
        until(lambda: _speaks(port, "/moto-api/"), 60, "moto")
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _running(words: list[str], folder: Path) -> Iterator[None]:
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": str(folder)}
    with (
        (folder / "server.log").open("wb") as log,
        subprocess.Popen(
            words, cwd=folder, env=environ, stdout=log, stderr=log, start_new_session=True
        ) as server,
    ):
        try:
            yield
        finally:
            os.killpg(server.pid, signal.SIGKILL)


def _speaks(port: int, path: str) -> bool:
    """Return whether an HTTP server answers there without trouble of its own."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as peer:
            peer.sendall(f"GET {path} HTTP/1.0\r\nHost: x\r\n\r\n".encode())
            status = peer.makefile("rb").readline().split(b" ")
    except OSError:
        return False
    return len(status) > 1 and status[1] in {b"200", b"403"}
