"""Search calls: by what was said, by their visit, or by the end of a number; and find the place of the hit in a call.

Each of these ways finds the next calls in the order of the list, at most a page; their union is the page.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from autopulse.db.queries.attempts import ITS_TURNS, ORDER_OF_TURNS, SHOWN_ATTEMPT
from autopulse.db.queries.bounds import MAX_LISTED_CHARACTERS, shown
from autopulse.db.queries.filters import (
    BEGAN,
    CONDITIONS,
    DIGITS,
    OF_THE_RECORD,
    VISIT_WORDS,
    VISITS_FOUND,
    where,
)
from autopulse.db.queries.next_calls import JOIN_RECORD, KEY, NextCalls
from autopulse.db.words import FIRST_MONTH, NO_MONTH, SPOKEN, marked, month_of
from autopulse.domain.bounds import MAX_TURNS

SEARCH: Final = "search_"
"""The prefix of filters that belong to one search: a call that any of them finds is found.

`search_words`: a tsquery of words with MARK before them; `search_phrases`: an array of regular expressions, all of
which have to match, too. `search_visits`: a tsquery. `search_digits`: as the filter `digits`. `search_pattern` and
`search_patterns` (if there are several) are regular expressions for the hits in a text, joined and one by one.
`search_letters` and `search_named` are arrays for LIKE: every hit has one of the former, every visit all of the latter.
"""
NEXT_SPOKEN: Final = 200
"""The number of calls whose words are read first; this suffices if one in four matches.

The index returns all hits of a month before the first can be used, which takes long if nearly all calls are hits.
"""
NEXT_VISITS: Final = 500
"""The number of calls whose visits are read first; this suffices if one in ten matches.

The index of visits returns all hits of all times, which are a quarter of a million for the most common words.
"""
MARGIN: Final = "interval '1 day'"
"""How far from the times of a search hits are still looked up in `call`, whose time decides.

Without these limits all hits of the first month would be looked up, most of which may be outside of a time.
"""
MAX_MONTHS: Final = 240
"""The maximum number of months that are searched: twenty years."""
_TEXTS: Final = ("feedback_summary", "detractors", "action_items", "positives", "content")


def _names(record: str) -> str:
    return f"concat_ws(' ', {record}.customer_name, {record}.vehicle_info, {record}.service_advisor_name)"


_NAMES: Final = _names("record")
# LIKE takes a tenth of the time of the words, which then decide.
_NAMED: Final = f"""
    (octet_length({_NAMES}) > length({_NAMES}) OR lower({_NAMES}) LIKE ALL (CAST(:search_named AS text[])))
    AND {VISIT_WORDS} @@ to_tsquery('simple'::regconfig, :search_visits)
"""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A page of a search."""

    names: tuple[str, ...]
    """The names of the other conditions."""
    direction: str
    beyond: str
    """The condition on the page's position, with AND before it, or nothing."""
    has_phrases: bool

    @property
    def phrases(self) -> str:
        """The condition that a call says all phrases."""
        return _SAYS_PHRASES if self.has_phrases else "true"

    @property
    def of_records(self) -> str:
        """The conditions on the visit, each with AND before it."""
        return "".join(f" AND {CONDITIONS[name]}" for name in self.names if name in OF_THE_RECORD)

    @property
    def record(self) -> str:
        """The visit as a table, if there are conditions on it."""
        return JOIN_RECORD if OF_THE_RECORD.intersection(self.names) else ""

    def next(self, number: int, hits: str) -> NextCalls:
        """The next calls, with all columns for phrases, else with those that an index has."""
        conditions = where(name for name in self.names if name not in OF_THE_RECORD)
        columns = "call.*" if self.has_phrases else "call.id, call.service_record_id"
        return NextCalls(number, f"{conditions} {self.beyond}", columns, hits, self.direction)


def is_search(names: Iterable[str]) -> bool:
    """Whether the filters contain a search."""
    return any(name.startswith(SEARCH) for name in names)


def found_by_search(names: tuple[str, ...], direction: str, beyond: str) -> str:
    """A query: the ids of a page's calls."""
    ways = {"search_words": _by_words, "search_visits": _by_visits, "search_digits": _by_digits}
    rest = tuple(name for name in names if not name.startswith(SEARCH))
    wanted = _Wanted(rest, direction, beyond, "search_phrases" in names)
    found = [way(wanted) for name, way in ways.items() if name in names]
    return f"""
        SELECT DISTINCT id, began FROM ({" UNION ALL ".join(f"({one})" for one in found)}) AS any_of_them
        ORDER BY began {direction}, id {direction} LIMIT :rows
    """  # noqa: S608 - made of constants


