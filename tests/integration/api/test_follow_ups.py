"""`/follow-ups`: the inbox, one follow-up with its entries, figures."""

from datetime import datetime, timedelta, timezone

import pytest

from tests.integration.api.client import OURS, THEIRS, Api

NOW = datetime.now(timezone.utc)


def _at(hours: float) -> str:
    return (NOW + timedelta(hours=hours)).isoformat()


def _ids(api: Api, organization: object = OURS, **query: object) -> list[int]:
    answer = api.get("/follow-ups", organization, **query)
    assert answer.status == 200, answer.text
    return [item["id"] for item in answer.json["items"]]


def _make(api: Api, **values: object) -> int:
    return api.follow_up(api.call(), **values)


def test_those_that_are_due_last_come_first(api: Api) -> None:
    early, late = _make(api, due_at=_at(1)), _make(api, due_at=_at(9))
    same = _make(api, due_at=_at(9))
    assert _ids(api) == [same, late, early]


def test_pages_have_each_of_them_once(api: Api) -> None:
    states = ["open", "acknowledged", "dismissed"]
    made = [_make(api, due_at=_at(hour % 4), state=states[hour % 3]) for hour in range(11)]
    seen: list[int] = []
    cursor: dict[str, str] = {}
    while True:
        page = api.get("/follow-ups", limit=3, **cursor).json
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == _ids(api)
    assert sorted(seen) == sorted(made)


def test_a_cursor_of_another_list_is_refused(api: Api) -> None:
    for _ in range(3):
        _make(api)
    cursor = api.get("/follow-ups", limit=1).json["next_cursor"]
    for query in ({"state": "open"}, {"overdue": "true"}, {"assignee": 1}):
        assert api.get("/follow-ups", limit=1, cursor=cursor, **query).status == 400
    assert api.get("/follow-ups", THEIRS, limit=1, cursor=cursor).status == 400


def test_an_item_has_what_an_inbox_shows_of_its_call(api: Api) -> None:
    advisor = api.insert('"user"', id=5, name="Avery Example", organization_id=OURS)
    visit = api.service_record(vehicle_info="2021 Model", service_advisor_id=advisor)
    call = api.call(service_record_id=visit, nps_score=3)
    api.feedback(call, content="It took long.", detractors="The wait", action_items="Call back")
    id_ = api.follow_up(call, assignee_id=5, assignee_name="Avery Example")
    (item,) = api.get("/follow-ups").json["items"]
    assert item == {
        "id": id_,
        "call_id": call,
        "state": "open",
        "trigger": "score",
        "assignee_id": 5,
        "assignee_name": "Avery Example",
        "cause": None,
        "note": None,
        "opened_at": "2026-11-02T15:00:00Z",
        "due_at": "2026-11-03T15:00:00Z",
        "acknowledged_at": None,
        "resolved_at": None,
        "overdue": True,
        "version": 1,
        "nps_score": 3,
        "customer_name": "Testa Placeholder",
        "phone": "+12025550101",
        "vehicle": "2021 Model",
        "campaign_id": None,
        "campaign_name": None,
        "advisor_id": 5,
        "advisor_name": "Avery Example",
        "content": "It took long.",
        "detractors": "The wait",
        "action_items": "Call back",
        "state_set_by": None,
    }


def test_an_item_says_who_brought_it_into_its_state(api: Api) -> None:
    id_ = _make(api, state="acknowledged", version=4)
    changes = [
        (None, "open", None),
        ("open", "acknowledged", "Sam Sample"),
        ("acknowledged", "open", "Sam Sample"),
        ("open", "acknowledged", "Kim Example"),
        ("acknowledged", "acknowledged", "Lee Placeholder"),  # a note, no other state
    ]
    for minute, (before, after, name) in enumerate(changes):
        api.insert(
            "follow_up_entry",
            follow_up_id=id_,
            at=f"2026-11-02T16:0{minute}:00Z",
            action="changed" if before else "opened",
            actor_name=name,
            from_state=before,
            to_state=after,
        )
    (item,) = api.get("/follow-ups").json["items"]
    assert item["state_set_by"] == api.get(f"/follow-ups/{id_}").json["state_set_by"] == "Kim Example"


def test_the_follow_up_of_a_call_is_found_by_the_call(api: Api) -> None:
    call, other = api.call(), api.call()
    id_ = api.follow_up(call)
    _make(api)
    assert _ids(api, call=call) == [id_]
    assert _ids(api, call=other) == []
    assert _ids(api, THEIRS, call=call) == []


