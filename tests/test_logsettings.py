"""The settings that say where the output goes."""

from agent.settings import Settings, given, load, read, rows

SINK = "s3://key:hush-hush@bucket/logs"


def test_log_settings_are_read() -> None:
    options, problems = load(
        {
            "AGENT_LOG_LABELS": "game=quake, build=7",
            "AGENT_LOG_REDACT": "token=\\w+\n\n user=(.*) \n",
            "AGENT_LOG_REDACT_IPS": "1",
            "AGENT_LOG_LINGER": "1s",
        }
    )
    assert problems == ()
    assert options.log_labels == (("game", "quake"), ("build", "7"))
    assert options.log_redact == ("token=\\w+", "user=(.*)")
    assert options.log_redact_ips
    assert options.log_linger == 1.0


def test_pattern_that_is_none_is_told_by_its_number() -> None:
    _, (problem,) = load({"AGENT_LOG_REDACT": "fine\n(bad"})
    assert "pattern 2 is no regular expression" in problem.line


def test_sink_is_a_secret() -> None:
    settings, problems = read({"AGENT_LOG_SINK": SINK, "AGENT_LOG_LABELS": "a=b"})
    assert problems == ()
    assert "hush-hush" not in f"{settings!r} {given(settings)}"


def test_log_settings_come_last() -> None:
    names = [name for name, _, _ in rows()]
    assert names[0] == "AGENT_READY_WHEN"
    assert names[-1] == "AGENT_SPOOL_MAX"
    assert len(names) == len(Settings.model_fields)


def test_patterns_of_files_are_read() -> None:
    options, problems = load({"AGENT_LOG_FILES": "auto, Saved/Logs/*.log"})
    assert problems == ()
    assert options.log_files == ("auto", "Saved/Logs/*.log")
