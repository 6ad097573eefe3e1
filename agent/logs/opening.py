"""The sinks that the settings name, with the game's logs that go to them."""

from collections.abc import Mapping

from ..core.options import Options
from ..errors import SettingsError
from ..interfaces import PidOne
from ..link import Truth
from .parcel import Sink
from .records import Style
from .redaction import Redactor, compiled
from .shipper import Shipper
from .stores import lacks, make_sink, split

VARIABLE = "AGENT_LOG_SINK"
_NO_FOLDER = "cannot follow AGENT_LOG_FILES: no folder is writable; set AGENT_SPOOL_DIR"


def open_shipper(
    truth: Truth, options: Options, *, link: PidOne, labels: Mapping[str, str], linger: float
) -> Shipper:
    """Return what ships the output, with the files that the settings ask for."""
    sinks, faults = open_sinks(truth.secrets, options)
    if options.log_files and not truth.spool:
        faults = (*faults, _NO_FOLDER)
    shipper = Shipper(truth.spool, sinks, faults, link=link, labels=labels, linger=linger)
    if options.log_files and truth.spool:
        from .watchopening import open_watch

        urls = split(truth.secrets.get(VARIABLE, ""))
        shipper.files = open_watch(truth, options, link, urls, keeps=bool(sinks))
    return shipper


def open_sinks(
    secrets: Mapping[str, str], options: Options
) -> tuple[tuple[Sink, ...], tuple[str, ...]]:
    """Return the sinks with a line on each that cannot be used; nothing is sent yet."""
    redactor = _redactor(secrets, options)
    style = Style(options.log_preset, not options.log_ansi, options.log_rate)
    sinks: dict[str, Sink] = {}
    urls = split(secrets.get(VARIABLE, ""))
    faults = [*lacks(urls)]
    for url in urls:
        try:
            sink = make_sink(url, secrets, style=style, redactor=redactor)
        except SettingsError as error:
            faults.append(str(error))
            continue
        if sink.name in sinks:
            faults.append(f"cannot send logs to {sink.name} twice; write it once")
            continue
        sinks[sink.name] = sink
    return tuple(sinks.values()), tuple(faults)


def _redactor(secrets: Mapping[str, str], options: Options) -> Redactor:
    hidden = [*secrets.values()]
    # Its end, id and key, is all that a self-stop needs beside the token. The key alone is a
    # number of six digits, which would be found in many an innocent line.
    hidden.append("/".join(secrets.get("ARBITRIUM_DELETE_URL", "").split("/")[-2:]))
    return Redactor.of(hidden, compiled(options.log_redact), hides_ips=options.log_redact_ips)
