"""Whatever is stored, each answer is one that Lambda takes, and says what is stored as far as that goes."""

import json
from collections.abc import Iterator
from typing import Any, Final

import pg8000.exceptions
import pytest

from autopulse.api.sizes import MAX_BYTES
from autopulse.db.queries.bounds import MAX_LISTED_CHARACTERS
from autopulse.domain.bounds import CUT, ELLIPSIS, MAX_TEXT_CHARACTERS
from tests.integration.api.client import OURS, Answer, Api

LONG: Final = 1_000_000
READ: Final = (
    *("organization", "user", "campaign", "service_record", "call", "call_feedback", "transcript", "vapi_call"),
    *("call_original", "call_incident", "webhook_event", "call_quality", "follow_up", "follow_up_entry"),
)
"""Tables whose texts are shown."""
WORDS: Final = {("follow_up", "state"), ("follow_up", "trigger")}
"""Columns that take a few words only."""
OURS_ALONE: Final = ("turn_latencies", "details", "note", "changes")
"""What nobody but us writes: it is bounded where it is read from a report, or from a request."""
CHARACTERS: Final = {"letters": "x", "accents": "\u00e9", "emoji": "\U0001f600", "quotes": '"', "controls": "\x01"}
PATHS: Final = (
    *("/calls", "/calls.csv", "/feedback", "/feedback.csv", "/me", "/calls/{}", "/calls/{}/transcript"),
    *("/calls/{}/recording", "/calls/count", "/feedback/summary", "/quality/summary"),
    *("/follow-ups", "/follow-ups/{}", "/follow-ups/summary"),
)


def _sent(answer: Answer) -> int:
    """Bytes of the answer as the function's runtime writes it."""
    return len(json.dumps(answer.text))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item)


def _texts(api: Api) -> Iterator[tuple[str, str, str, int]]:
    """Each text that is stored: table, column, type, and the most characters that it takes."""
    for table, column, type_, most in api.database.run(
        "SELECT table_name, column_name, data_type, character_maximum_length FROM information_schema.columns"
        " WHERE table_schema = 'public' AND data_type IN ('text', 'character varying', 'jsonb', 'ARRAY')"
        " AND table_name = ANY (:tables) ORDER BY 1, 2",
        tables=list(READ),
    ):
        if (
            type_ != "ARRAY" and column not in {"segments", *OURS_ALONE} and (table, column) not in WORDS
        ):  # an array and segments are never shown
            yield table, column, type_, most or LONG


def _value(type_: str, column: str, text: str) -> str:
    if type_ != "jsonb":
        return text
    said = dict.fromkeys(("content", "positives", "detractors", "action_items"), text)
    return json.dumps({**said, "structured_data": {"a": text}} if column == "feedback" else {text[:1000]: [text]})


def _fill(api: Api, text: tuple[str, str, str, int], character: str) -> None:
    """Make the column as long as it can be; what is part of a B-tree's key can be as long as that takes."""
    table, column, type_, most = text
    statement = f'UPDATE "{table}" SET "{column}" = :value'  # noqa: S608 - of the catalog
    if type_ == "jsonb":
        statement = f'UPDATE "{table}" SET "{column}" = CAST(:value AS jsonb)'  # noqa: S608 - as above
        character = "x" if character == "\x01" else character
    for length in (most, 600):
        try:
            api.database.run(statement, value=_value(type_, column, character * length))
        except pg8000.exceptions.DatabaseError as error:
            assert error.args[0]["C"] == "54000", error  # noqa: PT017 - any other is no limit
        else:
            return
    pytest.fail(f"{table}.{column} takes nothing")


def _scene(api: Api) -> int:
    advisor = api.insert('"user"', name="Robin Sample", organization_id=OURS)
    campaign = api.insert("campaign", name="Autumn", organization_id=OURS)
    service_record = api.service_record(
        service_advisor_id=advisor, feedback="Fine.", vehicle_info="Sedan", service_type="Oil"
    )
    call = api.call(
        service_record_id=service_record, campaign_id=campaign, vapi_call_id="one", nps_score=3, outcome="reached"
    )
    api.feedback(call, detractors="Slow.", positives="Kind.", action_items="Call.", structured_data="{}")
    api.attempt(call, "one", reported_at="2026-11-02T15:00:00Z", feedback='{"content": "Fine."}', outcome="reached")
    api.quality(call, "one", assistant_id="a", turn_latency_median_ms=5)
    api.original(call, feedback='{"content": "Fine."}', nps_score=3)
    api.turn(call, "Hello", vapi_call_id="one", sequence=0, source="report")
    api.insert("call_incident", call_id=call, kind="stall", occurred_at="2026-11-02T15:00:00Z")
    api.receipt("event", call_id=call, received_at="2026-11-02T15:00:00Z", processed_at="2026-11-02T15:00:00Z")
    follow_up = api.follow_up(call, id=call, assignee_name="Robin Sample", cause="Wait", note="Called.")
    for before, after in ((None, "open"), ("open", "acknowledged")):
        api.insert(
            "follow_up_entry",
            follow_up_id=follow_up,
            at="2026-11-02T15:00:00Z",
            action="changed",
            actor_subject="kim",
            actor_name="Kim Example",
            from_state=before,
            to_state=after,
            changes='{"cause": [null, "Wait"]}',
            note="Called.",
        )
    return call


