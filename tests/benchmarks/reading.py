"""`READING=1 make bench`: how long the read API takes in its handler, with a million calls and ten million turns.

Makes the rows once, a few minutes' work, and asks every path with many values; fails if a p95 is over the budget.
"""

import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone
from io import StringIO
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import pytest
from alembic import command

from autopulse.api import cursors
from autopulse.api.parameters import CallList
from autopulse.db import migration
from autopulse.db.migration import upgrade
from autopulse.db.privileges import FunctionsRole
from autopulse.db.queries.filters import NPS_CATEGORIES
from autopulse.db.queries.pages import Position
from autopulse.domain.reasons import DEFAULTS, OTHER
from autopulse.domain.scope import Scope
from local import ports
from local.database import connect
from local.machine import describe_machine
from local.postgres import OWNER, READER, PostgresServer
from tests.benchmarks import archive
from tests.benchmarks.__main__ import say
from tests.benchmarks.budgets import PROJECT
from tests.integration.api.client import Api

OUTPUT: Final = PROJECT / ".local" / "bench-reading.json"
CALLS: Final = 1_000_000
TURNS: Final = 10
"""Of each call."""
EVENTS: Final = 3
"""Of each call."""
REQUESTS: Final = 200
"""Of each question."""
FILE_REQUESTS: Final = 40
"""Of a file, which takes as long as many pages do."""
WARM_UP: Final = 20
BUDGET_MS: Final = 50.0
FILE_BUDGET_MS: Final = 500.0
"""Of a file of 5,000 rows, the most there is: a hundred pages in one."""
SETTINGS: Final = (
    "shared_buffers=1GB",
    "maintenance_work_mem=512MB",
    "max_wal_size=16GB",
    "wal_level=minimal",
    "max_wal_senders=0",
)
"""Memory as RDS gives it to a server of 4 GB, a quarter for pages; the rest only makes the rows sooner."""
_NOW: Final = datetime.fromisoformat(archive.NOW)
Query = dict[str, object]
LIVE: Final = "Ringing,In Progress,Forwarding"


@dataclass(frozen=True)
class Question:
    """A path, and how its parameters are chosen."""

    name: str
    path: Callable[[random.Random], str]
    query: Callable[[random.Random], Query]
    budget: float = BUDGET_MS
    is_bounded: bool = False
    """Whether somebody asks who is bounded to one advisor."""


@dataclass(frozen=True)
class Measured:
    """Milliseconds in the handler."""

    question: str
    organization: str
    p50: float
    p95: float
    budget: float

    @property
    def holds(self) -> bool:
        """Return whether the budget is kept."""
        return self.p95 <= self.budget


def main(wanted: list[str]) -> int:
    """Measure the questions whose names hold one of the texts, all without any; returns whether a budget is missed."""
    directory = Path(tempfile.mkdtemp(prefix="autopulse-bench-reading-"))
    directory.chmod(0o755)  # for the account that runs Postgres when this one is root
    server, port = PostgresServer(directory, durable=False, settings=SETTINGS), ports.find_any()
    server.start(port)
    try:
        server.create_database("archive", port)
        url = server.database_url("archive", port)
        _make(server, port, url)
        measured = _measure(url, wanted)
    finally:
        server.remove()
    _write(measured)
    return 0 if all(result.holds for result in measured) else 1


def _measure(url: str, wanted: list[str]) -> list[Measured]:
    results = []
    with pytest.MonkeyPatch.context() as monkeypatch:
        api = Api(url, monkeypatch)
        for name, organization in (("largest", archive.LARGEST), ("typical", archive.TYPICAL)):
            ids = _ids(url, organization)
            for question in (
                *_of_calls(ids),
                *_of_lists(organization),
                *_of_feedback(),
                *_of_summaries(),
                *_of_follow_ups(),
                *_of_a_bounded_reader(),
            ):
                if not wanted or any(text in question.name for text in wanted):
                    say(f"{name}: {question.name}")
                    results.append(_time(api, question, name, organization))
        api.close()
    return results


def _make(server: PostgresServer, port: int, url: str) -> None:
    """Rows first, then their indexes, as it is fastest."""
    started = time.perf_counter()
    real = command.upgrade
    with (
        patch.object(command, "upgrade", lambda config, _head: real(config, "0003")),
        _without_reading_calls(),
    ):
        upgrade(url)
    with _without_looking_up_references(server, port):
        archive.fill(url, CALLS, TURNS, EVENTS, say)
    say("indexes")
    indexes = time.perf_counter()
    with _without_reading_calls():
        upgrade(url, FunctionsRole(READER, by_iam=False, only_reads=True))
    with _without_looking_up_references(server, port):
        archive.fill_quality(url, say)
        archive.fill_words(url, say)
    archive.fill_reasons(url, say)
    archive.fill_follow_ups(url, say)
    say(f"made in {time.perf_counter() - started:.0f} s, of which the indexes {time.perf_counter() - indexes:.0f} s")


