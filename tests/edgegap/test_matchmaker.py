"""The matchmaker's variables."""

import json

import msgspec

from agent.edgegap.environment import facts
from agent.edgegap.matchmaker import Match, masked

IP = "203.0.113.77"
TICKET = {
    "id": "cusfn10msflc73beiik0",
    "created_at": "2025-02-21T22:17:40Z",
    "player_ip": IP,
    "group_id": "g1",
    "team_id": "t1",
    "attributes": {"beacons": {"Chicago": 12.3}},
}
REAL = {
    "MM_MATCH_ID": "advanced-example_initial-2025-02-21T22:17:43.3886970Z",
    "MM_MATCH_PROFILE": "advanced-example",
    "MM_EXPANSION_STAGE": "initial",
    "MM_TICKET_IDS": '["cusfn10msflc73beiik0","cusfn18msflc73beiil0"]',
    "MM_TICKET_cusfn10msflc73beiik0": json.dumps(TICKET),
    "MM_TICKET_cusfn18msflc73beiil0": json.dumps({"id": "cusfn18msflc73beiil0"}),
    "MM_GROUPS": '{"g1":["cusfn10msflc73beiik0"]}',
    "MM_TEAMS": '{"t1":["g1"]}',
    "MM_EQUALITY": '{"selected_game_mode":"quickplay"}',
    "MM_INTERSECTION": '{"selected_map":["Airport"],"backfill_group_size":["new","1"]}',
}


def read(**variables: str) -> tuple[Match, tuple[str, ...]]:
    found = facts(variables)
    assert found.match is not None
    return found.match, found.complaints


def test_real_match_is_read_whole() -> None:
    match, complaints = read(**REAL)
    assert complaints == ()
    answer = msgspec.json.decode(msgspec.json.encode(match))
    assert answer["tickets"]["cusfn10msflc73beiik0"] == TICKET
    assert answer["tickets"]["cusfn18msflc73beiil0"]["player_ip"] is None
    assert answer["groups"] == {"g1": ["cusfn10msflc73beiik0"]}
    assert answer["teams"] == {"t1": ["g1"]}
    assert answer["equality"] == {"selected_game_mode": "quickplay"}
    assert answer["intersection"]["backfill_group_size"] == ["new", "1"]
    assert answer["group_mapping"] == {}


def test_list_of_tickets_is_not_taken_for_a_ticket() -> None:
    match, complaints = read(**REAL)
    assert match.ticket_ids == ("cusfn10msflc73beiik0", "cusfn18msflc73beiil0")
    assert "IDS" not in match.tickets
    assert complaints == ()


def test_list_of_tickets_may_be_written_with_commas() -> None:
    match, _ = read(**REAL | {"MM_TICKET_IDS": "cusfn10msflc73beiik0,cusfn18msflc73beiil0"})
    assert match.ticket_ids == ("cusfn10msflc73beiik0", "cusfn18msflc73beiil0")


def test_missing_list_of_tickets_is_made_of_the_tickets() -> None:
    match, complaints = read(MM_TICKET_b="{}", MM_TICKET_a='{"group_id": 7}')
    assert match.ticket_ids == ("a",)
    assert match.tickets["a"].group_id == "7"
    assert complaints == ()


def test_ticket_that_is_named_but_missing_is_complained_of() -> None:
    match, complaints = read(MM_TICKET_IDS='["a"]')
    assert match.tickets == {}
    assert complaints == (
        "MM_TICKET_a is missing though MM_TICKET_IDS names it; going on without it",
    )


def test_expansion_stage_is_read_under_both_names() -> None:
    assert read(MM_EXPANSION_STAGE="initial")[0].expansion_stage == "initial"
    assert read(MM_EXPANSION="initial")[0].expansion_stage == "initial"
    both = read(MM_EXPANSION_STAGE="", MM_EXPANSION="second")
    assert both[0].expansion_stage == "second"


def test_empty_variables_are_no_match() -> None:
    assert facts({"MM_MATCH_ID": "", "MM_TICKET_IDS": " "}).match is None


def test_bad_variables_are_named_without_the_player_s_address() -> None:
    match, complaints = read(
        MM_TICKET_a=f'{{"player_ip": "{IP}", ',
        MM_TICKET_b=f'["{IP}"]',
        MM_GROUPS="[]",
        MM_TEAMS='{"t1": "g1", "t2": [null, "g2"]}',
        MM_EQUALITY="quick",
    )
    assert IP not in repr(complaints)
    assert [line.split()[0] for line in complaints] == [
        "MM_TICKET_a",
        "MM_TICKET_b",
        "MM_GROUPS",
        "MM_TEAMS",
        "MM_EQUALITY",
    ]
    assert match.teams == {"t1": ("g1",), "t2": ("g2",)}


def test_attributes_that_are_no_object_are_left_out() -> None:
    assert read(MM_TICKET_a='{"id": "a", "attributes": 7}')[0].tickets["a"].attributes == {}


def test_player_s_address_is_for_the_game_but_not_for_a_log() -> None:
    match, _ = read(**REAL)
    assert IP in msgspec.json.encode(match).decode()
    assert IP not in repr(match)
    hidden = masked(match)
    assert IP not in msgspec.json.encode(hidden).decode()
    assert hidden.tickets["cusfn10msflc73beiik0"].player_ip == "***"
    assert hidden.tickets["cusfn18msflc73beiil0"].player_ip is None
