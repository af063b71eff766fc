"""The console with an invented API: its own files, and answers that a test sets.

The look and the behaviour of a screen do not depend on a database, so these tests need no stack: a page takes about a
second, its calls are exactly the test's, and every request is counted.
"""

import base64
import functools
import gzip
import json
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection

from autopulse.console.assets import INDEX, MEDIA_TYPES, RELEASE
from functions.console.app import PAGES
from tests.browser.invented_follow_ups import ME, MY_SUBJECT, InventedInbox
from tests.browser.pages import PATIENCE_MILLISECONDS

SITE: Final = "http://localhost/api/console/"
LIVE_PORT: Final = 81
"""The port of the WebSocket's URL."""
RELEASE_FOLDER: Final = "release/"
"""The folder of all files but the index."""
NOW: Final = datetime(2026, 11, 27, 16, 49, tzinfo=timezone.utc)
"""A Friday, for tests that set the page's clock."""
CONFIGURATION: Final = {
    "api_url": "../v1",
    "websocket_url": f"ws://localhost:{LIVE_PORT}/live",
    "issuer": "",
    "client_id": "",
    "scopes": "openid",
    "audience": "",
    "origins": [],
    "stack": "autopulse",
    "takes_token": True,
}
Json = dict[str, Any]
Answer = Callable[[Json], Any]


def invent_call(call_id: int, **given: Any) -> Json:  # noqa: ANN401 - fields of the API's call
    """Return a call of a list: by default it ended `call_id` minutes ago, was reached, and has no score."""
    start = NOW - timedelta(minutes=call_id)
    return {
        "id": call_id,
        "vapi_call_id": f"vapi-{call_id}",
        "status": "Completed",
        "outcome": "reached",
        "ended_reason": "customer-ended-call",
        "direction": "outbound",
        "demo": False,
        "customer_name": f"Dana Example {call_id}",
        "phone": f"+120255501{call_id % 100:02}",
        "vehicle": "2021 Sample Sedan",
        "service": "Oil change",
        "campaign_id": 3,
        "campaign_name": "November",
        "advisor_id": None,
        "advisor_name": "Robin Sample",
        "start_time": start.isoformat(),
        "end_time": (start + timedelta(seconds=40)).isoformat(),
        "duration_seconds": 40,
        "nps_score": None,
        "reason": None,
        "has_recording": False,
        "attempt_count": 1,
        "attempt_number": 1,
        "reported_by": "webhook",
        "reconciliation": None,
        "complaint": None,
        "gist": None,
        "updated_at": start.isoformat(),
    } | given


def invent_call_to_come(call_id: int, **given: Any) -> Json:  # noqa: ANN401 - likewise
    """Return a call to come: it has no time and no status of Vapi's."""
    nothing = dict.fromkeys(
        (
            "start_time",
            "end_time",
            "duration_seconds",
            "outcome",
            "ended_reason",
            "vapi_call_id",
            "attempt_number",
            "reported_by",
        )
    )
    made = {"status": "Ready", "attempt_count": 0, "updated_at": NOW.isoformat()}
    return invent_call(call_id, **{**nothing, **made, **given})


def quality_of(**given: Any) -> Json:  # noqa: ANN401 - likewise
    """Return how an attempt ran; values that are not given are unknown."""
    lists = ("turn_latencies", "lost_answers", "skipped_answers", "transfers", "scorecards", "activations")
    figures = ("turn", "model", "voice", "transcriber", "endpointing", "from_transport", "to_transport")
    words = ("assistant_id", "assistant_name", "assistant_version", "vapi_campaign_id", "success_evaluation")
    ends = ("recording_consent_type", "recording_consent_granted_at", "ended_message")
    counts = ("turn_latency_median_ms", "user_interruptions", "assistant_interruptions")
    return {
        **dict.fromkeys((*(f"{name}_latency_average_ms" for name in figures), *counts, *words, *ends)),
        **{name: [] for name in lists},
        "cost_dollars_by_type": {},
        "answers_expected": 0,
        **given,
    }


