"""The sinks that the settings name, with the game's logs that go to them."""

from collections.abc import Callable, Mapping

from .. import clock
from ..core.options import Options
from ..errors import SettingsError
from ..interfaces import PidOne
from ..link import Truth
from ..pid1 import places
from ..pid1.segments import Place
from .echo import Echo
from .filewatch import FileWatch
from .gamefiles import GameFiles
from .parcel import Sink
from .records import Style
from .redaction import Redactor, compiled
from .shipper import Shipper
from .stores import lacks, make_sink, split
from .wanted import wanted

VARIABLE = "AGENT_LOG_SINK"
_FILES_BYTES = 64 << 20  # of copies; beyond, the game's files themselves wait
_NO_FOLDER = "cannot follow AGENT_LOG_FILES: no folder is writable; set AGENT_SPOOL_DIR"


def open_shipper(
    truth: Truth, options: Options, *, link: PidOne, labels: Mapping[str, str], linger: float
) -> Shipper:
    """Return what ships the output, with the files that the settings ask for."""
    sinks, faults = open_sinks(truth.secrets, options)
    files = None
    if options.log_files and truth.spool:
        echo = Echo(truth.spool, link) if options.log_files_echo else None
        files = FileWatch(_opener(truth, options, keeps=bool(sinks)), echo)
    elif options.log_files:
        faults = (*faults, _NO_FOLDER)
    shipper = Shipper(truth.spool, sinks, faults, link=link, labels=labels, linger=linger)
    shipper.files = files
    return shipper


def _opener(truth: Truth, options: Options, *, keeps: bool) -> Callable[[], GameFiles]:
    urls = split(truth.secrets.get(VARIABLE, ""))
    outside = tuple(
        url.removeprefix("file://").partition("?")[0] for url in urls if "file:" in url
    )
    asked = wanted(
        options.log_files, options.log_preset, truth.game_folder, truth.game_home, outside
    )
    return lambda: GameFiles(
        asked,
        Place(truth.spool, places.bound(truth.spool, _FILES_BYTES) // 2),
        since=truth.born + clock.wall() - clock.now(),
        keeps=keeps,
        reader=truth.game_uid or None,  # root reads everything
    )


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
