"""A call that was dialled more than once: each attempt is listed, and its words and its recording can be asked for."""

import json
from datetime import datetime, timedelta, timezone
from typing import Final

import pytest

from tests.integration.api.client import OURS, THEIRS, Api

START = datetime(2026, 11, 2, 15, tzinfo=timezone.utc)
RECORDING = "https://recordings.example.com/{}.wav"


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def dialled_twice(api: Api, organization: str = OURS) -> int:
    """Reached at the second dial, which the row shows; nobody answered the first."""
    call = api.call(
        organization,
        vapi_call_id=f"b-{organization}",
        start_time=at(60),
        end_time=at(62),
        outcome="reached",
        nps_score=9,
        recording_url=RECORDING.format("b"),
    )
    api.attempt(
        call,
        f"b-{organization}",
        call_type="outboundPhoneCall",
        created_at=at(59),
        reported_at=at(63),
        status="Ended",
        start_time=at(60),
        end_time=at(62),
        duration_sec=120,
        ended_reason="customer-ended-call",
        outcome="reached",
        nps_score=9,
        call_reason="Visit",
        feedback_summary="All well.",
        cost="0.25",
        recording_url=RECORDING.format("b"),
        customer_name="Dana Example",
        customer_number="+12025550142",
        customer_sip_uri="sip:dana@example.com",
        feedback=json.dumps({"content": "Fine.", "positives": "Fast", "structured_data": {"again": True}}),
    )
    api.attempt(
        call,
        f"a-{organization}",
        created_at=at(0),
        first_at=at(70),
        status="Ended",
        end_time=at(1),
        ended_reason="customer-did-not-answer",
        outcome="no_answer",
        recording_url=RECORDING.format("a"),
    )
    return call


def say(api: Api, call: int, key: str | None, *texts: str, **values: object) -> None:
    """Turns of a list, in their order."""
    for place, text in enumerate(texts):
        api.turn(call, text, vapi_call_id=key, sequence=place, **({"source": "report", "timestamp": at(60)} | values))


def words(api: Api, call: int, **query: object) -> list[str]:
    answer = api.get(f"/calls/{call}/transcript", **query)
    assert answer.status == 200, answer.text
    return [turn["text"] for turn in answer.json["turns"]]


def test_attempts_are_listed_by_when_they_began(api: Api) -> None:
    call = dialled_twice(api)
    first, second = api.get(f"/calls/{call}").json["attempts"]
    assert first == {
        "number": 1,
        "vapi_call_id": f"a-{OURS}",
        "shown": False,
        "status": "Ended",
        "began_at": "2026-11-02T15:00:00Z",
        "start_time": None,
        "end_time": "2026-11-02T15:01:00Z",
        "duration_seconds": None,
        "outcome": "no_answer",
        "ended_reason": "customer-did-not-answer",
        "nps_score": None,
        "has_recording": True,
        "recording_elsewhere": False,
        "recording_copy": None,
        "cost_dollars": None,
        "call_reason": None,
        "summary": None,
        "feedback": None,
        "customer_name": None,
        "phone": None,
        "customer_sip_uri": None,
        "reported_by": None,
        "reconciliation": None,
        "quality": None,
    }
    assert second == {
        "number": 2,
        "vapi_call_id": f"b-{OURS}",
        "shown": True,
        "status": "Completed",
        "began_at": "2026-11-02T15:59:00Z",
        "start_time": "2026-11-02T16:00:00Z",
        "end_time": "2026-11-02T16:02:00Z",
        "duration_seconds": 120,
        "outcome": "reached",
        "ended_reason": "customer-ended-call",
        "nps_score": 9,
        "has_recording": True,
        "recording_elsewhere": False,
        "recording_copy": None,
        "cost_dollars": 0.25,
        "call_reason": "Visit",
        "summary": "All well.",
        "feedback": {
            "content": "Fine.",
            "positives": "Fast",
            "detractors": None,
            "action_items": None,
            "structured_data": {"again": True},
        },
        "customer_name": "Dana Example",
        "phone": "+12025550142",
        "customer_sip_uri": "sip:dana@example.com",
        "reported_by": "webhook",
        "reconciliation": None,
        "quality": None,
    }


def test_an_attempt_that_is_reported_is_completed_whether_or_not_it_is_shown(api: Api) -> None:
    call = api.call(vapi_call_id="a", status="Completed")
    for place, key in enumerate("ab"):
        api.attempt(call, key, created_at=at(place), status="Ringing", reported_at=at(5))
    assert [attempt["status"] for attempt in api.get(f"/calls/{call}").json["attempts"]] == ["Completed", "Completed"]


