"""A game's command as an image runs it: behind the agent's entrypoint."""

import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from agent.errors import SettingsError

_PACKAGE = Path(__file__).resolve().parents[1]


def behind_entrypoint(*command: str, options: Sequence[str] = ()) -> list[str]:
    """Return the container's command for a game's command.

    Raises:
        SettingsError: the entrypoint is not where an installation or a checkout has it.
    """
    for place in (_PACKAGE, _PACKAGE.parent):
        script = place / "entrypoint.sh"
        if script.is_file():
            return [str(script), *options, "--", *command]
    raise SettingsError("cannot find entrypoint.sh: install arbitrium-agent again")


@asynccontextmanager
async def disk() -> AsyncIterator[dict[str, str]]:
    """Give a container a disk that ends with it; yield the variables that name it."""
    with tempfile.TemporaryDirectory(prefix="arbitrium-local-") as folder:
        yield {"AGENT_SPOOL_DIR": folder, "TMPDIR": folder}


def search_path() -> str:
    """Return a PATH on which ``python3`` has what the agent needs, as it has in an image."""
    here = Path(sys.executable).parent
    return f"{here}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
