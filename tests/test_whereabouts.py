"""Where the agent says that it serves, for a command line that has nothing but a container."""

import stat
from pathlib import Path

import pytest

from agent import whereabouts
from agent.client import address

OTHER = "http://127.0.0.1:40001"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"TMPDIR": str(tmp_path), "AGENT_PORT": "8655"}


def test_port_that_was_taken_is_found_by_another_process(environ: dict[str, str]) -> None:
    whereabouts.leave(OTHER, environ)
    assert address(environ) == OTHER


def test_default_needs_no_file_and_outdates_an_old_one(
    environ: dict[str, str], tmp_path: Path
) -> None:
    whereabouts.leave(OTHER, environ)
    whereabouts.leave(whereabouts.DEFAULT_URL, environ)
    assert list(tmp_path.iterdir()) == []
    assert address(environ) == whereabouts.DEFAULT_URL


def test_link_in_the_way_is_replaced_not_followed(environ: dict[str, str], tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("data")
    link = tmp_path / "arbitrium-agent.url"
    link.symlink_to(precious)
    whereabouts.leave(OTHER, environ)
    assert precious.read_text() == "data"
    assert stat.S_IMODE(link.lstat().st_mode) == 0o644
    assert not link.is_symlink()


@pytest.mark.parametrize("text", [b"http://203.0.113.9:80", b"\xff", b""])
def test_file_that_names_no_agent_of_this_container_is_ignored(
    environ: dict[str, str], tmp_path: Path, text: bytes
) -> None:
    (tmp_path / "arbitrium-agent.url").write_bytes(text)
    assert address(environ) == whereabouts.DEFAULT_URL


def test_folder_that_takes_no_file_is_no_fault() -> None:
    whereabouts.leave(OTHER, {"TMPDIR": "/nowhere"})
    assert whereabouts.find({"TMPDIR": "/nowhere"}) == ""
