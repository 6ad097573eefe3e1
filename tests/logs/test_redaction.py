"""What must not leave is covered, everything else stays where it was."""

import base64
import re
import signal
import threading
from collections.abc import Iterator
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.logs.parcel import Parcel
from agent.logs.redaction import MATCHED_BYTES, Redactor, Removed, compiled
from agent.patience import ImpatienceError, Patience
from tests.logs.parcels import parcel

TOKEN = "6b3f0c1d2e4a5b6c/7d8e+9f0a"


def redacted(redactor: Redactor, data: bytes) -> tuple[bytes, Removed]:
    removed = Removed()
    return redactor.redact(parcel(data), removed).data, removed


def test_secret_is_covered_by_as_many_asterisks() -> None:
    data, removed = redacted(Redactor.of([TOKEN]), f"token={TOKEN}!\n".encode())
    assert data == b"token=" + b"*" * len(TOKEN) + b"!\n"
    assert removed.counters() == {"redacted": 1, "withheld": 0}


@pytest.mark.parametrize(
    "form",
    [
        "6b3f0c1d2e4a5b6c%2F7d8e%2B9f0a",
        base64.b64encode(TOKEN.encode()).decode(),
        "6b3f0c1d2e4a5b6c%2f7d8e%2b9f0a",
    ],
)
def test_secret_is_found_in_disguise(form: str) -> None:
    data, removed = redacted(Redactor.of([TOKEN]), f"x {form} y\n".encode())
    assert form.encode() not in data
    assert data.count(b"*") >= len(form) - 4
    assert removed.redacted == 1


def test_shorter_secret_inside_of_a_longer_one_is_covered_once() -> None:
    data, removed = redacted(Redactor.of(["secret", "my-secret-key"]), b"my-secret-key secret\n")
    assert data == b"************* ******\n"
    assert removed.redacted == 2


def test_secret_of_several_lines_leaves_the_lines_alone() -> None:
    redactor = Redactor.of(["BEGIN\nKEY"])
    assert redacted(redactor, b"a BEGIN\nKEY b\n")[0] == b"a *****\n*** b\n"


def test_word_of_three_letters_is_no_secret() -> None:
    assert redacted(Redactor.of(["", "abc"]), b"abc\n")[0] == b"abc\n"


def test_parcel_without_a_secret_is_the_very_same() -> None:
    once = parcel(b"nothing here\n")
    assert Redactor.of([TOKEN], compiled(["x{3}"]), hides_ips=True).redact(once, Removed()) is once


def test_secrets_are_not_shown() -> None:
    assert TOKEN not in repr(Redactor.of([TOKEN]))


pieces = st.lists(st.sampled_from([b"hunter22", b"hunter2", b"\n", b"ab", b"\xff", b"22"]))


@given(pieces)
def test_length_lines_offsets_stay_whatever_is_covered(given_pieces: list[bytes]) -> None:
    data = b"".join(given_pieces)
    covered, _ = redacted(Redactor.of(["hunter2"], compiled(["a(b)"])), data)
    assert b"hunter2" not in covered
    assert len(covered) == len(data)
    for before, after in zip(data, covered, strict=True):
        assert after in (before, ord("*"))
        assert (before == 10) == (after == 10)


def test_pattern_covers_what_it_matches_or_its_groups() -> None:
    patterns = compiled([r"password=(\S+)", r"card \d+"])
    data, removed = redacted(Redactor.of([], patterns), b"password=abc card 123\n")
    assert data == b"password=*** ********\n"
    assert removed.redacted == 2


def test_pattern_that_matches_nothing_covers_nothing() -> None:
    assert redacted(Redactor.of([], compiled(["x*", "(y)?"])), b"abc\n")[0] == b"abc\n"


def test_pattern_sees_one_line_at_a_time() -> None:
    assert redacted(Redactor.of([], compiled(["^b.*$"])), b"ab\nba\nb")[0] == b"ab\n**\n*"


def test_only_the_first_4_kib_of_a_line_are_matched() -> None:
    line = b"x" * (MATCHED_BYTES - 3) + b"key" + b"key\n"
    data, _ = redacted(Redactor.of([], compiled(["key"])), line)
    assert data.endswith(b"x***key\n")


def test_bad_pattern_is_named() -> None:
    with pytest.raises(ValueError, match="pattern 2 is no regular expression"):
        compiled(["fine", "(oops"])


@pytest.mark.parametrize(
    "line",
    [
        b"join from 203.0.113.7:50123",
        b"join from 10.0.0.4",
        b"[2001:db8::1]:7777 joined",
        b"peer 2001:db8:0:0:1:2:3:4",
        b"peer ::ffff:203.0.113.7",
        b"fe80::1, next",
    ],
)
def test_addresses_are_covered_by_switch(line: bytes) -> None:
    data, removed = redacted(Redactor.of([], hides_ips=True), line + b"\n")
    assert removed.redacted == 1
    assert b"**" in data
    assert redacted(Redactor.of([]), line + b"\n")[0] == line + b"\n"


