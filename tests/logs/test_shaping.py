"""One way for every sink: bytes to an object store, records to the others."""

import gzip
from pathlib import Path

from agent.core.options import Options
from agent.logs.opening import open_sinks
from agent.logs.parcel import Delivered, Sink
from tests.fakes.logstore import Store
from tests.fakes.lokirules import Loki
from tests.fakes.otlprules import Receiver
from tests.logs.parcels import LABELS, parcel

DATA = (
    b"\x1b[33mLogNet: Warning: token=hunter22 from 203.0.113.7:50123\x1b[0m\n"
    b"LogNet: card 4111-1111 caf\xe9\n"
)
ALL = Options(log_redact=(r"\d{4}-\d{4}",), log_redact_ips=True, log_preset="unreal")
TEXTS = [
    "LogNet: Warning: token=******** from ***********:50123",
    "LogNet: card ********* caf�",
]


def opened(url: str, options: Options = ALL) -> Sink:
    (sink,), faults = open_sinks({"AGENT_LOG_SINK": url, "GAME_KEY": "hunter22"}, options)
    assert faults == ()
    return sink


async def test_records_are_redacted_stripped_and_read() -> None:
    receiver, loki = Receiver(), Loki()
    async with Store(usually=receiver.answer) as one, Store(usually=loki.answer) as other:
        for url in (f"{one.url}/v1/logs", f"{other.url}/loki/api/v1/push"):
            sink = opened(url)
            assert await sink.deliver(parcel(DATA), LABELS, 20) == Delivered()
            await sink.aclose()
    assert [record.body.string_value for record in receiver.records] == TEXTS
    assert [record.severity_text for record in receiver.records] == ["WARN", "INFO"]
    assert [line for entries in loki.streams.values() for _, line in entries] == TEXTS


async def test_colours_and_rate_as_the_settings_want_them() -> None:
    receiver = Receiver()
    async with Store(usually=receiver.answer) as store:
        sink = opened(f"{store.url}/v1/logs", Options(log_ansi=True, log_rate=1))
        assert await sink.deliver(parcel(DATA), LABELS, 20) == Delivered()
        await sink.aclose()
    first, told = [record.body.string_value for record in receiver.records]
    assert first.startswith("\x1b[33mLogNet: Warning")
    assert told == "WARN 1 lines suppressed: over 1 in this second"


async def test_files_hold_the_very_bytes_but_for_what_is_covered(tmp_path: Path) -> None:
    sink = opened(f"file://{tmp_path}")
    assert await sink.deliver(parcel(DATA), LABELS, 20) == Delivered()
    (file,) = tmp_path.rglob("*.gz")
    expected = DATA.replace(b"hunter22", b"*" * 8)
    expected = expected.replace(b"203.0.113.7", b"*" * 11).replace(b"4111-1111", b"*" * 9)
    assert gzip.decompress(file.read_bytes()) == expected


async def test_without_a_setting_only_the_secrets_are_covered(tmp_path: Path) -> None:
    sink = opened(f"file://{tmp_path}", Options())
    await sink.deliver(parcel(DATA), LABELS, 20)
    (file,) = tmp_path.rglob("*.gz")
    assert gzip.decompress(file.read_bytes()) == DATA.replace(b"hunter22", b"*" * 8)
