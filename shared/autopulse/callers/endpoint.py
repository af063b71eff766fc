"""The entry point of the callers' function, which is invoked by the verifier, by an operator, or by the API.

`callers.questions` answers the verifier, `callers.suppressions` has the suppressions. No number is logged.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from autopulse.auth.principal import principal_of
from autopulse.auth.trace import read_keys
from autopulse.callers.questions import answer_question
from autopulse.callers.services import Services
from autopulse.callers.suppressions import CHECK_ROUTE, ROUTE, answer_request, operate
from autopulse.errors import DataRejected, Problem, TokenRefused, Transient
from autopulse.follow_ups.requests import HEADERS
from autopulse.http import Response, answer, answer_error
from autopulse.observability import logger


@cache
def container_services() -> Services:
    """The services of this container."""
    return Services()


def handle(event: Mapping[str, Any]) -> dict[str, Any]:
    """Answer an authorized proxy event of a REST API, an operator, or the verifier."""
    services = container_services()
    if "httpMethod" in event:
        response = _answer(event, services)
        route = CHECK_ROUTE if str(event.get("path")).startswith(CHECK_ROUTE) else ROUTE
        logger().info("answered", extra={"route": route, "status": response["statusCode"], **read_keys(event, ())})
        return response
    if "operate" in event:
        told = operate(event, services)
        logger().info("operator answered", extra={"asked": str(event["operate"]), "done": "error" not in told})
        return told
    return answer_question(event, services)


def _answer(event: Mapping[str, Any], services: Services) -> Response:
    try:
        return answer_request(event, principal_of(event), services)
    except TokenRefused:
        return answer_error(401, "Sign in: the request carries no valid token.", HEADERS)
    except Problem as problem:
        return answer(problem.status, problem.to_body(), HEADERS)
    except DataRejected:
        return answer_error(400, "A field has a value that cannot be stored.", HEADERS)
    except Transient as error:
        logger().error("not answered", extra={"reason": error.reason, "detail": error.detail})
        return answer_error(503, "The database does not answer at the moment; try again.", HEADERS)
