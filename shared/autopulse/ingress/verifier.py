"""The verifier: prove that a webhook comes from Vapi, and queue what is kept of it before the answer.

`_take` has all steps: verify, parse, route, redact, identify, enqueue. Whatever the event is, `handle` returns one
response, writes one log line and counts one metric. Of a body, only its type and ids are ever logged.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Final

from autopulse.errors import Miss, Refused, Transient, UnreadableRequest
from autopulse.guard import guarded
from autopulse.http import Response, answer
from autopulse.ingress import responses
from autopulse.ingress.callers import UNAVAILABLE
from autopulse.ingress.queueing import enqueue, send
from autopulse.ingress.request import read_delivery, read_message
from autopulse.ingress.services import Services
from autopulse.ingress.unknown import printable_name, unknown_in
from autopulse.json_coercion import Json, read_mapping, read_vapi_call_id
from autopulse.observability import Measurements, Metric, loggable_id, logger
from autopulse.settings import SettingMissing
from autopulse.vapi import routes
from autopulse.vapi.call_ids import NamedCall
from autopulse.vapi.call_tokens import call_token, is_proven
from autopulse.vapi.drift import DRIFT, MAX_VALUES, UnknownValue, named
from autopulse.vapi.envelope import Envelope, build_envelope
from autopulse.vapi.questions import ASSISTANT_REQUEST, PREDIAL, TRANSFER
from autopulse.vapi.redaction import apply_allow_list
from autopulse.vapi.signature import Acceptance, Delivery, Part, verify
from autopulse.vapi.webhook_credentials import Credentials

ASKED: Final = {
    ASSISTANT_REQUEST: Metric.CALLER_ANSWERED,
    PREDIAL: Metric.PREDIAL_ANSWERED,
    TRANSFER: Metric.TRANSFER_ANSWERED,
}
"""Type of a message for the callers' function -> the metric that counts the answers."""
NOT_CONFIGURED: Final = "not-configured"
STALE: Final = "stale"
MAX_LOGGED_MISSES: Final = 20
_OF_ANOTHER_SECRET: Final = frozenset({Part.SECRET_MISMATCH, Part.SIGNATURE_MISMATCH, Part.OTHER_TEXT_SIGNED})
"""Mismatches that the secret's previous version could explain."""


@dataclass
class RequestContext:
    """One request: the services for it, and what is counted and logged about it."""

    services: Services
    received_at: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    measurements: Measurements = field(default_factory=Measurements)
    facts: dict[str, Json] = field(default_factory=dict)
    delivery: Delivery | None = None
    """The request, if it could be read."""


def handler_of(services: Services) -> Callable[[dict[str, Any], Any], Response]:
    """Return the Lambda handler of the verifier."""
    return guarded(lambda event, context: handle(services, event, context))


def handle(services: Services, event: Json, context: object = None) -> Response:
    """Answer one request of API Gateway's proxy integration."""
    request = RequestContext(services)
    request.facts["request_id"] = getattr(context, "aws_request_id", None)
    try:
        return _take(event, request)
    except (UnreadableRequest, Refused, Transient) as problem:
        return _refuse(problem, request)
    except SettingMissing as problem:
        return _refuse(Transient(NOT_CONFIGURED, str(problem)), request)
    finally:
        request.measurements.flush()


def _take(event: Json, request: RequestContext) -> Response:
    delivery = request.delivery = read_delivery(event)
    request.facts["body_bytes"] = len(delivery.body)
    acceptance = _verify(delivery, request)
    request.facts["credential"] = acceptance.credential
    message = read_message(delivery.body)
    request.facts["type"] = printable_name(message["type"])
    _notice_unknown(message, request)
    kind = routes.kind_of(message)
    if kind is None:
        return _answer_directly(message, request)
    kept = apply_allow_list(kind, message)  # only this part of the message reaches a queue or the database
    envelope = _identify(kind, message, kept, acceptance, request)
    return _enqueue(envelope, request)


def _notice_unknown(message: Mapping[str, Json], request: RequestContext) -> None:
    """Count an unknown type or unknown fields, and add them to the request's log line."""
    unknown = unknown_in(message)
    if not unknown:
        return
    for what, count in Counter(one.what for one in unknown).items():
        request.measurements.count(Metric.VALUE_UNKNOWN, count, what=what.value)
    shown = [UnknownValue(what, printable_name(value)) for what, value in unknown[:MAX_VALUES]]
    request.facts[DRIFT] = [{"what": what.value, "value": value} for what, value in named().choose(shown)]
    call_id = read_vapi_call_id(read_mapping(message.get("call")).get("id"))
    request.facts["vapi_call_id"] = loggable_id(call_id)


def _verify(delivery: Delivery, request: RequestContext) -> Acceptance:
    secret = request.services.secret
    credentials = secret.current(request.measurements)
    try:
        return _check(credentials, delivery, request.received_at)
    except (Refused, Transient):
        fresh = secret.reread(request.measurements)
        if fresh is None:
            raise
    return _check(fresh, delivery, request.received_at)


def _check(credentials: Credentials, delivery: Delivery, now: datetime) -> Acceptance:
    if not credentials.usable:
        raise Transient(NOT_CONFIGURED, "no usable credential")
    return verify(credentials.usable, delivery, now)


def _identify(
    kind: str, message: Mapping[str, Json], kept: Mapping[str, Json], acceptance: Acceptance, request: RequestContext
) -> Envelope:
    """Build the envelope: the event id of the message, and the ids of its call."""
    return build_envelope(
        kind, message, kept, request.received_at, acceptance.message_id, lambda named: _believe(named, request)
    )


