"""Compute the reason of a call in SQL: in the statement that writes the feedback, and again for stored calls.

Postgres folds texts: accents and case are removed, and punctuation becomes a blank. Keywords are then searched between
blanks, which are the word boundaries.
"""

import json
from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection, text

from autopulse.db.statement_parameters import as_array
from autopulse.domain.nps import PASSIVES_FROM
from autopulse.domain.reasons import ANY_ENDING, DEFAULTS, MAX_SEARCHED_CHARACTERS, NOTHING, OTHER

ROWS: Final = 5000
"""The number of calls that one transaction reads; only those whose reason changes are locked."""
_ACCENTS: Final = r"'[\u0300-\u036f]+'"
# [[:alnum:]] would only match Latin letters in a database with the locale C.
_BETWEEN_WORDS: Final = (
    r"'[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf"
    r"\u2000-\u206f\u3000-\u303f]+'"
)


def folded(expression: str) -> str:
    """An expression: the text without accents, case and punctuation; words are separated by one blank."""
    bare = f"lower(regexp_replace(normalize({expression}, NFD), {_ACCENTS}, '', 'g'))"
    return f"btrim(regexp_replace({bare}, {_BETWEEN_WORDS}, ' ', 'g'))"


def _pattern(keyword: str) -> str:
    return f"% {keyword[:-1]}%" if keyword.endswith(ANY_ENDING) else f"% {keyword} %"


def _plain(label: str) -> str:
    return " ".join("".join(one if one.isalnum() else " " for one in label.casefold()).split())


DEFAULT_CATEGORIES: Final = json.dumps(
    [
        {
            "key": category.key,
            "position": position,
            "names": [_plain(category.key), _plain(category.label)],
            "patterns": list(map(_pattern, category.keywords)),
        }
        for position, category in enumerate(DEFAULTS)
    ]
)
"""The value of `:reason_categories`: the default categories, folded for comparison."""

_NOTHING: Final = ", ".join(f"'{word}'" for word in NOTHING)
_OWN_PATTERNS: Final = f"""ARRAY(
    SELECT '% ' || word || CASE WHEN any_ending THEN '%' ELSE ' %' END FROM (
        SELECT {folded("keyword")} AS word, btrim(keyword) LIKE '%{ANY_ENDING}' AS any_ending
        FROM unnest(keywords) AS keyword
    ) AS keyword WHERE word <> ''
)"""  # noqa: S608 - made of constants


def reasons(said: str) -> str:
    """Common table expressions, the last of which is `reason (call_id, key)`: the reason of each call, null for none.

    `said` is the name of a relation of call_id, organization_id, nps_score, content, detractors and reason_category; a
    row without content has no feedback, and therefore no reason.
    """
    return f"""
        reason_said AS MATERIALIZED (
            SELECT call_id, organization_id,
                content IS NOT NULL AND nps_score BETWEEN 0 AND {PASSIVES_FROM - 1} AS unhappy,
                {folded(f"left(detractors, {MAX_SEARCHED_CHARACTERS})")} AS words,
                ARRAY(SELECT {folded("line")} FROM unnest(string_to_array(reason_category, E'\\n')) AS line) AS told
            FROM {said}
        ), reason_known AS MATERIALIZED (
            SELECT organization_id, key, position, ARRAY[{folded("key")}, {folded("label")}] AS names,
                {_OWN_PATTERNS} AS patterns
            FROM reason_category WHERE organization_id = ANY (ARRAY(SELECT organization_id FROM reason_said))
            UNION ALL
            SELECT NULL, key, position, names, patterns FROM json_to_recordset(CAST(:reason_categories AS json))
                AS category (key text, position integer, names text[], patterns text[])
        ), reason AS MATERIALIZED (
            SELECT call_id, CASE
                WHEN told IS NOT NULL THEN coalesce((
                    SELECT key FROM reason_known AS known
                    WHERE known.organization_id IS NOT DISTINCT FROM whose AND known.names && told
                    ORDER BY position, key LIMIT 1), '{OTHER}')
                WHEN words IS NOT NULL THEN coalesce((
                    SELECT key FROM reason_known AS known
                    WHERE known.organization_id IS NOT DISTINCT FROM whose AND ' ' || words || ' ' LIKE ANY (patterns)
                    ORDER BY position, key LIMIT 1), '{OTHER}')
                WHEN unhappy THEN '{OTHER}' END AS key
            FROM (
                SELECT call_id, unhappy, CASE WHEN words NOT IN ({_NOTHING}) THEN words END AS words,
                    CASE WHEN NOT told <@ ARRAY[{_NOTHING}] THEN told END AS told,
                    (SELECT organization_id FROM reason_known
                        WHERE reason_known.organization_id = reason_said.organization_id LIMIT 1) AS whose
                FROM reason_said
            ) AS one
        )
    """  # noqa: S608 - made of constants


_STORED: Final = """
    SELECT call.id AS call_id, call.organization_id, call.nps_score, call.reason_key, feedback.content,
        feedback.detractors, feedback.reason_category
    FROM call LEFT JOIN call_feedback AS feedback ON feedback.call_id = call.id
"""
_NEXT: Final = text(f"""
    WITH batch AS MATERIALIZED ({_STORED} WHERE call.id > :after ORDER BY call.id LIMIT :rows), {reasons("batch")}
    SELECT max(batch.call_id), array_agg(batch.call_id) FILTER (WHERE batch.reason_key IS DISTINCT FROM reason.key)
    FROM batch JOIN reason USING (call_id)
""")  # noqa: S608 - made of constants
# The reasons are computed again while the rows are locked, in the order in which all transactions lock calls.
_LOCK: Final = text("SELECT FROM call WHERE id = ANY (CAST(:ids AS integer[])) ORDER BY id FOR NO KEY UPDATE")
_CORRECT: Final = text(f"""
    WITH batch AS MATERIALIZED ({_STORED} WHERE call.id = ANY (CAST(:ids AS integer[]))), {reasons("batch")}
    UPDATE call SET reason_key = reason.key FROM reason
    WHERE call.id = reason.call_id AND call.reason_key IS DISTINCT FROM reason.key
""")  # noqa: S608 - made of constants


def give_reasons(connection: Connection, commit: Callable[[], None]) -> int:
    """Set the reason of each call by the current categories; returns how many changed.

    `commit` ends each transaction. Each migration does this, for feedback that the application itself has written, and
    for changed categories.
    """
    after, changed = 0, 0
    while True:
        last, ids = connection.execute(
            _NEXT, {"after": after, "rows": ROWS, "reason_categories": DEFAULT_CATEGORIES}
        ).one()
        commit()
        if last is None:
            return changed
        if ids:
            connection.execute(_LOCK, {"ids": as_array(ids)})
            values = {"ids": as_array(ids), "reason_categories": DEFAULT_CATEGORIES}
            changed += connection.execute(_CORRECT, values).rowcount
            commit()
        after = last
