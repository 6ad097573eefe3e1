import errno
import json
import os
from pathlib import Path

import pytest

from agent.pid1 import secrets, standins
from tests.pid1.stage import GAMES, PLATFORM, game, stage

MORE = {
    **PLATFORM,
    "NAKAMA_CLOUDCODE_URL": "https://nakama-secret.example",
    "AGENT_LOG_SINK": "https://sink-secret.example",
    "AGENT_LOG_AWS_SECRET_ACCESS_KEY": "bucket-secret",
    "AGENT_LOG_GOOGLE_SERVICE_ACCOUNT_KEY": "google-secret",
    "AGENT_LOG_AZURE_STORAGE_ACCOUNT_KEY": "azure-secret",
    "AGENT_SECRET_NAMES": "GAME_DB_*, STEAM?KEY",
    "GAME_DB_PASSWORD": "database-secret",
    "STEAM_KEY": "steam-secret",
    "HARMLESS": "seen",
}
PROBER = GAMES / "prober.py"
PYTHON = ["/usr/bin/python3", "-I", "-S", "-c"]  # one that everybody may read
UNPRIVILEGED = ["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups"]


def environ_of(it: dict[str, str]) -> dict[str, str]:
    with stage("--", *game("facts"), environ=it) as pid_1:
        found: dict[str, str] = json.loads(pid_1.line())["environ"]
    return found


def test_game_gets_stand_ins_for_the_platforms_secrets() -> None:
    seen = environ_of(PLATFORM)
    url = seen["AGENT_URL"]
    assert url.startswith("http://127.0.0.1:")
    assert seen["ARBITRIUM_DELETE_URL"] == f"{url}/v1/self/stop/abc123/0"
    assert seen["ARBITRIUM_CONTEXT_URL"] == f"{url}/v1/context/abc123/0"
    assert seen["ARBITRIUM_REQUEST_ID"] == "abc123"
    assert "secret" not in str(seen)


def test_game_sees_no_secret_of_any_kind() -> None:
    seen = environ_of(MORE)
    assert "-secret" not in str(seen)
    assert seen["HARMLESS"] == "seen"


def test_nothing_is_stood_in_for_that_was_not_injected() -> None:
    seen = environ_of({})
    assert not [name for name in seen if name.startswith("ARBITRIUM_")]


@pytest.mark.parametrize(("policy", "expected"), [("strip", None), ("pass", "delete-secret")])
def test_secrets_are_stripped_or_passed_if_wanted(policy: str, expected: str | None) -> None:
    seen = environ_of({**PLATFORM, "AGENT_SECRETS": policy})
    assert seen.get("ARBITRIUM_DELETE_TOKEN") == expected


def test_bearer_token_is_the_games_to_use() -> None:
    seen = environ_of({**PLATFORM, "AGENT_TOKEN": "for-the-game"})
    assert seen["AGENT_TOKEN"] == seen["ARBITRIUM_DELETE_TOKEN"] == "for-the-game"


def test_agent_has_no_secret_in_its_environment_but_in_the_truth() -> None:
    with stage("--", *game("signalled"), environ={**MORE, "AGENT_TOKEN": "bearer-secret"}) as it:
        agent = it.agent()
        raw = Path(f"/proc/{agent.pid}/environ").read_bytes()
        assert b"-secret" not in raw
        assert b"HARMLESS=seen" in raw
        command = Path(f"/proc/{agent.pid}/cmdline").read_bytes()
        assert b"-secret" not in command
        told = agent.hello()["secrets"]
        assert told["ARBITRIUM_DELETE_TOKEN"] == "delete-secret"
        assert told["GAME_DB_PASSWORD"] == "database-secret"
        assert told["AGENT_LOG_SINK"] == "https://sink-secret.example"
        assert told["AGENT_LOG_AWS_SECRET_ACCESS_KEY"] == "bucket-secret"
        assert told["AGENT_TOKEN"] == "bearer-secret"
        assert "HARMLESS" not in told