def _believe(named: NamedCall, request: RequestContext) -> bool:
    """Whether our call id counts: always, or only with the application's token if this stack requires one."""
    if not request.services.settings.require_call_token:
        return True
    secret = request.services.secret
    keys = secret.current(request.measurements).call_token_keys
    if is_proven(named.call_id, named.token, keys):
        return True
    if named.token is not None or not keys:
        fresh = secret.reread(request.measurements)  # the application may use a new secret already
        keys = fresh.call_token_keys if fresh else keys
    if not keys:
        raise Transient(NOT_CONFIGURED, "the webhook secret has no call_token_secret")
    if is_proven(named.call_id, named.token, keys):
        return True
    request.facts["call_token"] = "missing" if named.token is None else "mismatch"
    request.measurements.count(Metric.CALL_TOKEN_REFUSED)
    return False


def _answer_directly(message: Mapping[str, Json], request: RequestContext) -> Response:
    """Answer a message that cannot be queued, or need not be."""
    if message["type"] in ASKED:
        return _answer_asked(message, request)
    dimension = routes.dimension_of(message["type"])
    if message["type"] in routes.DELETIONS:
        _tell_of_deletion(message, request)
    reply = routes.ANSWERS.get(message["type"])
    request.measurements.count(Metric.ANSWER_REQUESTED if reply else Metric.WEBHOOK_IGNORED, type=dimension)
    logger().info("Webhook answered" if reply else "Webhook ignored", extra=request.facts)
    return answer(200, reply(message)) if reply else responses.ignored()


def _answer_asked(message: Mapping[str, Json], request: RequestContext) -> Response:
    """Answer from the database: who calls, who may be called, where a caller is transferred to."""
    call_id = read_vapi_call_id(read_mapping(message.get("call")).get("id"))
    request.facts["vapi_call_id"] = loggable_id(call_id)
    seconds = (datetime.now(timezone.utc) - request.received_at).total_seconds()
    asked = request.services.callers.answer(message, seconds, lambda id_: _token_of(id_, request))
    request.facts["answer"] = asked.reason
    if asked.cause is not None:
        request.facts["cause"] = printable_name(asked.cause)
    request.measurements.count(ASKED[message["type"]], reason=asked.reason)
    log = logger().error if asked.reason == UNAVAILABLE else logger().info
    log("Webhook answered", extra=request.facts)
    return answer(200, asked.answer)


def _token_of(call_id: int, request: RequestContext) -> str | None:
    """The token that a call's webhooks carry beside our id; None if this stack does not require one."""
    if not request.services.settings.require_call_token:
        return None
    keys = request.services.secret.current(request.measurements).call_token_keys
    return call_token(call_id, keys[0]) if keys else None


def _tell_of_deletion(message: Mapping[str, Json], request: RequestContext) -> None:
    """Queue the result of a call's deletion at Vapi for the erasure function; raises Transient if SQS fails."""
    vapi_call_id = read_vapi_call_id(read_mapping(message.get("call")).get("id"))
    if vapi_call_id is None or not request.services.settings.erasure_queue_url:
        return
    request.facts["vapi_call_id"] = loggable_id(vapi_call_id)
    told = {"vapi_call_id": vapi_call_id, "outcome": routes.DELETIONS[message["type"]], "reason": message["type"]}
    send(request.services, request.services.settings.erasure_queue_url, json.dumps(told))


def _enqueue(envelope: Envelope, request: RequestContext) -> Response:
    request.facts.update(
        kind=envelope.kind,
        event_id=envelope.event_id,
        vapi_call_id=loggable_id(envelope.vapi_call_id),
        call_id=envelope.call_id,
    )
    request.facts["envelope_bytes"] = enqueue(envelope, request.services)
    request.measurements.count(Metric.WEBHOOK_ACCEPTED, kind=envelope.kind)
    logger().info("Webhook accepted", extra=request.facts)
    return responses.accepted(envelope.event_id)


def _refuse(problem: UnreadableRequest | Refused | Transient, request: RequestContext) -> Response:
    request.measurements.count(Metric.WEBHOOK_REFUSED, reason=problem.reason)
    request.facts.update(reason=problem.reason, detail=problem.detail)
    if isinstance(problem, Refused) and problem.misses:
        request.facts.update(_describe(problem.misses, request))
    response = responses.refusal(problem)
    log = logger().error if isinstance(problem, Transient) else logger().warning
    log("Webhook refused", extra=request.facts | {"status": response["statusCode"]})
    return response


def _describe(misses: Sequence[Miss], request: RequestContext) -> dict[str, Json]:
    """Describe the mismatch for the log: the nearest part, and for each credential which part differs and how."""
    nearest = misses[0].part
    if nearest in _OF_ANOTHER_SECRET and _is_of_former(request):
        nearest = Part.FORMER_SECRET
    listed = sorted(misses, key=lambda miss: miss.credential)[:MAX_LOGGED_MISSES]
    return {
        "part": nearest,
        "misses": [{name: value for name, value in _told(miss).items() if value is not None} for miss in listed],
    }


def _told(miss: Miss) -> dict[str, Json]:
    return {"credential": miss.credential, "header": miss.header, "part": miss.part, "seconds": miss.seconds}


def _is_of_former(request: RequestContext) -> bool:
    """Whether the secret's previous version would have accepted the request, apart from its age."""
    former = request.services.secret.former()
    if request.delivery is None or not former:
        return False
    try:
        verify(former, request.delivery, request.received_at)
    except Refused as refusal:
        return refusal.reason == STALE
    return True
