"""A life of a deployment, fact by fact, for tests that tell one."""

from dataclasses import dataclass, field, replace

from agent.core import events as e
from agent.core.effects import Effect, PresentBill
from agent.core.lifecycle import deadline, step
from agent.core.options import Options
from agent.core.snapshot import Status
from agent.core.state import State
from agent.core.view import view

BORN = State(boot_id="b", born=0.0)
GAME = e.Resynced(7, 0.0, None, None, on_edgegap=True, declared_ports=("game",))
AT_HOME = e.Resynced(7, 0.0, None, None, on_edgegap=False, declared_ports=("game",))
READY = e.ReadyReported()
TICK = e.DeadlinePassed()


@dataclass
class Life:
    """The state with the options that it lives under.

    The status line comes each minute whatever happens, the bill at each end: *tells* is for
    those who want to hear them.
    """

    options: Options = field(default_factory=Options)
    state: State = BORN
    now: float = 0.0
    tells: bool = False

    def __post_init__(self) -> None:
        if not self.tells:
            self.options = replace(self.options, status_period=0.0)

    @classmethod
    def ready(cls, **options: object) -> "Life":
        """Return a deployment whose game was ready at 5 s."""
        life = cls(Options(**options))  # type: ignore[arg-type]
        life.at(0.0, GAME)
        life.at(5.0, READY)
        return life

    def at(self, now: float, *events: e.Event) -> tuple[Effect, ...]:
        """Apply facts at a time; return what was ordered."""
        self.now = now
        ordered: tuple[Effect, ...] = ()
        for event in events:
            self.state, effects = step(self.state, event, now, self.options)
            ordered += tuple(
                each for each in effects if self.tells or not isinstance(each, PresentBill)
            )
        return ordered

    @property
    def deadline(self) -> float:
        """Return when time alone changes something."""
        return deadline(self.state, self.now, self.options)

    @property
    def status(self) -> Status:
        """Return what readers see."""
        return view(self.state, self.now, self.options)


def kinds(effects: tuple[Effect, ...]) -> list[str]:
    """Return what was ordered, by name."""
    return [type(effect).__name__ for effect in effects]
