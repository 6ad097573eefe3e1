"""Large objects in parts, so that an attempt that breaks off is not in vain."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeGuard

from .bucket import Question
from .exchange import CLOSING_SECONDS, Answer
from .parcel import Failed, Refused

WHOLE_BYTES = 8 * 1024 * 1024  # up to here an object goes in one request
PART_BYTES = 5 * 1024 * 1024  # the least that S3 takes, but for the last one
MOST_OPEN = 4
_CONFLICT = 409  # S3: begin anew
_GONE = 404  # a rule of the bucket took the upload away, or it was completed

Ask = Callable[[Question], Awaitable[Answer | Failed | Refused]]


@dataclass(slots=True)
class _Upload:
    """What the store has of one object."""

    id: str
    tags: dict[int, str] = field(default_factory=dict)  # by the part's number


class Multipart:
    """Uploads that survive a failed attempt; at the end the unfinished ones are taken back.

    Source: docs.aws.amazon.com, CreateMultipartUpload, UploadPart, CompleteMultipartUpload,
    AbortMultipartUpload. What an agent that was killed leaves behind costs storage until a rule
    of the bucket (AbortIncompleteMultipartUpload) takes it away.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._open: dict[str, _Upload] = {}

    async def send(
        self, key: str, body: bytes, headers: Mapping[str, str], condition: Mapping[str, str]
    ) -> Answer | Failed | Refused:
        """Send what the store lacks of an object; return the answer that says what came of it.

        After a lost acknowledgement the upload is no more: the object is sent anew, and the
        condition then finds it there.

        Args:
            key: its name.
            body: all of it.
            headers: what is to be known of it.
            condition: what the last request asks for, ``if-none-match``.
        """
        upload = self._open.get(key)
        if upload is None:
            answer = await self._ask(Question("POST", key, {"uploads": ""}, headers))
            if not _is_well(answer):
                return answer
            if not (name := answer.tag("UploadId")):
                return Failed("the store began an upload without a name")
            await self._make_room()
            upload = self._open[key] = _Upload(name)
        for number, part in _parts(body):
            if number not in upload.tags:
                query = {"partNumber": str(number), "uploadId": upload.id}
                answer = await self._ask(Question("PUT", key, query, body=part))
                if not _is_well(answer):
                    return self._given_up(key, answer)
                upload.tags[number] = answer.headers.get("etag", "")
        query = {"uploadId": upload.id}
        answer = await self._ask(Question("POST", key, query, condition, _listed(upload.tags)))
        if _is_well(answer):
            del self._open[key]
            return answer
        return self._given_up(key, answer)

    async def abort(self, key: str) -> None:
        """Take an unfinished upload back; the parts are billed for as long as they are there."""
        upload = self._open.pop(key, None)
        if upload is not None:
            await self._ask(Question("DELETE", key, {"uploadId": upload.id}))

    async def aclose(self) -> None:
        """Take all of them back, within a second."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_SECONDS):
                await asyncio.gather(*map(self.abort, tuple(self._open)))

    async def _make_room(self) -> None:
        while len(self._open) >= MOST_OPEN:
            await self.abort(next(iter(self._open)))

    def _given_up(self, key: str, answer: Answer | Failed | Refused) -> Answer | Failed | Refused:
        """Return what went wrong; where the upload cannot go on, the next attempt begins anew."""
        if isinstance(answer, Answer):
            if answer.status == _GONE and answer.tag("Code") == "NoSuchUpload":
                del self._open[key]
                return Failed("the store has let go of the upload; it begins anew")
            if answer.is_good:  # the answer began before the work was done, and it failed
                return Failed(f"the store could not put the parts together: {answer.text}")
        return answer


def _is_well(answer: Answer | Failed | Refused) -> TypeGuard[Answer]:
    return isinstance(answer, Answer) and answer.is_good and not answer.tag("Code")


def _parts(body: bytes) -> Iterator[tuple[int, bytes]]:
    for number, start in enumerate(range(0, len(body), PART_BYTES), 1):
        yield number, body[start : start + PART_BYTES]


def _listed(tags: Mapping[int, str]) -> bytes:
    parts = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>"
        for number, tag in sorted(tags.items())
    )
    space = "http://s3.amazonaws.com/doc/2006-03-01/"
    return f'<CompleteMultipartUpload xmlns="{space}">{parts}</CompleteMultipartUpload>'.encode()
