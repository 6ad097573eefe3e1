import pytest

from agent.errors import SettingsError
from agent.pid1 import options
from agent.pid1.options import Options, read_argv, read_environ
from tests.pid1.stage import clean_environ, run

BAD = {
    "AGENT_PORT": "99999",
    "AGENT_SOCKET": "relative.sock",
    "AGENT_TOKEN": "line\nbreak",
    "AGENT_GRACE": "soon",
    "AGENT_STOP_SIGNAL": "SIGSTOPIT",
    "AGENT_SECRETS": "perhaps",
    "AGENT_SPOOL_DIR": "relative",
    "AGENT_SPOOL_MAX": "lots",
    "AGENT_STRICT": "perhaps",
    "AGENT_MODE": "watch",
}


def read(**environ: str) -> Options:
    it = Options()
    read_environ(environ, it)
    return it


def values(it: Options) -> dict[str, object]:
    return {name: value for name, value in vars(it).items() if name != "notices"}


@pytest.mark.parametrize("name", BAD)
def test_bad_value_is_its_default_and_one_line(name: str) -> None:
    it = read(**{name: BAD[name]})
    assert values(it) == values(Options())
    assert len(it.notices) == 1
    assert it.notices[0].startswith(f"cannot use {name}: ")
    if name == "AGENT_TOKEN":
        assert "break" not in it.notices[0]


def test_bad_value_is_told_when_the_game_starts() -> None:
    result = run("--", "true", environ=clean_environ(AGENT_GRACE="soon"))
    assert result.returncode == 0
    assert "agent[pid1]: cannot use AGENT_GRACE: 'soon' is not a duration" in result.stderr


def test_table_holds_the_defaults_that_are_used() -> None:
    it = Options()
    read_environ({name: default for name, default, _ in options.SETTINGS}, it)
    it.grace_given = it.spool_max_given = False
    it.sdk_ports.clear()  # a port that was not set is known by its face alone
    assert values(it) == values(Options())
    assert it.notices == []
    assert set(options.DEFAULTS) == set(options._READERS)


def test_strict_refuses_what_it_could_replace() -> None:
    with pytest.raises(SettingsError, match=r"AGENT_PORT.*AGENT_STRICT=1 refuses"):
        read(AGENT_STRICT="1", AGENT_PORT="x")


def test_good_values_are_read() -> None:
    it = read(
        AGENT_PORT="0",
        AGENT_SOCKET="/run/agent.sock",
        AGENT_TOKEN="t",
        AGENT_GRACE="1m30s",
        AGENT_STOP_SIGNAL="int",
        AGENT_SECRETS="Strip",
        AGENT_SECRET_NAMES="A_*, B,,",
        AGENT_GAME_USER="1000",
        AGENT_SPOOL_DIR="/var/spool",
        AGENT_SPOOL_MAX="64MiB",
        AGENT_STRICT="on",
    )
    assert (it.port, it.socket, it.token, it.grace) == (0, "/run/agent.sock", "t", 90.0)
    assert (it.grace_given, it.stop_signal, it.secrets) == (True, 2, "strip")
    assert (it.secret_names, it.game_user, it.strict) == (("A_*", "B"), "1000", True)
    assert (it.spool_dir, it.spool_max) == ("/var/spool", 64 << 20)


@pytest.mark.parametrize("text", ["0", "0s"])
def test_no_grace_at_all_is_refused(text: str) -> None:
    assert read(AGENT_GRACE=text).notices


def test_empty_value_is_no_value() -> None:
    it = read(AGENT_GRACE=" ", AGENT_PORT="")
    assert (it.grace_given, it.port, it.notices) == (False, 8655, [])


@pytest.mark.parametrize(
    "argv",
    [
        ["--no-setsid", "--", "game", "--no-agent", "--"],
        ["--no-setsid", "game", "--no-agent", "--"],
    ],
)
def test_first_word_that_is_no_option_begins_the_command(argv: list[str]) -> None:
    it = Options()
    read_argv(argv, it)
    assert it.command == ["game", "--no-agent", "--"]
    assert (it.setsid, it.agent) == (False, True)


def test_every_option_is_read() -> None:
    it = Options()
    read_argv(
        [
            "--no-agent",
            "--single-child",
            "--rewrite",
            "1:2",
            "--rewrite=3:0",
            "--leftovers",
            "term",
        ],
        it,
    )
    assert (it.agent, it.single_child, it.rewrites) == (False, True, {1: 2, 3: 0})
    assert (it.leftovers, it.command) == ("term", [])


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--bogus"], "--bogus"),
        (["--rewrite"], "--rewrite"),
        (["--rewrite", "1"], "FROM:TO"),
        (["--rewrite", "x:1"], "'x' is not a signal"),
        (["--rewrite", "1:99"], "'99' is not a signal"),
        (["--leftovers", "some"], "none, term or kill"),
    ],
)
def test_option_that_cannot_be_read_is_named(argv: list[str], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        read_argv(argv, Options())


def test_two_modes_are_asked_for() -> None:
    for word, mode in (("--help", "help"), ("-h", "help"), ("--version", "version")):
        it = Options()
        read_argv([word], it)
        assert it.mode == mode


def test_strict_refuses_what_only_the_service_reads() -> None:
    result = run("echo", "played", environ=clean_environ(AGENT_STRICT="1", AGENT_DRAIN="soon"))
    assert result.returncode == 78
    assert "AGENT_DRAIN" in result.stderr
    assert "AGENT_STRICT=1 refuses" in result.stderr
    assert "played" not in result.stdout


def test_strict_refuses_a_sink_that_cannot_be_without_showing_its_key() -> None:
    sinks = "s3://KEY:hush-hush@bucket?regoin=x https://h/?compress=lz4"
    result = run("echo", "played", environ=clean_environ(AGENT_STRICT="1", AGENT_LOG_SINK=sinks))
    assert result.returncode == 78
    assert "did you mean region?" in result.stderr
    assert "write gzip, zstd or none" in result.stderr
    assert "hush-hush" not in result.stderr
    assert "played" not in result.stdout


def test_strict_lets_good_settings_pass() -> None:
    result = run("echo", "played", environ=clean_environ(AGENT_STRICT="1", AGENT_DRAIN="5s"))
    assert (result.returncode, result.stdout) == (0, "played\n")
