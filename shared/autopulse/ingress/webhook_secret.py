"""The webhook secret, cached for minutes. It is read again if a request does not match, as it may have been rotated."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from autopulse.errors import Transient
from autopulse.observability import Measurements, Metric, logger
from autopulse.vapi.signature import Credential
from autopulse.vapi.webhook_credentials import Credentials, read_credentials

KEPT_SECONDS: Final = 300
REREAD_SECONDS: Final = 10
"""The minimum time in seconds between two reads for requests that do not match, since anyone can send such requests."""
UNAVAILABLE: Final = "secret-unavailable"


class WebhookSecret:
    """The accepted credentials from `read`, which returns the secret's JSON or raises Transient."""

    def __init__(
        self,
        read: Callable[[], str],
        clock: Callable[[], float] = time.monotonic,
        read_former: Callable[[], str] | None = None,
    ) -> None:
        self._read = read
        self._read_former = read_former
        self.clock = clock
        self._former: tuple[Credential, ...] = ()
        self._former_at: float | None = None
        self._credentials: Credentials | None = None
        self._read_at = 0.0
        self._tried_at = 0.0
        self._failed = False

    def current(self, measurements: Measurements) -> Credentials:
        """Return the credentials; the cached ones while Secrets Manager fails. Raises Transient if there are none."""
        if self._credentials is None:
            return self._fetch(measurements)
        if self.clock() - self._read_at >= KEPT_SECONDS and self._may_try():
            with suppress(Transient):
                self._fetch(measurements)
        return self._credentials

    def reread(self, measurements: Measurements) -> Credentials | None:
        """Read the secret again and return its credentials; None if it was read a moment ago.

        Raises Transient if it cannot be read: without it, a request that does not match cannot be called wrong.
        """
        if self._may_try():
            return self._fetch(measurements)
        if self._failed:
            raise Transient(UNAVAILABLE, "it could not be read a moment ago")
        return None

    def former(self) -> tuple[Credential, ...]:
        """The credentials of the secret's previous version. They explain a mismatch, and are never accepted.

        They are read at most once in `KEPT_SECONDS`, even after an error; empty if there is no such version or no
        answer.
        """
        if self._former_at is None or self.clock() - self._former_at >= KEPT_SECONDS:
            self._former_at = self.clock()
            self._former = ()
            if self._read_former is not None:
                with suppress(Transient):
                    self._former = read_credentials(self._read_former()).usable
        return self._former

    def _may_try(self) -> bool:
        return self.clock() - self._tried_at >= REREAD_SECONDS

    def _fetch(self, measurements: Measurements) -> Credentials:
        self._tried_at = self.clock()
        self._failed = True
        credentials = read_credentials(self._read())
        self._failed = False
        self._read_at = self._tried_at
        self._credentials = credentials
        _report(credentials, measurements)
        return credentials


def _report(credentials: Credentials, measurements: Measurements) -> None:
    if credentials.unusable:
        measurements.count(Metric.CREDENTIAL_UNUSABLE, len(credentials.unusable))
        logger().error("The webhook secret has entries that cannot be used", extra={"fields": credentials.unusable})
