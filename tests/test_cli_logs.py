"""The verb ``logs``."""

import pytest

from agent.cli import main
from tests.fakes.controlapi import Script, serving

LINES = '{"time": "t", "source": "stdout", "text": "one"}\n\n{"text": "two"}\n'


@pytest.mark.parametrize(
    ("words", "query"),
    [
        ([], "tail=100&source=&grep="),
        (["-f"], "tail=100&source=&grep=&follow=1"),
        (["--tail", "2", "--source", "stderr", "--grep", "a b"], "tail=2&source=stderr&grep=a+b"),
    ],
)
def test_lines_are_printed_as_they_are(
    words: list[str], query: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(Script(answers={f"GET /v1/logs?{query}": (200, LINES)})) as url:
        assert main(["logs", *words, "--url", url]) == 0
    assert capsys.readouterr().out == "one\ntwo\n"


def test_lines_in_json_are_whole(capsys: pytest.CaptureFixture[str]) -> None:
    script = Script(answers={"GET /v1/logs?tail=100&source=&grep=": (200, LINES)})
    with serving(script) as url:
        assert main(["logs", "--json", "--url", url]) == 0
    assert capsys.readouterr().out.splitlines()[1] == '{"text": "two"}'
