"""The sweep: finds suspicious calls in the database, and queues requests for them to the fetcher.

It is invoked by a schedule every few minutes, and nightly with {"window": true}; with the pages of Vapi's list that the
fetcher sends; and by operators:

    {"compare": {"calls": […], "since": … or null, "until": … or null}} -> {"differences": […]}
    {"ask": {"vapi_call_ids": […], "call_ids": […]}}                    -> {"queued": n}
    {"find_vapi_ids": {"call_id": 7}}                                   -> {"vapi_call_ids": […]}

or {"error": {"reason": …, "detail": …, "retry_after": null}}. Requests are sent before their claims are committed: if
the commit fails, they are sent again later, and the second answer is a repeat.
"""

import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from autopulse.consumers import clients
from autopulse.db import listed_calls
from autopulse.db import reconciliation as db
from autopulse.db.engine import Transaction, engine
from autopulse.domain.reconciliation import WINDOW
from autopulse.errors import InvalidMessage
from autopulse.guard import guarded
from autopulse.json_coercion import Json, read_call_id, read_list, read_mapping, read_time, read_vapi_call_id
from autopulse.observability import Measurements, Metric, logger
from autopulse.reconciliation.compare import Comparison, Difference, compare, compare_whole
from autopulse.reconciliation.dead_letters import DeadLetters, Letter
from autopulse.reconciliation.request_reading import read_page, read_summaries
from autopulse.reconciliation.requests import (
    MAX_FOUND_CALLS,
    CallRequest,
    ErrorReason,
    FindRequest,
    NotFound,
    Reason,
    Request,
    WindowRequest,
    is_askable,
)
from autopulse.settings import SweepSettings, from_environ

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

ROWS: Final = 100
"""The maximum number of requests per reason of one sweep; at 700 ms between requests they take some two minutes."""
LETTERS: Final = 50
LETTERS_NIGHTLY: Final = 200
"""The maximum number of dead letters per kind that one sweep reads."""
ASKED_AT_MOST: Final = 1000
"""The maximum number of calls in one invocation by an operator."""
CLAIMS_KEPT: Final = timedelta(days=30)
"""The retention time of claims, which is longer than any schedule of requests."""
GROUP: Final = "vapi"
"""The only message group of the request queue, so that one request to Vapi runs at a time."""
BATCH: Final = 10
"""The maximum number of messages of one SQS call."""
BEFORE_IT_WAS_MADE: Final = timedelta(hours=1)
"""The maximum difference between our clocks and Vapi's."""

_NIGHT: Final = timedelta(hours=20)
DIFFERENT_PACE: Final = (_NIGHT, _NIGHT)
"""The schedule for differences: those that requests did not repair in three nights are not requested again."""
DEAD_LETTER_PACE: Final = (_NIGHT,) * 13
"""The schedule for dead letters: each night, as long as a dead letter is kept."""
MOVE_BACK: Final = "move_back"
"""The reason of the claims that limit how often a call's letters are redriven."""
MOVE_BACK_PACE: Final = (timedelta(hours=1), timedelta(days=1))

Claims = Callable[[Transaction, str, db.Lookup], list[db.Claim]]
SUSPICIONS: Final[Mapping[Reason, Claims]] = {
    Reason.NO_REPORT: db.claim_calls_without_a_report,
    Reason.NO_NEWS: db.claim_calls_without_news,
    Reason.NOT_ANSWERED: db.claim_calls_not_answered,
    Reason.NOT_STARTED: db.claim_calls_not_started,
    Reason.NO_ANALYSIS: db.claim_calls_without_answers,
}
"""Reason -> the search for suspicious calls with a Vapi id, the most urgent first."""
_MAY_BE_MISSING: Final = frozenset({Reason.NO_REPORT, Reason.NO_NEWS, Reason.NOT_ANSWERED, Reason.NOT_STARTED})
"""Reasons for which a call that Vapi repeatedly does not have is marked."""


