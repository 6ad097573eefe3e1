"""PID 1's main loop: signals, statuses, the agent's orders, deadlines."""

import posix
import select

from ..core import exits
from . import boottime, complaints, forward, leave, pause, reap, signals
from .agents import Agents
from .escalate import Escalation
from .orders import Orders
from .relay import Relay

NEVER = float("inf")


class Supervisor:
    """Decides only what cannot wait for an agent.

    Attributes:
        leaving: the exit code, once it is decided that we leave.
    """

    def __init__(self, made: "Setup", why: str, fault: int) -> None:
        self._made = made
        self._game = made.game
        self._fault = fault  # the exit code of a game that could not be started
        self._escalation = Escalation(made.options.grace, made.options.stop_signal)
        doors = list(made.doors().values())
        self._agents = Agents(
            made.root, made.agent_environ(), made.agent_output, doors, made.files_output
        )
        self._orders = Orders(made, self._escalation, self._agents)
        self._wakeup = signals.open_wakeup()
        # The game's stdin stays open behind the end of ours, for `write_stdin`.
        self._stdin = Relay(0, made.stdin)
        self._stdin.is_open = made.stdin >= 0
        if why:
            made.say(why)
        if fault and made.tells_platform:
            self._agents.rescue()

    def run(self) -> None:
        """Go on until it is time to leave; never returns."""
        try:
            while True:
                now = boottime.now()
                leaving = self._leaving(now)
                if leaving is not None:
                    self._leave(leaving)
                self._on_time(now)
                self._wait(now)
        finally:  # a fault of ours: what goes on without us has no use for an agent
            self._agents.kill("it is left alone")

    def _wait(self, now: float) -> None:
        """Sleep until something happens, then take in what did."""
        news = self._made.pump.news
        fds = {self._wakeup: select.POLLIN, news: select.POLLIN}
        if self._stdin.is_open:
            fds.update((self._stdin.awaits(),))
        channel = self._agents.channel
        if channel is not None and channel.is_open:
            fds[channel.fd] = select.POLLIN | (select.POLLOUT if self._orders.owes_truth else 0)
        ready = pause.pause(fds, self._due(now))
        if channel is not None and channel.fd in ready:
            self._on_channel(ready[channel.fd])
        if news in ready:
            self._orders.tell_sealed()
        self._stdin.turn(ready)
        for signum in signals.read_wakeup(self._wakeup):
            self._on_signal(signum)
        for pid, status in reap.reap():
            self._on_exit(pid, status)
        status_of_leader = self._game.leader_status
        if status_of_leader is not None and self._game.is_gone:
            self._game.exited(status_of_leader)
            self._on_game_exit(status_of_leader, boottime.now())

    def _due(self, now: float) -> float:
        """Return when the next deadline is, of those that are still ahead."""
        agents, escalation, game = self._agents, self._escalation, self._game
        alone = agents.is_alone(now)
        dues = [agents.due(), escalation.end_due(alone=alone)]
        if agents.silent_at() > now:
            dues.append(agents.silent_at())
        if game.is_running:
            if not game.signalled:
                dues.append(escalation.signal_due(alone=alone))
            if not game.killed:
                dues.append(escalation.kill_due(alone=alone))
        return min(dues)

    def _on_signal(self, signum: int) -> None:
        now = boottime.now()
        if signum in (signals.SIGTERM, signals.SIGINT):
            self._on_term(signum, now)
        elif signum != signals.SIGCHLD:
            forward.forward(self._game, signum, self._made.options.rewrites)

    def _on_term(self, signum: int, now: float) -> None:
        escalation, rewrites = self._escalation, self._made.options.rewrites
        if escalation.term(signum, now):
            escalation.signum = rewrites.get(signum, escalation.signum)
            self._made.say(self._term_words(signum))
            self._orders.tell({"is": "term", "signum": signum, "at": now}, answer=True)
        elif signum == signals.SIGINT:  # orchestrators repeat SIGTERM, people mean it
            escalation.hurry(now, signalled=self._game.signalled, killed=self._game.killed)

    def _term_words(self, signum: int) -> str:
        from ..core import durations

        name = "SIGTERM" if signum == signals.SIGTERM else "SIGINT"
        grace = durations.render(self._made.options.grace)
        assumed = "" if self._made.options.grace_given else ", assumed as AGENT_GRACE is not set"
        return f"{name}: stopping within {grace}{assumed}"

    def _on_exit(self, pid: int, status: int) -> None:
        now = boottime.now()
        if pid == self._agents.pid:
            if not self._agents.greeted:
                self._made.say(
                    f"the {self._agents.name} ended before it was up: {exits.words(status)}"
                )
            self._agents.exited(now)
        elif pid == self._game.pid and self._game.is_running:
            self._game.leader_status = status

    def _on_game_exit(self, status: int, now: float) -> None:
        code = exits.code(status)
        if code:
            self._made.say(f"the game ended: {exits.words(status)}")
        hint = complaints.root_hint(self._game.command, self._uid(), code)
        if hint:
            self._made.say(hint)
        message = {"is": "game_exited", "pid": self._game.pid, "status": status, "at": now}
        self._orders.tell(message, answer=True)

    def _uid(self) -> int:
        user = self._game.user
        return posix.getuid() if user is None else user.uid

    def _on_channel(self, events: int) -> None:
        channel = self._agents.channel
        if channel is None:
            return
        if events & select.POLLIN:
            for message in channel.receive():
                self._agents.heard()
                self._orders.carry_out(message)
        if events & (select.POLLHUP | select.POLLERR):
            # It has died, which SIGCHLD will say, or it has gone deaf, which is no better.
            channel.is_open = False
            self._agents.expect(boottime.now())
        elif events & select.POLLOUT:
            self._orders.tell_truth()

    def _on_time(self, now: float) -> None:
        game, escalation = self._game, self._escalation
        alone = self._agents.is_alone(now)
        if game.is_running:
            if not game.signalled and now >= escalation.signal_due(alone=alone):
                self._orders.signal_game(escalation.signum)
            if not game.killed and now >= escalation.kill_due(alone=alone):
                self._made.say("the game outlived its time to stop: killing it")
                self._orders.kill_game()
        line = self._agents.look(now)
        if line:
            self._made.say(line)

    def _leaving(self, now: float) -> int | None:
        """Return the exit code if it is time to leave, decided from what is known alone."""
        if self._orders.leave_status is not None:
            return self._orders.leave_status
        if now >= self._escalation.end_due(alone=self._agents.is_alone(now)):
            return self._code()
        if self._game.is_running:
            return None
        if self._escalation.term_at is not None:
            return None if self._may_ship() else self._code()
        if self._made.tells_platform or self._escalation.report:
            # The platform restarts what exits: it is told instead, and its SIGTERM awaited.
            if self._agents.given_up:
                self._agents.rescue()
            return None
        return None if self._waits_for_agent() else self._code()

    def _may_ship(self) -> bool:
        """Return whether an agent is there that may still have lines to send."""
        if self._agents.rescuing or self._agents.given_up:
            return False
        return self._agents.greeted or self._made.has_sink or self._made.options.echoes_files

    def _waits_for_agent(self) -> bool:
        """Return whether an agent decides what the game's end means, outside Edgegap."""
        if self._fault or self._agents.given_up:
            return False
        return self._agents.ever_greeted or self._made.waits_for_agent

    def _code(self) -> int:
        """Return the exit code as the agent would choose it."""
        game = self._game
        status = exits.code(game.status) if game.status is not None else self._fault
        if game.is_running or game.killed:
            return exits.KILLED
        if self._fault or not self._made.on_edgegap or self._escalation.term_at is None:
            return status
        return exits.KILLED if status == exits.KILLED else 0

    def _leave(self, code: int) -> None:
        end = self._escalation.end_at
        # The policy is for those whom the game left behind, not for the game itself.
        how = "kill" if self._game.is_running else self._made.options.leftovers
        leave.clear(how, self._wakeup, self._agents.pid, end)
        self._agents.kill("we are leaving")
        leave.leave(self._made, code, max(end, boottime.now() + 0.1))


TYPE_CHECKING = False  # mypy reads it as true
if TYPE_CHECKING:
    from .setup import Setup
