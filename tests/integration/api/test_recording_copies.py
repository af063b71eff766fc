"""The stack's own copy of a recording: offered first, for a quarter of an hour, and said to be gone when it is."""

import io
import json
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest

from autopulse import settings
from autopulse.observability import logger
from tests.integration.api.client import THEIRS, Api

BUCKET: Final = "https://recordings-of-tests.s3.us-west-2.amazonaws.com"
PRIVATE: Final = "https://0123456789abcdef.r2.cloudflarestorage.com/a-bucket/one-mono.wav"
LIVING: Final = "https://recordings.example.com/1.wav?X-Amz-Date=29991231T230000Z&X-Amz-Expires=3600"
ENDED: Final = "https://recordings.example.com/1.wav?X-Amz-Date=20260101T000000Z&X-Amz-Expires=60"
KEY: Final = "recordings/0197f9d4-0000-4000-8000-00000000beef"


@pytest.fixture(autouse=True)
def _bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in {
        "RECORDING_BUCKET_URL": BUCKET,
        "RECORDING_RETENTION_DAYS": "30",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_SESSION_TOKEN": "a-session",
        "AWS_DEFAULT_REGION": "us-west-2",
    }.items():
        monkeypatch.setenv(name, value)
    settings.copy_settings.cache_clear()
    yield
    settings.copy_settings.cache_clear()


def make(api: Api, url: str | None, state: str | None = "stored", age: timedelta = timedelta(), **values: Any) -> int:  # noqa: ANN401 - any SQL value
    """A call with a recording, and with what became of its copy."""
    call = api.call(recording_url=url, vapi_call_id="one", start_time="2026-11-02T15:00:00Z")
    api.attempt(call, "one", recording_url=url, created_at="2026-11-02T15:00:00Z")
    if state is not None:
        copy = {"object_key": KEY, "content_type": "audio/wav"} if state == "stored" else {}
        at = datetime.now(timezone.utc) - age if state == "stored" else None
        given: dict[str, Any] = {"call_id": call, "vapi_call_id": "one", "state": state, "stored_at": at, **copy}
        given |= values
        names, places = ", ".join(given), ", ".join(f":{name}" for name in given)
        api.database.run(f"INSERT INTO call_recording ({names}) VALUES ({places})", **given)  # noqa: S608 - of this file
    return call


def query_of(url: str) -> dict[str, str]:
    return {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}


@pytest.mark.parametrize("url", [PRIVATE, LIVING, ENDED, None])
def test_a_copy_is_offered_for_a_quarter_of_an_hour(api: Api, url: str | None) -> None:
    call = make(api, url)
    before = datetime.now(timezone.utc).replace(microsecond=0)
    answer = api.get(f"/calls/{call}/recording").json
    assert answer["url"].startswith(f"{BUCKET}/{KEY}?")
    query = query_of(answer["url"])
    assert query["X-Amz-Expires"] == "900"
    assert query["X-Amz-Security-Token"] == "a-session"
    assert query["response-content-type"] == "audio/wav"
    assert query["response-content-disposition"] == f'inline; filename="call-{call}.wav"'
    assert query["response-cache-control"] == "private, no-store"
    ends = datetime.fromisoformat(answer["expires_at"])
    assert before + timedelta(minutes=15) <= ends <= datetime.now(timezone.utc) + timedelta(minutes=15)


@pytest.mark.parametrize(
    ("content_type", "name"), [("audio/mpeg", "mp3"), ("audio/x-wav", "wav"), ("audio/odd", "audio"), (None, "audio")]
)
def test_a_copy_is_named_after_its_type(api: Api, content_type: str | None, name: str) -> None:
    call = make(api, PRIVATE, content_type=content_type)
    query = query_of(api.get(f"/calls/{call}/recording").json["url"])
    assert query["response-content-disposition"].endswith(f'.{name}"')
    assert query.get("response-content-type") == content_type


def test_before_there_is_a_copy_vapi_s_own_is_offered_while_it_lives(api: Api) -> None:
    assert api.get(f"/calls/{make(api, LIVING, None)}/recording").json["url"] == LIVING


def test_vapi_s_own_is_offered_even_if_no_copy_could_be_made(api: Api) -> None:
    assert api.get(f"/calls/{make(api, LIVING, 'missing')}/recording").json["url"] == LIVING


