"""Remove old versions of functions: each deploy publishes one per function, and SnapStart snapshots cost money."""

from collections.abc import Iterable
from typing import Any, Final

ALIAS: Final = "live"


def delete_old_versions(client: Any, functions: Iterable[str]) -> int:  # noqa: ANN401 - boto3's client of lambda
    """Delete all versions except those that the alias serves and the one before; returns how many were deleted."""
    deleted = 0
    for function in functions:
        for version in _spare(client, function):
            client.delete_function(FunctionName=function, Qualifier=str(version))
            deleted += 1
    return deleted


def _spare(client: Any, function: str) -> list[int]:  # noqa: ANN401 - as above
    served = _served(client, function)
    pages = client.get_paginator("list_versions_by_function").paginate(FunctionName=function)
    found = [one["Version"] for page in pages for one in page["Versions"]]
    versions = sorted(int(version) for version in found if version != "$LATEST")
    before = [version for version in versions if version < min(served)]
    return before[:-1]


def _served(client: Any, function: str) -> set[int]:  # noqa: ANN401 - as above
    alias = client.get_alias(FunctionName=function, Name=ALIAS)
    shared = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
    return {int(alias["FunctionVersion"]), *map(int, shared)}
