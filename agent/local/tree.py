"""The processes of a container, by what they are."""

from collections.abc import Iterator
from pathlib import Path

_AGENT = "agent.wiring"  # what the agent's command line says once it serves


def agent_pid(main: int) -> int | None:
    """Return the agent below a container's main process, as seen from outside."""
    return next((pid for pid, words in walk(main) if _AGENT in words), None)


def walk(main: int) -> Iterator[tuple[int, list[str]]]:
    """Yield each process of the tree with its command line; those that leave are left out."""
    todo = [main]
    while todo:
        pid = todo.pop()
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
        except OSError:
            continue
        yield pid, [word.decode(errors="replace") for word in words]
        todo += [int(child) for child in children.split()]
