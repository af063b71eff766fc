"""The SQL statements of consumers and sweeps, each sort of message and request sent at least once."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, Final
from uuid import UUID, uuid4

from pg8000.dbapi import convert_paramstyle

from autopulse.db import (
    alerts,
    callers,
    erasure,
    follow_up_changes,
    listed_calls,
    reconciliation,
    retention,
    saved_views,
    suppressions,
)
from autopulse.db import erasure_requests as requests
from autopulse.db.calls import read_owners
from autopulse.db.engine import Database, engine
from autopulse.db.prepared import PreparingConnection
from autopulse.db.receipts import count_repeats
from autopulse.domain.scope import NO_USER, Scope
from autopulse.vapi.envelope import envelope_from
from autopulse.vapi.routes import INTERNAL, RECORDING
from tests.harness import PSEUDONYMS
from tests.integration.bodies import (
    conversation,
    fragment,
    inbound,
    message,
    ours_alone,
    outbound,
    report,
    status,
    turn,
)
from tests.integration.pipeline import ORGANIZATION, RECEIVED_AT, Pipeline

MADE: Final = "0197f9d4-bbbb-4000-8000-000000000001"
"""A call that messages make a row for, and the application's row that later replaces it."""


def noting(execute: Callable[..., Any], said: set[str]) -> Callable[..., Any]:
    """A replacement of `execute_prepared` that adds each statement to `said`, with $1 for its first parameter."""

    def note(self: PreparingConnection, operation: str, args: Sequence[Any], oids: tuple[int, ...]) -> Any:  # noqa: ANN401 - pg8000's
        said.add(convert_paramstyle("format", operation, args)[0])
        return execute(self, operation, args, oids)

    return note


def let_consumers_speak(pipeline: Pipeline) -> None:
    """Send a message of each sort, so that each statement is executed."""
    pipeline.database.run(
        "INSERT INTO vapi_number (id, organization_id) VALUES ('phone-number-1', :id)", id=ORGANIZATION
    )
    call, folded = outbound(pipeline.make_call(service_record_id=pipeline.make_service_record())), pipeline.make_call()
    turns = [turn("bot", "Hello.", 1), turn("user", "Yes.", 2)]
    pipeline.send_each(
        status("in-progress", inbound(MADE), 1),
        conversation(call, 10, *turns),
        fragment(outbound(pipeline.make_call(), "0197f9d4-cccc-4000-8000-000000000001"), 10, "user", "Yes"),
        message("hang", call, 40),
        report(call),
        report(call, 140, analysis={"structuredData": {"nps_score": 3}}),
        fragment(ours_alone(folded), 0, "user", "Hello?"),
        conversation(ours_alone(folded), 11, *turns),
        conversation(outbound(folded, "0197f9d4-dddd-4000-8000-000000000001"), 12, turn("user", "Yes.", 4)),
        status("ended", outbound(pipeline.make_call(), MADE), 50),
    )
    recording = {"type": RECORDING, "call": {"id": MADE}, "state": "missing"}
    assert (
        pipeline.deliver(INTERNAL[RECORDING], [envelope_from(INTERNAL[RECORDING], recording, RECEIVED_AT).to_json()])
        == []
    )
    with engine().connect() as transaction:
        read_owners(transaction, ["phone-number-1"])  # executed only by a batch that had to wait for another one
        count_repeats(transaction, {"gone": 1})  # executed only for a record whose object is gone


def let_sweeps_speak() -> None:
    """Run all searches of the sweep, and a comparison."""
    now, day = datetime.now(timezone.utc), timedelta(days=1)
    lookup = reconciliation.Lookup(now, 100, day)
    with engine().connect() as transaction:
        for claim in (
            reconciliation.claim_calls_without_a_report,
            reconciliation.claim_calls_without_news,
            reconciliation.claim_calls_not_answered,
            reconciliation.claim_calls_not_started,
            reconciliation.claim_calls_without_answers,
            reconciliation.claim_calls_not_linked,
        ):
            claim(transaction, "reason", lookup)
        reconciliation.claim_named_calls(transaction, "reason", [(1, MADE)], [day], now)
        reconciliation.find_call_known_to_vapi(transaction, now)
        reconciliation.forget_old_claims(transaction, now, day)
        listed_calls.read_stored(transaction, [(MADE, 1)], ["phone-number-1"])
        listed_calls.find_unlisted(transaction, [MADE], now - day, now)
        listed_calls.find_vapi_ids(transaction, [1], [MADE], day)
        listed_calls.find_rows(transaction, [1])


def let_alerts_speak(pipeline: Pipeline) -> None:
    """Claim an alert, take it, and record its result."""
    (found,) = pipeline.rows("SELECT max(id) AS id FROM follow_up")
    plan = alerts.Plan(("webhook",), False, ("webhook",), timedelta(minutes=30), 5)
    with engine().begin() as transaction:
        alerts.claim(transaction, [(found["id"], "opened")], plan)
        alerts.take_due(transaction, plan)
        alerts.settle(transaction, [alerts.Settled(found["id"], "opened", "webhook", 1, "slow", False, 30)], plan)


