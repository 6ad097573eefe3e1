"""Templates in the command, in variables, in files are filled, or the start is refused."""

import json
from pathlib import Path

import pytest

from agent.edgegap.environment import facts
from agent.errors import SettingsError
from agent.pid1 import injected, prepare

from .stage import PLATFORM, clean_environ, run, stage

ENVIRON = {
    "ARBITRIUM_REQUEST_ID": "abc123",
    "ARBITRIUM_PUBLIC_IP": "192.0.2.7",
    "ARBITRIUM_DEPLOYMENT_TAGS": "one,two",
    "ARBITRIUM_DEPLOYMENT_VCPU_UNITS": "1536",
    "ARBITRIUM_DEPLOYMENT_MEMORY_MB": "3072",
    "ARBITRIUM_HOST_ID": "chicago-1",
    "ARBITRIUM_HOST_BASE_CLOCK_FREQUENCY": "2000",
    "ARBITRIUM_DEPLOYMENT_LOCATION": json.dumps(
        {"city": "Montreal", "country": "Canada", "latitude": 45.5}
    ),
    "ARBITRIUM_PORTS_MAPPING": json.dumps(
        {
            "ports": {
                "gameport": {
                    "name": "gameport",
                    "internal": 7777,
                    "external": 31504,
                    "protocol": "UDP",
                },
                "1to1": {"name": "1to1", "internal": 0, "external": 31505, "protocol": "TCP"},
            }
        }
    ),
    "MM_MATCH_ID": "m-1",
    "MM_MATCH_PROFILE": "casual",
    "MM_EXPANSION": "initial",
    "MM_TICKET_IDS": '["t1","t2"]',
    "MM_EQUALITY": '{"mode":"quickplay"}',
    "MM_INTERSECTION": '{"map":["Airport","Mine"]}',
    "UE_COMMANDLINE_ARGS": '-log -Map="Big City" -nosteam',
    "LIST": "a,b",
}


def filled(text: str, environ: dict[str, str] | None = None) -> str:
    words, _ = prepare.fill(["server", text], ENVIRON if environ is None else environ, ())
    (word,) = words[1:]
    return word


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{{ports.gameport.internal}}", "7777"),
        ("-port={{ports.gameport.external}}/{{ ports.gameport.protocol }}", "-port=31504/UDP"),
        ("{{ports.1to1.internal}}", "31505"),
        ("{{public_ip}}", "192.0.2.7"),
        ("{{location.city}} {{location.latitude}}", "Montreal 45.5"),
        ("{{match.profile}} {{match.expansion_stage}}", "casual initial"),
        ("{{match.ticket_ids}} {{match.intersection.map}}", "t1,t2 Airport,Mine"),
        ("{{match.equality.mode}} {{tags}} {{fqdn}}", "quickplay one,two abc123.pr.edgegap.net"),
        ("-x={{args.LIST}}", "-x=a,b"),
        ("{{match.team|none}}", "none"),
        ("{{match.team|}}", ""),
        ("{{{{ports.gameport.internal}}", "{{ports.gameport.internal}}"),
        ("{{ports.gameport", "{{ports.gameport"),
        ("plain } text { of {one} brace", "plain } text { of {one} brace"),
    ],
)
def test_template_is_filled(template: str, value: str) -> None:
    assert filled(template) == value


def test_arguments_are_split_as_a_shell_would() -> None:
    words, _ = prepare.fill(["server", "{{args.UE_COMMANDLINE_ARGS}}", "-end"], ENVIRON, ())
    assert words == ["server", "-log", "-Map=Big City", "-nosteam", "-end"]
    assert prepare.fill(["s", "{{args.NONE|}}"], ENVIRON, ())[0] == ["s"]
    with pytest.raises(SettingsError, match="No closing quotation"):
        prepare.fill(["server", "{{args.X}}"], {"X": '"half'}, ())


