"""`POST /v1/calls/{call_id}/follow-up`, `PATCH /v1/follow-ups/{follow_up_id}`, saved views, and the schedule.

A change names the version on which it is based, and is refused if there is a newer one, so nobody overwrites a change
that they have not seen. The schedule marks follow-ups that were not answered in time. The actor is the token's subject
and name. Of notes, names and calls, only ids are logged.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from functools import cache
from typing import Any, Final

from autopulse.api.follow_up_models import FollowUp, etag_of
from autopulse.auth.principal import Principal, principal_of
from autopulse.auth.trace import read_keys
from autopulse.consumers import publisher
from autopulse.db import follow_up_changes as rows
from autopulse.db.engine import Transaction
from autopulse.domain.events import CallEvent, CallEventType
from autopulse.domain.follow_ups import State
from autopulse.domain.scope import Scope
from autopulse.errors import DataRejected, Problem, TokenRefused, Transient
from autopulse.follow_ups.changes import Change, read_change, read_note, read_version
from autopulse.follow_ups.requests import HEADERS, body_of, header_of
from autopulse.follow_ups.saved_views import LIST_ROUTE, VIEW_ROUTE, answer_views, is_of_views
from autopulse.follow_ups.services import Services
from autopulse.http import CODES, Response, answer, answer_error, error_body
from autopulse.json_coercion import MAX_CALL_ID
from autopulse.observability import Measurements, Metric, logger

POST_ROUTE: Final = "/v1/calls/<call_id>/follow-up"
PATCH_ROUTE: Final = "/v1/follow-ups/<follow_up_id>"
_POST: Final = re.compile(r"/v1/calls/([0-9]{1,10})/follow-up/?")
_PATCH: Final = re.compile(r"/v1/follow-ups/([0-9]{1,10})/?")
_RUNS: Final = 20
"""The maximum number of transactions in one run of the schedule."""


class _Beaten(Exception):
    """The request did not know the current follow-up: `status` 409 or 412, with that follow-up."""

    def __init__(self, status: int, message: str, current: rows.Row) -> None:
        super().__init__(message)
        self.status, self.message, self.current = status, message, current


@cache
def container_services() -> Services:
    """The services of this container."""
    return Services()


def handle(event: Mapping[str, Any]) -> Response:
    """Answer an authorized proxy event of a REST API; any other event is the schedule's."""
    if "httpMethod" not in event:
        return {"overdue": find_overdue(container_services())}
    response = _answer(event, container_services())
    logger().info(
        "answered", extra={"route": _route_of(event), "status": response["statusCode"], **read_keys(event, ())}
    )
    return response


def _route_of(event: Mapping[str, Any]) -> str:
    if is_of_views(event.get("path")):
        return LIST_ROUTE if event["httpMethod"] == "GET" else VIEW_ROUTE
    return PATCH_ROUTE if event["httpMethod"] == "PATCH" else POST_ROUTE


def find_overdue(services: Services) -> int:
    """Mark follow-ups that were not answered in time, each once, and publish their events; returns their number."""
    found = 0
    for _ in range(_RUNS):
        now = datetime.now(timezone.utc)
        late = services.transact(rows.mark_overdue)
        found += len(late)
        measurements = Measurements()
        if late:
            measurements.count(Metric.FOLLOW_UP_OVERDUE, len(late))
        events = [_event(CallEventType.FOLLOW_UP_OVERDUE, row, row["organization_id"], now) for row in late]
        publisher.publish(events, measurements, services)
        measurements.flush()
        if len(late) < rows.OVERDUE_AT_ONCE:
            break
    _measure(services)
    logger().info("overdue follow-ups", extra={"count": found})
    return found


def _measure(services: Services) -> None:
    """Measure how many are unanswered now, for the dashboard."""
    measurements = Measurements()
    for name, count in services.transact(rows.count_unanswered).items():
        measurements.record(Metric.FOLLOW_UP_UNANSWERED, [count], reason=name)
    measurements.flush()


def _answer(event: Mapping[str, Any], services: Services) -> Response:
    try:
        return _do(event, services)
    except TokenRefused:
        return answer_error(401, "Sign in: the request carries no valid token.", HEADERS)
    except Problem as problem:
        return answer(problem.status, problem.to_body(), HEADERS)
    except _Beaten as beaten:
        body = error_body(CODES[beaten.status], beaten.message) | {"follow_up": _shown(beaten.current)}
        return answer(beaten.status, body, HEADERS | {"etag": etag_of(beaten.current["version"])})
    except DataRejected:
        return answer_error(400, "A field has a value that cannot be stored.", HEADERS)
    except Transient as error:
        logger().error("not answered", extra={"reason": error.reason, "detail": error.detail})
        return answer_error(503, "The database does not answer at the moment; try again.", HEADERS)


def _do(event: Mapping[str, Any], services: Services) -> Response:
    if is_of_views(event.get("path")):
        return answer_views(event, principal_of(event), services)
    change = _patch if event["httpMethod"] == "PATCH" else _post
    return change(event, _writer_of(event), services)


def _writer_of(event: Mapping[str, Any]) -> Principal:
    principal = principal_of(event)
    if not principal.may_write:
        raise Problem(403, "You may read follow-ups, and not change them.")
    return principal


