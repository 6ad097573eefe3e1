from dataclasses import fields
from typing import get_args

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from agent.core.options import Options
from agent.core.phases import Mode, Policy
from agent.errors import SettingsError
from agent.kinds import Written
from agent.pid1 import options as pid1
from agent.settings import Problem, Settings, given, load, read, rows

DERIVED = {"grace_assumed", "mode_given", "degraded", "notices"}
PID1_ALONE = {
    *("templates", "rcon_password", "ready_port"),
    *("secrets", "secret_names", "game_user", "spool_dir", "spool_max"),
    *("strict", "socket", "token", "log_sink"),
    *("agones_port", "agones_grpc_port", "gsdk_port"),
}


def only(problems: tuple[Problem, ...]) -> Problem:
    (problem,) = problems
    return problem


def test_settings_are_the_fields_of_the_options_with_the_same_defaults() -> None:
    shared = {field.name: field.default for field in fields(Options) if field.name not in DERIVED}
    model = {name: field.default for name, field in Settings.model_fields.items()}
    assert set(model) == set(shared) | PID1_ALONE
    assert {name: model[name] for name in shared} == shared


def test_nothing_set_gives_the_defaults_without_a_problem() -> None:
    assert load({}) == (Options(), ())
    assert load({"PATH": "/bin", "AGENT_GRACE": "", "AGENT_DRAIN": "  "}) == (Options(), ())


def test_every_setting_is_read() -> None:
    options, problems = load(
        {
            "AGENT_READY_WHEN": "api",
            "AGENT_START_TIMEOUT": "1h30m",
            "AGENT_NOBODY_JOINED": "off",
            "AGENT_PLAYERS": "api",
            "AGENT_ON_MATCH_END": "ready",
            "AGENT_ON_GAME_CRASH": "Restart",
            "AGENT_STOP_BY": "file:2s,stdin:300ms,signal",
            "AGENT_STOP_FILE": "/run/stop.json",
            "AGENT_STOP_SIGNAL": "INT",
            "AGENT_STOP_TEXT": "quit",
            "AGENT_GRACE": "30",
            "AGENT_PORT": "0",
            "AGENT_MODE": "observe",
            "AGENT_LOG_FORMAT": "json",
            "AGENT_TOKEN": "hush",
        }
    )
    assert problems == ()
    assert options == Options(
        ready_when="api",
        start_timeout=5400.0,
        nobody_joined=0.0,
        players="api",
        on_match_end="ready",
        on_game_crash=Policy.RESTART,
        stop_by=(("file", 2.0), ("stdin", 0.3), ("signal", 0.0)),
        stop_file="/run/stop.json",
        stop_signal=2,
        stop_text="quit",
        grace=30.0,
        grace_assumed=False,
        port=0,
        mode=Mode.OBSERVE,
        mode_given=True,
        log_format="json",
    )


def test_bad_value_is_its_default_with_a_line_that_names_the_fix() -> None:
    options, problems = load({"AGENT_GRACE": "5 min", "AGENT_DRAIN": "10s"})
    line = (
        "cannot use AGENT_GRACE: '5 min' is not a duration; "
        "write 90, 90s, 5m, 1h30m or 300ms (its default 5s holds)"
    )
    assert only(problems) == Problem("AGENT_GRACE", "value", line)
    assert options == Options(drain=10.0, degraded=(line,))
    assert options.grace_assumed


def test_bad_mode_does_not_count_as_given() -> None:
    options, _ = load({"AGENT_MODE": "dry"})
    assert (options.mode, options.mode_given) == (Mode.ENFORCE, False)


@pytest.mark.parametrize("name", [name for name, _, _ in rows()])
def test_bad_value_of_each_setting_is_told_by_name(name: str) -> None:
    options, problems = load({name: "\udcff no such value"})
    harmless = {
        "AGENT_SECRET_NAMES",
        "AGENT_LOG_SINK",
        "AGENT_RCON_PASSWORD",
    }  # any pattern is one; kept by PID 1
    assert [problem.setting for problem in problems] == ([] if name in harmless else [name])
    assert all(line.isprintable() for line in options.degraded)


def test_long_bad_value_is_shortened_in_its_line() -> None:
    options, _ = load({"AGENT_MODE": "x" * 4096})
    (line,) = options.degraded
    assert len(line) < 400
    assert line.endswith("write enforce or observe (its default enforce holds)")


def test_bad_token_is_never_repeated() -> None:
    options, problems = load({"AGENT_TOKEN": "sec ret"})
    assert "sec ret" not in repr((options, problems))
    assert "AGENT_TOKEN" in only(problems).line


def test_token_is_shown_nowhere() -> None:
    settings, problems = read({"AGENT_TOKEN": "sesame-open"})
    assert problems == ()
    assert "sesame-open" not in repr(settings)
    assert given(settings) == {"AGENT_TOKEN": "(set, not shown)"}
    assert "sesame-open" not in repr(load({"AGENT_TOKEN": "sesame-open"}))


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("AGENT_GRASE", "AGENT_GRACE"),
        ("AGENT_STOP_TIMEOUTS", "AGENT_STOP_TIMEOUT"),
        ("AGENT_NOBODYJOINED", "AGENT_NOBODY_JOINED"),
        ("agent_grace", "AGENT_GRACE"),
        ("Agent_Grace", "AGENT_GRACE"),
    ],
)
def test_misspelt_name_gets_a_suggestion(name: str, meant: str) -> None:
    options, problems = load({name: "30"})
    line = f"{name} is not a setting; did you mean {meant}?"
    assert only(problems) == Problem(name, "name", line)
    assert options == Options(notices=(line,))