def detail_of(call: Json, **given: Any) -> Json:  # noqa: ANN401 - likewise
    """Return the same call as the API returns a single call."""
    return {
        **call,
        "recording_elsewhere": False,
        "recording_copy": None,
        "attempts": [],
        "cost_dollars": 0.0816,
        "quality": None,
        "call_reason": None,
        "summary": None,
        "feedback": None,
        "service_record": None,
        "related_calls": [],
        "incidents": [],
        "timeline": [],
        **given,
    }


def feedback_of(call: Json, **given: Any) -> Json:  # noqa: ANN401 - fields of the API's feedback item
    """Return an item of the feedback list."""
    shared = (
        "start_time end_time duration_seconds outcome direction demo customer_name phone vehicle service campaign_id"
        " campaign_name advisor_id advisor_name nps_score reason updated_at"
    )
    score = given.get("nps_score", call["nps_score"])
    category = _nps_category(score)
    said = {
        **dict.fromkeys(("positives", "detractors", "action_items")),
        "content": "It took longer than I was told.",
    }
    return (
        {name: call[name] for name in shared.split()} | {"call_id": call["id"], "nps_category": category} | said | given
    )


def _nps_category(score: int | None) -> str | None:
    return None if score is None else "promoter" if score > 8 else "passive" if score > 6 else "detractor"


def tally(calls: int = 40, reached: int = 30, scores: Mapping[int, int] | None = None) -> Json:
    """Return the tally of these counts of the scores."""
    counts = scores if scores is not None else {2: 3, 6: 2, 8: 5, 10: 10}
    responses = sum(counts.values())
    detractors = sum(number for score, number in counts.items() if score < 7)
    promoters = sum(number for score, number in counts.items() if score > 8)
    nps = 100 * (promoters - detractors) / responses if responses else None
    return {
        "calls": calls,
        "tried": calls,
        "reached": reached,
        "reach_rate": reached / calls if calls else None,
        "responses": responses,
        "response_rate": responses / reached if reached else None,
        "promoters": promoters,
        "passives": responses - promoters - detractors,
        "detractors": detractors,
        "nps": nps,
        "nps_low": None if nps is None else max(-100, nps - 30),
        "nps_high": None if nps is None else min(100, nps + 30),
        "average_duration_seconds": 95.0,
    }


def summary_of(weeks: int = 13) -> Json:
    """Return a summary of some weeks, with three campaigns and three advisors."""
    starts = [NOW - timedelta(weeks=weeks - place) for place in range(weeks)]
    names = ("Alex Invented", "Casey Placeholder", "Robin Sample")
    return {
        "since": starts[0].isoformat(),
        "until": NOW.isoformat(),
        "total": tally(),
        "outcomes": {"reached": 30, "voicemail": 6, "busy": 4},
        "scores": [0, 0, 3, 0, 0, 0, 2, 0, 5, 0, 10],
        "periods": [
            tally() | {"starts": start.isoformat(), "ends": (start + timedelta(weeks=1)).isoformat()}
            for start in starts
        ],
        "groups": [tally() | {"key": name, "name": name} for name in names],
        "reasons": [
            {"key": "wait", "label": "Long wait, not ready in time", "count": 9},
            {"key": "price", "label": "Price and bill", "count": 4},
            {"key": "other", "label": "Something else", "count": 1},
        ],
    }


