"""How bytes are compressed on the way to a sink."""

import gzip
import time
from pathlib import Path

import pytest
import zstandard

from agent.core.options import Options
from agent.errors import SettingsError
from agent.logs import codecs
from agent.logs.opening import open_sinks
from agent.logs.parcel import Delivered
from agent.logs.probe import faults
from agent.logs.stores import make_sink
from tests.fakes.logstore import Store
from tests.logs.parcels import LABELS, parcel


def without_zstandard(name: str) -> None:
    assert name == "zstandard"


async def test_records_go_as_zstd_where_that_is_asked_for() -> None:
    async with Store() as store:
        sink = make_sink(f"{store.url}/v1/logs?compress=zstd", {}, {})
        assert await sink.deliver(parcel(), LABELS, 60) == Delivered()
        await sink.aclose()
    (sent,) = store.requests
    assert sent.headers["content-encoding"] == "zstd"
    assert b'"one"' in zstandard.decompress(sent.body)


@pytest.mark.parametrize(
    ("word", "suffix", "unpack"),
    [
        ("zstd", ".zst", zstandard.decompress),
        ("gzip", ".gz", gzip.decompress),
        ("none", "", bytes),
    ],
)
async def test_files_are_named_by_what_they_are(
    tmp_path: Path, word: str, suffix: str, unpack: type[bytes]
) -> None:
    sink = make_sink(f"file://{tmp_path}?compress={word}", {}, {})
    assert await sink.deliver(parcel(), LABELS, 60) == Delivered()
    [file] = (path for path in tmp_path.rglob("*") if path.is_file())
    assert file.name.endswith(f".log{suffix}")
    assert unpack(file.read_bytes()) == parcel().data


@pytest.mark.parametrize("codec", [codecs.GZIP, codecs.ZSTD, codecs.NONE])
def test_same_bytes_become_the_same_bytes_at_any_time(
    codec: codecs.Codec, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = set()
    for now in (1e9, 2e9):
        monkeypatch.setattr(time, "time", lambda now=now: now)
        made.add(codec.compress(b"line\n" * 999))
    assert len(made) == 1


async def test_without_the_package_it_is_gzip_with_a_line_that_has_the_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codecs, "find_spec", without_zstandard)
    url = f"file://{tmp_path}?compress=zstd"
    (sink,), told = open_sinks({"AGENT_LOG_SINK": url}, Options())
    (line,) = told
    assert line.startswith(
        f"cannot compress for file://{tmp_path} with zstd: the package zstandard"
    )
    assert line.endswith("so it is gzip; pip install 'arbitrium-agent[zstd]'")
    assert faults({"AGENT_LOG_SINK": url}) == told
    assert await sink.deliver(parcel(), LABELS, 60) == Delivered()
    [file] = tmp_path.rglob("*.log.gz")
    assert gzip.decompress(file.read_bytes()) == parcel().data


def test_loki_takes_no_zstd() -> None:
    with pytest.raises(SettingsError, match="Loki takes no zstd; write compress=gzip"):
        make_sink("https://h/loki/api/v1/push?compress=zstd", {}, {})
