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
    "description": "The follow-up's version in quotes: the value of `If-Match` for a change.",
    "schema": {"type": "string"},
}
_VERSION: Final = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "schema": {"type": "string", "pattern": '^"[1-9][0-9]{0,9}"$'},
    "description": "The version on which the change is based, in quotes: the `ETag` of the follow-up.",
}
_EVERYWHERE: Final = {
    400: "The body, a field or `If-Match` is invalid.",
    401: "The request has no valid token.",
    403: "The token does not permit this.",
    413: "The body is too large.",
    503: "The database does not respond; the request can be retried.",
}
_OF_VIEWS: Final = {
    401: "The request has no valid token.",
    403: "The token does not identify its user.",
    503: "The database does not respond; the request can be retried.",
}


_OF_ERASURES: Final = {
    401: "The request has no valid token.",
    403: "The token does not permit erasing calls.",
    404: "The organization has no such call or no such erasure.",
    503: "A required service does not respond, and nothing was started; the request can be retried.",
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
    refused = {"422": _error("A number or the reason is invalid; `field` names it, such as `numbers[3]`.")}
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
    "description": "The id of the erasure.",
}
_NAME: Final = {
    "name": "name",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": MAX_NAME_CHARACTERS},
    "description": (
        "The name of the view, with at least one letter or digit, and without slash, backslash and percent sign."
    ),
}


PATHS: Final[dict[str, Document]] = {
    "/v1/calls/{call_id}/follow-up": {
        "post": _operation(
            "open_follow_up",
            "Open a follow-up for a call.",
            [_id("call_id", "The id of the call.")],
            body={"required": False, "content": _content(FollowUpOpening)},
            responses={
                "201": _followed("The follow-up was opened."),
                "404": _error("The organization has no such call."),
                "409": _conflict("The call already has a follow-up, which is in `follow_up` beside `error`."),
            },
        )
    },
    "/v1/suppressions/check": {
        "post": _of_numbers(
            "check_numbers",
            "Check which numbers may be called now.",
            NumbersToCheck,
            {"200": {"description": "The numbers in the order of the request.", "content": _content(CheckedNumbers)}},
        )
    },
    "/v1/suppressions": {
        "post": _of_numbers(
            "suppress_number",
            "Suppress a number, so that it may no longer be called.",
            NewSuppression,
            {
                "200": {
                    "description": "The number was suppressed before; its first reason is kept.",
                    "content": _content(SuppressionAnswer),
                },
                "201": {"description": "The number is suppressed now.", "content": _content(SuppressionAnswer)},
            },
        ),
        "delete": _of_numbers(
            "unsuppress_number",
            "Remove the suppression of a number.",
            SuppressedNumber,
            {
                "204": {"description": "The suppression was removed."},
                "404": _error("The number is not suppressed."),
            },
        ),
    },
    "/v1/erasures": {
        "post": _erasure_operation(
            "request_erasure",
            "Erase a call, or all calls and visits of a phone number.",
            {
                "202": {
                    "description": "The erasure is queued; its report shows the progress.",
                    **_answered(ErasureAccepted),
                },
                "400": _error(
                    "The body does not have exactly one id or number, or a field is invalid; `field` names it."
                ),
                "413": _error("The body is too large."),
            },
            requestBody={"required": True, "content": _content(ErasureRequest)},
        )
    },
    "/v1/erasures/{erasure_id}": {
        "get": _erasure_operation(
            "read_erasure",
            "Return the report of an erasure, with its result in each store.",
            {"200": {"description": "The report of the erasure.", **_answered(ErasureReport)}},
            parameters=[_ERASURE_ID],
        )
    },
    "/v1/views": {
        "get": _view_operation(
            "list_views",
            "List the saved views of the token's user.",
            {"200": {"description": "The user's views in the order of their names.", "content": _content(SavedViews)}},
        )
    },
    "/v1/views/{name}": {
        "put": _view_operation(
            "save_view",
            "Save a view, or replace the view with this name.",
            {
                "200": {"description": "The view was replaced.", "content": _content(SavedView)},
                "201": {"description": "The view was saved.", "content": _content(SavedView)},
                "400": _error("The body is not JSON, or has an unknown field."),
                "409": _error(f"The user already has {MAX_VIEWS} views."),
                "413": _error("The body is too large."),
                "422": _error("The name or the address is invalid; `field` names it."),
            },
            parameters=[_NAME],
            requestBody={"required": True, "content": _content(SavedViewContent)},
        ),
        "delete": _view_operation(
            "remove_view",
            "Remove a view.",
            {
                "204": {"description": "The view was removed."},
                "404": _error("The user has no view with this name."),
                "422": _error("The name is invalid."),
            },
            parameters=[_NAME],
        ),
    },
    "/v1/follow-ups/{follow_up_id}": {
        "patch": _operation(
            "change_follow_up",
            "Change a follow-up: assign it, add a note, or acknowledge, resolve, dismiss or reopen it.",
            [_id("follow_up_id", "The id of the follow-up."), _VERSION],
            body={"required": True, "content": _content(FollowUpChange)},
            responses={
                "200": _followed("The follow-up after the change."),
                "404": _error("The organization has no such follow-up."),
                "412": _conflict(
                    "The follow-up has changed since this version; `follow_up` beside `error` is its current state."
                ),
                "422": _error(
                    "The state does not allow the change, a cause is missing, or the organization has no such user."
                ),
                "428": _error("The request has no `If-Match` header."),
            },
        )
    },
}
"""Path -> method -> operation."""
