"""The fetcher: processes the request queue by asking Vapi, and queues the answers as messages.

A record becomes a message in the queue of its kind; a call that Vapi has deleted or does not have becomes a result; a
page of Vapi's list becomes a page for the sweep, and the next request. Operators invoke it directly, for summaries.

The request queue has one message group, so one invocation runs at a time and requests are processed one after the
other. Their order does not matter: after a failed request the others are processed all the same. A returned request
blocks all later ones, so a request that alone fails repeatedly becomes a dead letter.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from autopulse.domain.reconciliation import WINDOW
from autopulse.errors import (
    AutoPulseError,
    InvalidMessage,
    Transient,
    VapiCallUnknown,
    VapiFailed,
    VapiForgot,
    VapiNotConfigured,
    VapiThrottled,
    VapiUnauthorized,
    VapiUnreadable,
)
from autopulse.guard import place_of
from autopulse.json_coercion import Json
from autopulse.observability import Measurements, Metric, loggable_id, logger
from autopulse.reconciliation.records import Record, ending_envelope, envelope_of, result_envelope, summarize
from autopulse.reconciliation.request_reading import read_question, read_request
from autopulse.reconciliation.requests import (
    CallRequest,
    CallSummary,
    DeleteRequest,
    ErrorReason,
    FindRequest,
    Found,
    GetQuestion,
    NotFound,
    Page,
    Question,
    Reason,
    Request,
    WindowRequest,
)
from autopulse.reconciliation.services import Services
from autopulse.vapi.call_ids import NamedCall

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

RESERVE_SECONDS: Final = 75
"""The part of the function's time that is reserved: the longest request, and time for the end of the invocation."""
MAX_FAILURES: Final = 3
"""The maximum number of requests in one invocation, after which Vapi gets a pause."""
BURIED_AFTER: Final = 5
"""The maximum number of deliveries of a request that fails while others succeed."""
PAUSE_SECONDS: Final = 5
LONGEST_PAUSE_SECONDS: Final = 120
THROTTLED_SECONDS: Final = 30
"""The pause in seconds if Vapi demands one without a duration."""
STOPPED_SECONDS: Final = 60
"""The pause in seconds after Vapi has refused the key."""
_MILLISECOND: Final = timedelta(milliseconds=1)

UNRECOVERABLE: Final = "unrecoverable"
NOT_FOUND: Final = "not_found"
MISSING: Final = "missing"
"""Results: Vapi has deleted the call; does not have it so far; does not have it at all."""
GONE: Final = "gone"
ACCEPTED: Final = "accepted"
NOT_DELETED: Final = "failed"
"""Results of a deletion (`erasures.messages.Outcome`)."""
WRONG_ORGANIZATION: Final = "wrong-organization"
STATUS_UNKNOWN: Final = "status-unknown"


@dataclass(slots=True)
class _Delivery:
    """One message of the request queue, and its result."""

    message_id: str
    receipt_handle: str
    receive_count: int
    body: str
    error: AutoPulseError | None = None
    returned_for: int | None = None
    """Seconds until it is delivered again; None if it is done."""


@dataclass
class _Run:
    """The state that the requests of one invocation share."""

    services: Services
    deadline: float
    """A time of time.monotonic() after which no request is started."""
    measurements: Measurements = field(default_factory=Measurements)
    answered: int = 0
    """The number of requests that Vapi answered, also that it has no such call."""
    found: bool = False
    """Whether Vapi had a call that was requested by its id; then the key is of the right organization."""
    failures: int = 0
    stopped_for: int | None = None
    """Seconds during which no request may be sent to Vapi; None if requests are allowed."""

    def now(self) -> datetime:
        return self.services.now()

    def believe(self, named: NamedCall) -> bool:
        return self.services.believe(named, self.measurements)

    def get(self, vapi_call_id: str) -> Record:
        """Return a call's record; raises VapiCallUnknown also if the record's status says that there is none."""
        try:
            record = self.services.vapi.get_call(vapi_call_id)
        except (VapiForgot, VapiCallUnknown):
            self.answered += 1
            raise
        self.answered += 1
        if record.is_gone:
            raise VapiCallUnknown("status not-found")
        self.found = True
        return record

    def list(self, since: datetime, before: datetime | None) -> tuple[list[Record], datetime | None]:
        """Return a page of the list, and where the next one begins; None if this is the last."""
        records, last = self.services.vapi.list_calls(since, before)
        self.answered += 1
        oldest = min((at for record in records if (at := record.created_at)), default=None)
        if last or oldest is None:
            return records, None
        if before is not None and oldest >= before:  # a whole page of calls has the same millisecond
            return records, before - _MILLISECOND
        return records, oldest

    def summarize(self, records: Sequence[Record]) -> tuple[CallSummary, ...]:
        names = self.services.settings.answer_names
        return tuple(summarize(record, self.now(), names, self.believe) for record in records)


