"""All errors of webhooks, records and readers' requests, as a class hierarchy.

    AutoPulseError
    ├── Refused               no proof that Vapi sent the webhook           -> 401, counted by reason
    ├── UnreadableRequest     the webhook has no readable message           -> 400 or 413
    ├── Unprocessable         the record's data; retries do not help        -> the dead-letter queue, with its reason
    │   ├── InvalidMessage        no readable envelope, or no call named in it
    │   ├── PayloadGone           its envelope is no longer in the payload bucket, and it has no receipt
    │   ├── UnknownCall           names a call that has no row (waits first: the row may be about to be committed)
    │   ├── CallIdentityConflict  its two call ids belong to different calls
    │   └── DataRejected          Postgres refuses its values, even alone in a transaction
    ├── Transient             an outage; a retry may succeed                -> back to the queue after a backoff; 503
    ├── VapiFailed            Vapi's API returned no call
    │   ├── VapiUnauthorized      Vapi refuses the key                          -> requests stop, and an alarm
    │   ├── VapiForgot            the call is older than Vapi's retention       -> the call is unrecoverable
    │   ├── VapiCallUnknown       Vapi has no such call                         -> requested again later, then missing
    │   ├── VapiThrottled         Vapi demands a pause                          -> requested again after that
    │   ├── VapiUnavailable       Vapi was unreachable, or failed               -> requested again later
    │   ├── VapiUnreadable        Vapi's answer is unusable                     -> requested again, then a dead letter
    │   │   └── VapiTooLong           the answer is too long                        -> a shorter page is requested
    │   └── VapiNotConfigured     there is no usable key or URL                 -> requests stop, and an alarm
    ├── AttemptFailed         an attempt that may be repeated has failed
    │   ├── CopyFailed            the copy of a recording was not made          -> retried, then missing
    │   └── DeliveryFailed        an alert of a follow-up was not accepted      -> retried, or an alarm
    ├── TokenRefused          no valid token                                -> 401, counted by reason
    ├── OrganizationMissing   a valid token without an organization         -> 403
    ├── AdvisorUnreadable     a valid token with an unreadable advisor      -> 403
    ├── Problem               the request cannot be answered                -> 4xx, with a text for the reader
    └── MigrationFailed       the database cannot be migrated               -> the deploy fails, with a text for people

Each error has a `reason`: the metric's dimension and the log's key. No code depends on an error's text.
"""

from typing import Any, Final, NamedTuple

from autopulse.http import CODES, error_body


class AutoPulseError(Exception):
    """The base class of all errors."""

    reason: str
    """A word of a limited set."""
    detail: str
    """The error and the field it concerns; it never contains a value."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail


class Miss(NamedTuple):
    """The part of a request that did not match a credential, without any value of the request or of a secret."""

    part: str
    """One of `vapi.signature.Part`."""
    header: str
    """The header in which the credential's configuration expects this part."""
    seconds: int | None = None
    """The seconds by which a right signature is too old; negative if its time is in the future."""
    credential: int = 0
    """The credential's position in the list."""


class Refused(AutoPulseError):
    """The signature check failed: `missing`, `mismatch`, `stale` or `malformed`. The sender is not told the reason."""

    def __init__(self, reason: str, *misses: Miss) -> None:
        super().__init__()
        self.reason = reason
        self.misses = misses
        """One miss per credential, the nearest first."""


