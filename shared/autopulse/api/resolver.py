"""The read API's routes, and the processing of a request.

Each request writes one log line, one count and one duration; all errors have the same form.
"""

import re
import time
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.api_gateway import Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from autopulse.api import calls, feedback, follow_ups, me, openapi, pings, quality
from autopulse.api.compression import compress
from autopulse.api.database import answer_questions
from autopulse.api.dependencies import CurrentPrincipal
from autopulse.api.parameters import names_of
from autopulse.api.trace import forget_shown, shown
from autopulse.auth.trace import read_keys
from autopulse.errors import DataRejected, Problem, TokenRefused, Transient
from autopulse.guard import guarded
from autopulse.http import CODES, error_body
from autopulse.json_coercion import Json, read_mapping
from autopulse.observability import Measurements, Metric, logger

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from autopulse.api.services import Services

ROUTES: Final[Mapping[str, Callable[..., Any]]] = {
    "/v1/calls": calls.list_calls,
    "/v1/calls.csv": calls.export_calls,
    "/v1/calls/count": calls.show_count,
    "/v1/calls/<call_id>": calls.show_call,
    "/v1/calls/<call_id>/transcript": calls.show_transcript,
    "/v1/calls/<call_id>/recording": calls.show_recording,
    "/v1/feedback": feedback.list_feedback,
    "/v1/feedback.csv": feedback.export_feedback,
    "/v1/feedback/summary": feedback.summarize_feedback,
    "/v1/quality/summary": quality.summarize_quality,
    "/v1/follow-ups": follow_ups.list_follow_ups,
    "/v1/follow-ups/summary": follow_ups.summarize_follow_ups,
    "/v1/follow-ups/<follow_up_id>": follow_ups.show_follow_up,
    "/v1/me": me.show_me,
    "/v1/pings/<event_id>": pings.show_ping,
}
"""Path -> the function that answers its GET. There are no other methods."""
PARAMETERS: Final = {rule: names_of(function) for rule, function in ROUTES.items()}
OPENAPI_PATH: Final = "/v1/openapi.json"
HEADERS: Final = {
    "cache-control": "no-store",  # customers' words must not be cached by proxies, nor on a shared computer's disk
    "x-content-type-options": "nosniff",  # browsers must not guess another type from the text
}
"""The headers of every answer, also of errors."""
RESERVE_SECONDS: Final = 1
"""The part of the function's time, in seconds, that is reserved for the answer."""
MESSAGES: Final = {
    401: "Sign in: the request carries no valid token.",
    404: "No such path.",
    405: "This path is only read: use GET.",
    500: "Something went wrong here.",
    503: "The database does not answer at the moment; try again.",
}
"""Status -> the message for the reader, if there is no specific one."""
_RULES: Final = {
    rule: re.compile(re.sub("<[^>]+>", "[^/]+", rule))
    for rule in sorted((*ROUTES, OPENAPI_PATH), key=lambda rule: "<" in rule)  # fixed paths first: a name is not an id
}


app = APIGatewayRestResolver(
    enable_validation=True, response_validation_error_http_code=HTTPStatus.INTERNAL_SERVER_ERROR
)


def handler_of(services: "Services") -> Callable[[dict[str, Any], "LambdaContext"], dict[str, Any]]:
    """Return the Lambda handler of the read API."""
    return guarded(partial(handle, services))


