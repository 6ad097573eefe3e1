"""Records of whole lines, posted to a store in its own form."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from ..core import sizes
from ..errors import SettingsError
from . import codecs, lines
from .address import Address
from .exchange import Answer, Exchange, judge
from .objectkey import identity
from .packing import Press
from .parcel import Delivered, Outcome, Parcel, Refused, Unit
from .records import Record, Style, Tally, read

OPTIONS = ("format", "token", codecs.OPTION, "batch")
"""What the URL of every such sink may ask for.

`compress` is gzip, zstd or none; `batch` is the most that goes in one request, before that.
"""

MOST_BYTES = 1024 * 1024
_BAD_REQUEST = 400
_TOO_LARGE = 413


class Form(Protocol):
    """How one kind of store wants records, how it answers."""

    content_type: str
    path: str  # where such stores listen, for a URL that names only the host
    retried: frozenset[int]  # status codes that pass by themselves

    def encode(
        self, parcel: Parcel, records: Sequence[Record], labels: Mapping[str, str]
    ) -> bytes:
        """Return a request's body."""
        ...

    def rejected(self, answer: Answer, count: int) -> int | None:
        """Return how many of *count* records were thrown away; None: it is not about records."""
        ...


class Push:
    """A sink of whole lines; a repeat of a parcel is the same request again.

    Attributes:
        tally: what was done to the lines that the store has.
    """

    unit = Unit.LINES
    most_seconds = 1.0

    def __init__(self, place: Address, form: Form, style: Style) -> None:
        """Take where to send, in which form, how lines become records.

        Raises:
            SettingsError: an option of the URL is wrong.
        """
        codec = codecs.chosen(place)
        self.name = place.name
        self.most_bytes = _batch(place)
        self.tally = Tally()
        self._form = form
        self._style = style
        self._url = (place if place.path.strip("/") else replace(place, path=form.path)).url
        self._headers = {
            "content-type": form.content_type,
            **({"content-encoding": codec.encoding} if codec.encoding else {}),
            **place.authorization,
            **place.headers,
        }
        self._tallies: dict[tuple[str, int], Tally] = {}  # of what the press has ready
        self._press = Press(codec)
        self._exchange = Exchange()
        self._has_taken = False

    async def send(self, parcel: Parcel, labels: Mapping[str, str]) -> Outcome:
        """Post one parcel."""
        if not parcel.data:
            return Delivered()
        packed = await self._press.pack(parcel, lambda: self._render(parcel, labels))
        # After a lost acknowledgement the same comes again; a store can see that by this.
        name = {"idempotency-key": f'"{identity(parcel, labels)}"'}
        answer = await self._exchange.send("POST", self._url, name | self._headers, packed.body)
        if not isinstance(answer, Answer):
            return answer
        tally = self._tallies.get((parcel.source, parcel.start), Tally())
        outcome = self._judge(answer, tally.records)
        if isinstance(outcome, Delivered):
            self.tally.add(tally)
        return outcome

    def forget(self, parcel: Parcel) -> None:
        """Let go of a parcel that is not sent again."""
        self._press.forget(parcel)
        self._tallies.pop((parcel.source, parcel.start), None)

    def counters(self) -> dict[str, int]:
        """Return what was done to the lines that the store has."""
        return self.tally.counters()

    async def aclose(self) -> None:
        """Give up what is open."""
        await self._exchange.aclose()

    def _render(self, parcel: Parcel, labels: Mapping[str, str]) -> bytes:
        reading = read(parcel, self._style)
        self._tallies[parcel.source, parcel.start] = reading.tally
        return self._form.encode(parcel, reading.records, labels)

    def _judge(self, answer: Answer, count: int) -> Outcome:
        if answer.is_good and "html" in answer.headers.get("content-type", ""):
            return Refused("a web page answers there; correct the path in AGENT_LOG_SINK")
        rejected = self._form.rejected(answer, count)
        if rejected is None and answer.status == _BAD_REQUEST and self._has_taken:
            # It takes such requests, but not these bytes: sent again they would be in the way of
            # all that follows, for ever. Before anything was taken it is the address's fault.
            rejected = count
        if rejected is not None:
            self._has_taken = True
            return Delivered(rejected)
        outcome = judge(answer, retried=self._form.retried)
        self._has_taken |= isinstance(outcome, Delivered)
        if isinstance(outcome, Refused) and answer.status == _TOO_LARGE:
            smaller = sizes.render(self.most_bytes // 4)
            return Refused(f"{outcome.detail}; add batch={smaller} to the URL")
        return outcome


def _batch(place: Address) -> int:
    """Return how many bytes may go in one request."""
    try:
        size = sizes.parse(place.options.get("batch") or str(MOST_BYTES))
    except ValueError as error:
        raise SettingsError(f"cannot use {place.name}: batch: {error}") from None
    if size < lines.MOST_BYTES:
        least = sizes.render(lines.MOST_BYTES)
        raise SettingsError(f"cannot use {place.name}: a line has no room; write batch={least}")
    return size
