"""The self-stop call's address, with what may be told about it."""

import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core import selfstop

URL = "https://api.edgegap.com/v1/self/stop/23c01225b99d/463660"
TOKEN = "6b3f0c1d2e4a5b6c7d8e9f0a1b2c3d4e"


def test_url_is_used_as_given() -> None:
    assert selfstop.address(f" {URL}\n", "") == URL


def test_log_storage_goes_into_the_query() -> None:
    assert selfstop.address(URL, "my-storage") == f"{URL}?container_log_storage=my-storage"
    assert selfstop.address(f"{URL}?a=1", "true") == f"{URL}?a=1&container_log_storage=true"


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_log_storage_arrives_as_it_was_named(storage: str) -> None:
    query = urllib.parse.urlsplit(selfstop.address(URL, storage)).query
    assert urllib.parse.parse_qs(query, keep_blank_values=True) == {
        "container_log_storage": [storage]
    }


@pytest.mark.parametrize(
    ("url", "token", "word"),
    [
        ("", TOKEN, "DELETE_URL"),
        ("ftp://host/v1", TOKEN, "DELETE_URL"),
        ("https://host/a b", TOKEN, "DELETE_URL"),
        ("https://host/\u00e9", TOKEN, "DELETE_URL"),
        (URL, " ", "DELETE_TOKEN is empty"),
        (URL, "a\r\nx-evil: 1", "DELETE_TOKEN holds"),
    ],
)
def test_a_call_that_cannot_be_made_is_explained_without_its_secrets(
    url: str, token: str, word: str
) -> None:
    why = selfstop.fault(url, token)
    assert why is not None
    assert word in why
    assert "evil" not in why


def test_a_call_that_can_be_made_has_no_fault() -> None:
    assert selfstop.fault(f" {URL} ", f"{TOKEN}\n") is None


def test_an_answer_is_told_in_one_bounded_line() -> None:
    told = selfstop.tell(503, "try\n\tlater " + "x" * 999, url=URL, token=TOKEN)
    assert told.startswith("503: try later xxx")
    assert len(told) == 205


@pytest.mark.parametrize("message", [None, 7, [], {}, ""])
def test_an_answer_without_a_message_is_its_status_code(message: object) -> None:
    assert selfstop.tell(500, message, url=URL, token=TOKEN) == "500"


def test_a_redirect_is_told_as_one() -> None:
    assert "not followed" in selfstop.tell(302, "x", url=URL, token=TOKEN)


def test_a_talkative_answer_does_not_give_the_secrets_away() -> None:
    message = f"no {TOKEN} at {URL}, /v1/self/stop/23c01225b99d/463660, stop/463660 or key 463660"
    told = selfstop.tell(403, message, url=URL, token=TOKEN)
    assert TOKEN not in told
    assert "463660" not in told


def test_a_short_stop_key_is_masked_as_a_path_segment_only() -> None:
    url = "http://127.0.0.1:1/v1/self/stop/abc/66"
    assert selfstop.masked("66 tries at stop/66", url=url, token="") == "66 tries at stop/***"


def test_masking_with_nothing_to_hide_changes_nothing() -> None:
    assert selfstop.masked("a/b", url="", token="") == "a/b"


@pytest.mark.parametrize(
    ("url", "name"),
    [(URL, "23c01225b99d"), (f"{URL}/?a=b", "23c01225b99d"), ("https://host/x", ""), ("", "")],
)
def test_deployment_id_is_read_from_the_url(url: str, name: str) -> None:
    assert selfstop.deployment_id(url) == name
