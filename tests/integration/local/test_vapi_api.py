"""The stand-in for Vapi's API: what it remembers and forgets, who may ask, recordings, and every fault."""

import http.client
import io
import json
import socket
import time
import wave
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import pytest

from autopulse.vapi.call_ids import find_named_call
from autopulse.vapi.envelope import envelope_from
from local.simulator.call_records import record_of
from local.simulator.scenario import CallScript, write_script
from local.simulator.webhook_factory import CANARY, webhooks
from local.vapi_api import KEY, Fault, Vapi, broken, endless, rate_limited, serve

NOW = datetime(2026, 11, 20, 15, tzinfo=timezone.utc)
STRANGER = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def vapi() -> Iterator[Vapi]:
    with serve() as served:
        served.moment = NOW
        yield served


class Got:
    def __init__(self, response: http.client.HTTPResponse, content: bytes) -> None:
        self.status, self.headers, self.content = response.status, response.headers, content

    @property
    def body(self) -> Any:  # noqa: ANN401 - any JSON
        return json.loads(self.content)


def _ask(url: str, path: str = "", method: str = "GET", body: object = None, **headers: str) -> Got:
    parts = urlsplit(url + path)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        content = None if body is None else json.dumps(body)
        connection.request(method, f"{parts.path}?{parts.query}" if parts.query else parts.path, content, headers)
        response = connection.getresponse()
        return Got(response, response.read())
    finally:
        connection.close()


def _get(vapi: Vapi, path: str, key: str = KEY) -> Got:
    return _ask(vapi.url, path, Authorization=f"Bearer {key}")


def _script(ago: timedelta = timedelta(hours=1), seed: int = 1, outcome: str = "reached") -> CallScript:
    return write_script(Random(seed), 15, NOW - ago, outcome=outcome)


def _put(vapi: Vapi, ago: timedelta = timedelta(hours=1), seed: int = 1) -> dict[str, Any]:
    record = record_of(_script(ago, seed))
    vapi.calls.put(record)
    return record


def test_a_record_says_what_the_report_says(vapi: Vapi) -> None:
    script = _script()
    vapi.calls.put(record_of(script))
    record = _get(vapi, f"/call/{script.vapi_call_id}").body
    report = webhooks(script, {"end-of-call-report"})[0][1]["message"]
    for name in ("analysis", "startedAt", "endedAt", "endedReason", "cost", "costs", "assistant"):
        assert record[name] == report[name]
    assert {name: record["artifact"][name] for name in report["artifact"]} == report["artifact"]
    assert (record["id"], record["type"], record["status"]) == (script.vapi_call_id, "outboundPhoneCall", "ended")
    assert record["assistantOverrides"]["variableValues"]["call_id"] == "15"
    assert CANARY in json.dumps(record["monitor"])
    assert f"{CANARY}prompt" in json.dumps(record["assistant"]["model"])


def test_a_record_leads_to_the_envelope_of_its_report(vapi: Vapi) -> None:
    """A message that is made of the record has everything that the report had, but for the call's own durations."""
    record = _put(vapi)
    report = webhooks(_script(), {"end-of-call-report"})[0][1]["message"]
    made = record | {"type": report["type"], "timestamp": report["timestamp"], "call": record}
    named = find_named_call(made)
    assert named is not None
    assert named.call_id == 15
    kept, expected = (envelope_from("end_of_call_report", one, NOW).message for one in (made, report))
    of_report_only = {name for name in expected if name.startswith("duration")}
    assert set(kept) == set(expected) - of_report_only
    for name in set(kept) - {"call"}:
        assert kept[name] == expected[name]


def test_a_record_is_shown_as_far_as_its_call_has_come(vapi: Vapi) -> None:
    script = _script(timedelta(0))
    vapi.calls.put(record_of(script))
    assert script.started_at is not None
    moments = {
        "queued": script.started_at - timedelta(seconds=1),
        "in-progress": script.started_at + timedelta(seconds=1),
        "ended": script.ended_at,
    }
    for status, moment in moments.items():
        vapi.moment = moment
        record = _get(vapi, f"/call/{script.vapi_call_id}").body
        assert record["status"] == status
        assert "analysis" not in record
        assert ("endedAt" in record) == (status == "ended")
        assert bool(record["artifact"]) == (status == "ended")
        assert ("startedAt" in record) == (status != "queued")
    vapi.moment = script.ended_at + timedelta(seconds=6)
    assert "analysis" in _get(vapi, f"/call/{script.vapi_call_id}").body


