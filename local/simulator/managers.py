"""Simulated managers, who take, annotate, resolve and dismiss follow-ups over the API.

A seed and the position of its call among the others decide what is done about a follow-up, not the clock; some
follow-ups are left untouched for the person who uses the console.
"""

import http.client
import json
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from local.stack_paths import LocalStackError

CAUSES: Final = ("Waiting time", "Price", "Work not done right", "Nobody called back", "Cleanliness", "Friendliness")
NOTES: Final = (
    "Called, nobody answered; will try again this afternoon.",
    "Called. The customer comes by on Friday, free of charge.",
    "Talked to the workshop: the part had come late.",
    "Apologized, and sent a voucher for the next service.",
)
DISMISSED: Final = "Wrong person on the phone; nothing to do."
TIMEOUT_SECONDS: Final = 30
TRIES: Final = 5
PAUSE_SECONDS: Final = 1
NOT_READY: Final = frozenset({http.client.BAD_GATEWAY, http.client.SERVICE_UNAVAILABLE, http.client.GATEWAY_TIMEOUT})
Json = dict[str, Any]
Send = Callable[[str, str, Json | None, int | None], tuple[int, Json]]
"""(method, path below /v1, body, version) -> (status, answer)."""
_TAKE: Final = {"state": "acknowledged"}


class Way:
    """A sequence of changes that managers make to one follow-up."""

    @staticmethod
    def of(random: Random) -> list[Json]:
        """Draw a sequence: half of the follow-ups are resolved, some are in progress, dismissed, or left alone."""
        chance, cause, note = random.random(), random.choice(CAUSES), random.choice(NOTES)
        if chance < 0.3:  # noqa: PLR2004 - shares of the whole
            return []
        if chance < 0.45:  # noqa: PLR2004 - likewise
            return [_TAKE, {"note": NOTES[0]}]
        if chance < 0.55:  # noqa: PLR2004 - likewise
            return [{"state": "dismissed", "note": DISMISSED}]
        return [_TAKE, {"note": note}, {"state": "resolved", "cause": cause}]


@dataclass
class Managers:
    """Managers who process the inbox, one change after another."""

    send: Send
    seed: object
    changed: int = 0
    _plans: dict[int, list[Json]] = field(default_factory=dict)
    """Follow-up -> the remaining changes."""
    _decided: set[int] = field(default_factory=set)
    """Calls for whose follow-up the changes were drawn."""

    def work_through(self, call_ids: Collection[int] | None = None) -> int:
        """Make all changes of unanswered follow-ups, optionally of these calls only; returns how many were made."""
        while self.do_one(call_ids):
            pass
        return self.changed

    def do_one(self, call_ids: Collection[int] | None = None) -> bool:
        """Make the next change; returns False if there is none."""
        if not self._plans:
            self._plan(call_ids)
        if not self._plans:
            return False
        id_, steps = next(iter(self._plans.items()))
        step = steps.pop(0)
        if not steps:
            del self._plans[id_]
        if not self._change(id_, step):
            self._plans.pop(id_, None)  # somebody else is changing it
        return True

    def _plan(self, call_ids: Collection[int] | None) -> None:
        of_call = {item["call_id"]: item["id"] for item in self._unanswered()}
        wanted = sorted(of_call if call_ids is None else of_call.keys() & set(call_ids))
        first = min(call_ids) if call_ids else 0
        for call_id in wanted:
            if call_id not in self._decided:
                self._decided.add(call_id)
                steps = Way.of(Random(f"{self.seed} {call_id - first}"))  # noqa: S311 - invented data
                if steps:
                    self._plans[of_call[call_id]] = [dict(step) for step in steps]

    def _unanswered(self) -> Iterator[Json]:
        cursor: dict[str, str] = {}
        while True:
            query = urlencode({"state": "open", "limit": 200, **cursor})
            status, page = self.send("GET", f"/follow-ups?{query}", None, None)
            _require(status, http.client.OK)
            yield from page["items"]
            if page["next_cursor"] is None:
                return
            cursor = {"cursor": page["next_cursor"]}

    def _change(self, id_: int, change: Json) -> bool:
        """Change the current version of the follow-up; returns False if it has been changed or closed meanwhile."""
        status, current = self.send("GET", f"/follow-ups/{id_}", None, None)
        if status == http.client.NOT_FOUND:
            return False
        _require(status, http.client.OK)
        status, _ = self.send("PATCH", f"/follow-ups/{id_}", change, current["version"])
        if status in {http.client.PRECONDITION_FAILED, http.client.UNPROCESSABLE_ENTITY, http.client.NOT_FOUND}:
            return False
        _require(status, http.client.OK)
        self.changed += 1
        return True


def sender(running: Mapping[str, Any]) -> Send:
    """Return a function that sends requests to a local stack's API, with the token of its reader."""
    parts = urlsplit(running["api_url"])
    headers = {"Authorization": f"Bearer {running['api_token']}", "Content-Type": "application/json"}

    def send(method: str, path: str, body: Json | None, version: int | None) -> tuple[int, Json]:
        """Retry while the stack is not ready; if the first try was applied after all, the retry is answered 412."""
        for _ in range(1, TRIES):
            try:
                status, answer = send_once(method, path, body, version)
            except TimeoutError:
                continue
            if status not in NOT_READY:
                return status, answer
            time.sleep(PAUSE_SECONDS)
        return send_once(method, path, body, version)

    def send_once(method: str, path: str, body: Json | None, version: int | None) -> tuple[int, Json]:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
        more = {} if version is None else {"If-Match": f'"{version}"'}
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, f"{parts.path.rstrip('/')}/v1{path}", content, headers | more)
            response = connection.getresponse()
            return response.status, json.loads(response.read() or b"{}")
        finally:
            connection.close()

    return send


def call_back(running: Mapping[str, Any], seed: object, call_ids: Sequence[int] | None = None) -> int:
    """Let managers process the inbox of a local stack; returns how many changes they made."""
    return Managers(sender(running), seed).work_through(call_ids)


def _require(status: int, wanted: int) -> None:
    if status != wanted:
        raise LocalStackError(f"The API answers {status} to a manager who works through follow-ups.")
