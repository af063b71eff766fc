"""Everything that can go wrong with a webhook or a record, as one tree.

    AutoPulseError
    ├── Refused               the request does not prove that Vapi sent it  -> 401, counted by reason
    ├── UnreadableRequest     no message can be read out of the request     -> 400 or 413 (`ingress.request`)
    ├── Unprocessable         the record's data; trying again cannot help   -> the dead-letter queue, with its reason
    │   ├── InvalidMessage        no readable envelope, or no call named in it
    │   ├── PayloadGone           its envelope is no more in the payload bucket, and nothing says that it was applied
    │   ├── UnknownCall           names a call that has no row (waits first: the row may be about to be committed)
    │   ├── CallIdentityConflict  its two call ids belong to different calls
    │   └── DataRejected          Postgres refuses its values, even alone in a transaction
    └── Transient             the world; the same record can succeed later  -> back to the queue, after a backoff

Each carries a `reason`: the metric's dimension and the log's key. Nothing matches on an error's text.
"""


class AutoPulseError(Exception):
    """Base of the tree."""

    reason: str
    """One of a bounded set of words."""
    detail: str
    """What was wrong, with which field; never a value."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail


class Refused(AutoPulseError):
    """The signature check failed: `missing`, `mismatch`, `stale` or `malformed`."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


class Unprocessable(AutoPulseError):
    """The record's own data stands in the way."""


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
    """Postgres refuses the record's values, even alone in a transaction."""

    reason = "DataRejected"


class Transient(AutoPulseError):
    """The database or an AWS service is unreachable, busy or failing over."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(detail)
        self.reason = reason
