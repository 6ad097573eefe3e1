"""Logs as objects of Google Cloud Storage, of Azure Blob Storage."""

import asyncio
import re
from collections.abc import Mapping
from datetime import timedelta
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ..errors import SettingsError
from . import address, codecs, objectkey
from .attempts import Store
from .cloudkeys import AZURE, GOOGLE, OURS, Cloud, configured
from .describing import metadata
from .exchange import RETRIED, shown
from .packing import Press
from .parcel import Delivered, Failed, Outcome, Parcel, Refused, Unit
from .records import Style

if TYPE_CHECKING:
    from obstore.store import AzureStore, GCSStore

OPTIONS = ("endpoint", "once", codecs.OPTION)

_CONFLICT = 409
_NAME = re.compile(r"[A-Za-z0-9$][A-Za-z0-9._-]{1,253}")
_STATUS = re.compile(r"status code: (\d{3})")
_ABOUT_PATH = re.compile(r"^.* - (?=HTTP error|Server returned)", re.DOTALL)
_CAUSE = re.compile(r'(?:error|message): "([^"\n]+)"')
_LIMIT = timedelta(seconds=60)  # attempts end before: this only bounds what nobody waits for
_ONE_TRY = {
    "max_retries": 0,  # the courier's are enough; ten of them made of 5 s a minute (measured)
    "retry_timeout": _LIMIT,
    "backoff": {"init_backoff": timedelta(0), "max_backoff": timedelta(0), "base": 2},
}


_CLOUDS = {"gs": GOOGLE, "az": AZURE}


def open_store(url: str, found: Mapping[str, str], style: Style) -> Store:
    """Return the store of ``gs://bucket/prefix?endpoint=&once=&compress=``, of ``az://`` likewise.

    Args:
        url: of Azure it may hold ``ACCOUNT:KEY@``, percent-encoded; ``once=0`` writes over what
            is there; every ``header.NAME=VALUE`` goes along.
        found: every variable; ``AGENT_LOG_GOOGLE_*``, ``AGENT_LOG_AZURE_*`` come before those
            without ``AGENT_LOG_``, which may be the game's.
        style: of no concern: an object holds the bytes as the game wrote them.

    Raises:
        SettingsError: something is missing, or wrong.
    """
    del style
    place = address.parse(url, OPTIONS, strict=True)
    cloud = _CLOUDS[place.scheme]
    if not find_spec("obstore"):
        raise SettingsError(
            f"cannot use {place.name}: {cloud.title} needs the package obstore;"
            " pip install 'arbitrium-agent[s3]'"
        )
    if not _NAME.fullmatch(place.host):
        raise SettingsError(
            f"cannot use {place.name}: that is no name of a bucket or container;"
            f" write {place.scheme}://name/prefix"
        )
    return CloudStore(place, cloud, configured(place, cloud, found))


class CloudStore:
    """One object a parcel, under a name that tells its place: a repeat changes nothing."""

    unit = Unit.SEGMENT
    most_bytes = 16 * 1024 * 1024
    most_seconds = 30.0

    def __init__(self, place: address.Address, cloud: Cloud, config: Mapping[str, str]) -> None:
        """Take what the operator has written, whose cloud it is, obstore's configuration."""
        self.name = place.name
        self._place = place
        self._cloud = cloud
        self._config = config
        self._mode: Any = "create" if place.switch("once", default=True) else "overwrite"
        self._press = Press(codecs.chosen(place))
        self._client: GCSStore | AzureStore | None = None

    async def send(self, parcel: Parcel, labels: Mapping[str, str]) -> Outcome:
        """Put one object; obstore does it beside the interpreter's lock."""
        packed = await self._press.pack(parcel)
        import obstore  # an extra: 4 MiB, 6 more with the first connection (PSS)
        from obstore.exceptions import AlreadyExistsError, BaseError

        key = objectkey.compose(parcel, labels, self._press.codec.suffix)
        try:
            if self._client is None:
                self._client = await asyncio.to_thread(self._open)
            await obstore.put_async(
                self._client,
                key,
                packed.body,
                mode=self._mode,
                use_multipart=False,  # only a whole object can be put on a condition
                attributes={"Content-Type": self._press.codec.media, **_named(parcel, labels)},
            )
        except AlreadyExistsError:
            return Delivered()  # our own, whose acknowledgement was lost
        except (BaseError, OSError) as error:  # what is not found is a FileNotFoundError
            return self._judge(str(error))
        return Delivered()

    def forget(self, parcel: Parcel) -> None:
        """Let go of a parcel that is not sent again."""
        self._press.forget(parcel)

    def counters(self) -> dict[str, int]:
        """Return nothing: the bytes are taken as they are."""
        return {}

    async def aclose(self) -> None:
        """Let go of the connections."""
        self._client = None

    def _open(self) -> "GCSStore | AzureStore":
        from obstore.store import AzureStore, GCSStore

        options: Any = {
            "allow_http": True,  # where the operator's endpoint is that
            "timeout": _LIMIT,
            "user_agent": "arbitrium-agent",
            "default_headers": dict(self._place.headers),
        }
        config: Any = dict(self._config)
        kind: Any = GCSStore if self._cloud is GOOGLE else AzureStore
        made: GCSStore | AzureStore = kind(
            self._place.host,
            prefix=address.decoded(self._place.path) or None,
            config=config,
            client_options=options,
            retry_config=_ONE_TRY,
        )
        return made

    def _judge(self, told: str) -> Outcome:
        """Return what an error of obstore means: its classes tell less than its words."""
        told, _, debug = told.partition("\n\nDebug source:")
        detail = shown(_ABOUT_PATH.sub("", told).removeprefix("Server returned non-2xx "))
        found = _STATUS.search(told)
        if not found:
            return self._untold(detail, debug)
        status = int(found[1])
        if status in RETRIED or status == _CONFLICT:
            return Failed(detail)
        fixes = {
            401: "correct the credentials",
            403: f"correct the credentials, or allow {self._cloud.right}",
            404: "create the bucket, or correct its name",
        }
        fix = fixes.get(status)
        return Refused(f"{detail}; {fix}" if fix else detail)

    def _untold(self, detail: str, debug: str) -> Outcome:
        """Return what it means that there was no answer."""
        if "InvalidCertificate" in debug:
            return Refused("its certificate is not trusted; install ca-certificates")
        if "HTTP error" in detail:
            causes = _CAUSE.findall(debug)
            return Failed(shown(causes[-1]) if causes else detail)
        variables = f"{OURS}{self._cloud.prefix}*"
        return Refused(f"{detail.rstrip('. ')}; correct the URL or {variables}")


def _named(parcel: Parcel, labels: Mapping[str, str]) -> dict[str, str]:
    """Return the metadata under names that Azure takes, too: identifiers of C#."""
    found = metadata(parcel, labels)
    return {re.sub(r"\W|^(?=\d)", "_", name): value for name, value in found.items()}
