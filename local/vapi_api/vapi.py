"""One organization at Vapi: each request gets an answer, an injected fault, or an error."""

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from local.vapi_api.answers import Answer, Fault, error, fault_from
from local.vapi_api.calls import UNKNOWN, Calls, Record
from local.vapi_api.configuration import ORGANIZATION_ID, SCHEMAS, Configuration
from local.vapi_api.recordings import CHANNELS, Storage

KEY: Final = "private-key-of-nobody"
CONTROL: Final = "_stand-in"
"""First part of the paths of the control endpoints, which Vapi does not have."""
REMEMBERED: Final = 10_000
"""Number of requests."""


@dataclass(frozen=True)
class Request:
    """One request."""

    method: str
    target: str
    """Path and query."""
    body: Any
    at: str
    """ISO time of its arrival."""
    has_authorization: bool
    at_once: int
    """Number of concurrent requests, including this one."""


@dataclass
class Vapi(Configuration):
    """The organization, and the requests that it received."""

    url: str = ""
    storage: Storage = field(default_factory=lambda: Storage(""))
    key: str = KEY
    faults: list[Fault] = field(default_factory=list)
    """Faults to answer with; the oldest that fits a request is used first."""
    requests: deque[Request] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    """Requests to the API, newest last."""
    fetched: deque[Request] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    """Requests to the storage."""
    lock: threading.RLock = field(default_factory=threading.RLock)
    moment: datetime | None = None
    """The clock's time; None for the real time."""
    calls: Calls = field(init=False)
    file: Path | None = None
    """The file of the calls; None keeps them in memory."""

    def __post_init__(self) -> None:
        """Open the calls."""
        self.calls = Calls(self.file, self.now)

    def now(self) -> datetime:
        """Return the time, with a time zone."""
        return self.moment or datetime.now(timezone.utc)

    @property
    def asked(self) -> list[tuple[str, str, Any]]:
        """Method, path and body of every request to the API."""
        return [(request.method, urlsplit(request.target).path, request.body) for request in self.requests]

    def changes(self) -> list[tuple[str, str, Any]]:
        """Return the requests that may have changed something."""
        return [asked for asked in self.asked if asked[0] != "GET"]

    def take_fault(self, path: str, *, named: bool = False) -> Fault | None:
        """Return the fault for a request, or None; with `named`, only a fault that has a path."""
        for place, fault in enumerate(self.faults):
            if path.startswith(fault.path) and (fault.path or not named):
                if fault.times is not None:
                    rest = [replace(fault, times=fault.times - 1)] if fault.times > 1 else []
                    self.faults[place : place + 1] = rest
                return fault
        return None

    def answer(self, method: str, target: str, key: str, body: Any) -> Answer:  # noqa: ANN401 - any JSON
        """Return Vapi's answer; `key` is the header Authorization."""
        url = urlsplit(target)
        fault = self.take_fault(url.path)
        if fault is not None:
            return fault
        if key != f"Bearer {self.key}":
            return error(401, "Invalid Key. Hot tip, you may be using the private key instead of the public key.")
        parts = [part for part in url.path.split("/") if part]
        if parts[:1] == ["call"] and method == "GET":
            return self._answer_call(parts[1:], parse_qs(url.query, keep_blank_values=True))
        if parts[:1] == ["call"] and method == "DELETE" and len(parts) > 1:
            return self._delete_calls(parts[1], body)
        if not parts or parts[0] not in self.stored:
            return error(404, f"Cannot {method} {target}")
        return self.answer_configuration(method, parts, parse_qs(url.query), body)

    def control(self, method: str, path: str, key: str, body: Any) -> Answer:  # noqa: ANN401 - any JSON
        """Answer the control endpoints below `/_stand-in`, which docs/local.md describes."""
        if key != f"Bearer {self.key}":
            return error(401, "the stand-in's key is wanted")
        parts = [part for part in path.split("/") if part][1:]
        match (method, parts):
            case ("PUT", ["calls"]):
                self.calls.put(*body)
            case ("PATCH", ["calls", call_id]):
                if "fields" in body:
                    self.calls.change(call_id, **body["fields"])
                if "state" in body:
                    self.calls.hold(call_id, body["state"])
            case ("POST", ["faults"]):
                self.faults.extend(fault_from(fault) for fault in body)
            case ("DELETE", ["faults"]):
                self.faults.clear()
            case ("GET", ["requests"]):
                asked = {"api": self.requests, "storage": self.fetched}
                return Answer(200, {name: [asdict(one) for one in those] for name, those in asked.items()})
            case ("DELETE", ["requests"]):
                self.requests.clear()
                self.fetched.clear()
            case _:
                return error(404, f"Cannot {method} {path}")
        return Answer(200, {})

    def _answer_call(self, parts: list[str], query: Mapping[str, list[str]]) -> Answer:
        if not parts:
            return self.calls.find(query)
        found = self.calls.read(parts[0])
        if found.status != 200:  # noqa: PLR2004 - what the status says
            return found
        if len(parts) == 1:
            return replace(found, body=self._presigned(found.body))
        return self._redirect(found.body, "/".join(parts[1:]))

    def _delete_calls(self, call_id: str, body: Any) -> Answer:  # noqa: ANN401 - any JSON
        """Answer `DELETE /call/{id}`, which deletes the ids in the body; the body is required."""
        ids = body.get("ids") if isinstance(body, dict) else None
        if not isinstance(ids, list):
            return error(400, ["ids must be an array"])
        found = self.calls.read(call_id)
        if found.status == 200:  # noqa: PLR2004 - what the status says
            for one in ids:
                self.calls.hold(str(one), UNKNOWN)
        return found

    def _redirect(self, record: Record, endpoint: str) -> Answer:
        channel = CHANNELS.get(endpoint)
        if channel is None or not _is_recorded(record):
            return error(404, f"call with id {record['id']} has no {endpoint}")
        return Answer(302, None, {"Location": self.storage.presign(record["id"], channel, self.now())})

    def _presigned(self, record: Record) -> Record:
        """Return the record with new presigned URLs of its recordings."""
        if not _is_recorded(record):
            return record
        addresses = {
            f"presigned{channel.capitalize()}Url": self.storage.presign(record["id"], channel, self.now())
            for channel in CHANNELS.values()
        }
        return record | {"artifact": record["artifact"] | addresses}


def _is_recorded(record: Record) -> bool:
    return bool((record.get("artifact") or {}).get("recordingUrl"))


def new_organization(url: str, storage_url: str, key: str = KEY, file: Path | None = None) -> Vapi:
    """Return an organization without configuration."""
    folders: dict[str, dict[str, dict[str, Any]]] = {folder: {} for folder in (*SCHEMAS, "squad", "tool")}
    vapi = Vapi(folders, url=url, storage=Storage(storage_url), key=key, file=file)
    vapi.add("org", id=ORGANIZATION_ID, name="AutoPulse")
    return vapi
