"""SQL for limiting the length of shown texts: a long text is cut, and ends with an ellipsis."""

from typing import Final

from autopulse.domain.bounds import CUT, ELLIPSIS, MAX_ADDRESS_CHARACTERS, MAX_DATA_BYTES, MAX_TEXT_CHARACTERS
from autopulse.domain.copies import STORED

MAX_SHOWN_CHARACTERS: Final = 255
"""The maximum length of a shown name, word, id or number; the longest such columns of the application have it."""
MAX_LISTED_CHARACTERS: Final = 4_000
"""The maximum length of a customer's text in a list."""
MAX_GIST_CHARACTERS: Final = 200
"""The maximum length of a text in a row of the list of calls."""
_LOOKED_AT: Final = 4 * MAX_GIST_CHARACTERS
"""The number of characters at the start of a text in which its first line is searched, behind blank lines."""
MAX_READ_BYTES: Final = 8_000_000
"""The maximum size of a list as JSON, as Postgres returns it; the API's answers are smaller."""


def shown(column: str, most: int = MAX_SHOWN_CHARACTERS) -> str:
    """An expression: the text, cut to `most` characters."""
    # The number of bytes is known without reading the text, and is at least the number of characters.
    is_long = f"octet_length({column}) > {most} AND length({column}) > {most}"
    return f"CASE WHEN {is_long} THEN left({column}, {most - 1}) || '{ELLIPSIS}' ELSE {column} END"


def first_line(column: str) -> str:
    """An expression: the first line of a text that is not blank, without a leading list mark."""
    return f"substring(left({column}, {_LOOKED_AT}) FROM '(?:^|\\n)[\\s*\u2022-]*([^\\s*\u2022-][^\\n]*)')"


def one_line(column: str) -> str:
    """An expression: the beginning of a text with its lines joined; null if it is blank."""
    return f"nullif(btrim(regexp_replace(left({column}, {_LOOKED_AT}), '\\s+', ' ', 'g')), '')"


def shown_address(column: str) -> str:
    """An expression: the URL, or null if it is too long to be one."""
    return f"CASE WHEN length({column}) <= {MAX_ADDRESS_CHARACTERS} THEN {column} END"


COPIED: Final = "copied"
"""Replaces the URL of a recording of which the stack has a copy."""


def shown_recording(column: str, attempt: str) -> str:
    """An expression: COPIED if there is a copy of the attempt's recording, else the URL as `shown_address` gives it.

    `attempt` is an expression of Vapi's id; null for no attempt.
    """
    return f"CASE WHEN {copy_of(attempt)} = '{STORED}' THEN '{COPIED}' ELSE {shown_address(column)} END"


def copy_of(attempt: str) -> str:
    """An expression: the state of the copy of an attempt's recording; null if it has none."""
    is_its = f"copy.call_id = call.id AND copy.vapi_call_id = {attempt}"
    return f"(SELECT copy.state FROM call_recording AS copy WHERE {is_its})"  # noqa: S608 - made of constants


def shown_data(column: str) -> str:
    """An expression: the jsonb, or if it is too long, an object that says so."""
    return (
        f"CASE WHEN octet_length({column}::text) > {MAX_DATA_BYTES}"
        f" THEN jsonb_build_object('{CUT}', true) ELSE {column} END"
    )


def shown_feedback(column: str) -> str:
    """An expression: the jsonb of the feedback with each text cut."""
    texts = ("content", "positives", "detractors", "action_items")
    fields = ", ".join(f"'{name}', {shown(f'({column} ->> {name!r})', MAX_TEXT_CHARACTERS)}" for name in texts)
    data = shown_data(f"({column} -> 'structured_data')")
    return f"CASE WHEN {column} IS NOT NULL THEN json_build_object({fields}, 'structured_data', {data}) END"


def as_many_as_fit(rows: str, order: str, most: int) -> str:
    """A query: a query's first rows as text of a JSON list, as many as fit into `most` bytes, at least one.

    The second column is the number of rows.
    """
    return f"""
        SELECT '[' || coalesce(string_agg(item, ',' ORDER BY place) FILTER (WHERE place = 1 OR bytes <= {most}), '')
            || ']' AS items, count(*) AS found
        FROM (
            SELECT item, place, sum(octet_length(item)) OVER (ORDER BY place ROWS UNBOUNDED PRECEDING) AS bytes FROM (
                SELECT row_to_json(one)::text AS item, row_number() OVER ({order}) AS place FROM ({rows}) AS one
            ) AS numbered
        ) AS measured
    """  # noqa: S608 - made of constants
