"""Conditions as people write them: read, written again, weighed."""

import pytest

from agent.core.conditions import HEALTH, KINDS, READY, Check, checks, met_by, parse, written


def texts(text: str, kinds: tuple[str, ...] = READY) -> list[str]:
    return [written(member) for member in parse(text, kinds).members]


@pytest.mark.parametrize(
    ("text", "members"),
    [
        ("", []),
        ("auto", ["auto"]),
        ("  API \n\n", ["api"]),
        ("udp:gameport\ntcp: 7777", ["udp:gameport", "tcp:7777"]),
        ("delay:90", ["delay:1m30s"]),
        ("http:8080", ["http:8080/"]),
        ("http:web/ready?x=1", ["http:web/ready?x=1"]),
        ("any(a2s:27015,log:up)", ["any(a2s:27015, log:up)"]),
        ("ANY (\n  api\n  all(udp:7777, delay:5s)\n)", ["any(api, all(udp:7777, delay:5s))"]),
        ("log:map (one|two), loaded", ["log:map (one|two), loaded"]),
        (r"any(log:\(ready\), api)", [r"any(log:\(ready\), api)"]),
        ("any(log:x{1,3}[,)]y, api)", ["any(log:x{1,3}[,)]y, api)"]),
        ("any(log:[])]x, api)", ["any(log:[])]x, api)"]),
        ("log:(a\n|b)\napi", ["log:(a\n|b)", "api"]),
    ],
)
def test_text_is_read_and_can_be_read_again(text: str, members: list[str]) -> None:
    assert texts(text) == members
    assert texts("\n".join(members)) == members


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("api\nfoo:1", "line 2: 'foo:1' is no condition here; write one of auto, api, delay"),
        ("any(\napi)\n\nlog:(", "line 4: cannot read 'log:\\(': that is no regular expression"),
        ("log:", "a regular expression follows"),
        ("udp:", "a port's name or number follows"),
        ("tcp:a b", "a port's name or number follows"),
        ("http:/path", "a port follows, then a path"),
        ("http:80/a b", "a port follows, then a path"),
        ("delay:soon", "is not a duration"),
        ("api:now", "nothing follows here"),
        ("any()", "holds no condition"),
        ("any(api))", "one \\) too many"),
        ("any(api), any(api)", "one \\) too many"),
        ("port", "'port' is no condition here"),
        ("any(" * 20 + "api" + ")" * 20, "nested too deeply"),
        ("api\n" * 33, "too many conditions"),
        ("log:" + "x" * 5000, "too many; write at most 4096"),
    ],
)
def test_text_that_cannot_be_read_is_refused_with_its_line(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse(text, READY)


def test_each_kind_has_a_meaning_somewhere() -> None:
    assert set(KINDS) == set(READY) | set(HEALTH)


def test_conditions_of_health_are_others() -> None:
    assert texts("port\nlog!:^FATAL", HEALTH) == ["port", "log!:^FATAL"]
    with pytest.raises(ValueError, match="'api' is no condition here"):
        parse("api", HEALTH)


@pytest.mark.parametrize(
    ("holds", "by"),
    [
        ("", None),
        ("api", None),
        ("api udp:1", ("udp:1", "api")),
        ("log:a udp:1", ("udp:1", "log:a")),
        ("udp:1 delay:1s", None),
        ("udp:1 delay:1s tcp:2", ("udp:1", "delay:1s", "tcp:2")),
    ],
)
def test_all_lines_have_to_hold_and_any_of_a_group(holds: str, by: tuple[str, ...] | None) -> None:
    condition = parse("udp:1\nany(api, log:a, all(delay:1s, tcp:2))", READY)
    known = holds.split()
    assert met_by(condition, lambda each: each.text if each.text in known else None) == by


def test_checks_are_told_in_their_order() -> None:
    found = list(checks(parse("any(api, udp:1)\nlog:x", READY)))
    assert found == [Check("api"), Check("udp", "1"), Check("log", "x")]