class Services:
    """The services of one container, created on first use; tests make their own."""

    @cached_property
    def settings(self) -> SweepSettings:
        """The function's configuration; raises SettingMissing."""
        return from_environ(SweepSettings)

    @cached_property
    def sqs(self) -> "SQSClient":
        """The client of the request queue, the queues of the kinds, and their dead-letter queues."""
        return clients.sqs()

    def now(self) -> datetime:
        """The current time, with which all times are compared."""
        return datetime.now(timezone.utc)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """A transaction that is committed if nothing is raised; otherwise its connection is dropped."""
        with engine().connect() as transaction:
            try:
                yield transaction
                transaction.commit()
            except BaseException:
                transaction.invalidate()
                raise


@dataclass
class _Run:
    """The state that the steps of one invocation share."""

    services: Services
    now: datetime
    measurements: Measurements = field(default_factory=Measurements)

    @property
    def lookup(self) -> db.Lookup:
        return db.Lookup(self.now, ROWS, self.longest_call)

    @property
    def longest_call(self) -> timedelta:
        return timedelta(seconds=self.services.settings.longest_call_seconds)

    @property
    def comparison(self) -> Comparison:
        return Comparison(self.now, self.services.settings.default_organization_id)

    def send(self, requests: Sequence[Request]) -> None:
        """Queue requests in their order; each message has its own deduplication id, even if its request is repeated."""
        waiting = iter(requests)
        while chunk := list(islice(waiting, BATCH)):
            answer = self.services.sqs.send_message_batch(
                QueueUrl=self.services.settings.request_queue_url,
                Entries=[
                    {
                        "Id": str(place),
                        "MessageBody": request.to_json(),
                        "MessageGroupId": GROUP,
                        "MessageDeduplicationId": str(uuid.uuid4()),
                    }
                    for place, request in enumerate(chunk)
                ],
            )
            if answer.get("Failed"):
                raise NotQueued

    def suspect(self, reason: Reason, count: int) -> None:
        if count:
            self.measurements.count(Metric.CALL_SUSPECTED, count, reason=reason.value)
            logger().info("calls suspected", extra={"reason": reason.value, "calls": count})


class NotQueued(Exception):
    """The queue has not accepted all requests: nothing is claimed, and the next sweep repeats them."""


def handle(event: Mapping[str, Any], services: Services) -> dict[str, Any]:
    """Run a sweep, process pages, or answer an operator."""
    run = _Run(services, services.now())
    try:
        if "Records" in event:
            return _take_pages(run, event["Records"])
        for name, answer in _ANSWERS.items():
            if name in event:
                return _answered(run, answer, event[name])
        return _sweep(run, nightly=event.get("window") is True)
    finally:
        run.measurements.flush()


def handler_of(services: Services) -> Callable[[dict[str, Any], object], dict[str, Any]]:
    """Return the Lambda handler of the sweep."""

    def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
        return handle(event, services)

    return guarded(handler)


# Sweeps by the schedule


def _sweep(run: _Run, *, nightly: bool) -> dict[str, Any]:
    if not run.services.settings.is_on:
        return {"reconcile": "off"}
    counts = {reason.value: _suspect(run, reason, claim) for reason, claim in SUSPICIONS.items()}
    counts[Reason.NOT_LINKED.value] = _look_for_unlinked(run)
    counts |= _look_through_dead_letters(run, nightly=nightly)
    if nightly:
        with run.services.transaction() as transaction:
            db.forget_old_claims(transaction, run.now, CLAIMS_KEPT)
        run.send([WindowRequest(run.now - WINDOW, f"{run.now:%Y-%m-%dT%H:%M}")])
    logger().info("swept", extra={"nightly": nightly, **counts})
    return counts


def _suspect(run: _Run, reason: Reason, claim: Claims) -> int:
    with run.services.transaction() as transaction:
        claims = [one for one in claim(transaction, reason.value, run.lookup) if is_askable(one.vapi_call_id)]
        last = reason in _MAY_BE_MISSING and any(one.is_last for one in claims)
        known = db.find_call_known_to_vapi(transaction, run.now) if last else None
        run.send([_request(one, reason, known) for one in claims])
    run.suspect(reason, len(claims))
    return len(claims)


