"""Lists of turns that hold a part of the conversation only, as after a squad's handoffs (docs/call-state.md 5)."""

from collections.abc import Sequence
from typing import Final

import pytest

from tests.integration.bodies import (
    Body,
    bare_report,
    conversation,
    final_transcript,
    iso,
    ours_alone,
    outbound,
    status,
    turn,
)
from tests.integration.orders import FIRST_CALL, end_in_equal_rows
from tests.integration.pipeline import Pipeline, after

CALL: Final = FIRST_CALL
HELLO, YES, HOLD = turn("bot", "Hello.", 1), turn("user", "Yes?", 3), turn("bot", "Please hold.", 58)
SALES, BUY, BYE = turn("bot", "Sales here.", 60.5), turn("user", "I buy.", 63), turn("bot", "Goodbye.", 65)
AGAIN: Final = turn("bot", "Service here.", 90)


def plain(role: str, text: str) -> Body:
    """An item without a time."""
    return {"role": role, "message": text}


def listed(at: float, *turns: Body) -> Body:
    """A conversation update."""
    return conversation(outbound(CALL), at, *turns)


def reported(at: float, *turns: Body) -> Body:
    return bare_report(outbound(CALL), at, messages=turns)


def said(seconds: float, text: str) -> Body:
    """A fragment."""
    return final_transcript(outbound(CALL), seconds, "user", text)


def words(pipeline: Pipeline, call_id: int = CALL) -> list[str]:
    return [row[3] for row in pipeline.turns(call_id)]


def texts(*turns: Body) -> list[str]:
    return [turn["message"] for turn in turns]


