"""A real OpenTelemetry collector takes what we send."""

import os
import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.logs.parcel import Delivered, Failed
from agent.logs.records import Style
from agent.logs.stores import make_sink
from tests.logs.parcels import LABELS, NOON, parcel
from tests.logs.servers import PROGRAMS, free_ports
from tests.tools import need
from tests.waiting import until

LINES = b"[2025.11.25-12.00.00:000][  7]LogNet: Warning: late\xff\nLogInit: \xc3\xa9tat\n"


def program() -> str:
    """Return rotel's program, which its package has beside its Python files."""
    found = [*PROGRAMS.parent.glob("lib/python3*/site-packages/rotel/rotel-agent")]
    need("rotel", package="it with `make servers`", there=bool(found))
    return str(found[0])


@contextmanager
def rotel(printed: Path) -> Iterator[str]:
    """Run the collector; yield its address, what it got is printed."""
    http, grpc = free_ports(2)
    words = [
        *(program(), "start", "--exporter", "blackhole"),
        *("--debug-log", "logs", "--debug-log-verbosity", "detailed"),
        *("--otlp-http-endpoint", f"127.0.0.1:{http}"),
        *("--otlp-grpc-endpoint", f"127.0.0.1:{grpc}"),
    ]
    with (
        printed.open("wb") as out,
        subprocess.Popen(
            words, env={"PATH": os.environ["PATH"]}, stdout=out, stderr=out
        ) as collector,
    ):
        try:
            until(lambda: listens(http), 60, "rotel")
            yield f"http://127.0.0.1:{http}"
        finally:
            collector.kill()


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


async def test_real_collector_gets_every_record_with_all_that_is_known_of_it(
    tmp_path: Path,
) -> None:
    printed = tmp_path / "printed"
    with rotel(printed) as url:
        sink = make_sink(f"{url}?format=otlp", {}, {}, Style(preset="unreal"))
        assert await sink.deliver(parcel(LINES), LABELS, 60) == Delivered(0)
        until(lambda: printed.read_text().count("LogRecord #") == 2, 60, "the second record")
        await sink.aclose()
    text = printed.read_text()
    assert "service.instance.id: Str(23c01225b99d-7f3a)" in text
    assert "location: Str(Montréal)" in text
    assert re.findall(r"Body: Str\((.*)\)", text) == [
        "[2025.11.25-12.00.00:000][  7]LogNet: Warning: late�",
        "LogInit: état",
    ]
    assert re.findall(r"\nTimestamp: (\d+)", text) == [str(NOON), str(NOON + len(LINES) - 15)]
    assert re.findall(r"SeverityNumber: \w+\((\d+)\)", text) == ["13", "9"]
    assert re.findall(r"log\.category: Str\((\w+)\)", text) == ["LogNet", "LogInit"]
    assert re.findall(r"log\.record\.uid: Str\(stdout:(\d+)\)", text) == [
        "0", str(len(LINES) - 15),
    ]  # fmt: skip


async def test_collector_that_is_not_there_yet_is_worth_another_try() -> None:
    [port] = free_ports(1)
    sink = make_sink(f"http://127.0.0.1:{port}?format=otlp", {}, {})
    assert isinstance(await sink.deliver(parcel(), LABELS, 20), Failed)
    await sink.aclose()