def handle(event: Mapping[str, Any], services: Services, context: "LambdaContext") -> dict[str, Any]:
    """Process a batch of the request queue, and return what has to be delivered again; or answer an operator."""
    run = _Run(services, time.monotonic() + context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS)
    before = services.vapi.requests
    try:
        return _take(run, event["Records"]) if "Records" in event else _answer(run, event)
    finally:
        asked = services.vapi.requests - before
        if asked:
            run.measurements.count(Metric.VAPI_ASKED, asked)
        run.measurements.flush()


# Questions of operators


def _answer(run: _Run, event: Json) -> dict[str, Json]:
    try:
        return _found(run, read_question(event)).to_object()
    except VapiFailed as error:
        _count(run, error)
        return NotFound(ErrorReason(error.reason), error.detail, error.retry_after).to_object()
    except Transient as error:
        _count(run, error)
        return NotFound(ErrorReason.UNAVAILABLE, error.reason).to_object()


def _found(run: _Run, question: Question) -> Found:
    if isinstance(question, GetQuestion):
        return Found(run.summarize([run.get(question.vapi_call_id)]))
    records, before = run.list(question.since, question.before)
    return Found(run.summarize(records), before)


# Requests of the queue


def _take(run: _Run, records: Sequence[Mapping[str, Any]]) -> dict[str, Json]:
    deliveries = [
        _Delivery(
            record["messageId"],
            record["receiptHandle"],
            int(record.get("attributes", {}).get("ApproximateReceiveCount", 1)),
            record["body"],
        )
        for record in records
    ]
    for delivery in deliveries:
        _deliver(run, delivery)
    for delivery in deliveries:
        _bury(run, delivery)
    returned = [delivery for delivery in deliveries if delivery.returned_for is not None]
    run.services.hold({delivery.receipt_handle: delivery.returned_for or 0 for delivery in returned})
    return {"batchItemFailures": [{"itemIdentifier": delivery.message_id} for delivery in returned]}


def _deliver(run: _Run, delivery: _Delivery) -> None:
    """Process a request, unless Vapi needs a pause or the time is over."""
    if run.stopped_for is not None or time.monotonic() > run.deadline:
        delivery.returned_for = run.stopped_for or 0
        return
    try:
        _ask(run, read_request(delivery.body))
    except (InvalidMessage, VapiFailed, Transient) as error:
        _fail(run, delivery, error)
    except Exception as error:  # noqa: BLE001 - an error of one request must not block all others in this queue
        cause = place_of(error)
        logger().error("unexpected", extra={"cause": cause})
        _fail(run, delivery, VapiUnreadable(cause))


def _fail(run: _Run, delivery: _Delivery, error: AutoPulseError) -> None:
    _count(run, error)
    delivery.error = error
    delivery.returned_for = _pause(run, error, delivery.receive_count)


def _pause(run: _Run, error: AutoPulseError, receive_count: int) -> int:
    """Seconds until a failed request is retried; an error that affects all requests stops the invocation."""
    if isinstance(error, VapiUnauthorized | VapiNotConfigured):
        run.stopped_for = STOPPED_SECONDS
        return STOPPED_SECONDS
    wanted = error.retry_after if isinstance(error, VapiFailed) else None
    seconds = min(PAUSE_SECONDS << min(receive_count - 1, 10), LONGEST_PAUSE_SECONDS)
    if isinstance(error, VapiThrottled):
        seconds = THROTTLED_SECONDS
    if wanted is not None:
        seconds = max(1, round(wanted))
    if not isinstance(error, InvalidMessage):
        run.failures += 1
    if isinstance(error, VapiThrottled) or run.failures >= MAX_FAILURES:
        run.stopped_for = seconds
    return seconds


def _bury(run: _Run, delivery: _Delivery) -> None:
    """Dead-letter requests that cannot be read, or that fail repeatedly while others succeed."""
    error = delivery.error
    if error is None:
        return
    for_all = isinstance(error, VapiThrottled | VapiUnauthorized | VapiNotConfigured | Transient)
    is_alone = not for_all and run.answered > 0 and delivery.receive_count >= BURIED_AFTER
    if is_alone or isinstance(error, InvalidMessage):
        try:
            run.services.bury(delivery.body, error.reason, error.detail)
            _report_failure(run, delivery)
        except Transient as unreachable:
            _count(run, unreachable)
        else:
            delivery.returned_for = None


def _report_failure(run: _Run, delivery: _Delivery) -> None:
    """Report the final failure of a deletion, which an erasure's report has to contain."""
    try:
        request = read_request(delivery.body)
    except InvalidMessage:
        return
    if isinstance(request, DeleteRequest) and delivery.error is not None:
        run.services.report_deletion(request.vapi_call_id, NOT_DELETED, delivery.error.reason)


def _ask(run: _Run, request: Request) -> None:
    if isinstance(request, CallRequest):
        _ask_for_call(run, request)
    elif isinstance(request, FindRequest):
        _find(run, request)
    elif isinstance(request, DeleteRequest):
        _delete(run, request)
    else:
        _walk(run, request)


