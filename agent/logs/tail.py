"""One log of the game, followed through every file that it goes through."""

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from .. import clock
from .generation import Generation, Key, RefusedError, open_generation
from .recorder import Origin, Recorder
from .turned import open_turned

LOG = logging.getLogger("agent.logs")

_TURN_BYTES = 4 << 20  # then another log has its turn
_SLACK_SECONDS = 0.05  # a file system's clock ticks more slowly than ours
_LONG_SECONDS = 60.0  # nobody writes any longer to a file that has no name


@dataclass(frozen=True, slots=True)
class Past:
    """A file that was read to its end."""

    head: str
    head_size: int
    offset: int


class Tail:
    """Copies what a log gets into its own stretch of the spool, each byte once.

    A file that has lost its name to another one is read until it is quiet; what was renamed
    twice between two looks, or while no agent was there, is found by its name beside the log.

    Attributes:
        path: the log's name.
        past: files that were read to their end, by their keys.
        truncations: how often a file was cut, after which it is read from its start.
    """

    def __init__(
        self,
        path: str,
        recorder: Recorder,
        reader: int | None = None,
        *,
        taken: Callable[[Key], bool] = lambda _: False,
    ) -> None:
        """Follow a log.

        Args:
            path: its name.
            recorder: where it goes; a predecessor of ours may have begun it.
            reader: see `open_generation`.
            taken: whether a file belongs to another log.
        """
        self.path = path
        self.past: dict[Key, Past] = {}
        self.truncations = 0
        self._recorder = recorder
        self._reader = reader
        self._taken = taken
        self._files: list[Generation] = []  # oldest first, the last one has the name
        self._noted: tuple[Key, str] | None = None
        self._looked_at = 0.0  # wall-clock seconds

    @property
    def keys(self) -> list[Key]:
        """The files that are open."""
        return [each.key for each in self._files]

    @property
    def unread(self) -> int:
        """How many bytes are there that were not read."""
        return sum(each.unread for each in self._files)

    @property
    def is_turning(self) -> bool:
        """Whether a file has lost its name, and may still get something."""
        return len(self._files) > 1

    def begin(self, since: float) -> None:
        """Find what there is for the first time: what was written since then is of this life.

        Raises:
            RefusedError: the log is none that is followed.
            OSError: it is gone, or not ours to read.
        """
        file = open_generation(self.path, self._reader)
        told = os.fstat(file.fd)
        if told.st_mtime < since:
            file.offset = told.st_size  # of another life; what is appended is of this one
        self._find_turned(file, since)
        self._files.append(file)
        self._looked_at = since

    def go_on(self) -> None:
        """Go on where an agent before us was killed."""
        *before, last = self._recorder.origins
        if self._recorder.end < last.at:
            self._recorder.end_line(clock.now())
        for each in before:
            key = each.device, each.inode
            self.past[key] = Past(each.head, each.head_size, 0)
        offset = last.offset + max(0, self._recorder.end - last.at)
        key = last.device, last.inode
        self.past.pop(key, None)
        file = self._find(key)
        if file is None:
            self.past[key] = Past(last.head, last.head_size, offset)
            self._looked_at = self._recorder.noted_at()
            return
        if file.go_on(offset, last.head, last.head_size):
            self._noted = key, last.head
        else:
            self.truncations += 1  # while nobody looked
        self._files.append(file)
        # What followed it was written after it was.
        self._looked_at = os.fstat(file.fd).st_mtime

    def go_on_at(self, file: Generation) -> None:
        """Go on with a file that another log has left behind, yet somebody writes to it."""
        self._files.append(file)

    def read(self, buffer: memoryview, now: float, *, final: bool) -> int:
        """Copy what is new; return how many bytes that was.

        Args:
            buffer: to read into.
            now: boot-time seconds.
            final: nobody writes any longer.

        Raises:
            OSError: the disk gives nothing, or takes nothing.
        """
        for file in self._files[1:]:
            file.look(now)
        done = 0
        while self._files and done < _TURN_BYTES:
            file = self._files[0]
            done += self._copy(file, buffer, now, _TURN_BYTES - done)
            if file.unread:
                break
            if len(self._files) == 1:
                self._forget_unnamed(file, now)
                break
            if not (final or file.is_quiet(now)):
                break
            self._leave(file)
        return done

    def is_idle(self, now: float) -> bool:
        """Return whether nothing has come for long."""
        return all(each.quiet_seconds(now) >= _LONG_SECONDS for each in self._files)

    def close(self) -> None:
        """Let go of all files."""
        while self._files:
            self._leave(self._files[0])

    def meet(self, wall: float) -> None:
        """See whether another file has taken the name.

        Args:
            wall: wall-clock seconds.
        """
        since = self._looked_at - _SLACK_SECONDS
        live = None
        with suppress(OSError, RefusedError):  # between two names there is none
            if self._taken(_key(os.stat(self.path))):  # noqa: PTH116 - several times a second
                self._looked_at = wall
                return
            live = open_generation(self.path, self._reader)
            if live.key in self.keys or self._is_past(live):
                live.close()
                return
        if self._find_turned(live, since):
            self._looked_at = wall
        if live is not None:
            self._files.append(live)

    def _find(self, key: Key) -> Generation | None:
        """Return the file that the log was, whatever its name is by now."""
        with suppress(OSError, RefusedError):
            live = open_generation(self.path, self._reader)
            if live.key == key:
                return live
            live.close()
        found, _ = open_turned(self.path, 0.0, self._reader, lambda each: each != key)
        return found[0] if found else None

    def _find_turned(self, live: Generation | None, since: float) -> bool:
        """Take in files that had the name, lost it again before anybody looked.

        Returns False where names moved all the time, so that it has to be done again.
        """
        here = {*self.keys, *([live.key] if live else [])}
        found, is_all = open_turned(
            self.path, since, self._reader, lambda key: key in here or self._taken(key)
        )
        for file in found:
            if self._is_past(file):
                file.close()
            else:
                self._files.append(file)
        return is_all

    def _is_past(self, file: Generation) -> bool:
        """Return whether a file was read already; an inode that is used again is another one."""
        known = self.past.get(file.key)
        if known is None:
            return False
        is_same = file.go_on(known.offset, known.head, known.head_size)
        if not is_same:
            del self.past[file.key]
        return is_same

    def _copy(self, file: Generation, buffer: memoryview, now: float, most: int) -> int:
        if file.look(now):
            self.truncations += 1
            self._noted = None
            LOG.info("logs: %s was cut; it is read from its start", self.path)
        done = 0
        while file.unread and done < most:
            count = file.read(buffer[: min(len(buffer), file.unread)])
            if not count:
                break  # it was cut this very moment: the next look will see it
            if self._noted != (file.key, file.head):
                self._note(file, now)
            view = buffer[:count]
            kept = self._recorder.append(view, now)
            file.took(view[:kept])
            done += kept
            if kept < count:
                break  # there is no room: the file itself keeps the rest
        return done

    def _note(self, file: Generation, now: float) -> None:
        is_another = self._noted is None or self._noted[0] != file.key
        at = self._recorder.next_line if is_another else self._recorder.end
        device, inode = file.key
        self._recorder.note(
            Origin(at, device, inode, file.head, file.head_size, file.offset, self.path)
        )
        if is_another:
            self._recorder.end_line(now)
        self._noted = file.key, file.head

    def _leave(self, file: Generation) -> None:
        self._files.remove(file)
        self.past[file.key] = Past(file.head, file.head_size, file.offset)
        file.close()

    def _forget_unnamed(self, file: Generation, now: float) -> None:
        """Give a deleted file's room back: we may be the last ones who hold it."""
        if file.quiet_seconds(now) >= _LONG_SECONDS and not os.fstat(file.fd).st_nlink:
            self._leave(file)


def _key(told: os.stat_result) -> Key:
    return told.st_dev, told.st_ino
