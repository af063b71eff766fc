"""The functions' log in tests: what pytest captures of the current test."""

import logging
import sys

from autopulse.observability import logger


class _CurrentStdout:
    """Redirect the logger: pytest replaces standard output for each test, and the logger keeps the first one."""

    def write(self, text: str) -> int:
        return sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()


def log_to_captured_output() -> None:
    """Let the logger write to what pytest captures; not by `setStream`, which flushes a stream that may be closed."""
    handler = logger().registered_handler
    if isinstance(handler, logging.StreamHandler):
        handler.stream = _CurrentStdout()
