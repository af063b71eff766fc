"""The part of the OpenAPI document about routes of other functions: those that change something, and saved views.

It is written by hand, because these routes have no router: `autopulse.follow_ups` reads their requests, and a test
checks that the two agree. `autopulse.callers` reads the requests about suppressions.
"""

from typing import Any, Final

from pydantic import BaseModel

from autopulse.api.erasure_models import ErasureAccepted, ErasureReport, ErasureRequest, ErasureStore
from autopulse.api.follow_up_models import FollowUp, FollowUpChange, FollowUpConflict, FollowUpOpening
from autopulse.api.saved_view_models import SavedView, SavedViewContent, SavedViews
from autopulse.api.suppression_models import (
    CheckedNumbers,
    NewSuppression,
    NumbersToCheck,
    SuppressedNumber,
    SuppressionAnswer,
)
from autopulse.domain.saved_views import MAX_NAME_CHARACTERS, MAX_VIEWS

Document = dict[str, Any]
MODELS: Final[tuple[type[BaseModel], ...]] = (
    *(FollowUp, FollowUpChange, FollowUpConflict, FollowUpOpening),
    *(SavedView, SavedViewContent, SavedViews),
    *(CheckedNumbers, NewSuppression, NumbersToCheck, SuppressedNumber, SuppressionAnswer),
    *(ErasureAccepted, ErasureReport, ErasureRequest, ErasureStore),
)
"""The models of these routes."""
_REFERENCE: Final = "#/components/schemas/{}"
ETAG: Final = {
    "description": "The follow-up's version in quotes, which `If-Match` of a change names.",
    "schema": {"type": "string"},
}
_VERSION: Final = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "schema": {"type": "string", "pattern": '^"[1-9][0-9]{0,9}"$'},
    "description": "The version that the change is of, in quotes: the `ETag` of the follow-up.",
}
_EVERYWHERE: Final = {
    400: "The body, a field or `If-Match` is not what it is to be.",
    401: "No valid token.",
    403: "The token may only read.",
    413: "The body is too large.",
    503: "The database does not answer; try again.",
}
_OF_VIEWS: Final = {
    401: "No valid token.",
    403: "The token does not say who its owner is.",
    503: "The database does not answer; try again.",
}


_OF_ERASURES: Final = {
    401: "No valid token.",
    403: "The token does not let its owner erase calls.",
    404: "There is no such call, or no such erasure.",
    503: "Nothing was begun; try again.",
}


def _content(model: type[BaseModel] | str) -> Document:
    name = model if isinstance(model, str) else model.__name__
    return {"application/json": {"schema": {"$ref": _REFERENCE.format(name)}}}


def _answered(model: type[BaseModel]) -> Document:
    return {"content": _content(model)}


def _error(text: str) -> Document:
    return {"description": text, "content": _content("Error")}


def _conflict(text: str) -> Document:
    return {"description": text, "headers": {"etag": ETAG}, "content": _content(FollowUpConflict)}


def _followed(text: str) -> Document:
    return {"description": text, "headers": {"etag": ETAG}, "content": _content(FollowUp)}


def _id(name: str, text: str) -> Document:
    schema = {"type": "integer", "minimum": 1, "maximum": 2147483647}
    return {"name": name, "in": "path", "required": True, "schema": schema, "description": text}


def _operation(operation_id: str, summary: str, parameters: list[Document], **about: Document) -> Document:
    errors = {str(code): _error(text) for code, text in _EVERYWHERE.items()}
    return {
        "operationId": operation_id,
        "summary": summary,
        "parameters": parameters,
        "requestBody": about["body"],
        "responses": dict(sorted((errors | about["responses"]).items())),
    }


def _view_operation(operation_id: str, summary: str, responses: Document, **more: Any) -> Document:  # noqa: ANN401 - JSON
    errors = {str(code): _error(text) for code, text in _OF_VIEWS.items()}
    made = {"operationId": operation_id, "summary": summary, "parameters": [], **more}
    return made | {"responses": dict(sorted((errors | responses).items()))}


def _of_numbers(operation_id: str, summary: str, body: type[BaseModel], responses: Document) -> Document:
    given = {"required": True, "content": _content(body)}
    refused = {"422": _error("A number or the reason cannot be one; `field` names it, as `numbers[3]`.")}
    return _operation(operation_id, summary, [], body=given, responses=refused | responses)