def test_attempts_begin_with_the_least_sender_s_time_and_those_without_any_are_first(api: Api) -> None:
    """Ties are broken by the id as bytes, in which capital letters are less than small ones."""
    call = api.call(vapi_call_id="d")
    for key, times in {
        "d": {"first_at": at(3)},
        "c": {"created_at": at(2), "first_at": at(9)},
        "b": {},
        "a": {"created_at": at(5)},
        "B": {"created_at": at(5), "first_at": at(1)},
    }.items():
        api.attempt(call, key, **times)
    attempts = api.get(f"/calls/{call}").json["attempts"]
    assert [attempt["vapi_call_id"] for attempt in attempts] == ["b", "c", "d", "B", "a"]
    assert [attempt["number"] for attempt in attempts if attempt["shown"]] == [3]


def test_a_list_says_which_attempt_of_how_many_it_shows(api: Api) -> None:
    twice = dialled_twice(api)
    once = api.call(start_time=at(90), vapi_call_id="once")
    api.attempt(once, "once")
    never = api.call(start_time=at(91))
    before = api.call(start_time=at(92), outcome="reached")
    api.original(before, outcome="reached")
    api.attempt(before, "later", outcome="busy")
    shown = {item["id"]: (item["attempt_number"], item["attempt_count"]) for item in api.get("/calls").json["items"]}
    assert shown == {twice: (2, 2), once: (1, 1), never: (None, 0), before: (0, 1)}
    for call, (number, count) in shown.items():
        detail = api.get(f"/calls/{call}").json
        assert (detail["attempt_number"], detail["attempt_count"]) == (number, count)
    rows = {int(row["id"]): row["attempt_number"] for row in api.get("/calls.csv").rows}
    assert rows == {twice: "2", once: "1", never: "", before: "0"}


@pytest.mark.parametrize(
    ("original", "numbers"),
    [
        ({"status": "Completed", "outcome": "reached", "nps_score": 4}, [0, 1]),
        ({"status": "Missed", "outcome": "no_answer"}, [0, 1]),
        ({"status": "Failed"}, [0, 1]),
        ({"status": "Ready", "nps_score": 4}, [0, 1]),
        ({"status": "In Progress", "start_time": at(0)}, [1]),
        ({"status": "Scheduled", "feedback": '{"content": "A note."}'}, [1]),
    ],
)
def test_what_the_application_had_finished_is_attempt_0(
    api: Api, original: dict[str, object], numbers: list[int]
) -> None:
    call = api.call(vapi_call_id="a")
    api.original(call, **original)
    api.attempt(call, "a")
    attempts = api.get(f"/calls/{call}").json["attempts"]
    assert [attempt["number"] for attempt in attempts] == numbers
    assert [attempt["vapi_call_id"] for attempt in attempts if attempt["shown"]] == ["a"]
    if 0 in numbers:
        assert attempts[0]["vapi_call_id"] is None
        assert attempts[0]["nps_score"] == original.get("nps_score")


@pytest.mark.parametrize(
    ("outcome", "of_the_row", "number"), [("busy", "reached", 0), ("reached", "reached", 1), (None, None, 1)]
)
def test_an_attempt_without_an_id_is_told_from_attempt_0(
    api: Api, outcome: str | None, of_the_row: str | None, number: int
) -> None:
    call = api.call(outcome=of_the_row)
    api.original(call, outcome="reached")
    api.attempt(call, "", outcome=outcome)
    attempts = api.get(f"/calls/{call}").json["attempts"]
    assert [attempt["vapi_call_id"] for attempt in attempts] == [None, None]
    assert [attempt["number"] for attempt in attempts if attempt["shown"]] == [number]


def test_a_transcript_is_of_the_shown_attempt_and_of_any_that_is_asked_for(api: Api) -> None:
    call = dialled_twice(api)
    say(api, call, f"a-{OURS}", "anybody there", source="conversation", timestamp=at(0.5))
    say(api, call, f"b-{OURS}", "hello", "hi")
    shown = api.get(f"/calls/{call}/transcript").json
    assert (shown["attempt"], shown["vapi_call_id"], shown["source"]) == (2, f"b-{OURS}", "report")
    assert [turn["text"] for turn in shown["turns"]] == ["hello", "hi"]
    assert [turn["seconds"] for turn in shown["turns"]] == [0, 0]
    for asked in (2, f"b-{OURS}"):
        assert api.get(f"/calls/{call}/transcript", attempt=asked).json == shown
    for asked in (1, f"a-{OURS}"):
        first = api.get(f"/calls/{call}/transcript", attempt=asked).json
        assert (first["attempt"], first["vapi_call_id"], first["source"]) == (1, f"a-{OURS}", "conversation")
        assert first["start_time"] is None
        assert [(turn["text"], turn["seconds"]) for turn in first["turns"]] == [("anybody there", None)]


