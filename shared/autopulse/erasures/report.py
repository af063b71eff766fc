"""The report of an erasure for each store: what was found and done, what remains, and until when."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from autopulse.api.erasure_models import ErasureReport
from autopulse.db.erasure_requests import Stored
from autopulse.domain.erasure import CALL, DONE, VAPI_CALL, VISIT

QUEUE_DAYS: Final = 7
DEAD_LETTER_DAYS: Final = 21
"""Days that a message may exist: seven in a queue, and fourteen among the dead letters."""
Items = Iterable[tuple[str, str, Mapping[str, Any]]]


def report_of(stored: Stored, backup_days: int) -> dict[str, Any]:
    """The report in the form of the API's answer."""
    report = {
        "id": stored.id,
        "state": stored.state,
        "scope": stored.scope,
        "dry_run": stored.is_dry_run,
        "requested_by": stored.requested_by,
        "requested_at": stored.requested_at,
        "finished_at": stored.finished_at,
        "rows": _rows(stored.items),
        "stores": [*_of_items(stored), *_of_time(stored, backup_days)],
    }
    return ErasureReport.model_validate(report).model_dump(mode="json")


def _rows(items: Items) -> dict[str, int]:
    """Table -> number of rows of all calls."""
    added: Counter[str] = Counter()
    for kind, _, counts in items:
        if kind in {CALL, VISIT}:
            added.update({name: int(count) for name, count in counts.items()})
    return dict(sorted(added.items()))


def _of_items(stored: Stored) -> list[dict[str, Any]]:
    vapi_calls = [(state, counts) for kind, state, counts in stored.items if kind == VAPI_CALL]
    recordings, payloads = (
        sum(int(counts.get(store, 0)) for _, counts in vapi_calls) for store in ("recordings", "payloads")
    )
    said = Counter(str(counts.get("vapi", "waiting")) for _, counts in vapi_calls)
    deleted = said["deleted"] + said["gone"] + said["accepted"]
    return [
        _store("calls", *_counted(stored, CALL)),
        _store("visits", *_counted(stored, VISIT)),
        _store("recordings", recordings, recordings),
        _store("payloads", payloads, payloads),
        _store("vapi", len(vapi_calls), deleted, _remains_at_vapi(said)),
    ]


def _counted(stored: Stored, kind: str) -> tuple[int, int]:
    states = [state for one, state, _ in stored.items if one == kind]
    return len(states), states.count(DONE)


def _remains_at_vapi(said: Counter[str]) -> str | None:
    texts = {
        "not-asked": "not asked, since the stack has no key of Vapi's (Reconciliation); Vapi keeps calls for 14 days",
        "failed": "not deleted; docs/runbook.md says what to do",
        "accepted": "accepted by Vapi, which deletes within hours",
        "waiting": "still to be asked or answered",
    }
    return "; ".join(f"{said[word]} {text}" for word, text in texts.items() if said[word]) or None


def _of_time(stored: Stored, backup_days: int) -> list[dict[str, Any]]:
    """Stores that are not searched: data in them are dropped on arrival, or expire."""
    since = stored.requested_at
    dropped = "messages about these calls are dropped when they are taken"
    return [
        _until("queues", dropped, _after(since, QUEUE_DAYS)),
        _until("dead_letters", dropped, _after(since, DEAD_LETTER_DAYS)),
        _until("backups", "as they were; what is restored is erased again", _after(since, backup_days)),
    ]


def _after(moment: datetime, days: int) -> datetime:
    return moment + timedelta(days=days)


def _until(name: str, remains: str, until: datetime) -> dict[str, Any]:
    return _store(name, remains=remains) | {"until": until}


def _store(name: str, found: int | None = None, done: int | None = None, remains: str | None = None) -> dict[str, Any]:
    return {"store": name, "found": found, "done": done, "remains": remains, "until": None}
