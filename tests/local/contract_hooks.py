"""What schemathesis loads, so that names in paths are names, those in bodies known: KNOWN=1."""

import os
from typing import Any

import schemathesis
from schemathesis import Case, HookContext

_NAMES = {  # of a renaming operation: the name to keep, the shortest and the longest allowed
    "application-update": ("known-app", 3, 64),
    "app-version-update": ("known-version", 1, 64),
    "endpoint-update": ("known-storage", 1, 1_000_000),
    "pull-profile-update": ("known-profile", 1, 1_000_000),
    "deployment-tag-update": ("known-tag", 1, 40),
}


@schemathesis.hook
def filter_path_parameters(_context: HookContext, path_parameters: dict[str, Any]) -> bool:
    """Leave out what makes another path of a path: RFC 3986, 5.2.4."""
    return not {"", ".", ".."} & {str(value) for value in (path_parameters or {}).values()}


if os.environ.get("KNOWN"):

    @schemathesis.hook
    def map_case(_context: HookContext, case: Case[Any]) -> Case[Any]:
        """Keep the names of what is there, deploy it; calls that are to be refused stay so."""
        body, operation = case.body, case.operation.definition.raw["operationId"]
        if not isinstance(body, dict):
            return case
        if operation == "deployment-create" and isinstance(body.get("app_name"), str):
            body["app_name"] = "known-app"
            if isinstance(body.get("version_name"), str):
                del body["version_name"]
        given = body.get("name")
        if operation in _NAMES and isinstance(given, str):
            name, shortest, longest = _NAMES[operation]
            if shortest <= len(given) <= longest:
                body["name"] = name
        return case
