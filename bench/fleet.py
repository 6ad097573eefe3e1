"""Ten thousand agents end their deployments at a platform that has other worries.

Each agent is the real core with the real retry policy (``agent.core.verdicts``, which courier and
rescue share), on virtual time. The platform is a token bucket: Edgegap states 40 deployments a
second and no limit for the self-stop, so the same 40 stand for it. ``python -m bench.fleet`` shows
every scenario beside policies that were not taken.
"""

import argparse
import heapq
import math
import random
import statistics
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count

from agent.core import effects as do
from agent.core import events as e
from agent.core import verdicts
from agent.core.lifecycle import deadline, step
from agent.core.options import Options
from agent.core.state import State

from .table import Row

AGENTS = 10_000
LIMIT = 40  # calls a second that the platform takes, as many at once
OUTAGE = 600.0
GAME_LEAVES = 2.0  # seconds from the stop signal to the game's exit
TERM_AFTER = 5.0  # seconds from 202 to SIGTERM: not stated anywhere
ATTEMPT_TIMEOUT = 10.0  # of agent.edgegap.selfstop
GIVES_UP = 86_400.0  # virtual seconds after which a fleet has failed

Policy = Callable[[int, float | None, float], float]


@dataclass(frozen=True, slots=True)
class Scenario:
    """What meets the fleet; all times in virtual seconds.

    Attributes:
        spread: the deployments' starts, or their matches' ends, come evenly over that long.
        by: "max_duration", or "match_ended" where the outage begins with the first end.
        outage: how long the platform answers nothing but 503.
        silent: it does not answer at all in that time.
        retry_after: what its 429 and 503 ask for.
        shipments: how many of the fleet's log shipments the store takes a second.
    """

    name: str
    spread: float = 0.0
    by: str = "match_ended"
    outage: float = 0.0
    silent: bool = False
    retry_after: float | None = None
    shipments: float = math.inf


SCENARIOS = (
    Scenario("max duration, deployed at 40/s", spread=AGENTS / LIMIT, by="max_duration"),
    Scenario("max duration, deployed at once", by="max_duration"),
    Scenario("all matches end at once"),
    Scenario("the same, 429 with Retry-After: 5", retry_after=5),
    Scenario("the same, a store of 20 shipments/s", shipments=20),
    Scenario("outage of 10 min, 503", spread=OUTAGE, outage=OUTAGE),
    Scenario("outage of 10 min, silence", spread=OUTAGE, outage=OUTAGE, silent=True),
    Scenario("outage of 10 min, Retry-After: 60", spread=OUTAGE, outage=OUTAGE, retry_after=60),
    Scenario("at once into it, Retry-After: 60", outage=OUTAGE, retry_after=60),
)


