"""A reproducible moment of a workshop's day, for screenshots of the console."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone
from itertools import count
from random import Random
from typing import Final

from local.database import connect
from local.simulator import backfill
from local.simulator.application_rows import SAMPLE_CALLS
from local.simulator.replay import apply, date_receipts, open_engine
from local.simulator.scenario import CallScript, write_script
from local.simulator.simulate import place
from local.simulator.webhook_factory import WATCHING_TYPES, Body, webhooks

_THURSDAY: Final = 3
_AT: Final = time(19, 30, tzinfo=timezone.utc)
_EARLIER_MINUTES: Final = (24, 37, 51, 66, 94, 121, 155, 190)
_TOLD_MINUTES: Final = 11
_LIVE_SECONDS: Final = (58, 47, 36)
"""Seconds since the calls in progress were placed."""
_ON_THE_WAY_SECONDS: Final = 0.5
"""Webhooks of the last half second have not been stored yet."""
_WAITING: Final = 1
"""Number of calls that are about to be dialled."""

_STEP_MINUTES: Final = "(15 + f.id % 4 * 10)"
"""Minutes that a person takes for the next change of a follow-up."""
_MOVE_ENTRIES: Final = f"""
    UPDATE follow_up_entry e SET at = least(f.opened_at + make_interval(mins => {_STEP_MINUTES} * step.n), :now)
    FROM follow_up f, (
        SELECT id, (row_number() OVER (PARTITION BY follow_up_id ORDER BY id) - 1)::integer AS n FROM follow_up_entry
    ) AS step
    WHERE e.follow_up_id = f.id AND step.id = e.id
"""  # noqa: S608 - made of a constant
_MOVE_FOLLOW_UPS: Final = f"""
    UPDATE follow_up f SET
        acknowledged_at = CASE WHEN acknowledged_at IS NOT NULL THEN
            least(opened_at + make_interval(mins => {_STEP_MINUTES}), :now) END,
        resolved_at = CASE WHEN resolved_at IS NOT NULL THEN
            least(opened_at + make_interval(mins => {_STEP_MINUTES} * 3), :now) END
"""  # noqa: S608 - made of a constant
_NEWEST: Final = "SELECT id FROM follow_up WHERE state = 'open' ORDER BY opened_at DESC, id DESC LIMIT 1"


@dataclass(frozen=True)
class Scene:
    """The calls that the screenshots show."""

    now: datetime
    told: CallScript
    """A call that has ended and has everything: a stall, praise, complaints, actions."""
    live: CallScript
    """A call in progress."""


def moment(today: datetime) -> datetime:
    """Return the last Thursday afternoon before a time, so that weekdays and data are always the same."""
    days = (today.weekday() - _THURSDAY) % 7
    thursday = datetime.combine(today.date() - timedelta(days=days), _AT)
    return thursday if thursday <= today else thursday - timedelta(days=7)


def set_up(database_url: str, now: datetime) -> Scene:
    """Fill a new database with the scene."""
    backfill.fill(database_url, now.date(), seed_of=lambda day: f"{(now.date() - day).days} days ago")
    _remove_samples(database_url)
    told = _find(_is_telling, now - timedelta(minutes=_TOLD_MINUTES))
    live = [_find(_is_long, now - timedelta(seconds=ago), first=100 * ago) for ago in _LIVE_SECONDS]
    waiting = [write_script(_random(f"waiting {n}"), None, now) for n in range(_WAITING)]
    earlier = [write_script(_random(f"{m} minutes"), None, now - timedelta(minutes=m)) for m in _EARLIER_MINUTES]
    placed = _play(database_url, [*earlier, told, *live, *waiting], now)
    return Scene(now, placed[len(earlier)], placed[len(earlier) + 1])


def date_follow_ups(database_url: str, now: datetime) -> int:
    """Move the changes of follow-ups to the scene's days; returns the id of the newest open one."""
    with connect(database_url) as connection:
        connection.run(_MOVE_ENTRIES, now=now)
        connection.run(_MOVE_FOLLOW_UPS, now=now)
        ((newest,),) = connection.run(_NEWEST)
    return int(newest)


def _play(database_url: str, drafts: Iterable[CallScript], now: datetime) -> list[CallScript]:
    with open_engine(database_url) as engine, connect(database_url) as connection:
        scripts = [place(connection, draft) for draft in drafts]
        apply(engine, [body for script in scripts for body in _until(script, now)])
        date_receipts(connection, [script.call_id for script in scripts])
    return scripts


def _until(script: CallScript, now: datetime) -> list[Body]:
    lasts = (now - script.created_at).total_seconds() - _ON_THE_WAY_SECONDS
    return [body for seconds, body in webhooks(script, WATCHING_TYPES) if seconds < lasts]


def _find(fits: Callable[[CallScript], bool], created_at: datetime, first: int = 0) -> CallScript:
    scripts = (write_script(_random(str(seed)), None, created_at) for seed in count(first))
    return next(script for script in scripts if fits(script))


def _is_telling(script: CallScript) -> bool:
    found = script.feedback
    return bool(
        script.outcome == "reached"
        and script.stalls_after
        and found
        and found.positives
        and len(found.detractors) > 1
        and found.actions
    )


def _is_long(script: CallScript) -> bool:
    """Return whether it was answered soon and is still in progress a minute after it was placed."""
    if script.outcome != "reached" or script.started_at is None:
        return False
    answered, ended = (moment - script.created_at for moment in (script.started_at, script.ended_at))
    return answered < timedelta(seconds=15) and ended > timedelta(seconds=_LIVE_SECONDS[0] + 1)


def _remove_samples(database_url: str) -> None:
    """Remove the calls of the sample events, which never end."""
    with connect(database_url) as connection:
        connection.run("DELETE FROM call WHERE id = ANY(:ids)", ids=list(SAMPLE_CALLS))


def _random(seed: str) -> Random:
    return Random(seed)  # noqa: S311 - invented data
