"""Execute an erasure: each call's rows in one transaction, then its recording, then its deletion at Vapi.

The state of each item is stored, so an interrupted run is continued, and a repeated one does no harm.
"""

import time
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

from autopulse.db import erasure as rows
from autopulse.db import erasure_requests as requests
from autopulse.db.engine import Transaction
from autopulse.db.erasure_requests import Item, Request
from autopulse.domain.erasure import ASKED, CALL, DONE, FAILED, VAPI_CALL, VISIT
from autopulse.erasures.messages import Copied, Message, Outcome, Told, Work
from autopulse.erasures.services import Services
from autopulse.erasures.wanted import Wanted
from autopulse.errors import Problem, Transient
from autopulse.observability import Measurements, Metric, loggable_id, logger
from autopulse.reconciliation.requests import is_askable

OPERATOR: Final = "operator"
VAPI: Final = "vapi"
ITEMS: Final = 50
"""The maximum number of remaining items that one query reads."""
COUNTED_CALLS: Final = 100
"""The maximum number of calls whose rows a dry run counts."""
LOOK_AGAIN_SECONDS: Final = 90
"""Longer than a consumer may take that started before the tombstone was written."""
RESERVE_SECONDS: Final = 20
"""The part of the function's time that is reserved: the longest time that one item may take."""
TOMBSTONES: Final = 200
"""The number of tombstones in one page of an export; so many calls are erased again within the function's time."""
LEFT: Final = "recordings-left"
PAYLOADS_LEFT: Final = "payloads-left"


def start(services: Services, wanted: Wanted, organization_id: str | None, requested_by: str) -> str:
    """Store a request to erase, and queue it; returns the erasure's id. Raises Problem or Transient.

    `organization_id` restricts it; None is for an operator, who may also erase a Vapi call that has no row.
    """
    erasure_id = str(uuid.uuid4())
    keep(services, Request(erasure_id, organization_id, wanted.scope, requested_by, wanted.is_dry_run), wanted)
    if not wanted.is_dry_run:
        services.queue(Work(erasure_id))
    logger().info("erasure requested", extra={"erasure_id": erasure_id, "scope": wanted.scope})
    return erasure_id


def keep(services: Services, request: Request, wanted: Wanted) -> None:
    """Find the affected rows, and store them with the request."""
    pseudonyms = services.pseudonyms

    def work(transaction: Transaction) -> bool:
        found = _find(transaction, request.organization, wanted)
        if request.organization is not None and not found.calls and wanted.scope != "phone":
            raise Problem(404, "There is no such call.", field=wanted.scope)
        items = [Item(CALL, str(id_)) for id_ in found.calls] + [Item(VISIT, str(id_)) for id_ in found.visits]
        if request.is_dry_run:
            items = [_counted(transaction, item) for item in items[:COUNTED_CALLS]] + items[COUNTED_CALLS:]
        is_unknown = wanted.scope == "vapi_call_id" and not found.calls
        if is_unknown:
            name = pseudonyms.of_vapi_call(wanted.value)
            items.append(Item(VAPI_CALL, name if request.is_dry_run else wanted.value))
        requests.request_erasure(transaction, request, items)
        if is_unknown and not request.is_dry_run:
            rows.bury(transaction, pseudonyms, None, [wanted.value])
        return is_unknown

    if services.transact(work) and not request.is_dry_run:
        services.queue(Work(request.id, wanted.value), LOOK_AGAIN_SECONDS)


def _find(transaction: Transaction, organization_id: str | None, wanted: Wanted) -> rows.Found:
    if wanted.scope == "call_id":
        return rows.find_call(transaction, organization_id, int(wanted.value))
    if wanted.scope == "vapi_call_id":
        return rows.find_vapi_call(transaction, organization_id, wanted.value)
    return rows.find_number(transaction, organization_id, wanted.digits)


def _counted(transaction: Transaction, item: Item) -> Item:
    return item._replace(counts=rows.count_call(transaction, int(item.item))) if item.kind == CALL else item


