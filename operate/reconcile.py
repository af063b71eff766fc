"""`make reconcile`: show what differs from Vapi, request those calls from Vapi, wait, and show what has changed.

The consumers write Vapi's answers as they write webhooks, idempotently. So a call can be requested any number of times,
and also if it does not differ.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from autopulse.domain.reconciliation import FINAL_AFTER, WINDOW
from autopulse.reconciliation.requests import CallSummary, ErrorReason, NotFound, is_askable
from local.console import say
from operate.comparison import (
    MAX_SHOWN,
    Compared,
    Difference,
    Inquiry,
    compare_window,
    count,
    read_window,
    say_how_many_more,
    show_differences,
)
from operate.confirmation import Confirm
from operate.dead_letter import printable, show_age
from operate.dead_letter_queue import DeadLetterQueue
from operate.logs import DEFAULT_SINCE, show_time
from operate.table import print_table
from operate.target import OperationFailed, Target

REQUESTS: Final = "VapiRequest"
WRITING: Final = ("StatusUpdate", "EndOfCallReport")
"""Prefixes of the logical ids of queues: REQUESTS holds the requests to Vapi, WRITING the messages from its answers."""
POLL_SECONDS: Final = 1
SETTLED_SECONDS: Final = 15
"""The wait ends after this many seconds with all queues empty and without a change."""
BUSY_SETTLED_SECONDS: Final = 60
"""The same where the consumers' queues are never empty."""
PATIENCE_SECONDS: Final = 180
SECONDS_OF_A_CALL: Final = 3
"""The seconds that one call takes: the request, the pause after it, and the write."""
SECONDS_BETWEEN_LINES: Final = 5
MAX_LOOKED_AT: Final = 20
"""Number of calls that still differ and that Vapi is asked about once more, for the reason."""
MAX_LETTERS: Final = 1_000
"""Number of dead letters of one queue that are searched for calls that still differ."""
REPAIRED: Final = "as at Vapi"
NOT_COMPARED: Final = "not compared"


@dataclass(frozen=True)
class Choice:
    """A selection of calls: those since a time, or one by our id or by Vapi's id."""

    since: str | None = None
    call_id: int | None = None
    vapi_call_id: str | None = None

    @property
    def is_named(self) -> bool:
        """Whether a single call is selected, which is requested even if it does not differ."""
        return self.call_id is not None or self.vapi_call_id is not None


@dataclass
class _Outcome:
    """What the requests have changed."""

    why: dict[str, str] = field(default_factory=dict)
    """Vapi's id of each call that still differs -> the reason."""
    left: frozenset[Difference] = frozenset()


def reconcile(
    target: Target, choice: Choice, confirm: Confirm, *, dry_run: bool = False, inquiry: Inquiry | None = None
) -> int:
    """Show, ask, repair, show; returns 0 if nothing differs in the end, else 1. Raises OperationFailed."""
    asks = inquiry or Inquiry(target)
    compared = _compare(asks, choice)
    show_differences(compared)
    wanted = [id_ for id_ in compared.vapi_call_ids if is_askable(id_)]
    if choice.is_named:
        wanted = list(dict.fromkeys([*wanted, *compared.summaries]))
    status = 1 if compared.differences else 0
    if not wanted or dry_run:
        say(
            f"A dry run; without DRY_RUN, {count(len(wanted), 'call')} would be requested from Vapi"
            if wanted
            else "Nothing to request from Vapi"
        )
        return status
    if not confirm(f"Ask Vapi for {count(len(wanted), 'call')}, and store what it says? {_how_long(len(wanted))}"):
        say("Nothing changed")
        return status
    queued = asks.ask(wanted)
    say(f"{count(queued, 'request')} queued")
    _wait(asks, compared, wanted, replays=choice.is_named)
    outcome = _look_again(asks, compared)
    _show(compared, outcome)
    return 1 if outcome.left else 0


# Which calls


def _compare(asks: Inquiry, choice: Choice) -> Compared:
    if not choice.is_named:
        return compare_window(asks, read_window(choice.since or DEFAULT_SINCE, asks.now()))
    if choice.vapi_call_id is not None:
        if not is_askable(choice.vapi_call_id):
            raise OperationFailed("VAPI_CALL is an id of Vapi's, a UUID")
        return _compare_named(asks, None, [choice.vapi_call_id.lower()])
    call_id = choice.call_id or 0
    linked = asks.find_vapi_ids(call_id)
    if linked:
        say(f"Call {call_id} is linked to {count(len(linked), 'call')} of Vapi's")
        return _compare_named(asks, call_id, linked)
    return _compare_unlinked(asks, call_id)


