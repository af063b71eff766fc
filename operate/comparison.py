"""Compare the stored calls with Vapi's, without writing anything.

An operator's machine has neither Vapi's key nor access to the database. So the stack's fetcher reads Vapi's list page
by page, and its sweep compares each page with the database. They exchange summaries: ids, enumerated values and
numbers.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Final, NamedTuple

from autopulse.domain.reconciliation import WINDOW
from autopulse.errors import InvalidMessage
from autopulse.reconciliation.request_reading import read_answer
from autopulse.reconciliation.requests import (
    CallSummary,
    ErrorReason,
    Found,
    GetQuestion,
    ListQuestion,
    NotFound,
    Question,
)
from local.console import say
from operate.dead_letter import printable
from operate.functions import ask_function
from operate.logs import read_since, show_time
from operate.table import print_table
from operate.target import OperationFailed, Target

FETCHER: Final = "FetcherFunction"
SWEEP: Final = "SweepFunction"
MAX_SHOWN: Final = 200
"""Maximum number of differences in a table; the others are only counted."""
AT_ONCE: Final = 500
"""Number of calls in one request to the sweep."""
TRIES: Final = 3
"""For errors of Vapi that may be gone a moment later."""
PAUSE_SECONDS: Final = 5
LONGEST_PAUSE_SECONDS: Final = 60
PAGES_BETWEEN_LINES: Final = 10
_PASSING: Final = frozenset({ErrorReason.THROTTLED, ErrorReason.UNAVAILABLE})
_ABOUT_THE_CALL: Final = frozenset({ErrorReason.FORGOT, ErrorReason.UNKNOWN_CALL})
REMEDIES: Final[Mapping[ErrorReason, str]] = {
    ErrorReason.UNAUTHORIZED: "Vapi does not take the key: put the right one into the secret of Vapi's key",
    ErrorReason.FORGOT: "Vapi does not keep calls of that age: name a later time with SINCE",
    ErrorReason.UNKNOWN_CALL: "Vapi has no such call in the key's organization",
    ErrorReason.THROTTLED: "Vapi demands a pause: run it again later",
    ErrorReason.UNAVAILABLE: "Vapi was not reached, or has an error of its own: run it again later",
    ErrorReason.NOT_CONFIGURED: (
        "reconciliation is not set up here: it needs a key in the secret VapiApiKey and Reconciliation=on"
        " (docs/configuration.md, The key of Vapi's API)"
    ),
    ErrorReason.UNREADABLE: "Vapi's answer cannot be read: no JSON, too long, another shape, or a redirect",
}


class Difference(NamedTuple):
    """One value of a call that differs at Vapi."""

    call_id: int | None
    """Our id of the call; None if no row has it."""
    vapi_call_id: str
    field: str
    """One of call, status, ended_reason, nps_score, report, turns."""
    here: Any
    """JSON; None means that there is no value."""
    there: Any

    def row(self) -> dict[str, str]:
        """Return the row of a table."""
        return {
            "call": _shown(self.call_id),
            "vapi call": _shown(self.vapi_call_id),
            "field": _shown(self.field),
            "here": _shown(self.here),
            "there": _shown(self.there),
        }


@dataclass
class Compared:
    """The result of a comparison."""

    since: datetime | None = None
    """None if single calls were compared."""
    calls: int = 0
    """Number of Vapi's calls that were compared."""
    differences: dict[Difference, None] = field(default_factory=dict)
    """In the order in which they were found."""
    summaries: dict[str, CallSummary] = field(default_factory=dict)
    """Vapi's id -> Vapi's summary of each call that differs and that Vapi lists."""

    @property
    def vapi_call_ids(self) -> list[str]:
        """Return Vapi's ids of the calls that differ."""
        return list(dict.fromkeys(difference.vapi_call_id for difference in self.differences))

    def add(self, calls: Sequence[CallSummary], differences: Sequence[Difference]) -> None:
        """Add the result of a part of the comparison."""
        self.differences.update(dict.fromkeys(differences))
        different = {difference.vapi_call_id for difference in differences}
        self.summaries.update({call.vapi_call_id: call for call in calls if call.vapi_call_id in different})


