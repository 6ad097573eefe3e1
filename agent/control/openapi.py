"""The route table as an OpenAPI 3.1 document."""

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from msgspec import Struct

from .answers import JSON
from .bodies import LISTS
from .openmetrics import OPENMETRICS, PLAIN
from .problems import CONTENT_TYPE, Problem
from .routes import ROUTES, Route

Json = dict[str, object]

_TEXTS = {
    OPENMETRICS: "OpenMetrics 1.0, ended by # EOF",
    PLAIN: "lines; of metrics, Prometheus' text format 0.0.4",
}
_REF = "#/components/schemas/{name}"


def document(facts: Mapping[str, type], *, asks_token: bool) -> Json:
    """Return the document.

    Args:
        facts: the types of answers that only the running agent knows, by the route's name.
        asks_token: whether calls need the token.
    """
    schemas = _Schemas(facts)
    paths: dict[str, Json] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    components: Json = {"schemas": schemas.components}
    security: list[Json] = []
    if asks_token:
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        security = [{"token": []}]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "arbitrium-agent",
            "version": "1",
            "description": "What a game server tells its agent, what it may ask.",
        },
        "security": security,
        "paths": paths,
        "components": components,
    }


class _Schemas:
    """What the structs look like."""

    def __init__(self, facts: Mapping[str, type]) -> None:
        self._facts = facts
        used = [self._kind(route) for route in ROUTES]
        used += [kind for route in ROUTES for kind in (route.body, route.query)]
        kinds = list(dict.fromkeys(kind for kind in (*used, Problem) if kind is not None))
        references, self.components = msgspec.json.schema_components(
            kinds, ref_template=_REF, schema_hook=lambda _: {"description": "any JSON"}
        )
        self._references = dict(zip(kinds, references, strict=True))

    def of(self, kind: type) -> Json:
        """Return the reference to a struct's schema."""
        return self._references[kind]

    def answer(self, route: Route) -> Json:
        """Return the schema of a good answer."""
        kind = self._kind(route)
        return {"type": "object"} if kind is None else self.of(kind)

    def fields(self, kind: type[Struct]) -> dict[str, Json]:
        """Return the schemas of a struct's fields."""
        name = str(self.of(kind)["$ref"]).rpartition("/")[2]
        fields: dict[str, Json] = self.components[name]["properties"]
        return fields

    def _kind(self, route: Route) -> type | None:
        kind = route.answer or self._facts.get(route.name)
        return None if kind is type(None) else kind


def _operation(route: Route, schemas: _Schemas) -> Json:
    responses: Json = {
        str(route.status_code): {
            "description": "done",
            "content": {kind: _content(kind, route, schemas) for kind in route.content_types},
        }
    }
    for code in route.errors:
        responses[str(code)] = _refusal(route, code, schemas)
    operation: Json = {
        "operationId": route.name,
        "summary": route.summary,
        "parameters": [*_path_parameters(route), *_query_parameters(route, schemas)],
        "responses": responses,
    }
    if route.body is not None:
        operation["requestBody"] = {
            "required": False,  # its scalars may stand in the query
            "content": {JSON: {"schema": schemas.of(route.body)}},
        }
    if route.is_open:
        operation["security"] = []
    return operation


def _content(kind: str, route: Route, schemas: _Schemas) -> Json:
    """Return what an answer looks like; the schema of one state is not that of a stream."""
    if kind == JSON:
        return {"schema": schemas.answer(route)}
    return {"schema": {"description": _TEXTS.get(kind, "one state after the other")}}


def _refusal(route: Route, code: int, schemas: _Schemas) -> Json:
    # What a readiness probe reads has one shape, whatever the status.
    is_readiness = route.name == "readyz" and code == HTTPStatus.SERVICE_UNAVAILABLE
    kind = JSON if is_readiness else CONTENT_TYPE
    schema = schemas.answer(route) if is_readiness else schemas.of(Problem)
    return {"description": HTTPStatus(code).phrase, "content": {kind: {"schema": schema}}}


def _path_parameters(route: Route) -> list[Json]:
    return [
        {
            "name": part[1:-1],
            "in": "path",
            "required": True,
            "schema": {"type": "string", "minLength": 1},
        }
        for part in route.path.split("/")
        if part.startswith("{")
    ]


def _query_parameters(route: Route, schemas: _Schemas) -> list[Json]:
    kind = route.body or route.query
    if kind is None:
        return []
    return [
        {"name": name, "in": "query", "required": False, "schema": schema}
        for name, schema in schemas.fields(kind).items()
        if name not in LISTS
    ]
