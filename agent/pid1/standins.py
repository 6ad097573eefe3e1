"""The environment that the game sees instead of the platform's secrets."""

_PORT_DIGITS = 5
_DUMMY = "arbitrium-agent-stand-in"  # not a credential: the real one never leaves PID 1
_ID_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


_KINDS = {"DELETE": "v1/self/stop", "CONTEXT": "v1/context"}


def are_needed(secrets: dict[str, str], policy: str) -> bool:
    """Return whether a client of the platform's is to reach us instead, which speaks TCP only."""
    return policy == "proxy" and any(secrets.get(f"ARBITRIUM_{kind}_URL") for kind in _KINDS)


def game_environ(
    open_ones: dict[str, str], secrets: dict[str, str], url: str, policy: str, tcp_url: str
) -> dict[str, str]:
    """Return the game's variables: *policy* is proxy, strip or pass, *tcp_url* for stand-ins.

    With proxy a game that stops its deployment by itself reaches the agent instead, which
    begins a clean stop; only what was injected is stood in for.
    """
    seen = {name: value for name, value in open_ones.items() if name != "AGENT_URL"}
    if policy == "pass":
        seen |= secrets
    if url:
        seen["AGENT_URL"] = url
    if policy != "proxy" or not tcp_url:
        return seen
    token = open_ones.get("AGENT_TOKEN") or _DUMMY
    deployment = deployment_id(open_ones, secrets)
    for kind, path in _KINDS.items():
        if secrets.get(f"ARBITRIUM_{kind}_URL"):
            seen[f"ARBITRIUM_{kind}_URL"] = f"{tcp_url}/{path}/{deployment}/0"
        if secrets.get(f"ARBITRIUM_{kind}_TOKEN"):
            seen[f"ARBITRIUM_{kind}_TOKEN"] = token
    return seen


def agent_environ(open_ones: dict[str, str], url: str) -> dict[str, str]:
    """Return the agent's variables: no secret, no bearer token, which come by the channel."""
    seen = {name: value for name, value in open_ones.items() if name != "AGENT_TOKEN"}
    if url:
        seen["AGENT_URL"] = url
    return seen


def deployment_id(open_ones: dict[str, str], secrets: dict[str, str]) -> str:
    """Return the deployment's id: told, or taken from ``…/v1/self/stop/<id>/<key>``."""
    told = open_ones.get("ARBITRIUM_REQUEST_ID", "")
    if not told:
        parts = secrets.get("ARBITRIUM_DELETE_URL", "").split("?")[0].rstrip("/").split("/")
        told = parts[-2] if len(parts) > 2 else ""  # noqa: PLR2004 - an id before a key
    return told if told and _ID_CHARACTERS.issuperset(told) else "self"


def declared_ports(environ: dict[str, str]) -> set[int]:
    """Return the numbers of the ports that the game will bind, so that we never take one.

    A number that is there twice, or in JSON, is all the same: this is no parser, as JSON
    is not worth its import before the game runs.
    """
    texts = [
        value
        for name, value in environ.items()
        if name.startswith("ARBITRIUM_PORT_") and name.endswith("_INTERNAL")
    ]
    mapping = environ.get("ARBITRIUM_PORTS_MAPPING", "")
    texts += [piece.lstrip(' :"\t\n')[:_PORT_DIGITS] for piece in mapping.split('"internal"')[1:]]
    found = set()
    for text in texts:
        digits = text[: len(text) - len(text.lstrip("0123456789"))]
        if digits:
            found.add(int(digits[:_PORT_DIGITS]))
    return found
