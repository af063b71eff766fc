"""A wrong link is shown and taken back, and the row is as if it had never been (docs/call-state.md 2)."""

import json
from typing import Any, Final

import pytest

from autopulse.operations import unlink
from tests.integration.bodies import (
    ANALYSED,
    Body,
    conversation,
    final_transcript,
    inbound,
    message,
    outbound,
    report,
    status,
    turn,
)
from tests.integration.orders import FIRST_CALL
from tests.integration.pipeline import Pipeline

WRONG, RIGHT = "0197f9d4-0000-4000-8000-00000000dead", "0197f9d4-0000-4000-8000-00000000600d"
SERVICE_RECORD: Final = {"status": "Scheduled", "feedback": "An advisor's note", "rating": 5}
WRITTEN: Final[dict[str, dict[str, Any]]] = {
    "ready": {},
    "prepared": {"status": "Scheduled", "call_reason": "Follow-up"},
    "finished": {
        "status": "Completed",
        "nps_score": 7,
        "feedback_summary": "As an advisor wrote it.",
        "duration_sec": 90,
    },
    "missed": {"status": "Missed"},
}
"""What the application had written on a row."""


def all_of(call_id: int, vapi_call_id: str, score: int = 0, begin: float = 0) -> list[Body]:
    """A message of each kind, about one call of Vapi's."""
    call = outbound(call_id, vapi_call_id)
    return [
        status("in-progress", call, begin + 1),
        final_transcript(call, begin + 1.5, "user", "I was never there."),
        conversation(call, begin + 20, turn("bot", "Hello.", begin + 2), turn("user", "It was bad.", begin + 5)),
        message("hang", call, begin + 30),
        status("ended", call, begin + 60, endedReason="customer-ended-call"),
        report(call, begin + 130, analysis={"summary": "Bad.", "structuredData": ANALYSED | {"nps_score": score}}),
    ]


def state(pipeline: Pipeline, call_id: int) -> dict[str, Any]:
    """All rows of a call but its receipts, which stay as they are but for the call's id."""
    tables = ("vapi_call", "call_quality", "call_original", "call_feedback", "transcript", "call_incident")
    of_call = {table: pipeline.rows(f"SELECT * FROM {table} WHERE call_id = :id", id=call_id) for table in tables}  # noqa: S608 - constants
    excepted = {"id", "created_at", "updated_at"}
    return {
        "call": {name: value for name, value in pipeline.call(call_id).items() if name != "updated_at"},
        "service_record": pipeline.rows("SELECT * FROM service_record"),
        "visit's original": pipeline.rows("SELECT * FROM service_record_original"),
        **{
            table: sorted(
                (str({name: value for name, value in row.items() if name not in excepted or table == "vapi_call"}))
                for row in rows
            )
            for table, rows in of_call.items()
        },
    }


def make_row(pipeline: Pipeline, id_: int | None = None, **values: Any) -> int:  # noqa: ANN401 - any SQL value
    ids = {} if id_ is None else {"id": id_}
    call_id = pipeline.make_call(
        service_record_id=pipeline.make_service_record(**ids, **SERVICE_RECORD), **ids, **values
    )
    pipeline.insert(
        "transcript", call_id=call_id, role="human", content="Written before.", timestamp="2026-07-10T00:00Z"
    )
    if values.get("nps_score"):
        pipeline.insert("call_feedback", call_id=call_id, content="As an advisor wrote it.")
    return call_id


