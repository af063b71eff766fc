"""Compare the calls in Vapi's list with what is stored of them.

Only differences that a request to Vapi can repair are reported. Data that are stored and not in the list (a score whose
output was deleted there, a later status) are no difference, because a more complete report keeps its precedence.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from autopulse.db.engine import Transaction
from autopulse.db.listed_calls import Stored, StoredCall, find_unlisted, read_stored
from autopulse.domain.status import COMPLETED, ENDED, RANKS, is_over
from autopulse.json_coercion import Json
from autopulse.reconciliation.requests import CallSummary
from autopulse.vapi.call_types import OUTBOUND, SELF_STANDING

SETTLED_AFTER: Final = timedelta(minutes=1)
"""The age from which Vapi's data are compared: a report arrives some seconds after the end of its call."""
CALL: Final = "call"
STATUS: Final = "status"
REPORT: Final = "report"
WITHOUT_ANSWERS: Final = "without answers"
WITH_ANSWERS: Final = "with answers"


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference between Vapi's data and ours about a call."""

    call_id: int | None
    vapi_call_id: str
    field: str
    """call, status, ended_reason, nps_score, report or turns."""
    here: Json
    there: Json

    def to_object(self) -> dict[str, Json]:
        """Return the JSON object for the operators' commands."""
        return {
            "call_id": self.call_id,
            "vapi_call_id": self.vapi_call_id,
            "field": self.field,
            "here": self.here,
            "there": self.there,
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """The parameters of a comparison."""

    now: datetime
    default_organization_id: str
    """The organization of calls without an owner in `vapi_number`; empty if there is none."""


def compare(transaction: Transaction, calls: Sequence[CallSummary], comparison: Comparison) -> list[Difference]:
    """All differences of these calls, with one statement. Calls that are not ours have none."""
    settled = [call for call in calls if _is_settled(call, comparison.now)]
    if not settled:
        return []
    owner_ids = {id_ for call in settled for id_ in call.owner_ids}
    stored = read_stored(transaction, [(call.vapi_call_id, call.call_id) for call in settled], owner_ids)
    return [difference for call in settled for difference in _differences(call, stored, comparison)]


def compare_whole(
    transaction: Transaction, calls: Sequence[CallSummary], since: datetime, until: datetime, comparison: Comparison
) -> list[Difference]:
    """These differences, and calls that we have and Vapi lacks; the list has all calls from `since` to `until`."""
    until = min(until, comparison.now - SETTLED_AFTER)
    unlisted = find_unlisted(transaction, [call.vapi_call_id for call in calls], since, until)
    lacking = [Difference(one.call_id, one.vapi_call_id, CALL, one.status, None) for one in unlisted]
    return [*compare(transaction, calls, comparison), *lacking]


def _is_settled(call: CallSummary, now: datetime) -> bool:
    told_at = call.ended_at or call.updated_at or call.created_at
    return told_at is None or told_at <= now - SETTLED_AFTER


def _differences(call: CallSummary, stored: Stored, comparison: Comparison) -> Iterable[Difference]:
    known = stored.calls[call.vapi_call_id]
    if call.status != ENDED and call.status not in RANKS:
        return []  # Vapi has no such call any more, or its word is unknown
    if known.call_id is not None:
        found = _of_known(call, known)
        return [Difference(known.call_id, call.vapi_call_id, *difference) for difference in found]
    if (call_id := _row_named(call, known)) is not None or _is_ours(call, stored, comparison):
        return [Difference(call_id, call.vapi_call_id, CALL, None, call.status)]
    return []


def _of_known(call: CallSummary, known: StoredCall) -> Iterator[tuple[str, Json, Json]]:
    over = known.ended or known.reported or (not known.has_attempt and is_over(known.status or ""))
    if call.status != ENDED:
        if not over and RANKS[call.status] > RANKS.get(known.status or "", 0):
            yield STATUS, known.status, call.status
        return
    if not over:
        yield STATUS, known.status, ENDED
    if call.ended_reason is not None and call.ended_reason != known.ended_reason:
        yield "ended_reason", known.ended_reason, call.ended_reason
    if call.nps_score is not None and call.nps_score != known.nps_score:
        yield "nps_score", known.nps_score, call.nps_score
    if not known.reported:
        yield REPORT, None, COMPLETED
        return
    if call.has_answers and not known.has_answers:
        yield REPORT, WITHOUT_ANSWERS, WITH_ANSWERS
    if call.has_turns and not known.has_turns:
        yield "turns", False, True


def _row_named(call: CallSummary, known: StoredCall) -> int | None:
    """The row that the record names, if our id counts for such a call (docs/call-state.md 2)."""
    return known.expected_by if call.type in {None, OUTBOUND} or known.expects_inbound else None


def _is_ours(call: CallSummary, stored: Stored, comparison: Comparison) -> bool:
    """Whether the call would get a row of its own."""
    if call.type not in SELF_STANDING and (call.type != OUTBOUND or call.created_at is None):
        return False
    if call.type == OUTBOUND and call.call_id is not None:
        return False  # the row that it names does not exist; it is another stack's
    owner = next((stored.owners[id_] for id_ in call.owner_ids if id_ in stored.owners), None)
    if owner is not None:
        return owner.organization_id is not None and not owner.ignored
    return bool(comparison.default_organization_id)
