"""Lines that tell of joins and leaves: each preset over lines that its engine has written."""

import pytest

from agent.core.events import Event, LinesMatched, SourceHushed
from agent.game.logpatterns import LogWatch, Pattern, patterns
from agent.game.logpatterns import moves as _moves
from agent.game.presets import PRESETS
from agent.interfaces import OutputLine
from agent.patience import Patience

# teeworlds was captured here, minecraft's are from logs that operators have posted. The others are
# put together from what is known of the engines' formats: they show that a preset reads it, not
# that each engine writes it so today.
SAMPLES: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "unreal": (
        """\
[2023.02.10-22.05.50:101][ 12]LogNet: NotifyAcceptingConnection accepted from: 10.0.0.2:50000
[2023.02.10-22.05.51:101][ 45]LogNet: Login request: ?Name=ann userId: NULL:HOST-1A platform: NULL
[2023.02.10-22.05.51:301][ 51]LogNet: Join request: /Game/Maps/Arena?Name=ann?SplitscreenCount=1
[2023.02.10-22.05.51:302][ 51]LogNet: Join succeeded: ann
[2023.02.10-22.05.55:101][145]LogNet: Login request: ?Name=bob userId: Steam:UNKNOWN \
[0x1100001000000B] platform: Steam
[2023.02.10-22.05.56:000][146]LogNet: Login request: ?Name=eve userId: INVALID platform: NULL
[2023.02.10-22.06.08:000][611]LogNet: UNetConnection::Close: [UNetConnection] RemoteAddr: \
10.0.0.9:1, Name: IpConnection_3, Driver: BeaconNetDriver IpNetDriver_2, IsServer: YES, PC: NULL, \
Owner: NULL, UniqueId: NULL:HOST-1A, Channels: 2, Time: 2023.02.10-22.06.08
[2023.02.10-22.06.09:000][612]LogNet: UNetConnection::Close: [UNetConnection] RemoteAddr: \
10.0.0.2:50000, Name: IpConnection_0, Driver: GameNetDriver IpNetDriver_1, IsServer: YES, \
PC: BP_PC_C_0, Owner: BP_PC_C_0, UniqueId: NULL:HOST-1A, Channels: 43, Time: 2023.02.10-22.06.09
[2023.02.10-22.07.00:282][622]LogNet: UChannel::Close: Sending CloseBunch. ChIndex == 0. Name: \
[UChannel] ChIndex: 0, Closing: 0 [UNetConnection] RemoteAddr: 10.0.0.3:2, Name: IpConnection_2, \
Driver: GameNetDriver IpNetDriver_1, IsServer: YES, PC: BP_PC_C_2, Owner: BP_PC_C_2, \
UniqueId: Steam:UNKNOWN [0x1100001000000B]
[2023.02.10-22.08.00:282][722]LogNet: UNetConnection::Close: [UNetConnection] RemoteAddr: \
10.0.0.4:2, Driver: GameNetDriver IpNetDriver_1, UniqueId: INVALID, Channels: 2
""",
        [
            ("join", "NULL:HOST-1A"),
            ("join", "Steam:UNKNOWN [0x1100001000000B]"),
            ("leave", "NULL:HOST-1A"),
            ("leave", "Steam:UNKNOWN [0x1100001000000B]"),
        ],
    ),
    "mirror": (
        """\
[KCP] Server: added connection(-1437512395)
[KCP] Server: OnConnected(-1437512395)
[KCP] Server: OnDisconnected(-1437512395)
""",
        [("join", "-1437512395"), ("leave", "-1437512395")],
    ),
    "source": (
        """\
L 01/05/2023 - 20:14:11: "Ann<2><[U:1:22202]><>" connected, address "10.0.0.2:27005"
L 01/05/2023 - 20:14:12: "Ann<2><[U:1:22202]><>" entered the game
L 01/05/2023 - 20:14:13: "Bob "the" <b><3><STEAM_1:0:1><>" entered the game
L 01/05/2023 - 20:14:14: "Cid<4><BOT><>" entered the game
L 01/05/2023 - 20:14:20: "Ann<2><[U:1:22202]><CT>" say "Eve<3><x><> disconnected"
L 01/05/2023 - 20:15:11: "Ann<2><[U:1:22202]><CT>" disconnected (reason "Disconnect by user.")
L 01/05/2023 - 20:15:12: "Cid<4><BOT><TERRORIST>" disconnected (reason "Kicked by Console")
""",
        [("join", "2"), ("join", "3"), ("leave", "2")],
    ),
    "minecraft": (
        """\
[04:33:57] [Server thread/INFO]: ann_1[/172.17.0.1:56522] logged in with entity id 8 at (1, 2, 3)
[04:33:57] [Server thread/INFO]: ann_1 joined the game
[15:57:39] [Server thread/INFO] [minecraft/MinecraftServer]: bob joined the game
[00:47:46 INFO]: cid joined the game
[04:40:00] [Server thread/INFO]: <ann_1> bob left the game
[05:03:25] [Server thread/INFO]: ann_1 lost connection: Disconnected
[05:03:25] [Server thread/INFO]: ann_1 left the game
""",
        [("join", "ann_1"), ("join", "bob"), ("join", "cid"), ("leave", "ann_1")],
    ),
    "godot": (
        """\
Godot Engine v3.5.2.stable.custom_build - https://godotengine.org
Player connected: 1573401846
Peer disconnected 1573401846
""",
        [("join", "1573401846"), ("leave", "1573401846")],
    ),
    "teeworlds": (
        """\
[2026-11-25 00:48:08][server]: version 0.7 802f1be60a05665f
[2026-11-25 00:48:09][server]: player is ready. ClientID=0 addr=10.77.0.2:55155
[2026-11-25 00:48:10][server]: player has entered the game. ClientID=0 addr=10.77.0.2:55155
[2026-11-25 00:48:10][game]: team_join player='0:ann' team=0
[2026-11-25 00:48:10][server]: client dropped. cid=0 addr=10.77.0.2:55155 reason=''
[2026-11-25 00:48:10][game]: leave player='0:ann'
""",
        [("join", "0"), ("leave", "0")],
    ),
}