def _request(claim: db.Claim, reason: Reason, known_vapi_call_id: str | None = None) -> CallRequest:
    last = claim.is_last and reason in _MAY_BE_MISSING
    return CallRequest(
        vapi_call_id=claim.vapi_call_id,
        call_id=claim.call_id if claim.call_id != db.NO_CALL else None,
        reason=reason,
        tries=claim.tries - 1,
        last=last,
        known_vapi_call_id=known_vapi_call_id if last else None,
        ends_by=claim.ends_by,
    )


def _look_for_unlinked(run: _Run) -> int:
    lookup = db.Lookup(run.now, MAX_FOUND_CALLS, run.longest_call)
    with run.services.transaction() as transaction:
        unlinked = db.claim_calls_not_linked(transaction, Reason.NOT_LINKED.value, lookup)
        if unlinked is None:
            return 0
        run.send([FindRequest(unlinked.call_ids, unlinked.since - BEFORE_IT_WAS_MADE)])
    run.suspect(Reason.NOT_LINKED, len(unlinked.call_ids))
    return len(unlinked.call_ids)


# Dead letters


def _look_through_dead_letters(run: _Run, *, nightly: bool) -> dict[str, int]:
    """Redrive the dead letters whose calls are known now; nightly, request the other calls."""
    letters = DeadLetters(run.services.sqs, run.services.settings.queue_urls.values())
    found = letters.read(LETTERS_NIGHTLY if nightly else LETTERS)
    left = found
    try:
        known = _known(run, found)
        moved = _move_back(run, letters, known)
        left = [letter for letter in found if letter not in moved]
        asked = _ask_for_unknown(run, [letter for letter in left if letter not in known]) if nightly else 0
    finally:
        letters.let_go(left)
    return {"moved_back": len(moved), Reason.DEAD_LETTER.value: asked}


def _known(run: _Run, letters: Sequence[Letter]) -> list[Letter]:
    """The letters whose call has a row: the row that they name, else the one that Vapi's call is linked to."""
    if not letters:
        return []
    call_ids = {letter.call_id for letter in letters if letter.call_id is not None}
    vapi_call_ids = {letter.vapi_call_id for letter in letters if letter.vapi_call_id is not None}
    with run.services.transaction() as transaction:
        rows = listed_calls.find_rows(transaction, call_ids)
        linked = listed_calls.find_vapi_ids(transaction, (), vapi_call_ids, run.longest_call)
    known = {one.vapi_call_id for one in linked}
    return [one for one in letters if (one.vapi_call_id in known if one.call_id is None else one.call_id in rows)]


def _move_back(run: _Run, letters: DeadLetters, known: Sequence[Letter]) -> list[Letter]:
    calls = {_key(letter) for letter in known}
    with run.services.transaction() as transaction:
        claims = db.claim_named_calls(transaction, MOVE_BACK, calls, MOVE_BACK_PACE, run.now)
    claimed = {(claim.call_id, claim.vapi_call_id) for claim in claims}
    moved = [letter for letter in known if _key(letter) in claimed]
    for letter in moved:
        letters.move_back(letter)
    return moved


def _ask_for_unknown(run: _Run, unknown: Sequence[Letter]) -> int:
    calls = {(db.NO_CALL, id_) for letter in unknown if (id_ := letter.vapi_call_id) is not None and is_askable(id_)}
    return _ask_for(run, Reason.DEAD_LETTER, calls, DEAD_LETTER_PACE)


def _key(letter: Letter) -> tuple[int, str]:
    return letter.call_id or db.NO_CALL, letter.vapi_call_id or db.NO_ID


def _ask_for(run: _Run, reason: Reason, calls: Collection[tuple[int, str]], pace: Sequence[timedelta]) -> int:
    with run.services.transaction() as transaction:
        claims = db.claim_named_calls(transaction, reason.value, calls, pace, run.now)
        run.send([_request(claim, reason) for claim in claims])
    run.suspect(reason, len(claims))
    return len(claims)


# Pages of Vapi's list


