"""Other calls about the visit of a call: who was not reached and called back is one story."""

from datetime import datetime, timedelta, timezone
from typing import Any, Final

from autopulse.db.queries.calls import MAX_RELATED
from tests.integration.api.client import OURS, THEIRS, Api

START: Final = datetime(2026, 11, 2, 15, tzinfo=timezone.utc)


def _call(api: Api, visit: int, minute: int, organization: str = OURS, **values: Any) -> int:  # noqa: ANN401 - any SQL value
    began = START + timedelta(minutes=minute)
    return int(api.call(organization, service_record_id=visit, start_time=began, **values))


def _related(api: Api, call_id: int, **who: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - of the token
    related: list[dict[str, Any]] = api.get(f"/calls/{call_id}", **who).json["related_calls"]
    return related


def test_a_call_back_and_the_call_that_was_missed_show_each_other(api: Api) -> None:
    visit = api.service_record(OURS)
    missed = _call(api, visit, 0, direction="outbound", status="Ended", outcome="no_answer")
    back = _call(api, visit, 30, direction="inbound", status="Completed", outcome="reached", nps_score=9)
    (shown,) = _related(api, missed)
    assert (shown["id"], shown["direction"], shown["outcome"], shown["nps_score"]) == (back, "inbound", "reached", 9)
    (shown,) = _related(api, back)
    assert (shown["id"], shown["direction"], shown["status"], shown["outcome"]) == (
        missed,
        "outbound",
        "Ended",
        "no_answer",
    )
    assert shown["start_time"] == "2026-11-02T15:00:00Z"


def test_the_latest_come_first_and_no_more_than_there_is_room_for(api: Api) -> None:
    visit = api.service_record(OURS)
    calls = [_call(api, visit, minute) for minute in range(MAX_RELATED + 3)]
    assert [one["id"] for one in _related(api, calls[0])] == calls[:2:-1]


def test_calls_of_other_visits_and_organizations_are_none(api: Api) -> None:
    visit = api.service_record(OURS)
    call_id = _call(api, visit, 0)
    _call(api, api.service_record(OURS), 1)
    _call(api, visit, 2, THEIRS)
    without = api.call(OURS, start_time=START)
    api.call(OURS, start_time=START)
    assert (_related(api, call_id), _related(api, without)) == ([], [])


def test_another_organizations_visit_relates_nothing(api: Api) -> None:
    visit = api.service_record(THEIRS)
    calls = [_call(api, visit, minute) for minute in range(2)]
    assert _related(api, calls[0]) == []