def test_seconds_count_from_the_start_of_the_attempt(api: Api) -> None:
    call = dialled_twice(api)
    api.database.run("UPDATE vapi_call SET start_time = :at WHERE vapi_call_id = :id", at=at(0), id=f"a-{OURS}")
    say(api, call, f"a-{OURS}", "hello", timestamp=at(0.1))
    (turn,) = api.get(f"/calls/{call}/transcript", attempt=1).json["turns"]
    assert turn["seconds"] == 6


def test_fragments_come_before_lists_and_lists_in_their_own_order(api: Api) -> None:
    """A list may have times that do not ascend; its order is that of `sequence`."""
    call = api.call(vapi_call_id="a")
    api.attempt(call, "a")
    for sequence, text, minutes in ((0, "third", 5), (1, "fourth", 4), (2, "fifth", 6)):
        api.turn(call, text, vapi_call_id="a", source="report", sequence=sequence, timestamp=at(minutes))
    for text, minutes in (("second", 3), ("first", 2)):
        api.turn(call, text, vapi_call_id="a", source="fragment", timestamp=at(minutes))
    assert words(api, call) == ["first", "second", "third", "fourth", "fifth"]
    assert api.get(f"/calls/{call}/transcript").json["source"] == "report"


def test_turns_that_the_application_wrote_are_those_of_attempt_0(api: Api) -> None:
    call = dialled_twice(api)
    api.original(call, outcome="reached", start_time=at(-10), recording_url=RECORDING.format("before"))
    say(api, call, None, "before", source=None, timestamp=at(-9))
    say(api, call, f"b-{OURS}", "after")
    assert words(api, call) == ["after"]
    before = api.get(f"/calls/{call}/transcript", attempt=0).json
    assert (before["attempt"], before["vapi_call_id"], before["source"]) == (0, None, None)
    assert [(turn["text"], turn["seconds"]) for turn in before["turns"]] == [("before", 60)]
    assert words(api, call, attempt=1) == []


def test_attempt_0_that_the_row_shows_is_what_is_read(api: Api) -> None:
    call = api.call(outcome="reached", start_time=at(0), recording_url=RECORDING.format("row"))
    api.original(call, outcome="reached", recording_url=RECORDING.format("original"))
    api.attempt(call, "busy", outcome="busy", created_at=at(9), recording_url=RECORDING.format("busy"))
    say(api, call, None, "before", source=None)
    say(api, call, "busy", "beep")
    assert api.get(f"/calls/{call}/transcript").json["attempt"] == 0
    assert words(api, call) == ["before"]
    assert words(api, call, attempt="busy") == ["beep"]
    assert api.get(f"/calls/{call}/recording").json["url"] == RECORDING.format("row")


def test_turns_that_the_application_wrote_of_an_unfinished_call_stand_until_there_are_others(api: Api) -> None:
    call = api.call(vapi_call_id="a", status="In Progress")
    api.original(call, status="In Progress")
    api.attempt(call, "a")
    say(api, call, None, "written by the application", source=None)
    assert words(api, call) == ["written by the application"]
    assert api.get(f"/calls/{call}/transcript").json["attempt"] == 1


def test_a_number_counts_before_an_id_that_looks_like_one(api: Api) -> None:
    call = api.call(vapi_call_id="1")
    api.attempt(call, "2", created_at=at(0))
    api.attempt(call, "1", created_at=at(1))
    api.attempt(call, "77", created_at=at(2))
    for asked, number in (("1", 1), ("2", 2), ("3", 3), ("77", 3)):
        assert api.get(f"/calls/{call}/transcript", attempt=asked).json["attempt"] == number


@pytest.mark.parametrize("path", ["transcript", "recording"])
@pytest.mark.parametrize("asked", ["0", "3", "-1", "c", "02", " 2", "2147483648", "99999999999999999999", "%", "null"])
def test_an_attempt_that_the_call_has_not(api: Api, path: str, asked: str) -> None:
    answer = api.get(f"/calls/{dialled_twice(api)}/{path}", attempt=asked)
    assert (answer.status, answer.error["code"], answer.error["field"]) == (404, "attempt_not_found", "attempt")


@pytest.mark.parametrize("path", ["transcript", "recording"])
@pytest.mark.parametrize("asked", ["", "x" * 101])
def test_an_invalid_attempt_key_is_refused(api: Api, path: str, asked: str) -> None:
    answer = api.get(f"/calls/{dialled_twice(api)}/{path}", attempt=asked)
    assert (answer.status, answer.error["field"]) == (400, "attempt")


