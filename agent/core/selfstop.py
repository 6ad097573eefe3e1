"""The self-stop call's address, with what may be told about it.

Shared by the agent's courier with the rescue process: no imports here.
"""

BAD_URL = "cannot self-stop: ARBITRIUM_DELETE_URL is not a valid http(s) URL"

_PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
_TELLING = 4  # characters: shorter texts stand in any line by chance
_TOLD = 200  # characters of the platform's message


def address(url: str, storage: str) -> str:
    """Return the delete URL as it was given, with the log storage that this stop asks for.

    Args:
        url: ``ARBITRIUM_DELETE_URL``; the deployment's id, the stop key are in it.
        storage: ``true``, ``false``, the name of an endpoint storage, or empty for the
            version's own (operation ``deployment-self-delete``).
    """
    if not storage:
        return url.strip()
    value = "".join(
        sign if sign in _PLAIN else "".join(f"%{byte:02X}" for byte in sign.encode())
        for sign in storage
    )
    return f"{url.strip()}{'&' if '?' in url else '?'}container_log_storage={value}"


def fault(url: str, token: str) -> str | None:
    """Return why a call with these cannot be made at all, None where it can."""
    url, token = url.strip(), token.strip()
    if not url.lower().startswith(("https://", "http://")) or not _is_clean(url):
        return BAD_URL
    if not token:
        return "cannot self-stop: ARBITRIUM_DELETE_TOKEN is empty"
    if not _is_clean(token):
        return "cannot self-stop: ARBITRIUM_DELETE_TOKEN holds characters no header may have"
    return None


def tell(status_code: int, message: object, *, url: str, token: str) -> str:
    """Return an answer as one line that is fit for a log: bounded, without our secrets.

    Args:
        status_code: the answer's.
        message: the ``message`` of its body, whatever type it has.
        url: the delete URL; its last segment is the stop key.
        token: the delete token.
    """
    text = " ".join(message.split()) if isinstance(message, str) else ""
    if status_code in range(300, 400):
        text = "a redirect, which is not followed with our token"
    text = masked(text, url=url, token=token)[:_TOLD]
    return f"{status_code}: {text}" if text else str(status_code)


def masked(text: str, *, url: str, token: str) -> str:
    """Return *text* with the token, the URL, the stop key replaced."""
    bare = url.strip().partition("?")[0].rstrip("/")
    path = "/" + bare.partition("://")[2].partition("/")[2]
    key = path.rpartition("/")[2]
    for secret in (token.strip(), url.strip(), bare, path, key):
        if len(secret) >= _TELLING:
            text = text.replace(secret, "***")
    return text.replace(f"/{key}", "/***") if key else text


def deployment_id(url: str) -> str:
    """Return the deployment's id as the delete URL tells it, or an empty string.

    The path is ``/v1/self/stop/{deployment_id}/{stop_key}``.
    """
    match url.partition("?")[0].rstrip("/").rsplit("/", 3):
        case [_, "stop", name, _]:
            return name
        case _:
            return ""


def _is_clean(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text
