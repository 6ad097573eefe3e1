"""From the settings to sinks."""

from agent.core.options import Options
from agent.logs.attempts import Attempts
from agent.logs.opening import open_sinks
from agent.logs.redacting import Redacting

GOOD = "s3://key:hush-hush@bucket/logs?region=eu-west-1"


async def test_each_url_is_a_sink_or_a_line_with_its_fix() -> None:
    secrets = {"AGENT_LOG_SINK": f"{GOOD}\n{GOOD}, gopher://host/x"}
    sinks, faults = open_sinks(secrets, Options(log_redact=("token=.*",)))
    assert [sink.name for sink in sinks] == ["s3://bucket/logs"]
    assert [type(sink.store) for sink in sinks if isinstance(sink, Attempts)] == [Redacting]
    twice, unknown = faults
    assert "cannot send logs to s3://bucket/logs twice" in twice
    assert "gopher" in unknown
    assert "hush-hush" not in f"{faults}"
    for sink in sinks:
        await sink.aclose()


def test_nothing_set_is_no_sink() -> None:
    assert open_sinks({}, Options()) == ((), ())
