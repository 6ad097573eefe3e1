"""What happens in a scenario, one act after the other."""

import signal
from collections.abc import Awaitable, Callable

from .ledger import SelfStopCalled, StopAccepted
from .stage import PLAYERS, Stage

Act = Callable[[Stage], Awaitable[None]]
_CAPACITY = 16


async def get_ready(stage: Stage) -> None:
    """Let the game come up."""
    await stage.phase("ready", "in_match")
    stage.look_for_tokens()


async def tell_nobody(stage: Stage) -> None:
    """Say that nobody is there."""
    await stage.call("PUT", "/v1/players", {"ids": [], "capacity": _CAPACITY})


async def join(stage: Stage) -> None:
    """Let players join."""
    await stage.call("PUT", "/v1/players", {"ids": list(PLAYERS), "capacity": _CAPACITY})


async def play(stage: Stage) -> None:
    """Let players join, their match begin."""
    await get_ready(stage)
    await join(stage)
    await stage.call("POST", "/v1/match/start", {"id": "m-1"})
    await stage.phase("in_match")


async def end_match(stage: Stage) -> None:
    """Let the match be over, everybody leave."""
    stage.mark("match's end")
    await stage.call("POST", "/v1/match/end", {"id": "m-1"})
    await tell_nobody(stage)


async def hold_at_birth(stage: Stage) -> None:
    """Wait for the agent while the game is held before its first instruction."""
    status = await stage.call("GET", "/v1/status")
    stage.look_for_tokens()
    late = "" if status["phase"] == "starting" else f"the phase is {status['phase']}"
    stage.judge("a game that has not come up is not called ready", late)


async def crash(stage: Stage) -> None:
    """Let the game crash."""
    stage.mark("crash")
    await stage.crash_game()


async def hang(stage: Stage) -> None:
    """Let the game hang after a sign of life."""
    await stage.call("POST", "/v1/health", {"status": "healthy"})
    await stage.freeze_game()


async def ignore_signals(stage: Stage) -> None:
    """Make the game deaf to all signals but SIGKILL."""
    await stage.freeze_game()


async def stop_by_platform(stage: Stage) -> None:
    """Stop the deployment as its owner would."""
    stage.deployment.stop()


async def stop_by_game(stage: Stage) -> None:
    """Ask for the end as a game would."""
    await stage.call("POST", "/v1/stop", {"why": "scenario"})
    await stage.deployment.recorded(SelfStopCalled)


async def become_ready_late(stage: Stage) -> None:
    """Let the deployment be READY only after its stop was taken on."""
    await stage.deployment.recorded(StopAccepted)
    is_up = stage.deployment.exit_status is None
    stage.judge("a queued stop is waited for", "" if is_up else "the container left before it")
    stage.deployment.mark_ready()


async def be_told_of_the_bill(stage: Stage) -> None:
    """Look whether a rejected stop is said loudly, the game kept down; then end it by hand."""
    promise = "a rejected self-stop is said loudly, and the game stays down"
    await stage.deployment.wrote("still runs and is billed")
    status = await stage.call("GET", "/v1/status")
    stage.judge(promise, "the game runs" if status["game"]["running"] else "")
    stage.deployment.stop()


async def kill_agent(stage: Stage) -> None:
    """Kill the agent; look whether the game goes on, and its successor knows all."""
    game, old = await stage.game(), await stage.signal_agent(signal.SIGKILL)
    status = await stage.phase("in_match")
    while await stage.agent() == old:
        status = await stage.phase("in_match")
    is_same = await stage.game() == game
    stage.judge("an agent's death does not disturb the game", "" if is_same else "it is another")
    players = status["players"]["count"]
    lost = "" if players == len(PLAYERS) else f"it knows of {players} players"
    stage.judge("the next agent goes on where the last one stopped", lost)


async def freeze_agent(stage: Stage) -> None:
    """Stop the agent's clock."""
    await stage.signal_agent(signal.SIGSTOP)
