"""A game is asked by Source RCON, whatever speaks there."""

import asyncio

import pytest

from agent.errors import AskError
from agent.game import rcon
from tests.fakes.rcon_responder import PASSWORD, responding


@pytest.mark.parametrize("quirk", ["", "quits", "dribbles", "terse"])
async def test_command_arrives(quirk: str) -> None:
    async with responding(quirk) as game:
        await rcon.command(game.port, PASSWORD, "quit")
        assert game.commands == ["quit"]


@pytest.mark.parametrize(
    ("quirk", "password", "why"),
    [
        ("", "wrong", "the password is wrong; set AGENT_RCON_PASSWORD"),
        ("lies", PASSWORD, "another protocol; check AGENT_RCON_PORT"),
        ("hangs up", PASSWORD, "the game hung up; is it the RCON port?"),
    ],
)
async def test_refusal_is_explained(quirk: str, password: str, why: str) -> None:
    async with responding(quirk) as game:
        with pytest.raises(AskError, match=why.replace("?", r"\?")):
            await rcon.command(game.port, password, "quit")
        assert game.commands == []


async def test_silent_game_is_left_when_time_is_up() -> None:
    async with responding("silent") as game:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(rcon.command(game.port, PASSWORD, "quit"), 0.1)


def test_packet_is_as_valve_writes_it() -> None:
    """The example of the page: id 0, type 3, password "passwrd" has a size of 17 bytes."""
    assert rcon.packet(0, 3, "passwrd") == bytes.fromhex(
        "11000000 00000000 03000000 70617373 77726400 00"
    )


@pytest.mark.parametrize("text", ["x" * 4087, "a\0b"])
def test_what_does_not_fit_into_a_packet_is_refused(text: str) -> None:
    with pytest.raises(AskError, match="too long, or has a zero"):
        rcon.packet(1, 2, text)
