"""Invented managers, who take, note, resolve and dismiss follow-ups over the API, so that an inbox has a life.

What becomes of a follow-up is decided by a seed and the place of its call among the others, not by the clock; some are
left for whoever looks at the console.
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
    """What becomes of a follow-up, as the changes that managers make one after the other."""

    @staticmethod
    def of(random: Random) -> list[Json]:
        """Draw one: half are resolved, some are under way, dismissed, or left alone."""
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
    """People at their inbox, who do one thing after the other."""

    send: Send
    seed: object
    changed: int = 0
    _plans: dict[int, list[Json]] = field(default_factory=dict)
    """Follow-up -> what is still to be done about it."""
    _decided: set[int] = field(default_factory=set)
    """Calls of which it was decided what becomes of their follow-up."""

    def work_through(self, call_ids: Collection[int] | None = None) -> int:
        """Do all that is to be done about those that are unanswered, of these calls if they are given; how many."""
        while self.do_one(call_ids):
            pass
        return self.changed

    def do_one(self, call_ids: Collection[int] | None = None) -> bool:
        """Make the next change; False if there is none to make."""
        if not self._plans:
            self._plan(call_ids)
        if not self._plans:
            return False
        id_, steps = next(iter(self._plans.items()))
        step = steps.pop(0)
        if not steps:
            del self._plans[id_]
        if not self._change(id_, step):
            self._plans.pop(id_, None)  # somebody else has it in hand
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
        """Make a change of the follow-up as it is now; False if somebody was faster, or has closed it."""
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
    """Requests to the API of a local stack, with the token that it has for its reader."""
    parts = urlsplit(running["api_url"])
    headers = {"Authorization": f"Bearer {running['api_token']}", "Content-Type": "application/json"}

    def send(method: str, path: str, body: Json | None, version: int | None) -> tuple[int, Json]:
        """Ask again where the stack was not ready, as people do; a change that was made after all is 412 then."""
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
    """Let managers work through the inbox of a local stack; how many changes they made."""
    return Managers(sender(running), seed).work_through(call_ids)


def _require(status: int, wanted: int) -> None:
    if status != wanted:
        raise LocalStackError(f"The API answers {status} to a manager who works through follow-ups.")