def moves(text: str, known: tuple[Pattern, ...]) -> tuple[tuple[str, str], ...]:
    return _moves(text, known, Patience())


def test_every_preset_has_a_sample() -> None:
    assert set(SAMPLES) == set(PRESETS)


@pytest.mark.parametrize("name", PRESETS)
def test_preset_reads_what_the_engine_writes(name: str) -> None:
    text, told = SAMPLES[name]
    known = patterns([name])
    assert [move for line in text.splitlines() for move in moves(line, known)] == told


def test_patterns_of_ones_own_name_the_player() -> None:
    known = patterns([r"join ^hello (?P<id>\w+)", r"leave ^bye (?P<id>\w*)"])
    assert moves("hello ann", known) == (("join", "ann"),)
    assert moves("bye ann", known) == (("leave", "ann"),)
    assert moves("bye ", known) == ()
    assert moves("x" * 5000 + "hello ann", known) == ()


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (["quake9"], "one of unreal"),
        (["join"], "is no pattern"),
        (["join (?P<id>"], "is no regular expression"),
        ([r"join (\w+) came"], "write a group"),
        ([r"join (?P<id>\w+) came"], "one way is missing"),
    ],
)
def test_what_is_no_pattern_is_refused_with_the_fix(lines: list[str], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        patterns(lines)


class Told:
    """Some lines, then nothing more."""

    is_readable = True

    def __init__(self, *lines: OutputLine) -> None:
        self.told = lines
        self.after: object = None

    async def lines(self, after, /):  # type: ignore[no-untyped-def]  # a generator, as asked for
        self.after = after
        for line in self.told:
            yield line


async def test_lines_become_facts_with_the_place_where_they_end() -> None:
    posted: list[Event] = []
    told = Told(
        OutputLine("stdout", 10, "hello"),
        OutputLine("stdout", 20, "[KCP] Server: OnConnected(1)"),
        OutputLine("stderr", 9, "[KCP] Server: OnDisconnected(1)"),
    )
    await LogWatch(told, patterns(["mirror"]), posted.append).run({"stdout": 3})
    assert posted == [
        LinesMatched("stdout", 20, (("join", "1"),)),
        LinesMatched("stderr", 9, (("leave", "1"),)),
    ]
    assert told.after == {"stdout": 3}


async def test_pattern_that_takes_for_ever_costs_the_source_and_no_more() -> None:
    posted: list[Event] = []
    slow = [OutputLine("stdout", at, "a" * 60) for at in range(10, 50, 10)]
    told = Told(OutputLine("stdout", 5, "hello ann"), *slow, OutputLine("stdout", 99, "hello bob"))
    known = patterns([r"join ^hello (?P<id>\w+)", r"leave ^(a+)+(?P<id>b)"])
    await LogWatch(told, known, posted.append).run({})
    assert posted[0] == LinesMatched("stdout", 5, (("join", "ann"),))
    note = "a pattern of AGENT_PLAYERS_LOG takes too long; make it simpler"
    assert posted[1:] == [SourceHushed("log", note)]
