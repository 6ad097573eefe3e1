"""Logs as objects of an S3-compatible store."""

import re
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from .. import clock
from ..errors import SettingsError
from . import address, credentials, objectkey
from .exchange import Answer, Exchange, judge, shown, within
from .packing import Packed, Press
from .parcel import Delivered, Failed, Outcome, Parcel, Refused, Sink, Unit
from .records import Style
from .sigv4 import Credentials, Request, Scope, sign

OPTIONS = ("endpoint", "region", "path_style", "once")
METADATA_BYTES = 1536  # S3 takes 2 KB of user metadata

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
_REGION = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SKEW_SECONDS = 60.0  # less is no reason to be refused
_CONFLICT = 409  # the same key is being written at this moment
_EXISTS = 412
_UNKNOWN_HEADER = 501
_ABOUT_US = frozenset({400, 401, 403})
_WORN_OUT = frozenset({"ExpiredToken", "InvalidAccessKeyId", "InvalidToken", "RequestExpired",
                       "TokenRefreshRequired"})  # fmt: skip
_PASSING = "RequestTimeout"  # a 400: our own sending was too slow
_FIXES = {
    "AccessDenied": "allow s3:PutObject on the prefix",
    "AuthorizationHeaderMalformed": "set region=",
    "InvalidAccessKeyId": "correct the access key id",
    "NoSuchBucket": "create the bucket, or correct its name",
    "RequestTimeTooSkewed": "correct the machine's clock",
    "SignatureDoesNotMatch": "correct the secret access key",
}


def open_sink(url: str, found: Mapping[str, str], style: Style) -> Sink:
    """Return the sink of ``s3://bucket/prefix?endpoint=&region=&path_style=&once=``.

    Args:
        url: may hold the key pair as ``KEY:SECRET@``, percent-encoded; `once=0` does without
            ``If-None-Match``; every ``header.NAME=VALUE`` goes along, signed.
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
    return ObjectStore(
        place,
        base=base,
        path=path,
        region=region,
        keys=credentials.find(place.user, place.password, region, found),
    )


class ObjectStore:
    """One object a parcel, under a name that tells its place: a repeat changes nothing."""

    unit = Unit.SEGMENT
    most_bytes = 16 * 1024 * 1024
    most_seconds = 30.0

    def __init__(
        self, place: address.Address, *, base: str, path: str, region: str, keys: credentials.Keys
    ) -> None:
        """Take a store apart from its bucket's address.

        Args:
            place: what the operator has written.
            base: scheme with host, where requests go.
            path: what stands before every key, not encoded, with a slash at its end.
            region: what signatures are for.
            keys: who signs.

        Raises:
            SettingsError: an option is wrong.
        """
        self.name = place.name
        self._base = base
        self._host = urlsplit(base).netloc
        self._path = path
        self._scope = Scope(region)
        self._keys = keys
        self._headers = place.headers
        self._once = place.switch("once", default=True)
        self._skew = 0.0  # what the store's clock is ahead of ours, seconds
        self._exchange = Exchange()
        self._press = Press()

    async def deliver(
        self,
        parcel: Parcel,
        labels: Mapping[str, str],
        timeout: float,  # noqa: ASYNC109 - the contract's
    ) -> Outcome:
        """Send one parcel in one attempt of *timeout* seconds at most; never raises."""
        outcome = await within(timeout, self._deliver(parcel, labels))
        if isinstance(outcome, Delivered):
            self._press.forget(parcel)
        return outcome

    def counters(self) -> dict[str, int]:
        """Return nothing: the bytes are taken as they are."""
        return {}

    async def aclose(self) -> None:
        """Give up what is open."""
        await self._keys.aclose()
        await self._exchange.aclose()

    async def _deliver(self, parcel: Parcel, labels: Mapping[str, str]) -> Outcome:
        packed = await self._press.pack(parcel)
        answer = await self._put(parcel, labels, packed)
        if isinstance(answer, Answer) and self._learn(answer):
            answer = await self._put(parcel, labels, packed)
        return _judge(answer) if isinstance(answer, Answer) else answer

    async def _put(
        self, parcel: Parcel, labels: Mapping[str, str], packed: Packed
    ) -> Answer | Failed | Refused:
        keys = await self._keys.current()
        if not isinstance(keys, Credentials):
            return keys
        request = Request(
            "PUT",
            self._host,
            self._path + objectkey.compose(parcel, labels),
            packed.digest,
            headers={
                "content-type": "application/gzip",
                **({"if-none-match": "*"} if self._once else {}),
                **_metadata(parcel, labels),
                **self._headers,
            },
        )
        headers = sign(request, keys, self._scope, clock.wall() + self._skew)
        return await self._exchange.send("PUT", self._base + request.target, headers, packed.body)

    def _learn(self, answer: Answer) -> bool:
        """Take from a refusal what can be done better; return whether another try is worth it."""
        if answer.status == _UNKNOWN_HEADER and self._once:
            self._once = False  # the name alone makes a repeat harmless
            return True
        if answer.status not in _ABOUT_US:
            return False
        date = answer.date
        if date is not None and abs(date - clock.wall() - self._skew) > _SKEW_SECONDS:
            self._skew = date - clock.wall()
            return True
        return answer.tag("Code") in _WORN_OUT and self._keys.forget()


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


def _metadata(parcel: Parcel, labels: Mapping[str, str]) -> dict[str, str]:
    """Return the labels as far as they have room, percent-encoded: headers are ASCII."""
    wanted = {"bytes": str(len(parcel.data)), "first-ns": str(parcel.marks[0][1])}
    wanted |= {"tail": "1"} if parcel.is_tail else {}
    wanted |= {re.sub(r"[^a-z0-9]+", "-", name.lower()): text for name, text in labels.items()}
    kept: dict[str, str] = {}
    room = METADATA_BYTES
    for name, text in wanted.items():
        value = quote(text, safe="/:@ ,+=", errors="replace")
        room -= len(name) + len(value)
        if room < 0:
            break
        kept[f"x-amz-meta-{name}"] = value
    return kept


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
