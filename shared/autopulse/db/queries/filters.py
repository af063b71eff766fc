"""The filters of lists: each is a condition for which the migrations create an index.

The expressions here have to be the same as in the indexes; otherwise Postgres does not use these.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from autopulse.domain import status
from autopulse.domain.nps import CATEGORIES, PASSIVES_FROM, PROMOTERS_FROM
from autopulse.domain.outcome import ANSWERED

BOUND_ADVISOR: Final = "bound_advisor"
"""The condition that restricts a principal to the calls of one service advisor (`db.scope`)."""
BEGAN: Final = "coalesce(call.start_time, call.end_time, call.updated_at, '-infinity'::timestamptz)"
"""The sort key of calls: start, else the end of a call that was not answered, else when the row was last written.

So calls that are still to come, or that failed before they had any time, do not stay at the top.
"""
REACHED: Final = f"({', '.join(repr(outcome.value) for outcome in ANSWERED)})"
"""Outcomes of calls that were answered."""
OVER: Final = str(status.OVER)
"""Statuses of calls that have ended."""
TO_COME: Final = f"call.start_time IS NULL AND call.end_time IS NULL AND call.status IN {status.TO_COME}"
"""Whether a call is still to come: it has not been dialled."""
NPS_CATEGORIES: Final = tuple(CATEGORIES)
NPS_CATEGORY: Final = f"width_bucket(call.nps_score, ARRAY[{PASSIVES_FROM}, {PROMOTERS_FROM}])"
"""The index in NPS_CATEGORIES."""
COUNTS: Final = f"call.nps_score BETWEEN 0 AND 10 AND call.outcome IN {REACHED}"
"""Whether a score counts in the lists and statistics: a voicemail may have a score that no customer gave."""
COMPLAINT: Final = "btrim(feedback.detractors, E' \\n') <> ''"
"""Whether there is a complaint of the customer."""
DIRECTION: Final = "CASE WHEN call.is_web THEN 'web' ELSE call.direction END"
"""The application's column has two values only, and a web call may have either."""
DIGITS: Final = "reverse(regexp_replace(call.customer_number, '[^0-9]', '', 'g'))"
"""The digits in reverse order, because people search for the end of a number, without its country code."""
NAME_WORDS: Final = "to_tsvector('simple'::regconfig, left(record.customer_name, 1000))"
FEEDBACK_WORDS: Final = (
    "to_tsvector('simple'::regconfig,"
    " left(coalesce(feedback.detractors, ''::text) || ' '::text || coalesce(feedback.action_items, ''::text), 100000))"
)
_TAGGED: Final = "replace(' ' || {words}::text, ' ''', ' ''' || right({organization}::text, 8))"
NAMES_OF_THE_ORGANIZATION: Final = (
    _TAGGED.format(words=NAME_WORDS, organization="record.organization_id") + "::tsvector"
)
"""The words of a name, each preceded by the end of the organization's id.

A name that is common in other organizations is then found without reading their rows.
"""
# Accented letters are replaced as in the search of `domain.word_search`, and so are word separators.
VISIT_WORDS: Final = (
    "to_tsvector('simple'::regconfig, translate(lower(left(coalesce(record.customer_name, '') || ' '"
    " || coalesce(record.vehicle_info, '') || ' ' || coalesce(record.service_advisor_name, ''), 1000)),"
    " 'àáâãäåçèéêëìíîïñòóôõöùúûüýÿÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖÙÚÛÜÝŸ-/._',"
    " 'aaaaaaceeeeiiiinooooouuuuyyaaaaaaceeeeiiiinooooouuuuyy    '))"
)
"""The words of a visit: its customer, vehicle and advisor."""
_OF_THE_ORGANIZATION: Final = "record.organization_id = CAST(:organization AS uuid)"

