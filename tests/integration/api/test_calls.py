import base64
import gzip
import json
from datetime import datetime, timedelta, timezone

import pytest

from autopulse.api.resolver import handle
from local.events import reading_event
from tests.harness import Context
from tests.integration.api.client import OURS, THEIRS, Api

START = datetime(2026, 11, 2, 15, tzinfo=timezone.utc)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def test_an_empty_organization_has_an_empty_list(api: Api) -> None:
    assert api.get("/calls").json == {"items": [], "next_cursor": None}


def test_a_call_is_shown_with_its_customer_campaign_and_advisor(api: Api) -> None:
    advisor = api.insert('"user"', name="Robin Sample", organization_id=OURS)
    campaign = api.insert("campaign", name="Autumn", organization_id=OURS)
    service_record = api.service_record(
        customer_name="Dana Example", vehicle_info="2021 Sample Sedan", service_type="Oil", service_advisor_id=advisor
    )
    call = api.call(
        service_record_id=service_record,
        campaign_id=campaign,
        vapi_call_id="call_1",
        start_time=at(0),
        end_time=at(1.5),
        duration_sec=90,
        nps_score=9,
        outcome="reached",
        ended_reason="customer-ended-call",
        recording_url="https://recordings.example.com/1.wav",
    )
    (item,) = api.get("/calls").json["items"]
    assert datetime.fromisoformat(item.pop("updated_at")) <= datetime.now(timezone.utc)
    assert item == {
        "id": call,
        "vapi_call_id": "call_1",
        "status": "Completed",
        "outcome": "reached",
        "complaint": None,
        "gist": None,
        "ended_reason": "customer-ended-call",
        "direction": "outbound",
        "demo": False,
        "customer_name": "Dana Example",
        "phone": "+12025550101",
        "vehicle": "2021 Sample Sedan",
        "service": "Oil",
        "campaign_id": campaign,
        "campaign_name": "Autumn",
        "advisor_id": advisor,
        "advisor_name": "Robin Sample",
        "start_time": "2026-11-02T15:00:00Z",
        "end_time": "2026-11-02T15:01:30Z",
        "duration_seconds": 90,
        "nps_score": 9,
        "has_recording": True,
        "attempt_count": 0,
        "attempt_number": None,
        "reported_by": None,
        "reconciliation": None,
        "match": None,
        "reason": None,
    }


def test_calls_come_by_when_they_began_those_without_times_by_when_they_were_written(api: Api) -> None:
    first, second = api.call(start_time=at(0)), api.call(start_time=at(10))
    busy = api.call(end_time=at(5), outcome="busy")
    waiting = [
        api.call(status=status, updated_at=at(minutes))
        for minutes, status in ((1, "Ready"), (4, "Missed"), (7, "Failed"), (12, "Queued"))
    ]
    older = api.call(status="Failed", updated_at=None)
    assert api.ids("/calls", order="oldest") == [older, first, *waiting[:2], busy, waiting[2], second, waiting[3]]
    assert api.ids("/calls") == api.ids("/calls", order="oldest")[::-1]


@pytest.mark.parametrize("status", ["Ready", "Scheduled", "Missed", "Failed"])
def test_a_call_without_times_is_on_top_until_another_one_begins(api: Api, status: str) -> None:
    before = api.call(start_time=datetime.now(timezone.utc) - timedelta(days=1))
    call = api.call(status=status)
    assert api.ids("/calls") == [call, before]
    after = api.call(start_time=datetime.now(timezone.utc) + timedelta(days=1))
    assert api.ids("/calls") == [after, call, before]


