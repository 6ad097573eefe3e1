"""Which sink a URL stands for."""

import subprocess
import sys
from pathlib import Path

import pytest

from agent import journal
from agent.errors import SettingsError
from agent.logs.attempts import Attempts
from agent.logs.parcel import Unit
from agent.logs.stores import make_sink

PAIR = {"AGENT_LOG_AWS_ACCESS_KEY_ID": "AKIA", "AGENT_LOG_AWS_SECRET_ACCESS_KEY": "secret"}


@pytest.mark.parametrize(
    ("url", "module", "unit"),
    [
        ("s3://bucket/games?region=eu-west-1", "s3", Unit.SEGMENT),
        ("file:///var/log/games", "folder", Unit.SEGMENT),
        ("gs://bucket/games", "clouds", Unit.SEGMENT),
        ("https://h/v1/logs", "push", Unit.LINES),
        ("https://h/loki/api/v1/push/", "push", Unit.LINES),
        ("https://h/anything?format=otlp", "push", Unit.LINES),
        ("http://h", "push", Unit.LINES),
        ("HTTPS://h/v1/logs?format=NDJSON", "push", Unit.LINES),
    ],
)
def test_url_makes_its_sink(url: str, module: str, unit: Unit) -> None:
    sink = make_sink(url, PAIR, {})
    assert isinstance(sink, Attempts)
    assert type(sink.store).__module__ == f"agent.logs.{module}"
    assert sink.unit is unit
    assert sink.name.lower() == url.lower().partition("?")[0]


@pytest.mark.parametrize(
    ("url", "fix"),
    [
        ("ftp://h/x", "write s3://bucket/prefix, https://host/path or file:///folder"),
        ("gs://-", "write gs://name/prefix"),
        ("gs://me:pw@bucket", "set AGENT_LOG_GOOGLE_SERVICE_ACCOUNT_KEY"),
        ("az://logs", "write az://ACCOUNT:KEY@container/prefix"),
        ("az://logs?contianer=x", "known are endpoint, once, compress"),
        ("https://h/?format=syslog", "write ndjson, otlp or loki"),
        ("https://h/?format=s3", "write ndjson, otlp or loki"),
        ("https://h/?format=ndjson&batch=10", "write batch=64KiB"),
        ("https://h/?format=ndjson&batch=much", "write 33554432, 32MiB, 64M or 1G"),
        ("https://h/?format=ndjson&compress=lz4", "write gzip, zstd or none"),
        ("s3://bucket?region=x&once=perhaps", "write 1 or 0"),
        ("s3://bucket", "add ?region="),
        ("s3://-/x?region=x", "write s3://bucket/prefix"),
        ("s3://bucket?regoin=x", "did you mean region"),
        ("s3://bucket?endpoint=ftp://h", "write endpoint=https://host"),
        ("s3://bucket?endpoint=http://[::1", "write endpoint=https://host"),
        ("s3://bucket?endpoint=http://h:99999", "write endpoint=https://host"),
        ("s3://bucket?region=a%20b", "write us-east-1"),
        ("s3://KEY@bucket?region=x", "give both"),
        ("s3://KEY:%C3%BC@bucket?region=x", "is not ASCII; correct it"),
        ("https://h/\udcff", "percent-encode what is special"),
    ],
)
def test_bad_url_is_refused_with_the_fix(url: str, fix: str) -> None:
    with pytest.raises(SettingsError) as caught:
        make_sink(url, PAIR, {})
    assert fix in str(caught.value)


def test_credentials_of_the_url_are_masked_in_every_line() -> None:
    make_sink("https://me:pa55-word@h/?token=t0ken-1&header.x-key=k3y-2", {}, {})
    assert journal.masked("pa55-word t0ken-1 k3y-2") == "*** *** ***"


def test_only_the_sink_that_is_asked_for_is_loaded() -> None:
    code = (
        "import sys; from agent.logs.stores import make_sink; before = 'aiohttp' in sys.modules;"
        "make_sink('file:///tmp/x', {}); print(before, 'agent.logs.folder' in sys.modules,"
        "'agent.logs.s3' in sys.modules)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root
    )
    assert done.stdout == "False True False\n"
