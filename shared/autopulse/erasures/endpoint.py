"""`POST /v1/erasures`, `GET /v1/erasures/{id}`, the erasure queue, the operator's commands and the schedule.

    {"erase": {"phone": …, "dry_run": …}} -> {"id": …}          {"erasure_id": …} -> the report
    {"export": pseudonym or ""}
        -> {"tombstones": [[pseudonym, call id or null, time]], "visits": [[id, time]], "after": … or null}
    {"replay": the result of an export} -> {"calls": number, "visits": number}
    {"retention": "dry-run"} -> {"expired": {"words": number of calls, "person": number of calls}}

or {"error": …}. Of a request, only ids are logged.
"""

import re
import time
import uuid
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from autopulse.api.erasure_models import ErasureAccepted
from autopulse.auth.principal import Principal, principal_of
from autopulse.auth.trace import read_keys
from autopulse.db import erasure_requests as requests
from autopulse.erasures import run
from autopulse.erasures.messages import read_message
from autopulse.erasures.report import report_of
from autopulse.erasures.retention import expire
from autopulse.erasures.services import Services
from autopulse.erasures.wanted import FIELDS, read_wanted
from autopulse.errors import DataRejected, InvalidMessage, Problem, TokenRefused, Transient
from autopulse.follow_ups.requests import HEADERS, body_of, read_object
from autopulse.http import Response, answer, answer_error
from autopulse.observability import Measurements, logger

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

POST_ROUTE: Final = "/v1/erasures"
GET_ROUTE: Final = "/v1/erasures/<erasure_id>"
_PATH: Final = re.compile(r"/v1/erasures/([0-9a-fA-F-]{36})/?")


@cache
def container_services() -> Services:
    """The services of this container."""
    return Services()


def handle(event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Answer the API, the erasure queue, an operator or the schedule."""
    services = container_services()
    if "httpMethod" in event:
        response = _answer(event, services)
        route = POST_ROUTE if event["httpMethod"] == "POST" else GET_ROUTE
        keys = read_keys(event, ())
        logger().info("answered", extra={"route": route, "status": response["statusCode"], **keys})
        return response
    if "Records" in event:
        return _take(event, services, _deadline(context))
    if {"erase", "erasure_id", "export", "replay"} & set(event):
        return _operate(event, services)
    is_dry = event.get("retention") == "dry-run"
    queued = 0 if is_dry else run.queue_unfinished(services)
    return {"queued": queued, "expired": expire(services, _deadline(context), dry_run=is_dry)}


def _deadline(context: "LambdaContext") -> float:
    return time.monotonic() + context.get_remaining_time_in_millis() / 1000 - run.RESERVE_SECONDS


def _take(event: Mapping[str, Any], services: Services, deadline: float) -> dict[str, Any]:
    measurements = Measurements()
    returned = []
    for record in event["Records"]:
        try:
            is_done = run.take(services, read_message(record["body"]), deadline, measurements)
        except (InvalidMessage, Transient, DataRejected) as error:
            logger().warning("erasure postponed", extra={"reason": error.reason, "detail": error.detail})
            is_done = False
        if not is_done:
            returned.append({"itemIdentifier": record["messageId"]})
    measurements.flush()
    return {"batchItemFailures": returned}


def _operate(event: Mapping[str, Any], services: Services) -> dict[str, Any]:
    try:
        if "erase" in event:
            return {"id": run.start(services, read_wanted(event["erase"]), None, run.OPERATOR)}
        if "export" in event:
            return run.export(services, str(event["export"] or ""))
        if "replay" in event:
            given = event["replay"]
            return run.replay(services, given["tombstones"], given["visits"])
        return _report(services, str(event["erasure_id"]), None)
    except Problem as problem:
        return {"error": f"{problem.field}: {problem.detail}" if problem.field else problem.detail}
    except (Transient, DataRejected) as error:
        logger().error("erasure not begun", extra={"reason": error.reason, "detail": error.detail})
        return {"error": error.reason}


def _answer(event: Mapping[str, Any], services: Services) -> Response:
    try:
        principal = _eraser_of(event)
        if event["httpMethod"] == "POST":
            wanted = read_wanted(read_object(body_of(event), FIELDS))
            erasure_id = run.start(services, wanted, principal.organization_id, principal.subject)
            return answer(202, ErasureAccepted(id=erasure_id).model_dump(), HEADERS)
        return answer(200, _report(services, _id(event), principal.organization_id), HEADERS)
    except TokenRefused:
        return answer_error(401, "Sign in: the request carries no valid token.", HEADERS)
    except Problem as problem:
        return answer(problem.status, problem.to_body(), HEADERS)
    except DataRejected:
        return answer_error(400, "A field has a value that cannot be stored.", HEADERS)
    except Transient as error:
        logger().error("not answered", extra={"reason": error.reason, "detail": error.detail})
        return answer_error(503, "Nothing was begun; try again.", HEADERS)


def _eraser_of(event: Mapping[str, Any]) -> Principal:
    principal = principal_of(event)
    if not principal.may_erase or principal.advisor_id is not None:
        raise Problem(403, "You may not erase calls.")
    return principal


def _report(services: Services, erasure_id: str, organization_id: str | None) -> dict[str, Any]:
    try:
        uuid.UUID(erasure_id)
    except ValueError:
        raise Problem(404, "There is no such erasure.") from None
    stored = services.transact(lambda transaction: requests.read_erasure(transaction, erasure_id, organization_id))
    if stored is None:
        raise Problem(404, "There is no such erasure.")
    return report_of(stored, services.settings.backup_days)


def _id(event: Mapping[str, Any]) -> str:
    found = _PATH.fullmatch(event["path"])
    if found is None:
        raise Problem(404, "No such path.")
    return found[1]