def take(services: Services, message: Message, deadline: float, measurements: Measurements) -> bool:
    """Process a message; returns whether all its work is done. Raises Transient.

    After `deadline` (of time.monotonic()) no further item is started.
    """
    if isinstance(message, Told):
        _note_told(services, message, measurements)
        return True
    if isinstance(message, Copied):
        _erase_late_copy(services, message.vapi_call_id, measurements)
        return True
    if message.look_again is not None:
        _look_again(services, message.erasure_id, message.look_again)
    return _go_on(services, message.erasure_id, deadline, measurements)


def _go_on(services: Services, erasure_id: str, deadline: float, measurements: Measurements) -> bool:
    failed: set[Item] = set()
    while True:
        items = services.transact(lambda transaction: requests.waiting_items(transaction, erasure_id, ITEMS))
        left = [item for item in items if item not in failed]
        if not left:
            break
        for item in left:
            if time.monotonic() > deadline:
                return False
            if not _erase(services, erasure_id, item, measurements):
                failed.add(item)
    state = services.transact(lambda transaction: requests.finish(transaction, erasure_id))
    logger().info("erasure", extra={"erasure_id": erasure_id, "state": state, "left": len(failed)})
    if failed:
        raise Transient(LEFT)
    return True


def _erase(services: Services, erasure_id: str, item: Item, measurements: Measurements) -> bool:
    if item.kind == CALL:
        _erase_call(services, erasure_id, item, measurements)
        return True
    if item.kind == VISIT:
        services.transact(lambda transaction: _erase_visit(transaction, erasure_id, item))
        return True
    return _erase_elsewhere(services, erasure_id, item, measurements)


def _erase_call(services: Services, erasure_id: str, item: Item, measurements: Measurements) -> None:
    def work(transaction: Transaction) -> bool:
        erased = rows.erase_call(transaction, int(item.item), services.pseudonyms)
        linked = erased.vapi_call_ids if erased else ()
        # One of each, if the application has written the id of a call in capitals.
        by_name = {services.pseudonyms.of_vapi_call(id_): id_ for id_ in linked}
        items = [Item(VAPI_CALL, id_, pseudonym=name) for name, id_ in by_name.items()]
        requests.add_items(transaction, erasure_id, items)
        requests.settle_item(transaction, erasure_id, item, DONE, erased.rows if erased else {})
        return erased is not None

    if services.transact(work):
        measurements.count(Metric.CALL_ERASED)
    logger().info("call erased", extra={"erasure_id": erasure_id, "call_id": int(item.item)})


def _erase_visit(transaction: Transaction, erasure_id: str, item: Item) -> None:
    is_there = rows.erase_visit(transaction, int(item.item))
    requests.settle_item(transaction, erasure_id, item, DONE, {"service_record": int(is_there)})


def _erase_elsewhere(services: Services, erasure_id: str, item: Item, measurements: Measurements) -> bool:
    """Delete a Vapi call's recording and payloads, and request the call's deletion; returns whether that worked."""
    versions, payloads = services.erase_recording(item.item), services.erase_payloads(item.item)
    for left, reason in ((versions is None, LEFT), (payloads is None, PAYLOADS_LEFT)):
        if left:
            measurements.count(Metric.ERASURE_FAILED, reason=reason)
    if versions is None or payloads is None:
        return False
    counts: dict[str, Any] = {"recordings": versions, "payloads": payloads}
    if services.settings.asks_vapi and is_askable(item.item):
        services.ask_vapi(item.item)
        _settle(services, erasure_id, item, ASKED, counts)
    else:
        name = services.pseudonyms.of_vapi_call(item.item)
        _settle(services, erasure_id, item, DONE, counts | {"vapi": "not-asked"}, name)
    return True


