"""The datagrams of A2S_INFO, the question that server browsers ask.

Their form is Valve's, <https://developer.valvesoftware.com/wiki/Server_queries>. It has not
changed since 2020; what is needed of it is less than a library's import would cost.
"""

from dataclasses import dataclass, field

MOST_PARTS = 8
"""Of a split answer: an honest one has at most two, of some 1,400 bytes each."""

_QUESTION = b"\xff\xff\xff\xffTSource Engine Query\x00"
_WHOLE = b"\xff\xff\xff\xff"
_PART = b"\xfe\xff\xff\xff"
_SPLIT_HEADER = 12  # with its first four bytes: id, number of parts, which one, their size
_COMPRESSED = 0x80  # the id's highest bit; engines of 2006, answers far larger than this one
_CHALLENGE_BYTES = 4


class UnreadableError(ValueError):
    """An answer does not have the form."""


@dataclass(frozen=True, slots=True)
class Info:
    """What a server says of itself.

    Attributes:
        players: how many are there, as a rule bots among them.
        max_players: how many could be there.
        bots: how many of them are bots.
    """

    name: str
    map: str
    players: int
    max_players: int
    bots: int


@dataclass(frozen=True, slots=True)
class Challenge:
    """Ask again with this, so that the server knows that the address is ours."""

    token: bytes


def question(token: bytes = b"") -> bytes:
    """Return the datagram that asks, with the token of a challenge if there was one."""
    return _QUESTION + token


@dataclass(slots=True)
class Assembly:
    """Answers put together from their datagrams, whatever comes and in which order."""

    _id: bytes = b""
    _total: int = 0
    _parts: dict[int, bytes] = field(default_factory=dict)

    def take(self, datagram: bytes) -> Info | Challenge | None:
        """Return what is now whole, None while parts are missing.

        Raises:
            UnreadableError: this is no answer to our question.
        """
        if datagram.startswith(_WHOLE):
            return _read(datagram[len(_WHOLE) :])
        if not datagram.startswith(_PART) or len(datagram) <= _SPLIT_HEADER:
            raise UnreadableError("neither whole nor a part")
        self._keep(datagram)
        if len(self._parts) < self._total:
            return None
        whole = b"".join(part for _, part in sorted(self._parts.items()))
        if not whole.startswith(_WHOLE):
            raise UnreadableError("parts that are no answer together")
        return _read(whole[len(_WHOLE) :])

    def _keep(self, datagram: bytes) -> None:
        id_, total, number = datagram[4:8], datagram[8], datagram[9]
        if id_[-1] & _COMPRESSED:
            raise UnreadableError("a compressed answer")
        if not number < total <= MOST_PARTS:
            raise UnreadableError(f"part {number} of {total}")
        if (id_, total) != (self._id, self._total):
            self._id, self._total, self._parts = id_, total, {}
        self._parts.setdefault(number, datagram[_SPLIT_HEADER:])


def _read(answer: bytes) -> Info | Challenge:
    kind, fields = answer[:1], _Fields(answer[1:])
    match kind:
        case b"A":
            return Challenge(fields.take(_CHALLENGE_BYTES))
        case b"I":
            return _source(fields)
        case b"m":
            return _goldsource(fields)
        case _:
            raise UnreadableError(f"an answer of the kind {kind!r}")


def _source(fields: "_Fields") -> Info:
    fields.take(1)  # the protocol's version
    name, map_ = fields.text(), fields.text()
    fields.text()  # the folder
    fields.text()  # the game
    fields.take(2)  # its Steam id
    players, most, bots = fields.take(3)
    fields.take(4)  # kind, system, visibility, anti-cheat: an honest answer goes on
    return Info(name, map_, players, most, bots)


def _goldsource(fields: "_Fields") -> Info:
    """Read the older form, of servers made before 2008."""
    fields.text()  # the address
    name, map_ = fields.text(), fields.text()
    fields.text()  # the folder
    fields.text()  # the game
    players, most = fields.take(2)
    *_, is_mod = fields.take(5)  # protocol, kind, system, visibility
    if is_mod == 1:
        fields.text()  # two links
        fields.text()
        fields.take(11)  # 0, version, size, two flags
    _, bots = fields.take(2)  # anti-cheat before
    return Info(name, map_, players, most, bots)


class _Fields:
    """What is left of an answer."""

    def __init__(self, data: bytes) -> None:
        self._left = data

    def take(self, count: int) -> bytes:
        taken, self._left = self._left[:count], self._left[count:]
        if len(taken) < count:
            raise UnreadableError("cut short")
        return taken

    def text(self) -> str:
        text, end, self._left = self._left.partition(b"\x00")
        if not end:
            raise UnreadableError("a text without an end")
        return text.decode(errors="replace")
