"""A way to a disk on which nobody is kept waiting when it hangs."""

import _thread
import errno

PATIENCE_SECONDS = 0.1
"""How long one call may take: the game's 1 MiB pipe takes in that much of 10 MB/s meanwhile."""

TYPE_CHECKING = False  # mypy reads it as true; `typing` is not worth its import before the game
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    T = TypeVar("T")


class Disk:
    """Calls at once: memory, or a file system that lies in it, does not hang."""

    hangs = False
    stalls = 0

    def call(self, what: "Callable[[], T]", undo: "Callable[[T], object]") -> "T":
        """Return what *what* returns.

        Args:
            what: touches the disk.
            undo: takes back what came of it after we had turned away.

        Raises:
            OSError: the disk refuses, or hangs (ETIMEDOUT).
        """
        del undo
        return what()

    def leave(self, what: "Callable[[], object]") -> None:
        """Have *what* done after all that was asked for before; its faults are nobody's."""
        _quietly(what)


class GuardedDisk(Disk):
    """Calls in a thread of its own, which alone hangs with the disk.

    What hung is taken back when it comes to its end after all; until then every other call is
    refused, and what may be done later waits.

    Attributes:
        hangs: a call has not come back.
        patience: how long one call may take, seconds.
        stalls: how often that was so; what was handed over by then may still be read.
    """

    def __init__(self, patience: float = PATIENCE_SECONDS) -> None:
        self.patience = patience
        self._go = _locked()
        self._done = _locked()
        self._turn = _thread.allocate_lock()  # who came first: the call's end, or our patience's
        self._job: _Job | None = None
        self._late: list[Callable[[], object]] = []
        self._started = False

    def call(self, what: "Callable[[], T]", undo: "Callable[[T], object]") -> "T":
        """See `Disk.call`."""
        if self.hangs:
            raise OSError(errno.ETIMEDOUT, "the disk hangs")
        if not self._started:
            _thread.start_new_thread(self._run, ())
            self._started = True
        job = self._job = _Job(what, undo)
        self._go.release()
        if not self._done.acquire(timeout=self.patience):
            with self._turn:
                job.given_up = self.hangs = not job.finished
            if job.given_up:
                self.stalls += 1
                raise OSError(errno.ETIMEDOUT, "the disk hangs")
            self._done.acquire()
        if job.error is not None:
            raise job.error
        result: T = job.result
        return result

    def leave(self, what: "Callable[[], object]") -> None:
        """See `Disk.leave`."""
        with self._turn:
            if self.hangs:
                self._late.append(what)
                return
        try:
            self.call(what, _nothing)
        except OSError:
            pass

    def _run(self) -> None:
        while True:
            self._go.acquire()
            job = self._job
            if job is not None:
                job.run()
                self._finish(job)

    def _finish(self, job: "_Job") -> None:
        with self._turn:
            job.finished = True
        if not job.given_up:
            self._done.release()
            return
        if job.error is None:
            _quietly(lambda: job.undo(job.result))
        while True:
            with self._turn:
                if not self._late:
                    self.hangs = False
                    return
                late = self._late.pop(0)
            _quietly(late)


class _Job:
    """One call with what came of it."""

    __slots__ = ("error", "finished", "given_up", "result", "undo", "what")

    def __init__(self, what: "Callable[[], Any]", undo: "Callable[[Any], object]") -> None:
        self.what = what
        self.undo = undo
        self.result: Any = None
        self.error: Exception | None = None
        self.finished = self.given_up = False

    def run(self) -> None:
        try:
            self.result = self.what()
        except Exception as error:  # noqa: BLE001 - it is raised again, where it was asked for
            self.error = error


def _locked() -> "_thread.LockType":
    lock = _thread.allocate_lock()
    lock.acquire()
    return lock


def _nothing(_: object) -> None:
    """Take nothing back."""


def _quietly(what: "Callable[[], object]") -> None:
    try:
        what()
    except OSError:
        pass