Filters = Mapping[str, str | int | bool]
"""Name of a condition -> its value."""
CONDITIONS: Final[Mapping[str, str]] = {
    "ids": "call.id = ANY (CAST(:ids AS integer[]))",
    "status": "call.status = :status",
    "statuses": "call.status = ANY (CAST(:statuses AS text[]))",
    "outcome": "call.outcome = :outcome",
    "to_come": TO_COME,
    "not_to_come": f"({TO_COME}) IS NOT TRUE",
    "campaign": "call.campaign_id = :campaign",
    "direction": "call.direction = :direction AND NOT call.is_web",
    "web": "call.is_web = :web",
    "directions": f"{DIRECTION} = ANY (CAST(:directions AS text[]))",
    "demo": "call.is_demo = :demo",
    "since": f"{BEGAN} >= CAST(:since AS timestamptz)",
    "until": f"{BEGAN} < CAST(:until AS timestamptz)",
    "digits": f"{DIGITS} LIKE :digits",
    "nps_category": f"{COUNTS} AND {NPS_CATEGORY} = :nps_category",
    "no_score": f"({COUNTS}) IS NOT TRUE",
    "reason": "call.reason_key = :reason",
    "any_reason": "(call.reason_key IS NOT NULL) = :any_reason",
    "telling": f"(({COUNTS} OR {COMPLAINT}) IS TRUE) = :telling",
    "advisor_id": f"record.service_advisor_id = :advisor_id AND {_OF_THE_ORGANIZATION}",
    BOUND_ADVISOR: f"record.service_advisor_id = :{BOUND_ADVISOR} AND {_OF_THE_ORGANIZATION}",
    "advisor_name": f"record.service_advisor_name = :advisor_name AND {_OF_THE_ORGANIZATION}",
    "name": f"{NAME_WORDS} @@ to_tsquery('simple'::regconfig, :name)",
    "words": f"{FEEDBACK_WORDS} @@ to_tsquery('simple'::regconfig, :words)",
}
OF_THE_RECORD: Final = frozenset({"advisor_id", BOUND_ADVISOR, "advisor_name", "name"})
"""Conditions on the service record."""
_IF_OF_THE_ORGANIZATION: Final = f"CASE WHEN {_OF_THE_ORGANIZATION} THEN true END"
"""The planner estimates a CASE as true for half of the rows.

It would estimate the plain condition as rare as the organization, in addition to the organization's own condition.
"""
SERVICE_RECORDS: Final[Mapping[str, str]] = {
    **CONDITIONS,
    "name": (
        f"{NAMES_OF_THE_ORGANIZATION} @@ "
        + _TAGGED.format(words="to_tsquery('simple'::regconfig, :name)", organization="CAST(:organization AS uuid)")
        + f"::tsquery AND {_IF_OF_THE_ORGANIZATION}"
    ),
}
"""The same conditions as the indexes of the service records have them."""
VISITS_FOUND: Final = (
    _TAGGED.format(words=VISIT_WORDS, organization="record.organization_id")
    + "::tsvector @@ "
    + _TAGGED.format(
        words="to_tsquery('simple'::regconfig, :search_visits)", organization="CAST(:organization AS uuid)"
    )
    + f"::tsquery AND {_IF_OF_THE_ORGANIZATION}"
)
"""The condition that a search finds a service record, as its index has it."""
RECORD: Final = f"service_record AS record WHERE record.id = call.service_record_id AND {_IF_OF_THE_ORGANIZATION}"
"""The visit of a call, if it belongs to the organization, as nearly all do."""


def where(names: Iterable[str]) -> str:
    """The conditions of a list, always with the organization's."""
    return " AND ".join(["call.organization_id = CAST(:organization AS uuid)", *(CONDITIONS[name] for name in names)])


def conditions(names: Iterable[str]) -> str:
    """Some of the conditions, at least one."""
    return " AND ".join(CONDITIONS[name] for name in names)


def of_service_records(names: Iterable[str]) -> tuple[str, ...]:
    """Those of the conditions that are on the service record."""
    return tuple(name for name in names if name in OF_THE_RECORD)
