"""Six weeks of past calls, so that the console has data from the start.

The calls of a day are derived from its date, so that missing ones can be added at any time without duplicates.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta, timezone
from random import Random
from typing import Final

from pg8000.native import Connection
from sqlalchemy import Engine

from local.database import connect
from local.simulator.replay import apply, date_receipts, open_engine
from local.simulator.scenario import CallScript, write_script
from local.simulator.simulate import place
from local.simulator.webhook_factory import ESSENTIAL_TYPES, webhooks
from local.vapi_api.calls import RETENTION

DAYS: Final = 42
_CALLS_ON: Final = (7, 8, 7, 9, 8, 3, 0)
"""Number of calls on a Monday, Tuesday …"""
_OPENS: Final = time(14, tzinfo=timezone.utc)
_OPEN_MINUTES: Final = 9 * 60

SeedOf = Callable[[date], str]
Remember = Callable[[Sequence[CallScript]], None]


def _forget(_: Sequence[CallScript]) -> None:
    """The default for `remember`."""


def calls_of(day: date, seed_of: SeedOf = date.isoformat) -> list[CallScript]:
    """Return the calls of a day, which are always the same."""
    random = Random(seed_of(day))  # noqa: S311 - invented data
    opens = datetime.combine(day, _OPENS)
    minutes = sorted(random.sample(range(_OPEN_MINUTES), _CALLS_ON[day.weekday()]))
    return [write_script(random, None, opens + timedelta(minutes=minute)) for minute in minutes]


def fill(
    database_url: str,
    today: date,
    days: int = DAYS,
    seed_of: SeedOf = date.isoformat,
    remember: Remember = _forget,
) -> int:
    """Add the missing calls of the days before a day; returns how many were added.

    `remember` gets the calls of each day within Vapi's retention, whether they are new or not.
    """
    dates = [today - timedelta(days=ago) for ago in range(days, 0, -1)]
    with open_engine(database_url) as engine, connect(database_url) as connection:
        return sum(
            _add(connection, engine, calls_of(day, seed_of), remember if today - day <= RETENTION else _forget)
            for day in dates
        )


def _add(connection: Connection, engine: Engine, drafts: Sequence[CallScript], remember: Remember) -> int:
    known = _known(connection, drafts)
    connection.run("START TRANSACTION")
    scripts = [_keep(connection, draft, known.get(draft.vapi_call_id)) for draft in drafts]
    connection.run("COMMIT")
    new = [script for script in scripts if script]
    placed = {script.vapi_call_id: script for script in new}
    remember(
        [placed.get(draft.vapi_call_id) or replace(draft, call_id=known[draft.vapi_call_id][0]) for draft in drafts]
    )
    if new:
        apply(engine, [body for script in new for _, body in webhooks(script, ESSENTIAL_TYPES)])
        date_receipts(connection, [script.call_id for script in new])
    return len(new)


def _known(connection: Connection, drafts: Sequence[CallScript]) -> dict[str, tuple[int, str]]:
    """Return Vapi's id -> id and status, for the calls that have a row."""
    rows = connection.run(
        "SELECT vapi_call_id, id, status FROM call WHERE vapi_call_id = ANY(:ids)",
        ids=[draft.vapi_call_id for draft in drafts],
    )
    return {vapi_call_id: (call_id, status) for vapi_call_id, call_id, status in rows}


def _keep(connection: Connection, draft: CallScript, known: tuple[int, str] | None) -> CallScript | None:
    """Return the call with its row, which an interrupted run may have left; None if it already has its report."""
    if known is None:
        return place(connection, draft, vapi_call_id=draft.vapi_call_id)
    call_id, status = known
    return None if status == "Completed" else replace(draft, call_id=call_id)