@pytest.mark.parametrize("character", CHARACTERS)
def test_no_text_of_any_column_makes_an_answer_too_long(api: Api, character: str) -> None:
    call = _scene(api)
    for text in _texts(api):
        if text[1] != "vapi_call_id":  # it says which rows belong together
            _fill(api, text, CHARACTERS[character])
    for path in PATHS:
        answer = api.get(path.format(call), **({"direction": "all"} if "feedback" in path else {}))
        assert answer.status == 200 or answer.error["code"].startswith("recording_"), answer.text[:300]
        assert _sent(answer) < MAX_BYTES, path
        if not path.endswith(".csv"):
            most = MAX_TEXT_CHARACTERS if "{}" in path else MAX_LISTED_CHARACTERS
            assert max(map(len, _strings(answer.json)), default=0) <= most, path
    detail = api.get(f"/calls/{call}").json
    assert len(detail["summary"]) == MAX_TEXT_CHARACTERS
    assert detail["summary"].endswith(CHARACTERS[character] + ELLIPSIS)
    assert detail["feedback"]["structured_data"] == {CUT: True}
    assert {attempt["feedback"]["structured_data"][CUT] for attempt in detail["attempts"]} == {True}
    assert api.get(f"/calls/{call}/transcript").json["turns"][0]["text"].endswith(ELLIPSIS)


def _all_pages(api: Api, path: str, **query: object) -> list[int]:
    """The calls of all pages, each of which an answer has room for."""
    ids: list[int] = []
    cursor: str | None = None
    while True:
        answer = api.get(path, **query, **({"cursor": cursor} if cursor else {}))
        assert answer.status == 200
        assert _sent(answer) < MAX_BYTES
        if path.endswith(".csv"):
            page = [int(row["call_id"]) for row in answer.rows]
            cursor = answer.headers.get("x-next-cursor")
        else:
            page = [item["call_id"] for item in answer.json["items"]]
            cursor = answer.json["next_cursor"]
        assert page
        ids += page
        if not cursor:
            return ids


@pytest.mark.parametrize("character", CHARACTERS)
@pytest.mark.parametrize(("path", "limit"), [("/feedback", 200), ("/feedback.csv", 5000)])
def test_a_page_of_long_texts_has_as_many_rows_as_fit_and_a_cursor_for_the_rest(
    api: Api, character: str, path: str, limit: int
) -> None:
    made = [api.call(nps_score=9, outcome="reached") for _ in range(150)]
    api.database.run(
        "INSERT INTO call_feedback (call_id, content, positives, detractors, action_items)"
        " SELECT id, text, text, text, text FROM call, repeat(CAST(:character AS text), 20000) AS text",
        character=CHARACTERS[character],
    )
    assert sorted(_all_pages(api, path, limit=limit)) == made


def test_a_page_of_usual_rows_is_whole(api: Api) -> None:
    made = [api.call(nps_score=9, outcome="reached") for _ in range(200)]
    api.database.run(
        "INSERT INTO call_feedback (call_id, content, detractors)"
        " SELECT id, text, text FROM call, repeat('h\u00e9llo ', 100) AS text"
    )
    assert sorted(api.ids("/feedback", limit=200)) == made
    assert len(api.get("/feedback.csv", limit=5000).rows) == 200


@pytest.mark.parametrize("character", ["letters", "emoji"])
def test_a_transcript_ends_where_an_answer_would_be_too_long(api: Api, character: str) -> None:
    call = api.call()
    api.database.run(
        "INSERT INTO transcript (call_id, role, content, timestamp)"
        " SELECT :call, 'human', repeat(CAST(:character AS text), 20000), '2026-11-02'::timestamptz"
        " FROM generate_series(1, 700)",
        call=call,
        character=CHARACTERS[character],
    )
    answer = api.get(f"/calls/{call}/transcript")
    assert MAX_BYTES * 0.8 < _sent(answer) < MAX_BYTES
    assert {turn["text"] for turn in answer.json["turns"]} == {CHARACTERS[character] * 20000}


def test_a_call_with_many_long_attempts_shows_its_own_and_the_latest(api: Api) -> None:
    call = api.call(vapi_call_id="a000")
    said: dict[str, Any] = dict.fromkeys(("content", "positives", "detractors", "action_items"), "\u00e9" * 2000)
    said["structured_data"] = {"a": "\u00e9" * 10_000}
    api.database.run(
        "INSERT INTO vapi_call (call_id, vapi_call_id, created_at, feedback)"
        " SELECT :call, 'a' || lpad(n::text, 3, '0'), '2026-11-02'::timestamptz + n * interval '1 minute',"
        " CAST(:said AS jsonb) FROM generate_series(0, 60) AS n",
        call=call,
        said=json.dumps(said),
    )
    api.database.run(
        "INSERT INTO webhook_event (event_id, kind, type, call_id, vapi_call_id, received_at, processed_at, outcome)"
        " SELECT n::text, 'status', 'status-update', :call, repeat('\u00e9', 100), now(), now(), 'applied'"
        " FROM generate_series(1, 1000) AS n",
        call=call,
    )
    answer = api.get(f"/calls/{call}")
    assert _sent(answer) < MAX_BYTES
    numbers = [attempt["number"] for attempt in answer.json["attempts"]]
    assert numbers == sorted(numbers)
    assert {1, 61} <= set(numbers)
    assert answer.json["attempt_count"] == 61
    assert answer.json["timeline"]