@dataclass(slots=True)
class Agent:
    """One agent as the simulation sees it."""

    state: State
    wake_at: float = math.inf
    failed: int = 0  # attempts in a row
    courier: int = 0  # which errand is under way: an older one's wake-up is void
    calls: list[float] = field(default_factory=list)
    shipping: bool = False
    exit_at: float = math.inf
    stop_at: float = math.inf
    accepted_at: float = math.inf
    left_at: float = math.inf


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a fleet; agents whose ``left_at`` is infinite were never stopped."""

    agents: list[Agent]
    could_at: float  # the first moment at which everything could have gone well

    @property
    def until_all_stopped(self) -> float:
        return max(agent.left_at for agent in self.agents) - self.could_at

    @property
    def calls_each(self) -> float:
        return statistics.fmean(len(agent.calls) for agent in self.agents)

    @property
    def most_calls(self) -> int:
        return max(len(agent.calls) for agent in self.agents)

    @property
    def peak(self) -> int:
        """Calls in the worst second."""
        return max(Counter(int(at) for agent in self.agents for at in agent.calls).values())


class Fleet:
    """Agents, a platform, a store, one clock."""

    def __init__(
        self, scenario: Scenario, agents: int, *, policy: Policy, jitter: bool, limit: float
    ) -> None:
        """Deploy everything; *jitter* off takes each agent's luck and each pause's chance away."""
        self._scenario = scenario
        self._policy = policy
        self._chance = random.Random(1)  # the same fleet each time
        self._jitter = jitter
        self._options = Options(status_period=0.0)
        self._limit, self._bucket, self._filled_at = limit, limit, 0.0
        self._store_free_at = 0.0
        self._queue: list[tuple[float, int, Agent, Callable[[Agent, float], None]]] = []
        self._tickets = count()
        self._begin = 0.0 if scenario.by == "max_duration" else 3600.0
        self.agents = [self._deploy(nth / agents * scenario.spread) for nth in range(agents)]

    def run(self) -> Outcome:
        """Let time pass until nothing is left to happen; return what came of it."""
        end = self._begin + self._options.max_duration + GIVES_UP
        while self._queue and self._queue[0][0] <= end:
            now, _, agent, act = heapq.heappop(self._queue)
            if agent.left_at == math.inf:
                act(agent, now)
        first = min(agent.stop_at for agent in self.agents)
        last = max(agent.stop_at for agent in self.agents)
        return Outcome(self.agents, max(last, first + self._scenario.outage))

    def _deploy(self, offset: float) -> Agent:
        luck = self._chance.random() if self._jitter else 0.0
        born = offset if self._scenario.by == "max_duration" else 0.0
        agent = Agent(State(boot_id="b", born=born, luck=luck))
        self._tell(agent, born, e.Resynced(7, born, None, None, on_edgegap=True))
        self._tell(agent, born, e.ReadyReported())
        self._tell(agent, born, e.MatchStarted("m"))
        if self._scenario.by == "match_ended":
            self._later(agent, self._begin + offset, self._match_ends)
        return agent

    def _tell(self, agent: Agent, now: float, event: e.Event) -> None:
        agent.state, orders = step(agent.state, event, now, self._options)
        if agent.state.stop and agent.stop_at == math.inf:
            agent.stop_at = now
        for order in orders:
            self._obey(agent, now, order)
        at = deadline(agent.state, now, self._options)
        if at != agent.wake_at:
            agent.wake_at = at
            self._later(agent, at, self._wake)

    def _obey(self, agent: Agent, now: float, order: do.Effect) -> None:
        match order:
            case do.SignalGame():
                agent.exit_at = now + GAME_LEAVES
                self._later(agent, agent.exit_at, self._game_leaves)
            case do.ShipLogs() if not agent.shipping:
                agent.shipping = True
                self._store_free_at = max(now, self._store_free_at) + 1 / self._scenario.shipments
                self._later(agent, self._store_free_at, self._ships)
            case do.SendSelfStop():
                agent.courier += 1
                agent.failed = 0
                self._call(agent, now)
            case do.CancelSelfStop():
                agent.courier += 1
            case do.Leave():
                agent.left_at = now
            case _:
                pass  # nothing that takes time or reaches the platform

    def _later(self, agent: Agent, at: float, act: Callable[[Agent, float], None]) -> None:
        if at < math.inf:
            heapq.heappush(self._queue, (at, next(self._tickets), agent, act))

    def _wake(self, agent: Agent, now: float) -> None:
        if now == agent.wake_at:
            agent.wake_at = math.inf
            self._tell(agent, now, e.DeadlinePassed())

    def _match_ends(self, agent: Agent, now: float) -> None:
        self._tell(agent, now, e.MatchEnded("m"))

    def _game_leaves(self, agent: Agent, now: float) -> None:
        self._tell(agent, now, e.GameExited(0))

    def _ships(self, agent: Agent, now: float) -> None:
        if now < agent.exit_at < math.inf:  # its last lines are yet to come
            self._later(agent, agent.exit_at, self._ships)
        else:
            self._tell(agent, now, e.LogsShipped())

    def _terminates(self, agent: Agent, now: float) -> None:
        self._tell(agent, now, e.TermReceived(15))

    def _call(self, agent: Agent, now: float) -> None:
        """Let the platform answer one call; only news goes to the core, as it has all it needs."""
        agent.calls.append(now)
        status = self._answer(agent, now)
        if status is None:
            self._try_again(agent, now + ATTEMPT_TIMEOUT, None)
        elif verdicts.judge(status) == verdicts.RETRY:
            self._try_again(agent, now, self._scenario.retry_after)
        else:
            if agent.accepted_at == math.inf:
                agent.accepted_at = now
                self._later(agent, now + TERM_AFTER, self._terminates)
            self._tell(agent, now, e.SelfStopAccepted())

    def _try_again(self, agent: Agent, now: float, retry_after: float | None) -> None:
        agent.failed += 1
        if agent.failed == 1:
            self._tell(agent, now, e.SelfStopFailed("503"))
        pause = self._policy(agent.failed, retry_after, self._luck())
        errand = agent.courier

        def call(agent: Agent, now: float) -> None:
            if agent.courier == errand:
                self._call(agent, now)

        self._later(agent, now + pause, call)

    def _answer(self, agent: Agent, now: float) -> int | None:
        scenario = self._scenario
        if now < self._begin + scenario.outage:
            return None if scenario.silent else 503
        self._bucket = min(
            max(1.0, self._limit), self._bucket + (now - self._filled_at) * self._limit
        )
        self._filled_at = now
        if self._bucket < 1:
            return 429
        self._bucket -= 1
        return 202 if agent.accepted_at == math.inf else 200

    def _luck(self) -> float:
        return self._chance.random() if self._jitter else 1.0


def capped(cap: float) -> Policy:
    """Return the policy with another longest pause."""

    def pause(attempt: int, retry_after: float | None, chance: float) -> float:
        longest = min(cap, verdicts.BASE_SECONDS * 2.0 ** min(attempt - 1, 20))
        return (retry_after or 0.0) + chance * longest

    return pause


def floored(attempt: int, retry_after: float | None, chance: float) -> float:
    """Pause as first built: full jitter or Retry-After, whichever is longer."""
    return max(retry_after or 0.0, chance * verdicts.backoff_cap(attempt))


POLICIES: dict[str, tuple[Policy, bool]] = {
    "as shipped": (verdicts.pause, True),
    "no jitter at all": (verdicts.pause, False),
    "max(Retry-After, jitter)": (floored, True),
    "pauses up to 10 s": (capped(10.0), True),
    "pauses up to 60 s": (capped(60.0), True),
    "pauses up to 120 s": (capped(120.0), True),
}


def simulate(
    scenario: Scenario, agents: int = AGENTS, policy: str = "as shipped", limit: float = LIMIT
) -> Outcome:
    """Return what becomes of a fleet."""
    pause, jitter = POLICIES[policy]
    return Fleet(scenario, agents, policy=pause, jitter=jitter, limit=limit).run()


def rows(rounds: int) -> list[Row]:
    """Return what the policy that we ship comes to; the same each time, so *rounds* is unused."""
    del rounds
    return [row for scenario in SCENARIOS for row in _rows(scenario)]


def _rows(scenario: Scenario) -> Iterator[Row]:
    outcome = simulate(scenario)
    name = f"{AGENTS:,} agents, {scenario.name}"
    yield Row(f"{name}: until all have stopped", "s", [outcome.until_all_stopped])
    yield Row(f"{name}: calls an agent", "", [outcome.calls_each])
    yield Row(f"{name}: calls in the worst second", "", [outcome.peak])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.fleet", description=__doc__)
    parser.add_argument("--agents", type=int, default=AGENTS)
    chosen = parser.parse_args()
    scale = chosen.agents / AGENTS  # a smaller fleet at a platform that is smaller likewise
    print("| scenario | policy | until all stopped, s | calls an agent | most | worst second |")
    print("|---|---|---:|---:|---:|---:|")
    for scenario in SCENARIOS:
        small = replace(scenario, shipments=scenario.shipments * scale)
        for policy in POLICIES:
            outcome = simulate(small, chosen.agents, policy, LIMIT * scale)
            print(
                f"| {scenario.name} | {policy} | {outcome.until_all_stopped:,.0f} "
                f"| {outcome.calls_each:.1f} | {outcome.most_calls} "
                f"| {outcome.peak / scale:,.0f} |",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
