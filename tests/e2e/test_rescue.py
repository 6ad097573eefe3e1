"""An agent that can never start: the game plays on, the deployment is ended all the same."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.local.faults import Refusal
from agent.local.ledger import SelfStopCalled
from agent.local.platform import Platform
from agent.local.version import RestartPolicy, Version

from .inside import GAMES, QUICK, ROOT
from .test_agent_death import numbers


@pytest.fixture
def broken() -> Iterator[Path]:
    """Copy the agent, its control API cannot be imported."""
    folder = Path(tempfile.mkdtemp(prefix="agent-broken-"))
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "agent", folder / "agent", ignore=ignore)
    shutil.copy(ROOT / "entrypoint.sh", folder)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    (folder / "agent/control/server.py").write_text("raise ImportError('broken on purpose')\n")
    yield folder / "entrypoint.sh"
    shutil.rmtree(folder)


async def test_deployment_is_ended_without_any_agent(broken: Path) -> None:
    """1. No agent comes up. 2. The game plays to its end. 3. The rescue outlasts an outage."""
    version = Version(
        command=(str(broken), "python3", str(GAMES / "talker.py")),
        env={**QUICK, "AGENT_GRACE": "10s", "TALKER_RATE": "200", "TALKER_LINES": "600"},
        grace=10.0,
        restart_policy=RestartPolicy.ALWAYS,
        faults=[Refusal(503)],
    )
    async with Platform(hears_lines=False) as platform:
        deployment = await platform.deploy(version)
        await deployment.terminated()
    answers = [r.answer for r in deployment.records if isinstance(r, SelfStopCalled)]
    assert answers == ["503", "202"]
    assert numbers(deployment.stdout) == list(range(1, 601))
    assert b"broken on purpose" in deployment.stderr  # the traceback is kept
    assert deployment.exit_status == 0


async def test_observing_the_platform_is_not_told_even_without_any_agent(broken: Path) -> None:
    version = Version(
        command=(str(broken), "python3", str(GAMES / "talker.py")),
        env={**QUICK, "AGENT_MODE": "observe", "TALKER_LINES": "1", "TALKER_EXIT": "7"},
        restart_policy=RestartPolicy.NEVER,
    )
    async with Platform(hears_lines=False) as platform:
        deployment = await platform.deploy(version)
        await deployment.terminated()
    assert not [r for r in deployment.records if isinstance(r, SelfStopCalled)]
    assert deployment.exit_status == 7
