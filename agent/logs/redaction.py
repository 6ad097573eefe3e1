"""What must not leave the container, taken out of a parcel's bytes."""

import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from .. import journal
from ..patience import ImpatienceError, Patience
from .parcel import Parcel

MATCHED_BYTES = 4096
"""Of one line: what comes after is not looked at by the operator's patterns."""

_WITHHELD = b"[withheld: a pattern of AGENT_LOG_REDACT takes too long]"
_STRETCH_BYTES = 128 * 1024
_MOST_SLOW = 3  # lines of one parcel
_SHORTEST = 4  # characters of a secret, as in the journal

_IPV4 = re.compile(rb"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.]*\d)")
_IPV6 = re.compile(rb"(?<![\w:])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:])")


@dataclass(slots=True)
class Removed:
    """How much was taken out."""

    redacted: int = 0  # places
    withheld: int = 0  # lines that a pattern could not be done with

    def counters(self) -> dict[str, int]:
        """Return the counts by name."""
        return {"redacted": self.redacted, "withheld": self.withheld}


@dataclass(frozen=True, slots=True)
class Redactor:
    """Knows the secrets, the operator's patterns, how an IP address looks.

    Attributes:
        secrets: taken out in every form in which a line may have them.
        patterns: searched in the first 4 KiB of each line; of a pattern with groups only
            those are taken out. A line on which one takes too long is withheld.
        hides_ips: take out every address but loopback's and the unspecified one.
    """

    secrets: tuple[bytes, ...] = field(repr=False, default=())
    patterns: tuple[re.Pattern[bytes], ...] = ()
    hides_ips: bool = False

    @classmethod
    def of(
        cls,
        secrets: Iterable[str],
        patterns: tuple[re.Pattern[bytes], ...] = (),
        *,
        hides_ips: bool = False,
    ) -> "Redactor":
        """Return one that knows these secrets; less than 4 characters are no secret."""
        forms = {
            form.encode(errors="surrogateescape")
            for secret in secrets
            if len(secret) >= _SHORTEST
            for form in journal.disguises(secret)
        }
        ordered = tuple(sorted(forms, key=lambda form: (-len(form), form)))
        return cls(ordered, patterns, hides_ips)

    def redact(self, parcel: Parcel, removed: Removed) -> Parcel:
        """Return the parcel with asterisks in their place, in one go; count in *removed*."""
        cuts = self.literal(parcel.data)
        for more in self.matched(parcel.data):
            cuts += more
        return covered(parcel, cuts, removed)

    def literal(self, data: bytes) -> list["Cut"]:
        """Return where the secrets are, by switch the addresses; fit for a thread."""
        cuts = [cut for secret in self.secrets for cut in _every(data, secret)]
        return [*cuts, *_addresses(data)] if self.hides_ips else cuts

    def matched(self, data: bytes) -> Iterator[list["Cut"]]:
        """Yield where the patterns match, a stretch of lines at a time, for the main thread.

        A line on which they take too long is withheld. After the third, what follows is
        withheld unseen: a bad pattern may cost lines, not the agent's time.
        """
        slow = 0
        for stretch in _stretches(data) if self.patterns else ():
            patience = Patience()
            cuts: list[Cut] = []
            with patience.watching():
                for start, end in _lines(data, *stretch):
                    line = Cut(start, end, is_line=True)
                    if slow == _MOST_SLOW:
                        cuts.append(line)
                        continue
                    try:
                        cuts += self._search(data, line, patience)
                    except ImpatienceError:
                        cuts.append(line)
                        slow += 1
            yield cuts

    def _search(self, data: bytes, line: "Cut", patience: Patience) -> list["Cut"]:
        head = data[line.start : min(line.end, line.start + MATCHED_BYTES)]
        return [
            Cut(line.start + start, line.start + end)
            for pattern in self.patterns
            for start, end in patience.search(pattern, head)
        ]


class Cut(NamedTuple):
    """A stretch of a parcel's data that is taken out; ``is_line``: a whole line is withheld."""

    start: int
    end: int
    is_line: bool = False


def compiled(expressions: Iterable[str]) -> tuple[re.Pattern[bytes], ...]:
    """Return the regular expressions of AGENT_LOG_REDACT, ready for use.

    Raises:
        ValueError: one is no regular expression; the text says which.
    """
    patterns = []
    for number, expression in enumerate(expressions, 1):
        try:
            patterns.append(re.compile(expression.encode()))
        except (re.error, ValueError, RecursionError, OverflowError) as error:
            raise ValueError(
                f"pattern {number} is no regular expression: {error}; write one a line"
            ) from None
    return tuple(patterns)


def covered(parcel: Parcel, cuts: list[Cut], removed: Removed) -> Parcel:
    """Return the parcel with asterisks in the place of the cuts; count in *removed*.

    They are as many as the bytes they stand for: every offset, every mark stays true.
    """
    if not cuts:
        return parcel
    data = bytearray(parcel.data)
    for cut in _merged(cuts):
        data[cut.start : cut.end] = _cover(parcel.data[cut.start : cut.end], is_line=cut.is_line)
        removed.withheld += cut.is_line
        removed.redacted += not cut.is_line
    return replace(parcel, data=bytes(data))


def _every(data: bytes, secret: bytes) -> Iterator[Cut]:
    at = data.find(secret)
    while at >= 0:
        yield Cut(at, at + len(secret))
        at = data.find(secret, at + len(secret))


def _addresses(data: bytes) -> Iterator[Cut]:
    # In one go a search through megabytes would hold the interpreter's lock all the time.
    for start, end in _stretches(data):
        for pattern in (_IPV4, _IPV6):
            for found in pattern.finditer(data, start, end):
                if _is_somebodys(found[0].decode()):
                    yield Cut(*found.span())


def _is_somebodys(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False  # a time, a number that is too large
    return not (address.is_loopback or address.is_unspecified)


def _stretches(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield stretches of whole lines that are searched in milliseconds."""
    start = 0
    while start < len(data):
        end = data.find(b"\n", start + _STRETCH_BYTES) + 1 or len(data)
        yield start, end
        start = end


def _lines(data: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end:
        newline = data.find(b"\n", start, end)
        newline = end if newline < 0 else newline
        yield start, newline
        start = newline + 1


def _merged(cuts: list[Cut]) -> list[Cut]:
    """Return them in order, those that overlap as one."""
    merged: list[Cut] = []
    for cut in sorted(cuts):
        if merged and cut.start < merged[-1].end:
            last = merged.pop()
            cut = Cut(last.start, max(last.end, cut.end), last.is_line or cut.is_line)  # noqa: PLW2901
        merged.append(cut)
    return merged


def _cover(piece: bytes, *, is_line: bool) -> bytes:
    if is_line:
        return _WITHHELD[: len(piece)].ljust(len(piece), b"*")
    # A secret of several lines is no reason to make one line of them.
    return b"\n".join(b"*" * len(line) for line in piece.split(b"\n"))