@pytest.mark.parametrize("path", ["transcript", "recording"])
def test_a_call_that_vapi_said_nothing_of_has_no_attempt(api: Api, path: str) -> None:
    call = api.call(recording_url=RECORDING.format("row"))
    say(api, call, None, "hello", source=None)
    assert words(api, call) == ["hello"]
    assert api.get(f"/calls/{call}/recording").json["url"] == RECORDING.format("row")
    assert api.get(f"/calls/{call}/{path}", attempt=1).error["code"] == "attempt_not_found"


def test_a_recording_is_of_the_shown_attempt_and_of_any_that_is_asked_for(api: Api) -> None:
    call = dialled_twice(api)
    assert api.get(f"/calls/{call}/recording").json == {"url": RECORDING.format("b"), "expires_at": None}
    for asked, name in ((1, "a"), (f"a-{OURS}", "a"), (2, "b"), (f"b-{OURS}", "b")):
        assert api.get(f"/calls/{call}/recording", attempt=asked).json["url"] == RECORDING.format(name)


def test_a_recording_ends_when_vapi_said_that_it_does(api: Api) -> None:
    call = dialled_twice(api)
    ends = datetime(3000, 1, 1, tzinfo=timezone.utc)
    api.database.run("UPDATE vapi_call SET recording_expires_at = :at WHERE outcome = 'reached'", at=ends)
    assert api.get(f"/calls/{call}/recording").json["expires_at"] == "3000-01-01T00:00:00Z"
    api.database.run("UPDATE vapi_call SET recording_expires_at = :at WHERE outcome = 'no_answer'", at=at(0))
    answer = api.get(f"/calls/{call}/recording", attempt=1)
    assert (answer.status, answer.error["code"]) == (410, "recording_expired")
    assert "2026-11-02T15:00:00" in answer.error["message"]


def test_an_end_is_of_the_url_that_it_was_told_with(api: Api) -> None:
    """The application may have put another URL there since."""
    call = dialled_twice(api)
    api.database.run("UPDATE vapi_call SET recording_expires_at = :at", at=at(0))
    api.database.run("UPDATE call SET recording_url = :url", url=RECORDING.format("other"))
    assert api.get(f"/calls/{call}/recording").json == {"url": RECORDING.format("other"), "expires_at": None}


PRIVATE: Final = "https://bucket.example.r2.cloudflarestorage.com/1.wav"


def test_a_recording_that_only_vapi_can_open_is_not_offered(api: Api) -> None:
    call = dialled_twice(api)
    api.database.run("UPDATE vapi_call SET recording_url = :url WHERE outcome = 'no_answer'", url=PRIVATE)
    answer = api.get(f"/calls/{call}/recording", attempt=1)
    assert (answer.status, answer.error["code"]) == (404, "recording_private")
    assert [attempt["has_recording"] for attempt in api.get(f"/calls/{call}").json["attempts"]] == [False, True]
    assert api.get(f"/calls/{call}").json["has_recording"] is True
    api.database.run("UPDATE call SET recording_url = :url", url=PRIVATE)
    assert api.get(f"/calls/{call}/recording").error["code"] == "recording_private"
    assert api.get(f"/calls/{call}").json["has_recording"] is False
    assert api.get("/calls").json["items"][0]["has_recording"] is False


def test_an_attempt_without_a_recording(api: Api) -> None:
    call = dialled_twice(api)
    api.database.run("UPDATE vapi_call SET recording_url = NULL")
    assert api.get(f"/calls/{call}/recording", attempt=1).error["code"] == "recording_missing"
    assert api.get(f"/calls/{call}").json["attempts"][0]["has_recording"] is False


@pytest.mark.parametrize("path", ["", "/transcript", "/recording"])
def test_attempts_of_others_are_as_if_they_were_not_there(api: Api, path: str) -> None:
    theirs, ours = dialled_twice(api, THEIRS), dialled_twice(api)
    for query in ({}, {"attempt": 1}, {"attempt": f"b-{THEIRS}"}) if path else ({},):
        answer = api.get(f"/calls/{theirs}{path}", **query)
        assert (answer.status, answer.error["code"]) == (404, "not_found")
    if path:
        assert api.get(f"/calls/{ours}{path}", attempt=f"b-{THEIRS}").error["code"] == "attempt_not_found"


def test_only_the_latest_attempts_of_very_many_are_listed(api: Api) -> None:
    call = api.call(vapi_call_id="104")
    for place in range(105):
        api.attempt(call, str(place), created_at=at(place))
    attempts = api.get(f"/calls/{call}").json["attempts"]
    assert [attempt["number"] for attempt in attempts] == list(range(6, 106))
    assert attempts[-1]["shown"]