@pytest.mark.parametrize("url", [PRIVATE, ENDED, None])
@pytest.mark.parametrize(
    ("state", "age", "code"),
    [
        ("missing", 0, "recording_lost"),
        ("erased", 0, "recording_deleted"),
        ("stored", 30, "recording_deleted"),
        ("stored", 400, "recording_deleted"),
    ],
)
def test_what_is_not_there_any_more_is_said_to_be_gone(
    api: Api, url: str | None, state: str, age: int, code: str
) -> None:
    call = make(api, url, state, timedelta(days=age))
    answer = api.get(f"/calls/{call}/recording")
    assert (answer.status, answer.error["code"]) == (410, code)
    assert "https" not in answer.text


@pytest.mark.parametrize("days", [0, 29])
def test_a_copy_is_offered_as_long_as_it_is_kept(api: Api, days: int) -> None:
    call = make(api, ENDED, age=timedelta(days=days))
    assert api.get(f"/calls/{call}/recording").json["url"].startswith(BUCKET)


def test_without_copies_it_is_as_it_was(api: Api) -> None:
    assert api.get(f"/calls/{make(api, ENDED, None)}/recording").error["code"] == "recording_expired"


def test_a_stack_that_keeps_no_copies_any_more_offers_vapi_s(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECORDING_BUCKET_URL", "")
    settings.copy_settings.cache_clear()
    call = make(api, LIVING)
    assert api.get(f"/calls/{call}/recording").json["url"] == LIVING


def test_a_copy_counts_for_its_own_attempt(api: Api) -> None:
    call = make(api, PRIVATE)
    api.attempt(call, "another", recording_url=LIVING, created_at="2026-11-01T15:00:00Z")
    assert api.get(f"/calls/{call}/recording", attempt="another").json["url"] == LIVING
    assert api.get(f"/calls/{call}/recording", attempt="one").json["url"].startswith(BUCKET)
    shown = api.get(f"/calls/{call}").json
    assert [one["recording_copy"] for one in shown["attempts"]] == [None, "stored"]
    assert [one["has_recording"] for one in shown["attempts"]] == [True, True]


def test_what_the_application_has_written_on_the_row_since_counts_before_the_copy(api: Api) -> None:
    call = make(api, PRIVATE)
    api.database.run("UPDATE call SET recording_url = :url", url=LIVING)
    assert api.get(f"/calls/{call}/recording").json["url"] == LIVING


@pytest.mark.parametrize(
    ("url", "state", "has"),
    [
        *((PRIVATE, "stored", True), (PRIVATE, "missing", False), (PRIVATE, None, False), (LIVING, "missing", True)),
        *(("https://elsewhere.example/1.wav", "stored", True), (None, "stored", True), (None, "erased", False)),
    ],
)
def test_a_call_with_a_copy_has_a_recording(api: Api, url: str | None, state: str | None, has: bool) -> None:
    call = make(api, url, state)
    (listed,) = api.get("/calls").json["items"]
    shown = api.get(f"/calls/{call}").json
    assert listed["has_recording"] is shown["has_recording"] is shown["attempts"][0]["has_recording"] is has
    assert shown["recording_copy"] == shown["attempts"][0]["recording_copy"] == state
    assert shown["recording_elsewhere"] is shown["attempts"][0]["recording_elsewhere"] is False


def test_a_copy_of_another_organization_is_not_there(api: Api) -> None:
    answer = api.get(f"/calls/{make(api, PRIVATE)}/recording", THEIRS)
    assert (answer.status, answer.error["code"]) == (404, "not_found")


def test_who_asked_for_a_copy_is_in_the_log_and_the_url_is_not(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    output = io.StringIO()
    handler = logger().registered_handler
    assert isinstance(handler, logging.StreamHandler)
    monkeypatch.setattr(handler, "stream", output)
    call = make(api, PRIVATE)
    api.get(f"/calls/{call}/recording")
    (line,) = [json.loads(line) for line in output.getvalue().splitlines()]
    assert (line["subject"], line["route"], line["status"]) == ("reader", "/v1/calls/<call_id>/recording", 200)
    assert line["call_ids"] == f",{call},"
    for secret in (BUCKET, KEY, "X-Amz-Signature", "a-session"):
        assert secret not in output.getvalue()
