"""edgegap.toml says what an app version is, once."""

import json
from pathlib import Path

import pytest

from agent.errors import SettingsError
from agent.local import manifest
from agent.local.version import RestartPolicy

WHOLE = """
app = "my-game"
version = "1.2.0"
image = "registry.example.com/studio/my-game:1.2.0"
command = ["./MyServer", "-port={{ports.gameport.internal}}"]
grace = "30s"
restart_policy = "never"
max_duration = "1h"
cpu = 1.5
memory = 3072
match = "match.json"

[ports.gameport]
port = 7777

[ports.web]
port = 8080
protocol = "WS"
to_check = true
tls_upgrade = true

[envs]
AGENT_PLAYERS = "api"
BOTS = 3
HARD = true
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "edgegap.toml"
    path.write_text(text)
    return path


def test_whole_file_is_understood(tmp_path: Path) -> None:
    (tmp_path / "match.json").write_text('{"MM_MATCH_ID": "m-1", "MM_EQUALITY": {"mode": "x"}}')
    found = manifest.read(written(tmp_path, WHOLE))
    assert (found.grace, found.max_duration, found.policy) == (30.0, 60, RestartPolicy.NEVER)
    assert found.envs == {
        "AGENT_GRACE": "30s",
        "AGENT_PLAYERS": "api",
        "BOTS": "3",
        "HARD": "true",
    }
    assert found.matchmaker["MM_MATCH_ID"] == "m-1"
    assert json.loads(found.matchmaker["MM_EQUALITY"]) == {"mode": "x"}
    game, web = found.ports({"web": 18_080})
    assert (game.name, game.internal, game.external, game.protocol) == (
        *("gameport", 7777, None, "UDP"),
    )
    assert (web.external, web.to_check) == (18_080, True)


def test_empty_file_is_the_platforms_defaults(tmp_path: Path) -> None:
    found = manifest.read(written(tmp_path, ""))
    assert (found.grace, found.max_duration, found.policy) == (5.0, 1440, RestartPolicy.ALWAYS)
    assert [port.internal for port in found.ports({})] == [7777]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("graze = 3", "unknown field `graze`"),
        ("grace = 'soon'", "'soon' is not a duration"),
        ("grace = 2", "the platform takes 5 to 3600 seconds; write 30"),
        ("restart_policy = 'sometimes'", r"Invalid enum value 'sometimes' - at `\$.restart_pol"),
        ("[ports.a]\nport = 70000", r"`int` <= 59999 - at `\$.ports"),
        ("[", "cannot use .*edgegap.toml: "),
        ("match = 'nowhere.json'", "cannot read the match .*nowhere.json: .*No such file"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        manifest.read(written(tmp_path, text))


def test_file_that_is_nowhere_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"cannot read .*: No such file"):
        manifest.read(tmp_path / "edgegap.toml")


def test_match_may_hold_nothing_but_a_matchmakers_variables(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text('{"PATH": "/evil"}')
    with pytest.raises(SettingsError, match="names begin with MM_"):
        manifest.read_match(tmp_path / "m.json")


def test_external_number_of_a_port_that_is_none_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"cannot give webs an external port: .*gameport"):
        manifest.checked(manifest.Document()).ports({"webs": 1})