@pytest.mark.parametrize("name", ["AGENT_NAME", "AGENT_WORKDIR", "SSH_AGENT_PID", "AGENT_URL"])
def test_far_or_own_names_are_left_alone(name: str) -> None:
    assert load({name: "http://127.0.0.1:8655"}) == (Options(), ())


def test_odd_but_usable_value_is_used_with_a_notice() -> None:
    options, problems = load({"AGENT_DRAIN": "30s"})
    assert options.drain == 30.0
    assert options.notices == (only(problems).line,)
    assert not only(problems).is_fault


def test_strict_refuses_bad_values_with_a_line_each() -> None:
    with pytest.raises(SettingsError) as caught:
        load({"AGENT_STRICT": "1", "AGENT_GRACE": "x", "AGENT_PORTS": "1", "AGENT_DRAIN": "30s"})
    misspelt, bad = str(caught.value).splitlines()
    assert misspelt == "AGENT_PORTS is not a setting; did you mean AGENT_PORT?"
    assert bad.startswith("cannot use AGENT_GRACE: 'x'")


def test_strict_lets_odd_values_pass() -> None:
    options, _ = load({"AGENT_STRICT": "1", "AGENT_DRAIN": "30s"})
    assert options.drain == 30.0


def test_table_shows_defaults_as_people_write_them() -> None:
    table = {name: default for name, default, _ in rows()}
    assert table["AGENT_MAX_DURATION"] == "23h30m"
    assert table["AGENT_STALE_PLAYERS"] == "off"
    assert table["AGENT_SPOOL_MAX"] == "32MiB"
    assert table["AGENT_STOP_SIGNAL"] == "TERM"
    assert table["AGENT_ON_GAME_EXIT"] == "stop"
    assert all(meaning for _, _, meaning in rows())


def test_every_default_can_be_written_back() -> None:
    written = {name: default for name, default, _ in rows() if default}
    options, problems = load(written)
    assert problems == ()
    assert options == Options(grace_assumed=False, mode_given=True)


def test_every_kind_has_a_reader_of_its_own() -> None:
    for name, field in Settings.model_fields.items():
        kinds = [entry for entry in field.metadata if isinstance(entry, Written)]
        assert len(kinds) == 1, name
        assert get_args(field.annotation) is not None


def test_settings_cannot_be_changed() -> None:
    settings, _ = read({})
    with pytest.raises(ValueError, match="frozen"):
        settings.grace = 3.0  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("AGENT_GRACE", text) for text in ("30", "1h30m", "500ms", "0", "-1", "soon")),
        *(("AGENT_STOP_SIGNAL", text) for text in ("INT", "sigquit", "40", "0", "99", "KILL")),
        *(("AGENT_SPOOL_MAX", text) for text in ("1", "64M", "32MiB", "1gb", "1.5G", "1T", "")),
        *(("AGENT_PORT", text) for text in ("0", "65535", "65536", "-1", "http")),
        *(("AGENT_SECRETS", text) for text in ("proxy", "Strip", "pass", "hide")),
        *(("AGENT_STRICT", text) for text in ("0", "on", "No", "maybe")),
        *(("AGENT_SOCKET", text) for text in ("/run/a.sock", "a.sock", "/" + "x" * 120)),
        *(("AGENT_SPOOL_DIR", text) for text in ("/var/tmp", "tmp")),
        *(("AGENT_TOKEN", text) for text in ("abc", "blå")),
    ],
)
def test_pid1_and_the_agent_judge_its_settings_alike(name: str, value: str) -> None:
    own = pid1.Options()
    pid1.read_environ({name: value}, own)
    settings, problems = read({name: value})
    assert bool(own.notices) == any(problem.kind == "value" for problem in problems)
    field = name.removeprefix("AGENT_").lower()
    if field != "token":
        assert getattr(own, field) == getattr(settings, field)


def test_pid1_knows_no_setting_that_we_do_not() -> None:
    table = {name: default for name, default, _ in rows()}
    assert {name: default for name, default, _ in pid1.SETTINGS}.items() <= table.items()


@for_all(st.dictionaries(st.sampled_from([name for name, _, _ in rows()]), st.text(max_size=20)))
def test_no_value_whatsoever_breaks_the_reading(environ: dict[str, str]) -> None:
    _, problems = load({**environ, "AGENT_STRICT": "0"})
    assert {problem.kind for problem in problems} <= {"value", "doubt"}


def test_gsdk_game_is_told_by_its_heartbeat_before_it_is_signalled() -> None:
    assert load({"AGENT_SDK": "gsdk"})[0].stop_by == (("events", 5.0), ("signal", 0.0))
    given = load({"AGENT_SDK": "gsdk", "AGENT_STOP_BY": "signal"})[0].stop_by
    assert given == (("signal", 0.0),)


@for_all(st.sampled_from(["log,a2s:27015", "API", " tcp , traffic "]))
def test_sources_of_players_are_read_as_they_are_meant(text: str) -> None:
    options, problems = load({"AGENT_PLAYERS": text, "AGENT_PLAYERS_LOG": " mirror \n\nsource"})
    assert not problems
    assert options.players == text.replace(" ", "").lower()
    assert options.players_log == ("mirror", "source")


def test_pattern_that_names_no_player_is_a_default_with_its_fix() -> None:
    options, problems = load({"AGENT_PLAYERS_LOG": "join (.*) came", "AGENT_PLAYERS": "dice"})
    assert (options.players, options.players_log) == ("auto", ())
    texts = " ".join(str(problem) for problem in problems)
    assert "AGENT_PLAYERS" in texts
    assert "a group (?P<id>" in texts
