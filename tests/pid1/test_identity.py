import json
import os
import pwd

import pytest

from agent.errors import SettingsError
from agent.pid1 import identity
from tests.pid1.stage import GAMES, stage

as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
PYTHON = ["/usr/bin/python3", "-I", "-S", "-c"]  # one that everybody may read
FACTS = (GAMES / "facts.py").read_text()


def test_name_has_its_groups_and_home() -> None:
    me = pwd.getpwuid(os.getuid())
    it = identity.find(me.pw_name)
    assert (it.uid, it.gid, it.home) == (me.pw_uid, me.pw_gid, me.pw_dir)
    assert set(it.groups) == set(os.getgrouplist(me.pw_name, me.pw_gid))


def test_number_that_has_a_name_is_that_user() -> None:
    assert identity.find("0").home == pwd.getpwuid(0).pw_dir


def test_number_without_a_name_is_its_own_group() -> None:
    it = identity.find("54321")
    assert (it.uid, it.gid, it.groups, it.home) == (54321, 54321, [54321], "")


@pytest.mark.parametrize(("text", "gid"), [("54321:7", 7), ("0:root", 0)])
def test_group_may_be_named(text: str, gid: int) -> None:
    it = identity.find(text)
    assert (it.gid, it.groups) == (gid, [gid])


@pytest.mark.parametrize("text", ["nobody-of-that-name", "0:no-group-of-that-name", "", "-1"])
def test_unknown_user_or_group_is_a_fault(text: str) -> None:
    with pytest.raises(SettingsError, match="cannot use AGENT_GAME_USER"):
        identity.find(text)


@as_root
def test_game_runs_as_the_user_that_was_asked_for() -> None:
    """It has the groups, default signals, a session; it may reopen what it writes to."""
    environ = {"AGENT_GAME_USER": "54321:54322"}
    code = FACTS + "\nopen('/dev/stdout', 'w')"
    with stage(*PYTHON, code.replace("sys.exit", "print"), environ=environ, cwd="/") as it:
        facts = json.loads(it.line())
        assert (facts["uid"], facts["gid"], facts["groups"]) == (54321, 54322, [54322])
        assert facts["sid"] == facts["pgid"] == facts["pid"]
        assert int(facts["blocked"], 16) == 0
        assert facts["fds"] == [0, 1, 2, 3]
        assert it.wait() == 0


@as_root
def test_failure_to_run_as_another_user_is_told() -> None:
    environ = {"AGENT_GAME_USER": "54321"}
    with stage("/no/such/game", environ=environ) as it:
        it.line_with("there is no folder /no/such")
        assert it.wait() == 127


@as_root
def test_home_is_the_users() -> None:
    environ = {"AGENT_GAME_USER": "nobody", "HOME": "/root"}
    with stage("/bin/sh", "-c", 'echo "$HOME"', environ=environ, cwd="/") as it:
        assert it.line() == pwd.getpwnam("nobody").pw_dir


@as_root
@pytest.mark.parametrize("user", ["1000", "1001"])
def test_only_root_can_change_the_user(user: str) -> None:
    before = ["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups"]
    environ = {
        "AGENT_GAME_USER": user,
        "PATH": "/usr/bin:/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    with stage(*PYTHON, FACTS, environ=environ, before=before, namespace=True, cwd="/") as it:
        assert json.loads(it.line())["uid"] == 1000
        said = it.rest()[1]
        assert ("only root can change it" in said) == (user == "1001")
