"""docs/openapi.json is what the code says, and says what the code does."""

import json
import re
from typing import Any

import pytest

from autopulse.api import openapi_writes
from autopulse.api.openapi import render
from autopulse.api.parameters import names_of
from autopulse.api.resolver import OPENAPI_PATH, ROUTES, app
from autopulse.callers.suppressions import CHECK_ROUTE
from autopulse.callers.suppressions import ROUTE as SUPPRESSIONS
from autopulse.domain.follow_ups import State
from autopulse.erasures import wanted
from autopulse.erasures.endpoint import GET_ROUTE as ERASURE_REPORT
from autopulse.erasures.endpoint import POST_ROUTE as ERASURE_ROUTE
from autopulse.follow_ups import changes
from autopulse.follow_ups.endpoint import PATCH_ROUTE, POST_ROUTE
from autopulse.follow_ups.saved_views import LIST_ROUTE, VIEW_ROUTE
from local.openapi import DOCUMENT
from tests.contract.stack import ROOT, source

WRITTEN: dict[str, Any] = json.loads(DOCUMENT.read_text())


def _operation(rule: str) -> dict[str, Any]:
    return dict(WRITTEN["paths"][_path(rule)]["get"])


def _path(rule: str) -> str:
    return rule.replace("<", "{").replace(">", "}")


def test_the_document_is_what_the_code_makes() -> None:
    assert DOCUMENT.read_text() == render(app, ROUTES), "make openapi writes it anew"


@pytest.mark.parametrize("rule", ROUTES)
def test_every_route_is_described_with_all_its_parameters(rule: str) -> None:
    operation = _operation(rule)
    described = {(parameter["in"], parameter["name"]) for parameter in operation["parameters"]}
    asked = {("query", name) for name in names_of(ROUTES[rule])}
    assert described == asked | {("path", name) for name in re.findall("<(.+?)>", rule)}
    assert operation["summary"]


@pytest.mark.parametrize("rule", ROUTES)
def test_every_failure_has_the_one_shape(rule: str) -> None:
    responses = _operation(rule)["responses"]
    assert {"200", "400", "401", "503"} <= set(responses)
    assert "422" not in responses
    for status, response in responses.items():
        if status != "200":
            assert response["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Error"}


WRITES = [
    (path, method)
    for path, methods in openapi_writes.PATHS.items()
    for method in methods
    if not path.startswith((LIST_ROUTE, SUPPRESSIONS, ERASURE_ROUTE))
]


@pytest.mark.parametrize(("path", "method"), WRITES)
def test_every_change_is_described_with_its_failures(path: str, method: str) -> None:
    operation = WRITTEN["paths"][path][method]
    own = {"409"} if method == "post" else {"412", "422", "428"}
    assert {"400", "401", "403", "404", "413", "503"} | own == {
        status for status in operation["responses"] if status >= "400"
    }
    for status, response in operation["responses"].items():
        if status >= "400":
            (media,) = response["content"].values()
            conflict = "FollowUpConflict" if status in {"409", "412"} else "Error"
            assert media["schema"] == {"$ref": f"#/components/schemas/{conflict}"}
    assert (operation["responses"]["201" if method == "post" else "200"]["headers"].keys()) == {"etag"}


def test_the_changes_that_are_described_are_those_that_are_read() -> None:
    schemas = WRITTEN["components"]["schemas"]
    assert tuple(schemas["FollowUpChange"]["properties"]) == changes.FIELDS
    assert set(schemas["State"]["enum"]) == {state.value for state in State}
    assert {path for path, _ in WRITES} == {_path(route) for route in (POST_ROUTE, PATCH_ROUTE)}
    version = WRITTEN["paths"][_path(PATCH_ROUTE)]["patch"]["parameters"][1]
    assert re.fullmatch(version["schema"]["pattern"], '"3"')
    assert changes.read_version('"3"') == 3


def test_suppressions_are_described_with_their_failures() -> None:
    paths = {path: set(methods) for path, methods in WRITTEN["paths"].items() if path.startswith(SUPPRESSIONS)}
    assert paths == {CHECK_ROUTE: {"post"}, SUPPRESSIONS: {"post", "delete"}}
    everywhere = {"400", "401", "403", "413", "422", "503"}
    assert set(WRITTEN["paths"][CHECK_ROUTE]["post"]["responses"]) == everywhere | {"200"}
    assert set(WRITTEN["paths"][SUPPRESSIONS]["post"]["responses"]) == everywhere | {"200", "201"}
    assert set(WRITTEN["paths"][SUPPRESSIONS]["delete"]["responses"]) == everywhere | {"204", "404"}


def test_views_are_described_with_their_failures() -> None:
    listed = WRITTEN["paths"][LIST_ROUTE]
    of_one = WRITTEN["paths"][_path(VIEW_ROUTE)]
    assert set(listed) == {"get"}
    assert set(of_one) == {"put", "delete"}
    everywhere = {"401", "403", "503"}
    assert set(listed["get"]["responses"]) == everywhere | {"200"}
    assert set(of_one["put"]["responses"]) == everywhere | {"200", "201", "400", "409", "413", "422"}
    assert set(of_one["delete"]["responses"]) == everywhere | {"204", "404", "422"}
    for operation in (*listed.values(), *of_one.values()):
        for status, response in operation["responses"].items():
            if status >= "400":
                (media,) = response["content"].values()
                assert media["schema"] == {"$ref": "#/components/schemas/Error"}
    assert {name for name in openapi_writes.PATHS if name.startswith(LIST_ROUTE)} == {LIST_ROUTE, _path(VIEW_ROUTE)}


def test_erasures_are_described_with_their_failures() -> None:
    asked, read = WRITTEN["paths"][ERASURE_ROUTE]["post"], WRITTEN["paths"][_path(ERASURE_REPORT)]["get"]
    assert set(asked["responses"]) == {"202", "400", "401", "403", "404", "413", "503"}
    assert set(read["responses"]) == {"200", "401", "403", "404", "503"}
    assert tuple(WRITTEN["components"]["schemas"]["ErasureRequest"]["properties"]) == wanted.FIELDS


def test_each_route_of_the_functions_beside_the_read_api_is_described_and_no_other() -> None:
    functions = [
        source()["Resources"][name]["Properties"]
        for name in ("FollowUpsFunction", "CallersFunction", "ErasuresFunction")
    ]
    events = [event for function in functions for event in function["Events"].values()]
    asked = [event["Properties"] for event in events if event["Type"] == "Api"]
    routes = {(properties["Path"], properties["Method"].lower()) for properties in asked}
    assert routes == {(path, method) for path, methods in openapi_writes.PATHS.items() for method in methods}


def test_every_reference_leads_somewhere_and_every_schema_is_used() -> None:
    named = set(re.findall(r'"#/components/schemas/(\w+)"', DOCUMENT.read_text()))
    assert named == set(WRITTEN["components"]["schemas"])


def test_everything_needs_a_token() -> None:
    assert WRITTEN["security"] == [{"token": []}]
    assert WRITTEN["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


def test_operations_have_names_of_their_own() -> None:
    names = [operation["operationId"] for path in WRITTEN["paths"].values() for operation in path.values()]
    assert len(set(names)) == len(names)


def test_the_manual_names_every_path_and_parameter() -> None:
    manual = (ROOT / "docs/api.md").read_text()
    for rule, function in ROUTES.items():
        assert f"`/api{_path(rule)}`" in manual
        for name in names_of(function):
            assert f"`{name}`" in manual
    assert f"`/api{OPENAPI_PATH}`" in manual
