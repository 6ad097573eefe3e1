"""Logs as objects of an S3-compatible store."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from ..errors import SettingsError
from . import address, codecs, credentials, objectkey
from .attempts import Store
from .bucket import Bucket, Question
from .describing import metadata
from .exchange import Answer, judge, shown
from .multipart import WHOLE_BYTES, Multipart
from .packing import Packed, Press
from .parcel import Delivered, Failed, Outcome, Parcel, Refused, Unit
from .records import Style

OPTIONS = ("endpoint", "region", "path_style", "once", "credentials", codecs.OPTION)

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
_REGION = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CONFLICT = 409  # the same key is being written at this moment
_EXISTS = 412
_UNKNOWN_HEADER = 501
_PASSING = "RequestTimeout"  # a 400: our own sending was too slow
_FIXES = {
    "AccessDenied": "allow s3:PutObject on the prefix",
    "AuthorizationHeaderMalformed": "set region=",
    "InvalidAccessKeyId": "correct the access key id",
    "NoSuchBucket": "create the bucket, or correct its name",
    "RequestTimeTooSkewed": "correct the machine's clock",
    "SignatureDoesNotMatch": "correct the secret access key",
}


def open_store(url: str, found: Mapping[str, str], style: Style) -> Store:
    """Return the store of ``s3://bucket/prefix?endpoint=&region=&path_style=&once=&compress=``.

    Args:
        url: may hold the key pair as ``KEY:SECRET@``, percent-encoded; `once=0` does without
            ``If-None-Match``; ``credentials=instance`` asks an EC2 instance for a pair; every
            ``header.NAME=VALUE`` goes along, signed.
        found: every variable: region, endpoint, credentials are looked up there.
        style: of no concern: an object holds the bytes as the game wrote them.

    Raises:
        SettingsError: something is missing, or wrong.
    """
    del style
    place = address.parse(url, OPTIONS, strict=True)
    if not _BUCKET.fullmatch(place.host):
        raise SettingsError(
            f"cannot use {place.name}: that is no bucket's name; write s3://bucket/prefix"
        )
    endpoint = place.options.get("endpoint", "") or _variable(
        found, "ENDPOINT_URL_S3", "ENDPOINT_URL"
    )
    region = place.options.get("region", "") or _variable(found, "REGION", "DEFAULT_REGION")
    if not region and not endpoint:
        raise SettingsError(f"cannot use {place.name}: its region is unknown; add ?region=")
    region = region or "us-east-1"
    if not _REGION.fullmatch(region):
        raise SettingsError(f"cannot use {place.name}: its region is no name; write us-east-1")
    base, path = _locate(place, endpoint, region)
    keys = credentials.find(
        place.user, place.password, region, found, place.options.get("credentials", "").lower()
    )
    return ObjectStore(place, Bucket(base, path, region, keys))


class ObjectStore:
    """One object a parcel, under a name that tells its place: a repeat changes nothing."""

    unit = Unit.SEGMENT
    most_bytes = 16 * 1024 * 1024
    most_seconds = 30.0

    def __init__(self, place: address.Address, bucket: Bucket) -> None:
        """Take a bucket.

        Args:
            place: what the operator has written.
            bucket: where objects go.

        Raises:
            SettingsError: an option is wrong.
        """
        self.name = place.name
        self.bucket = bucket
        self._headers = place.headers
        self._once = place.switch("once", default=True)
        self._press = Press(codecs.chosen(place))
        self._multipart = Multipart(bucket.ask)

    async def send(self, parcel: Parcel, labels: Mapping[str, str]) -> Outcome:
        """Put one object."""
        packed = await self._press.pack(parcel)
        key = objectkey.compose(parcel, labels, self._press.codec.suffix)
        answer = await self._put(key, parcel, labels, packed)
        if isinstance(answer, Answer) and answer.status == _UNKNOWN_HEADER and self._once:
            self._once = False  # the name alone makes a repeat harmless
            answer = await self._put(key, parcel, labels, packed)
        outcome = _judge(answer) if isinstance(answer, Answer) else answer
        if isinstance(answer, Answer) and answer.status in {_EXISTS, _CONFLICT}:
            await self._multipart.abort(key)
        return outcome

    def forget(self, parcel: Parcel) -> None:
        """Let go of a parcel that is not sent again."""
        self._press.forget(parcel)

    def counters(self) -> dict[str, int]:
        """Return nothing: the bytes are taken as they are."""
        return {}

    async def aclose(self) -> None:
        """Take back what is half there, give up what is open."""
        await self._multipart.aclose()
        await self.bucket.aclose()

    async def _put(
        self, key: str, parcel: Parcel, labels: Mapping[str, str], packed: Packed
    ) -> Answer | Failed | Refused:
        headers = {
            "content-type": self._press.codec.media,
            **{f"x-amz-meta-{name}": text for name, text in metadata(parcel, labels).items()},
            **self._headers,
        }
        condition = {"if-none-match": "*"} if self._once else {}
        if len(packed.body) > WHOLE_BYTES:
            return await self._multipart.send(key, packed.body, headers, condition)
        return await self.bucket.ask(
            Question(
                "PUT", key, headers=headers | condition, body=packed.body, digest=packed.digest
            )
        )


def _judge(answer: Answer) -> Outcome:
    if answer.status == _EXISTS:
        return Delivered()  # our own, whose acknowledgement was lost
    code, region = answer.tag("Code"), answer.headers.get("x-amz-bucket-region", "")
    detail = shown(f"{code}: {answer.tag('Message')}").rstrip(". ") if code else answer.text
    if answer.status == _CONFLICT or code == _PASSING:
        return Failed(f"{answer.status} {detail}".rstrip(), answer.after)
    outcome = judge(answer, detail)
    if not isinstance(outcome, Refused):
        return outcome
    fix = _FIXES.get(code, "")
    if answer.status in range(300, 400) or "region" in fix:
        fix = f"set region={shown(region)}" if region else "set region= to the bucket's"
    told = f"{answer.status} {detail}".rstrip()
    return Refused(f"{told}; {fix}" if fix else told)


def _locate(place: address.Address, endpoint: str, region: str) -> tuple[str, str]:
    """Return where requests go, what stands before every key."""
    bucket, prefix = place.host, address.decoded(place.path)
    url = endpoint or f"https://s3.{region}.amazonaws.com"
    url = url if "://" in url else f"https://{url}"
    try:
        parts = urlsplit(url)
        is_fit = parts.scheme in {"http", "https"} and bool(parts.hostname) and url.isascii()
        _ = parts.port  # it is read late
    except ValueError:
        is_fit, parts = False, urlsplit("")
    if not is_fit:
        raise SettingsError(
            f"cannot use {place.name}: its endpoint is no http(s) address;"
            " write endpoint=https://host"
        )
    # A dot in the name is one too many for a wildcard certificate.
    by_path = place.switch("path_style", default=bool(endpoint) or "." in bucket)
    host = parts.netloc.rpartition("@")[2]
    base = f"{parts.scheme}://{host}" if by_path else f"{parts.scheme}://{bucket}.{host}"
    before = [part for part in (parts.path.strip("/"), bucket if by_path else "", prefix) if part]
    return base, "".join(f"/{part}" for part in before) + "/"


def _variable(found: Mapping[str, str], *names: str) -> str:
    """Return the first that is set, our own before those that may be the game's."""
    for prefix in (credentials.OURS, credentials.THEIRS):
        for name in names:
            if value := found.get(prefix + name, "").strip():
                return value
    return ""