@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_pages_together_are_the_whole_list_each_call_once(api: Api, order: str) -> None:
    # Equal times, calls without any, and microseconds: the places where pages could overlap or leave something out.
    for place in range(7):
        api.call(start_time=at(place // 3))
        api.call(status="Ready", updated_at=at(place // 2))
        api.call(status="Failed", updated_at=None)
        api.call(end_time=at(1) + timedelta(microseconds=place))
    whole = api.ids("/calls", order=order)
    assert len(set(whole)) == 28
    pages, cursor = [], None
    while True:
        answer = api.get("/calls", order=order, limit=2, **({"cursor": cursor} if cursor else {})).json
        assert len(answer["items"]) <= 2
        pages += [item["id"] for item in answer["items"]]
        if not (cursor := answer["next_cursor"]):
            break
    assert pages == whole


def test_a_page_that_is_just_full_has_no_next(api: Api) -> None:
    for _ in range(3):
        api.call(start_time=at(0))
    assert api.get("/calls", limit=3).json["next_cursor"] is None
    assert api.get("/calls", limit=2).json["next_cursor"]


def test_calls_that_come_later_do_not_move_the_next_page(api: Api) -> None:
    calls = [api.call(start_time=at(place)) for place in range(4)]
    answer = api.get("/calls", limit=2).json
    api.call(start_time=at(60))
    assert api.ids("/calls", limit=2, cursor=answer["next_cursor"]) == calls[1::-1]


@pytest.mark.parametrize(
    ("column", "value", "other", "parameter"),
    [
        ("status", "In Progress", "Completed", "status"),
        ("outcome", "voicemail", "reached", "outcome"),
        ("direction", "inbound", "outbound", "direction"),
        ("is_demo", True, False, "demo"),
    ],
)
def test_a_filter_keeps_what_it_names(api: Api, column: str, value: object, other: object, parameter: str) -> None:
    named = api.call(start_time=at(0), **{column: value})
    rest = api.call(start_time=at(1), **{column: other})
    assert api.ids("/calls", **{parameter: str(value).lower() if value is True else value}) == [named]
    assert api.ids("/calls") == [rest, named]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("Ringing", ["Ringing"]),
        ("Ringing,Ringing", ["Ringing"]),
        ("In Progress,Ringing", ["Ringing", "In Progress"]),
        ('Ended,a "b" \\,{}', ["Ended", 'a "b" \\', "{}"]),
        ("NULL,Ended", ["Ended"]),
    ],
)
def test_calls_of_several_statuses(api: Api, asked: str, found: list[str]) -> None:
    statuses = ["Ringing", "In Progress", "Ended", 'a "b" \\', "{}", "Ready"]
    calls = {status: api.call(status=status, start_time=at(place)) for place, status in enumerate(statuses)}
    assert api.ids("/calls", status=asked, order="oldest") == [calls[status] for status in found]


@pytest.mark.parametrize("asked", ["", ",", "Ended,", ",Ended", "Ended,,Ready", "x" * 101])
def test_an_unknown_status_is_400(api: Api, asked: str) -> None:
    answer = api.get("/calls", status=asked)
    assert (answer.status, answer.error["field"]) == (400, "status")


def test_campaign_and_advisor(api: Api) -> None:
    advisor = api.insert('"user"', name="Robin Sample", organization_id=OURS)
    campaign = api.insert("campaign", name="Autumn", organization_id=OURS)
    by_id = api.call(service_record_id=api.service_record(service_advisor_id=advisor), start_time=at(1))
    by_name = api.call(service_record_id=api.service_record(service_advisor_name="Alex Invented"), start_time=at(2))
    of_campaign = api.call(campaign_id=campaign, start_time=at(3))
    assert api.ids("/calls", advisor=advisor) == [by_id]
    assert api.ids("/calls", advisor="Alex Invented") == [by_name]
    assert api.ids("/calls", advisor="99999999999999999999") == []
    assert api.ids("/calls", campaign=campaign) == [of_campaign]


def test_time_from_is_within_and_to_is_not(api: Api) -> None:
    calls = [api.call(start_time=at(place)) for place in range(4)]
    waiting = api.call(status="Ready", updated_at=at(9))
    assert api.ids("/calls", from_=at(1).isoformat(), to=at(3).isoformat()) == [calls[2], calls[1]]
    assert api.ids("/calls", from_=at(3).isoformat()) == [waiting, calls[3]]
    assert api.ids("/calls", to="2026-11-02T10:01:00-05:00") == [calls[0]]


@pytest.mark.parametrize("asked", ["0142", "555-0142", "(202) 555 0142", "+1 202 555 0142", "12025550142"])
def test_a_customer_is_found_by_the_end_of_the_number(api: Api, asked: str) -> None:
    found = api.call(customer_number="+12025550142")
    api.call(customer_number="+12025550143")
    api.call(customer_number="unknown")
    assert api.ids("/calls", customer=asked) == [found]


@pytest.mark.parametrize("asked", ["dana", "Dana", "exam", "example dana", "Dana O'Ex", "dána"])
def test_a_customer_is_found_by_beginnings_of_words(api: Api, asked: str) -> None:
    dana = api.call(service_record_id=api.service_record(customer_name="Dana O'Example Dána Étude"))
    api.call(service_record_id=api.service_record(customer_name="Testa Placeholder"))
    assert api.ids("/calls", customer=asked) == [dana]


@pytest.mark.parametrize("asked", ["placeholder'); DROP TABLE call; --", "x' | 'y", "a & !b:*", "\\", "%", "_", "':*"])
def test_a_customer_is_data_never_a_query(api: Api, asked: str) -> None:
    api.call(service_record_id=api.service_record(customer_name="Testa Placeholder"))
    answer = api.get("/calls", customer=asked)
    assert answer.status in {200, 400}
    assert answer.status == 400 or answer.json["items"] == []
    assert len(api.ids("/calls")) == 1


def test_filters_together(api: Api) -> None:
    advisor = api.insert('"user"', name="Robin Sample", organization_id=OURS)
    campaign = api.insert("campaign", name="Autumn", organization_id=OURS)
    service_record = api.service_record(customer_name="Dana Example", service_advisor_id=advisor)
    values: dict[str, object] = {
        "service_record_id": service_record,
        "campaign_id": campaign,
        "outcome": "reached",
        "start_time": at(1),
    }
    call = api.call(**values)
    for column, value in {"outcome": "busy", "campaign_id": None, "start_time": at(9), "status": "Ended"}.items():
        api.call(**(values | {column: value}))
    query: dict[str, object] = {
        "advisor": advisor,
        "campaign": campaign,
        "outcome": "reached",
        "status": "Completed",
        "customer": "dana",
    }
    query |= {"from_": at(0).isoformat(), "to": at(2).isoformat(), "direction": "outbound", "demo": "false"}
    assert api.ids("/calls", **query) == [call]


def test_a_call_with_all_that_belongs_to_it(api: Api) -> None:
    service_record = api.service_record(customer_name="Dana Example", status="Completed", rating=9, feedback="Fast.")
    call = api.call(
        service_record_id=service_record, start_time=at(0), cost="0.1234", feedback_summary="A happy customer."
    )
    api.feedback(call, content="Fast.", detractors=None, positives="Fast\nFriendly", structured_data='{"x": [1]}')
    api.database.run("INSERT INTO call_incident (call_id, kind, occurred_at) VALUES (:c, 'stall', :t)", c=call, t=at(1))
    for place, name in enumerate(("b", "a")):
        api.receipt(
            name * 64,
            call_id=call,
            vapi_call_id="call_1" if place else None,
            occurred_at=at(place) if place else None,
            received_at=at(place) + timedelta(milliseconds=120),
            processed_at=at(place) + timedelta(milliseconds=150),
            repeats=place,
            status="Ringing" if place else None,
        )
    detail = api.get(f"/calls/{call}").json
    assert detail["id"] == call
    assert detail["cost_dollars"] == 0.1234
    assert detail["summary"] == "A happy customer."
    assert detail["feedback"]["positives"] == "Fast\nFriendly"
    assert detail["feedback"]["structured_data"] == {"x": [1]}
    assert detail["service_record"]["id"] == service_record
    assert detail["service_record"]["rating"] == 9
    assert detail["attempts"] == []
    assert detail["incidents"] == [{"kind": "stall", "occurred_at": "2026-11-02T15:01:00Z"}]
    assert [event["event_id"][0] for event in detail["timeline"]] == ["b", "a"]
    assert [(event["delivery_ms"], event["processing_ms"]) for event in detail["timeline"]] == [(None, 30), (120, 30)]
    assert [(event["repeats"], event["status"]) for event in detail["timeline"]] == [(0, None), (1, "Ringing")]
    assert [event["vapi_call_id"] for event in detail["timeline"]] == [None, "call_1"]


def test_a_bare_call(api: Api) -> None:
    detail = api.get(f"/calls/{api.call(status='Ready')}").json
    assert (detail["feedback"], detail["service_record"]) == (None, None)
    assert detail["incidents"] == detail["timeline"] == []


def _say(api: Api, call: int, *turns: tuple[str | None, int | None, str, float]) -> None:
    for source, sequence, text, minutes in turns:
        api.insert(
            "transcript",
            call_id=call,
            role="assistant" if text < "m" else "human",
            content=text,
            timestamp=at(minutes),
            sequence=sequence,
            source=source,
        )


def test_a_transcript_is_in_order_with_speakers_and_times(api: Api) -> None:
    call = api.call(start_time=at(0))
    _say(api, call, ("report", 1, "yes", 0.1), ("report", 0, "hello", 0.05), ("report", 3, "bye", 0.1))
    answer = api.get(f"/calls/{call}/transcript").json
    assert answer["source"] == "report"
    assert answer["start_time"] == "2026-11-02T15:00:00Z"
    assert answer["turns"] == [
        {"speaker": "assistant", "text": "hello", "at": "2026-11-02T15:00:03Z", "seconds": 3.0},
        {"speaker": "human", "text": "yes", "at": "2026-11-02T15:00:06Z", "seconds": 6.0},
        {"speaker": "assistant", "text": "bye", "at": "2026-11-02T15:00:06Z", "seconds": 6.0},
    ]


def test_the_best_source_there_is_is_named_and_turns_of_all_are_shown(api: Api) -> None:
    """Fragments come before the lists that they stand beside, whatever their times are."""
    call = api.call()
    turns: list[tuple[str | None, int | None, str, float]] = [
        (None, None, "a", 1),
        ("fragment", None, "b", 9),
        ("conversation", 0, "c", 2),
        ("report", 1, "d", 3),
    ]
    for place, turn in enumerate(turns):
        _say(api, call, turn)
        answer = api.get(f"/calls/{call}/transcript").json
        assert answer["source"] == turn[0]
        assert [shown["text"] for shown in answer["turns"]] == ["a", "b", "c", "d"][: place + 1]
        assert answer["turns"][0]["seconds"] is None


def test_fragments_are_ordered_by_time(api: Api) -> None:
    call = api.call()
    _say(api, call, ("fragment", None, "second", 2), ("fragment", None, "first", 1))
    assert [turn["text"] for turn in api.get(f"/calls/{call}/transcript").json["turns"]] == ["first", "second"]


def test_a_call_without_words_has_an_empty_transcript(api: Api) -> None:
    call = api.call()
    assert api.get(f"/calls/{call}/transcript").json == {
        "call_id": call,
        "attempt": None,
        "vapi_call_id": None,
        "source": None,
        "start_time": None,
        "turns": [],
    }


def test_a_recording_says_when_its_url_ends(api: Api) -> None:
    url = "https://recordings.example.com/1.wav?X-Amz-Date=29991231T230000Z&X-Amz-Expires=3600"
    answer = api.get(f"/calls/{api.call(recording_url=url)}/recording").json
    assert answer == {"url": url, "expires_at": "3000-01-01T00:00:00Z"}


def test_a_recording_without_an_end(api: Api) -> None:
    call = api.call(recording_url="https://recordings.example.com/1.wav")
    assert api.get(f"/calls/{call}/recording").json["expires_at"] is None


def test_an_expired_recording_is_gone_and_says_so(api: Api) -> None:
    url = "https://recordings.example.com/1.wav?X-Amz-Date=20260101T000000Z&X-Amz-Expires=60"
    answer = api.get(f"/calls/{api.call(recording_url=url)}/recording")
    assert answer.status == 410
    assert answer.error["code"] == "recording_expired"
    assert "2026-01-01T00:01:00" in answer.error["message"]
    assert "recordings.example.com" not in answer.text


@pytest.mark.parametrize(
    "url",
    [
        *(None, "", "recording.mp3", "javascript:alert(1)", "data:audio/wav;base64,", "http://["),
        *("http://recordings.example.com/1.wav", "https://user@recordings.example.com/1.wav"),
    ],
)
def test_a_recording_with_an_unsafe_url_is_404(api: Api, url: str | None) -> None:
    answer = api.get(f"/calls/{api.call(recording_url=url)}/recording")
    assert (answer.status, answer.error["code"]) == (404, "recording_missing")
    assert api.get("/calls").json["items"][0]["has_recording"] is False


def test_a_recording_at_another_host_is_kept_and_not_offered(api: Api) -> None:
    url = "https://recordings.example.com.elsewhere.example/1.wav"
    call = api.call(recording_url=url, vapi_call_id="one")
    api.attempt(call, "one", recording_url=url)
    answer = api.get(f"/calls/{call}/recording")
    assert (answer.status, answer.error["code"]) == (404, "recording_elsewhere")
    assert "elsewhere.example" not in answer.text
    detail = api.get(f"/calls/{call}").json
    for shown in (detail, *detail["attempts"]):
        assert (shown["has_recording"], shown["recording_elsewhere"]) == (False, True)
    assert "elsewhere.example" not in json.dumps(detail)


def test_a_recording_in_private_storage_is_not_offered(api: Api) -> None:
    url = "https://0123456789abcdef.r2.cloudflarestorage.com/a-bucket/one-mono.wav"
    answer = api.get(f"/calls/{api.call(recording_url=url)}/recording")
    assert (answer.status, answer.error["code"]) == (404, "recording_private")
    assert "cloudflarestorage" not in answer.text


@pytest.mark.parametrize("path", ["", "/transcript", "/recording"])
def test_a_call_that_does_not_exist(api: Api, path: str) -> None:
    assert api.get(f"/calls/2147483647{path}").error["code"] == "not_found"


def test_a_ping_that_went_all_the_way(api: Api) -> None:
    api.receipt(
        "a" * 64,
        type="autopulse.ping",
        occurred_at=at(0),
        received_at=at(0) + timedelta(milliseconds=40),
        processed_at=at(0) + timedelta(milliseconds=100),
    )
    ping = api.get(f"/pings/{'a' * 64}").json
    assert (ping["event_id"], ping["delivery_ms"], ping["processing_ms"]) == ("a" * 64, 40, 60)
    assert api.get(f"/pings/{'b' * 64}").status == 404


def test_calls_to_come_are_those_that_nobody_has_been_rung_for(api: Api) -> None:
    to_come = [api.call(status=status) for status in ("Ready", "Scheduled", "Queued")]
    others = [
        api.call(status="Ringing"),
        api.call(status="Failed"),
        api.call(status="Completed"),
        api.call(status="Queued", start_time=at(0)),
        api.call(status="Ready", end_time=at(0), outcome="busy"),
    ]
    assert sorted(api.ids("/calls", to_come="true")) == to_come
    assert sorted(api.ids("/calls", to_come="false")) == others
    assert sorted(api.ids("/calls")) == [*to_come, *others]


def test_calls_are_counted_as_they_are_listed(api: Api) -> None:
    service_record = api.service_record(customer_name="Dana Example", service_advisor_name="Robin Sample")
    for place in range(3):
        api.call(service_record_id=service_record, status="Completed", start_time=at(place))
    api.call(status="Ready")
    api.call(THEIRS)
    for query, count in (
        ({}, 4),
        ({"to_come": "true"}, 1),
        ({"customer": "dana"}, 3),
        ({"advisor": "Robin Sample", "from_": at(1).isoformat()}, 2),
        ({"status": "Busy"}, 0),
    ):
        assert api.get("/calls/count", **query).json == {"count": count, "is_all": True}, query


def test_a_count_ends_at_a_thousand(api: Api) -> None:
    statement = (
        "INSERT INTO call (organization_id, customer_number, status)"
        " SELECT CAST(:id AS uuid), '+12025550101', 'Ready' FROM generate_series(1, :calls)"
    )
    api.database.run(statement, id=OURS, calls=1000)
    assert api.get("/calls/count").json == {"count": 1000, "is_all": True}
    api.call()
    assert api.get("/calls/count").json == {"count": 1000, "is_all": False}


@pytest.mark.parametrize("query", [{"customer": "dana"}, {"advisor": "Robin Sample"}], ids=str)
def test_a_count_by_visits_ends_at_a_hundred(api: Api, query: dict[str, object]) -> None:
    service_record = api.service_record(customer_name="Dana Example", service_advisor_name="Robin Sample")
    statement = (
        "INSERT INTO call (organization_id, customer_number, status, service_record_id)"
        " SELECT CAST(:id AS uuid), '+12025550101', 'Ready', :service_record FROM generate_series(1, :calls)"
    )
    api.database.run(statement, id=OURS, service_record=service_record, calls=100)
    assert api.get("/calls/count", **query).json == {"count": 100, "is_all": True}
    api.call(service_record_id=service_record)
    assert api.get("/calls/count", **query).json == {"count": 100, "is_all": False}
    assert api.get("/calls/count", customer="0101").json == {"count": 101, "is_all": True}


def test_me_names_the_organization_of_the_token(api: Api) -> None:
    assert api.get("/me").json == {
        "organization_id": OURS,
        "organization_name": "Example Motors",
        "may_write": False,
        "user_id": None,
        "advisor_id": None,
    }
    assert api.get("/me", THEIRS).json["organization_name"] == "Other Motors"
    unknown = "00000000-0000-4000-8000-00000000000c"
    assert api.get("/me", unknown).json == {
        "organization_id": unknown,
        "organization_name": None,
        "may_write": False,
        "user_id": None,
        "advisor_id": None,
    }


def test_a_list_comes_compressed_for_a_browser(api: Api) -> None:
    for _ in range(10):
        api.call()
    event = reading_event("/v1/calls", {"organization_id": OURS, "subject": "reader", "expires_at": "4102444800"})
    event["headers"]["Accept-Encoding"] = "gzip, deflate, br, zstd"
    answer = handle(api.services, event, Context(10))
    assert answer["multiValueHeaders"]["content-encoding"] == ["gzip"]
    assert len(json.loads(gzip.decompress(base64.b64decode(answer["body"])))["items"]) == 10
