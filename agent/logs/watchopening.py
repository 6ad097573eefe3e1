"""The watch over the game's logs, as the settings ask for it."""

from collections.abc import Iterable

from .. import clock
from ..core.options import Options
from ..interfaces import PidOne
from ..link import Truth
from ..pid1 import places
from ..pid1.segments import Place
from .echo import Echo
from .filewatch import FileWatch
from .gamefiles import GameFiles
from .wanted import wanted

_MOST_BYTES = 64 << 20  # of copies; beyond, the game's files themselves wait


def open_watch(
    truth: Truth, options: Options, link: PidOne, urls: Iterable[str], *, keeps: bool
) -> FileWatch:
    """Return what follows the files; nothing is looked at yet.

    Args:
        truth: what PID 1 told.
        options: which files.
        link: PID 1.
        urls: of the sinks: what one of them writes is not followed.
        keeps: there are sinks, so nothing is dropped that they lack.
    """
    outside = tuple(
        url.removeprefix("file://").partition("?")[0] for url in urls if url.startswith("file:")
    )
    asked = wanted(
        options.log_files, options.log_preset, truth.game_folder, truth.game_home, outside
    )
    return FileWatch(
        lambda: GameFiles(
            asked,
            Place(truth.spool, places.bound(truth.spool, _MOST_BYTES) // 2),
            since=truth.born + clock.wall() - clock.now(),
            keeps=keeps,
            reader=truth.game_uid or None,  # root reads everything
        ),
        Echo(truth.spool, link) if options.log_files_echo else None,
    )