def test_unknown_name_lists_what_was_injected() -> None:
    with pytest.raises(SettingsError) as error:
        filled("{{ports.game.internal}}")
    assert "cannot fill {{ports.game.internal}} in the command" in str(error.value)
    assert "ports.gameport.internal" in str(error.value)
    with pytest.raises(SettingsError, match="and: none"):
        filled("{{public_ip}}", {})
    many = {f"ARBITRIUM_PORT_P{number}_INTERNAL": "7" for number in range(50)}
    with pytest.raises(SettingsError, match="and 10 more"):
        filled("{{public_ip}}", many)


def test_what_is_filled_in_is_not_looked_at_again() -> None:
    environ = {"MM_MATCH_PROFILE": "{{public_ip}}", "A": "{{match.profile}}"}
    assert prepare.fill(["s"], environ, ())[1]["A"] == "{{public_ip}}"


def test_line_breaks_are_not_filled_in() -> None:
    assert filled("{{match.profile}}", {"MM_MATCH_PROFILE": "a\nb\x7f"}) == "a b"


def test_variables_are_filled_but_not_those_of_the_platform_and_not_other_peoples_templates() -> (
    None
):
    environ = {
        **ENVIRON,
        "PORT": "{{ports.gameport.internal}}",
        "FORMAT": "{{.Time}} {{ msg }}",
        "MM_TICKET_t1": "{{match.nothing}}",
    }
    _, seen = prepare.fill(["server"], environ, ())
    assert seen["PORT"] == "7777"
    assert (seen["FORMAT"], seen["MM_TICKET_t1"]) == (environ["FORMAT"], environ["MM_TICKET_t1"])


def test_file_is_filled_with_its_mode(tmp_path: Path) -> None:
    source, target = tmp_path / "server.cfg.in", tmp_path / "server.cfg"
    source.write_bytes(b"sv_port {{ports.gameport.internal}}\n\xff")
    source.chmod(0o640)
    target.write_text("old")
    prepare.fill(["server"], ENVIRON, ((str(source), str(target)),))
    assert target.read_bytes() == b"sv_port 7777\n\xff"
    assert target.stat().st_mode & 0o777 == 0o640
    assert len(list(tmp_path.iterdir())) == 2


def test_file_that_cannot_be_filled_is_a_fault(tmp_path: Path) -> None:
    source = tmp_path / "in"
    with pytest.raises(SettingsError, match="cannot read the template"):
        prepare.fill(["server"], {}, ((str(source), "out"),))
    source.write_bytes(b"x" * ((1 << 20) + 1))
    with pytest.raises(SettingsError, match="larger than 1 MiB"):
        prepare.fill(["server"], {}, ((str(source), "out"),))
    source.write_text("{{ nothing }}")
    with pytest.raises(SettingsError, match=f"in {source}"):
        prepare.fill(["server"], {}, ((str(source), "out"),))
    source.write_text("plain")
    with pytest.raises(SettingsError, match="cannot write"):
        prepare.fill(["server"], {}, ((str(source), f"{tmp_path}/none/out"),))


def test_pairs_are_read_or_refused() -> None:
    assert prepare.pairs("a:b, /c:/d,") == (("a", "b"), ("/c", "/d"))
    for text in ("a", "a:", ":b"):
        with pytest.raises(ValueError, match="is not a pair"):
            prepare.pairs(text)


def test_names_are_those_of_the_deployment() -> None:
    """PID 1 reads the variables by itself; the agent's typed facts say the same."""
    seen = injected.names(ENVIRON)
    deployment, match = facts(ENVIRON).deployment, facts(ENVIRON).match
    assert match is not None
    wanted = {
        f"ports.{name}.{field}": str(value)
        for name, port in deployment.ports.items()
        for field, value in (
            ("internal", port.internal),
            ("external", port.external),
            ("protocol", port.protocol.value),
        )
    }
    wanted |= {
        "request_id": deployment.request_id or "",
        "public_ip": deployment.public_ip or "",
        "fqdn": deployment.fqdn or "",
        "tags": ",".join(deployment.tags),
        "location.city": "Montreal",
        "location.country": "Canada",
        "location.latitude": "45.5",
        "host.id": deployment.host.id or "",
        "host.base_clock_mhz": str(deployment.host.base_clock_mhz),
        "host.vcpu_units": str(deployment.host.vcpu_units),
        "host.memory_mb": str(deployment.host.memory_mb),
        "match.id": match.id or "",
        "match.profile": match.profile or "",
        "match.expansion_stage": match.expansion_stage or "",
        "match.ticket_ids": ",".join(match.ticket_ids),
        "match.equality.mode": "quickplay",
        "match.intersection.map": "Airport,Mine",
    }
    assert {name: text for name, text in seen.items() if not name.startswith("args.")} == wanted


