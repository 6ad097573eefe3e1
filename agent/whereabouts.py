"""The file that tells a command line in the same container where the agent is."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

DEFAULT_PORT = 8655
DEFAULT_URL = f"http://127.0.0.1:{DEFAULT_PORT}"
_NAME = "arbitrium-agent.url"
_OURS = ("http://127.0.0.1:", "http+unix://")  # anybody in the container can write to the folder
_MOST_BYTES = 512


def leave(url: str, environ: Mapping[str, str]) -> None:
    """Write where we serve; no file where that is the default, or no folder takes one.

    ``docker exec`` starts a process that has the container's variables, not the game's: a port
    that we had to choose by ourselves is nowhere among them.
    """
    path = _path(environ)
    with suppress(OSError):
        if url in ("", DEFAULT_URL):
            path.unlink(missing_ok=True)
            return
        # A name that nobody can have prepared, then renamed: a link in the way is not followed.
        fresh = path.with_name(f"{_NAME}.{os.urandom(8).hex()}")
        fd = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o644)
        try:
            os.write(fd, url.encode())
        finally:
            os.close(fd)
        fresh.replace(path)


def find(environ: Mapping[str, str]) -> str:
    """Return where the agent says that it serves, an empty string where it does not say."""
    with suppress(OSError, UnicodeDecodeError), _path(environ).open("rb") as file:
        url = file.read(_MOST_BYTES).decode().strip()
        return url if url.startswith(_OURS) else ""
    return ""


def _path(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("TMPDIR") or "/tmp") / _NAME  # noqa: S108 - see `leave`
