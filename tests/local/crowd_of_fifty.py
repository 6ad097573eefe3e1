"""Fifty deployments at once, each with its agent: ``make crowd``."""

import sys
import tempfile
from pathlib import Path

import pytest

from agent.local import demogame, image, proving, verdicts
from agent.local.version import Version

NAMES = ["happy-path", "platform-stop-in-match"] * 25


def marked(mark: str) -> list[str]:
    """Return the processes whose variables bear a mark."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (place / "environ").read_bytes():
                found.append((place / "cmdline").read_text())
        except OSError:
            continue
    return found


@pytest.mark.timeout(400)
async def test_fifty_deployments_play_and_stop_in_their_grace_and_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "left"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    version = Version(
        command=image.behind_entrypoint(sys.executable, "-I", demogame.__file__),
        env={"PATH": image.search_path(), "AGENT_GRACE": "30s"},
        grace=30.0,
    )
    came = await proving.prove(NAMES, version, lambda _: None, 170.0, at_once=len(NAMES))
    broken = [verdicts.text(verdict) for verdict in came if verdict.broken]
    assert not broken, "\n".join(broken)
    assert marked(str(folder)) == []
    assert list(folder.iterdir()) == []
