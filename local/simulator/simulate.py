"""Calls on the running stack: first the application's rows, then signed webhooks as Vapi sends them."""

import http.client
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from random import Random, SystemRandom
from typing import Any, Final

from pg8000.native import Connection

from local.console import say
from local.database import connect, count_receipts
from local.simulator.application_rows import ORGANIZATION_ID, ServiceRecord, insert_call, insert_service_record
from local.simulator.expected_rows import compare
from local.simulator.losses import Losses, no_losses
from local.simulator.managers import call_back
from local.simulator.reconciliation import bring_back, remember, require_sweep
from local.simulator.scenario import CallScript, write_script
from local.simulator.webhook_client import Answer, encode, post, sign
from local.simulator.webhook_factory import EVERY_TYPE, Body, webhooks

POSTERS: Final = 5
"""Number of concurrent posts."""
STORED_SECONDS: Final = 120
"""Seconds to wait until everything that was accepted is stored."""
_COPIES: Final = 3
_TRIES: Final = 4


@dataclass(frozen=True)
class PageRequest:
    """The requested traffic."""

    calls: int
    seed: int | None = None
    disorder: bool = False
    duplicates: bool = False
    rate: float | None = None
    """Webhooks per second."""
    types: frozenset[str] = EVERY_TYPE
    lose: float = 0
    """Share of the webhooks that are withheld, and that the sweep has to recover."""


def simulate(stack: Mapping[str, Any], wanted: PageRequest) -> int:
    """Create the calls, post their webhooks, wait until all are stored and compare; returns the exit status."""
    seed = wanted.seed if wanted.seed is not None else SystemRandom().randrange(10**6)
    random = Random(seed)  # noqa: S311 - invented data
    losses = Losses(wanted.lose, Random(f"{seed} lost"))  # noqa: S311 - likewise
    if wanted.lose:
        require_sweep(stack)
    scripts = place_calls(stack["database_url"], random, wanted.calls)
    remember(stack, scripts)
    bodies = arrange(scripts, random, wanted, losses)
    say(f"{wanted.calls} calls, {len(bodies)} webhooks (SEED={seed})")
    began = time.monotonic()
    answers = post_all(stack, bodies, wanted.rate)
    _print_answers(answers, time.monotonic() - began)
    say("  waiting until all of them are stored …")
    complaints = settle(stack, scripts, answers, losses)
    changes = call_back(stack, seed, [script.call_id for script in scripts if script.call_id is not None])
    say(f"  invented managers changed follow-ups {changes} times")
    return conclude(complaints, len(scripts), time.monotonic() - began)


def settle(
    stack: Mapping[str, Any], scripts: Sequence[CallScript], answers: Sequence[Answer], losses: Losses
) -> list[str]:
    """Wait until everything is stored, and have lost webhooks recovered; returns the remaining differences."""
    known = losses.known(scripts)
    if not losses.lost:
        return wait_until_stored(stack["database_url"], known, answers)
    return wait_until_received(stack["database_url"], answers) + bring_back(stack, known, losses)


def place_calls(
    database_url: str,
    random: Random,
    count: int,
    organization_id: str = ORGANIZATION_ID,
    **given: Any,  # noqa: ANN401 - as write_script takes it
) -> list[CallScript]:
    """Insert the rows that the application creates before calls start, and decide how the calls go."""
    # All times are in the past, as a webhook's are.
    created_at = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(minutes=15)
    scripts = []
    with connect(database_url) as connection:
        for _ in range(count):
            draft = write_script(random, None, created_at, **given)
            scripts.append(place(connection, draft, organization_id))
    return scripts


def place(
    connection: Connection,
    draft: CallScript,
    organization_id: str = ORGANIZATION_ID,
    vapi_call_id: str | None = None,
) -> CallScript:
    """Insert the rows of one call; returns the call with the id that the database gave it.

    With `vapi_call_id` the two are linked from the start; otherwise the first webhook links them.
    """
    service_record = ServiceRecord(
        customer_name=draft.customer_name,
        customer_phone=draft.customer_phone,
        vehicle=draft.vehicle,
        service=draft.service,
        appointment=draft.created_at - timedelta(days=1),
        advisor=draft.advisor,
        campaign=draft.campaign,
        organization_id=organization_id,
    )
    return replace(
        draft, call_id=insert_call(connection, insert_service_record(connection, service_record), vapi_call_id)
    )