@pytest.mark.parametrize("written", WRITTEN)
def test_a_row_that_has_lost_its_only_link_is_as_the_application_wrote_it(pipeline: Pipeline, written: str) -> None:
    call_id = make_row(pipeline, **WRITTEN[written])
    before = state(pipeline, call_id)
    pipeline.send_each(*all_of(call_id, WRONG))
    assert state(pipeline, call_id) != before
    answer = unlink.handler({"call_id": call_id, "vapi_call_id": WRONG, "unlink": True})
    assert answer == {"links": [], "removed": {"attempts": 1, "turns": 5, "incidents": 1, "receipts": 6}}
    after = state(pipeline, call_id)
    if written in {"finished", "missed"}:
        told = {"finished": "reached", "missed": "no_answer"}[written]
        assert after["call"].pop("outcome") == told, "as attempt 0 was read"
        before["call"].pop("outcome")
    assert after == before
    assert {(row["vapi_call_id"], row["call_id"]) for row in pipeline.receipts()} == {(WRONG, None)}


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("first", [RIGHT, WRONG])
def test_the_other_attempts_are_what_the_row_follows(pipeline: Pipeline, written: str, first: str) -> None:
    """However the two came, what is left is what the right one's messages alone would have made."""
    call_id = make_row(pipeline, FIRST_CALL, **WRITTEN[written])
    right, wrong = all_of(call_id, RIGHT, 9), all_of(call_id, WRONG, 0, begin=0.25)
    pipeline.send_each(*(right + wrong if first == RIGHT else wrong + right))
    unlink.handler({"call_id": call_id, "vapi_call_id": WRONG, "unlink": True})
    left = state(pipeline, call_id)
    pipeline.clear()
    make_row(pipeline, FIRST_CALL, **WRITTEN[written])
    pipeline.send_each(*right)
    assert left == state(pipeline, call_id)


def test_what_stands_in_columns_that_the_wrong_call_never_gave_stays(pipeline: Pipeline) -> None:
    call_id = make_row(pipeline)
    pipeline.send_each(status("ringing", outbound(call_id, WRONG), 1))
    pipeline.database.run("UPDATE call SET call_reason = 'Recall', nps_score = 3 WHERE id = :id", id=call_id)
    unlink.handler({"call_id": call_id, "vapi_call_id": WRONG, "unlink": True})
    call = pipeline.call(call_id)
    assert (call["status"], call["call_reason"], call["nps_score"]) == ("Ready", "Recall", 3)


def test_what_is_shown_says_by_what_a_call_is_linked_and_nothing_of_it(pipeline: Pipeline) -> None:
    call_id = make_row(pipeline, vapi_call_id="written-by-the-application")
    pipeline.send_each(*all_of(call_id, WRONG))
    answer = unlink.handler({"call_id": call_id})
    by_id = {link["vapi_call_id"]: link for link in answer["links"]}
    assert set(by_id) == {"written-by-the-application", WRONG}
    assert by_id[WRONG] == {
        "vapi_call_id": WRONG,
        "made_call": False,
        "is_shown": True,
        "has_attempt": True,
        "call_type": "outboundPhoneCall",
        "created_at": "2026-07-11T00:59:40+00:00",
        "status": "Completed",
        "reported_at": "2026-07-11T01:02:10+00:00",
        "receipts": 6,
        "first_type": by_id[WRONG]["first_type"],
        "first_occurred_at": by_id[WRONG]["first_occurred_at"],
        "first_received_at": "2026-07-11T01:00:30+00:00",
        "last_received_at": "2026-07-11T01:00:30+00:00",
    }
    assert not by_id["written-by-the-application"]["receipts"]
    assert "Bad." not in json.dumps(answer)
    assert "+1202555" not in json.dumps(answer) + pipeline.log.getvalue()


def test_each_use_is_in_the_log_with_ids_only(pipeline: Pipeline) -> None:
    call_id = make_row(pipeline)
    pipeline.send_each(*all_of(call_id, WRONG))
    pipeline.log.truncate(0)
    pipeline.log.seek(0)
    unlink.handler({"call_id": call_id})
    unlink.handler({"call_id": call_id, "vapi_call_id": WRONG, "unlink": True})
    unlink.handler({"call_id": call_id, "vapi_call_id": WRONG, "unlink": True})
    lines = pipeline.log_lines()
    said = [(line["message"], line["call_id"]) for line in lines]
    assert said == [
        ("Links shown", call_id),
        ("Links shown", call_id),
        ("Link taken back", call_id),
        ("Link not taken back", call_id),
    ]
    assert lines[2]["vapi_call_id"] == WRONG


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"call_id": "x"},
        {"call_id": 0},
        {"call_id": 999_999_999, "vapi_call_id": WRONG, "unlink": True},
        {"call_id": 7, "unlink": True},
    ],
)
def test_what_cannot_be_done_is_said(pipeline: Pipeline, event: dict[str, Any]) -> None:
    assert set(unlink.handler(event)) == {"error"}
    assert pipeline.count("refused_link") == 0


