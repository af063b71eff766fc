"""Search calls: by what was said, by their visit, or by the end of a number; and find the place of the hit in a call.

Each of these ways finds the next calls in the order of the list, at most a page; their union is the page.
"""

from collections.abc import Callable, Collection, Iterable
from typing import Final

from autopulse.db.queries.attempts import ITS_TURNS, ORDER_OF_TURNS, SHOWN_ATTEMPT
from autopulse.db.queries.bounds import MAX_LISTED_CHARACTERS, shown
from autopulse.db.queries.filters import (
    BEGAN,
    DIGITS,
    OF_THE_RECORD,
    RECORD,
    VISIT_WORDS,
    VISITS_FOUND,
    where,
)
from autopulse.db.words import FIRST_MONTH, NO_MONTH, SPOKEN, marked
from autopulse.domain.bounds import MAX_TURNS

SEARCH: Final = "search_"
"""The prefix of filters that belong to one search: a call that any of them finds is found.

`search_words`: a tsquery of words with MARK before them; `search_phrases`: an array of regular expressions, all of
which have to match, too. `search_visits`: a tsquery. `search_digits`: as the filter `digits`. `search_pattern` and
`search_patterns` (if there are several) are regular expressions for the hits in a text, joined and one by one.
`search_letters` and `search_named` are arrays for LIKE: every hit has one of the former, every visit all of the latter.
"""
FEW: Final = 1000
"""The maximum number of visits whose calls are looked up one by one."""
MARGIN: Final = "interval '1 day'"
"""How far from the times of a search hits are still looked up in `call`, whose time decides.

Without these limits all hits of the first month would be looked up, most of which may be outside of a time.
"""
MAX_MONTHS: Final = 240
"""The maximum number of months that are searched: twenty years."""
_TEXTS: Final = ("feedback_summary", "detractors", "action_items", "positives", "content")
_KEY: Final = f"call.id, {BEGAN} AS began"
_RECORD_OF_IT: Final = f"JOIN LATERAL (SELECT * FROM {RECORD} OFFSET 0) AS record ON true"  # noqa: S608 - made of constants


def _names(record: str) -> str:
    return f"concat_ws(' ', {record}.customer_name, {record}.vehicle_info, {record}.service_advisor_name)"


_NAMES: Final = _names("record")
_MAY_NAME: Final = f"""
    (octet_length({_NAMES}) > length({_NAMES}) OR lower({_NAMES}) LIKE ALL (CAST(:search_named AS text[])))
"""


def is_search(names: Iterable[str]) -> bool:
    """Whether the filters contain a search."""
    return any(name.startswith(SEARCH) for name in names)


def found_by_search(names: tuple[str, ...], direction: str, beyond: str) -> str:
    """A query: the ids of a page's calls."""
    ways: dict[str, Callable[[tuple[str, ...], str, str], str]] = {
        "search_words": _by_words,
        "search_visits": _by_visits,
        "search_digits": _by_digits,
    }
    rest = tuple(name for name in names if not name.startswith(SEARCH))
    found = [way(rest, direction, beyond) for name, way in ways.items() if name in names]
    if "search_phrases" in names:
        found = [one.replace("/* phrases */", f"AND {_SAYS_PHRASES}") for one in found]
    return f"""
        SELECT DISTINCT id, began FROM ({" UNION ALL ".join(f"({one})" for one in found)}) AS any_of_them
        ORDER BY began {direction}, id {direction} LIMIT :rows
    """  # noqa: S608 - made of constants


def _order(direction: str) -> str:
    return f"ORDER BY {BEGAN} {direction}, call.id {direction}"


def _record_for(names: tuple[str, ...]) -> str:
    return _RECORD_OF_IT if OF_THE_RECORD.intersection(names) else ""


# The months are searched one after the other from the page's position, until the page is full.
def _by_words(names: tuple[str, ...], direction: str, beyond: str) -> str:
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
    near = "".join(f" AND began <= {moment} + {MARGIN}" for moment in until[1:])
    near += "".join(f" AND began >= {moment} - {MARGIN}" for moment in since[1:])
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
    return f"""
        SELECT hit.id, hit.began FROM (
            SELECT name FROM ({months}) AS months ORDER BY place LIMIT {MAX_MONTHS} OFFSET 0
        ) AS month CROSS JOIN LATERAL (
            SELECT {_KEY} FROM (
                SELECT call_id FROM call_words
                WHERE organization_id = CAST(:organization AS uuid)
                    AND words @@ CAST({marked(":search_words", "CAST(:organization AS text)", "month.name")} AS tsquery)
                    {near}
                ORDER BY began {direction}, call_id {direction} OFFSET 0
            ) AS said JOIN LATERAL (SELECT * FROM call WHERE id = said.call_id OFFSET 0) AS call ON true
            {_record_for(names)}
            WHERE {where(names)} {beyond} /* phrases */ LIMIT :rows
        ) AS hit LIMIT :rows
    """  # noqa: S608 - made of constants


def _month(which: str, moments: Iterable[str]) -> str:
    return f"date_trunc('month', {which}({', '.join(moments)}) AT TIME ZONE 'UTC')"


def _by_visits(names: tuple[str, ...], direction: str, beyond: str) -> str:
    order = _order(direction)
    return f"""
        WITH few AS MATERIALIZED (
            SELECT record.id FROM service_record AS record WHERE {VISITS_FOUND} LIMIT {FEW + 1}
        )
        (SELECT {_KEY} FROM few JOIN LATERAL (
            SELECT * FROM call WHERE service_record_id = few.id OFFSET 0) AS call ON true {_record_for(names)}
        WHERE (SELECT count(*) FROM few) <= {FEW} AND {where(names)} {beyond} /* phrases */ {order} LIMIT :rows)
        UNION ALL
        (SELECT {_KEY} FROM call {_RECORD_OF_IT}
        WHERE (SELECT count(*) FROM few) > {FEW} AND {where(names)} {beyond}
            AND {_MAY_NAME} AND {VISIT_WORDS} @@ to_tsquery('simple'::regconfig, :search_visits) /* phrases */
        {order} LIMIT :rows)
    """  # noqa: S608 - made of constants


def _by_digits(names: tuple[str, ...], direction: str, beyond: str) -> str:
    # A number is rarer than the planner estimates: walking through all calls to find a page of them takes 300 ms.
    return f"""
        SELECT {_KEY} FROM call {_record_for(names)} WHERE {where(names)} AND {DIGITS} LIKE :search_digits {beyond}
        ORDER BY {BEGAN} + interval '0' {direction}, call.id {direction} LIMIT :rows
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
