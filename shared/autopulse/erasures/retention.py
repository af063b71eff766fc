"""The nightly run: empty data that are older than the stack's retention times, in small batches until a deadline."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Final

from autopulse.db import retention as rows
from autopulse.erasures.services import Services
from autopulse.observability import Measurements, Metric, logger

ROWS: Final = 500
"""The number of calls in one transaction."""


def expire(services: Services, deadline: float, *, dry_run: bool = False) -> dict[str, int]:
    """Empty words and personal data that are too old, until `deadline` (of time.monotonic()); returns kind -> calls.

    A dry run counts the calls that are still to be emptied.
    """
    done: dict[str, int] = {}
    measurements = Measurements()
    for kind, before in _kinds(services):
        organizations = services.transact(rows.list_organizations)
        if dry_run:
            counts = (services.transact(_counting(kind, one, before)) for one in organizations)
            done[kind] = sum(counts)
            continue
        done[kind] = sum(_walk(services, kind, one, before, deadline) for one in organizations)
        if done[kind]:
            measurements.count(Metric.CALL_EXPIRED, done[kind], reason=kind)
    measurements.flush()
    logger().info("retention", extra={"dry_run": dry_run, **done})
    return done


def _kinds(services: Services) -> Iterator[tuple[str, datetime]]:
    """Yield each kind of data to empty, with the time before which its calls began."""
    settings, now = services.settings, datetime.now(timezone.utc)
    for kind, days in ((rows.WORDS, settings.keep_words_days), (rows.PERSON, settings.keep_person_days)):
        if days:
            yield kind, now - timedelta(days=days)


def _counting(kind: str, organization: str, before: datetime) -> partial[int]:
    return partial(rows.count_older, kind=kind, organization=organization, before=before)


def _walk(services: Services, kind: str, organization: str, before: datetime, deadline: float) -> int:
    emptied = 0
    while time.monotonic() < deadline:
        step = partial(rows.empty_next, kind=kind, organization=organization, before=before, rows=ROWS)
        walked = services.transact(step)
        emptied += walked.emptied
        if walked.is_over:
            break
    return emptied