def test_the_filters(api: Api) -> None:
    api.insert('"user"', id=5, name="Avery Example", organization_id=OURS)
    campaign = api.insert("campaign", id=3, name="Summer", organization_id=OURS)
    of_visit = api.call(service_record_id=api.service_record(service_advisor_id=5, service_advisor_name="Avery"))
    mine = api.follow_up(of_visit, assignee_id=5, due_at=_at(5), trigger="manual")
    late = api.follow_up(api.call(campaign_id=campaign), due_at=_at(-1), state="acknowledged")
    done = _make(api, due_at=_at(-2), state="resolved", cause="wait")
    assert _ids(api, state="open") == [mine]
    assert _ids(api, state="resolved,acknowledged") == [late, done]
    assert _ids(api, assignee=5) == [mine]
    assert _ids(api, assignee="nobody") == _ids(api, assignee="none") == [late, done]
    assert _ids(api, overdue="true") == [late]
    assert _ids(api, overdue="false") == [mine, done]
    assert _ids(api, overdue="true", state="resolved") == []
    assert _ids(api, trigger="manual") == [mine]
    assert _ids(api, campaign=3) == [late]
    assert _ids(api, advisor=5) == _ids(api, advisor="Avery") == [mine]


@pytest.mark.parametrize(
    "query",
    [
        *[{"state": "gone"}, {"state": "open,"}, {"assignee": "you"}, {"assignee": 0}, {"trigger": "x"}],
        *[{"mine": "true"}, {"assignee": 2**31}, {"assignee": 10**10}, {"assignee": "\N{FULLWIDTH DIGIT ONE}"}],
    ],
    ids=str,
)
def test_what_means_nothing_is_refused(api: Api, query: dict[str, object]) -> None:
    assert api.get("/follow-ups", **query).status == 400


@pytest.mark.parametrize("user", [1_500_000_000, 2**31 - 1])
def test_an_assignee_may_have_any_id(api: Api, user: int) -> None:
    api.insert('"user"', id=user, name="Avery Example", organization_id=OURS)
    _make(api)
    mine = _make(api, assignee_id=user)
    assert _ids(api, assignee=user) == [mine]


def test_nobody_sees_what_is_anothers(api: Api) -> None:
    id_ = _make(api)
    assert _ids(api, THEIRS) == []
    assert api.get(f"/follow-ups/{id_}", THEIRS).status == 404
    assert api.get("/follow-ups/summary", THEIRS, from_=_at(-9999)).json["open"] == 0
    # A row of which the call is another organization's is nobody's.
    api.follow_up(api.call(THEIRS))
    assert _ids(api) == [id_]


def test_one_with_its_entries(api: Api) -> None:
    id_ = _make(api, state="acknowledged", version=2)
    api.insert("follow_up_entry", follow_up_id=id_, at="2026-11-02T15:00:00Z", action="opened", to_state="open")
    api.insert(
        "follow_up_entry",
        follow_up_id=id_,
        at="2026-11-02T16:00:00Z",
        action="changed",
        actor_subject="kim",
        actor_name="Kim Example",
        from_state="open",
        to_state="acknowledged",
        changes='{"assignee_id": [null, 5]}',
        note="On it",
    )
    answer = api.get(f"/follow-ups/{id_}")
    assert (answer.json["version"], answer.headers["etag"]) == (2, '"2"')
    opened, changed = answer.json["entries"]
    assert (opened["action"], opened["actor_subject"], opened["to_state"]) == ("opened", None, "open")
    assert {name: value for name, value in changed.items() if name not in {"id", "at"}} == {
        "actor_subject": "kim",
        "actor_name": "Kim Example",
        "action": "changed",
        "from_state": "open",
        "to_state": "acknowledged",
        "changes": {"assignee_id": [None, 5]},
        "note": "On it",
    }
    assert api.get("/follow-ups/999999").error["code"] == "not_found"


def test_the_summary(api: Api) -> None:
    opened = "2026-06-03T12:00:00Z"
    times = {"opened_at": opened, "due_at": "2026-06-03T20:00:00Z"}
    _make(api, **times)
    _make(api, **times, state="acknowledged", acknowledged_at="2026-06-03T14:00:00Z", assignee_name="Kim")
    solved = {"state": "resolved", "cause": "wait", "acknowledged_at": "2026-06-03T16:00:00Z", "assignee_name": "Kim"}
    _make(api, **times, **solved, resolved_at="2026-06-03T18:00:00Z")
    _make(api, **times, state="dismissed", resolved_at="2026-06-05T12:00:00Z")
    _make(api, opened_at="2026-06-30T12:00:00Z", due_at=_at(5))
    found = api.get("/follow-ups/summary", from_="2026-06-01T00:00:00Z", to="2026-06-15T00:00:00Z", period="week").json
    total = {
        "opened": 4,
        "resolved": 1,
        "dismissed": 1,
        "in_time": 2,
        "in_time_share": 0.5,
        "median_hours_to_acknowledge": 3.0,
        "median_hours_to_resolve": 27.0,
    }
    assert (found["open"], found["acknowledged"], found["overdue"]) == (2, 1, 2)
    assert found["total"] == total
    assert [(row["cause"], row["opened"], row["in_time_share"]) for row in found["causes"]] == [("wait", 1, 1.0)]
    assert [(row["assignee_name"], row["opened"]) for row in found["assignees"]] == [("Kim", 2), (None, 2)]
    assert [(row["starts"], row["opened"], row["in_time_share"]) for row in found["periods"]] == [
        ("2026-06-01T00:00:00Z", 4, 0.5),
        ("2026-06-08T00:00:00Z", 0, None),
    ]