SCENES: Final[dict[str, tuple[Sequence[Body], list[str]]]] = {
    "a list for each assistant": (
        [listed(4, HELLO, YES), listed(59, HELLO, YES, HOLD), listed(61, SALES), listed(66, SALES, BUY, BYE)],
        texts(HELLO, YES, HOLD, SALES, BUY, BYE),
    ),
    "three assistants": (
        [listed(59, HELLO, YES, HOLD), listed(66, SALES, BUY), listed(91, AGAIN)],
        texts(HELLO, YES, HOLD, SALES, BUY, AGAIN),
    ),
    "the newest list of a key counts": (
        [listed(66, SALES, BUY, BYE), listed(67, SALES, BUY), listed(59, HELLO)],
        texts(HELLO, SALES, BUY),
    ),
    "a list is cut where the next one begins": (
        [listed(70, HELLO, YES, HOLD, SALES, turn("user", "I bye.", 63), BYE), listed(66, SALES, BUY, BYE)],
        texts(HELLO, YES, HOLD, SALES, BUY, BYE),
    ),
    "first times within one second are one key": (
        [listed(4, turn("bot", "Hallo.", 1.9), YES), listed(5, turn("bot", "Hello.", 1.1), YES)],
        texts(HELLO, YES),
    ),
    "the report has what was said since the handoff": (
        [listed(59, HELLO, YES, HOLD), listed(61, SALES), reported(130, SALES, BUY, BYE)],
        texts(HELLO, YES, HOLD, SALES, BUY, BYE),
    ),
    "the report has all": (
        [listed(59, HELLO, YES, HOLD), listed(66, SALES, BUY), reported(130, HELLO, YES, SALES, BUY)],
        texts(HELLO, YES, SALES, BUY),
    ),
    "a conversation's list that begins after the report's": (
        [reported(130, SALES, BUY), listed(140, AGAIN)],
        texts(SALES, BUY),
    ),
    "two reports of different parts": (
        [reported(130, HELLO, YES), reported(140, SALES, BUY)],
        texts(HELLO, YES, SALES, BUY),
    ),
    "equal words at both sides of the handoff": (
        [listed(62, HELLO, turn("user", "Hm.", 59.7)), listed(66, turn("user", "Hm.", 60.5), BUY)],
        ["Hello.", "Hm.", "I buy."],
    ),
    "equal words of another speaker": (
        [listed(62, HELLO, turn("bot", "Hm.", 59.7)), listed(66, turn("user", "Hm.", 60.5), BUY)],
        ["Hello.", "Hm.", "Hm.", "I buy."],
    ),
    "equal words after more than a second": (
        [listed(62, HELLO, turn("user", "Hm.", 59.4)), listed(66, turn("user", "Hm.", 60.5), BUY)],
        ["Hello.", "Hm.", "Hm.", "I buy."],
    ),
    "equal words within one list": (
        [listed(62, HELLO, turn("user", "Hm.", 59.7), turn("user", "Hm.", 60.1))],
        ["Hello.", "Hm.", "Hm."],
    ),
    "a list without times covers what is older": (
        [listed(4, HELLO, YES), listed(66, plain("bot", "All"), plain("user", "of it"))],
        ["All", "of it"],
    ),
    "a list without times does not cover what is newer": (
        [listed(4, plain("bot", "All"), plain("user", "of it")), listed(66, SALES, BUY)],
        ["All", "of it", *texts(SALES, BUY)],
    ),
    "a list without times gives way to a newer one that began before it": (
        [listed(62, plain("bot", "All"), plain("user", "of it")), listed(66, SALES, BUY)],
        texts(SALES, BUY),
    ),
    "of lists without times the newest counts": (
        [listed(62, plain("bot", "Old")), listed(66, plain("bot", "New")), listed(64, plain("bot", "Older"))],
        ["New"],
    ),
    "a report's list without times takes the place of all": (
        [listed(4, HELLO, YES), listed(200, SALES), reported(130, plain("bot", "All"), plain("user", "of it"))],
        ["All", "of it"],
    ),
    "a report's transcript text takes the place of all": (
        [listed(4, HELLO, YES), bare_report(outbound(CALL), 130, transcript="AI: All\nUser: of it\n")],
        ["All", "of it"],
    ),
    "a conversation's list without times counts by its message's time beside a report's": (
        [listed(50, plain("bot", "Before")), reported(130, SALES, BUY)],
        ["Before", *texts(SALES, BUY)],
    ),
    "a conversation's list without times gives way to a report's that began before it": (
        [listed(62, plain("bot", "After")), reported(130, SALES, BUY)],
        texts(SALES, BUY),
    ),
    "one item with a time gives a list its key": (
        [listed(4, HELLO, YES), listed(66, plain("bot", "Sales"), turn("user", "I buy.", 63))],
        ["Hello.", "Yes?", "Sales", "I buy."],
    ),
    "seconds from the start give a report's list its key": (
        [
            listed(59, HELLO, YES, HOLD),
            bare_report(
                outbound(CALL),
                130,
                startedAt=iso(0.5),
                messages=[{"role": "bot", "message": "Sales here.", "secondsFromStart": 60}],
            ),
        ],
        texts(HELLO, YES, HOLD, SALES),
    ),
    "fragments before the first list": (
        [said(0.5, "Anybody?"), said(2, "Hello?"), listed(4, HELLO, YES), said(70, "Later."), listed(66, SALES)],
        [*texts(HELLO, YES, SALES), "Anybody?"],
    ),
    "fragments and a list without times": (
        [said(0.5, "Anybody?"), listed(4, plain("bot", "All")), listed(66, SALES), said(61, "Later.")],
        ["All", "Sales here."],
    ),
    "fragments before a report's list": (
        [said(2, "Hello?"), said(61, "I buy."), reported(130, SALES, BUY)],
        [*texts(SALES, BUY), "Hello?"],
    ),
}


@pytest.mark.parametrize("scene", SCENES)
def test_lists_add_up_to_one_conversation_in_any_order(pipeline: Pipeline, scene: str) -> None:
    bodies, expected = SCENES[scene]
    end_in_equal_rows(pipeline, lambda: pipeline.make_call(id=CALL), bodies)
    assert words(pipeline) == expected