@pytest.mark.parametrize("state", ["ringing", "in-progress", "not-found"])
def test_a_call_is_held_in_a_state(vapi: Vapi, state: str) -> None:
    record = _put(vapi)
    vapi.calls.hold(record["id"], state)
    shown = _get(vapi, f"/call/{record['id']}").body
    assert (shown["status"], shown["artifact"], "endedAt" in shown) == (state, {}, False)
    vapi.calls.hold(record["id"], None)
    assert _get(vapi, f"/call/{record['id']}").body["status"] == "ended"


def test_a_recorded_call_that_says_null_has_ended_if_it_says_so(vapi: Vapi) -> None:
    """Calls of 2024 name no beginning and no end."""
    record = record_of(_script()) | {"startedAt": None, "endedAt": None, "artifact": None}
    vapi.calls.put(record)
    assert _get(vapi, f"/call/{record['id']}").body["status"] == "ended"
    assert [one["status"] for one in _get(vapi, "/call").body] == ["ended"]
    vapi.calls.hold(record["id"], "in-progress")
    assert _get(vapi, f"/call/{record['id']}").body["status"] == "in-progress"


def test_a_call_that_could_not_be_deleted_is_all_there(vapi: Vapi) -> None:
    record = _put(vapi)
    vapi.calls.hold(record["id"], "deletion-failed")
    (listed,) = _get(vapi, "/call").body
    assert listed == record | {"status": "deletion-failed"}


def test_a_state_that_there_is_not_is_refused(vapi: Vapi) -> None:
    with pytest.raises(ValueError, match="none of these states"):
        vapi.calls.hold("x", "finished")


@pytest.mark.parametrize("by_age", [True, False])
def test_a_call_is_forgotten_in_vapis_words(vapi: Vapi, *, by_age: bool) -> None:
    record = _put(vapi, timedelta(days=14, seconds=1) if by_age else timedelta(hours=1))
    if not by_age:
        vapi.calls.hold(record["id"], "forgotten")
    for path in (f"/call/{record['id']}", f"/call/{record['id']}/mono-recording"):
        got = _get(vapi, path)
        assert got.status == 400
        assert got.body["message"] == (
            "Your subscription plan only covers the last 14 days of call history."
            " This call exceeds your retention window."
        )
    assert _get(vapi, "/call").body == []


def test_a_list_that_begins_before_what_is_remembered_is_refused(vapi: Vapi) -> None:
    got = _get(vapi, "/call?createdAtGe=2026-11-01T00:00:00Z")
    assert got.status == 400
    assert got.body["message"].endswith("Please adjust your date filter to Sat Nov 07 2026 or later.")
    assert _get(vapi, "/call?createdAtLe=2026-11-01T00:00:00Z").body == []


@pytest.mark.parametrize("path", [f"/call/{STRANGER}", f"/call/{STRANGER}/mono-recording", "/call/x", "/nowhere"])
def test_what_nobody_has_is_not_found(vapi: Vapi, path: str) -> None:
    assert _get(vapi, path).status == 404


def test_a_call_of_which_nothing_is_known_any_more(vapi: Vapi) -> None:
    record = _put(vapi)
    vapi.calls.hold(record["id"], "unknown")
    assert _get(vapi, f"/call/{record['id']}").status == 404
    assert _get(vapi, "/call").body == []


@pytest.mark.parametrize("path", ["/call", f"/call/{STRANGER}", "/assistant", "/_stand-in/requests"])
@pytest.mark.parametrize("key", ["", "another", KEY + "x"])
def test_nothing_is_told_without_the_key(vapi: Vapi, path: str, key: str) -> None:
    assert _get(vapi, path, key).status == 401
    assert _ask(vapi.url, path).status == 401


