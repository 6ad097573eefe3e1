"""The demo believes only what it was told by whoever saw it."""

import io
import signal
from typing import Any

from agent.local.ledger import (
    ContainerExited,
    ContainerFailed,
    ContainerStarted,
    Record,
    SelfStopCalled,
    SignalSent,
    Status,
    StatusRead,
    StatusTurned,
    StopAccepted,
)
from agent.local.timeline import Lane, Look, Timeline
from agent.local.witness import STEPS, Witness


def witness(refusals: int = 0) -> tuple[Witness, io.StringIO]:
    out = io.StringIO()
    return Witness(Timeline(out, Look.PLAIN, begun_at=0.0), refusals), out


def status(phase: str, **change: Any) -> dict[str, Any]:
    return {
        "revision": 1,
        "phase": phase,
        "players": {"count": None},
        "stop": None,
        "self_stop": {"state": "not_owed", "attempts": 0},
        **change,
    }


def test_nothing_seen_is_everything_missing() -> None:
    sceptic, _ = witness()
    assert sceptic.missing() == list(STEPS.values())
    assert sceptic.seen == 0


def test_whole_story_leaves_nothing_missing() -> None:
    believer, out = witness(refusals=2)
    records: list[Record] = [
        ContainerStarted(1.0, "d", 42, 0),
        StatusTurned(1.0, "d", Status.READY),
        SelfStopCalled(2.0, "d", "503"),
        SelfStopCalled(2.5, "d", "reset"),
        SelfStopCalled(3.0, "d", "202"),
        StopAccepted(3.0, "d", "self-stop"),
        SignalSent(3.1, "d", signal.SIGTERM),
        ContainerExited(3.2, "d", 0),
        StatusTurned(3.2, "d", Status.TERMINATED),
        StatusRead(4.0, "d", "200"),
    ]
    for line in (
        *("listening on UDP 7777", "ann joined, 1 here", "match 1 started", "match 1 over: done"),
        *("ann left, 0 here", "stop signal SIGTERM", "world saved: 1 matches played"),
    ):
        believer.line("stdout", line)
    for phase in ("ready", "in_match", "draining", "stopping"):
        believer.status(status(phase))
    for record in records:
        believer.record(record)
    believer.note(Lane.GAME, "the saved world knows the match", "world_on_disk")
    assert believer.missing() == []
    assert believer.seen == len(STEPS) + 1
    assert "self-stop called: reset, a fault on demand" in out.getvalue()


def test_each_step_alone_leaves_the_others_missing() -> None:
    sceptic, _ = witness()
    sceptic.line("stdout", "world saved: 1 matches played")
    assert len(sceptic.missing()) == len(STEPS) - 1
    assert STEPS["world_saved"] not in sceptic.missing()


def test_bad_ends_are_shown_without_being_steps() -> None:
    sceptic, out = witness()
    for record in (
        ContainerStarted(1.0, "d", 42, 1),
        ContainerFailed(1.0, "d", "cannot start /game: No such file or directory"),
        SignalSent(2.0, "d", signal.SIGKILL),
        ContainerExited(2.0, "d", 137),
        StatusTurned(2.0, "d", Status.ERROR),
    ):
        sceptic.record(record)
    text = out.getvalue()
    assert "process 42, start 2" in text
    assert "SIGKILL to the container" in text
    assert "container exited with 137" in text
    assert sceptic.seen == 1


def test_agent_lane_shows_changes_alone() -> None:
    sceptic, out = witness()
    sceptic.status(status("in_match", players={"count": 2}))
    sceptic.status(status("in_match", players={"count": 2}))
    sceptic.status(
        status(
            "stopping",
            players={"count": 0},
            stop={"reason": "match_ended"},
            self_stop={"state": "owed", "attempts": 1},
        )
    )
    assert [line.partition("| ")[2] for line in out.getvalue().splitlines()] == [
        "phase is in_match",
        "players: 2",
        "phase is stopping (match_ended)",
        "players: 0",
        "self-stop is owed, attempt 1",
    ]


def test_lines_of_the_agent_are_never_a_step_of_the_game() -> None:
    sceptic, out = witness()
    sceptic.line("stderr", "agent: world saved: not by the game")
    assert sceptic.seen == 0
    assert "agent    | world saved" in out.getvalue()
    sceptic.line("stderr", "a warning of the game's")
    assert "game     | a warning" in out.getvalue()


def test_players_wait_for_their_cues() -> None:
    usher, _ = witness()
    assert not usher.listening.is_set()
    usher.line("stdout", "listening on UDP 1")
    usher.status(status("ready"))
    assert (usher.listening.is_set(), usher.ready.is_set()) == (True, True)
    assert not usher.draining.is_set()
    usher.status(status("draining"))
    assert usher.draining.is_set()


def test_lines_of_the_agent_are_shown_without_their_stamps() -> None:
    sceptic, out = witness()
    sceptic.line("stderr", "agent[pid1]: SIGTERM: stopping within 5s")
    sceptic.line("stderr", "agent: 21:02:28.161Z info serving the game")
    sceptic.line("stderr", "agent: 21:02:28.161Z warning the grace is assumed")
    sceptic.line("stderr", "agent: 21:02:28.161Z info phase ready → in_match: somebody is there")
    assert [line.partition("| ")[2] for line in out.getvalue().splitlines()] == [
        "SIGTERM: stopping within 5s",
        "serving the game",
        "21:02:28.161Z warning the grace is assumed",
    ]


def test_stop_is_seen_also_when_the_game_was_gone_first() -> None:
    sceptic, _ = witness()
    sceptic.status(status("stopped", stop={"reason": "match_ended"}))
    assert STEPS["agent_stopping"] not in sceptic.missing()
