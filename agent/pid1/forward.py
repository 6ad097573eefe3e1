"""Signals on their way to the game."""

import posix

from . import signals, terminal


def forward(game: "Game", signum: int, rewrites: dict[int, int]) -> None:
    """Pass a signal on, rewritten where that is wanted; 0 drops it.

    The three that a terminal stops a job with become SIGSTOP, and we stop with the game, as
    the shell above us expects; SIGCONT wakes both.
    """
    stops = signum in signals.JOB_CONTROL
    passed = rewrites.get(signum, signals.SIGSTOP if stops else signum)
    if passed:
        game.signal(passed)
    if stops and posix.getpid() != 1:
        terminal.suspend_ourselves()


TYPE_CHECKING = False  # mypy reads it as true
if TYPE_CHECKING:
    from .game import Game
