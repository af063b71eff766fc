"""Calls at Vapi and their rows, behind fakes of fetcher and sweep that the Lambda client invokes."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from autopulse.reconciliation.request_reading import read_question, read_summaries
from autopulse.reconciliation.requests import CallSummary, ErrorReason, Found, GetQuestion, ListQuestion, NotFound
from operate.comparison import Inquiry
from operate.target import Target
from tests.unit.operate.conftest import STACK

NOW: Final = datetime(2026, 11, 30, 12, tzinfo=timezone.utc)
PAGE: Final = 2


def id_of(number: int) -> str:
    return f"0197f9d4-bbbb-4000-8000-{number:012d}"


def call(number: int, hours_ago: float = 1, **values: Any) -> CallSummary:  # noqa: ANN401 - a field's
    """Return a call that has ended, with a score."""
    began = NOW - timedelta(hours=hours_ago)
    usual = CallSummary(
        vapi_call_id=id_of(number),
        call_id=number,
        type="outboundPhoneCall",
        status="Ended",
        ended_reason="customer-ended-call",
        nps_score=9,
        has_turns=True,
        has_answers=True,
        created_at=began,
        ended_at=began + timedelta(minutes=3),
        updated_at=began + timedelta(minutes=4),
    )
    return replace(usual, **values)


@dataclass
class Calls:
    """The two functions, and their data."""

    there: dict[str, CallSummary] = field(default_factory=dict)
    here: dict[str, int | None] = field(default_factory=dict)
    """Vapi's id -> the stored score, of calls that are stored."""
    links: dict[int, list[str]] = field(default_factory=dict)
    gone: dict[str, ErrorReason] = field(default_factory=dict)
    """Why a call is not found."""
    failures: list[Mapping[str, Any] | Exception] = field(default_factory=list)
    """Answers of the fetcher that are returned first."""
    stubborn: set[str] = field(default_factory=set)
    """Calls that a request does not repair."""
    asked: list[str] = field(default_factory=list)
    questions: list[ListQuestion | GetQuestion] = field(default_factory=list)
    compared: list[Mapping[str, Any]] = field(default_factory=list)
    slow: int = 0
    """Number of comparisons before a requested call is stored."""
    _coming: list[str] = field(default_factory=list)

    def put(self, *calls: CallSummary, here: int | None = 9, missing: bool = False) -> None:
        for one in calls:
            self.there[one.vapi_call_id] = one
            if not missing:
                self.here[one.vapi_call_id] = here

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - as boto3
        event = json.loads(Payload)
        answer = {f"{STACK}-fetcher": self._fetch, f"{STACK}-sweep": self._sweep}[FunctionName](event)
        if isinstance(answer, Exception):
            raise answer
        if "FunctionError" in answer:
            return {"Payload": io.BytesIO(b"{}"), **answer}
        return {"Payload": io.BytesIO(json.dumps(answer).encode())}

    def _fetch(self, event: Mapping[str, Any]) -> Mapping[str, Any] | Exception:
        question = read_question(event)
        self.questions.append(question)
        if self.failures:
            return self.failures.pop(0)
        if isinstance(question, GetQuestion):
            found = self.there.get(question.vapi_call_id)
            if found is None or question.vapi_call_id in self.gone:
                return NotFound(self.gone.get(question.vapi_call_id, ErrorReason.UNKNOWN_CALL)).to_object()
            return Found((found,)).to_object()
        before = question.before or NOW
        listed = [one for id_, one in self.there.items() if id_ not in self.gone and one.created_at is not None]
        fitting = [one for one in listed if one.created_at and question.since <= one.created_at <= before]
        page = sorted(fitting, key=lambda one: one.created_at or NOW, reverse=True)[:PAGE]
        return Found(tuple(page), page[-1].created_at if len(page) == PAGE else None).to_object()

    def _sweep(self, event: Mapping[str, Any]) -> dict[str, Any]:
        if "compare" in event:
            return {"differences": self._compare(event["compare"])}
        if "find_vapi_ids" in event:
            return {"vapi_call_ids": self.links.get(event["find_vapi_ids"]["call_id"], [])}
        self.asked += event["ask"]["vapi_call_ids"]
        self._coming = list(event["ask"]["vapi_call_ids"])
        return {"queued": len(self._coming)}

    def _compare(self, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        self.compared.append(given)
        if self._coming and self.slow == 0:
            repaired = [id_ for id_ in self._coming if id_ in self.there and id_ not in {*self.gone, *self.stubborn}]
            self.here.update({id_: self.there[id_].nps_score for id_ in repaired})
            self._coming = []
        elif self._coming:
            self.slow -= 1
        calls = read_summaries(given["calls"])
        found = [self._different(one, "call", None, one.status) for one in calls if one.vapi_call_id not in self.here]
        found += [
            self._different(one, "nps_score", self.here[one.vapi_call_id], one.nps_score)
            for one in calls
            if self.here.get(one.vapi_call_id, one.nps_score) != one.nps_score
        ]
        if given["since"]:
            since, until = (datetime.fromisoformat(given[name]) for name in ("since", "until"))
            listed = {one.vapi_call_id for one in calls}
            found += [
                self._different(self.there[id_], "call", "Completed", None)
                for id_ in self.gone
                if id_ in self.here and id_ not in listed and since < (self.there[id_].created_at or NOW) <= until
            ]
        return found

    @staticmethod
    def _different(one: CallSummary, name: str, here: object, there: object) -> dict[str, Any]:
        ours = {"call_id": one.call_id, "vapi_call_id": one.vapi_call_id}
        return {**ours, "field": name, "here": here, "there": there}


class Clock:
    """Time that passes only in `sleep`."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def inquiry(self, target: Target) -> Inquiry:
        return Inquiry(target, lambda: NOW, self, self.sleep)
