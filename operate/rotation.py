"""`make rotate-webhook-secret`: a new secret beside the old one, later the old one's end; no webhook is lost.

Between the two, `make vapi-configure` gives Vapi the new one. The old one ends only when nobody seems to use it.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from autopulse.ingress.webhook_secret import KEPT_SECONDS, REREAD_SECONDS
from local.console import say
from operate.confirmation import Confirm
from operate.target import LOCAL, OperationFailed, Target, read_secret
from operate.vapi.stale_credentials import StaleCredentials
from operate.webhook_secret import (
    add_secret,
    former_places,
    make_secret,
    remove_stale,
    rotated_at,
    store,
)

OVERLAP: Final = timedelta(hours=1)
"""Least time that both secrets are accepted. A call that began before Vapi got the new one may report with the old
one: calls last ten minutes by default (at most twelve hours), then analysis. Retries are not waited for: they go on for
2 h 50 min after an outage, and a report that they do not bring is asked for again by reconciliation."""
WATCHED: Final = timedelta(minutes=15)
"""The time up to now in which nothing may have come with the old secret."""
_CREDENTIAL: Final = "credential"
_FINISH: Final = "make rotate-webhook-secret FINISH=1"


@dataclass(frozen=True)
class Clock:
    """The clock; tests have their own."""

    now: Callable[[], datetime] = lambda: datetime.now(timezone.utc)
    sleep: Callable[[float], None] = time.sleep


def begin(target: Target, confirm: Confirm, clock: Clock = Clock()) -> int:
    """Let a new secret be accepted beside the old one; the exit status."""
    seen = read_secret(target)
    if rotated_at(seen) is not None:
        raise OperationFailed(
            f"a rotation is under way; finish it first: make rotate-webhook-secret FINISH=1{target.make_suffix}"
        )
    if not confirm(f"Make a new webhook secret for {target.stack_name}? The old one stays valid."):
        say("Nothing changed")
        return 0
    store(target, seen, add_secret(seen, make_secret(), clock.now()))
    say(f"Made. Waiting {REREAD_SECONDS + 1} s, after which no verifier refuses the new one …")
    clock.sleep(REREAD_SECONDS + 1)
    say("Both secrets are accepted. Next:")
    say("  1. for each assistant, phone number or organization that sends here:")
    say(f"     make vapi-configure{target.make_suffix} ASSISTANT=id (or PHONE_NUMBER=id, or ORGANIZATION=1)")
    say("  2. an hour later, when calls that ran meanwhile are over:")
    say(f"     {_FINISH}{target.make_suffix}")
    _mind_the_local_stack(target)
    return 0


def finish(
    target: Target,
    confirm: Confirm,
    vapi: StaleCredentials | None = None,
    *,
    force: bool = False,
    clock: Clock = Clock(),
) -> int:
    """Let the old secret be refused, if nobody uses it any more; the exit status.

    With access to Vapi it is asked too who has a credential of the old secret, and unused ones are deleted there.
    """
    seen = read_secret(target)
    began = rotated_at(seen)
    if began is None:
        raise OperationFailed("no rotation is under way; begin one: make rotate-webhook-secret")
    objection = _objection_of_vapi(vapi) or _objection(target, seen, began, clock.now())
    if objection and not force:
        raise OperationFailed(
            f"{objection}\nThe old secret stays valid. FORCE=1 ends it all the same, as after a leak."
        )
    say(objection or f"Nothing came with the old secret in the last {_minutes(WATCHED)} minutes")
    if not confirm("Refuse the old secret from now on?"):
        say("Nothing changed")
        return 0
    store(target, seen, remove_stale(seen))
    say(f"The old secret is refused, by every verifier in {KEPT_SECONDS // 60} minutes at the latest")
    if vapi is not None:
        say(f"{vapi.delete_unused()} credentials of former secrets deleted at Vapi")
    _mind_the_local_stack(target)
    return 0


def _objection_of_vapi(vapi: StaleCredentials | None) -> str | None:
    users = vapi.users() if vapi is not None else []
    return f"Vapi still signs with the old secret for {', '.join(users)}; make vapi-configure" if users else None


def _objection(target: Target, document: Mapping[str, Any], began: datetime, now: datetime) -> str | None:
    """Return why the old secret should stay, if anything speaks for it."""
    if now - began < OVERLAP:
        return f"the new secret is {_minutes(now - began)} minutes old; wait until it is {_minutes(OVERLAP)}"
    used = _used_places(target, now - WATCHED)
    old = former_places(document)
    count = sum(times for place, times in used.items() if place in old)
    if count:
        return f"{count} webhooks came with the old secret in the last {_minutes(WATCHED)} minutes; make vapi-doctor"
    if not used:
        return f"no webhook came in the last {_minutes(WATCHED)} minutes, so nobody knows which secret Vapi uses"
    return None


def _used_places(target: Target, since: datetime) -> Counter[int]:
    """Return how often each entry matched, by the verifier's log."""
    pages = (
        target.client("logs")
        .get_paginator("filter_log_events")
        .paginate(
            logGroupName=target.resource("VerifierLogGroup"),
            startTime=int(since.timestamp() * 1000),
            filterPattern=f'"{_CREDENTIAL}"',
        )
    )
    try:
        places = [_place(event["message"]) for page in pages for event in page["events"]]
    except (ClientError, BotoCoreError) as error:
        raise OperationFailed(f"the verifier's log cannot be read ({error})") from error
    return Counter(place for place in places if place is not None)


def _place(line: str) -> int | None:
    try:
        place = json.loads(line).get(_CREDENTIAL)
    except (ValueError, AttributeError):
        return None
    return place if isinstance(place, int) else None


def _mind_the_local_stack(target: Target) -> None:
    if target.environment == LOCAL:
        say("Then make up, which writes the current secret into .local/stack.json")


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds() // 60)