def _erasure_operation(operation_id: str, summary: str, responses: Document, **more: Any) -> Document:  # noqa: ANN401 - JSON
    errors = {str(code): _error(text) for code, text in _OF_ERASURES.items()}
    made = {"operationId": operation_id, "summary": summary, "parameters": [], **more}
    return made | {"responses": dict(sorted((errors | responses).items()))}


_ERASURE_ID: Final = {
    "name": "erasure_id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "format": "uuid"},
    "description": "The erasure's id.",
}
_NAME: Final = {
    "name": "name",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": MAX_NAME_CHARACTERS},
    "description": "The view's name: a letter or a digit at least, and no slash, backslash or percent sign.",
}


PATHS: Final[dict[str, Document]] = {
    "/v1/calls/{call_id}/follow-up": {
        "post": _operation(
            "open_follow_up",
            "Open a follow-up of a call.",
            [_id("call_id", "The call's id.")],
            body={"required": False, "content": _content(FollowUpOpening)},
            responses={
                "201": _followed("It is open."),
                "404": _error("There is no such call."),
                "409": _conflict("The call has a follow-up already: `follow_up` beside `error`."),
            },
        )
    },
    "/v1/suppressions/check": {
        "post": _of_numbers(
            "check_numbers",
            "Which numbers may be called now.",
            NumbersToCheck,
            {"200": {"description": "In the order of the request.", "content": _content(CheckedNumbers)}},
        )
    },
    "/v1/suppressions": {
        "post": _of_numbers(
            "suppress_number",
            "Let a number not be called any more.",
            NewSuppression,
            {
                "200": {"description": "It was so before.", "content": _content(SuppressionAnswer)},
                "201": {"description": "It is so now.", "content": _content(SuppressionAnswer)},
            },
        ),
        "delete": _of_numbers(
            "unsuppress_number",
            "Let a number be called again.",
            SuppressedNumber,
            {
                "204": {"description": "It is not suppressed any more."},
                "404": _error("It is not suppressed."),
            },
        ),
    },
    "/v1/erasures": {
        "post": _erasure_operation(
            "request_erasure",
            "Erase a call, or all calls and visits of a number.",
            {
                "202": {"description": "It is queued; the report says how far it is.", **_answered(ErasureAccepted)},
                "400": _error("Not exactly one of the three is given, or one cannot be read; `field` names it."),
                "413": _error("The body is too large."),
            },
            requestBody={"required": True, "content": _content(ErasureRequest)},
        )
    },
    "/v1/erasures/{erasure_id}": {
        "get": _erasure_operation(
            "read_erasure",
            "What became of an erasure in each store.",
            {"200": {"description": "The report.", **_answered(ErasureReport)}},
            parameters=[_ERASURE_ID],
        )
    },
    "/v1/views": {
        "get": _view_operation(
            "list_views",
            "The views of the console that one has saved.",
            {"200": {"description": "One's own, by name.", "content": _content(SavedViews)}},
        )
    },
    "/v1/views/{name}": {
        "put": _view_operation(
            "save_view",
            "Save a view, or replace the one with this name.",
            {
                "200": {"description": "It is replaced.", "content": _content(SavedView)},
                "201": {"description": "It is saved.", "content": _content(SavedView)},
                "400": _error("The body is not JSON, or has another field."),
                "409": _error(f"There are {MAX_VIEWS} already."),
                "413": _error("The body is too large."),
                "422": _error("The name or the address cannot be one; `field` names it."),
            },
            parameters=[_NAME],
            requestBody={"required": True, "content": _content(SavedViewContent)},
        ),
        "delete": _view_operation(
            "remove_view",
            "Remove a view.",
            {
                "204": {"description": "It is gone."},
                "404": _error("There is none of this name."),
                "422": _error("The name cannot be one."),
            },
            parameters=[_NAME],
        ),
    },
    "/v1/follow-ups/{follow_up_id}": {
        "patch": _operation(
            "change_follow_up",
            "Change a follow-up: take it, note something, resolve, dismiss or reopen it.",
            [_id("follow_up_id", "The follow-up's id."), _VERSION],
            body={"required": True, "content": _content(FollowUpChange)},
            responses={
                "200": _followed("The follow-up as it is now."),
                "404": _error("There is no such follow-up."),
                "412": _conflict("Somebody has changed it meanwhile: `follow_up` beside `error` is its current state."),
                "422": _error("The state does not allow it, a cause is missing, or there is no such user."),
                "428": _error("There is no `If-Match`."),
            },
        )
    },
}
"""Path -> method -> operation."""
