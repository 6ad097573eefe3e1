"""What can be asked."""

import json

import pytest

from agent.control.lines import NoLogs
from agent.core import events as e
from agent.core.crash import CrashReport, MemoryFacts
from agent.core.snapshot import Status
from tests.control.desk import Deployment, FakeDesk, Match, Served, serving


async def test_healthz_answers_whatever_the_phase(served: Served) -> None:
    answer = await served.call("GET", "/healthz")
    assert (answer.code, answer.json) == (200, {"status": "ok"})


async def test_readyz_follows_the_phase(served: Served) -> None:
    before = await served.call("GET", "/readyz")
    assert before.code == 503
    assert before.json["phase"] == "starting"
    await served.call("POST", "/v1/ready")
    after = await served.call("GET", "/readyz")
    assert after.code == 200
    assert after.json == {"ready": True, "phase": "ready", "why": "ready by api"}


async def test_deployment_and_match_are_told_as_they_are() -> None:
    async with serving(match=Match()) as served:
        deployment = await served.call("GET", "/v1/deployment")
        match = await served.call("GET", "/v1/match")
    assert deployment.json["ports"]["game"]["external"] == 31669
    assert match.json == {"id": "m-1", "extra": {}}


async def test_no_matchmaker_is_404(served: Served) -> None:
    answer = await served.call("GET", "/v1/match")
    assert answer.code == 404
    assert "MM_*" in answer.json["detail"]


class TestLongPoll:
    async def test_without_a_revision_it_answers_at_once(self, served: Served) -> None:
        assert (await served.call("GET", "/v1/status?wait=25")).json["revision"] == 1

    async def test_old_revision_is_answered_at_once(self, served: Served) -> None:
        assert (await served.call("GET", "/v1/status?after=0&wait=25")).json["revision"] == 1

    async def test_revision_of_another_life_is_answered_at_once(self, served: Served) -> None:
        assert (await served.call("GET", "/v1/status?after=900&wait=25")).json["revision"] == 1

    async def test_it_is_answered_by_the_change(self, served: Served) -> None:
        async with served.connected() as caller:
            caller.writer.write(b"GET /v1/status?after=1&wait=20 HTTP/1.1\r\nHost: ::1\r\n\r\n")
            await served.call("GET", "/healthz")  # the poll was read before
            await served.call("POST", "/v1/hold?seconds=5")
            answer = await caller.hear()
        assert answer.json["revision"] in {2, 3}

    async def test_it_ends_without_a_change(self, served: Served) -> None:
        answer = await served.call("GET", "/v1/status?after=1&wait=0.05")
        assert answer.json["revision"] == 1

    async def test_no_wait_is_asked_for_longer_than_engines_wait(self) -> None:
        asked: list[float | None] = []

        class Listening(FakeDesk):
            async def changed(self, after: int, timeout: float | None) -> Status:  # noqa: ASYNC109
                asked.append(timeout)
                return await super().changed(after, 0)

        async with serving(Listening()) as served:
            await served.call("GET", "/v1/status?after=1&wait=600")
        assert asked == [25.0]

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("after=x", "after"),
            ("after=-1", "after"),
            ("after=1.5", "after"),
            ("after=1&wait=nan", "wait"),
            ("after=1&wait=-1", "wait"),
            ("after=1&wait=soon", "wait"),
        ],
    )
    async def test_bad_query_is_named(self, served: Served, query: str, field: str) -> None:
        answer = await served.call("GET", f"/v1/status?{query}")
        assert answer.code == 400
        assert answer.json["field"] == field


class TestSelfStop:
    async def test_it_begins_our_stop_in_the_platforms_words(self, served: Served) -> None:
        """As Edgegap's own StartServer.sh calls it, twice."""
        for _ in range(2):
            answer = await served.call(
                "DELETE", "/v1/self/stop/abc123/0?container_log_storage=true", authorization="raw"
            )
            assert answer.code == 202
            assert answer.json == {"message": "abc123 - Delete request will be processed soon"}
        assert all(
            isinstance(event, e.StopRequested) and event.by == "self_stop"
            for event in served.desk.posted
        )

    async def test_it_is_no_call_of_a_game_that_knows_us(self, served: Served) -> None:
        await served.call("DELETE", "/v1/self/stop/abc123/0")
        assert e.CallArrived() not in served.desk.posted

    async def test_other_methods_are_405(self, served: Served) -> None:
        answer = await served.call("POST", "/v1/self/stop/abc123/0")
        assert (answer.code, answer.headers["allow"]) == (405, "DELETE")
        assert served.desk.posted == []