def handle(services: "Services", event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Answer one request of API Gateway's proxy integration."""
    started = time.perf_counter()
    forget_shown()
    answer_questions(services.engine, context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS)
    answer: dict[str, Any] = app.resolve(event, context)
    answer["multiValueHeaders"] |= {name: [value] for name, value in HEADERS.items()}
    compress(answer, read_mapping(read_mapping(event).get("headers")))
    _report(event, answer["statusCode"], (time.perf_counter() - started) * 1000)
    return answer


def route_of(path: Json) -> str:
    """The route of a path, or `other`; a slash at the end is ignored."""
    return next((rule for rule, pattern in _RULES.items() if pattern.fullmatch(str(path).rstrip("/"))), "other")


def _report(event: Json, status: int, milliseconds: float) -> None:
    route = route_of(read_mapping(event).get("path"))
    calls = shown() if status == HTTPStatus.OK else ()
    measurements = Measurements()
    measurements.count(Metric.API_ANSWERED, route=route, status=str(status))
    measurements.record(Metric.API_DURATION, [milliseconds], route=route)
    measurements.flush()
    line = {"route": route, "status": status, "milliseconds": round(milliseconds, 1)}
    logger().info("answered", extra={**line, **read_keys(event, calls)})


def refuse_unknown_parameters(resolver: APIGatewayRestResolver, next_middleware: NextMiddleware) -> Response[Any]:
    """Reject unknown parameters: a misspelt filter must not return a longer list than intended."""
    given = resolver.current_event.get("multiValueQueryStringParameters") or {}
    known = PARAMETERS.get(route_of(resolver.current_event.path), frozenset())
    for name, values in given.items():
        if name not in known:
            raise Problem(400, "There is no such parameter.", field=str(name)[:100])
        if len(values) > 1:
            raise Problem(400, "The parameter is given more than once.", field=name)
    return next_middleware(resolver)


def answer_problem(status: int, body: Mapping[str, Any]) -> Response[Any]:
    """An error in the common form."""
    headers: dict[str, str | list[str]] = {}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = "Bearer"
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["allow"] = "GET"
    return Response(status_code=status, content_type="application/json", body=dict(body), headers=headers)


def _plain(status: int) -> Response[Any]:
    return answer_problem(status, error_body(CODES[status], MESSAGES[status]))


def _answer_problem(problem: Problem) -> Response[Any]:
    return answer_problem(problem.status, problem.to_body())


def _answer_invalid(error: RequestValidationError) -> Response[Any]:
    first = error.errors()[0]
    return answer_problem(400, error_body(CODES[400], f"{first['msg']}.", str(first["loc"][-1])))


def _answer_stranger(error: TokenRefused) -> Response[Any]:
    logger().warning("Token refused", extra={"reason": error.reason})
    return _plain(401)


def _answer_unreadable(_error: DataRejected) -> Response[Any]:
    return answer_problem(400, error_body(CODES[400], "A parameter has a value that cannot be read."))


def _answer_unavailable(error: Transient) -> Response[Any]:
    logger().error("not answered", extra={"reason": error.reason, "detail": error.detail})
    return _plain(500 if error.reason == "unexpected" else 503)


def _answer_unexpected(error: Exception) -> Response[Any]:
    # The error's text may contain a customer's words.
    logger().error("unexpected", extra={"cause": type(error).__name__})
    return _plain(500)


def _answer_nowhere(_error: Exception) -> Response[Any]:
    is_read = app.current_event.http_method == "GET" or route_of(app.current_event.path) == "other"
    return _plain(404 if is_read else 405)


def show_openapi(_principal: CurrentPrincipal) -> Response[str]:
    """Return this API's OpenAPI document."""
    return Response(status_code=200, content_type="application/json", body=openapi.render(app, ROUTES))


PROBLEMS: Final[Mapping[type[Exception], Callable[..., Response[Any]]]] = {
    Problem: _answer_problem,
    RequestValidationError: _answer_invalid,
    TokenRefused: _answer_stranger,
    DataRejected: _answer_unreadable,
    Transient: _answer_unavailable,
    NotFoundError: _answer_nowhere,
    Exception: _answer_unexpected,
}


def _register() -> None:
    app.use([refuse_unknown_parameters])
    for rule, function in ROUTES.items():
        app.get(rule)(function)
    app.get(OPENAPI_PATH)(show_openapi)
    for error, function in PROBLEMS.items():
        app.exception_handler(error)(function)


_register()