def _compare_named(asks: Inquiry, call_id: int | None, vapi_call_ids: Sequence[str]) -> Compared:
    compared = Compared()
    for id_ in vapi_call_ids:
        said = asks.get(id_) if is_askable(id_) else NotFound(ErrorReason.UNKNOWN_CALL)
        if isinstance(said, NotFound):
            compared.differences[Difference(call_id, id_, "call", NOT_COMPARED, None)] = None
        else:
            _add(asks, compared, [said])
    return compared


def _compare_unlinked(asks: Inquiry, call_id: int) -> Compared:
    """Search Vapi's list, newest first, for a call whose record names the row."""
    since = asks.now() - WINDOW
    say(f"Call {call_id} is linked to none of Vapi's; looking for it in Vapi's list since {show_time(since)} …")
    compared = Compared()
    for page, _after, _until in asks.pages(since):
        found = [call for call in page.calls if call.call_id == call_id]
        if found:
            _add(asks, compared, found)
            return compared
    raise OperationFailed(f"no call of Vapi's since {show_time(since)} names call {call_id}, or there is no such call")


def _add(asks: Inquiry, compared: Compared, calls: Sequence[CallSummary]) -> None:
    """Add calls that are requested even if they do not differ."""
    compared.calls += len(calls)
    compared.add(calls, asks.compare(calls))
    compared.summaries.update({call.vapi_call_id: call for call in calls})


# Waiting


def _wait(asks: Inquiry, compared: Compared, wanted: Sequence[str], *, replays: bool) -> None:
    """Wait until all calls are as at Vapi, nothing changes any more, or the timeout is over; print the progress."""
    known = [compared.summaries[id_] for id_ in wanted if id_ in compared.summaries]
    waits_for_quiet = replays or len(known) < len(wanted)  # the end of a write that cannot be compared is not visible
    began = changed = told = asks.clock()
    last: tuple[int, bool] | None = None
    while True:
        left = len({difference.vapi_call_id for difference in asks.compare(known)})
        waiting, writing = _count_waiting(asks.target, [REQUESTS]), _count_waiting(asks.target, WRITING)
        now = asks.clock()
        state = (left, waiting > 0)
        if state != last:
            last, changed = state, now
        if not left and (not waits_for_quiet):
            break
        quiet = SETTLED_SECONDS if not writing else BUSY_SETTLED_SECONDS
        if not waiting and now - changed >= quiet:
            break
        if now - began >= PATIENCE_SECONDS + SECONDS_OF_A_CALL * len(wanted):
            say(f"  {waiting} still wait for their request, which is sent without this command; then run make verify")
            break
        if now - told >= SECONDS_BETWEEN_LINES:
            told = now
            say(f"  {len(known) - left} of {len(wanted)} are as at Vapi, {waiting} wait to be asked")
        asks.sleep(POLL_SECONDS)
    say(f"  {len(known) - left} of {len(wanted)} are as at Vapi")


def _count_waiting(target: Target, prefixes: Iterable[str]) -> int:
    """Return the number of messages in these queues: visible, in flight and delayed; approximate, as SQS counts."""
    names = [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    ]
    sqs = target.client("sqs")
    try:
        return sum(
            int(value)
            for prefix in prefixes
            for value in sqs.get_queue_attributes(QueueUrl=target.resource(f"{prefix}Queue"), AttributeNames=names)[
                "Attributes"
            ].values()
        )
    except (ClientError, BotoCoreError) as error:
        raise OperationFailed(f"the queues cannot be counted ({error}); what was queued goes on by itself") from error


# What has changed