def _take_pages(run: _Run, records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Compare the pages of an SQS event, usually one; any error is raised, and then all pages are delivered again."""
    for record in records:
        _take_page(run, record["body"])
    return {"batchItemFailures": []}


def _take_page(run: _Run, body: str) -> None:
    if not run.services.settings.is_on:
        return
    page = read_page(body)
    with run.services.transaction() as transaction:
        differences = compare(transaction, page.calls, run.comparison)
    calls = {(one.call_id or db.NO_CALL, one.vapi_call_id) for one in differences if is_askable(one.vapi_call_id)}
    asked = _ask_for(run, Reason.DIFFERENT, calls, DIFFERENT_PACE)
    facts = {"walk": page.walk, "calls": len(page.calls), "different": len(calls), "asked": asked}
    logger().info("page compared", extra=facts)


# Questions of operators


def _answered(run: _Run, answer: Callable[[_Run, Mapping[str, Json]], dict[str, Json]], given: Json) -> dict[str, Json]:
    try:
        return answer(run, read_mapping(given))
    except InvalidMessage as error:
        return NotFound(ErrorReason.UNREADABLE, error.detail).to_object()


def _compare(run: _Run, given: Mapping[str, Json]) -> dict[str, Json]:
    calls = read_summaries(given.get("calls"))
    since, until = read_time(given.get("since")), read_time(given.get("until"))
    with run.services.transaction() as transaction:
        if since is None and until is None:
            differences: list[Difference] = compare(transaction, calls, run.comparison)
        else:
            window = since or run.now - WINDOW, until or run.now
            differences = compare_whole(transaction, calls, *window, run.comparison)
    return {"differences": [difference.to_object() for difference in differences]}


def _ask(run: _Run, given: Mapping[str, Json]) -> dict[str, Json]:
    """Request calls by either id, whatever was requested before; Vapi's list is searched for missing Vapi ids."""
    if not run.services.settings.is_on:
        return NotFound(ErrorReason.NOT_CONFIGURED, "reconciliation is switched off").to_object()
    vapi_call_ids = _ids(given.get("vapi_call_ids"), read_vapi_call_id, "vapi_call_ids")
    call_ids = _ids(given.get("call_ids"), read_call_id, "call_ids")
    with run.services.transaction() as transaction:
        linked = listed_calls.find_vapi_ids(transaction, call_ids, vapi_call_ids, run.longest_call)
        rows = listed_calls.find_rows(transaction, call_ids)
    known = {one.vapi_call_id: one for one in linked}
    requests: list[Request] = [
        CallRequest(id_, one.call_id if one else None, Reason.ASKED, ends_by=one.ends_by if one else None)
        for id_ in dict.fromkeys([*vapi_call_ids, *known])
        for one in [known.get(id_)]
        if is_askable(id_)
    ]
    unlinked = rows - {one.call_id for one in linked}
    if unlinked:
        requests.append(FindRequest(tuple(sorted(unlinked)), run.now - WINDOW))
    run.send(requests)
    run.suspect(Reason.ASKED, len(requests))
    return {"queued": len(requests)}


def _find_vapi_ids(run: _Run, given: Mapping[str, Json]) -> dict[str, Json]:
    (call_id,) = _ids([given.get("call_id")], read_call_id, "call_id")
    with run.services.transaction() as transaction:
        linked = listed_calls.find_vapi_ids(transaction, [call_id], (), run.longest_call)
    return {"vapi_call_ids": [one.vapi_call_id for one in linked]}


def _ids(value: Json, read: Callable[[Json], Any], name: str) -> list[Any]:
    ids = [read(item) for item in read_list(value)]
    if None in ids or len(ids) > ASKED_AT_MOST or (value is not None and not isinstance(value, list)):
        raise InvalidMessage(f"cannot read the question: {name}")
    return ids


_ANSWERS: Final[Mapping[str, Callable[[_Run, Mapping[str, Json]], dict[str, Json]]]] = {
    "compare": _compare,
    "ask": _ask,
    "find_vapi_ids": _find_vapi_ids,
}