def test_a_row_that_was_made_for_a_call_is_not_taken_from_it(pipeline: Pipeline, default_organization: str) -> None:
    assert default_organization
    pipeline.send_each(status("ringing", inbound(WRONG), 1))
    (made,) = pipeline.rows("SELECT id FROM call")
    answer = unlink.handler({"call_id": made["id"], "vapi_call_id": WRONG, "unlink": True})
    assert "was made for" in answer["error"]
    assert pipeline.call(made["id"])["status"] == "Ringing"


def test_an_unlinked_call_does_not_link_itself_again(pipeline: Pipeline) -> None:
    call_id = make_row(pipeline)
    before = state(pipeline, call_id)
    pipeline.send_each(*all_of(call_id, WRONG))
    unlink.handler({"call_id": call_id, "vapi_call_id": WRONG, "unlink": True})
    later = [status("forwarding", outbound(call_id, WRONG), 140), message("hang", outbound(None, WRONG), 150)]
    assert [pipeline.send(body) for body in later] == [[0], [0]], "they wait like those of any unknown call"
    assert state(pipeline, call_id) == before
    repeat = all_of(call_id, WRONG)[0]
    assert pipeline.send(repeat) == [0]
    pipeline.send_each(*all_of(call_id, RIGHT, 9))
    assert (pipeline.call(call_id)["nps_score"], [*pipeline.attempts(call_id)]) == (9, [RIGHT])


def test_it_gets_a_row_of_its_own_as_one_that_gave_no_id_of_ours(pipeline: Pipeline, default_organization: str) -> None:
    assert default_organization
    call_id = pipeline.make_call(direction="inbound")
    call = inbound(WRONG, metadata={"call_id": call_id})
    pipeline.send_each(status("ringing", call, 1))
    unlink.handler({"call_id": call_id, "vapi_call_id": WRONG, "unlink": True})
    pipeline.send_each(status("in-progress", call, 2))
    assert pipeline.call(call_id)["status"] == "Ready"
    assert pipeline.row("SELECT status FROM call WHERE vapi_call_id = :id", id=WRONG) == {"status": "In Progress"}


def test_what_was_refused_for_the_wrong_link_is_applied_afterwards(pipeline: Pipeline) -> None:
    stranger, call_id = make_row(pipeline), make_row(pipeline)
    pipeline.send_each(status("ringing", outbound(stranger, RIGHT), 1))
    genuine = report(outbound(call_id, RIGHT))
    assert pipeline.send(genuine) == []
    (letter,) = pipeline.queues.dead_letters
    assert letter.reason == "CallIdentityConflict"
    unlink.handler({"call_id": stranger, "vapi_call_id": RIGHT, "unlink": True})
    assert pipeline.deliver("end_of_call_report", [letter.body]) == []
    assert (pipeline.call(call_id)["status"], pipeline.call(stranger)["status"]) == ("Completed", "Ready")


def test_a_link_of_the_applications_without_any_message_is_taken_back_too(pipeline: Pipeline) -> None:
    call_id = make_row(pipeline, vapi_call_id=WRONG)
    answer = unlink.handler({"call_id": call_id, "vapi_call_id": WRONG, "unlink": True})
    assert answer["removed"] == {"attempts": 0, "turns": 0, "incidents": 0, "receipts": 0}
    assert pipeline.call(call_id)["vapi_call_id"] is None