class TestContext:
    async def test_it_has_the_platforms_shape(self, served: Served) -> None:
        await served.call("PUT", "/v1/players?count=2&capacity=5")
        answer = await served.call("GET", "/v1/context/abc123/0")
        assert answer.json == {
            "request_id": "abc123",
            "public_ip": "192.0.2.7",
            "status": "Status.READY",
            "ready": True,
            "whitelisting_active": False,
            "fqdn": "abc123.pr.edgegap.net",
            "ports": {
                "game": {
                    "external": 31669,
                    "internal": 7777,
                    "protocol": "UDP",
                    "name": "game",
                    "tls_upgrade": False,
                    "link": "abc123.pr.edgegap.net:31669",
                    "proxy": None,
                }
            },
            "location": {"city": "Montreal"},
            "tags": ["production"],
            "sockets": 5,
            "sockets_usage": 2,
            "is_joinable_by_session": False,
        }

    @pytest.mark.parametrize(
        "deployment",
        [
            Deployment(request_id=None, fqdn=None, location={}, ports={}, tags=()),
            {},
            {"ports": None, "location": None, "tags": None, "fqdn": 1},
            {"ports": {"a": {"internal": "x"}}},
        ],
    )
    async def test_it_answers_whatever_is_known(self, deployment: object) -> None:
        async with serving(deployment=deployment) as served:
            answer = await served.call("GET", "/v1/context/self/0")
        assert answer.code == 200
        assert answer.json["request_id"] is None

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("POST", "/v1/context/abc123/0"),
            ("DELETE", "/v1/context/abc123/0"),
            ("POST", "/v1/context/abc123/0/tags"),
            ("DELETE", "/v1/context/abc123/0/tags/production"),
        ],
    )
    async def test_writes_are_refused(self, served: Served, method: str, path: str) -> None:
        answer = await served.call(method, path, b'{"name": "x"}')
        assert answer.code == 405
        assert "tags" in answer.json["fix"]
        assert served.desk.posted == []


class TestRoutes:
    @pytest.mark.parametrize(
        ("path", "near"),
        [
            ("/v1/player", "/v1/players"),
            ("/ready", "/v1/ready"),
            ("/v1/match/begin", "/v1/match"),
            ("/v1/stat%75s2", "/v1/status"),
        ],
    )
    async def test_unknown_path_names_the_nearest(
        self, served: Served, path: str, near: str
    ) -> None:
        answer = await served.call("POST", path)
        assert answer.code == 404
        assert near in answer.json["fix"]

    @pytest.mark.parametrize(
        "path", ["/", "/%00", "/%ff%fe", "/\xff".encode("latin-1").decode("latin-1"), "*"]
    )
    async def test_strange_path_is_404(self, served: Served, path: str) -> None:
        async with served.connected() as caller:
            request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode("latin-1")
            answer = await caller.say(request)
        assert answer.code in {400, 404}
        assert answer.headers["content-type"] == "application/problem+json"

    async def test_long_path_is_repeated_only_in_part(self, served: Served) -> None:
        answer = await served.call("GET", "/" + "x" * 5000)
        assert answer.code == 404
        assert len(answer.body) < 400

    @pytest.mark.parametrize(
        ("method", "path", "allow"),
        [
            ("GET", "/v1/ready", "POST"),
            ("HEAD", "/v1/ready", "POST"),
            ("POST", "/v1/status", "GET, HEAD"),
            ("PUT", "/v1/hold", "DELETE, POST"),
            ("OPTIONS", "/v1/players", "PUT"),
            ("PATCH", "/healthz", "GET, HEAD"),
        ],
    )
    async def test_wrong_method_is_told_the_right_one(
        self, served: Served, method: str, path: str, allow: str
    ) -> None:
        async with served.connected() as caller:
            head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
            answer = await caller.say(head, has_body=method != "HEAD")
        assert (answer.code, answer.headers["allow"]) == (405, allow)


async def test_status_is_whole_json(served: Served) -> None:
    answer = await served.call("GET", "/v1/status")
    assert json.loads(answer.body)["players"]["count"] is None


async def test_crash_is_told_once_there_was_one(served: Served) -> None:
    answer = await served.call("GET", "/v1/crash")
    assert answer.code == 404
    assert "not ended unasked" in answer.json["detail"]
    report = CrashReport(
        time="2026-01-01T00:00:00.000Z",
        boot_id="b",
        deployment="abc123",
        number=1,
        kind="crashed",
        exit="killed by SIGSEGV",
        exit_code=139,
        signal="SIGSEGV",
        why="",
        phase="ready",
        was_ready=True,
        uptime_seconds=12.0,
        players=None,
        restarts=0,
        memory=MemoryFacts(),
        core_pattern="core",
    )
    served.server.show(NoLogs(), lambda: report)
    told = (await served.call("GET", "/v1/crash")).json
    assert (told["exit"], told["players"]) == ("killed by SIGSEGV", None)
