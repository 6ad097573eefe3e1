"""What the document says is what the server does."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import response_schema_conformance

from agent.control import openapi
from agent.control.routes import ROUTES
from agent.core.events import ReadyReported
from tests.control.desk import Deployment, FakeDesk, Match, Served, serving

DOCUMENT: dict[str, Any] = json.loads(
    json.dumps(openapi.document({"deployment": Deployment, "match": Match}, asks_token=False))
)
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS: dict[str, Any] = {
    result.ok().label: result.ok()
    for result in SCHEMA.get_all_operations()
    if isinstance(result, Ok)
}
# A path's text can't be wrong by its type.
CAN_BE_WRONG = {label for label, one in OPERATIONS.items() if [*one.query, *one.body]}
STREAM = "GET /v1/events"
CASES = [
    pytest.param(label, mode, id=f"{label} {mode.value}")
    for label in OPERATIONS
    for mode in GenerationMode
    if label != STREAM and (label in CAN_BE_WRONG or mode is GenerationMode.POSITIVE)
]
BOUNDED = settings(
    max_examples=60,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class Background:
    """A server in a thread of its own, for a client that blocks."""

    def __init__(self) -> None:
        self.desk = FakeDesk()
        self.url = ""
        self._ready = threading.Event()
        self._thread = threading.Thread(target=asyncio.run, args=(self._serve(),))

    def start(self) -> None:
        self._thread.start()
        self._ready.wait(20)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(20)

    async def _serve(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        self.desk.post(ReadyReported())  # 503 of /readyz is no fault of the server
        async with serving(self.desk, match=Match()) as served:
            self.url = f"http://127.0.0.1:{served.port}"
            self._ready.set()
            await self._end.wait()


@pytest.fixture(scope="module")
def background() -> Iterator[Background]:
    one = Background()
    one.start()
    yield one
    one.stop()


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as one:
        yield one


@pytest.mark.parametrize(("label", "mode"), CASES)
def test_any_input_is_answered_as_the_document_says(
    background: Background, session: requests.Session, label: str, mode: GenerationMode
) -> None:
    """Never a 500, never a hang, the answer's shape as told; what is refused changes nothing."""

    @BOUNDED
    @given(case=OPERATIONS[label].as_strategy(mode))
    def fuzz(case: Any) -> None:
        if {"wait", "after"} <= set(case.query or ()):
            case.query["after"] = "0"  # a poll that waits is tested elsewhere
        before = list(background.desk.posted)
        response = case.call(base_url=background.url, session=session, timeout=20)
        case.validate_response(response, checks=[not_a_server_error, response_schema_conformance])
        if response.status_code >= 400:
            assert background.desk.posted == before
            assert response.headers["content-type"] == ["application/problem+json"]

    fuzz()


def test_stream_answers_states(background: Background, session: requests.Session) -> None:
    """A stream has no end to wait for, so it is read for a second at most."""

    @BOUNDED
    @given(case=OPERATIONS[STREAM].as_strategy())
    def fuzz(case: Any) -> None:
        request = case.as_transport_kwargs(base_url=background.url)
        with closing(session.request(**request, stream=True, timeout=1)) as response:
            assert response.status_code == 200
            assert json.loads(next(response.iter_lines()))["phase"] == "ready"

    fuzz()


def test_every_route_stands_in_the_document() -> None:
    told = {
        (method.upper(), path, operation["operationId"])
        for path, operations in DOCUMENT["paths"].items()
        for method, operation in operations.items()
    }
    assert told == {(route.method, route.path, route.name) for route in ROUTES}


def test_names_of_routes_are_unique() -> None:
    assert len({route.name for route in ROUTES}) == len(ROUTES)


def test_every_reference_leads_somewhere() -> None:
    text = json.dumps(DOCUMENT)
    names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names <= set(DOCUMENT["components"]["schemas"])
    assert not [name for name in names if "." in name or "_" in name], "two of the same name"


def test_query_tells_the_scalars_only() -> None:
    parameters = DOCUMENT["paths"]["/v1/players"]["put"]["parameters"]
    assert [one["name"] for one in parameters] == ["count", "capacity"]


def test_token_is_told_where_it_is_asked_for() -> None:
    document: Any = openapi.document({}, asks_token=True)
    assert document["security"] == [{"token": []}]
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    assert document["paths"]["/healthz"]["get"]["security"] == []
    assert "security" not in document["paths"]["/v1/status"]["get"]


async def test_served_document_is_the_same(served: Served) -> None:
    """Without a matchmaker the match is of no known shape."""
    answer = await served.call("GET", "/openapi.json")
    assert answer.json["paths"].keys() == DOCUMENT["paths"].keys()
    good = answer.json["paths"]["/v1/match"]["get"]["responses"]["200"]["content"]
    assert good == {"application/json": {"schema": {"type": "object"}}}
