"""Figures become plots that a browser can read."""

from pathlib import Path
from xml.etree import ElementTree as ET

from bench.plot import draw
from bench.table import Row


def test_groups_are_drawn_one_file_each(tmp_path: Path) -> None:
    rows = [
        Row("first output, tini & co", "ms", [1.0, 3.0, 2.0], group="first output"),
        Row("first output, ours", "ms", [4.0], group="first output"),
        Row("PSS, 1", "MiB", [30.0], group="PSS", x=1),
        Row("PSS, 500", "MiB", [0.0], group="PSS", x=500),
        Row("alone", "s", [1.0]),
    ]
    bars, line = draw(rows, tmp_path / "plots")
    assert (bars.name, line.name) == ("first-output.svg", "pss.svg")
    words = [element.text for element in ET.parse(bars).getroot() if element.text]
    assert {"first output", "tini & co", "2 ms", "ours", "4 ms"} <= set(words)
    assert len(ET.parse(line).getroot().findall("{*}circle")) == 2


def test_figures_that_are_all_zero_are_drawn(tmp_path: Path) -> None:
    rows = [Row("wake-ups, none", "", [0.0], group="wake-ups")]
    (path,) = draw(rows, tmp_path)
    assert [each.text for each in ET.parse(path).getroot() if each.text == "none"]