def _look_again(asks: Inquiry, compared: Compared) -> _Outcome:
    """Compare once more, and find out why calls still differ; some of them are requested from Vapi for that."""
    left = set(asks.compare(list(compared.summaries.values())))
    unseen = {one for one in compared.differences if one.vapi_call_id not in compared.summaries}
    suspects = list(dict.fromkeys(one.vapi_call_id for one in compared.differences if one in left | unseen))
    suspects += [one.vapi_call_id for one in left if one.vapi_call_id not in suspects]
    why: dict[str, str] = {}
    letters = _dead_letters(asks.target, [(_ours(compared, id_), id_) for id_ in suspects]) if suspects else {}
    for id_ in suspects[:MAX_LOOKED_AT]:
        reason = _why(asks, id_, letters)
        if reason is None:
            left = {one for one in left if one.vapi_call_id != id_}
            unseen = {one for one in unseen if one.vapi_call_id != id_}
        else:
            why[id_] = reason
    for id_ in suspects[MAX_LOOKED_AT:]:
        why[id_] = letters.get(id_, "not looked at")
    return _Outcome(why, frozenset(left | unseen))


def _why(asks: Inquiry, vapi_call_id: str, letters: Mapping[str, str]) -> str | None:
    """Return why a call still differs; None if it no longer differs from Vapi's current data."""
    if not is_askable(vapi_call_id):
        return "its id is none of Vapi's, so it cannot be asked for"
    try:
        said = asks.get(vapi_call_id)
        if not isinstance(said, NotFound):
            return _why_not_told(asks, said, letters) if asks.compare([said]) else None
    except OperationFailed as error:
        return printable(str(error))
    if said.reason is ErrorReason.FORGOT:
        return "beyond retention: Vapi keeps it no longer, and it is marked so here"
    return "not found: Vapi has no such call; what is here stays"


def _why_not_told(asks: Inquiry, said: CallSummary, letters: Mapping[str, str]) -> str:
    """Return why Vapi's data of a call has not been stored."""
    letter = letters.get(said.vapi_call_id)
    if letter is not None:
        return letter
    age = None if said.ended_at is None else asks.now() - said.ended_at
    if age is not None and not said.has_turns and age < FINAL_AFTER:
        return f"Vapi's record is not final yet, {show_age(age)} after the end; the sweep asks again"
    return "its message waits, or has changed nothing: look for its id in the logs of the consumers"


def _ours(compared: Compared, vapi_call_id: str) -> int | None:
    ids = (one.call_id for one in compared.differences if one.vapi_call_id == vapi_call_id)
    return next((id_ for id_ in ids if id_ is not None), None)


def _dead_letters(target: Target, calls: Sequence[tuple[int | None, str]]) -> dict[str, str]:
    """Return Vapi's id -> a text about a dead letter of the call; the dead letters stay in their queues."""
    found: dict[str, str] = {}
    for prefix in (REQUESTS, *WRITING):
        remedy = "docs/runbook.md, Reconciliation failed" if prefix == REQUESTS else "make redrive"
        source, dead = (target.resource(f"{prefix}{suffix}") for suffix in ("Queue", "DeadLetterQueue"))
        letters = DeadLetterQueue(target.client("sqs"), source, dead)
        held: list[Any] = []
        try:
            for batch in letters.receive():
                held += batch
                for letter in batch:
                    about = (id_ for call_id, id_ in calls if letter.names(call_id or 0, id_))
                    found.update(dict.fromkeys(about, f"a dead letter: {printable(letter.reason)} ({remedy})"))
                if len(held) >= MAX_LETTERS:
                    break
        except (ClientError, BotoCoreError):
            continue  # the reason stays unknown, and the difference is still reported
        finally:
            letters.let_go(held)
    return found


def _show(compared: Compared, outcome: _Outcome) -> None:
    came = [one for one in outcome.left if one not in compared.differences]
    rows = [
        one.row() | {"now": outcome.why.get(one.vapi_call_id, "differs") if one in outcome.left else REPAIRED}
        for one in sorted([*compared.differences, *came], key=lambda one: one not in outcome.left)
    ]
    print_table(rows[:MAX_SHOWN])
    say_how_many_more(len(rows))
    left = len(outcome.left)
    if left:
        say(f"{count(len(rows) - left, 'difference')} gone, {left} left")
    else:
        say(f"{count(len(rows), 'difference')} gone, none left" if rows else "Requested again; nothing differs")


def _how_long(requests: int) -> str:
    minutes = requests * SECONDS_OF_A_CALL / 60
    return f"It takes up to {minutes:.0f} min." if minutes >= 1 else ""
