"""What is known of the players, in words."""

from .players import Players

FIX = "call PUT /v1/players or set AGENT_PLAYERS"


def headcount(players: Players) -> str:
    """Return how many are there by whom: "2 players by a2s"."""
    if players.present and players.count is None:
        return f"somebody is there by {players.source}"
    count = "unknown" if players.count is None else str(players.count)
    return f"{count} player{'' if count == '1' else 's'} by {players.source}"


def unknown(players: Players) -> str:
    """Return why a timer does not run where nobody knows who is there."""
    source = players.source
    if source is None:
        silent = "; ".join(f"{name}: {word.note}" for name, word in players.words.items())
        told = f" ({silent})" if silent else ""
        return f"off, no player source has spoken, and unknown is not empty{told}; {FIX}"
    note = players.believed.note or "one look is not enough"
    return f"off, the players are unknown by {source}, and unknown is not empty ({note})"