def _by_words(wanted: _Wanted) -> str:
    """The next calls if they contain the page, else the hits of one month after the other until the page is full."""
    direction, beyond, names = wanted.direction, wanted.beyond, wanted.names
    step = "-1" if direction == "DESC" else "1"
    first = f"""
        SELECT date_trunc('month', {BEGAN} AT TIME ZONE 'UTC') FROM call
        WHERE call.organization_id = CAST(:organization AS uuid)
            AND {BEGAN} BETWEEN timestamptz '{FIRST_MONTH} 00:00:00+00' AND now() + interval '1 month'
    """  # noqa: S608 - made of constants
    until = ["now() + interval '1 month'"]
    since = [f"timestamptz '{FIRST_MONTH} 00:00:00+00'"]
    if "until" in names:
        until.append("CAST(:until AS timestamptz)")
    if "since" in names:
        since.append("CAST(:since AS timestamptz)")
    if beyond:
        (until if direction == "DESC" else since).append("CAST(:after_began AS timestamptz)")
    margins = "".join(f" AND began <= {moment} + {MARGIN}" for moment in until[1:])
    margins += "".join(f" AND began >= {moment} - {MARGIN}" for moment in since[1:])
    newest = f"({first} ORDER BY {BEGAN} DESC, call.id DESC LIMIT 1) AS newest (month)"
    oldest = f"({first} ORDER BY {BEGAN}, call.id LIMIT 1) AS oldest (month)"
    # Null if there is no call, and then there are no months.
    last = f"(SELECT least(month, {_month('least', until)}) FROM {newest})"  # noqa: S608 - made of constants
    start = f"(SELECT greatest(month, {_month('greatest', since)}) FROM {oldest})"  # noqa: S608 - made of constants
    ends = (last, start) if direction == "DESC" else (start, last)
    months = f"""
        SELECT to_char(month, 'YYMM') AS name, place FROM generate_series({ends[0]}, {ends[1]}, interval '{step} month')
            WITH ORDINALITY AS month (month, place)
        UNION ALL SELECT '{NO_MONTH}', {MAX_MONTHS if direction == "DESC" else 0}
    """  # noqa: S608 - made of constants
    said = f"""JOIN LATERAL (
        SELECT true AS so FROM call_words
        WHERE call_id = call.id AND organization_id = CAST(:organization AS uuid)
            AND words @@ CAST({_words_in(month_of("began"))} AS tsquery) OFFSET 0
    ) AS said ON true"""  # noqa: S608 - made of constants
    # The turns are read only of calls that have the words.
    spoken = f"{said} {wanted.record} WHERE CASE WHEN said.so THEN {wanted.phrases} END {wanted.of_records}"
    return f"""
        WITH {wanted.next(NEXT_SPOKEN, spoken).tables}
        SELECT id, began FROM near WHERE (TABLE enough)
        UNION ALL
        SELECT hit.id, hit.began FROM (
            SELECT name FROM ({months}) AS months WHERE NOT (TABLE enough) ORDER BY place LIMIT {MAX_MONTHS} OFFSET 0
        ) AS month CROSS JOIN LATERAL (
            SELECT {KEY} FROM (
                SELECT call_id FROM call_words
                WHERE organization_id = CAST(:organization AS uuid)
                    AND words @@ CAST({_words_in("month.name")} AS tsquery)
                    {margins}
                ORDER BY began {direction}, call_id {direction} OFFSET 0
            ) AS said JOIN LATERAL (SELECT * FROM call WHERE id = said.call_id OFFSET 0) AS call ON true
            {wanted.record} WHERE {where(names)} {beyond} AND {wanted.phrases} LIMIT :rows
        ) AS hit LIMIT :rows
    """  # noqa: S608 - made of constants


def _month(which: str, moments: Iterable[str]) -> str:
    return f"date_trunc('month', {which}({', '.join(moments)}) AT TIME ZONE 'UTC')"


def _words_in(month: str) -> str:
    return marked(":search_words", "CAST(:organization AS text)", month)


