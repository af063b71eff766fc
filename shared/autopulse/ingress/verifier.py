"""The verifier: proves that a webhook is Vapi's, and has what is kept of it in a queue before it answers.

`_take` is the whole of it: verify, parse, route, redact, identify, enqueue. Whatever the event is, `handle` returns one
response, writes one log line and counts one metric. Nothing of a body but its type and ids is ever logged.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Final

from autopulse.errors import Refused, Transient, UnreadableRequest
from autopulse.http import Response, answer
from autopulse.ingress import responses
from autopulse.ingress.queueing import enqueue
from autopulse.ingress.request import read_delivery, read_message
from autopulse.ingress.webhook_secret import webhook_secret
from autopulse.json_coercion import Json, clean_text
from autopulse.observability import Measurements, Metric, loggable_id, logger
from autopulse.settings import SettingMissing, verifier_settings
from autopulse.vapi import routes
from autopulse.vapi.call_ids import NamedCall
from autopulse.vapi.call_tokens import is_proven
from autopulse.vapi.concealment import conceal
from autopulse.vapi.credentials import Credentials
from autopulse.vapi.envelope import Envelope, build_envelope
from autopulse.vapi.redaction import slim
from autopulse.vapi.signature import Acceptance, Delivery, verify

NOT_CONFIGURED: Final = "not-configured"
MAX_LOGGED_TYPE_CHARACTERS: Final = 80
_UNPRINTED: Final = re.compile(r"[^\w.:/=\[\]\"-]+", re.ASCII)


@dataclass
class Visit:
    """One request while it is handled: what will be counted and logged of it."""

    received_at: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    measurements: Measurements = field(default_factory=Measurements)
    facts: dict[str, Json] = field(default_factory=dict)


def handle(event: Json, context: object = None) -> Response:
    """Answer one request of API Gateway's proxy integration."""
    visit = Visit()
    visit.facts["request_id"] = getattr(context, "aws_request_id", None)
    try:
        return _take(event, visit)
    except (UnreadableRequest, Refused, Transient) as problem:
        return _refuse(problem, visit)
    except SettingMissing as problem:
        return _refuse(Transient(NOT_CONFIGURED, str(problem)), visit)
    finally:
        visit.measurements.flush()


def _take(event: Json, visit: Visit) -> Response:
    delivery = read_delivery(event)
    visit.facts["body_bytes"] = len(delivery.body)
    acceptance = _verify(delivery, visit)
    visit.facts["credential"] = acceptance.credential
    message = read_message(delivery.body)
    visit.facts["type"] = _printable(message["type"])
    kind = routes.kind_of(message)
    if kind is None:
        return _answer_directly(message, visit)
    kept = slim(kind, message)  # nothing else of the message goes on: not into a queue, not into the database
    envelope = _identify(kind, message, kept, acceptance, visit)
    return _enqueue(envelope, visit)


def _verify(delivery: Delivery, visit: Visit) -> Acceptance:
    secret = webhook_secret()
    credentials = secret.current(visit.measurements)
    try:
        return _check(credentials, delivery, visit.received_at)
    except (Refused, Transient):
        fresh = secret.reread(visit.measurements)
        if fresh is None:
            raise
    return _check(fresh, delivery, visit.received_at)


def _check(credentials: Credentials, delivery: Delivery, now: datetime) -> Acceptance:
    if not credentials.usable:
        raise Transient(NOT_CONFIGURED, "no usable credential")
    return verify(credentials.usable, delivery, now)


def _identify(
    kind: str, message: Mapping[str, Json], kept: Mapping[str, Json], acceptance: Acceptance, visit: Visit
) -> Envelope:
    """The envelope: which event the message is, and which call it is about."""
    return build_envelope(
        kind, message, kept, visit.received_at, acceptance.message_id, lambda named: _believe(named, visit)
    )


def _believe(named: NamedCall, visit: Visit) -> bool:
    """Whether our call id counts: always, or only with the application's token, if this stack demands one."""
    if not verifier_settings().require_call_token:
        return True
    secret = webhook_secret()
    keys = secret.current(visit.measurements).call_token_keys
    if is_proven(named.call_id, named.token, keys):
        return True
    if named.token is not None or not keys:
        fresh = secret.reread(visit.measurements)  # the application may have a new secret already
        keys = fresh.call_token_keys if fresh else keys
    if not keys:
        raise Transient(NOT_CONFIGURED, "the webhook secret has no call_token_secret")
    if is_proven(named.call_id, named.token, keys):
        return True
    visit.facts["call_token"] = "missing" if named.token is None else "mismatch"
    visit.measurements.count(Metric.CALL_TOKEN_REFUSED)
    return False


def _answer_directly(message: Mapping[str, Json], visit: Visit) -> Response:
    """Answer what cannot or need not be queued."""
    dimension = routes.dimension_of(message["type"])
    reply = routes.ANSWERS.get(message["type"])
    visit.measurements.count(Metric.ANSWER_REQUESTED if reply else Metric.WEBHOOK_IGNORED, type=dimension)
    logger().info("Webhook answered" if reply else "Webhook ignored", extra=visit.facts)
    return answer(200, reply(message)) if reply else responses.ignored()


def _enqueue(envelope: Envelope, visit: Visit) -> Response:
    visit.facts.update(
        kind=envelope.kind,
        event_id=envelope.event_id,
        vapi_call_id=loggable_id(envelope.vapi_call_id),
        call_id=envelope.call_id,
    )
    visit.facts["envelope_bytes"] = enqueue(envelope)
    visit.measurements.count(Metric.WEBHOOK_ACCEPTED, kind=envelope.kind)
    logger().info("Webhook accepted", extra=visit.facts)
    return responses.accepted(envelope.event_id)


def _refuse(problem: UnreadableRequest | Refused | Transient, visit: Visit) -> Response:
    visit.measurements.count(Metric.WEBHOOK_REFUSED, reason=problem.reason)
    visit.facts.update(reason=problem.reason, detail=problem.detail)
    response = responses.refusal(problem)
    log = logger().error if isinstance(problem, Transient) else logger().warning
    log("Webhook refused", extra=visit.facts | {"status": response["statusCode"]})
    return response


def _printable(type_name: str) -> str:
    return _UNPRINTED.sub("?", conceal(clean_text(type_name)))[:MAX_LOGGED_TYPE_CHARACTERS]
