"""The match that Edgegap's matchmaker made this deployment for."""

from dataclasses import dataclass, field, replace

from .variables import Variables, word

TICKET_IDS = "MM_TICKET_IDS"
TICKET_PREFIX = "MM_TICKET_"
MASK = "***"


@dataclass(frozen=True, slots=True)
class Ticket:
    """One matchmaking ticket.

    Attributes:
        player_ip: personal data: for the game, never for a log.
        attributes: as the player's client sent them, beacons included.
    """

    id: str
    created_at: str | None
    player_ip: str | None = field(repr=False)
    group_id: str | None
    team_id: str | None
    attributes: dict[str, object] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Match:
    """Everything that the ``MM_*`` variables tell.

    Attributes:
        tickets: by ticket id; a ticket whose variable is bad or missing is not among them.
        groups: ticket ids by group id.
        teams: group ids by team id.
        equality: what the players agree on, by rule.
        intersection: what the players have in common, by rule.
        group_mapping: read by one third-party kit only.
    """

    id: str | None
    profile: str | None
    expansion_stage: str | None
    ticket_ids: tuple[str, ...]
    tickets: dict[str, Ticket]
    groups: dict[str, tuple[str, ...]]
    teams: dict[str, tuple[str, ...]]
    equality: dict[str, object]
    intersection: dict[str, tuple[str, ...]]
    group_mapping: dict[str, object]


def read_match(variables: Variables) -> Match | None:
    """Return the match, None for a deployment that no matchmaker made."""
    if not any(variables.text(name) for name in variables.named("MM_")):
        return None
    tickets = _tickets(variables)
    ticket_ids = variables.listing(TICKET_IDS) or tuple(tickets)
    for ticket_id in ticket_ids:
        name = TICKET_PREFIX + ticket_id
        if variables.text(name) is None:
            variables.complain(name, f"is missing though {TICKET_IDS} names it")
    return Match(
        id=variables.text("MM_MATCH_ID"),
        profile=variables.text("MM_MATCH_PROFILE"),
        expansion_stage=variables.text("MM_EXPANSION_STAGE", "MM_EXPANSION"),
        ticket_ids=ticket_ids,
        tickets=tickets,
        groups=_lists(variables, "MM_GROUPS"),
        teams=_lists(variables, "MM_TEAMS"),
        equality=variables.mapping("MM_EQUALITY"),
        intersection=_lists(variables, "MM_INTERSECTION"),
        group_mapping=variables.mapping("MM_GROUP_MAPPING"),
    )


def masked(match: Match) -> Match:
    """Return the match as it may be printed: without the players' addresses."""
    return replace(
        match,
        tickets={
            key: replace(ticket, player_ip=MASK if ticket.player_ip else None)
            for key, ticket in match.tickets.items()
        },
    )


def _tickets(variables: Variables) -> dict[str, Ticket]:
    tickets: dict[str, Ticket] = {}
    for name in variables.named(TICKET_PREFIX):
        if name == TICKET_IDS:  # the list of them begins as they do
            continue
        told = variables.mapping(name)
        if told:
            attributes = told.get("attributes")
            ticket_id = word(told.get("id")) or name.removeprefix(TICKET_PREFIX)
            tickets[ticket_id] = Ticket(
                id=ticket_id,
                created_at=word(told.get("created_at")),
                player_ip=word(told.get("player_ip")),
                group_id=word(told.get("group_id")),
                team_id=word(told.get("team_id")),
                attributes=attributes if isinstance(attributes, dict) else {},
            )
    return tickets


def _lists(variables: Variables, name: str) -> dict[str, tuple[str, ...]]:
    """Read an object of lists; a single text counts as a list of one."""
    lists: dict[str, tuple[str, ...]] = {}
    for key, value in variables.mapping(name).items():
        items = value if isinstance(value, list) else [value]
        words = tuple(found for found in map(word, items) if found is not None)
        if len(words) != len(items):
            variables.complain(name, "has an entry that is not a list of texts")
        lists[key] = words
    return lists