def _settle(  # noqa: PLR0913, PLR0917 - an item has this many values
    services: Services, erasure_id: str, item: Item, state: str, counts: Mapping[str, Any], name: str = ""
) -> None:
    services.transact(lambda transaction: requests.settle_item(transaction, erasure_id, item, state, counts, name))


def _note_told(services: Services, told: Told, measurements: Measurements) -> None:
    """Store Vapi's result; a call that Vapi deleted by itself is erased here too, if the stack is configured so."""
    pseudonym = services.pseudonyms.of_vapi_call(told.vapi_call_id)
    state = FAILED if told.outcome is Outcome.FAILED else DONE
    counts = {"vapi": told.outcome.value, "reason": told.reason}
    if state == FAILED:
        measurements.count(Metric.ERASURE_FAILED, reason=VAPI)
        said = {"vapi_call_id": loggable_id(told.vapi_call_id), "reason": told.reason}
        logger().error("Vapi has not deleted a call", extra=said)

    def work(transaction: Transaction) -> list[str]:
        ids = requests.tell_of_vapi_call(transaction, told.vapi_call_id, pseudonym, state, counts)
        for erasure_id in ids:
            requests.finish(transaction, erasure_id)
        return ids

    known = services.transact(work)
    if not known and told.outcome is Outcome.DELETED and services.settings.erases_what_vapi_deletes:
        wanted = Wanted("vapi_call_id", told.vapi_call_id)
        request = Request(str(uuid.uuid5(uuid.NAMESPACE_OID, pseudonym)), None, wanted.scope, VAPI)
        keep(services, request, wanted)
        services.queue(Work(request.id))


def _erase_late_copy(services: Services, vapi_call_id: str, measurements: Measurements) -> None:
    if services.erase_recording(vapi_call_id) is None:
        measurements.count(Metric.ERASURE_FAILED, reason=LEFT)
        raise Transient(LEFT)


def _look_again(services: Services, erasure_id: str, vapi_call_id: str) -> None:
    def work(transaction: Transaction) -> None:
        found = rows.find_vapi_call(transaction, None, vapi_call_id)
        requests.add_items(transaction, erasure_id, [Item(CALL, str(id_)) for id_ in found.calls])

    services.transact(work)


def export(services: Services, after: str) -> dict[str, Any]:
    """A page of the tombstones, for a restored database: {tombstones, visits (in the first page only), after}."""
    found = services.transact(lambda transaction: requests.read_tombstones(transaction, after, TOMBSTONES))
    visits = {} if after else services.transact(requests.erased_visits)
    return {
        "tombstones": found,
        "visits": [[id_, erased_at.isoformat()] for id_, erased_at in visits.items()],
        "after": found[-1][0] if len(found) == TOMBSTONES else None,
    }


def replay(
    services: Services, tombstones: Sequence[tuple[str, int | None, str]], visits: Sequence[tuple[int, str]]
) -> dict[str, int]:
    """Erase again, in a database that was restored, what `export` gave of the one before.

    What was erased in it already is left alone: the application may have given it a number since.
    """
    call_ids = services.transact(lambda transaction: rows.bury_early(transaction, tombstones))
    for call_id in call_ids:
        services.transact(partial(rows.erase_call, call_id=call_id, pseudonyms=services.pseudonyms))
    services.transact(lambda transaction: rows.bury_again(transaction, tombstones))
    known = services.transact(requests.erased_visits) if visits else {}
    wanted = [id_ for id_, at in visits if id_ not in known or known[id_] < datetime.fromisoformat(at)]
    for visit in wanted:
        services.transact(partial(rows.erase_visit, service_record_id=visit))
    logger().info("erased again", extra={"calls": len(call_ids), "visits": len(wanted)})
    return {"calls": len(call_ids), "visits": len(wanted)}


def queue_unfinished(services: Services) -> int:
    """Queue unfinished erasures again, because messages may have been lost; returns their number."""
    unfinished = services.transact(requests.unfinished)
    for erasure_id in unfinished:
        services.queue(Work(erasure_id))
    return len(unfinished)
