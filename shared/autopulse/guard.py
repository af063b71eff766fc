"""Keep the texts of libraries and of unexpected errors out of the log.

Such texts may contain what people said: Postgres quotes rejected values, SQLAlchemy's pool logs all tracebacks when a
connection breaks, pydantic and its warnings show their input, botocore the request. Therefore only the source and place
of a library's log line are kept, and only the type and place of an error that escapes a handler.
"""

import logging
import sys
import threading
from collections.abc import Callable
from functools import cache, wraps
from typing import Any, Final, TypeVar

from autopulse.errors import AutoPulseError
from autopulse.observability import logger
from autopulse.settings import SettingInvalid, SettingMissing

Answer = TypeVar("Answer")
_OURS: Final = (AutoPulseError, SettingMissing, SettingInvalid)
"""Errors whose texts name fields and settings, and never contain a value."""


class HandlerFailed(Exception):
    """Replaces an unexpected error; its text is that error's type and place."""


def guarded(
    handler: Callable[[dict[str, Any], Any], Answer], passing: type[Exception] | tuple[()] = ()
) -> Callable[[dict[str, Any], Any], Answer]:
    """Wrap a Lambda function's handler: errors that escape it lose their text, except our own and `passing`."""

    @wraps(handler)
    def handle(event: dict[str, Any], context: Any) -> Answer:  # noqa: ANN401 - Lambda's
        silence_libraries()
        try:
            return handler(event, context)
        except passing:
            raise
        except _OURS as error:
            raise error from None
        except Exception as error:  # noqa: BLE001 - the platform would log any error with its text
            cause = place_of(error)
            logger().error("unexpected", extra={"cause": cause})
            raise HandlerFailed(cause) from None

    return handle


def place_of(error: BaseException) -> str:
    """The error's type and where it was raised, without its text, which may contain data."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"
    return f"{type(error).__name__} at {place}"


@cache
def silence_libraries() -> None:
    """Remove the texts from all log lines of libraries, and from what Python itself prints.

    The platform's log handler exists before our code is imported. Hooks that others have set are not replaced.
    """
    for handler in (*logging.getLogger().handlers, logging.lastResort):
        if handler is not None:
            handler.addFilter(_WithoutText())
    logging.raiseExceptions = False  # otherwise a failure to log would print its traceback and arguments
    logging.captureWarnings(True)
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = lambda failed: _report_unheard(failed.exc_value)
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = lambda failed: _report_unheard(failed.exc_value)


def _report_unheard(error: BaseException | None) -> None:
    """Log an error in a thread or a destructor, which no handler can catch."""
    logger().error("unexpected", extra={"cause": "?" if error is None else place_of(error)})


class _WithoutText(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        """Pass every record on; one of a library without its text, arguments and traceback."""
        if not hasattr(record, "cause"):  # the filter of another handler has changed it already
            cause = type(record.exc_info[1]).__name__ if record.exc_info else ""
            record.__dict__["cause"] = cause
            record.exc_info = record.exc_text = record.stack_info = None
            if not record.name.startswith(("autopulse.", logger().name)):
                record.msg, record.args = f"{record.name} at {record.filename}:{record.lineno} {cause}", ()
        return True
