"""The API's OpenAPI document: what Powertools derives from the routes, with corrections."""

import inspect
import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from autopulse.api import openapi_writes
from autopulse.api.models import Error
from autopulse.api.parameters import query_model

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler import APIGatewayRestResolver

TITLE: Final = "AutoPulse calls"
VERSION: Final = "1.0.0"
DESCRIPTION: Final = (
    "Calls, transcripts and feedback of the token's organization. Times are in ISO 8601 format with an offset."
)
_EVERYWHERE: Final = {
    400: "A parameter is invalid; `field` names it.",
    401: "The request has no valid token.",
    503: "The database does not respond; the request can be retried.",
}
_ELSEWHERE: Final = {
    "/v1/calls/<call_id>": {404: "The organization has no such call."},
    "/v1/calls/<call_id>/transcript": {
        404: "`not_found`: the organization has no such call. `attempt_not_found`: the call has no such attempt.",
    },
    "/v1/calls/<call_id>/recording": {
        404: (
            "`not_found`: the organization has no such call. `attempt_not_found`: the call has no such attempt."
            " `recording_missing`: there is no recording. `recording_private`: the recording is in Vapi's private"
            " storage. `recording_elsewhere`: the recording is at a host that is not among the stack's"
            " `RecordingHosts`."
        ),
        410: (
            "`recording_expired`: the recording's URL has expired. `recording_lost`: the recording could not be copied"
            " while Vapi had it. `recording_deleted`: the stack's copy was deleted, at the end of its retention time"
            " or before."
        ),
    },
    "/v1/follow-ups/<follow_up_id>": {404: "The organization has no such follow-up."},
    "/v1/pings/<event_id>": {404: "There is no such ping, or it is not stored yet."},
}
_FILE: Final = {
    "description": (
        "A CSV file in UTF-8. If there are more rows, the header `x-next-cursor` is the cursor of the next file."
    ),
    "headers": {"x-next-cursor": {"schema": {"type": "string"}}},
    "content": {"text/csv": {"schema": {"type": "string"}}},
}
_HEADERS: Final[Mapping[str, Mapping[str, Any]]] = {
    "/v1/follow-ups/<follow_up_id>": {"headers": {"etag": openapi_writes.ETAG}}
}
_REFERENCE: Final = "#/components/schemas/{model}"
Routes = Mapping[str, Callable[..., Any]]
Document = dict[str, Any]


def render(app: "APIGatewayRestResolver", routes: Routes) -> str:
    """Return the document as text, which is built once per container."""
    return _render(app, tuple(routes.items()))


@cache
def _render(app: "APIGatewayRestResolver", routes: tuple[tuple[str, Callable[..., Any]], ...]) -> str:
    made: Document = json.loads(app.get_openapi_json_schema(title=TITLE, version=VERSION, description=DESCRIPTION))
    schemas = {name: schema for name, schema in made["components"]["schemas"].items() if _is_ours(name, routes)}
    paths = {
        _path(rule): {"get": _operation(made["paths"][_path(rule)]["get"], rule, function)} for rule, function in routes
    }
    document = {
        "openapi": made["openapi"],
        "info": made["info"],
        "servers": [{"url": "/api"}],
        "security": [{"token": []}],
        "paths": paths | {path: paths.get(path, {}) | methods for path, methods in openapi_writes.PATHS.items()},
        "components": {
            "schemas": dict(sorted((schemas | _schemas_of(Error, *openapi_writes.MODELS)).items())),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }
    return json.dumps(document, indent=2) + "\n"


def _path(rule: str) -> str:
    return rule.replace("<", "{").replace(">", "}")


def _is_ours(name: str, routes: tuple[tuple[str, Callable[..., Any]], ...]) -> bool:
    """Whether a schema is in the document: not Powertools' errors, which are never sent, nor query models."""
    asked = {model.__name__ for _, function in routes if (model := query_model(function))}
    return not name.endswith("ValidationError") and name not in asked


def _operation(made: Document, rule: str, function: Callable[..., Any]) -> Document:
    errors = {code: _error(text) for code, text in sorted((_EVERYWHERE | _ELSEWHERE.get(rule, {})).items())}
    found = _FILE if rule.endswith(".csv") else made["responses"]["200"] | _HEADERS.get(rule, {})
    model = query_model(function)
    parameters = [parameter for parameter in made.get("parameters", []) if parameter["in"] == "path"]
    parameters += _parameters(model) if model else []
    return {
        "operationId": function.__name__,
        "summary": inspect.getdoc(function),
        "parameters": parameters,
        "responses": {"200": found, **{str(code): error for code, error in errors.items()}},
    }


def _error(text: str) -> Document:
    schema = {"$ref": _REFERENCE.format(model="Error")}
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _parameters(model: type[BaseModel]) -> list[Document]:
    schema = model.model_json_schema(ref_template=_REFERENCE)
    return [_parameter(name, dict(field)) for name, field in schema["properties"].items()]


def _parameter(name: str, schema: Document) -> Document:
    """A query parameter's schema without null, which a query string cannot express."""
    description = schema.pop("description", None)
    given = [choice for choice in schema.pop("anyOf", []) if choice != {"type": "null"}]
    if schema.get("default", 0) is None:
        del schema["default"]
    content = {**schema, **(given[0] if given else {})}
    content.pop("title", None)
    parameter = {"name": name, "in": "query", "required": False, "schema": content}
    return parameter if description is None else {**parameter, "description": description}


def _schemas_of(*models: type[BaseModel]) -> Document:
    _, schema = models_json_schema([(model, "serialization") for model in models], ref_template=_REFERENCE)
    return dict(schema["$defs"])
