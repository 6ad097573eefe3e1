import base64
import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import journal

LOG = logging.getLogger("agent.test")


def fail(why: str) -> None:
    raise ValueError(why)


@pytest.fixture(autouse=True)
def untouched_logging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let each test begin with no secret known, leave the rest of the run its own logging."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    monkeypatch.setattr(journal, "_secrets", set())
    monkeypatch.setattr(journal, "_forms", [])
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_text_line_carries_time_level_words_then_fields(
    capsys: pytest.CaptureFixture[str],
) -> None:
    journal.setup("text")
    LOG.warning("stop: %s", "requested", extra={"seconds": 2.5, "why": 'patch "day"', "id": ""})
    assert re.fullmatch(
        r"agent: \d\d:\d\d:\d\d\.\d{3}Z warning stop: requested "
        r'seconds=2\.5 why="patch \\"day\\"" id=""\n',
        capsys.readouterr().err,
    )


def test_json_line_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    journal.setup("json")
    LOG.info("game\nready", extra={"pid": 12})
    (line,) = capsys.readouterr().err.splitlines()
    told = json.loads(line)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", told.pop("time"))
    assert told == {"level": "info", "source": "agent", "message": "game\nready", "pid": 12}


def test_words_of_a_game_cannot_forge_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    journal.setup("text")
    LOG.info("why: %s", "x\nagent: 00:00:00.000Z info all is well\x1b[2J")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("why: x\\nagent: 00:00:00.000Z info all is well\\x1b[2J")


def test_traceback_is_kept_with_its_lines_indented(capsys: pytest.CaptureFixture[str]) -> None:
    journal.setup("text")
    try:
        fail("two\nlines")
    except ValueError:
        LOG.exception("cannot go on")
    first, *rest = capsys.readouterr().err.splitlines()
    assert first.endswith("error cannot go on")
    assert rest[0] == "    Traceback (most recent call last):"
    assert rest[-2:] == ["    ValueError: two", "    lines"]


def test_traceback_is_a_field_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    journal.setup("json")
    try:
        fail("no")
    except ValueError:
        LOG.exception("cannot go on")
    assert json.loads(capsys.readouterr().err)["exception"].endswith("ValueError: no")


def test_later_setup_replaces_the_earlier(capsys: pytest.CaptureFixture[str]) -> None:
    journal.setup("text")
    journal.setup("json")
    LOG.info("once")
    LOG.debug("never")
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["message"] == "once"


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_secret_is_masked_in_message_fields_traceback(
    capsys: pytest.CaptureFixture[str], log_format: str
) -> None:
    journal.setup(log_format)
    journal.mask("se/cr+et")
    try:
        fail("bad se/cr+et")
    except ValueError:
        LOG.exception("with %s", "se/cr+et", extra={"url": "http://h/se%2Fcr%2Bet/0"})
    text = capsys.readouterr().err
    assert "cr+et" not in text
    assert "cr%2Bet" not in text
    assert text.count("***") >= 3


@given(st.text(min_size=6, max_size=40), st.binary(max_size=5), st.binary(max_size=5))
def test_secret_is_masked_in_every_form(secret: str, before: bytes, after: bytes) -> None:
    journal._secrets.clear()  # the examples before this one
    journal.mask(secret)
    raw = secret.encode(errors="surrogateescape")
    forms = {
        secret,
        quote(raw, safe=""),
        quote(raw, safe="").lower() if secret.islower() else secret,
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
    }
    for form in forms:
        assert form not in journal.masked(f"x {form} y")
    inside = base64.b64encode(before + raw + after).decode()
    core = base64.b64encode(raw).decode().rstrip("=")
    for encoded in (inside, inside.translate(str.maketrans("+/", "-_"))):
        assert journal.MASK in journal.masked(f"Basic {encoded}")
    assert core not in journal.masked(base64.b64encode(raw).decode())


def test_longer_secret_is_masked_whole_when_another_is_its_beginning() -> None:
    journal.mask("token")
    journal.mask("token-of-length")
    assert journal.masked("a token-of-length b") == "a *** b"
    assert journal.masked("a token b") == "a *** b"


def test_short_words_are_no_secrets() -> None:
    journal.mask("")
    journal.mask("abc")
    assert journal.masked("abcdef") == "abcdef"


def test_same_secret_twice_is_one() -> None:
    journal.mask("sesame-open")
    journal.mask("sesame-open")
    assert journal.masked("sesame-open") == "***"


def test_journal_is_light() -> None:
    code = (
        "import sys; before = set(sys.modules); import agent.journal; "
        "print(*set(sys.modules) - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    heavy = {"asyncio", "aiohttp", "pydantic", "msgspec", "urllib.parse", "base64", "socket"}
    assert not heavy & set(done.stdout.split())