def test_a_list_is_read_by_pages_newest_first(vapi: Vapi) -> None:
    """By the oldest `createdAt` as the next `createdAtLe`, doubles dropped; two were made at the same time."""
    made = [_put(vapi, timedelta(minutes=minutes), seed) for seed, minutes in enumerate((5, 3, 3, 9, 1, 7))]
    found: dict[str, str] = {}
    cursor = ""
    while True:
        page = _get(vapi, f"/call?limit=3{cursor}").body
        fresh = [record for record in page if record["id"] not in found]
        if not fresh:
            break
        found |= {record["id"]: record["createdAt"] for record in fresh}
        cursor = f"&createdAtLe={page[-1]['createdAt']}"
    assert set(found) == {record["id"] for record in made}
    assert list(found.values()) == sorted(found.values(), reverse=True)


def test_a_list_has_the_artifact_and_no_presigned_url(vapi: Vapi) -> None:
    record = _put(vapi)
    (listed,) = _get(vapi, "/call").body
    assert listed == record | {"status": "ended"}
    assert "presigned" not in json.dumps(listed)
    first, second = (_get(vapi, f"/call/{record['id']}").body["artifact"]["presignedMonoUrl"] for _ in range(2))
    assert first == second, "of one second"
    vapi.moment = NOW + timedelta(seconds=1)
    assert _get(vapi, f"/call/{record['id']}").body["artifact"]["presignedMonoUrl"] != first


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("createdAtGt={middle}", {0}),
        ("createdAtGe={middle}", {0, 1}),
        ("createdAtLt={middle}", {2}),
        ("createdAtLe={middle}", {1, 2}),
        ("createdAtGe={middle}&createdAtLe={middle}", {1}),
        ("updatedAtGt={updated}", {0}),
        ("id={id}", {1}),
        ("assistantId={assistant}", {0, 1, 2}),
        ("assistantId=x", set()),
        ("limit=0", set()),
        ("limit=1", {0}),
    ],
)
def test_what_a_list_is_asked_for(vapi: Vapi, query: str, expected: set[int]) -> None:
    made = [_put(vapi, timedelta(minutes=minutes), minutes) for minutes in (10, 20, 30)]
    middle = made[1]
    filled = query.format(
        middle=middle["createdAt"], updated=middle["updatedAt"], id=middle["id"], assistant=middle["assistantId"]
    )
    assert {record["id"] for record in _get(vapi, f"/call?{filled}").body} == {made[place]["id"] for place in expected}


@pytest.mark.parametrize(
    "query", ["limit=1001", "limit=x", "limit=-1", "createdAtGe=yesterday", "status=ended", "page=2"]
)
def test_what_the_schema_does_not_have_is_refused(vapi: Vapi, query: str) -> None:
    assert _get(vapi, f"/call?{query}").status == 400


def _location(vapi: Vapi, call_id: str) -> str:
    got = _get(vapi, f"/call/{call_id}/mono-recording")
    assert got.status == 302
    return str(got.headers["Location"])


def test_a_recording_is_found_at_another_host(vapi: Vapi) -> None:
    location = _location(vapi, _put(vapi)["id"])
    assert urlsplit(location).netloc != urlsplit(vapi.url).netloc
    got = _ask(location)
    assert (got.status, got.headers["Content-Type"], got.headers["Access-Control-Allow-Origin"]) == (
        200,
        "audio/wav",
        "*",
    )
    with wave.open(io.BytesIO(got.content)) as sound:
        assert sound.getnframes() / sound.getframerate() == 2


def test_ranges_of_a_recording(vapi: Vapi) -> None:
    location = _location(vapi, _put(vapi)["id"])
    whole = _ask(location).content
    for wanted, expected in {"bytes=0-99": whole[:100], "bytes=100-": whole[100:], "bytes=-7": whole[-7:]}.items():
        got = _ask(location, Range=wanted)
        assert (got.status, got.content, got.headers["Accept-Ranges"]) == (206, expected, "bytes")
        assert got.headers["Content-Range"].endswith(f"/{len(whole)}")
    assert _ask(location, Range=f"bytes={len(whole)}-").status == 416


def test_a_recordings_address_lives_half_an_hour(vapi: Vapi) -> None:
    location = _location(vapi, _put(vapi)["id"])
    vapi.moment = NOW + timedelta(minutes=30)
    assert _ask(location).status == 200
    vapi.moment = NOW + timedelta(minutes=30, seconds=1)
    assert _ask(location).status == 403


