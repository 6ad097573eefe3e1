"""The README says what the code does."""

import json
import re
from pathlib import Path

import pytest

from agent.control.routes import ROUTES
from agent.logs.cloudkeys import AZURE, GOOGLE
from agent.logs.credentials import OURS
from agent.pid1.secrets import PATTERNS
from agent.settings import SET_BY_PID1, rows
from tests import pages

TEXT = pages.README.read_text()
MAKEFILE = (pages.ROOT / "Makefile").read_text()
PLATFORM = {"/v1/self/stop", "/v1/context"}


def section(heading: str) -> str:
    return TEXT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def blocks(tongue: str) -> list[str]:
    return re.findall(rf"```{tongue}\n(.*?)```", TEXT, re.DOTALL)


def test_generated_parts_are_what_the_code_says() -> None:
    assert pages.renew(TEXT) == TEXT, "make readme"


def test_every_part_is_in_the_page() -> None:
    found = re.findall(r"<!-- generated: (\S+) -->", TEXT)
    snippets = {path.name for path in pages.SNIPPETS.iterdir()}
    assert sorted(found) == sorted({*pages.PARTS, *snippets})
    assert TEXT.count("<!-- end -->") == len(found) + TEXT.count("<!-- figure: ")


def test_sections_come_in_the_readers_order() -> None:
    assert re.findall(r"^## (.*)$", TEXT, re.MULTILINE) == [
        "With no line of code",
        "On your laptop",
        "Into your image",
        "The app version's settings",
        "When is it ready, when is it ill",
        "The one call worth adding",
        "What happens on a stop",
        "Lifecycle",
        "Control API",
        "Settings",
        "Where are my logs",
        "For on-call",
        "From Agones",
        "From PlayFab",
        "When it crashes or hangs",
        "Secrets",
        "Plain init",
        "Limits",
        "Development",
        "Changelog",
    ]


def test_first_dockerfile_has_four_lines() -> None:
    first = blocks("dockerfile")[0].splitlines()
    assert [line.split()[0] for line in first] == ["FROM", "COPY", "ENTRYPOINT", "CMD"]


def test_stop_figures_are_those_of_the_design() -> None:
    """Reckoned by hand: D = G - max(0.25, 5 %), R = max(1, 20 % of G, at most 10)."""
    lines = [line.split("|")[2:4] for line in pages.platform_stop().splitlines()[2:]]
    assert [[cell.strip() for cell in line] for line in lines] == [
        ["0 s", "0 s"],
        ["1.875 s", "2 s"],
        ["3.75 s", "22.5 s"],
        ["4.75 s", "28.5 s"],
        ["5 s", "30 s"],
    ]


def test_settings_to_paste_agree_with_each_other() -> None:
    version = json.loads(blocks("json")[0])
    variables = {entry["key"]: entry["value"] for entry in version["envs"]}
    assert variables == {"AGENT_GRACE": f"{version['termination_grace_period_seconds']}s"}
    assert version["restart_policy"] == "never"
    assert [port["to_check"] for port in version["ports"] if port["protocol"] == "UDP"] == [False]


def test_every_setting_that_is_named_exists() -> None:
    known = {name for name, _, _ in rows()} | SET_BY_PID1
    known |= {OURS + name for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")}  # keys, not settings
    known |= {
        f"AGENT_LOG_{cloud.prefix}{name}" for cloud in (GOOGLE, AZURE) for name in cloud.names
    }
    assert set(re.findall(r"\bAGENT_[A-Z_]+\b(?!\*)", TEXT)) <= known


def test_every_path_that_is_named_is_a_route() -> None:
    known = {route.path for route in ROUTES} | PLATFORM
    found = set(re.findall(r"[ `](/(?:v1/[\w/]+|metrics|healthz|readyz))", TEXT))
    assert {path.rstrip("/") for path in found} <= known


def test_secrets_that_are_kept_are_named() -> None:
    named, _, _ = section("Secrets").partition("are kept from the game")
    assert re.findall(r"`([A-Z_*]+)`", named) == [*PATTERNS, "AGENT_SECRET_NAMES"]


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z]+)`", TEXT)) <= targets
    assert "make demo" in blocks("sh")[0]


def test_every_file_that_is_named_exists() -> None:
    links = re.findall(r"\]\(([\w.]+)\)", TEXT)
    tests = re.findall(r"\btests/[\w/.]*\w", TEXT)
    assert links
    assert tests
    for name in {*links, *tests}:
        assert (pages.ROOT / name).exists(), name
    rooms = re.findall(r"^\| `(\w+/|\w+\.py)`", section("Development"), re.MULTILINE)
    assert len(rooms) == 7
    for name in rooms:
        assert (pages.ROOT / "agent" / name).exists(), name


def test_every_anchor_leads_somewhere() -> None:
    headings = re.findall(r"^##+ (.*)$", TEXT, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings}
    assert set(re.findall(r"\]\(#([\w-]+)\)", TEXT)) <= anchors


def test_images_are_short_and_put_the_agent_in_front() -> None:
    images = [each for each in blocks("dockerfile") if "FROM" in each]
    assert len(images) > 4
    for image in images:
        assert len(image.splitlines()) <= 10, image
        assert "COPY --from=" in image
        assert re.search(r'^ENTRYPOINT \["/opt/agent/entrypoint.sh"\]$', image, re.MULTILINE)
        assert re.search(r"^CMD \[", image, re.MULTILINE), "exec form"


def test_page_behind_the_code_is_told_then_renewed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "README.md"
    page.write_text(
        "in <!-- figure: drain -->never<!-- end --> <!-- generated: lifecycle -->\n<!-- end -->\n"
    )
    monkeypatch.setattr(pages, "README", page)
    assert pages.main([]) == 1
    assert "make readme" in capsys.readouterr().err
    assert pages.main(["--write"]) == 0
    assert page.read_text().startswith("in <!-- figure: drain -->15s<!-- end -->")
    assert "starting --> ready" in page.read_text()
    assert pages.main([]) == 0


def test_unknown_part_is_an_error() -> None:
    with pytest.raises(KeyError):
        pages.renew("<!-- generated: nothing -->\n<!-- end -->")
    with pytest.raises(KeyError):
        pages.renew("<!-- figure: nothing -->1<!-- end -->")
