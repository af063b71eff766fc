"""Everything that can go wrong with a webhook, a record or a reader's request, as one tree.

    AutoPulseError
    ├── Refused               the webhook does not prove that Vapi sent it  -> 401, counted by reason
    ├── UnreadableRequest     no message can be read out of the webhook     -> 400 or 413
    ├── Unprocessable         the record's data; trying again cannot help   -> the dead-letter queue, with its reason
    │   ├── InvalidMessage        no readable envelope, or no call named in it
    │   ├── PayloadGone           its envelope is no more in the payload bucket, and nothing says that it was applied
    │   ├── UnknownCall           names a call that has no row (waits first: the row may be about to be committed)
    │   ├── CallIdentityConflict  its two call ids belong to different calls
    │   └── DataRejected          Postgres refuses its values, even alone in a transaction
    ├── Transient             an outage; the same can succeed later         -> back to the queue after a backoff; 503
    ├── VapiFailed            Vapi was asked, and gave no call
    │   ├── VapiUnauthorized      it does not take the key                      -> asking stops, and an alarm
    │   ├── VapiForgot            what is asked for is older than what it keeps -> the call is unrecoverable
    │   ├── VapiCallUnknown       it has no such call                           -> asked again later, then missing
    │   ├── VapiThrottled         it demands a pause                            -> asked again after that
    │   ├── VapiUnavailable       it was not reached, or failed                 -> asked again later
    │   ├── VapiUnreadable        its answer is nothing that we can use         -> asked again, then a dead letter
    │   │   └── VapiTooLong           it is longer than it may be                   -> a shorter page is asked for
    │   └── VapiNotConfigured     there is no usable key or address             -> asking stops, and an alarm
    ├── DeliveryFailed        an alert of a follow-up was not taken         -> tried again, or an alarm
    ├── TokenRefused          no token that lets its reader in              -> 401, counted by reason
    ├── OrganizationMissing   a genuine token that names no organization    -> 403
    ├── AdvisorUnreadable     a genuine token bounded to nobody knows whom  -> 403
    ├── Problem               the reader asks for what cannot be answered   -> 4xx, with a text for the reader
    └── MigrationFailed       the database cannot be brought up to date     -> the deploy fails, with a text for people

Each carries a `reason`: the metric's dimension and the log's key. Nothing matches on an error's text.
"""

from typing import Any, Final, NamedTuple

from autopulse.http import CODES, error_body


class AutoPulseError(Exception):
    """Base of the tree."""

    reason: str
    """One of a bounded set of words."""
    detail: str
    """What was wrong, and with which field; it never contains a value."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail


class Miss(NamedTuple):
    """Which part of a request did not match a credential; nothing of the request, nothing of a secret."""

    part: str
    """One of `vapi.signature.Part`."""
    header: str
    """The header in which the credential, as it is configured, looks for that part."""
    seconds: int | None = None
    """By how much a right signature is too old; negative, if it is of a time to come."""
    credential: int = 0
    """Its place in the list."""


class Refused(AutoPulseError):
    """The signature check failed: `missing`, `mismatch`, `stale` or `malformed`; the sender learns none of it."""

    def __init__(self, reason: str, *misses: Miss) -> None:
        super().__init__()
        self.reason = reason
        self.misses = misses
        """One of each credential, the nearest first."""


class UnreadableRequest(AutoPulseError):
    """The request is not a webhook at all; `status` is 400 or 413, the detail says to the sender what is wrong."""

    def __init__(self, status: int, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.reason = reason


class Unprocessable(AutoPulseError):
    """The record's own data cannot be applied, now or later."""


class InvalidMessage(Unprocessable):
    """The envelope cannot be read, or names no call at all."""

    reason = "InvalidMessage"


class PayloadGone(Unprocessable):
    """The envelope was too long for the queue, and its object in the payload bucket is not there."""

    reason = "PayloadGone"


class UnknownCall(Unprocessable):
    """The message names a call that the database does not have, and may not create it."""

    reason = "UnknownCall"


class CallIdentityConflict(Unprocessable):
    """Our call id and Vapi's call id in one message belong to two different calls."""

    reason = "CallIdentityConflict"


class DataRejected(Unprocessable):
    """Postgres refuses the record's values, even when the record is alone in a transaction."""

    reason = "DataRejected"


class Transient(AutoPulseError):
    """The database or an AWS service is unreachable, busy or failing over."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(detail)
        self.reason = reason


class VapiFailed(AutoPulseError):
    """Vapi's API was asked, and gave nothing; `retry_after` are the seconds that it wants to be left alone."""

    def __init__(self, detail: str = "", retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class VapiUnauthorized(VapiFailed):
    """Vapi does not take the key: 401 or 403."""

    reason = "vapi-unauthorized"


class VapiForgot(VapiFailed):
    """What is asked for is older than what Vapi keeps for the subscription: 400, with words that say so."""

    reason = "vapi-forgot"


class VapiCallUnknown(VapiFailed):
    """The key's organization has no such call: 404."""

    reason = "vapi-unknown-call"


class VapiThrottled(VapiFailed):
    """Vapi demands a pause: 429."""

    reason = "vapi-throttled"


class VapiUnavailable(VapiFailed):
    """Vapi was not reached, did not answer in time, or answered 5xx."""

    reason = "vapi-unavailable"


class VapiUnreadable(VapiFailed):
    """Vapi's answer is a redirect, too long, no JSON, of another shape, or a status that is not documented."""

    reason = "vapi-unreadable"


class VapiTooLong(VapiUnreadable):
    """Vapi's answer is longer than it may be."""


class VapiNotConfigured(VapiFailed):
    """The stack has no usable key or address of Vapi's API."""

    reason = "not-configured"


class DeliveryFailed(AutoPulseError):
    """A try that did not deliver; `reason` is the metric's dimension, one of the words below."""

    NOT_CONFIGURED: Final = "not-configured"
    """The secret has no address, or one that is not HTTPS."""
    NOT_OF_THE_INTERNET: Final = "not-of-the-internet"
    """The name leads to an address of a private network."""
    UNAVAILABLE: Final = "unavailable"
    """Not reached, 5xx, 408 or 429."""
    SLOW: Final = "slow"
    REFUSED: Final = "refused"
    """Another 4xx."""
    REDIRECTED: Final = "redirected"

    def __init__(self, reason: str, *, is_final: bool = False, retry_after: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_final = is_final
        self.retry_after = retry_after


class TokenRefused(AutoPulseError):
    """The request carries no token that lets its sender in -> 401, counted by reason."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


class OrganizationMissing(AutoPulseError):
    """The token is genuine, and names no organization whose calls its owner may read -> 403."""

    reason = "organization"


class AdvisorUnreadable(AutoPulseError):
    """The token is genuine, and its claim that bounds its owner to an advisor's calls names no user -> 403."""

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
    """The database could not be brought up to date; the detail says why."""

    reason = "migration"