def test_a_recordings_address_is_good_as_it_is_only(vapi: Vapi) -> None:
    location = _location(vapi, _put(vapi)["id"])
    assert _ask(location.replace("Expires=1800", "Expires=18000")).status == 403
    assert _ask(location.replace("-mono.wav", "-stereo.wav")).status == 403
    assert _ask(location.partition("?")[0]).status == 400
    assert _ask(location, Authorization=f"Bearer {KEY}").status == 400, "the key has no business there"
    assert [request.has_authorization for request in vapi.fetched] == [False, False, False, True]


def test_a_call_that_nobody_answered_has_no_recording(vapi: Vapi) -> None:
    record = record_of(_script(outcome="busy"))
    vapi.calls.put(record)
    assert _get(vapi, f"/call/{record['id']}/mono-recording").status == 404
    assert "presigned" not in json.dumps(_get(vapi, f"/call/{record['id']}").body)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
def test_a_fault_is_answered_as_often_as_it_was_ordered(vapi: Vapi, status: int) -> None:
    record = _put(vapi)
    vapi.faults.append(broken(status, times=2))
    statuses = [_get(vapi, f"/call/{record['id']}").status for _ in range(3)]
    assert statuses == [status, status, 200]


def test_a_fault_of_one_path(vapi: Vapi) -> None:
    record, other = _put(vapi), _put(vapi, seed=2)
    vapi.faults.append(broken(404, f"/call/{record['id']}", None))
    assert _get(vapi, f"/call/{other['id']}").status == 200
    assert {_get(vapi, f"/call/{record['id']}").status for _ in range(3)} == {404}


def test_a_rate_limit_says_when_to_come_back(vapi: Vapi) -> None:
    vapi.faults.append(rate_limited("7"))
    got = _get(vapi, "/call")
    assert (got.status, got.headers["Retry-After"]) == (429, "7")


def test_json_that_breaks_off(vapi: Vapi) -> None:
    vapi.faults.append(Fault(200, b'[{"id": "'))
    assert _get(vapi, "/call").content == b'[{"id": "'


def test_a_redirect_to_any_address(vapi: Vapi) -> None:
    vapi.faults.append(Fault(302, None, {"Location": "http://192.0.2.1/latest"}))
    got = _get(vapi, "/call")
    assert (got.status, got.headers["Location"]) == (302, "http://192.0.2.1/latest")


def test_a_connection_that_is_closed_without_an_answer(vapi: Vapi) -> None:
    vapi.faults.append(Fault(0))
    with pytest.raises(http.client.RemoteDisconnected):
        _get(vapi, "/call")
    assert _get(vapi, "/call").status == 200


@pytest.mark.parametrize("fault", [Fault(200, [], seconds=60), Fault(200, "x" * 5_000, pause=60)])
def test_a_slow_answer_keeps_its_caller_waiting_and_nobody_else(vapi: Vapi, fault: Fault) -> None:
    vapi.faults.append(fault)
    parts = urlsplit(vapi.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=0.2)
    connection.request("GET", "/call", headers={"Authorization": f"Bearer {KEY}"})
    with pytest.raises(socket.timeout):
        connection.getresponse().read()
    connection.close()
    assert _get(vapi, "/call").status == 200


def test_a_server_ends_though_it_owes_a_slow_answer() -> None:
    began = time.monotonic()
    with serve() as vapi, socket.create_connection(("127.0.0.1", urlsplit(vapi.url).port or 0), 2) as connection:
        vapi.faults.append(Fault(200, [], seconds=600))
        connection.sendall(b"GET /call HTTP/1.1\r\nHost: x\r\n\r\n")
        while not vapi.requests:
            time.sleep(0.01)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("place", ["api", "storage"])
def test_a_body_of_two_gigabytes_begins_at_once(vapi: Vapi, place: str) -> None:
    location = f"{vapi.url}/call" if place == "api" else _location(vapi, _put(vapi)["id"])
    vapi.faults.append(endless("/call" if place == "api" else "/hipaa-recordings/"))
    parts = urlsplit(location)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    connection.request("GET", f"{parts.path}?{parts.query}", headers={"Authorization": f"Bearer {KEY}"})
    response = connection.getresponse()
    assert response.headers["Content-Length"] == "2000000000"
    assert len(response.read(1_000_000)) == 1_000_000
    connection.close()


