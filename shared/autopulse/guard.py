"""What stands between a handler and the platform's log: no text of a library's or of an unexpected error gets there.

Such texts hold what people said: Postgres quotes the values that it refuses, SQLAlchemy's pool logs the whole chain of
tracebacks when a connection breaks, pydantic and its warnings show their input, botocore the request. So of a library's
line only who said it and where is kept, and of an error that escapes a handler its type and place.
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
"""Their texts name fields and settings, never a value."""


class HandlerFailed(Exception):
    """Stands for an unexpected error: its text is that one's type and place."""


def guarded(
    handler: Callable[[dict[str, Any], Any], Answer], passing: type[Exception] | tuple[()] = ()
) -> Callable[[dict[str, Any], Any], Answer]:
    """Return the handler of a Lambda function, from which no error escapes with its text but ours and `passing`."""

    @wraps(handler)
    def handle(event: dict[str, Any], context: Any) -> Answer:  # noqa: ANN401 - Lambda's
        silence_libraries()
        try:
            return handler(event, context)
        except passing:
            raise
        except _OURS as error:
            raise error from None
        except Exception as error:  # noqa: BLE001 - whatever it is, the platform would print it
            cause = place_of(error)
            logger().error("unexpected", extra={"cause": cause})
            raise HandlerFailed(cause) from None

    return handle


def place_of(error: BaseException) -> str:
    """The error's type and where it was raised; its text might hold data."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"
    return f"{type(error).__name__} at {place}"


@cache
def silence_libraries() -> None:
    """Let every handler that libraries log to, and everything else that Python prints of itself, keep texts back.

    The platform's handler is there before our code is imported. Hooks that somebody set are theirs.
    """
    for handler in (*logging.getLogger().handlers, logging.lastResort):
        if handler is not None:
            handler.addFilter(_WithoutText())
    logging.raiseExceptions = False  # a line that cannot be written is not told of with its traceback and arguments
    logging.captureWarnings(True)
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = lambda failed: _report_unheard(failed.exc_value)
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = lambda failed: _report_unheard(failed.exc_value)


def _report_unheard(error: BaseException | None) -> None:
    """Of an error in a thread, or while an object was taken down: nobody can catch it."""
    logger().error("unexpected", extra={"cause": "?" if error is None else place_of(error)})


class _WithoutText(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, a library's without its text, arguments and traceback."""
        if not hasattr(record, "cause"):  # another handler's filter has been here
            cause = type(record.exc_info[1]).__name__ if record.exc_info else ""
            record.__dict__["cause"] = cause
            record.exc_info = record.exc_text = record.stack_info = None
            if not record.name.startswith(("autopulse.", logger().name)):
                record.msg, record.args = f"{record.name} at {record.filename}:{record.lineno} {cause}", ()
        return True
