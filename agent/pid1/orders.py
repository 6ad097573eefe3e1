"""The agent's orders, carried out as far as PID 1 allows."""

import posix

from . import boottime, signals, truth


class Orders:
    """What the agent may ask for; an order that makes no sense is ignored, never a fault.

    Attributes:
        leave_status: the exit code that the agent decided on.
        owes_truth: a message was dropped, so the next one must be the whole truth.
        ignored: how many orders made no sense.
    """

    def __init__(self, made: "Setup", escalation: "Escalation", agents: "Agents") -> None:
        self.leave_status: int | None = None
        self.owes_truth = False
        self.ignored = 0
        self._made = made
        self._game = made.game
        self._escalation = escalation
        self._agents = agents
        self._by_name = {
            "hello": self._hello,
            "resync": self._resync,
            "ack": self._ack,
            "signal_game": self._signal_game,
            "abort_game": self._abort_game,
            "kill_game": self._kill_game,
            "restart_game": self._restart_game,
            "write_stdin": self._write_stdin,
            "stop_plan": self._stop_plan,
            "stopping": self._stopping,
            "reported": self._reported,
            "seal_segment": self._seal_segment,
            "count_bytes": self._count_bytes,
            "release_segment": self._release_segment,
            "leave": self._leave,
        }

    def carry_out(self, message: dict[str, object]) -> None:
        """Do what a message says."""
        try:
            self._by_name[str(message["do"])](message)
        except (TypeError, ValueError, KeyError, OverflowError):
            self.ignored += 1

    def tell(self, message: dict[str, object], *, answer: bool) -> None:
        """Send a fact; where it does not go through, owe the truth."""
        now = boottime.now()
        if self.owes_truth:
            self._agents.expect(now)  # it does not read: that is silence too
        elif not self._agents.tell(message, now, answer=answer):
            self.owes_truth = True

    def tell_truth(self) -> None:
        """Send all that is known; only an agent that has said hello is told."""
        message = truth.tell(self._made, self._game, self._escalation, self._agents.starts)
        self.owes_truth = not self._agents.tell(message, boottime.now(), answer=False)

    def signal_game(self, signum: int) -> None:
        """Send the stop signal, once a life: Unreal quits at once on a second one."""
        if self._game.is_running and not self._game.signalled:
            self._game.signalled = True
            if signum:
                self._game.signal(signum)

    def kill_game(self) -> None:
        """End the game's whole tree."""
        self._game.kill(self._agents.pid)

    def _hello(self, _: dict[str, object]) -> None:
        self._agents.hello()
        self.tell_truth()

    def _ack(self, _: dict[str, object]) -> None:
        """Do nothing: any message is a sign of life."""

    def _resync(self, _: dict[str, object]) -> None:
        self.tell_truth()

    def _signal_game(self, message: dict[str, object]) -> None:
        signum = _number(message, "signum", self._escalation.signum)
        self.signal_game(_checked(int(signum)))

    def _abort_game(self, message: dict[str, object]) -> None:
        self._game.abort(_checked(int(_number(message, "signum"))))

    def _kill_game(self, _: dict[str, object]) -> None:
        self.kill_game()

    def _restart_game(self, _: dict[str, object]) -> None:
        if self._game.is_running or self._escalation.is_on:
            return
        self._game.kill(self._agents.pid)  # what the last life left holds its ports
        self._made.output_begins = self._made.pump.ends()
        why = self._made.start_game()
        if why:
            self._made.say(why)
            self.tell({"is": "game_not_started", "why": why, "at": boottime.now()}, answer=False)
            return
        self.tell(
            {
                "is": "game_started",
                "pid": self._game.pid,
                "at": self._game.started_at,
                "begins": self._made.output_begins,
            },
            answer=False,
        )

    def _write_stdin(self, message: dict[str, object]) -> None:
        text = str(message["text"]).encode("utf-8", "surrogateescape")
        if self._made.stdin < 0 or not self._game.is_running:
            return
        try:
            written = posix.write(self._made.stdin, text)
        except OSError:  # the pipe is full: the game does not read
            written = 0
        if written < len(text):
            self._made.say("the game does not read its stdin: a command was lost")

    def _stop_plan(self, message: dict[str, object]) -> None:
        signum = _number(message, "signum", self._escalation.signum)
        self._escalation.plan(_checked(int(signum)), _number(message, "after", 0.0))

    def _stopping(self, message: dict[str, object]) -> None:
        self._escalation.order(
            signal_at=_number(message, "signal_at"),
            kill_at=_number(message, "kill_at"),
            end_at=_number(message, "end_at"),
            report=message.get("report") is True,
        )

    def _reported(self, message: dict[str, object]) -> None:
        self._made.say(f"self-stop: {message.get('outcome')} {message.get('detail', '')}".rstrip())

    def _seal_segment(self, message: dict[str, object]) -> None:
        self._made.pump.seal(token=int(_number(message, "token")))

    def _release_segment(self, message: dict[str, object]) -> None:
        self._made.pump.release(str(message["stream"]), int(_number(message, "seq")))

    def _count_bytes(self, _: dict[str, object]) -> None:
        """Tell the counters as a seal of nothing would."""
        self._tell_sealed(0, {})

    def tell_sealed(self) -> None:
        """Answer the seals that are done."""
        for token, ends in self._made.pump.sealed():
            self._tell_sealed(token, ends)

    def _tell_sealed(self, token: int, ends: dict[str, int]) -> None:
        counters = self._made.pump.counters()
        message = {"is": "sealed", "token": token, "ends": ends, "counters": counters}
        self.tell(message, answer=False)

    def _leave(self, message: dict[str, object]) -> None:
        self.leave_status = int(_number(message, "status")) & 0xFF


def _number(message: dict[str, object], name: str, default: float | None = None) -> float:
    value = message.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:  # noqa: PLR0124 - NaN is the one that differs from itself
        raise ValueError(name)
    return value


def _checked(signum: int) -> int:
    if signum not in signals.ALL:
        raise ValueError(signum)
    return signum


TYPE_CHECKING = False  # mypy reads it as true
if TYPE_CHECKING:
    from .agents import Agents
    from .escalate import Escalation
    from .setup import Setup