def test_turns_keep_their_places_their_times_and_their_lists(pipeline: Pipeline) -> None:
    pipeline.make_call(id=CALL)
    skipped = turn("narrator", "Silence", 2)
    pipeline.send_each(
        listed(59, HELLO, skipped, YES), listed(66, turn("bot", " ", 60.5), BUY), reported(130, AGAIN, skipped)
    )
    rows = pipeline.rows('SELECT source, segment, sequence, "timestamp" AS at FROM transcript ORDER BY sequence')
    assert [(row["source"], row["sequence"], row["at"]) for row in rows] == [
        ("conversation", 0, after(1)),
        ("conversation", 2, after(3)),
        ("conversation", 4, after(63)),
        ("report", 5, after(90)),
    ]
    assert [row["segment"] for row in rows] == [int(after(key).timestamp()) for key in (1, 1, 60, 90)]


def test_what_a_list_hid_is_shown_again_when_it_changes(pipeline: Pipeline) -> None:
    pipeline.make_call(id=CALL)
    hm, um = turn("user", "Hm.", 59.7), turn("bot", "Um.", 60.7)
    pipeline.send_each(listed(62, HELLO, hm, um), listed(66, turn("user", "Hm.", 60.4), BUY))
    assert words(pipeline) == ["Hello.", "Hm.", "I buy."]
    pipeline.send_each(listed(67, turn("user", "Oh.", 60.4), BUY))
    assert words(pipeline) == ["Hello.", "Hm.", "Oh.", "I buy."]
    pipeline.send_each(reported(130, turn("user", "Oh.", 60.9), BUY))
    assert words(pipeline) == ["Hello.", "Hm.", "Um.", "Oh.", "I buy."]
    sequences = [row[1] for row in pipeline.turns(CALL)]
    assert sequences == [0, 1, 2, 3, 4]


def test_each_attempt_has_lists_of_its_own(pipeline: Pipeline) -> None:
    first, second = outbound(CALL, "first", createdAt=iso(0)), outbound(CALL, "second", createdAt=iso(30))
    bodies = [
        conversation(first, 59, HELLO, YES, HOLD),
        conversation(second, 66, SALES, BUY),
        bare_report(second, 130, messages=[SALES, BUY, BYE]),
        final_transcript(first, 0.5, "user", "Anybody?"),
        final_transcript(second, 50, "user", "And now?"),
    ]
    end_in_equal_rows(pipeline, lambda: pipeline.make_call(id=CALL), bodies)
    rows = pipeline.rows("SELECT vapi_call_id, sequence, content FROM transcript ORDER BY vapi_call_id, sequence")
    assert [(row["vapi_call_id"], row["sequence"], row["content"]) for row in rows] == [
        ("first", 0, "Hello."),
        ("first", 1, "Yes?"),
        ("first", 2, "Please hold."),
        ("first", None, "Anybody?"),
        ("second", 0, "Sales here."),
        ("second", 1, "I buy."),
        ("second", 2, "Goodbye."),
        ("second", None, "And now?"),
    ]


def test_a_turn_of_the_customers_counts_though_no_list_shows_it(pipeline: Pipeline) -> None:
    """The outcome cannot depend on which of the lists came last."""
    bodies = [
        listed(4, HELLO, YES),
        listed(5, HELLO),
        status("ended", outbound(CALL), 70, endedReason="silence-timed-out"),
    ]
    end_in_equal_rows(pipeline, lambda: pipeline.make_call(id=CALL), bodies)
    assert (words(pipeline), pipeline.call(CALL)["outcome"]) == (["Hello."], "reached")


# Messages that give our id alone