def test_a_summary_of_nothing(api: Api) -> None:
    found = api.get("/follow-ups/summary").json
    assert found["total"]["opened"] == found["open"] == 0
    assert found["total"]["in_time_share"] is None
    assert found["causes"] == found["assignees"] == []


SPAN: dict[str, object] = {"from_": "2026-06-01T00:00:00Z", "to": "2026-07-01T00:00:00Z"}


def _of_detractor(
    api: Api, score: int | None, outcome: str = "reached", number: str = "+12025550101", **own: object
) -> int:
    call = api.call(nps_score=score, outcome=outcome, customer_number=number, start_time="2026-06-01T12:00:00Z", **own)
    times = {"opened_at": "2026-06-03T12:00:00Z", "due_at": "2026-06-03T20:00:00Z"}
    return api.follow_up(call, **times, state="resolved", cause="wait", resolved_at="2026-06-04T12:00:00Z", version=2)


def test_the_summary_tells_how_many_detractors_were_answered_in_time(api: Api) -> None:
    late = [_of_detractor(api, score) for score in (0, 6, 7, None)]
    late.append(_of_detractor(api, 3, "voicemail"))
    early = [_of_detractor(api, score) for score in (6, 9)]
    for id_ in early:
        api.database.run("UPDATE follow_up SET acknowledged_at = '2026-06-03T20:00:00Z' WHERE id = :id", id=id_)
    still = _of_detractor(api, 2)
    statement = "UPDATE follow_up SET state = 'open', resolved_at = NULL, due_at = :due WHERE id = :id"
    api.database.run(statement, id=still, due=_at(5))
    found = api.get("/follow-ups/summary", **SPAN).json["answered_in_time"]
    assert found == {"count": 1, "of": 3, "share": 0.3333}
    api.database.run(statement, id=still, due=_at(-5))
    assert api.get("/follow-ups/summary", **SPAN).json["answered_in_time"] == {"count": 1, "of": 4, "share": 0.25}
    assert api.get("/follow-ups/summary", THEIRS, **SPAN).json["answered_in_time"] == {
        "count": 0,
        "of": 0,
        "share": None,
    }


def test_the_summary_tells_the_next_scores_of_the_same_customers(api: Api) -> None:
    def later(number: str, score: int, day: int, organization: object = OURS, outcome: str = "reached") -> None:
        start = f"2026-06-{day:02}T12:00:00Z"
        api.call(organization, customer_number=number, nps_score=score, start_time=start, outcome=outcome)

    _of_detractor(api, 3, number="+1 202 555-0101")
    later("+12025550101", 10, 2)  # before it was resolved
    later("+12025550101", 9, 6)  # this one
    later("+12025550101", 0, 9)  # only the next
    _of_detractor(api, 4, number="+12025550102")
    later("+12025550102", 2, 6)
    _of_detractor(api, 5, number="+12025550103")
    later("+12025550103", 9, 6, THEIRS)
    later("+12025550103", 9, 6, outcome="voicemail")
    _of_detractor(api, 5, number="unknown")
    later("unknown", 9, 6)
    assert api.get("/follow-ups/summary", **SPAN).json["next_score"] == {
        "of": 4,
        "count": 2,
        "improved": 1,
        "median_change": 2.0,
    }
    assert api.get("/follow-ups/summary", THEIRS, **SPAN).json["next_score"]["median_change"] is None


def test_a_bounded_readers_next_scores_are_of_own_calls(api: Api) -> None:
    for id_ in (5, 6):
        api.insert('"user"', id=id_, name=f"User {id_}", organization_id=OURS)
    visits = [api.service_record(service_advisor_id=id_) for id_ in (5, 6)]
    _of_detractor(api, 3, service_record_id=visits[0])
    api.call(service_record_id=visits[1], nps_score=9, outcome="reached", start_time="2026-06-06T12:00:00Z")
    assert api.get("/follow-ups/summary", **SPAN).json["next_score"]["count"] == 1
    found = api.get_as({"advisor_id": "5"}, "/follow-ups/summary", **SPAN).json["next_score"]
    assert (found["of"], found["count"]) == (1, 0)
