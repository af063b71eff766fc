"""Show the Vapi calls that a row is linked to, and remove a wrong link; invoked by `make unlink`.

    {"call_id": 7}                                               -> {"links": […]}
    {"call_id": 7, "vapi_call_id": "…", "unlink": true}          -> {"links": […], "removed": {…}}

or {"error": …}. The data of the Vapi call are deleted: its attempt, turns, incidents, the copy of its recording, and
the row's id in its receipts. The row, its feedback and its service record are computed again from the other attempts
(docs/call-state.md 2). Of a call, only ids are returned and logged.
"""

from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from autopulse.db.calls import CallRow, LockedCall, lock_calls, save_calls
from autopulse.db.engine import Transaction, engine
from autopulse.db.feedback import follow_reports, replace_feedback
from autopulse.db.follow_ups import follow_shown
from autopulse.db.links import Link, Removed, find_links, remove_link
from autopulse.db.receipts import record_receipts
from autopulse.db.recordings import find_object_key
from autopulse.db.words import follow_words
from autopulse.domain.attempts import NO_ORIGINAL, Original, Shown, columns_of, shown_of, taken_back
from autopulse.domain.facts import NOTHING, Facts
from autopulse.domain.follow_ups import wish_of
from autopulse.json_coercion import read_call_id, read_vapi_call_id
from autopulse.observability import loggable_id, logger
from autopulse.recordings.erasure import erase_copy
from autopulse.settings import follow_up_rules
from autopulse.vapi.call_types import WEB
from autopulse.vapi.ended_reasons import family_of

PASSES: Final = 3
"""A batch that waited for the row's lock may have written the attempt again."""

Answer = dict[str, Any]


class _Impossible(Exception):
    """The request is impossible; the text says why."""


def handler(event: dict[str, Any], _context: object = None) -> Answer:
    """Answer `make unlink`."""
    call_id = read_call_id(event.get("call_id"))
    vapi_call_id = read_vapi_call_id(event.get("vapi_call_id"))
    asked = {"call_id": call_id, "vapi_call_id": loggable_id(vapi_call_id)}
    if call_id is None:
        return {"error": "call_id is no id of a call"}
    if event.get("unlink") is not True:
        return _answer(call_id)
    if vapi_call_id is None:
        return {"error": "vapi_call_id is no id of a call of Vapi's"}
    try:
        removed = _unlink(call_id, vapi_call_id)
        answer = _answer(call_id) | {"removed": asdict(removed)}
    except _Impossible as problem:
        logger().warning("Link not taken back", extra=asked | {"reason": str(problem)})
        return {"error": str(problem)}
    logger().info("Link taken back", extra=asked | asdict(removed))
    return answer


def _answer(call_id: int) -> Answer:
    with engine().connect() as transaction:
        links = find_links(transaction, call_id)
    shown = [loggable_id(link.vapi_call_id) for link in links]
    logger().info("Links shown", extra={"call_id": call_id, "vapi_call_ids": shown})
    return {"links": [_as_json(link) for link in links]}


def _as_json(link: Link) -> Answer:
    return {
        name: value.isoformat(timespec="seconds") if isinstance(value, datetime) else value
        for name, value in asdict(link).items()
    }


def _unlink(call_id: int, vapi_call_id: str) -> Removed:
    removed = _remove(call_id, vapi_call_id)
    for _ in range(PASSES - 1):
        with engine().connect() as transaction:
            lock_calls(transaction, [call_id], [], [], reports=True)  # after any transaction that waited for the lock
            again = any(link.vapi_call_id == vapi_call_id for link in find_links(transaction, call_id))
        if not again:
            return removed
        _remove(call_id, vapi_call_id)
    return removed


def _remove(call_id: int, vapi_call_id: str) -> Removed:
    with engine().begin() as transaction:
        locked = lock_calls(transaction, [call_id], [], [], reports=True)
        if not locked.calls:
            raise _Impossible(f"there is no call {call_id}")
        (row,) = locked.calls
        links = {link.vapi_call_id: link for link in find_links(transaction, call_id)}
        if vapi_call_id not in links:
            raise _Impossible(f"call {call_id} is not linked to {vapi_call_id}")
        if links[vapi_call_id].made_call:
            raise _Impossible(f"call {call_id} was made for {vapi_call_id}, and is no call of the application's")
        known = record_receipts(transaction, [], [call_id], [])
        facts = {id_: attempt.facts for id_, attempt in known.attempts.get(call_id, {}).items()}
        removed = facts.pop(vapi_call_id, NOTHING)
        copy = find_object_key(transaction, call_id, vapi_call_id)
        rows = remove_link(transaction, call_id, vapi_call_id, alone=not facts)
        _show_what_is_left(transaction, row, removed, facts, known.origins.get(call_id, NO_ORIGINAL))
    if copy is not None:
        erase_copy(copy)
    return rows


def _show_what_is_left(
    transaction: Transaction, row: LockedCall, removed: Facts, left: dict[str, Facts], original: Original
) -> None:
    shown = _shown(row, removed, left, original)
    web = shown.attempt is not None and left[shown.attempt].identity.call_type in WEB
    columns = CallRow(
        row.id, shown.vapi_call_id, row.organization_id, row.customer_number, row.direction, web, shown.columns
    )
    save_calls(transaction, [], [columns], {}, [])
    if removed.report or shown.feedback_given:
        replace_feedback(transaction, [(row.id, shown.feedback)])
    if row.service_record_id is not None:
        follow_reports(transaction, [row.service_record_id])
    follow_shown(transaction, [wish_of(row.id, shown, left, follow_up_rules())])
    if removed.report or any(facts.report for facts in left.values()):
        follow_words(transaction, [row.id])


def _shown(row: LockedCall, removed: Facts, left: dict[str, Facts], original: Original) -> Shown:
    current = taken_back(removed, original, row.columns)
    if left:
        columns = {id_: columns_of(facts, family_of) for id_, facts in left.items()}
        return shown_of(left, columns, original, current)
    return Shown(
        None, original.columns if original.finished else current, original.feedback, feedback_given=original.finished
    )