ALONE: Final = ours_alone(CALL)
WITH_ID: Final = outbound(CALL)
BOTH_SORTS: Final[dict[str, Sequence[Body]]] = {
    "lists of the same key": [conversation(ALONE, 4, HELLO), conversation(WITH_ID, 5, HELLO, YES)],
    "the list without the id counts": [conversation(ALONE, 5, HELLO, YES), conversation(WITH_ID, 4, HELLO)],
    "lists that add up": [conversation(ALONE, 59, HELLO, YES, HOLD), conversation(WITH_ID, 66, SALES, BUY)],
    "a report over a conversation": [conversation(ALONE, 66, SALES), bare_report(WITH_ID, 130, messages=[HELLO, YES])],
    "a conversation under a report": [bare_report(ALONE, 130, messages=[SALES, BUY]), conversation(WITH_ID, 59, HELLO)],
    "lists without times": [conversation(ALONE, 4, plain("bot", "Old")), conversation(WITH_ID, 5, plain("bot", "New"))],
    "fragments of both": [
        final_transcript(ALONE, 0.5, "user", "Anybody?"),
        final_transcript(ALONE, 70, "user", "Later."),
        final_transcript(WITH_ID, 0.7, "user", "Hello?"),
        final_transcript(WITH_ID, 0.5, "user", "Anybody?"),
        conversation(WITH_ID, 5, HELLO),
    ],
    "no words": [
        status("in-progress", ALONE, 1),
        status("ended", WITH_ID, 70, endedReason="voicemail"),
        bare_report(ALONE, 80, endedReason="voicemail", cost=0.1),
    ],
    "words beside a status": [
        conversation(ALONE, 5, HELLO, YES),
        final_transcript(ALONE, 0.5, "user", "Anybody?"),
        status("ended", WITH_ID, 70, endedReason="silence-timed-out"),
    ],
    "three lists": [
        conversation(ALONE, 59, HELLO, turn("user", "Hm.", 59.7)),
        conversation(WITH_ID, 66, turn("user", "Hm.", 60.5), BUY),
        conversation(ALONE, 91, AGAIN),
        conversation(WITH_ID, 67, turn("user", "Oh.", 60.5), BUY),
    ],
}


@pytest.mark.parametrize("sort", BOTH_SORTS)
def test_messages_with_our_id_alone_are_of_the_rows_only_attempt(pipeline: Pipeline, sort: str) -> None:
    """Before, after and beside those that give Vapi's id, all end in the rows of one attempt."""
    bodies = BOTH_SORTS[sort]
    end_in_equal_rows(pipeline, lambda: pipeline.make_call(id=CALL), bodies)
    assert list(pipeline.attempts(CALL)) == [WITH_ID["id"]]
    assert {row["vapi_call_id"] for row in pipeline.rows("SELECT vapi_call_id FROM transcript")} <= {WITH_ID["id"]}
    assert pipeline.call(CALL)["vapi_call_id"] == WITH_ID["id"]
    folded, facts = words(pipeline), pipeline.facts(CALL)
    pipeline.clear()
    pipeline.make_call(id=CALL)
    named = [
        {"message": body["message"] | {"call": body["message"]["call"] | {"id": WITH_ID["id"]}}} for body in bodies
    ]
    pipeline.send_each(*named)
    assert words(pipeline) == folded, "as if all of them had given Vapi's id"
    assert pipeline.facts(CALL)["reported_columns"] == facts["reported_columns"]


def test_an_attempt_without_an_id_is_one_as_long_as_no_message_gives_it(pipeline: Pipeline) -> None:
    bodies = [
        status("in-progress", ALONE, 1),
        conversation(ALONE, 5, HELLO, YES),
        final_transcript(ALONE, 0.5, "user", "Anybody?"),
        bare_report(ALONE, 80, messages=[SALES], analysis={"structuredData": {"nps_score": 4}}),
    ]
    end_in_equal_rows(pipeline, lambda: pipeline.make_call(id=CALL), bodies)
    assert list(pipeline.attempts(CALL)) == [""]
    row = pipeline.row("SELECT vapi_call_id, status, nps_score FROM call")
    assert row == {"vapi_call_id": None, "status": "Completed", "nps_score": 4}
    assert words(pipeline) == [*texts(HELLO, YES, SALES), "Anybody?"]
    assert {row["vapi_call_id"] for row in pipeline.rows("SELECT vapi_call_id FROM transcript")} == {""}


def test_what_the_application_had_written_is_kept_through_a_message_with_our_id_alone(pipeline: Pipeline) -> None:
    written = {"status": "Missed", "call_reason": "Service"}
    bodies = [status("in-progress", ALONE, 1), status("ended", WITH_ID, 70, endedReason="voicemail")]
    end_in_equal_rows(pipeline, lambda: pipeline.make_call(id=CALL, **written), bodies)
    original = pipeline.row("SELECT status, call_reason FROM call_original")
    assert original == written