@pytest.mark.parametrize(
    "line",
    [
        b"12:00:00 started",
        b"listening on 127.0.0.1:7777 or 0.0.0.0",
        b"[::1]:80 or ::",
        b"Foo::bar(), std::add",
        b"build 999.1.2.3",
        b"1.2.3.4.5",
        b"aa:bb:cc:dd:ee:ff",
    ],
)
def test_what_is_no_address_of_a_player_stays(line: bytes) -> None:
    assert redacted(Redactor.of([], hides_ips=True), line + b"\n")[0] == line + b"\n"


EVIL = [r"(a+)+$", r"(?:a|a)*$", r".*.*.*.*.*.*x"]


@pytest.mark.parametrize("pattern", EVIL)
def test_pattern_that_never_ends_costs_its_line_not_the_agent(pattern: str) -> None:
    line = b"a" * 4000 + b"b"
    data, removed = redacted(Redactor.of([], compiled([pattern])), b"first\n" + line + b"\nlast\n")
    assert data.startswith(b"first\n[withheld: a pattern of AGENT_LOG_REDACT takes too long]***")
    assert data.endswith(b"***\nlast\n")
    assert len(data) == len(line) + 12
    assert removed.withheld == 1


def test_after_three_slow_lines_the_rest_is_withheld_unseen() -> None:
    slow = b"a" * 4000 + b"b\n"
    data = b"first\n" + slow * 20 + b"aaa\n" * 100_000
    covered, removed = redacted(Redactor.of([], compiled([EVIL[0]])), data)
    assert removed.withheld == 100_020
    assert covered.startswith(b"first\n[with")
    assert b"a" * 3 not in covered.replace(b"takes too", b"")
    assert covered.count(b"\n") == data.count(b"\n")


def test_short_line_is_withheld_within_its_own_length() -> None:
    data, _ = redacted(Redactor.of([], compiled([r"(a+)+$"])), b"a" * 40 + b"b\n")
    assert data == b"[withheld: a pattern of AGENT_LOG_REDACT "[:41] + b"\n"


def test_busy_parcel_is_not_mistaken_for_a_slow_line() -> None:
    many = b"the quick brown fox jumps over the lazy dog\n" * 20_000
    data, removed = redacted(Redactor.of([], compiled([r"fox (\w+)"])), many)
    assert (removed.redacted, removed.withheld) == (20_000, 0)
    assert data.count(b"*****") == 20_000


def test_secret_that_reaches_out_of_a_withheld_line_is_covered_too() -> None:
    line = b"a" * 4000 + b"SECRET\nKEY rest\n"
    redactor = Redactor.of(["SECRET\nKEY"], compiled([r"(a+)+$"]))
    data, removed = redacted(redactor, line)
    assert b"SECRET" not in data
    assert b"KEY" not in data
    assert data.endswith(b"* rest\n")
    assert removed.counters() == {"redacted": 0, "withheld": 1}


def test_in_a_thread_nobody_watches() -> None:
    """Signals come to the main thread only: there a search takes what it takes."""
    seen: list[tuple[int, int]] = []

    def search() -> None:
        patience = Patience()
        with patience.watching():
            seen.extend(patience.search(re.compile(rb"\d"), b"1 2"))

    thread = threading.Thread(target=search)
    thread.start()
    thread.join()
    assert seen == [(0, 1), (2, 3)]


def test_search_that_is_over_is_not_ended_later() -> None:
    evil = re.compile(EVIL[0].encode())
    for patience in (Patience(), Patience()):
        with patience.watching():
            for _ in range(2):
                with pytest.raises(ImpatienceError):
                    patience.search(evil, b"a" * 4000 + b"b")
                assert patience.search(re.compile(b"b"), b"ab") == [(1, 2)]
    signal.raise_signal(signal.SIGVTALRM)  # the timer's last word, late


class Elsewhere:
    """A pattern in whose search other code runs, as a finaliser or the collector's callback."""

    groups = 0

    def finditer(self, _data: bytes) -> Iterator[re.Match[bytes]]:
        signal.raise_signal(signal.SIGVTALRM)
        signal.raise_signal(signal.SIGVTALRM)
        return iter(())


def test_search_is_never_ended_within_other_code() -> None:
    """What is raised in a finaliser is lost, with a message that nobody can use."""
    patience = Patience()
    with patience.watching():
        assert patience.search(cast("re.Pattern[bytes]", Elsewhere()), b"") == []


def test_marks_are_as_they_were() -> None:
    marks = ((5, 1), (9, 2))
    once = Parcel("stdout", 5, b"abc TOKEN-TOKEN\n", marks, is_tail=True)
    after = Redactor.of(["TOKEN-TOKEN"]).redact(once, Removed())
    assert (after.marks, after.start, after.is_tail) == (marks, 5, True)
