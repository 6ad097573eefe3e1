"""Lines in which game servers tell who joined, who left."""

from typing import NamedTuple


class Pair(NamedTuple):
    """A line for each way, both naming the same ``id``."""

    join: str
    leave: str


# An id that two players may share would let one who leaves take the other along: no match then.
_UNREAL_ID = r"(?P<id>(?!INVALID\b)(?!NULL,)[\w:|.-]+(?: \[0x[0-9A-Fa-f]+\])?)"
_SOURCE_ID = r'".*<(?P<id>\d+)><(?!BOT>)[^>]*><[^>]*>"'
_MINECRAFT = r"INFO\](?: \[[^\]]*\])?: (?P<id>[.*\w]{1,32})"

PRESETS: dict[str, Pair] = {
    # With an online subsystem, which gives each player an id (5.x, 4.2x).
    "unreal": Pair(
        rf"LogNet: Login request: .* userId: {_UNREAL_ID} platform:",
        rf"LogNet: U(?:NetConnection|Channel)::Close: .*GameNetDriver.*UniqueId: {_UNREAL_ID}",
    ),
    # Unity with Mirror's default transport.
    "mirror": Pair(
        r"\[KCP\] Server: OnConnected\((?P<id>-?\d+)\)",
        r"\[KCP\] Server: OnDisconnected\((?P<id>-?\d+)\)",
    ),
    # Source, Source 2, GoldSrc, with `log on`.
    "source": Pair(
        rf"^L .*: {_SOURCE_ID} entered the game$",
        rf"^L .*: {_SOURCE_ID} disconnected(?: \(reason .*\))?$",
    ),
    # Java edition: vanilla, Forge, Fabric, Paper.
    "minecraft": Pair(rf"{_MINECRAFT} joined the game$", rf"{_MINECRAFT} left the game$"),
    # The engine prints nothing by itself; this is what the network_peer_connected signal is
    # mostly used for.
    "godot": Pair(
        r"(?i)^(?:peer|player|client)[ _]connected:? \(?(?P<id>\d+)",
        r"(?i)^(?:peer|player|client)[ _]disconnected:? \(?(?P<id>\d+)",
    ),
    "teeworlds": Pair(
        r"server\]: player has entered the game\. ClientID=(?P<id>\d+) ",
        r"server\]: client dropped\. cid=(?P<id>\d+) ",
    ),
}