def test_a_body_has_the_length_that_was_ordered(vapi: Vapi) -> None:
    vapi.faults.extend(
        [Fault(200, b"ab", length=5), Fault(200, b"abc" * 50_000, length=149_999), Fault(200, b"", length=0)]
    )
    assert [len(_get(vapi, "/call").content) for _ in range(3)] == [5, 149_999, 0]


def test_a_recording_that_is_no_audio(vapi: Vapi) -> None:
    location = _location(vapi, _put(vapi)["id"])
    vapi.faults.append(Fault(200, b"<html>", content_type="text/html", path="/hipaa-recordings/"))
    got = _ask(location)
    assert (got.headers["Content-Type"], got.content) == ("text/html", b"<html>")


def test_a_fault_for_every_request_leaves_the_storage_alone(vapi: Vapi) -> None:
    location = _location(vapi, _put(vapi)["id"])
    vapi.faults.append(broken(times=None))
    assert _ask(location).status == 200


def _control(vapi: Vapi, method: str, path: str, body: object = None) -> Got:
    return _ask(vapi.url, f"/_stand-in/{path}", method, body, Authorization=f"Bearer {KEY}")


def test_everything_that_a_test_says_can_be_said_to_a_process(vapi: Vapi) -> None:
    record = record_of(_script())
    assert _control(vapi, "PUT", "calls", [record]).status == 200
    _control(vapi, "PATCH", f"calls/{record['id']}", {"fields": {"endedReason": "voicemail"}, "state": "ringing"})
    assert _get(vapi, f"/call/{record['id']}").body["status"] == "ringing"
    _control(vapi, "PATCH", f"calls/{record['id']}", {"state": None})
    assert _get(vapi, f"/call/{record['id']}").body["endedReason"] == "voicemail"
    _control(vapi, "POST", "faults", [{"status": 200, "text": "{", "path": "/call"}, {"status": 503, "times": None}])
    assert _get(vapi, "/call").content == b"{"
    assert _get(vapi, "/call").status == 503
    assert _control(vapi, "DELETE", "faults").status == 200
    asked = _control(vapi, "GET", "requests").body["api"]
    assert [request["target"] for request in asked] == [f"/call/{record['id']}"] * 2 + ["/call"] * 2
    assert {request["at_once"] for request in asked} == {1}
    _control(vapi, "DELETE", "requests")
    assert _control(vapi, "GET", "requests").body == {"api": [], "storage": []}
    assert _control(vapi, "POST", "nonsense").status == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", f"calls/{STRANGER}", {"state": "finished"}),
        ("POST", "faults", [{"stauts": 500}]),
        ("PUT", "calls", [{"id": STRANGER}]),
        ("PUT", "calls", None),
    ],
)
def test_a_slip_of_a_test_is_told(vapi: Vapi, method: str, path: str, body: object) -> None:
    assert _control(vapi, method, path, body).status == 400


def test_calls_outlive_the_process_and_not_their_retention(tmp_path: Path) -> None:
    file = tmp_path / "calls.db"
    old, new = (record_of(_script(ago, seed)) for seed, ago in enumerate((timedelta(days=29), timedelta(days=1))))
    with serve(file=file) as before:
        before.moment = NOW
        before.calls.put(old, new)
    with serve(file=file) as after:
        after.moment = NOW
        assert _get(after, f"/call/{new['id']}").body["id"] == new["id"]
        assert _get(after, f"/call/{old['id']}").status == 400
        after.calls.forget_old()
        assert _get(after, f"/call/{old['id']}").status == 404


def test_a_call_is_deleted_by_the_ids_in_the_body(vapi: Vapi) -> None:
    record = {"id": STRANGER, "status": "ended", "createdAt": NOW.isoformat(), "updatedAt": NOW.isoformat()}
    vapi.calls.put(record)
    as_us = {"Authorization": f"Bearer {KEY}"}
    assert _ask(vapi.url, f"/call/{STRANGER}", "DELETE", **as_us).status == 400, "the body is demanded"
    assert _get(vapi, f"/call/{STRANGER}").status == 200
    assert _ask(vapi.url, f"/call/{STRANGER}", "DELETE", {"ids": [STRANGER]}, **as_us).status == 200
    assert _get(vapi, f"/call/{STRANGER}").status == 404
    assert _ask(vapi.url, f"/call/{STRANGER}", "DELETE", {"ids": [STRANGER]}, **as_us).status == 404
