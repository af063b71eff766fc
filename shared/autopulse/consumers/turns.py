"""Store the turns that attempts show; conversation updates and reports share this module."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Final, Generic

from autopulse.consumers.calls import Change, call_event
from autopulse.consumers.consumer import AttemptBatch, M, Record
from autopulse.db.engine import Transaction
from autopulse.db.transcripts import (
    FRAGMENT,
    AttemptKey,
    AttemptTurns,
    Fragment,
    StoredTurns,
    add_fragments,
    read_stored_turns,
    replace_turns,
)
from autopulse.domain.events import CallEvent, CallEventType
from autopulse.domain.facts import Facts
from autopulse.domain.lists import Lists, Rank, ShownTurn, TurnList, compose, fragments_until, visible
from autopulse.domain.turns import Turn, Turns
from autopulse.vapi.turns import role_of

EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
_SECOND: Final = timedelta(seconds=1)
Spoken = Mapping[str, Sequence[Turn]]
"""Event id of a message -> the turns of its list."""


def list_of(source: str, turns: Turns, rank: Rank) -> Lists:
    """The list of turns that a message has; empty if it has no turn."""
    if not turns.turns:
        return ()
    first = turns.first_time
    key = None if first is None else (first - EPOCH) // _SECOND
    return (TurnList(source, key, rank, first or rank.at),)


@dataclass(slots=True)
class _Recomposed(Generic[M]):
    """An attempt of which the shown lists have changed."""

    change: Change[M]
    lists: list[TurnList]
    spoken: Spoken

    @property
    def key(self) -> AttemptKey:
        return self.change.attempt.call.row.id, self.change.attempt.vapi_call_id

    @property
    def needs_stored(self) -> bool:
        """Whether the stored turns of earlier messages are needed."""
        return any(list_.rank.event_id not in self.spoken for list_ in self.lists)


def record_lists(transaction: Transaction, changes: Sequence[tuple[Change[M], Spoken]]) -> list[Change[M]]:
    """Store the turns of attempts whose lists have changed; returns all changes, with the turns that the lists hide."""
    recomposed = [
        _Recomposed(change, visible(change.facts.lists), spoken)
        for change, spoken in changes
        if _show(change.facts.lists) != _show(change.attempt.facts.lists)
    ]
    if not recomposed:
        return [change for change, _ in changes]
    wanted = {one.key[0] for one in recomposed if one.needs_stored}
    stored = read_stored_turns(transaction, wanted) if wanted else {}
    rows: list[AttemptTurns] = []
    done: dict[AttemptKey, Change[M]] = {}
    for one in recomposed:
        composition = compose(one.lists, {list_: _turns_of(list_, one, stored) for list_ in one.lists})
        facts = with_storage(one.change.facts, composition.lists)
        done[one.key] = Change(one.change.attempt, facts)
        rows.append(attempt_turns(one.key, composition.turns, facts.lists))
    replace_turns(transaction, rows)
    return [done.get((change.attempt.call.row.id, change.attempt.vapi_call_id), change) for change, _ in changes]


def _show(lists: Lists) -> tuple[list[TurnList], int | None]:
    """The values that decide which turns are shown."""
    return visible(lists), fragments_until(lists)


def _turns_of(list_: TurnList, one: _Recomposed[M], stored: Mapping[AttemptKey, StoredTurns]) -> Sequence[Turn]:
    """The turns of a list: from this batch, or from the database, where shown and hidden turns are stored."""
    turns = one.spoken.get(list_.rank.event_id)
    return stored_turns_of(list_, stored.get(one.key)) if turns is None else turns


def stored_turns_of(list_: TurnList, stored: StoredTurns | None) -> Sequence[Turn]:
    """The turns of a stored list with their positions, both those that are shown and those that are hidden."""
    turns = stored.lists.get((list_.source, list_.key), ()) if stored else ()
    shown = [turn._replace(sequence=turn.sequence - list_.offset) for turn in turns]
    return sorted([*shown, *list_.hidden])


def with_storage(facts: Facts, composed: Iterable[TurnList]) -> Facts:
    """Add to the facts the turns that the attempt's lists hide now; lists that are not shown hide none."""
    now = {(list_.source, list_.key): list_ for list_ in composed}
    lists = (now.get((list_.source, list_.key)) or replace(list_, offset=0, hidden=()) for list_ in facts.lists)
    return replace(facts, lists=tuple(lists))


def attempt_turns(key: AttemptKey, turns: Sequence[ShownTurn], lists: Lists) -> AttemptTurns:
    """What to store for an attempt whose lists show these turns."""
    until = fragments_until(lists)
    return AttemptTurns(*key, turns, None if until is None else EPOCH + until * _SECOND)


def is_before(fragment: Fragment, lists: Lists) -> bool:
    """Whether a fragment is shown beside these lists."""
    until = fragments_until(lists)
    return until is None or fragment.timestamp < EPOCH + until * _SECOND


def spoken(attempt: AttemptBatch[M], record: Record[M], speaker: str | None, words: str | None) -> Fragment | None:
    """Build a fragment from a speaker's words; None if there are no words, or if turns of that role are not stored."""
    role = role_of(speaker)
    if role is None or words is None:
        return None
    return Fragment(attempt.call.row.id, attempt.vapi_call_id, role, words, record.envelope.event_time)


def record_fragments(transaction: Transaction, said: Iterable[tuple[Change[M], Sequence[Fragment]]]) -> list[CallEvent]:
    """Store the fragments that are shown beside the attempt's lists."""
    fitting = [
        (change.attempt, kept)
        for change, fragments in said
        if (kept := [fragment for fragment in fragments if is_before(fragment, change.facts.lists)])
    ]
    if fitting:
        add_fragments(transaction, [fragment for _, fragments in fitting for fragment in fragments])
    return [transcript_event(attempt, FRAGMENT, turns=len(fragments), skipped=0) for attempt, fragments in fitting]


def transcript_event(attempt: AttemptBatch[M], source: str, *, turns: int, skipped: int) -> CallEvent:
    """Build the event that the words of an attempt have changed."""
    return call_event(CallEventType.TRANSCRIPT_UPDATED, attempt, source=source, turns=turns, skipped=skipped)
