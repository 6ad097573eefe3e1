"""The agent's own lines on stderr, with every registered secret masked."""

import json
import logging
import re
import sys
import time

MASK = "***"
_SHORTEST_SECRET = 4  # characters; a shorter one would mask half of every line

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
_PLAIN = re.compile(r"[^\s\"'=\\\x00-\x1f\x7f]+")

_secrets: set[str] = set()
_forms: list[re.Pattern[str]] = []


def setup(log_format: str) -> None:
    """Send every logger's lines to stderr as ``text`` or ``json``; later calls replace earlier.

    No colours: what reads a container's log is a collector.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLine() if log_format == "json" else _TextLine())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


def mask(secret: str) -> None:
    """Keep a secret out of all lines from now on, in whatever form it would appear.

    A secret of less than 4 characters is not masked: the lines would be unreadable.
    """
    if len(secret) < _SHORTEST_SECRET or secret in _secrets:
        return
    _secrets.add(secret)
    forms = {form for known in _secrets for form in disguises(known)}
    # Longest first: a secret may be a part of another, or of its own quoted form.
    ordered = sorted(forms, key=lambda form: (-len(form), form))
    _forms[:] = [re.compile("|".join(re.escape(form) for form in ordered))]


def masked(text: str) -> str:
    """Return the text with every registered secret replaced."""
    for forms in _forms:
        text = forms.sub(MASK, text)
    return text


class _TextLine(logging.Formatter):
    """``agent: 12:03:04.123Z info text key=value``, one line a record."""

    def format(self, record: logging.LogRecord) -> str:
        stamp = time.strftime("%H:%M:%S", time.gmtime(record.created))
        words = [
            f"agent: {stamp}.{int(record.msecs):03}Z {record.levelname.lower()}",
            _one_line(record.getMessage()),
            *(f"{key}={_value(value)}" for key, value in _extras(record).items()),
        ]
        return masked(" ".join(words) + _indented(_fault(self, record)))


class _JsonLine(logging.Formatter):
    """One JSON object a record."""

    def format(self, record: logging.LogRecord) -> str:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line = {
            "time": f"{stamp}.{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            "source": "agent",
            "message": record.getMessage(),
            **_extras(record),
        }
        if fault := _fault(self, record):
            line["exception"] = fault
        return masked(json.dumps(line, default=str))


def _extras(record: logging.LogRecord) -> dict[str, object]:
    return {key: value for key, value in vars(record).items() if key not in _STANDARD}


def _fault(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    return formatter.formatException(record.exc_info) if record.exc_info else ""


def _one_line(text: str) -> str:
    """Keep a game's words from looking like a line of ours."""
    return text if text.isprintable() else "".join(map(_visible, text))


def _visible(character: str) -> str:
    return character if character.isprintable() else ascii(character)[1:-1]


def _indented(fault: str) -> str:
    return "".join(f"\n    {_one_line(line)}" for line in fault.splitlines())


def _value(value: object) -> str:
    text = str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text)


def disguises(secret: str) -> set[str]:
    """Return the forms in which a secret may turn up in a line: quoted, escaped, in base64."""
    from base64 import b64encode
    from urllib.parse import quote, quote_plus

    forms = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret)}
    forms |= {re.sub("%[0-9A-F]{2}", lambda code: code[0].lower(), form) for form in forms}
    forms |= {json.dumps(secret)[1:-1], repr(secret)[1:-1]}
    raw = secret.encode(errors="surrogateescape")
    for before in range(3):
        # Inside a longer text, base64 falls on one of three alignments; the characters at the
        # edges also depend on the neighbours, so they are left out.
        encoded = b64encode(bytes(before) + raw).decode()
        core = encoded[(before * 8 + 5) // 6 : (before + len(raw)) * 8 // 6]
        forms |= {core, core.translate(str.maketrans("+/", "-_"))}
    return {form for form in forms if len(form) >= _SHORTEST_SECRET}
