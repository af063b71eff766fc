"""`make rotate-webhook-secret`: accept a new secret beside the old one, later revoke the old one; no webhook is lost.

In between, `make vapi-configure` gives Vapi the new secret. The old one is revoked only when it seems unused.
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
"""Minimum time for which both secrets are accepted. A call that began before Vapi got the new secret may report with
the old one: calls last ten minutes by default (at most twelve hours), and analysis follows. This does not cover
retries, which continue for 2 h 50 min after an outage; reconciliation fetches a report that is lost that way.
"""
WATCHED: Final = timedelta(minutes=15)
"""Time before now in which no webhook may have used the old secret."""
_CREDENTIAL: Final = "credential"
_FINISH: Final = "make rotate-webhook-secret FINISH=1"


@dataclass(frozen=True)
class Clock:
    """The clock, which tests replace."""

    now: Callable[[], datetime] = lambda: datetime.now(timezone.utc)
    sleep: Callable[[float], None] = time.sleep


def begin(target: Target, confirm: Confirm, clock: Clock = Clock()) -> int:
    """Accept a new secret beside the old one; returns the exit status."""
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
    """Revoke the old secret if it is no longer used; returns the exit status.

    With access to Vapi, credentials with the old secret are checked there too, and unused ones are deleted.
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
    """Return why the old secret should stay, if there is a reason."""
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
    """Return how often each entry matched, from the verifier's log."""
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
