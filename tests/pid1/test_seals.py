"""Segments sealed when the agent asks for it, with all that the game has written."""

import os
from pathlib import Path

import pytest

from agent.pid1 import places, spool
from agent.pid1.escalate import NEVER, Escalation
from tests.pid1.pumping import KIB, Rig, write_all

from .stage import game, stage

SINK = {"AGENT_LOG_SINK": "s3://key:secret@bucket/logs?region=x"}


def test_seal_takes_what_waits_in_the_pipes(rig: Rig) -> None:
    """containerd#7289: what is written right before the exit is still in the pipe."""
    data = b"x" * (300 * KIB) + b"\n"
    write_all(rig.game_out[1], data)
    write_all(rig.game_err[1], b"and this")
    rig.pump.seal(token=7)
    rig.pump._turn()
    ((token, ends),) = rig.pump.sealed()
    assert token == 7
    assert (ends["stdout"], ends["stderr"]) == (len(data), 8)
    assert rig.spool.stream("stdout").active is None
    assert rig.pump.sealed() == []


def test_seal_of_a_stream_without_a_token_is_not_answered(rig: Rig) -> None:
    rig.pump.seal("stdout")
    rig.pump._turn()
    assert rig.pump.sealed() == []


def test_pipe_that_has_ended_is_no_hindrance(rig: Rig) -> None:
    write_all(rig.game_out[1], b"bye\n")
    os.close(rig.game_out[1])
    rig.ends.discard(rig.game_out[1])
    rig.pump.seal(token=1)
    rig.settle()
    ((_, ends),) = rig.pump.sealed()
    assert ends["stdout"] == 4


def test_spool_of_a_life_is_locked(tmp_path: Path) -> None:
    import fcntl

    places.hold(str(tmp_path))
    fd = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        locked = True
    else:
        locked = False
    os.close(fd)
    assert locked
    places.hold("")  # in memory: nothing to lock


def test_segments_are_small_where_they_are_shipped(tmp_path: Path) -> None:
    made = spool.open_spool(str(tmp_path), 64 << 20, spool.SHIPPED_SECONDS)
    assert made.segment_bytes == 1 << 20
    assert spool.open_spool(str(tmp_path), 64 << 20).segment_bytes == 8 << 20


def test_agent_has_segments_sealed_and_lets_go_of_them() -> None:
    with stage(*game("talker"), environ=SINK) as it:
        agent = it.agent()
        folder = Path(agent.hello()["spool"])
        while "pid " not in it.line():
            pass
        agent.say("seal_segment", token=3)
        told = agent.hear("sealed")
        assert told["token"] == 3
        assert told["ends"]["stdout"] == (folder / "stdout-1.log").stat().st_size
        assert told["counters"]["stdout_in_bytes"] == told["ends"]["stdout"]
        assert (folder / "stdout-1.log").stat().st_mode & 0o777 == 0o400
        agent.say("release_segment", stream="stdout", seq=1)
        agent.say("seal_segment", token=4)
        agent.hear("sealed")
        assert not (folder / "stdout-1.log").exists()
        agent.say("leave", status=0)
        it.wait()
        assert folder.exists()  # what is left may be sent by another life
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()


@pytest.mark.parametrize("at", [49.0, 60.0])
def test_sigterm_after_a_report_has_its_grace(at: float) -> None:
    """The report may go out before its stop's end, where nothing more can be shipped."""
    it = Escalation(10.0, 15)
    it.order(signal_at=0.0, kill_at=40.0, end_at=50.0, report=True)
    assert it.end_due(alone=False) == NEVER
    it.term(15, at)
    assert it.end_due(alone=False) == at + 9.5


def test_sigterm_shortens_a_stop_that_is_not_reported() -> None:
    it = Escalation(100.0, 15)
    it.order(signal_at=0.0, kill_at=40.0, end_at=50.0, report=False)
    it.term(15, 30.0)
    assert it.end_due(alone=False) == 50.0
