"""Follow-ups of an invented API: they are listed, changed and refused as docs/api.md says."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from autopulse.domain.follow_ups import TRANSITIONS, UNANSWERED, State

Json = dict[str, Any]
ME: Final = 5
MY_NAME: Final = "Jo Reader"
MY_SUBJECT: Final = "reader"
"""Both as in the token of `invented.token_of`."""
_OPEN: Final = {state.value for state in UNANSWERED}
_OWN: Final = (
    *("id", "call_id", "state", "trigger", "assignee_id", "assignee_name", "cause", "note", "opened_at", "due_at"),
    *("acknowledged_at", "resolved_at", "overdue", "version"),
)


def invent_follow_up(id_: int, **given: Any) -> Json:  # noqa: ANN401 - fields of the API's follow-up
    """Return the follow-up of call `id_`; by default it was opened `id_` hours ago and is due in as many."""
    now = datetime.now(timezone.utc)
    return {
        "id": id_,
        "call_id": id_,
        "state": "open",
        "trigger": "score",
        "assignee_id": None,
        "assignee_name": "Robin Sample",
        "cause": None,
        "note": None,
        "opened_at": (now - timedelta(hours=id_)).isoformat(),
        "due_at": (now + timedelta(hours=id_)).isoformat(),
        "acknowledged_at": None,
        "resolved_at": None,
        "overdue": False,
        "version": 1,
        "nps_score": 2,
        "customer_name": f"Dana Example {id_}",
        "phone": f"+120255501{id_ % 100:02}",
        "vehicle": "2021 Sample Sedan",
        "campaign_id": 3,
        "campaign_name": "November",
        "advisor_id": None,
        "advisor_name": "Robin Sample",
        "content": "It took longer than I was told.",
        "detractors": f"I waited {id_} hours.\nNobody called back.",
        "action_items": None,
        "state_set_by": None,
    } | given


@dataclass
class InventedInbox:
    """Follow-ups, and the changes that were requested."""

    items: list[Json] = field(default_factory=list)
    people: dict[int, str] = field(default_factory=lambda: {ME: MY_NAME, 7: "Kim Example"})
    causes: list[str] = field(default_factory=lambda: ["Long wait"])
    answered_in_time: Json | None = None
    entries: dict[int, list[Json]] = field(default_factory=dict)
    asked: list[tuple[str, str, str | None, Json]] = field(default_factory=list)
    """Method, path, `If-Match` and body of each request for a change."""
    refusal: tuple[int, str, str] | None = None
    """Status, code and message of the answers to all changes, if they are to be refused."""

    def list(self, asked: Json) -> list[Json]:
        """Return those that match the filters, latest due time first."""
        fit = [item for item in map(self._now, self.items) if _fits(item, asked)]
        return sorted(fit, key=lambda item: (datetime.fromisoformat(item["due_at"]), item["id"]), reverse=True)

    def detail(self, id_: int) -> Json:
        """Return one with its entries; raises StopIteration if it is unknown."""
        item = next(item for item in self.items if item["id"] == id_)
        opened = self._entry(item, "opened", None, item["state"] if item["version"] == 1 else "open", None, {}, None)
        return self._now(item) | {"entries": self.entries.get(id_) or [opened]}

    def summary(self) -> Json:
        """Return the counts of open ones, and the known causes and people."""
        now = datetime.now(timezone.utc).isoformat()
        items = [self._now(item) for item in self.items]
        figures = {"opened": len(items), "resolved": 0, "dismissed": 0, "in_time": 0, "in_time_share": None}
        figures |= {"median_hours_to_acknowledge": None, "median_hours_to_resolve": None}
        return {
            "since": now,
            "until": now,
            "open": sum(item["state"] == "open" for item in items),
            "acknowledged": sum(item["state"] == "acknowledged" for item in items),
            "overdue": sum(item["overdue"] for item in items),
            "total": figures,
            "causes": [figures | {"cause": cause} for cause in self.causes],
            "assignees": [figures | {"assignee_id": id_, "assignee_name": name} for id_, name in self.people.items()],
            "periods": [],
        } | ({"answered_in_time": self.answered_in_time} if self.answered_in_time else {})

    def change(self, id_: int, version: str | None, body: Json, by: str = MY_NAME) -> tuple[int, Json]:
        """Return status and answer of a PATCH."""
        found = [item for item in self.items if item["id"] == id_]
        if not found:
            return _error(404, "not_found", "There is no such follow-up.")
        (item,) = found
        if version is None:
            return _error(428, "precondition_required", "Say in If-Match which version the change is of.")
        if version != f'"{item["version"]}"':
            status, answer = _error(412, "precondition_failed", "Somebody has changed the follow-up meanwhile.")
            return status, answer | {"follow_up": _own(self._now(item))}
        before, after = item["state"], str(body.get("state", item["state"]))
        if before != after and State(after) not in TRANSITIONS[State(before)]:
            return _error(422, "unprocessable", f"From {before} a follow-up cannot become {after}.", "state")
        self._write(item, before, after, body, by)
        return 200, _own(self._now(item))

    def open(self, call_id: int, body: Json) -> tuple[int, Json]:
        """Return status and answer of a POST."""
        for item in self.items:
            if item["call_id"] == call_id:
                status, answer = _error(409, "conflict", "The call has a follow-up already.")
                return status, answer | {"follow_up": _own(self._now(item))}
        item = invent_follow_up(900 + call_id, call_id=call_id, trigger="manual", note=body.get("note"))
        self.items.append(item)
        self.entries[item["id"]] = [self._entry(item, "opened", None, "open", MY_NAME, {}, body.get("note"))]
        return 201, _own(self._now(item))

    def _write(self, item: Json, before: str, after: str, body: Json, by: str) -> None:
        detail = self.detail(item["id"])
        changes: Json = {
            name: [item[name], body[name]]
            for name in ("assignee_id", "cause")
            if name in body and body[name] != item[name]
        }
        if "assignee_id" in body:
            item["assignee_name"] = self.people.get(body["assignee_id"])
        now = datetime.now(timezone.utc).isoformat()
        item |= body | {"version": item["version"] + 1}
        if before != after:
            item["state_set_by"] = by
            item["acknowledged_at"] = now if after == "acknowledged" else item["acknowledged_at"]
            item["resolved_at"] = now if after not in _OPEN else None
        entry = self._entry(item, "changed", before, after, by, changes, body.get("note"))
        self.entries[item["id"]] = [*detail["entries"], entry]

    def _entry(  # noqa: PLR0917 - all that an entry has
        self, item: Json, action: str, before: str | None, after: str, by: str | None, changes: Json, note: str | None
    ) -> Json:
        return {
            "id": 1000 * item["id"] + len(self.entries.get(item["id"], ())) + 1,
            "at": datetime.now(timezone.utc).isoformat(),
            "actor_subject": MY_SUBJECT if by == MY_NAME else by and by.lower(),
            "actor_name": by,
            "action": action,
            "from_state": before,
            "to_state": after,
            "changes": changes or None,
            "note": note,
        }

    @staticmethod
    def _now(item: Json) -> Json:
        is_late = datetime.fromisoformat(item["due_at"]) < datetime.now(timezone.utc)
        return item | {"overdue": item["state"] in _OPEN and is_late}


def _own(item: Json) -> Json:
    return {name: item[name] for name in _OWN}


def _fits(item: Json, asked: Json) -> bool:
    return (
        item["state"] in str(asked.get("state", item["state"])).split(",")
        and asked.get("assignee") in {None, str(item["assignee_id"])}
        and asked.get("overdue") in {None, str(item["overdue"]).lower()}
        and asked.get("call") in {None, str(item["call_id"])}
        and asked.get("advisor") in {None, item["advisor_name"]}
    )


def _error(status: int, code: str, message: str, field_: str | None = None) -> tuple[int, Json]:
    return status, {"error": {"code": code, "message": message, "field": field_}}