@contextmanager
def _without_reading_calls() -> Iterator[None]:
    """A migration would read all calls for their words, which the archive makes itself, and for their reasons."""
    with patch.object(migration, "give_words", lambda *_: True), patch.object(migration, "give_reasons"):
        yield


@contextmanager
def _without_looking_up_references(server: PostgresServer, port: int) -> Iterator[None]:
    """Fourteen million rows refer to others, and each would be looked up as it is inserted."""
    role = f"ALTER ROLE {OWNER} IN DATABASE archive"
    with server.connect("postgres", "archive", port) as connection:
        connection.run(f"{role} SET session_replication_role = 'replica'")
        yield
        connection.run(f"{role} RESET session_replication_role")


def _ids(url: str, organization: str) -> list[int]:
    statement = "SELECT id FROM call WHERE organization_id = :organization AND outcome = 'reached' LIMIT 20000"
    with connect(url) as connection:
        return [row[0] for row in connection.run(statement, organization=organization)]


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
# Of campaigns and advisors, half are another organization's.
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
    *(", search for a rare word", ", search for a common word", ", search for words"),
)
"""Of the lists, those that are counted too."""


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
        name = f"{path[1:]} {' '.join(asked)}, bounded".replace(" from_ to", " of a time")
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
    "90 days": (90, lambda _: {}),
    "a year by month": (365, lambda _: {"period": "month"}),
}
BOUNDED: Final[tuple[tuple[str, Callable[[random.Random], Query]], ...]] = (
    ("/calls", lambda _: {}),
    ("/calls", lambda _: {"to_come": "true"}),
    ("/calls", lambda _: {"nps_category": "detractor"}),
    ("/calls", lambda _: {"customer": "dana"}),
    ("/calls/count", lambda _: {}),
    ("/feedback", lambda _: {}),
    ("/feedback", lambda _: {"text": "wait"}),
    ("/feedback/summary", lambda chance: _span(chance, 90)),
    ("/quality/summary", lambda chance: _span(chance, 90)),
    ("/follow-ups", lambda _: {}),
    ("/follow-ups", lambda _: {"state": "open"}),
    ("/follow-ups/summary", lambda chance: _span(chance, 90)),
)
"""What somebody asks who is bounded to one advisor of twenty."""


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
    """As if somebody had turned the pages until here."""
    binding = cursors.binding_of("calls", Scope(organization), "newest", CallList.model_validate(query).conditions())
    return query | {"cursor": cursors.encode(Position(_moment(chance), 1), binding)}


def _moment(chance: random.Random) -> str:
    return (_NOW - timedelta(days=chance.uniform(0, 700))).isoformat()


def _span(chance: random.Random, days: int) -> Query:
    until = _NOW - timedelta(days=chance.uniform(0, 730 - days))
    return {"from_": (until - timedelta(days=days)).isoformat(), "to": until.isoformat()}


def _letters(chance: random.Random) -> str:
    return "".join(chr(97 + chance.randrange(26)) for _ in range(3))


def _time(api: Api, question: Question, name: str, organization: str) -> Measured:
    chance = random.Random(question.name)
    milliseconds = []
    first = archive.ADVISORS * (archive.LARGEST, archive.TYPICAL).index(organization)
    who = {"advisor_id": str(first + 7)} if question.is_bounded else {}
    with redirect_stdout(StringIO()):
        for place in range((REQUESTS if question.budget == BUDGET_MS else FILE_REQUESTS) + WARM_UP):
            path, query = question.path(chance), question.query(chance)
            started = time.perf_counter()
            answer = api.get_as(who, path, organization, **query)
            spent = (time.perf_counter() - started) * 1000
            assert answer.status in {200, 404}, answer.text
            if place >= WARM_UP:
                milliseconds.append(spent)
    cuts = statistics.quantiles(milliseconds, n=20)
    return Measured(question.name, name, round(cuts[9], 2), round(cuts[18], 2), question.budget)


def _write(measured: list[Measured]) -> None:
    machine = describe_machine()
    OUTPUT.parent.mkdir(exist_ok=True)
    content: dict[str, Any] = {
        "measured_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": machine,
        "rows": {"call": CALLS, "transcript": CALLS * TURNS, "webhook_event": CALLS * EVENTS},
        "results": [asdict(result) | {"holds": result.holds} for result in measured],
    }
    OUTPUT.write_text(json.dumps(content, indent=2) + "\n")
    heading = f"{'milliseconds in the handler':46}{'organization':14}{'p50':>8}{'p95':>8}  budget"
    lines = [heading, *(_row(result) for result in measured), "", machine]
    sys.stdout.write("\n".join(lines) + f"\nwritten to {OUTPUT.relative_to(PROJECT)}\n")


def _row(result: Measured) -> str:
    budget = f"≤ {result.budget:g} {'holds' if result.holds else 'MISSED'}"
    return f"{result.question:46}{result.organization:14}{result.p50:8.1f}{result.p95:8.1f}  {budget}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