def arrange(
    scripts: Iterable[CallScript], random: Random, wanted: PageRequest, losses: Losses | None = None
) -> list[Body]:
    """Return all webhooks in the order of sending: by the sender's time, or shuffled; duplicated if requested.

    A webhook that is lost is lost with all its duplicates.
    """
    bodies = [body for script in scripts for _, body in webhooks(script, wanted.types)]
    bodies = (losses or no_losses()).sieve(bodies)
    if wanted.duplicates:
        bodies = [body for body in bodies for _ in range(random.randint(1, _COPIES))]
    bodies.sort(key=lambda body: body["message"]["timestamp"])
    if wanted.disorder:
        random.shuffle(bodies)
    return bodies


def post_all(stack: Mapping[str, Any], bodies: Sequence[Body], rate: float | None = None) -> list[Answer]:
    """Post the bodies, signed, several at a time; returns the answers in the same order."""
    with ThreadPoolExecutor(POSTERS) as posters:
        waiting = [posters.submit(post_until_answered, stack, body) for body in _paced(bodies, rate)]
        return [answer.result() for answer in waiting]


def _paced(bodies: Sequence[Body], rate: float | None) -> Iterator[Body]:
    began = time.monotonic()
    for place, body in enumerate(bodies):
        if rate:
            time.sleep(max(0.0, began + place / rate - time.monotonic()))
        yield body


def post_until_answered(stack: Mapping[str, Any], body: Body) -> Answer:
    """Post as Vapi does with a backoffPlan, which retries after a 5xx or no answer."""
    content = encode(body)
    answer = Answer(0, "no answer")
    for attempt in range(_TRIES):
        try:
            answer = post(stack["webhook_url"], content, sign(stack["webhook_secret"], content))
        except (OSError, http.client.HTTPException) as error:
            answer = Answer(0, f"no answer: {error}")
        if 0 < answer.status < http.client.INTERNAL_SERVER_ERROR:
            break
        time.sleep(2**attempt / 2)
    return answer


def wait_until_stored(database_url: str, scripts: Sequence[CallScript], answers: Sequence[Answer]) -> list[str]:
    """Wait for every accepted webhook's receipt, then compare every call with its script; returns the differences."""
    return wait_until_received(database_url, answers) + list(compare(database_url, scripts))


def wait_until_received(database_url: str, answers: Sequence[Answer]) -> list[str]:
    """Wait for every accepted webhook's receipt; returns error messages."""
    complaints = [
        f"a webhook was answered {answer.status}: {answer.body}"
        for answer in answers
        if answer.status != http.client.OK
    ]
    event_ids = {answer.event_id for answer in answers if answer.event_id}
    missing = wait_for_receipts(database_url, sorted(event_ids))
    if missing:
        complaints.append(f"{missing} accepted webhooks are not in webhook_event after {STORED_SECONDS} s")
    return complaints


def wait_for_receipts(database_url: str, event_ids: Sequence[str], seconds: float = STORED_SECONDS) -> int:
    """Wait until accepted webhooks are in the database; returns how many are missing after the timeout."""
    deadline = time.monotonic() + seconds
    while (missing := len(event_ids) - count_receipts(database_url, event_ids)) and time.monotonic() < deadline:
        time.sleep(0.25)
    return missing


def _print_answers(answers: Sequence[Answer], seconds: float) -> None:
    counts = Counter(answer.verdict if answer.status == http.client.OK else str(answer.status) for answer in answers)
    words = ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items()))
    say(f"  posted in {seconds:.1f} s: {words}")


def conclude(complaints: Sequence[str], calls: int, seconds: float) -> int:
    """Print whether all calls are stored as they happened; returns the exit status."""
    for complaint in complaints[:20]:
        say(f"  {complaint}")
    if complaints:
        say(f"{len(complaints)} things are not as they should be")
        return 1
    say(f"All stored, all {calls} calls as they happened ({seconds:.1f} s)")
    return 0