def test_own_environment_block_is_blanked() -> None:
    with stage("--", *game("signalled"), environ=MORE) as it:
        it.line()
        raw = Path(f"/proc/{it.pid}/environ").read_bytes()
        assert b"-secret" not in raw
        assert b"HARMLESS=seen" in raw


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("namespace", [True, False])
@pytest.mark.parametrize("dropped", [True, False])
def test_unprivileged_game_cannot_read_pid_1(*, dropped: bool, namespace: bool) -> None:
    """As the uid that PID 1 has too, then as one that PID 1 dropped it to."""
    environ = {**MORE, "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}
    if dropped:
        environ["AGENT_GAME_USER"] = "1000"
    before = [] if dropped else UNPRIVILEGED
    script = PROBER.read_text()
    with stage(
        *PYTHON, script, environ=environ, before=before, namespace=namespace, cwd="/"
    ) as it:
        assert refused(json.loads(it.line()))


@pytest.mark.skipif(os.getuid() != 0, reason="root without SYS_PTRACE needs root")
def test_game_as_root_with_dockers_capabilities_cannot_read_pid_1() -> None:
    """PERFMON or SYS_ADMIN would read too (mm_access in the kernel); Docker gives neither."""
    before = ["setpriv", "--bounding-set=-sys_ptrace,-sys_admin,-perfmon"]
    with stage(*PYTHON, PROBER.read_text(), environ=MORE, before=before) as it:
        assert refused(json.loads(it.line()))


def test_game_that_has_been_through_five_agents_knows_as_little() -> None:
    environ = {**MORE, "PATH": "/usr/bin:/bin"}
    words = [*PYTHON, PROBER.read_text(), "again"]
    with stage(*words, environ=environ, before=UNPRIVILEGED, namespace=True, cwd="/") as it:
        assert refused(json.loads(it.line()))
        for _ in range(5):
            agent = it.agent()
            agent.hello()
            agent.end()
        agent = it.agent()
        agent.hello()
        agent.say("write_stdin", text="x")
        assert refused(json.loads(it.line()))


def refused(found: dict[str, object]) -> bool:
    return set(found.values()) <= {errno.EACCES, errno.EPERM}


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("A_*", "A_B", True),
        ("A_*", "A_", True),
        ("A_*", "A", False),
        ("N*_URL", "N_X_URL", True),
        ("N*_URL", "N_X_URLS", False),
        ("A?B", "AXB", True),
        ("A?B", "AB", False),
        ("", "", True),
        ("*", "", True),
        ("a", "A", False),
    ],
)
def test_pattern_fits_the_whole_name(pattern: str, name: str, *, expected: bool) -> None:
    assert secrets.matches(pattern, name) is expected


def test_block_is_read_as_the_kernel_keeps_it() -> None:
    block = b"A=1\0B=\0A=2\0junk\0=x\0C=a=b\0"
    assert secrets.parse(block) == {"A": "1", "B": "", "C": "a=b"}


def test_block_comes_from_python_where_there_is_no_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(path: str) -> bytes:
        raise FileNotFoundError(path)

    monkeypatch.setenv("SEEN_BY_BOTH", "yes")
    monkeypatch.setattr(secrets, "_read_all", missing)
    assert secrets.parse(secrets.read_block())["SEEN_BY_BOTH"] == "yes"
    assert secrets.blank(b"A=1\0", ()) is True
    assert secrets.blank(b"ARBITRIUM_DELETE_URL=1\0", ()) is False


def test_block_that_is_not_ours_is_left_alone() -> None:
    assert secrets.blank(b"ARBITRIUM_DELETE_URL=1\0", ()) is False


@pytest.mark.parametrize(
    ("told", "url", "expected"),
    [
        ("abc", "", "abc"),
        ("", "https://api.edgegap.com/v1/self/stop/deadbeef/42", "deadbeef"),
        ("", "https://api.edgegap.com/v1/self/stop/deadbeef/42/?x=/y", "deadbeef"),
        ("a/../b", "", "self"),
        ("", "nonsense", "self"),
        ("", "", "self"),
    ],
)
def test_deployments_id_is_told_or_taken_from_the_url(told: str, url: str, expected: str) -> None:
    assert (
        standins.deployment_id({"ARBITRIUM_REQUEST_ID": told}, {"ARBITRIUM_DELETE_URL": url})
        == expected
    )


def test_declared_ports_are_found_in_both_forms() -> None:
    mapping = json.dumps({"ports": {"g": {"internal": 7777}, "q": {"internal": "27015"}}})
    environ = {
        "ARBITRIUM_PORTS_MAPPING": mapping,
        "ARBITRIUM_PORT_WEB_INTERNAL": "8655",
        "ARBITRIUM_PORT_BAD_INTERNAL": "x",
        "ARBITRIUM_PORT_WEB_EXTERNAL": "31000",
    }
    assert standins.declared_ports(environ) == {7777, 27015, 8655}


def test_without_a_url_there_is_nothing_to_stand_in_with() -> None:
    seen = standins.game_environ(
        {"AGENT_URL": "old"}, {"ARBITRIUM_DELETE_URL": "u"}, "", "proxy", ""
    )
    assert seen == {}
    assert standins.agent_environ({"AGENT_TOKEN": "t", "A": "1"}, "") == {"A": "1"}


def test_pattern_of_many_stars_takes_no_time() -> None:
    """It is judged before the game starts: nothing in it may grow with the number of stars."""
    assert not secrets.matches("*a" * 40 + "b", "X" + "a" * 4000)
    assert secrets.matches("*a" * 40 + "*", "X" + "a" * 4000)


def test_secrets_too_large_for_the_channel_leave_those_that_the_agent_needs() -> None:
    large = {f"ARBITRIUM_CONTEXT_{name}": name * 120_000 for name in "AB"}
    with stage("--", *game("signalled", "TERM=0"), environ={**PLATFORM, **large}) as it:
        it.line()
        told = it.agent().hello()["secrets"]
    assert told["ARBITRIUM_DELETE_TOKEN"] == PLATFORM["ARBITRIUM_DELETE_TOKEN"]
    assert not set(told) & set(large)
