"""Injected variables that are absent, empty, mistyped or malformed."""

import pytest

from agent.edgegap.environment import facts
from agent.edgegap.location import LOCATION, Location


def location(text: str) -> tuple[Location | None, tuple[str, ...]]:
    read = facts({LOCATION: text})
    return read.deployment.location, read.complaints


@pytest.mark.parametrize("text", ["{", "NaN", "[]", '"Montreal"', "7", '{"a": 1} x', "[" * 5000])
def test_malformed_json_is_named(text: str) -> None:
    place, complaints = location(text)
    assert place is None
    assert len(complaints) == 1
    assert complaints[0].startswith("ARBITRIUM_DEPLOYMENT_LOCATION is ")


def test_json_that_is_null_is_the_same_as_nothing_there() -> None:
    assert location("null") == (None, ())


def test_huge_json_is_not_read() -> None:
    place, complaints = location(" {" + "x" * 300_000)
    assert place is None
    assert "is longer than" in complaints[0]


def test_json_too_deep_to_be_answered_is_not_taken() -> None:
    deep = '{"city": ' + "[" * 40 + "]" * 40 + "}"
    assert "nested too deep" in location(deep)[1][0]


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("tag1,tag2", ("tag1", "tag2")),
        (" tag1 , ,tag2,", ("tag1", "tag2")),
        ('["tag1","tag2"]', ("tag1", "tag2")),
        ('["tag1", 7, null]', ("tag1", "7")),
        ("[]", ()),
        ("one", ("one",)),
    ],
)
def test_tags_are_read_with_commas_or_as_a_json_list(text: str, tags: tuple[str, ...]) -> None:
    read = facts({"ARBITRIUM_DEPLOYMENT_TAGS": text})
    assert read.deployment.tags == tags
    assert read.complaints == ()


def test_malformed_list_of_tags_is_named() -> None:
    read = facts({"ARBITRIUM_DEPLOYMENT_TAGS": '["tag1",'})
    assert read.deployment.tags == ()
    [line] = read.complaints
    assert line.startswith("ARBITRIUM_DEPLOYMENT_TAGS is not JSON: ")


def test_bytes_that_are_not_utf_8_are_named() -> None:
    read = facts({"ARBITRIUM_HOST_ID": "caf\udce9", "MM_TICKET_\udce9": "{}"})
    assert read.deployment.host.id is None
    assert read.complaints == ("ARBITRIUM_HOST_ID is not UTF-8; going on without it",)


def test_bad_variable_that_is_read_twice_is_named_once() -> None:
    read = facts({"MM_MATCH_ID": "\udce9", "MM_MATCH_PROFILE": "x"})
    assert read.complaints == ("MM_MATCH_ID is not UTF-8; going on without it",)