def test_single_variables_fill_the_gaps_of_the_mapping() -> None:
    environ = {
        "ARBITRIUM_PORTS_MAPPING": '{"game": {"internal": 1, "external": 2}, "bad": 7}',
        "ARBITRIUM_PORT_GAME_INTERNAL": "9",
        "ARBITRIUM_PORT_QUERY_INTERNAL": "27015",
        "ARBITRIUM_PORT_QUERY_EXTERNAL": "31506",
        "ARBITRIUM_PORT_ONE_INTERNAL": "0",
        "ARBITRIUM_PORT_ONE_EXTERNAL": "31507",
    }
    seen = injected.names(environ)
    assert {name: text for name, text in seen.items() if name.startswith("ports.")} == {
        "ports.game.internal": "1",
        "ports.game.external": "2",
        "ports.query.internal": "27015",
        "ports.query.external": "31506",
        "ports.one.internal": "31507",
        "ports.one.external": "31507",
    }


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ARBITRIUM_PORTS_MAPPING", "[1"),
        ("ARBITRIUM_PORTS_MAPPING", '{"ports": 7}'),
        ("ARBITRIUM_PORTS_MAPPING", '{"game": 7}'),
        ("ARBITRIUM_DEPLOYMENT_LOCATION", "[" * 9999),
        ("MM_EQUALITY", "{}"),
    ],
)
def test_malformed_variable_has_no_names(variable: str, value: str) -> None:
    assert set(injected.names({variable: value})) == {f"args.{variable}"}


def test_mapping_without_its_wrapper_or_keyed_by_number_is_read() -> None:
    mapping = {"7777": {"name": "Game Port", "external": 31504, "tls": {"a": [True, {}]}}}
    seen = injected.names({"ARBITRIUM_PORTS_MAPPING": json.dumps(mapping)})
    assert seen["ports.Game Port.internal"] == "7777"
    odd = injected.names({"MM_EQUALITY": '{"a": {"b": 1}, "c": true, "d": null}'})
    assert (odd["match.equality.a"], odd["match.equality.c"]) == ('{"b": 1}', "true")


def test_game_is_started_with_what_was_injected(tmp_path: Path) -> None:
    (tmp_path / "in").write_text("ip {{public_ip}}")
    environ = {**ENVIRON, "AGENT_TEMPLATES": "in:out", "CITY": "{{location.city}}"}
    script = 'echo "$0 $* $CITY"; cat out'
    command = ["sh", "-c", script, "{{ports.gameport.internal}}", "{{args.UE_COMMANDLINE_ARGS}}"]
    with stage(*command, environ=environ, cwd=tmp_path) as it:
        assert it.line() == "7777 -log -Map=Big City -nosteam Montreal"
        assert it.line() == "ip 192.0.2.7"


def test_unknown_name_refuses_the_start() -> None:
    result = run("echo", "{{ports.game.internal}}", environ=clean_environ())
    assert result.returncode == 78
    assert "it was not injected" in result.stderr


def test_secret_is_no_name_and_on_edgegap_the_platform_is_told() -> None:
    """A fault there is no exit that the platform would answer with a restart, again and again."""
    with stage("echo", "{{args.ARBITRIUM_DELETE_TOKEN}}", environ=PLATFORM) as it:
        assert "cannot fill {{args.ARBITRIUM_DELETE_TOKEN}}" in it.line_with("cannot fill")
        assert it.agent().module == "rescue"