def quality_summary_of(**given: Any) -> Json:  # noqa: ANN401 - likewise
    """Return the quality figures of some weeks, with two versions of an assistant."""
    starts = [NOW - timedelta(weeks=3 - place) for place in range(3)]
    versions = [
        {
            "starts": start.isoformat(),
            "ends": (start + timedelta(weeks=1)).isoformat(),
            "assistant_id": "assistant-1",
            "assistant_name": "Piper",
            "assistant_version": version,
            "measured": 12 + place,
            "median_turn_latency_ms": 900.0 + 100 * place,
        }
        for place, start in enumerate(starts)
        for version in ("3", "4")
    ]
    costs = {"calls": 40, "reached": 30, "responses": 20, "dollars": 6.0, "unpriced": 0}
    return {
        "since": starts[0].isoformat(),
        "until": NOW.isoformat(),
        "costs": costs | {"per_call": 0.15, "per_reached": 0.2, "per_response": 0.3},
        "answers": {"expected": 120, "lost": 6, "lost_share": 0.05},
        "measured": 28,
        "median_turn_latency_ms": 1040.0,
        "versions": versions,
        **given,
    }


@dataclass
class InventedApi:
    """Answers of the read API, and the requests that it received."""

    calls: list[Json] = field(default_factory=list)
    details: dict[int, Json] = field(default_factory=dict)
    turns: list[Json] = field(default_factory=list)
    feedback: list[Json] = field(default_factory=list)
    summary: Json = field(default_factory=summary_of)
    quality: Json = field(default_factory=quality_summary_of)
    inbox: InventedInbox = field(default_factory=InventedInbox)
    reader: Json = field(
        default_factory=lambda: {"organization_name": "Placeholder Garage", "may_write": True, "user_id": ME}
    )
    views: dict[str, str] = field(default_factory=dict)
    """Name -> address of the reader's saved views."""
    views_refusal: tuple[int, Json] | None = None
    """Status and error of every change of a saved view, if changes are to be refused."""
    views_asked: list[tuple[str, str, Json | None]] = field(default_factory=list)
    """Method, name and body of the requests that change saved views."""
    refusal: tuple[int, str, str] | None = None
    """Status, code and message of every answer, if all requests are to be refused."""
    refused_field: str | None = None
    refused_paths: set[str] = field(default_factory=set)
    """Paths below /v1/ that answer 503."""
    sent: int = 0
    """Bytes of all answers of the API, compressed as the functions do."""
    ticket: str = "invented"
    asked: list[str] = field(default_factory=list)
    """Paths below /v1/ with their parameters, in the order of the requests."""
    speaks: bool = False
    """Whether the socket confirms the subscription; otherwise the page stays at `connecting`."""
    sockets: list[ServerConnection] = field(default_factory=list)
    """The WebSockets of pages that are open now, the last one last."""

    def readings(self, path: str) -> list[Json]:
        """Return the parameters of each request of a path."""
        split = [urlsplit(url) for url in self.asked]
        return [_parameters(parts.query) for parts in split if parts.path == path]

    def answer(self, path: str, asked: Json) -> Any:  # noqa: ANN401 - any JSON
        """Return the answer for a path; raises KeyError for an unknown one."""
        plain = {
            "live/tickets": {"ticket": self.ticket, "expires_at": NOW.isoformat()},
            "me": self.reader,
            "views": {"items": [_view_of(name, address) for name, address in self.views.items()]},
            "quality/summary": self.quality,
            "feedback/summary": self.summary if asked.get("group") else self.summary | {"groups": []},
        }
        if path in plain:
            return plain[path]
        if path.startswith("follow-ups"):
            return self._of_inbox(path, asked)
        if path == "feedback":
            return self._page([item for item in self.feedback if _fits_feedback(item, asked)], asked)
        if path == "calls/count":
            return {"count": len([call for call in self.calls if _fits(call, asked)]), "is_all": True}
        if path == "calls":
            return self._page([call for call in self.calls if _fits(call, asked)], asked)
        return self._of_call(path)

    def call_event(self, call_id: int, event: str = "CallStatusChanged") -> None:
        """Send a call event to the page."""
        message = {"type": "event", "id": uuid.uuid4().hex, "event": event, "call_id": call_id}
        for socket in [*self.sockets]:
            with suppress(ConnectionClosed):
                socket.send(json.dumps(message))

    def confirm(self, topic: str) -> None:
        """Confirm the page's subscription once its WebSocket is open."""
        self.wait_for_socket().send(json.dumps({"type": "subscribed", "topic": topic}))

    def wait_for_socket(self) -> ServerConnection:
        """Return the page's WebSocket, which it opens after it has asked for a ticket."""
        deadline = time.monotonic() + PATIENCE_MILLISECONDS / 1000
        while not self.sockets:
            assert time.monotonic() < deadline, "the page opens no WebSocket"
            time.sleep(0.01)
        return self.sockets[-1]

    def write(self, method: str, path: str, version: str | None, body: Json) -> tuple[int, Json]:
        """Return status and answer of a change of a follow-up, and send its event."""
        self.inbox.asked.append((method, path, version, body))
        if self.inbox.refusal:
            status, code, message = self.inbox.refusal
            return status, {"error": {"code": code, "message": message, "field": None}}
        if method == "PATCH":
            status, answer = self.inbox.change(int(path.removeprefix("follow-ups/")), version, body)
            event = "FollowUpChanged"
        else:
            status, answer = self.inbox.open(int(path.split("/")[1]), body)
            event = "FollowUpOpened"
        if status < 300:
            self.call_event(answer["call_id"], event)
        return status, answer

    def change_view(self, method: str, name: str, body: Json | None) -> tuple[int, Json | None]:
        """Return status and answer of a change of a saved view."""
        self.views_asked.append((method, name, body))
        if self.views_refusal:
            status, error = self.views_refusal
            return status, {"error": error}
        if method == "DELETE":
            return (404, {"error": {"code": "not_found"}}) if self.views.pop(name, None) is None else (204, None)
        status = 200 if name in self.views else 201
        self.views[name] = (body or {})["address"]
        return status, _view_of(name, self.views[name])

    def _of_inbox(self, path: str, asked: Json) -> Json:
        if path == "follow-ups":
            return self._page(self.inbox.list(asked), asked)
        below = path.removeprefix("follow-ups/")
        return self.inbox.summary() if below == "summary" else self.inbox.detail(int(below))

    def _of_call(self, path: str) -> Any:  # noqa: ANN401 - any JSON
        call_id, _, part = path.removeprefix("calls/").partition("/")
        call = next(call for call in self.calls if call["id"] == int(call_id))
        if part == "transcript":
            return {
                "call_id": call["id"],
                "attempt": 1,
                "vapi_call_id": call["vapi_call_id"],
                "source": "report",
                "start_time": call["start_time"],
                "turns": self.turns,
            }
        return self.details.get(call["id"], detail_of(call))

    @staticmethod
    def _page(items: list[Json], asked: Json) -> Json:
        first, limit = int(asked.get("cursor", 0)), int(asked.get("limit", 50))
        shown = items[first : first + limit]
        return {"items": shown, "next_cursor": str(first + limit) if first + limit < len(items) else None}


