"""What stands for Lambda, AWS and the clock when a test calls a function's code in its own process."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from sqlalchemy import Engine

from autopulse import settings
from autopulse.consumers.services import Services
from autopulse.db import engine as db_engine
from autopulse.db.engine import READ_SECONDS, engine_to, open_connection
from autopulse.db.prepared import PreparingConnection
from autopulse.domain.events import CallEvent
from autopulse.observability import Measurements
from autopulse.settings import ConsumerSettings, DatabaseSettings, stack_answer_names
from local.postgres import FUNCTIONS


class Context(LambdaContext):
    """The context of an invocation that has this much time left, however often it is asked."""

    def __init__(self, seconds: float = 30) -> None:
        self.seconds = seconds
        self._aws_request_id = "00000000-0000-4000-8000-000000000001"
        self._log_stream_name = "2026/11/22/[1]0a"

    def get_remaining_time_in_millis(self) -> int:  # type: ignore[override] # theirs is static
        return int(self.seconds * 1000)


class FakeServices(Services):
    """A consumer's services, of which `parts` (engine, sqs, s3, events, settings) are a test's own.

    Call events are kept in a list, unless there are `events` to put them on.
    """

    def __init__(self, **parts: Any) -> None:  # noqa: ANN401 - whatever has the methods that are called
        self.call_events: list[CallEvent] = []
        self.pauses: list[float] = []
        self._publishes = "events" in parts
        vars(self).update({"settings": consumer_settings()} | parts)  # as cached properties keep what they made

    def publish(self, call_events: Sequence[CallEvent], measurements: Measurements) -> None:
        if self._publishes:
            super().publish(call_events, measurements)
        else:
            self.call_events += call_events

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)


def consumer_settings(**values: Any) -> ConsumerSettings:  # noqa: ANN401 - of any field
    """Settings as a stack has them, but for these."""
    usual: dict[str, Any] = {
        "queue_url": "queue-of-tests",
        "dead_letter_queue_url": "dead-letters-of-tests",
        "payload_bucket": "payloads-of-tests",
        "event_bus_name": "bus-of-tests",
        "ignore_unknown_calls": False,
        "default_organization_id": "",
        "answer_names": stack_answer_names(),
    }
    return ConsumerSettings(**usual | values)


def engine_for(url: str, user: str = FUNCTIONS) -> Engine:
    """The functions' engine for a database; not as the owner, so that a right that is missing shows."""
    parts = urlsplit(url)
    database = DatabaseSettings(
        host=parts.hostname or "",
        port=parts.port or 5432,
        name=parts.path.lstrip("/"),
        by_iam=False,
        user="",
        secret_arn="",
        ca_file="",
        writer="",
        reader="",
    )
    password = unquote(parts.password or "")
    return engine_to(lambda: open_connection(PreparingConnection, database, READ_SECONDS, user, password))


def let_functions_find(url: str, patch: pytest.MonkeyPatch, user: str = FUNCTIONS) -> None:
    """Let functions that connect by their environment (pruning, unlinking) find a database, as this user."""
    parts = urlsplit(url)
    patch.setenv("DATABASE_HOST", parts.hostname or "")
    patch.setenv("DATABASE_PORT", str(parts.port))
    patch.setenv("DATABASE_NAME", parts.path.lstrip("/"))
    patch.setenv("DATABASE_SECRET_ARN", "secret-of-tests")
    credentials = user, unquote(parts.password or "")
    patch.setattr(db_engine, "database_credentials", lambda _settings, **_: credentials)
    forget_database()


def forget_database() -> None:
    """Read the settings anew, and connect anew."""
    if db_engine.engine.cache_info().currsize:
        db_engine.engine().dispose()
    settings.database_settings.cache_clear()
    db_engine.engine.cache_clear()
