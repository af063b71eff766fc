"""A principal who is bounded to an advisor (`AdvisorClaim`) reads nothing of any other call, on no route.

All routes and parameters of the OpenAPI document are asked before there are calls of anybody else, and after: the
answers are the same to the last count.
"""

import json
from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

import pytest

from local.openapi import DOCUMENT
from tests.integration.api.client import OURS, THEIRS, Api

OWN: Final = 5
OTHER: Final = 6
BOUND: Final = {"advisor_id": str(OWN), "user_id": str(OWN)}
CANARY: Final = "Canary"
NOBODYS: Final = 2147483647
SPAN: Final = {"from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z"}
PATHS: Final[dict[str, Any]] = {
    path: methods["get"] for path, methods in json.loads(DOCUMENT.read_text())["paths"].items() if "get" in methods
}
TEXTS: Final[dict[str, list[object]]] = {
    "advisor": [OWN, OTHER, "Avery Example", CANARY],
    "customer": ["0101", "dana", CANARY],
    "text": ["wait", CANARY],
    "q": ["wait", CANARY],
    "status": ["Completed"],
    "direction": ["all", "outbound"],
    "assignee": [OWN, OTHER, "me", "none"],
    "state": ["open", "resolved,open"],
    "campaign": [3, 4],
    "limit": [1, 200],
    **{name: [value] for name, value in SPAN.items()},
}
"""Parameter -> values to ask for; others are taken from the document."""
Asked = tuple[str, tuple[tuple[str, object], ...]]


def _values(parameter: dict[str, Any]) -> list[object]:
    schema = parameter["schema"]
    if parameter["name"] in TEXTS:
        return TEXTS[parameter["name"]]
    if schema.get("type") == "boolean":
        return ["true", "false"]
    return list(schema.get("enum") or ["x" if schema.get("type") == "string" else 1])


def _asked() -> Iterator[Asked]:
    for path, operation in PATHS.items():
        parameters = [one for one in operation["parameters"] if one["in"] == "query"]
        span = tuple(item for item in SPAN.items() if item[0] in {one["name"] for one in parameters})
        yield path, span
        for parameter in parameters:
            for value in _values(parameter):
                yield path, tuple({**dict(span), parameter["name"]: value}.items())


ASKED: Final = list(_asked())


class World:
    """An organization with calls of one advisor, and then of others."""

    def __init__(self, api: Api) -> None:
        self.api = api
        for id_, name in ((OWN, "Avery Example"), (OTHER, "Blake Example")):
            api.insert('"user"', id=id_, name=name, organization_id=OURS)
        for id_ in (3, 4):
            api.insert("campaign", id=id_, name=f"Campaign {id_}", organization_id=OURS)
        self.calls = [self._call("Dana", service_advisor_id=OWN) for _ in range(3)]
        self.follow_ups = self._follow_ups()

    def add_others(self) -> None:
        """Calls that the bounded reader must not hear of: of another advisor, of nobody, of a visit elsewhere."""
        others = [
            self._call(CANARY, service_advisor_id=OTHER),
            self._call(CANARY, service_advisor_name="Avery Example"),
            self._call(CANARY, THEIRS, service_advisor_id=OWN),
            self._call(CANARY, None),
        ]
        self.calls, self.own_calls = others, self.calls
        self.follow_ups, self.own_follow_ups = self._follow_ups(), self.follow_ups

    def _call(self, name: str, visit_of: str | None = OURS, **visit: object) -> int:
        api = self.api
        record = {"customer_name": name, "vehicle_info": name, **visit}
        call = api.call(
            service_record_id=None if visit_of is None else api.service_record(visit_of, **record),
            campaign_id=3,
            start_time="2026-11-02T15:00:00Z",
            end_time="2026-11-02T15:02:00Z",
            duration_sec=120,
            outcome="reached",
            nps_score=3,
            call_reason=name,
            feedback_summary=name,
            recording_url=f"https://recordings.example.com/{name}.wav",
        )
        api.database.run("UPDATE call SET vapi_call_id = 'call-' || id WHERE id = :id", id=call)
        vapi_id = f"call-{call}"
        api.attempt(call, vapi_id, status="Ended", reported_at="2026-11-02T15:03:00Z", outcome="reached")
        api.quality(call, vapi_id, cost=1, turn_latency_median_ms=900, assistant_id=name, assistant_name=name)
        api.feedback(call, content=name, detractors=f"wait {name}", action_items=name)
        api.turn(call, name, vapi_call_id=vapi_id, source="report", sequence=0)
        return call

    def _follow_ups(self) -> list[int]:
        states = ["open", "acknowledged", "resolved", "open"]
        return [
            self.api.follow_up(call, state=state, cause=CANARY, note=CANARY, assignee_id=OWN, assignee_name=CANARY)
            if call not in getattr(self, "own_calls", self.calls)
            else self.api.follow_up(call, state=state, cause="wait", assignee_id=OWN)
            for call, state in zip(self.calls, states, strict=False)
        ]

    def ask(self, asked: Asked, who: dict[str, str], call: int, follow_up: int) -> tuple[int, str]:
        path = asked[0].format(call_id=call, follow_up_id=follow_up, event_id="a" * 64, erasure_id=UUID(int=1))
        query = {name if name != "from" else "from_": value for name, value in asked[1]}
        answer = self.api.get_as(who, path.removeprefix("/v1"), **query)
        return answer.status, answer.text