def let_erasures_speak(pipeline: Pipeline, database: Database) -> None:
    """Request erasures in each way, do them, process Vapi's answers, and read the report."""
    call_id = pipeline.make_call(service_record_id=pipeline.make_service_record())
    pipeline.make_call(customer_number="+13035550102", service_record_id=_visit_of_somebody_else(pipeline))
    ask = requests.Request(str(uuid4()), ORGANIZATION, "phone", "kim")
    call, asked = requests.Item("call", str(call_id)), requests.Item("vapi_call", MADE)
    with database.begin() as transaction:
        erasure.find_call(transaction, ORGANIZATION, call_id)
        erasure.find_vapi_call(transaction, ORGANIZATION, MADE)
        visits = erasure.find_number(transaction, ORGANIZATION, ["12025550101"]).visits
        erasure.count_call(transaction, call_id)
        requests.request_erasure(transaction, ask, [call, asked])
        requests.request_erasure(transaction, requests.Request(str(uuid4()), None, "phone", "kim", is_dry_run=True), [])
        assert requests.waiting_items(transaction, ask.id, 10)
        assert erasure.erase_call(transaction, call_id, PSEUDONYMS) is not None
        erasure.erase_visit(transaction, visits[0])
        requests.settle_item(transaction, ask.id, call, "done", {"call": 1})
        requests.tell_of_vapi_call(transaction, MADE, PSEUDONYMS.of_vapi_call(MADE), "done", {"vapi": "gone"})
        requests.finish(transaction, ask.id)
        assert requests.read_erasure(transaction, ask.id, ORGANIZATION) is not None
        requests.unfinished(transaction)
        tombstones = requests.read_tombstones(transaction, "", 10)
        assert erasure.bury_early(transaction, tombstones) == []
        erasure.bury_again(transaction, tombstones)
        requests.erased_visits(transaction)
        for kind in (retention.WORDS, retention.PERSON):
            for organization in retention.list_organizations(transaction):
                retention.count_older(transaction, kind, organization, datetime.now(timezone.utc))
                assert retention.empty_next(transaction, kind, organization, datetime.now(timezone.utc), 10).emptied


def _visit_of_somebody_else(pipeline: Pipeline) -> int:
    return pipeline.make_service_record(customer_phone="+13035550102")


def let_writers_speak(pipeline: Pipeline) -> None:
    """Open a follow-up, change it, and find overdue ones; save a view twice, and remove it."""
    call_id = pipeline.make_call(service_record_id=pipeline.make_service_record())
    who, scope = {"subject": "kim", "name": "Kim Example"}, Scope(ORGANIZATION)
    with engine().begin() as transaction:
        made = follow_up_changes.open_follow_up(transaction, scope, who | {"call_id": call_id, "note": "Call"})
        assert made is not None
        assert follow_up_changes.lock_follow_up(transaction, scope, NO_USER, made["id"]) is not None
        assert follow_up_changes.find_follow_up_of(transaction, scope, call_id) is not None
        assert follow_up_changes.has_call(transaction, scope, call_id)
        follow_up_changes.find_user_name(transaction, ORGANIZATION, 1)
        moves = {
            f"is_{move}": move == "reopened" for move in ("answered", "acknowledged", "opened", "closed", "reopened")
        }
        fields = {"state": "open", "assignee_id": None, "assignee_name": None, "cause": "wait", "note": "Called"}
        entry = {"id": made["id"], "from_state": "dismissed", "changes": "{}", "said": None}
        follow_up_changes.change_follow_up(transaction, who | moves | fields | entry)
        follow_up_changes.mark_overdue(transaction)
        follow_up_changes.count_unanswered(transaction)
        own = {"organization": ORGANIZATION, "subject": "kim"}
        for address in ("?view=calls", "?view=feedback"):
            assert saved_views.save_view(transaction, own, "Mine", address) is not None
        assert saved_views.list_views(transaction, own)
        assert saved_views.remove_view(transaction, own, "Mine")


def let_callers_speak(pipeline: Pipeline) -> None:
    """Answer a caller, one whose row exists, and a campaign; suppress a number and take it back."""
    visit = pipeline.make_service_record()
    pipeline.make_call(service_record_id=visit)
    defaults = callers.Defaults(ORGANIZATION, "assistant-1")
    call = callers.InboundCall("phone-number-of-nobody", "call-of-a-caller", "+12025550101")
    one = suppressions.Suppression(ORGANIZATION, "a" * 64, "asked", "operator")
    with engine().begin() as transaction:
        for _ in range(2):
            assert callers.answer_caller(transaction, call, defaults) is not None
        callers.find_transfer_number(transaction, "phone-number-of-nobody")
        callers.find_owner(transaction, ["phone-number-of-nobody"], ORGANIZATION)
        assert suppressions.add_suppressions(transaction, [one]) == 1
        checked = [suppressions.Checked("+12025550101", one.pseudonym, 1)]
        assert suppressions.check_numbers(transaction, ORGANIZATION, checked, 90)[0]["reason"] == "asked"
        assert suppressions.remove_suppression(transaction, ORGANIZATION, one.pseudonym)
        suppressions.find_organizations(transaction, UUID(ORGANIZATION))