def _view_of(name: str, address: str) -> Json:
    return {"name": name, "address": address, "created_at": NOW.isoformat(), "updated_at": NOW.isoformat()}


def _fits(call: Json, asked: Json) -> bool:
    began = call["start_time"] or call["end_time"] or call["updated_at"]
    since, until = asked.get("from"), asked.get("to")
    same = ("status", "outcome", "direction")
    to_come = not call["start_time"] and not call["end_time"] and call["status"] in {"Ready", "Scheduled", "Queued"}
    ids = asked.get("ids")
    return (
        (ids is None or str(call["id"]) in ids.split(","))
        and asked.get("to_come") in {None, str(to_come).lower()}
        and asked.get("nps_category") in {None, _nps_category(call["nps_score"]) or "none"}
        and all({"all", call[name]} & {*asked.get(name, "all").split(",")} for name in same)
        and (since is None or datetime.fromisoformat(began) >= _time(since))
        and (until is None or datetime.fromisoformat(began) < _time(until))
        and asked.get("q", "").lower() in _words_of(call)
    )


def _words_of(call: Json) -> str:
    said = (call.get("match") or {}).get("text", "")
    return f"{call['customer_name']} {call['phone']} {said}".lower()


def _fits_feedback(item: Json, asked: Json) -> bool:
    is_telling = item["nps_category"] is not None or bool(item["detractors"])
    return (
        asked.get("nps_category") in {None, item["nps_category"] or "none"}
        and asked.get("reason") in {None, item["reason"]}
        and asked.get("telling") in {None, str(is_telling).lower()}
    )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _parameters(query: str) -> Json:
    return {name: values[0] for name, values in parse_qs(query).items()}