@pytest.fixture
def world(api: Api) -> World:
    return World(api)


def test_what_a_bounded_reader_is_answered_does_not_depend_on_others_calls(world: World) -> None:
    before = [world.ask(asked, BOUND, world.calls[0], world.follow_ups[0]) for asked in ASKED]
    unbounded = [world.ask(asked, {}, world.calls[0], world.follow_ups[0]) for asked in ASKED]
    assert {status for status, _ in before} <= {200, 400, 404}
    assert {path for (path, _), (status, _) in zip(ASKED, before, strict=True) if status == 200} == set(PATHS) - {
        "/v1/pings/{event_id}",
        "/v1/views",  # the reader's own, in another function
        "/v1/erasures/{erasure_id}",  # in another function, which refuses bounded readers
    }
    own = world.calls[0], world.follow_ups[0]
    world.add_others()
    after = [world.ask(asked, BOUND, *own) for asked in ASKED]
    for asked, earlier, later in zip(ASKED, before, after, strict=True):
        assert later == earlier, asked
        assert CANARY not in later[1], asked
    # Who is not bounded sees a difference on every route of more than one call: the walk would find one.
    changed = {
        asked[0] for asked, earlier in zip(ASKED, unbounded, strict=True) if world.ask(asked, {}, *own) != earlier
    }
    assert changed >= {path for path in PATHS if "{" not in path} - {"/v1/me", "/v1/views"}


def test_a_call_of_another_advisor_is_as_if_it_were_not_there(world: World) -> None:
    world.add_others()
    for call, follow_up in zip(world.calls, world.follow_ups, strict=True):
        for asked in ASKED:
            if "{" in asked[0]:
                found = world.ask(asked, BOUND, call, follow_up)
                assert found == world.ask(asked, BOUND, NOBODYS, NOBODYS), asked
                assert found[0] in {400, 404}
                assert CANARY not in found[1]


def test_an_advisor_who_has_no_visit_here_reads_nothing(world: World) -> None:
    world.add_others()
    who = {"advisor_id": "99"}
    assert world.api.get_as(who, "/calls").json["items"] == []
    assert world.api.get_as(who, "/calls/count").json["count"] == 0
    assert world.api.get_as(who, "/follow-ups").json["items"] == []
    assert world.api.get_as(who, "/me").json["advisor_id"] == 99


def test_a_cursor_of_the_whole_list_is_of_no_use_to_a_bounded_reader(world: World) -> None:
    world.add_others()
    for path in ("/calls", "/feedback", "/follow-ups"):
        cursor = world.api.get(path, limit=1).json["next_cursor"]
        assert world.api.get_as(BOUND, path, limit=1, cursor=cursor).status == 400
