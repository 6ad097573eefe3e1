"""The ports mapping in every shape that has been seen."""

import json

import pytest

from agent.edgegap.environment import facts
from agent.edgegap.ports import Port, Protocol, variable_name

GAME = {"name": "gameport", "internal": 7777, "external": 32013, "protocol": "UDP"}
READ = Port("gameport", 7777, 32013, Protocol.UDP)


def read(mapping: object, **more: str) -> tuple[dict[str, Port], tuple[str, ...]]:
    text = mapping if isinstance(mapping, str) else json.dumps(mapping)
    found = facts({"ARBITRIUM_PORTS_MAPPING": text, **more})
    return found.deployment.ports, found.complaints


def test_mapping_with_its_wrapper() -> None:
    assert read({"ports": {"gameport": GAME}}) == ({"gameport": READ}, ())


def test_mapping_without_its_wrapper() -> None:
    assert read({"gameport": GAME}) == ({"gameport": READ}, ())


def test_port_of_the_name_ports_is_not_the_wrapper() -> None:
    ports, complaints = read({"ports": {**GAME, "name": "ports"}})
    assert list(ports) == ["ports"]
    assert complaints == ()


def test_ports_keyed_by_number_are_found_under_their_names() -> None:
    ports, complaints = read({"ports": {"7777": {**GAME, "name": "Game Port"}}})
    assert ports == {"Game Port": Port("Game Port", 7777, 32013, Protocol.UDP)}
    assert complaints == ()


def test_port_keyed_by_number_without_a_name_is_called_by_its_number() -> None:
    ports, complaints = read({"ports": {"7777": {"external": 32013, "protocol": "UDP"}}})
    assert ports == {"7777": Port("7777", 7777, 32013, Protocol.UDP)}
    assert complaints == ()


def test_name_that_differs_from_its_key_in_case_wins() -> None:
    assert list(read({"ports": {"gameport": {**GAME, "name": "GamePort"}}})[0]) == ["GamePort"]


def test_two_ports_of_one_name_do_not_hide_each_other() -> None:
    ports, complaints = read({"7777": GAME, "7778": {**GAME, "internal": 7778}})
    assert {name: port.internal for name, port in ports.items()} == {
        "gameport": 7777,
        "7778": 7778,
    }
    assert complaints == ()


def test_numbers_may_be_texts() -> None:
    entry = {**GAME, "internal": "7777", "external": " 32013 "}
    assert read({"ports": {"gameport": entry}}) == ({"gameport": READ}, ())


def test_numbers_may_be_written_with_a_decimal_point() -> None:
    text = '{"gameport": {"internal": 7777.0, "external": 32013.0, "protocol": "UDP"}}'
    assert read(text) == ({"gameport": READ}, ())


@pytest.mark.parametrize("protocol", ["UDP", "TCP", "TCP/UDP", "HTTP", "HTTPS", "WS", "WSS"])
def test_protocol_is_read_in_either_case(protocol: str) -> None:
    for spelling in (protocol, protocol.lower()):
        ports, complaints = read({"gameport": {**GAME, "protocol": spelling}})
        assert ports["gameport"].protocol is Protocol(protocol)
        assert complaints == ()


@pytest.mark.parametrize("protocol", ["SCTP", "", None, 7, []])
def test_unknown_protocol_is_taken_as_either(protocol: object) -> None:
    ports, complaints = read({"gameport": {**GAME, "protocol": protocol}})
    assert ports["gameport"].protocol is Protocol.TCP_UDP
    assert complaints == (
        "ARBITRIUM_PORTS_MAPPING has port 'gameport' of an unknown protocol; taken as TCP/UDP",
    )


def test_extra_fields_of_the_status_answer_do_no_harm() -> None:
    entry = {**GAME, "protocol": "WS", "tls_upgrade": True, "link": "x:1", "proxy": 65002}
    ports, complaints = read({"gameport": entry})
    assert ports["gameport"].tls_upgrade
    assert complaints == ()


def test_one_to_one_port_has_its_external_number_inside() -> None:
    ports, _ = read({"gameport": {**GAME, "internal": 32013}})
    assert ports["gameport"].is_one_to_one
    assert ports["gameport"].internal == 32013


def test_port_zero_that_nobody_resolved_is_the_external_number() -> None:
    ports, complaints = read({"gameport": {**GAME, "internal": 0}})
    assert ports["gameport"] == Port("gameport", 32013, 32013, Protocol.UDP, is_one_to_one=True)
    assert complaints == ()


@pytest.mark.parametrize(
    "entry",
    [
        {**GAME, "internal": 70000},
        {**GAME, "internal": "http"},
        {**GAME, "internal": True},
        {**GAME, "internal": -1},
        {**GAME, "external": 0},
        {**GAME, "external": None},
        {**GAME, "external": 1.5},
        "7777",
        None,
    ],
)
def test_bad_port_is_named_while_the_others_stay(entry: object) -> None:
    ports, complaints = read({"ports": {"bad": entry, "gameport": GAME}})
    assert ports == {"gameport": READ}
    [line] = complaints
    assert line.startswith("ARBITRIUM_PORTS_MAPPING has port 'bad' ")


SINGLE = {
    "ARBITRIUM_PORT_GAME_PORT_INTERNAL": "7777",
    "ARBITRIUM_PORT_GAME_PORT_EXTERNAL": "31504",
    "ARBITRIUM_PORT_GAME_PORT_PROTOCOL": "udp",
}


@pytest.mark.parametrize("mapping", ["", "{", "[]", '{"ports": 7}', "{}"])
def test_single_variables_stand_in_for_a_bad_mapping(mapping: str) -> None:
    ports, complaints = read(mapping, **SINGLE)
    assert ports == {"game_port": Port("game_port", 7777, 31504, Protocol.UDP)}
    assert len(complaints) == (mapping not in {"", "{}"})


def test_single_variables_fill_a_gap_of_the_mapping() -> None:
    mapping = {"ports": {"gameport": GAME, "Game Port": None}}
    ports, _ = read(mapping, **SINGLE)
    assert sorted(ports) == ["game_port", "gameport"]


def test_single_variables_do_not_double_a_port_that_is_known() -> None:
    mapping = {"ports": {"Game Port": {**GAME, "name": "Game Port"}, "bad": None}}
    assert list(read(mapping, **SINGLE)[0]) == ["Game Port"]


def test_single_variables_are_not_needed_beside_a_whole_mapping() -> None:
    assert list(read({"ports": {"gameport": GAME}}, **SINGLE)[0]) == ["gameport"]


def test_bad_single_variables_are_named() -> None:
    ports, complaints = read(
        "",
        ARBITRIUM_PORT_A_INTERNAL="x",
        ARBITRIUM_PORT_A_EXTERNAL="1",
        ARBITRIUM_PORT_B_INTERNAL="7",
        ARBITRIUM_PORT_B_EXTERNAL="8",
        ARBITRIUM_PORT_C_INTERNAL="",
        ARBITRIUM_PORT_C_EXTERNAL="8",
    )
    assert ports == {"b": Port("b", 7, 8, Protocol.TCP_UDP)}
    assert [line.split()[0] for line in complaints] == [
        "ARBITRIUM_PORT_A_INTERNAL",
        "ARBITRIUM_PORT_B_PROTOCOL",
    ]


@pytest.mark.parametrize(
    ("name", "inside"),
    [("Game Port", "GAME_PORT"), ("stream-peer", "STREAM_PEER"), ("gameport", "GAMEPORT")],
)
def test_name_inside_a_variable_is_the_platform_s(name: str, inside: str) -> None:
    assert variable_name(name) == inside