@dataclass(frozen=True)
class Inquiry:
    """Requests to the fetcher and the sweep of one stack."""

    target: Target
    now: Callable[[], datetime] = lambda: datetime.now(timezone.utc)
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def pages(self, since: datetime) -> Iterator[tuple[Found, datetime, datetime]]:
        """Yield each page of Vapi's list from the newest call to `since`, with the bounds of its calls' creation times.

        Raises OperationFailed if a page cannot be read.
        """
        until, before = self.now(), None
        while True:
            page = self._ask_vapi(ListQuestion(since, before))
            if isinstance(page, NotFound):
                raise could_not_tell(page)
            oldest = page.before
            yield page, since if oldest is None else oldest, until
            if oldest is None:
                return
            if before is not None and oldest >= before:
                raise OperationFailed("Vapi's list does not end")
            until = before = oldest

    def get(self, vapi_call_id: str) -> CallSummary | NotFound:
        """Return Vapi's summary of a call, or why Vapi has no such call. Raises OperationFailed."""
        found = self._ask_vapi(GetQuestion(vapi_call_id))
        if isinstance(found, NotFound):
            if found.reason in _ABOUT_THE_CALL:
                return found
            raise could_not_tell(found)
        if len(found.calls) != 1:
            raise OperationFailed("the fetcher answered with another number of calls than was asked for")
        return found.calls[0]

    def compare(
        self, calls: Sequence[CallSummary], since: datetime | None = None, until: datetime | None = None
    ) -> list[Difference]:
        """Compare with the database; with times, also find stored calls that Vapi does not list.

        Raises OperationFailed.
        """
        bounds = {name: at and at.isoformat() for name, at in (("since", since), ("until", until))}
        parts = [calls] if since or until else _parts(calls)
        found = []
        for part in parts:
            answer = self._ask_sweep({"compare": {"calls": [call.to_object() for call in part], **bounds}})
            found += [_read_difference(one) for one in _list_of(answer, "differences")]
        return found

    def ask(self, vapi_call_ids: Sequence[str]) -> int:
        """Have the calls requested from Vapi; returns how many requests were queued. Raises OperationFailed."""
        queued = 0
        for part in _parts(vapi_call_ids):
            answer = self._ask_sweep({"ask": {"vapi_call_ids": list(part), "call_ids": []}}).get("queued")
            if not isinstance(answer, int):
                raise OperationFailed("the sweep's answer cannot be read: queued")
            queued += answer
        return queued

    def find_vapi_ids(self, call_id: int) -> list[str]:
        """Return Vapi's ids of the calls that a row is linked to. Raises OperationFailed."""
        answer = self._ask_sweep({"find_vapi_ids": {"call_id": call_id}})
        return [str(id_) for id_ in _list_of(answer, "vapi_call_ids")]

    def _ask_vapi(self, question: Question) -> Found | NotFound:
        """Ask, and retry errors that may be transient."""
        for tries in range(1, TRIES + 1):
            said = ask_function(self.target, FETCHER, question.to_object(), self.clock, self.sleep)
            try:
                answer = read_answer(said)
            except InvalidMessage as error:
                raise OperationFailed(f"the fetcher's answer cannot be read: {error.detail}") from None
            if not isinstance(answer, NotFound) or answer.reason not in _PASSING or tries == TRIES:
                break
            wanted = PAUSE_SECONDS * tries if answer.retry_after is None else answer.retry_after
            seconds = min(wanted, LONGEST_PAUSE_SECONDS)
            say(f"  {answer.reason.value}: asking again in {seconds:.0f} s")
            self.sleep(seconds)
        return answer

    def _ask_sweep(self, event: Mapping[str, Any]) -> dict[str, Any]:
        answer = ask_function(self.target, SWEEP, event, self.clock, self.sleep)
        if "error" in answer:
            try:
                failed = read_answer(answer)
            except InvalidMessage:
                failed = None
            if isinstance(failed, NotFound):
                raise could_not_tell(failed)
            raise OperationFailed("the sweep's answer cannot be read")
        return answer


def read_window(text: str, now: datetime) -> datetime:
    """Parse SINCE; raises OperationFailed if it is invalid or beyond Vapi's retention."""
    since = read_since(text, now)
    if since < now - WINDOW:
        raise OperationFailed(
            "Vapi keeps calls for 14 days, and half a day is left for the reading: SINCE is at most 13.5 days ago,"
            f" which is {show_time(now - WINDOW)} (324h)"
        )
    return since


def compare_window(inquiry: Inquiry, since: datetime) -> Compared:
    """Compare all calls from `since` on, and print the progress; raises OperationFailed if that fails."""
    say(f"Comparing with Vapi's list since {show_time(since)} …")
    compared, seen = Compared(since), set[str]()
    for number, (page, after, until) in enumerate(inquiry.pages(since), 1):
        compared.add(page.calls, inquiry.compare(page.calls, after, until))
        seen.update(call.vapi_call_id for call in page.calls)
        if number % PAGES_BETWEEN_LINES == 0:
            say(f"  {len(seen)} calls, back to {show_time(after)}")
    compared.calls = len(seen)
    return compared


def show_differences(compared: Compared) -> None:
    """Print the table of differences, and a line that sums it up."""
    print_table([difference.row() for difference in list(compared.differences)[:MAX_SHOWN]])
    say_how_many_more(len(compared.differences))
    where = "" if compared.since is None else f" since {show_time(compared.since)}"
    differ = len(compared.vapi_call_ids)
    said = f"{differ} {'differs' if differ == 1 else 'differ'}" if differ else "none differs"
    say(f"{count(compared.calls, 'call')} of Vapi's compared{where}: {said}")


def say_how_many_more(differences: int) -> None:
    """Print how many differences a table has left out, if any."""
    if differences > MAX_SHOWN:
        say(f"  … and {differences - MAX_SHOWN} more differences")


def could_not_tell(failed: NotFound) -> OperationFailed:
    """Return the error that says why Vapi could not be asked, and what to do."""
    detail = f" ({printable(failed.detail)})" if failed.detail else ""
    return OperationFailed(f"{failed.reason.value}{detail}: {REMEDIES[failed.reason]}")


def count(number: int, word: str) -> str:
    """Return a number with its noun, in the plural if need be."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return printable(str(value)) if value not in (None, "") else "-"


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, str | int) else str(value)


def _read_difference(given: object) -> Difference:
    try:
        one = dict(given)  # type: ignore[call-overload] # refused below, whatever it is
        here, there = (_plain(one[name]) for name in ("here", "there"))
        return Difference(one["call_id"], str(one["vapi_call_id"]), str(one["field"]), here, there)
    except (TypeError, ValueError, KeyError):
        raise OperationFailed("the sweep's answer cannot be read") from None


def _list_of(answer: Mapping[str, Any], name: str) -> list[Any]:
    found = answer.get(name)
    if not isinstance(found, list):
        raise OperationFailed(f"the sweep's answer cannot be read: {name}; is the stack deployed as it is here?")
    return found


def _parts(items: Sequence[Any]) -> list[Sequence[Any]]:
    return [items[first : first + AT_ONCE] for first in range(0, len(items), AT_ONCE)]