def token_of(id_: str = "") -> str:
    """Return a token with this `jti` that the page can read; nothing verifies its signature here."""
    claims = {"sub": MY_SUBJECT, "name": "Jo Reader", "exp": 4_102_444_800, "jti": id_}
    claims["custom:organization_id"] = "0a11ce00-0000-4000-8000-000000000001"
    return ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({}, claims, 0)
    )


def address_of(path: str = "", token_id: str = "") -> str:
    """Return the address of a view, signed in; `path` as `"?view=feedback"`."""
    return f"{SITE}{path}#token={token_of(token_id)}"


@dataclass(frozen=True)
class Request:
    """A request to the API."""

    method: str
    url: str
    if_match: str | None
    body: Json | None


@dataclass(frozen=True)
class Reply:
    """The answer to a request."""

    status: int
    body: bytes = b""
    media_type: str = "application/json"


def reply_to(request: Request, api: InventedApi) -> Reply:
    """Return the API's answer to a request below /api/v1/."""
    parts = urlsplit(request.url)
    path = parts.path.removeprefix("/api/v1/")
    if request.method in {"PATCH", "POST"} and "follow-up" in path:
        return _json(*api.write(request.method, path, request.if_match, request.body or {}))
    if path.startswith("views/"):
        status, view = api.change_view(request.method, unquote(path.removeprefix("views/")), request.body)
        return Reply(status) if view is None else _json(status, view)
    return _answer(path, parts.query, api)


def file_reply(path: str) -> Reply:
    """Return a file of the console; `path` as `console/` or `console/release/main.js`."""
    name = path.removeprefix("console/")
    if name == "config.json":
        return _json(200, CONFIGURATION)
    return _read_file(name.removeprefix(RELEASE_FOLDER) or INDEX)


def _answer(path: str, query: str, api: InventedApi) -> Reply:
    api.asked.append(f"{path}?{query}" if query else path)
    if api.refusal:
        status, code, message = api.refusal
        return _json(status, {"error": {"code": code, "message": message, "field": api.refused_field}})
    if path in api.refused_paths:
        return _json(503, _error("unavailable", "The database does not answer."))
    if path.endswith(".csv"):
        return Reply(200, "\ufeffCustomer\n".encode(), "text/csv; charset=utf-8")
    try:
        reply = _json(200, api.answer(path, _parameters(query)))
    except StopIteration:
        return _json(404, _error("not_found", "There is no such thing."))
    api.sent += size_of(reply.body)
    return reply


def _json(status: int, answer: Any) -> Reply:  # noqa: ANN401 - any JSON
    return Reply(status, json.dumps(answer).encode())


def _error(code: str, message: str) -> Json:
    return {"error": {"code": code, "message": message, "field": None}}


@functools.cache
def size_of(body: bytes) -> int:
    """Return the number of bytes that are transferred."""
    return len(gzip.compress(body, 6))


@functools.cache
def _read_file(name: str) -> Reply:
    """Return a file of the console, read once, because every page requests about fifty."""
    path = PAGES / name
    body = (
        path.read_bytes().replace(RELEASE, RELEASE_FOLDER.rstrip("/").encode()) if name == INDEX else path.read_bytes()
    )
    return Reply(200, body, MEDIA_TYPES[path.suffix])
