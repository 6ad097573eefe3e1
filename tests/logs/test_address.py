"""URLs of log stores, taken apart without a credential in sight."""

import pytest

from agent.errors import SettingsError
from agent.logs.address import parse, split

OURS = ("format", "token", "gzip")


def test_list_is_split_at_commas_spaces_or_lines() -> None:
    text = " https://a/x?q=1,2 ,s3://b/c\nfile:///logs, \n"
    assert split(text) == ("https://a/x?q=1,2", "s3://b/c", "file:///logs")
    assert split(" \n,") == ()


def test_url_is_parted_into_what_is_ours_and_what_is_the_stores() -> None:
    found = parse(
        "HTTPS://u:p%40x@Host:8443/a%2fb?ddsource=x%20y&Token=t+t&header.X-Key=k&z", OURS
    )
    assert found.url == "https://Host:8443/a%2fb?ddsource=x%20y&z"
    assert (found.user, found.password) == ("u", "p@x")
    assert found.options == {"token": "t t"}
    assert found.headers == {"x-key": "k"}


def test_name_holds_no_credential() -> None:
    found = parse(
        "https://me:pass-word@logs.example/receiver/ZaVnC4dhaV3abc1234567890/v1?token=tok3n"
        "&header.api-key=key-1",
        OURS,
    )
    assert found.name == "https://logs.example/receiver/***/v1"
    told = repr(found).replace(found.path, "") + found.name
    for secret in ("pass-word", "tok3n", "key-1", "ZaVnC4dhaV3abc1234567890"):
        assert secret not in told
        assert secret in found.secrets


def test_bucket_with_prefix_is_named_in_full() -> None:
    name = "s3://bucket/games/my-long-game-name-2026-production"
    assert parse(name, ()).name == name


@pytest.mark.parametrize(
    "url", ["", "logs", "https://", "https://[::1", "https://h:99999/", "://h"]
)
def test_what_is_no_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(SettingsError, match=r"cannot use a URL of AGENT_LOG_SINK: .*; ") as caught:
        parse(f"{url}", OURS)
    assert "99999" not in str(caught.value)


@pytest.mark.parametrize("part", ["header.a%20b=c", "header.a=%0d%0ab", "header.=x"])
def test_header_that_http_does_not_take_is_refused(part: str) -> None:
    with pytest.raises(SettingsError, match="is no header; write printable ASCII"):
        parse(f"https://h/?{part}", OURS)


def test_misspelt_option_is_refused_where_nobody_else_could_want_it() -> None:
    with pytest.raises(SettingsError, match=r"'fromat' is not known; did you mean format\?"):
        parse("s3://bucket?fromat=x", OURS, strict=True)
    with pytest.raises(SettingsError, match=r"known are format, token, gzip, header.NAME"):
        parse("s3://bucket?%0a=secret", OURS, strict=True)


@pytest.mark.parametrize(
    ("word", "is_on"), [("1", True), ("Yes", True), ("0", False), ("off", False), ("", True)]
)
def test_switch_is_read(word: str, is_on: bool) -> None:  # noqa: FBT001 - a table's column
    assert parse(f"https://h/?gzip={word}", OURS).switch("gzip", default=True) is is_on


def test_switch_that_is_neither_is_refused() -> None:
    with pytest.raises(SettingsError, match="gzip is a switch; write 1 or 0"):
        parse("https://h/?gzip=maybe", OURS).switch("gzip", default=True)
