"""What came of scenarios, for people, for programs, for a CI's page."""

import json
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from agent.errors import SettingsError

from .proving import Verdict


def text(verdict: Verdict) -> str:
    """Return a line; for a broken promise also what broke it, and what had happened."""
    word = "FAILED" if verdict.broken else "ok"
    lines = [f"{word:<6}  {verdict.name:<22}  {verdict.seconds:5.1f} s  {verdict.title}"]
    if verdict.broken:
        lines += [f"  broken: {_broken(verdict)}", "", verdict.timeline]
    return "\n".join(lines)


def plain(verdict: Verdict) -> str:
    """Return one JSON object."""
    return json.dumps(
        {
            "scenario": verdict.name,
            "ok": not verdict.broken,
            "seconds": round(verdict.seconds, 3),
            "broken": dict(verdict.broken),
            "kept": list(verdict.kept),
            "timeline": verdict.timeline.splitlines() if verdict.broken else [],
        }
    )


def write_junit(path: Path, verdicts: Sequence[Verdict]) -> None:
    """Write a JUnit file.

    Raises:
        SettingsError: it cannot be written.
    """
    failures = sum(bool(verdict.broken) for verdict in verdicts)
    suite = ET.Element(
        "testsuite",
        name="arbitrium-agent local",
        tests=str(len(verdicts)),
        failures=str(failures),
        time=f"{sum(verdict.seconds for verdict in verdicts):.3f}",
    )
    for verdict in verdicts:
        case = ET.SubElement(
            suite,
            "testcase",
            classname="scenario",
            name=verdict.name,
            time=f"{verdict.seconds:.3f}",
        )
        if verdict.broken:
            failure = ET.SubElement(case, "failure", message=_printable(_broken(verdict)))
            failure.text = _printable(verdict.timeline)
    try:
        path.write_bytes(ET.tostring(suite, encoding="utf-8", xml_declaration=True))
    except OSError as error:
        raise SettingsError(f"cannot write {path}: {error.strerror}; name another place") from None


def _broken(verdict: Verdict) -> str:
    return "\n          ".join(f"{text}: {why}" for text, why in verdict.broken.items())


def _printable(text: str) -> str:
    """Return text that XML can carry: a game may print anything."""
    return "".join(char if char.isprintable() or char == "\n" else "?" for char in text)
