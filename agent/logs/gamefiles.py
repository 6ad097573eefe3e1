"""All logs of the game that are asked for, kept as sources of the spool."""

import logging
import os
from pathlib import Path

from ..pid1.segments import Place
from .generation import Generation, Key, RefusedError, open_generation
from .recorder import Recorder
from .spoolreader import SpoolReader, source_of
from .tail import Tail
from .wanted import Wanted

LOG = logging.getLogger("agent.logs")

MOST_FILES = 64
_BUFFER_BYTES = 256 << 10
_FIND_SECONDS = 1.0  # patterns are costly; names that are known are looked at each time
_SLACK_SECONDS = 2.0  # file systems round the times of their files


class GameFiles:
    """Every call blocks for a disk: make them in a thread of their own, one at a time.

    Attributes:
        refused: by path, why it is not followed.
    """

    def __init__(
        self,
        wanted: Wanted,
        place: Place,
        *,
        since: float,
        keeps: bool,
        reader: int | None = None,
        seal_seconds: float = 30.0,
    ) -> None:
        """Take up what an agent before us was following.

        Args:
            wanted: which files.
            place: the spool's folder, how much of it we may fill.
            since: wall-clock seconds of the container's start; what is older is of another life.
            keeps: what is kept is let go by `release`; else the oldest goes when room is short.
            reader: see `open_generation`.
            seal_seconds: how old a segment may become.
        """
        self.refused: dict[str, str] = {}
        self._wanted = wanted
        self._place = place
        self._since = since - _SLACK_SECONDS
        self._keeps = keeps
        self._reader = reader
        self._seal_seconds = seal_seconds
        self._tails: dict[str, Tail] = {}  # by source
        self._recorders: dict[str, Recorder] = {}
        self._buffer = memoryview(bytearray(_BUFFER_BYTES))
        self._found_at = -_FIND_SECONDS
        self._take_up()

    def look(self, now: float, wall: float, *, final: bool = False) -> int:
        """Copy what is new; return how many bytes that was, 0 = nothing more for now.

        Args:
            now: boot-time seconds.
            wall: wall-clock seconds.
            final: the game is gone.
        """
        if self._place.total > self._place.limit // 2:
            self._tidy()
        for tail in self._tails.values():
            tail.meet(wall)  # before new logs are found: what had a name before is none
        if final or now - self._found_at >= _FIND_SECONDS:
            self._found_at = now
            self._find(now)
        done = 0
        for source, tail in self._tails.items():
            try:
                done += tail.read(self._buffer, now, final=final)
            except OSError as error:
                self._refuse(tail.path, f"{error.strerror}")
            self._recorders[source].seal_old(now, self._seal_seconds)
        return done

    def seal(self) -> dict[str, int]:
        """Seal what there is; return how far each source has come."""
        for recorder in self._recorders.values():
            recorder.seal()
        return self.ends()

    @property
    def is_turning(self) -> bool:
        """Whether a look in `QUIET_SECONDS` will have more."""
        return any(tail.is_turning for tail in self._tails.values())

    def ends(self) -> dict[str, int]:
        """Return how far each source has come."""
        return {source: recorder.end for source, recorder in list(self._recorders.items())}

    def release(self, source: str, seq: int) -> bool:
        """Let go of a segment; False where it is not ours."""
        recorder = self._recorders.get(source)
        if recorder is not None:
            recorder.release(seq)
        return recorder is not None

    def folders(self) -> set[str]:
        """Return the folders to watch."""
        return self._wanted.folders()

    def counters(self) -> dict[str, int]:
        """Return what was read, what was not."""
        tails = list(self._tails.values())
        return {
            "files_followed": sum(bool(tail.keys) for tail in tails),
            "files_refused": len(self.refused),
            "files_truncated": sum(tail.truncations for tail in tails),
            "files_unread_bytes": sum(tail.unread for tail in tails),
        }

    def _take_up(self) -> None:
        for book in sorted(Path(self._place.folder).glob("file=3A*.origins")):
            source = source_of(book.stem)
            recorder = self._recorder(source)
            if recorder.origins:
                path = recorder.origins[-1].path
                tail = Tail(path, recorder, self._reader, taken=self._is_followed)
                tail.go_on()
                self._tails[source] = tail

    def _find(self, now: float) -> None:
        # The shorter name is the log's, the longer ones are those of its past.
        for path in sorted(self._wanted.paths(), key=lambda each: (len(each), each)):
            source = self._wanted.label(path)
            if source in self._tails:
                continue
            try:
                tail = self._begin(path, source, now)
            except RefusedError as error:
                self._refuse(path, str(error))
            except OSError as error:
                self._refuse(path, error.strerror or "it cannot be read")
            else:
                self.refused.pop(path, None)
                if tail is not None:
                    self._tails[source] = tail

    def _begin(self, path: str, source: str, now: float) -> Tail | None:
        """Return what follows a log that is new; None where another one has had its bytes.

        Raises:
            RefusedError: it is none that is followed.
            OSError: it cannot be read, or nothing can be written.
        """
        told = os.stat(path)  # noqa: PTH116 - each second
        key = told.st_dev, told.st_ino
        if self._is_followed(key):
            return None
        past = self._past(path, key)
        if past is not None and past.offset >= told.st_size:
            past.close()
            return None
        self._make_room(now)
        tail = Tail(path, self._recorder(source), self._reader, taken=self._is_followed)
        if past is not None:
            tail.go_on_at(past)
        else:
            tail.begin(self._since)
        return tail

    def _past(self, path: str, key: Key) -> Generation | None:
        """Return a file that some log has left behind, opened where that was."""
        for tail in self._tails.values():
            known = tail.past.get(key)
            if known is not None:
                file = open_generation(path, self._reader)
                if file.go_on(known.offset, known.head, known.head_size):
                    return file
                file.close()
        return None

    def _is_followed(self, key: Key) -> bool:
        return any(key in tail.keys for tail in self._tails.values())

    def _recorder(self, source: str) -> Recorder:
        if source not in self._recorders:
            self._recorders[source] = Recorder(self._place, source)
        return self._recorders[source]

    def _make_room(self, now: float) -> None:
        """Leave alone what nobody writes to, so that what is new has a place.

        Raises:
            RefusedError: there are too many that are written to.
        """
        followed = [tail for tail in self._tails.values() if tail.keys]
        if len(followed) < MOST_FILES:
            return
        idle = [tail for tail in followed if not tail.unread and tail.is_idle(now)]
        if not idle:
            raise RefusedError(f"{MOST_FILES} others are followed; write a narrower pattern")
        idle[0].close()

    def _refuse(self, path: str, why: str) -> None:
        if self.refused.get(path) == why:
            return
        if len(self.refused) < MOST_FILES:
            LOG.warning("logs: cannot follow %s: %s", path, why)
        if len(self.refused) < MOST_FILES * MOST_FILES:
            self.refused[path] = why

    def _tidy(self) -> None:
        """Make room: what is sealed can be sent, what was sent need not be shown any longer."""
        self.seal()
        for recorder in self._recorders.values():
            recorder.free()
        if not self._keeps:
            self._drop()

    def _drop(self) -> None:
        """Drop the oldest, where nobody is to get it but who asks now."""
        every = SpoolReader(Path(self._place.folder)).pieces()
        pieces = [each for each in every if each.source in self._recorders]
        for piece in sorted(pieces, key=lambda each: each.born_ns):
            if self._place.total > self._place.limit // 2:
                self.release(piece.source, piece.seq)
                self._recorders[piece.source].free()
