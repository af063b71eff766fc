"""Comparisons of a case's result with its expectations, whose format is in README.md."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

from autopulse.json_coercion import read_time
from local.simulator.webhook_client import read_object
from tests.golden.cases import Json, Object
from tests.golden.loop import Ending, Loop, Rows

_SHOWN: Final = """
    SELECT turn.role, turn.content FROM transcript AS turn JOIN call ON call.id = turn.call_id
    WHERE call.id = :id AND turn.vapi_call_id IS NOT DISTINCT FROM call.vapi_call_id
    ORDER BY turn.sequence NULLS FIRST, turn."timestamp", turn.id
"""
"""Fragments have no sequence, and precede the lists."""
_FREE: Final = frozenset({"case", "source", "reported", "why", "verdict_when_written"})
"""Fields for human readers, which are not compared."""


def differences(loop: Loop, expected: Object, ending: Ending) -> list[str]:
    """Return all differences from the expectation, for a run that has just ended."""
    return list(_Comparison(loop, expected, ending).differences())


def disagreements(one: Rows, other: Rows) -> Iterator[str]:
    """Yield the rows that only one of two runs has."""
    for table in one:
        yield from (f"- {table} {row}" for row in sorted(set(one[table]) - set(other[table])))
        yield from (f"+ {table} {row}" for row in sorted(set(other[table]) - set(one[table])))


class _Comparison:
    def __init__(self, loop: Loop, expected: Object, ending: Ending) -> None:
        self.loop = loop
        self.ending = ending
        self.expected: dict[str, Json] = ending.names.fill({"dead": 0, **expected})

    def differences(self) -> Iterator[str]:
        for name, wanted in self.expected.items():
            if name not in _FREE:
                yield from getattr(self, f"_see_{name}")(wanted)

    # Rows

    def _see_call(self, wanted: Object) -> Iterator[str]:
        yield from self._see_rows_of_calls({str(self._call_id): wanted})

    def _see_calls(self, wanted: Mapping[str, Object]) -> Iterator[str]:
        """Compare calls by `@CALL`, `@CALL2` …"""
        yield from self._see_rows_of_calls(wanted)

    def _see_rows_of_calls(self, wanted: Mapping[str, Object]) -> Iterator[str]:
        for call_id, columns in wanted.items():
            rows = self._rows("SELECT *, organization_id AS organization FROM call WHERE id = :id", id=int(call_id))
            yield from compare(f"call {call_id}", [columns], rows)

    def _see_attempts(self, wanted: list[Object]) -> Iterator[str]:
        """Compare attempts in the order of Vapi's ids."""
        rows = self._rows("SELECT * FROM vapi_call WHERE call_id = :id", id=self._call_id)
        yield from compare("attempts", *(sorted(each, key=itemgetter("vapi_call_id")) for each in (wanted, rows)))

    def _see_service_record(self, wanted: Object) -> Iterator[str]:
        yield from compare("service record", [wanted], self._rows(_of_call("service_record"), id=self._call_id))

    def _see_feedback(self, wanted: Object | None) -> Iterator[str]:
        rows = self._rows("SELECT * FROM call_feedback WHERE call_id = :id", id=self._call_id)
        yield from compare("feedback", [] if wanted is None else [wanted], rows)

    def _see_feedback_json_contains(self, wanted: str) -> Iterator[str]:
        rows = self._rows("SELECT structured_data FROM call_feedback WHERE call_id = :id", id=self._call_id)
        yield from _contain("the feedback's JSON", [wanted], json.dumps([row["structured_data"] for row in rows]))

    def _see_incidents(self, wanted: int) -> Iterator[str]:
        yield from compare("incidents", wanted, self.loop.pipeline.count("call_incident"))

    def _see_rows_of_vapi_id(self, wanted: int) -> Iterator[str]:
        found = self._rows("SELECT 1 FROM vapi_call WHERE vapi_call_id = :id", id=self.ending.names["@VAPI"])
        yield from compare("attempts of the Vapi id", wanted, len(found))

    def _see_calls_in_all(self, wanted: int) -> Iterator[str]:
        yield from compare("calls in all", wanted, self.loop.pipeline.count("call"))

    def _see_receipts(self, wanted: Object) -> Iterator[str]:
        """Compare every receipt with the same columns."""
        for receipt in self.loop.pipeline.receipts():
            yield from compare("receipt", wanted, receipt)

    def _see_receipts_count(self, wanted: int) -> Iterator[str]:
        yield from compare("receipts", wanted, self.loop.pipeline.count("webhook_event"))

    def _see_stored_payloads(self, wanted: int) -> Iterator[str]:
        """Compare how many envelopes went through the bucket; only those of dead letters may be left in it."""
        yield from compare("payloads that were in the bucket", wanted, len(self.loop.cloud.put))
        left = {key.rpartition("/")[2].removesuffix(".json") for key in self.loop.cloud.stored}
        yield from compare("payloads in the bucket of no dead letter", set(), left - self.ending.dead.keys())

    def _see_no_rows(self, _wanted: bool) -> Iterator[str]:
        for table in ("webhook_event", "vapi_call", "transcript", "call_feedback", "call_incident"):
            yield from compare(f"rows of {table}", 0, self.loop.pipeline.count(table))

    # Transcript

    def _see_turns(self, wanted: list[list[str]]) -> Iterator[str]:
        yield from compare("turns", wanted, self._turns())
        yield from self._hear(wanted)

    def _see_turns_count(self, wanted: int) -> Iterator[str]:
        yield from compare("number of turns", wanted, len(self._turns()))

    def _see_turns_contain(self, wanted: list[str]) -> Iterator[str]:
        yield from _contain("turns", wanted, "\n".join(content for _, content in self._turns()))

    def _hear(self, wanted: list[list[str]]) -> Iterator[str]:
        """Compare the transcript in the API's answer."""
        answer = self._get(f"/v1/calls/{self._call_id}/transcript", self._organization())
        yield from compare("transcript", wanted, [[turn["speaker"], turn["text"]] for turn in answer.json["turns"]])

    def _turns(self) -> list[list[str]]:
        return [[row["role"], row["content"]] for row in self._rows(_SHOWN, id=self._call_id)]

    # Answers

    def _see_api(self, wanted: list[Object]) -> Iterator[str]:
        for question in wanted:
            answer = self._get(question["path"], question.get("organization", self.ending.names["@ORG1"]))
            yield from compare(question["path"], _any_of(question.get("status", 200)), answer.status)
            if "json" in question:
                yield from compare(question["path"], question["json"], answer.json)

    def _see_answer_body(self, wanted: Object) -> Iterator[str]:
        for answer in self.ending.answers:
            yield from compare("answer", wanted, read_object(answer.body))

    def _see_ignored(self, wanted: int) -> Iterator[str]:
        """Compare the number of distinct webhooks that were ignored."""
        ignored = [answer for answer in self.ending.answers if answer.verdict == "ignored"]
        yield from compare("ignored webhooks", wanted, len(set(ignored)))

    def _see_answer_exact_results(self, wanted: int) -> Iterator[str]:
        for answer in self.ending.answers:
            yield from compare("results", wanted, len(read_object(answer.body)["results"]))

    def _see_dead(self, wanted: int | list[str]) -> Iterator[str]:
        reasons = sorted(self.ending.dead.values())
        if isinstance(wanted, int):
            yield from compare(f"dead letters {reasons}", wanted, len(reasons))
        else:
            yield from compare("dead letters", sorted(wanted), reasons)

    # Queries

    @property
    def _call_id(self) -> int:
        return int(self.ending.names["@CALL"])

    def _rows(self, statement: str, **values: object) -> list[dict[str, Any]]:
        return self.loop.pipeline.rows(statement, **values)

    def _organization(self) -> object:
        return self._rows("SELECT organization_id FROM call WHERE id = :id", id=self._call_id)[0]["organization_id"]

    def _get(self, path: str, organization: object) -> Any:  # noqa: ANN401 - readers.Answer
        parts = urlsplit(path)
        query = dict(parse_qsl(parts.query))
        return self.loop.api.get(parts.path.removeprefix("/v1"), organization, **query)


