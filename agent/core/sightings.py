"""What looks at the game from outside can show, as facts in the past tense."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PortsChecked:
    """A look at the ports that the game's process tree has bound."""

    bound: tuple[str, ...]  # declared ports, by name
    missing: tuple[str, ...]
    other: tuple[str, ...] = ()  # undeclared ones below the ephemeral range: "udp:7777"
    certain: bool = True  # seen at the game's own descriptors, not only in its network
    taken: tuple[str, ...] = ()  # declared ones that somebody else holds, in words


@dataclass(frozen=True, slots=True)
class ConditionChecked:
    """A look from outside at one condition of AGENT_READY_WHEN or AGENT_HEALTH_WHEN."""

    check: str  # as it is written: "a2s:27015"
    holds: bool
    note: str = ""  # why it does not
    busy: bool = False  # the game was at work since the look before


@dataclass(frozen=True, slots=True)
class PlayersCounted:
    """A look from outside at who is there: neither a count nor a crowd means that it failed."""

    source: str  # a value of core.sources.Trust
    count: int | None = None
    crowd: bool = False  # somebody is there, how many is not known
    capacity: int | None = None  # None = unchanged
    note: str = ""  # why it failed


@dataclass(frozen=True, slots=True)
class SourceHushed:
    """A source of players has nothing to say, or no more."""

    source: str
    note: str


@dataclass(frozen=True, slots=True)
class LinesMatched:
    """Lines of the game's output told of players; how far they were read goes along."""

    stream: str  # stdout or stderr
    end: int  # the offset that a successor goes on from
    moves: tuple[tuple[str, str], ...] = ()  # (join | leave, id)


Sighting = PortsChecked | ConditionChecked | PlayersCounted | SourceHushed | LinesMatched