class UnreadableRequest(AutoPulseError):
    """The request is not a webhook; `status` is 400 or 413, and the detail says to the sender what is wrong."""

    def __init__(self, status: int, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.reason = reason


class Unprocessable(AutoPulseError):
    """The record's own data cannot be applied; retries do not help."""


class InvalidMessage(Unprocessable):
    """The envelope cannot be read, or names no call at all."""

    reason = "InvalidMessage"


class PayloadGone(Unprocessable):
    """The envelope was too long for the queue, and its object is no longer in the payload bucket."""

    reason = "PayloadGone"


class UnknownCall(Unprocessable):
    """The message names a call that the database does not have and that it may not create."""

    reason = "UnknownCall"


class CallIdentityConflict(Unprocessable):
    """Our call id and Vapi's call id in one message belong to two different calls."""

    reason = "CallIdentityConflict"


class DataRejected(Unprocessable):
    """Postgres rejects the record's values, even if the record is alone in its transaction."""

    reason = "DataRejected"


class Transient(AutoPulseError):
    """The database or an AWS service is unreachable, busy or failing over."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(detail)
        self.reason = reason


class VapiFailed(AutoPulseError):
    """Vapi's API returned nothing; `retry_after` is the pause in seconds that it demands."""

    def __init__(self, detail: str = "", retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class VapiUnauthorized(VapiFailed):
    """Vapi refuses the key: 401 or 403."""

    reason = "vapi-unauthorized"


class VapiForgot(VapiFailed):
    """The request is for data that are older than the subscription's retention: 400, with words that say so."""

    reason = "vapi-forgot"


class VapiCallUnknown(VapiFailed):
    """The key's organization has no such call: 404."""

    reason = "vapi-unknown-call"


class VapiThrottled(VapiFailed):
    """Vapi demands a pause: 429."""

    reason = "vapi-throttled"


class VapiUnavailable(VapiFailed):
    """Vapi was unreachable, did not answer in time, or answered 5xx."""

    reason = "vapi-unavailable"


class VapiUnreadable(VapiFailed):
    """Vapi's answer is a redirect, too long, not JSON, of another form, or has an undocumented status."""

    reason = "vapi-unreadable"


class VapiTooLong(VapiUnreadable):
    """Vapi's answer is longer than the limit."""


class VapiNotConfigured(VapiFailed):
    """The stack has no usable key or URL of Vapi's API."""

    reason = "not-configured"


class AttemptFailed(AutoPulseError):
    """An attempt that may be repeated has failed; `reason` is the metric's dimension, one of the subclass's words."""

    def __init__(self, reason: str, *, is_final: bool = False, retry_after: float = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_final = is_final
        """Whether further attempts would fail too."""
        self.retry_after = retry_after
        """The minimum delay in seconds that the other side has asked for."""


class CopyFailed(AttemptFailed):
    """The copy of a recording was not made."""

    NOT_FOUND: Final = "not-found"
    """Vapi has no recording, or has deleted it."""
    UNAUTHORIZED: Final = "unauthorized"
    """Vapi refuses the key."""
    EXPIRED: Final = "expired"
    """The storage refuses the presigned URL."""
    THROTTLED: Final = "throttled"
    UNAVAILABLE: Final = "unavailable"
    """Vapi was unreachable, or answered 5xx."""
    SLOW: Final = "slow"
    REDIRECT_REFUSED: Final = "redirect-refused"
    """The redirect leads to a host that is not allowed, or to a further redirect."""
    NO_AUDIO: Final = "no-audio"
    TOO_LARGE: Final = "too-large"
    BROKEN_OFF: Final = "broken-off"
    """The answer ended too early."""
    NO_SOURCE: Final = "no-source"
    """There is no URL, and no key or no id in Vapi's form."""
    UNEXPECTED: Final = "unexpected"
    """The answer has a status that is not documented."""


class DeliveryFailed(AttemptFailed):
    """An alert was not delivered."""

    NOT_CONFIGURED: Final = "not-configured"
    """The secret has no URL, or one that is not HTTPS."""
    NOT_OF_THE_INTERNET: Final = "not-of-the-internet"
    """The host's address is in a private network."""
    UNAVAILABLE: Final = "unavailable"
    """The host was unreachable, or answered 5xx, 408 or 429."""
    SLOW: Final = "slow"
    REFUSED: Final = "refused"
    """The host answered with another 4xx."""
    REDIRECTED: Final = "redirected"


class TokenRefused(AutoPulseError):
    """The request has no valid token -> 401, counted by reason."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


class OrganizationMissing(AutoPulseError):
    """The token is valid, but names no organization -> 403."""

    reason = "organization"


class AdvisorUnreadable(AutoPulseError):
    """The token is valid, but its claim that restricts its owner to an advisor's calls names no user -> 403."""

    reason = "advisor"


class Problem(AutoPulseError):
    """The request cannot be answered; the detail is shown to the client."""

    def __init__(self, status: int, message: str, *, code: str = "", field: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.reason = code or CODES[status]
        self.field = field

    def to_body(self) -> dict[str, Any]:
        """The response's JSON."""
        return error_body(self.reason, self.detail, self.field)


class MigrationFailed(AutoPulseError):
    """The database could not be migrated; the detail says why."""

    reason = "migration"
