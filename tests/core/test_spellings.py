import signal
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core import spellings


@pytest.mark.parametrize("text", ["1", "true", "Yes", " on "])
def test_switch_is_on(text: str) -> None:
    assert spellings.switch(text)


@pytest.mark.parametrize("text", ["0", "false", "No", " off "])
def test_switch_is_off(text: str) -> None:
    assert not spellings.switch(text)


@pytest.mark.parametrize("text", ["15", "TERM", "sigterm", " SIGTERM "])
def test_stop_signal_is_read_by_name_or_number(text: str) -> None:
    assert spellings.stop_signal(text) == signal.SIGTERM


def test_signals_without_a_python_name_are_read_by_number() -> None:
    assert spellings.stop_signal("40") == 40
    assert spellings.signal_name(40) == "40"
    assert spellings.signal_name(15) == "TERM"


def test_timer_can_be_off() -> None:
    read = spellings.seconds(1, 60, off=True)
    assert read("off") == 0.0
    assert read("0") == 0.0
    assert read("1m") == 60.0


def test_stop_list_is_read_in_its_order() -> None:
    steps = (("file", 2.0), ("stdin", 1.0), ("signal", 0.0))
    assert spellings.stop_list("file:2s, STDIN:1s,signal") == steps


def test_stop_list_always_ends_with_the_signal() -> None:
    assert spellings.stop_list("stdin:1s") == (("stdin", 1.0), ("signal", 0.0))
    assert spellings.stop_list("signal") == (("signal", 0.0),)


@given(
    st.lists(st.sampled_from(("file", "stdin")), unique=True).flatmap(
        lambda ways: st.tuples(*(st.tuples(st.just(way), st.integers(1, 99)) for way in ways))
    )
)
def test_stop_list_survives_being_rendered(steps: tuple[tuple[str, int], ...]) -> None:
    full = (*((way, float(cap)) for way, cap in steps), ("signal", 0.0))
    assert spellings.stop_list(spellings.render_stop_list(full)) == full


def test_words_ports_paths_names_tokens_are_read() -> None:
    assert spellings.one_of("stop", "ready")(" Ready ") == "ready"
    assert spellings.port(" 0 ") == 0
    assert spellings.port("65535") == 65_535
    assert spellings.count(" 5000 ") == 5000
    assert spellings.path(" /run/stop ") == "/run/stop"
    assert spellings.socket_path("/run/agent.sock") == "/run/agent.sock"
    assert spellings.names("A_*, B,, ") == ("A_*", "B")
    assert spellings.plain(" blå ") == "blå"
    assert spellings.token("abc.DEF-123=") == "abc.DEF-123="


@pytest.mark.parametrize(
    ("read", "text", "why"),
    [
        (spellings.switch, "maybe", "'maybe' is not a switch; write 1 or 0"),
        (spellings.stop_signal, "99", "'99' is not a signal"),
        (spellings.stop_signal, "HALT", "'HALT' is not a signal"),
        (spellings.stop_signal, "", "'' is not a signal"),
        (spellings.stop_signal, "9" * 5000, "is not a signal"),
        (spellings.seconds(1, 60), "2m", "'2m' is out of bounds; write a duration from 1s to 1m"),
        (spellings.seconds(1, 60, off=True), "2m", "from 1s to 1m, or off"),
        (spellings.seconds(1, 60), "off", "is not a duration"),
        (spellings.one_of("stop", "ready"), "end", "'end' is not one of .* write stop or ready"),
        (spellings.port, "65536", "is not a port; write 1 to 65535, or 0 for any"),
        (spellings.port, "-1", "is not a port"),
        (spellings.count, "5k", "'5k' is not a whole number; write for instance 5000"),
        (spellings.port, "9" * 5000, "is not a port"),
        (spellings.path, "stop", "is not an absolute path; write one that begins with /"),
        (spellings.path, "/a\udcff", "is not an absolute path"),
        (spellings.socket_path, "/" + "å" * 60, "is too long; write at most 107 bytes"),
        (spellings.plain, "a\udcff", "has unprintable characters"),
        (
            spellings.stop_list,
            "email:1s",
            "'email' is not a way to stop; write a list of events",
        ),
        (spellings.stop_list, "", "'' is not a way to stop"),
        (spellings.stop_list, "file:1s,file:2s", "file is there twice"),
        (spellings.stop_list, "signal,file:1s", "file comes after signal; write signal last"),
        (spellings.stop_list, "file", "file has no cap; write for instance file:2s"),
        (spellings.stop_list, "file:x", "'x' is not a duration"),
    ],
)
def test_bad_text_is_refused_with_what_is_allowed(
    read: Callable[[str], object], text: str, why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        read(text)


@pytest.mark.parametrize("text", ["two words", "tab\t", "newline\n", "blå", "x" * 513])
def test_bad_token_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="does not fit into a header") as caught:
        spellings.token(text)
    assert text not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080/stop?now=1", "http://localhost", "HTTP://[::1]:1/"]
)
def test_url_on_loopback_is_taken(url: str) -> None:
    assert spellings.loopback_url(f" {url} ") == url


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.1/",
        "https://127.0.0.1/",
        "http://127.0.0.1.example.com/",
        "http://127.0.0.1@example.com/",
        "http://127.0.0.1:70000/",
        "http://127.0.0.1:0/",
        "http://127.0.0.1/a b",
        "8080",
    ],
)
def test_url_elsewhere_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="is not on loopback"):
        spellings.loopback_url(url)
