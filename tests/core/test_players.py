"""Who is there: unknown is not empty, a repeated word has one effect, a join costs little."""

from hypothesis import given
from hypothesis import strategies as st

from agent.core.players import Players, assumed_empty, joined, left, told

NOBODY_KNOWN = Players()
ids = st.lists(st.sampled_from("abcdef"), max_size=6).map(tuple)


class Id(str):
    """A player's id that counts what is done to it."""

    __slots__ = ()
    looks = 0

    def __hash__(self) -> int:
        Id.looks += 1
        return str.__hash__(self)

    def __eq__(self, other: object) -> bool:
        Id.looks += 1
        return str.__eq__(self, other)


def test_nothing_is_known_before_anybody_spoke() -> None:
    assert NOBODY_KNOWN.count is None
    assert not NOBODY_KNOWN.present


def test_list_says_who_is_there_since_when_nobody() -> None:
    players = told(NOBODY_KNOWN, ("ann", "bob"), None, 8, 10.0)
    assert (players.count, players.capacity, players.empty_since) == (2, 8, None)
    players = told(players, (), None, None, 20.0)
    assert (players.count, players.capacity, players.empty_since) == (0, 8, 20.0)
    assert told(players, (), None, None, 30.0).empty_since == 20.0
    assert players.ever


def test_count_alone_is_enough() -> None:
    players = told(NOBODY_KNOWN, (), 3, None, 10.0)
    assert (players.count, players.unnamed, players.present) == (3, 3, True)
    assert told(players, (), 0, None, 20.0).empty_since == 20.0


def test_count_below_the_number_of_ids_is_the_ids_number() -> None:
    assert told(NOBODY_KNOWN, ("ann", "bob"), 1, None, 10.0).count == 2
    assert told(NOBODY_KNOWN, ("ann", "ann"), None, None, 10.0).count == 1


def test_join_and_leave_go_by_name() -> None:
    players = joined(NOBODY_KNOWN, "ann", 10.0)
    players = joined(players, "bob", 11.0)
    players = left(players, "ann", 12.0)
    assert (tuple(players.ids), players.empty_since) == (("bob",), None)
    assert left(players, "bob", 13.0).empty_since == 13.0


def test_join_of_one_who_is_there_copies_nothing() -> None:
    players = joined(NOBODY_KNOWN, "ann", 10.0)
    again = joined(players, "ann", 11.0)
    assert again.ids is players.ids
    assert again.heard_at == 11.0


def test_leave_of_a_stranger_takes_nobody_away() -> None:
    players = told(NOBODY_KNOWN, (), 2, None, 10.0)
    assert left(players, "ann", 11.0).count == 2


def test_nobody_is_assumed_only_where_nobody_has_spoken() -> None:
    assert assumed_empty(NOBODY_KNOWN, "api", 5.0).empty_since == 5.0
    players = joined(NOBODY_KNOWN, "ann", 1.0)
    assert assumed_empty(players, "api", 5.0) is players


@given(ids, ids, st.sampled_from("abcdef"))
def test_repeated_word_has_one_effect(
    first: tuple[str, ...], then: tuple[str, ...], who: str
) -> None:
    players = told(told(NOBODY_KNOWN, first, None, None, 1.0), then, None, None, 2.0)
    assert told(players, then, None, None, 2.0) == players
    for verb in (joined, left):
        once = verb(players, who, 3.0)
        assert verb(once, who, 3.0) == once


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("abc")), max_size=30))
def test_empty_since_stands_exactly_while_the_count_is_zero(moves: list[tuple[bool, str]]) -> None:
    players, there = NOBODY_KNOWN, set[str]()
    for now, (comes, who) in enumerate(moves):
        players = (joined if comes else left)(players, who, float(now))
        there = there | {who} if comes else there - {who}
        assert set(players.ids) == there
        assert (players.empty_since is None) == bool(there)


def test_ten_thousand_joins_look_at_each_id_a_few_times_only() -> None:
    players = NOBODY_KNOWN
    names = [Id(number) for number in range(10_000)]
    Id.looks = 0
    for name in names:
        players = joined(players, name, 1.0)
    assert players.count == 10_000
    assert Id.looks <= 10 * len(names)
    for name in names:
        players = left(players, name, 2.0)
    assert players.count == 0
    assert Id.looks <= 20 * len(names)