def _ask_for_call(run: _Run, request: CallRequest) -> None:
    try:
        record = run.get(request.vapi_call_id)
    except VapiForgot:
        _mark(run, request, UNRECOVERABLE)
    except VapiCallUnknown:
        _mark(run, request, _result_of_unknown(run, request))
    else:
        _put(run, record, request)


def _delete(run: _Run, request: DeleteRequest) -> None:
    """Request the deletion of a call that was erased here, and report the result."""
    try:
        run.services.vapi.delete_call(request.vapi_call_id)
    except (VapiForgot, VapiCallUnknown):
        outcome = GONE
    else:
        outcome = ACCEPTED
    run.answered += 1
    run.services.report_deletion(request.vapi_call_id, outcome)
    logger().info("Vapi asked", extra={"vapi_call_id": loggable_id(request.vapi_call_id), "result": outcome})


def _put(run: _Run, record: Record, request: CallRequest) -> None:
    envelope = envelope_of(record, run.now(), run.believe)
    if envelope is None:
        run.measurements.count(Metric.RECONCILIATION_FAILED, reason=STATUS_UNKNOWN)
        _log(request, STATUS_UNKNOWN)
        return
    run.services.put(envelope)
    _log(request, envelope.kind)


def _result_of_unknown(run: _Run, request: CallRequest) -> str:
    """The result for a call that Vapi does not have: it is missing only if Vapi has another call of ours."""
    if not request.last:
        return NOT_FOUND
    if run.found or _has(run, request.known_vapi_call_id):
        return MISSING
    run.measurements.count(Metric.RECONCILIATION_FAILED, reason=WRONG_ORGANIZATION)
    logger().error("Vapi has none of the calls that were asked for: is the key of another organization?")
    return NOT_FOUND


def _has(run: _Run, vapi_call_id: str | None) -> bool:
    if vapi_call_id is None:
        return False
    try:
        run.get(vapi_call_id)
    except (VapiCallUnknown, VapiForgot):
        return False
    return True


def _mark(run: _Run, request: CallRequest, result: str) -> None:
    """Report the result of a request; a call that is marked permanently and was in progress has ended."""
    run.services.put(result_envelope(result, request.vapi_call_id, request.call_id, run.now()))
    if result != NOT_FOUND and request.ends_by is not None:
        run.services.put(ending_envelope(request.vapi_call_id, request.ends_by, run.now()))
    _log(request, result)


def _find(run: _Run, request: FindRequest) -> None:
    """Read a page of the list, and request the calls in it whose id is searched; continue until all are found."""
    try:
        records, before = run.list(request.since, request.before)
    except VapiForgot:
        run.services.request(replace(request, since=_remembered(run, request.since)))
        return
    wanted = set(request.call_ids)
    named = [(record, named) for record in records if (named := record.named) and named.call_id in wanted]
    found = [(record, one.call_id) for record, one in named if run.believe(one)]
    for record, call_id in found:
        run.services.request(CallRequest(record.vapi_call_id, call_id, Reason.NOT_LINKED))
    left = tuple(sorted(wanted - {call_id for _, call_id in found}))
    if left and before is not None:
        run.services.request(FindRequest(left, request.since, before))
    logger().info("Vapi's list searched", extra={"calls": len(records), "found": len(found), "left": len(left)})


def _remembered(run: _Run, since: datetime) -> datetime:
    """Return the start of the time that Vapi certainly keeps; raises VapiForgot if it rejects even that."""
    least = run.now() - WINDOW
    if since >= least:
        raise VapiForgot("the window")
    return least


def _walk(run: _Run, request: WindowRequest) -> None:
    """Send the sweep a page of the list, and request the next one."""
    until = request.before or run.now()
    try:
        records, before = run.list(request.since, request.before)
    except VapiForgot:
        run.services.request(replace(request, since=_remembered(run, request.since)))
        return
    page = Page(
        walk=request.walk,
        calls=run.summarize(records),
        complete=before is None,
        since=request.since if before is None else min(before, until),
        until=until,
    )
    run.services.tell(page)
    if before is not None:
        run.services.request(WindowRequest(request.since, request.walk, before))
    logger().info("Vapi's list walked", extra={"walk": request.walk, "calls": len(records), "complete": page.complete})


def _count(run: _Run, error: AutoPulseError) -> None:
    if isinstance(error, VapiCallUnknown):
        return  # an operator's question
    run.measurements.count(Metric.RECONCILIATION_FAILED, reason=error.reason)
    log = logger().error if isinstance(error, VapiUnauthorized | VapiNotConfigured) else logger().warning
    log("Vapi could not be asked", extra={"reason": error.reason, "detail": error.detail})


def _log(request: CallRequest, result: str) -> None:
    facts = {
        "reason": request.reason.value,
        "tries": request.tries,
        "vapi_call_id": loggable_id(request.vapi_call_id),
        "call_id": request.call_id,
        "result": result,
    }
    logger().info("Vapi asked", extra=facts)
