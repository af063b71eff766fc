"""What could not be measured on one machine without an account; each is on the dear side, and in the report."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Assumption:
    """A number, its unit, and why it is so."""

    value: float
    unit: str
    reason: str


SHARE_OF_A_CORE: Final = Assumption(
    1024 / 1769,
    "of a core",
    "1,769 MB are one vCPU, and the functions have 1,024: what was measured takes longer by that",
)
GIGABYTES: Final = Assumption(1.0, "GB", "`MemorySize: 1024`")
SQS_SEND: Final = Assumption(10, "ms", "the verifier's SendMessage")
DATABASE: Final = Assumption(12, "ms", "a batch's round trips to the database, and its commit in two zones")
PUT_EVENTS: Final = Assumption(15, "ms", "a consumer's PutEvents")
QUERY: Final = Assumption(5, "ms", "the broadcaster's query, for each call that a batch has news of")
POST: Final = Assumption(20, "ms", "its posts, all pages of all notices of a batch at once")
READ: Final = Assumption(20, "ms", "the read API, for one call: `make bench READING=1` and a round trip")
READS_PER_PUSH: Final = Assumption(
    1, "request", "a page reads what it shows when it is told; several notices at once are one"
)
ANSWER: Final = Assumption(4_000, "bytes", "of such a read")
READ_LOG: Final = Assumption(700, "bytes", "of log, for such a read")
PLATFORM_LOG: Final = Assumption(400, "bytes", "of Lambda's own START, END and REPORT, for each invocation")
TRACED: Final = Assumption(0.05, "of requests", "X-Ray's own rule: 5%, and one a second")
IDLE_POLLS: Final = Assumption(5 / 20, "a second and queue", "five long polls of 20 s, which Lambda never ends")
PAGES: Final = Assumption(10, "pages", "open eight hours a day, 22 days a month")
KEPT_MONTHS: Final = Assumption(12, "months", "that a call's rows are kept for, at least")
HEADROOM: Final = Assumption(1.5, "times", "what is asked for, of what is needed")

ALL: Final = {name: value for name, value in sorted(globals().items()) if isinstance(value, Assumption)}
"""By name."""