def _by_visits(wanted: _Wanted) -> str:
    # The turns are read only of calls whose visit has the words.
    named = f"CASE WHEN {_NAMED} THEN {wanted.phrases} END" if wanted.has_phrases else _NAMED
    conditions = f"WHERE {where(wanted.names)} {wanted.beyond}"
    next_calls = wanted.next(NEXT_VISITS, f"{JOIN_RECORD} WHERE {named} {wanted.of_records}")
    return next_calls.or_of_visits(
        f"{VISITS_FOUND} {wanted.of_records}",
        f"{wanted.record} {conditions} AND {wanted.phrases}",
        f"{JOIN_RECORD} {conditions} AND {named}",
        next_calls.order,
    )


def _by_digits(wanted: _Wanted) -> str:
    # A number is rarer than the planner estimates: walking through all calls to find a page of them takes 300 ms.
    return f"""
        SELECT {KEY} FROM call {wanted.record}
        WHERE {where(wanted.names)} AND {DIGITS} LIKE :search_digits {wanted.beyond}
        ORDER BY {BEGAN} + interval '0' {wanted.direction}, call.id {wanted.direction} LIMIT :rows
    """  # noqa: S608 - made of constants


_CHOSEN: Final = f"""
    SELECT call.id AS call_id, shown.* FROM (SELECT) AS one LEFT JOIN LATERAL ({SHOWN_ATTEMPT}) AS shown ON true
"""  # noqa: S608 - made of constants
_TURNS_SAID: Final = f"""
    FROM transcript AS turn, ({_CHOSEN}) AS chosen WHERE turn.call_id = call.id AND {ITS_TURNS}
"""
_AT_A_WORD: Final = r"'(?i)(?:^|\W|_)(?:' || {pattern} || ')'"
_SAYS: Final = f"{{text}} ~ ({_AT_A_WORD})"
_HAS_ACCENTS: Final = "octet_length({text}) > length({text})"


def _says(text: str, pattern: str = ":search_pattern") -> str:
    return _SAYS.format(text=text, pattern=pattern)


# LIKE takes a tenth of the time of the regular expression, which then decides.
def _may_say(text: str) -> str:
    return f"({_HAS_ACCENTS.format(text=text)} OR lower({text}) LIKE ANY (CAST(:search_letters AS text[])))"


_SAYS_PHRASES: Final = f"""
    NOT EXISTS (
        SELECT FROM unnest(CAST(:search_phrases AS text[])) AS phrase WHERE NOT (
            EXISTS (SELECT {_TURNS_SAID} AND {SPOKEN} AND {_says("content", "phrase")})
            OR coalesce({_says("call.feedback_summary", "phrase")}, false)
            OR EXISTS (SELECT FROM service_record AS visit WHERE visit.id = call.service_record_id
                AND visit.organization_id = call.organization_id AND {_says(_names("visit"), "phrase")})
            OR EXISTS (SELECT FROM call_feedback WHERE call_id = call.id
                AND {_says("concat_ws(' | ', content, detractors, positives, action_items)", "phrase")})))
"""  # noqa: S608 - made of constants


def match_of(names: Collection[str]) -> str:
    """A column: the texts of the row `call` in which the hit may be, as JSON; null without a search."""
    if not is_search(names):
        return "NULL"
    counted = "SELECT count(*) FROM unnest(CAST(:search_patterns AS text[])) AS one WHERE"
    most = f"({counted} {_says('content', 'one')}) DESC, " if "search_patterns" in names else ""
    texts = ", ".join(f"'{name}', {_if_it_says(name)}" for name in _TEXTS)
    return f"""(
        SELECT json_strip_nulls(json_build_object('turn', (
            SELECT json_build_array(place, {shown("content", MAX_LISTED_CHARACTERS)}) FROM (
                SELECT content, role, row_number() OVER (ORDER BY {ORDER_OF_TURNS}) - 1 AS place {_TURNS_SAID}
            ) AS turn WHERE {SPOKEN} AND place < {MAX_TURNS} AND {_may_say("content")} AND {_says("content")}
            ORDER BY {most}place LIMIT 1
        ), {texts}))
        FROM (SELECT call.feedback_summary) AS summed LEFT JOIN LATERAL (
            SELECT detractors, action_items, positives, content FROM call_feedback WHERE call_id = call.id OFFSET 0
        ) AS told ON true
    )"""  # noqa: S608 - made of constants


def _if_it_says(name: str) -> str:
    return f"CASE WHEN {_says(name)} THEN {shown(name, MAX_LISTED_CHARACTERS)} END"
