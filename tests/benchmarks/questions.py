"""The requests of the read API's benchmark: every path, with many values of the lists' filters."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from autopulse.api import cursors
from autopulse.api.parameters import CallList
from autopulse.db.queries.filters import NPS_CATEGORIES
from autopulse.db.queries.pages import Position
from autopulse.domain.reasons import DEFAULTS, OTHER
from autopulse.domain.scope import Scope
from tests.benchmarks import archive

BUDGET_MS: Final = 50.0
FILE_BUDGET_MS: Final = 500.0
"""For a file of 5,000 rows, the maximum: as many as a hundred pages."""
_NOW: Final = datetime.fromisoformat(archive.NOW)
Query = dict[str, object]
LIVE: Final = "Ringing,In Progress,Forwarding"


@dataclass(frozen=True)
class Question:
    """A path, and a function that chooses its parameters."""

    name: str
    path: Callable[[random.Random], str]
    query: Callable[[random.Random], Query]
    budget: float = BUDGET_MS
    is_bounded: bool = False
    """Whether the principal is restricted to one advisor."""


def all_questions(organization: str, ids: list[int]) -> Iterator[Question]:
    """Return all requests about an organization that has calls with these ids."""
    yield from _of_calls(ids)
    yield from _of_lists(organization)
    yield from _of_feedback()
    yield from _of_summaries()
    yield from _of_follow_ups()
    yield from _of_a_bounded_reader()


def _always(path: str) -> Callable[[random.Random], str]:
    return lambda _: path


def _of_calls(ids: list[int]) -> Iterator[Question]:
    def of_a_call(rest: str) -> Callable[[random.Random], str]:
        return lambda chance: f"/calls/{chance.choice(ids)}{rest}"

    yield Question("call", of_a_call(""), lambda _: {})
    yield Question("transcript", of_a_call("/transcript"), lambda _: {})
    yield Question("recording", of_a_call("/recording"), lambda _: {})
    yield Question("me", _always("/me"), lambda _: {})
    yield Question("ping", lambda chance: f"/pings/{chance.randrange(16**64):064x}", lambda _: {})


def _of_lists(organization: str) -> Iterator[Question]:
    for name, query in CALL_LISTS.items():
        yield Question(f"calls{name}", _always("/calls"), query)
    common: Query = {"status": "Completed", "direction": "outbound", "demo": "false"}
    yield Question("calls, far down", _always("/calls"), lambda chance: _far_down(chance, organization, {}))
    yield Question(
        "calls, common values, far down", _always("/calls"), lambda chance: _far_down(chance, organization, common)
    )
    for name in COUNTED:
        yield Question(f"calls/count{name}", _always("/calls/count"), CALL_LISTS[name])
    yield Question("calls.csv", _always("/calls.csv"), lambda _: {})
    yield Question("calls.csv, for people", _always("/calls.csv"), lambda _: {"form": "people"})
    yield Question("calls.csv, 5,000 rows", _always("/calls.csv"), lambda _: {"limit": 5000}, FILE_BUDGET_MS)


REASONS: Final = (*(category.key for category in DEFAULTS), OTHER)
# Half of the campaigns and advisors belong to another organization.
CALL_LISTS: Final[dict[str, Callable[[random.Random], Query]]] = {
    "": lambda _: {},
    ", 200 a page": lambda _: {"limit": 200},
    ", oldest first": lambda _: {"order": "oldest"},
    ", up to a time": lambda chance: {"to": _moment(chance)},
    ", status": lambda chance: {"status": chance.choice(["Completed", "Ready", "Ended"])},
    ", outcome": lambda chance: {"outcome": chance.choice(["busy", "reached", "unknown"])},
    ", campaign": lambda chance: {"campaign": chance.randrange(1, 21)},
    ", advisor": lambda chance: {"advisor": chance.randrange(1, 41)},
    ", advisor and a time": lambda chance: {"advisor": chance.randrange(1, 41), "to": _moment(chance)},
    ", direction": lambda chance: {"direction": chance.choice(["inbound", "outbound", "web"])},
    ", demo": lambda chance: {"demo": chance.choice(["true", "false"])},
    ", to come": lambda _: {"to_come": "true"},
    ", to come of an advisor": lambda chance: {"to_come": "true", "advisor": chance.randrange(1, 41)},
    ", to come of a name": lambda chance: {"to_come": "true", "customer": chance.choice(["dana", "nobody"])},
    ", not to come": lambda _: {"to_come": "false"},
    ", going on": lambda _: {"to_come": "false", "status": LIVE, "from_": (_NOW - timedelta(hours=3)).isoformat()},
    ", going on, of all time": lambda _: {"status": LIVE},
    ", NPS category": lambda chance: {"nps_category": chance.choice(NPS_CATEGORIES), "to_come": "false"},
    ", no score": lambda _: {"nps_category": "none"},
    ", no score, to come or not": lambda chance: {
        "nps_category": "none",
        "to_come": chance.choice(["true", "false"]),
    },
    ", no score of an advisor": lambda chance: {"nps_category": "none", "advisor": chance.randrange(1, 41)},
    ", NPS category of an advisor": lambda chance: {
        "nps_category": chance.choice(NPS_CATEGORIES),
        "advisor": chance.randrange(1, 41),
    },
    ", NPS category of a week": lambda chance: (
        {"nps_category": chance.choice(NPS_CATEGORIES), "to_come": "false"} | _span(chance, 7)
    ),
    ", a week": lambda chance: {"to_come": "false"} | _span(chance, 7),
    ", end of a number": lambda chance: {"customer": f"555 {chance.randrange(10_000):04}"},
    ", three digits": lambda chance: {"customer": f"{chance.randrange(1000):03}"},
    ", first name": lambda chance: {"customer": chance.choice(["dana", "rob", "nobody"])},
    ", whole name": lambda chance: {"customer": f"dana example {_letters(chance)}"},
    ", name and a time": lambda chance: {"customer": chance.choice(["dana", "sam ex"]), "to": _moment(chance)},
    ", search for a rare word": lambda chance: {"q": f"ke{chance.randrange(1000, 2000)}"},
    ", search for a common word": lambda chance: {"q": chance.choice(["something", "call", "people"])},
    ", search for words": lambda chance: {"q": chance.choice(["coffee", "forty minutes", "minutes coffee"])},
    ", search for a phrase": lambda chance: {"q": chance.choice(['"forty minutes"', '"said in a call"'])},
    ", search for the beginning of a word": lambda chance: {
        "q": chance.choice(["so", "cof", "min", f"do{chance.randrange(10, 20)}"])
    },
    ", search for a word that nobody said": lambda chance: {"q": f"nobody{chance.randrange(1000)}"},
    ", search within an NPS category and a time": lambda chance: {
        "q": chance.choice(["coffee", "people"]),
        "nps_category": chance.choice(NPS_CATEGORIES),
        "to": _moment(chance),
    },
    ", search for a name or a vehicle": lambda chance: {
        "q": chance.choice(["dana", f"dana example {_letters(chance)}", "sedan"])
    },
    ", search for a number": lambda chance: {"q": f"555 {chance.randrange(10_000):04}"},
    ", several filters": lambda chance: {
        "status": "Completed",
        "outcome": "failed",
        "campaign": chance.randrange(1, 21),
        "demo": "true",
    },
    ", reason": lambda chance: {"reason": chance.choice([*REASONS, "no_such_reason"])},
    ", reason of an advisor": lambda chance: {"reason": chance.choice(REASONS), "advisor": chance.randrange(1, 41)},
    ", rare together": lambda chance: {
        "direction": "inbound",
        "outcome": chance.choice(["cancelled", "busy"]),
        "demo": "true",
        "advisor": chance.randrange(1, 41),
    },
}

COUNTED: Final = (
    *("", ", to come", ", to come of an advisor", ", to come of a name", ", not to come", ", outcome", ", campaign"),
    *(
        ", advisor",
        ", direction",
        ", demo",
        ", NPS category",
        ", NPS category of an advisor",
        ", a week",
        ", end of a number",
    ),
    *(", first name", ", whole name", ", rare together"),
    *(", going on, of all time", ", no score", ", no score of an advisor", ", reason", ", reason of an advisor"),
    *(", search for a rare word", ", search for a common word", ", search for words"),
)
"""Lists whose rows are counted, too."""


def _of_feedback() -> Iterator[Question]:
    for name, query in FEEDBACK_LISTS.items():
        yield Question(f"feedback{name}", _always("/feedback"), query)
    yield Question("feedback.csv", _always("/feedback.csv"), lambda _: {})
    yield Question("feedback.csv, for people", _always("/feedback.csv"), lambda _: {"form": "people"})
    yield Question("feedback.csv, 5,000 rows", _always("/feedback.csv"), lambda _: {"limit": 5000}, FILE_BUDGET_MS)


FEEDBACK_LISTS: Final[dict[str, Callable[[random.Random], Query]]] = {
    "": lambda _: {},
    ", up to a time": lambda chance: {"to": _moment(chance)},
    ", NPS category": lambda chance: {"nps_category": chance.choice(["promoter", "detractor"])},
    ", NPS category of a campaign": lambda chance: {
        "nps_category": chance.choice(["promoter", "detractor"]),
        "campaign": chance.randrange(1, 21),
    },
    ", telling": lambda _: {"telling": "true"},
    ", not telling": lambda _: {"telling": "false"},
    ", telling, up to a time": lambda chance: {"telling": "true", "to": _moment(chance)},
    ", telling of an advisor": lambda chance: {"telling": "true", "advisor": chance.randrange(1, 41)},
    ", not telling of a campaign": lambda chance: {"telling": "false", "campaign": chance.randrange(1, 21)},
    ", telling of web calls": lambda _: {"telling": "true", "direction": "web"},
    ", common words": lambda chance: {"text": chance.choice(["wait", "call back"])},
    ", rare words": lambda chance: {"text": f"invoice ke{chance.randrange(1000, 2000)}"},
    ", words of an NPS category": lambda chance: {
        "text": "car",
        "nps_category": chance.choice(["passive", "detractor"]),
    },
    ", advisor": lambda chance: {"advisor": chance.randrange(1, 41)},
    ", reason": lambda chance: {"reason": chance.choice([*REASONS, "any", "no_such_reason"])},
    ", reason of an NPS category": lambda chance: {"reason": chance.choice(REASONS), "nps_category": "detractor"},
    ", reason of an advisor": lambda chance: {"reason": chance.choice(REASONS), "advisor": chance.randrange(1, 41)},
}


def _of_summaries() -> Iterator[Question]:
    for name, (days, more) in SUMMARIES.items():
        yield Question(f"summary, {name}", _always("/feedback/summary"), _within(days, more))
    for name, (days, more) in QUALITY_SUMMARIES.items():
        yield Question(f"quality, {name}", _always("/quality/summary"), _within(days, more))


def _of_follow_ups() -> Iterator[Question]:
    for name, query in FOLLOW_UP_LISTS.items():
        yield Question(f"follow-ups{name}", _always("/follow-ups"), query)
    for name, (days, more) in FOLLOW_UP_SUMMARIES.items():
        yield Question(f"follow-ups in figures, {name}", _always("/follow-ups/summary"), _within(days, more))


def _of_a_bounded_reader() -> Iterator[Question]:
    for path, query in BOUNDED:
        asked = query(random.Random(path))
        name = f"{path[1:]} {' '.join(asked)}{' none' if 'none' in asked.values() else ''}, bounded"
        name = name.replace(" from_ to", " of a time")
        yield Question(name, _always(path), query, is_bounded=True)


FOLLOW_UP_LISTS: Final[dict[str, Callable[[random.Random], Query]]] = {
    "": lambda _: {},
    ", open": lambda _: {"state": "open"},
    ", unanswered": lambda _: {"state": "open,acknowledged"},
    ", overdue": lambda _: {"overdue": "true"},
    ", not overdue": lambda _: {"overdue": "false"},
    ", assignee": lambda chance: {"assignee": chance.randrange(1, 41)},
    ", nobody's": lambda _: {"assignee": "none"},
    ", trigger": lambda chance: {"trigger": chance.choice(["score", "manual", "callback_requested"])},
    ", campaign": lambda chance: {"campaign": chance.randrange(1, 21)},
    ", advisor": lambda chance: {"advisor": chance.randrange(1, 41)},
    ", open of an advisor": lambda chance: {"advisor": chance.randrange(1, 41), "state": "open"},
}
FOLLOW_UP_SUMMARIES: Final[dict[str, tuple[int, Callable[[random.Random], Query]]]] = {
    "30 days": (30, lambda _: {}),
    "90 days": (90, lambda _: {}),
    "a year by month": (365, lambda _: {"period": "month"}),
}
BOUNDED: Final[tuple[tuple[str, Callable[[random.Random], Query]], ...]] = (
    ("/calls", lambda _: {}),
    ("/calls", lambda _: {"to_come": "true"}),
    ("/calls", lambda _: {"nps_category": "detractor"}),
    ("/calls", lambda _: {"nps_category": "none"}),
    ("/calls", lambda _: {"customer": "dana"}),
    ("/calls", lambda chance: {"q": chance.choice(["coffee", "people", "dana"])}),
    ("/calls", lambda chance: {"reason": chance.choice(REASONS)}),
    ("/calls/count", lambda _: {}),
    ("/feedback", lambda _: {}),
    ("/feedback", lambda _: {"text": "wait"}),
    ("/feedback", lambda chance: {"reason": chance.choice(REASONS)}),
    ("/feedback/summary", lambda chance: _span(chance, 90)),
    ("/quality/summary", lambda chance: _span(chance, 90)),
    ("/follow-ups", lambda _: {}),
    ("/follow-ups", lambda _: {"state": "open"}),
    ("/follow-ups/summary", lambda chance: _span(chance, 90)),
    ("/follow-ups/summary", lambda chance: {"period": "month"} | _span(chance, 365)),
)
"""Requests of a principal who is restricted to one of twenty advisors."""


def _within(days: int, more: Callable[[random.Random], Query]) -> Callable[[random.Random], Query]:
    return lambda chance: _span(chance, days) | more(chance)


SUMMARIES: Final[dict[str, tuple[int, Callable[[random.Random], Query]]]] = {
    "30 days by day": (30, lambda _: {"period": "day"}),
    "90 days": (90, lambda _: {}),
    "90 days by week and campaign": (90, lambda _: {"period": "week", "group": "campaign"}),
    "90 days by week and advisor": (90, lambda _: {"period": "week", "group": "advisor"}),
    "90 days of a campaign": (90, lambda chance: {"period": "week", "campaign": chance.randrange(1, 21)}),
    "90 days of an advisor": (90, lambda chance: {"period": "week", "advisor": chance.randrange(1, 41)}),
    "90 days of all directions": (90, lambda _: {"period": "week", "direction": "all"}),
    "a year by month": (365, lambda _: {"period": "month"}),
}


QUALITY_SUMMARIES: Final[dict[str, tuple[int, Callable[[random.Random], Query]]]] = {
    "30 days": (30, lambda _: {}),
    "90 days": (90, lambda _: {}),
    "90 days of a campaign": (90, lambda chance: {"campaign": chance.randrange(1, 21)}),
    "90 days of an advisor": (90, lambda chance: {"advisor": chance.randrange(1, 41)}),
}


def _far_down(chance: random.Random, organization: str, query: Query) -> Query:
    """Return the cursor that a reader has after this many pages."""
    binding = cursors.binding_of("calls", Scope(organization), "newest", CallList.model_validate(query).conditions())
    return query | {"cursor": cursors.encode(Position(_moment(chance), 1), binding)}


def _moment(chance: random.Random) -> str:
    return (_NOW - timedelta(days=chance.uniform(0, 700))).isoformat()


def _span(chance: random.Random, days: int) -> Query:
    until = _NOW - timedelta(days=chance.uniform(0, 730 - days))
    return {"from_": (until - timedelta(days=days)).isoformat(), "to": until.isoformat()}


def _letters(chance: random.Random) -> str:
    return "".join(chr(97 + chance.randrange(26)) for _ in range(3))