def _post(event: Mapping[str, Any], principal: Principal, services: Services) -> Response:
    call_id, note = _id(event, _POST), read_note(body_of(event))
    values = {
        "call_id": call_id,
        "note": note,
        "subject": principal.subject,
        "name": principal.name,
    }
    now = datetime.now(timezone.utc)
    row = services.transact(lambda transaction: _open(transaction, principal.scope, values))
    if isinstance(row, _Beaten):
        raise row
    measurements = Measurements()
    measurements.count(Metric.FOLLOW_UP_OPENED, reason=row["trigger"])
    _tell(CallEventType.FOLLOW_UP_OPENED, row, principal, now, services, measurements)
    return answer(201, _shown(row), HEADERS | {"etag": etag_of(row["version"])})


def _open(transaction: Transaction, scope: Scope, values: Mapping[str, Any]) -> rows.Row | _Beaten:
    row = rows.open_follow_up(transaction, scope, values)
    if row is not None:
        return row
    if not rows.has_call(transaction, scope, values["call_id"]):
        raise Problem(404, "There is no such call.")
    current = rows.find_follow_up_of(transaction, scope, values["call_id"])
    if current is None:
        raise Transient("database", "the follow-up that was there is gone")
    return _Beaten(409, "The call has a follow-up already.", current)


def _patch(event: Mapping[str, Any], principal: Principal, services: Services) -> Response:
    id_, version, change = _id(event, _PATCH), read_version(header_of(event, "if-match")), read_change(body_of(event))
    now = datetime.now(timezone.utc)
    outcome = services.transact(lambda transaction: _change(transaction, principal, id_, version, change))
    if isinstance(outcome, _Beaten):
        raise outcome
    row, is_new = outcome
    if is_new:
        measurements = Measurements()
        if row["answered"] is not None:
            measurements.count(Metric.FOLLOW_UP_ANSWERED, reason=row["answered"])
        _tell(CallEventType.FOLLOW_UP_CHANGED, row, principal, now, services, measurements)
    return answer(200, _shown(row), HEADERS | {"etag": etag_of(row["version"])})


def _change(
    transaction: Transaction, principal: Principal, id_: int, version: int, change: Change
) -> tuple[rows.Row, bool] | _Beaten:
    """The follow-up after the change, and whether it was changed."""
    current = rows.lock_follow_up(transaction, principal.scope, principal.user, id_)
    if current is None:
        raise Problem(404, "There is no such follow-up.")
    if current["version"] != version:
        return _Beaten(412, "Somebody has changed the follow-up meanwhile.", current)
    wanted = change.named(_own_id(current, change)).applied_to(current)
    changes = {name: [current[name], value] for name, value in wanted.items() if current[name] != value}
    if not changes:
        return current, False
    name = _assignee_name(transaction, principal, wanted, current)
    before, after = State(current["state"]), State(wanted["state"])
    moved = before is not after
    is_reopened = moved and after is State.OPEN and before is not State.ACKNOWLEDGED
    values = {
        **wanted,
        "id": id_,
        "assignee_name": name,
        "is_answered": moved and before is State.OPEN,
        "is_acknowledged": moved and after is State.ACKNOWLEDGED,
        "is_closed": moved and after in {State.RESOLVED, State.DISMISSED},
        "is_opened": moved and after is State.OPEN,
        "is_reopened": is_reopened,
        "subject": principal.subject,
        "name": principal.name,
        "from_state": before.value,
        "changes": json.dumps({name: both for name, both in changes.items() if name not in {"state", "note"}}),
        "said": wanted["note"] if "note" in changes else None,
    }
    return rows.change_follow_up(transaction, values), True


def _own_id(current: rows.Row, change: Change) -> int | None:
    """The id of the principal's user; raises Problem if it is needed and there is none."""
    me = current["me"]
    if me is None and change.names_me:
        raise Problem(422, "The token does not say which of the organization's users you are.", field="assignee_id")
    return None if me is None else int(me["id"])


def _assignee_name(
    transaction: Transaction, principal: Principal, wanted: Mapping[str, Any], current: Mapping[str, Any]
) -> str | None:
    id_ = wanted["assignee_id"]
    if id_ == current["assignee_id"]:
        return None if current["assignee_name"] is None else str(current["assignee_name"])
    if id_ is None:
        return None
    if current["me"] is not None and id_ == current["me"]["id"]:
        return current["me"]["name"] or None
    name = rows.find_user_name(transaction, principal.organization_id, id_)
    if name is None:
        raise Problem(422, "The organization has no such user.", field="assignee_id")
    return name or None


def _tell(  # noqa: PLR0913, PLR0917 - an event has this many fields
    type_: CallEventType,
    row: rows.Row,
    principal: Principal,
    received_at: datetime,
    services: Services,
    measurements: Measurements,
) -> None:
    publisher.publish([_event(type_, row, principal.organization_id, received_at)], measurements, services)
    measurements.flush()


def _event(type_: CallEventType, row: rows.Row, organization_id: str, received_at: datetime) -> CallEvent:
    changed = {name: row[name] for name in ("state", "trigger", "due_at", "assignee_id", "version")}
    changed["follow_up_id"] = row["id"]
    now = datetime.now(timezone.utc)
    return CallEvent(
        type_, row["call_id"], row["vapi_call_id"], organization_id, changed, received_at, now, row["advisor_id"]
    )


def _shown(row: rows.Row) -> dict[str, Any]:
    return FollowUp.model_validate(row).model_dump(mode="json")


def _id(event: Mapping[str, Any], pattern: re.Pattern[str]) -> int:
    found = pattern.fullmatch(str(event.get("path")))
    if found is None:
        raise Problem(404, "No such path.")
    id_ = int(found[1])
    if not 0 < id_ <= MAX_CALL_ID:
        raise Problem(404, "There is no such thing.")
    return id_
