"""Lists of turns: which of them count, and which turns they show together (docs/call-state.md 5).

A conversation update or a report has a list. In a squad the list may start at the last handoff, so several lists may
form one conversation. `join_lists` is associative, commutative and idempotent.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from autopulse.domain.bounds import MAX_LISTS, MAX_SPEECH_CHARACTERS, MAX_TURNS
from autopulse.domain.turns import Turn, within_bounds

REPORT: Final = "report"
CONVERSATION: Final = "conversation"
SAME_TURN: Final = timedelta(seconds=1)
"""Turns of neighbouring lists with equal role and words are the same if their times differ by at most this."""


class Rank(NamedTuple):
    """Decides which of two lists of one source and key is the greater.

    A conversation's lists differ only in time, length and event id, a report's lists in all parts but the length.
    """

    answers: bool
    timed: bool
    at: datetime
    length: int
    event_id: str


@dataclass(frozen=True, slots=True)
class TurnList:
    """The data of a list besides its turns."""

    source: str
    key: int | None
    """The first time of any of its items, in whole seconds since 1970; None if no item has a time."""
    rank: Rank
    begin: datetime
    """The time of that item; without one, the time of the message."""
    offset: int = field(default=0, compare=False)
    """The difference between the stored positions of its turns and their positions in the list."""
    hidden: tuple[Turn, ...] = field(default=(), compare=False)
    """Turns that other lists hide, and that are shown again if those lists change."""

    @property
    def second(self) -> int:
        """The whole second by which it is ordered."""
        return int(self.begin.timestamp()) if self.key is None else self.key


class ShownTurn(NamedTuple):
    """A turn as it is stored: its list, and its position among the attempt's turns."""

    source: str
    key: int | None
    turn: Turn


class Composition(NamedTuple):
    """The turns that an attempt's lists show together."""

    turns: Sequence[ShownTurn]
    lists: Sequence[TurnList]
    """The lists that show turns, with the turns that they hide."""


Lists = tuple[TurnList, ...]


def join_lists(one: Lists, other: Lists) -> Lists:
    """The lists of both that count."""
    if not one or not other:
        return one or other
    greatest: dict[tuple[str, int | None], TurnList] = {}
    for list_ in (*one, *other):
        known = greatest.setdefault((list_.source, list_.key), list_)
        if list_.rank > known.rank:
            greatest[list_.source, list_.key] = list_
    return tuple(sorted(_greatest(_uncovered(greatest)), key=_order))


def _greatest(lists: Iterable[TurnList]) -> Iterable[TurnList]:
    """The greatest MAX_LISTS lists of each source. Lists without a key are all kept, because they cover others."""
    of_source = Counter[str]()
    for list_ in sorted(lists, key=lambda list_: list_.rank, reverse=True):
        of_source[list_.source] += list_.key is not None
        if list_.key is None or of_source[list_.source] <= MAX_LISTS:
            yield list_


def _order(list_: TurnList) -> tuple[str, bool, int]:
    return list_.source, list_.key is not None, list_.second


def _uncovered(greatest: Mapping[tuple[str, int | None], TurnList]) -> Iterable[TurnList]:
    """Leave out lists that another list covers permanently.

    A list without a key is always kept: it still covers older lists, even if it is not shown itself.
    """
    covers_all = (REPORT, None) in greatest
    first_report = min((key for source, key in greatest if source == REPORT and key is not None), default=None)
    for (source, key), list_ in greatest.items():
        whole = greatest.get((source, None))
        if key is None:
            yield list_
        elif whole is not None and list_.rank < whole.rank:
            continue
        elif source == REPORT or not (covers_all or (first_report is not None and key >= first_report)):
            yield list_


def visible(lists: Lists) -> list[TurnList]:
    """The lists that show turns, in the order of their first times."""
    shown = [list_ for list_ in lists if list_.key is not None or not _gives_way(list_, lists)]
    return sorted(shown, key=lambda list_: (list_.begin, list_.key is not None))


def _gives_way(whole: TurnList, lists: Lists) -> bool:
    """Whether a list without a key is replaced by a greater one that begins no later than the list's message."""
    for other in lists:
        if other.source == whole.source and other.key is not None and other.second <= whole.second:
            return True  # the other is greater; otherwise it would be covered
        if (whole.source, other.source) == (CONVERSATION, REPORT) and (
            other.key is None or other.second <= whole.second
        ):
            return True
    return False


def fragments_until(lists: Lists) -> int | None:
    """The second before which fragments are shown; None if there is no list, 0 if a list has no key."""
    if not lists:
        return None
    return 0 if any(list_.key is None for list_ in lists) else min(list_.second for list_ in lists)


def compose(lists: Sequence[TurnList], turns: Mapping[TurnList, Sequence[Turn]]) -> Composition:
    """Compose the turns that `visible` lists show: of each list those before the next list begins, without duplicates.

    All lists together keep as many turns as one message may have; if there are more, the greatest lists keep theirs.
    """
    turns = _within_bounds(lists, turns)
    shown: list[ShownTurn] = []
    composed: list[TurnList] = []
    offset = 0
    for place, list_ in enumerate(lists):
        following = lists[place + 1] if place + 1 < len(lists) else None
        kept = own = turns[list_]
        hidden: Sequence[Turn] = ()
        if following is not None:
            kept = _before(own, following, turns[following])
            hidden = sorted(set(own) - set(kept))
        shown += [
            ShownTurn(list_.source, list_.key, turn._replace(sequence=offset + turn.sequence) if offset else turn)
            for turn in kept
        ]
        composed.append(replace(list_, offset=offset, hidden=tuple(hidden)))
        offset = shown[-1].turn.sequence + 1 if shown else 0
    return Composition(shown, composed)


def _within_bounds(
    lists: Iterable[TurnList], turns: Mapping[TurnList, Sequence[Turn]]
) -> Mapping[TurnList, Sequence[Turn]]:
    most, characters = MAX_TURNS, MAX_SPEECH_CHARACTERS
    kept: dict[TurnList, Sequence[Turn]] = {}
    for list_ in sorted(lists, key=lambda list_: (list_.source == REPORT, list_.rank), reverse=True):
        kept[list_] = list(within_bounds(turns[list_], most, characters))
        most -= len(kept[list_])
        characters -= sum(len(turn.content) for turn in kept[list_])
    return kept


def _before(own: Sequence[Turn], following: TurnList, its_turns: Sequence[Turn]) -> list[Turn]:
    near = [turn for turn in its_turns if turn.timestamp <= following.begin + SAME_TURN]
    return [
        turn for turn in own if turn.timestamp < following.begin and not any(_is_same(turn, other) for other in near)
    ]


def _is_same(one: Turn, other: Turn) -> bool:
    return (one.role, one.content) == (other.role, other.content) and abs(one.timestamp - other.timestamp) <= SAME_TURN