def _of_call(table: str) -> str:
    return f"SELECT r.* FROM {table} AS r JOIN call ON call.service_record_id = r.id WHERE call.id = :id"  # noqa: S608 - ours


def _any_of(value: Json) -> Json:
    return {"in": value} if isinstance(value, list) else value


def _contain(what: str, wanted: list[str], text: str) -> Iterator[str]:
    yield from (f"{what}: {part!r} is not in {text[:500]!r}" for part in wanted if part not in text)


def compare(what: str, wanted: Json, found: Json) -> Iterator[str]:
    """Compare values; objects may have additional fields, and `{"in": …}`, `{"not": …}`, `{"contains": …}` are
    conditions.
    """
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        for name, value in wanted.items():
            yield from compare(f"{what}.{name}", value, found.get(name, "not there"))
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for place, (one, other) in enumerate(zip(wanted, found, strict=True)):
            yield from compare(f"{what}[{place}]", one, other)
    elif not _is(wanted, found):
        yield f"{what} is {found!r} instead of {wanted!r}"


def _is(wanted: Json, found: Json) -> bool:
    if isinstance(wanted, Mapping):
        tests: Mapping[str, Callable[[Json], bool]] = {
            "in": lambda value: any(_is(one, found) for one in value),
            "not": lambda value: not _is(value, found),
            "contains": lambda value: str(value) in str(found),
        }
        return bool(wanted) and all(name in tests and tests[name](value) for name, value in wanted.items())
    if isinstance(found, datetime):
        return read_time(wanted) == found
    if isinstance(found, UUID):
        return bool(str(found) == wanted)
    if isinstance(found, Decimal):
        return wanted is not None and found == Decimal(str(wanted))
    return bool(wanted == found and isinstance(wanted, bool) == isinstance(found, bool))
