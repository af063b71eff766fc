"""What lists can be narrowed by: each filter is one condition that an index of the migrations answers.

The texts here and in the indexes have to be the same, or Postgres does not see that they are.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from autopulse.db.scope import BOUND_ADVISOR
from autopulse.domain import status
from autopulse.domain.nps import CATEGORIES, PASSIVES_FROM, PROMOTERS_FROM
from autopulse.domain.outcome import ANSWERED

BEGAN: Final = "coalesce(call.start_time, call.end_time, call.updated_at, '-infinity'::timestamptz)"
"""What calls are sorted by: one that never got through has an end only, others stand where their row was last written.

So a call that is still to come, or that failed before it had any time, does not stay on top for ever.
"""
REACHED: Final = f"({', '.join(repr(outcome.value) for outcome in ANSWERED)})"
"""Outcomes of calls in which somebody answered."""
OVER: Final = str(status.OVER)
"""Statuses of calls that came to an end."""
TO_COME: Final = f"call.start_time IS NULL AND call.end_time IS NULL AND call.status IN {status.TO_COME}"
"""Whether a call is still to come: nobody has been rung."""
NPS_CATEGORIES: Final = tuple(CATEGORIES)
NPS_CATEGORY: Final = f"width_bucket(call.nps_score, ARRAY[{PASSIVES_FROM}, {PROMOTERS_FROM}])"
"""A place in NPS_CATEGORIES."""
COUNTS: Final = f"call.nps_score BETWEEN 0 AND 10 AND call.outcome IN {REACHED}"
"""Whether a score counts, here and in every figure: a voicemail may have one, and nobody gave it."""
COMPLAINT: Final = "btrim(feedback.detractors, E' \\n') <> ''"
"""Whether the customer complained of something."""
DIRECTION: Final = "CASE WHEN call.is_web THEN 'web' ELSE call.direction END"
"""The application's column knows two words only, and a web call may be either."""
DIGITS: Final = "reverse(regexp_replace(call.customer_number, '[^0-9]', '', 'g'))"
"""Backwards, since people know a number's end and not its country code."""
NAME_WORDS: Final = "to_tsvector('simple'::regconfig, left(record.customer_name, 1000))"
FEEDBACK_WORDS: Final = (
    "to_tsvector('simple'::regconfig,"
    " left(coalesce(feedback.detractors, ''::text) || ' '::text || coalesce(feedback.action_items, ''::text), 100000))"
)
_TAGGED: Final = "replace(' ' || {words}::text, ' ''', ' ''' || right({organization}::text, 8))"
NAMES_OF_THE_ORGANIZATION: Final = (
    _TAGGED.format(words=NAME_WORDS, organization="record.organization_id") + "::tsvector"
)
"""The words of a name, each with the end of the organization's id before it.

What many customers of other organizations are called is then found without reading theirs.
"""
# Letters with accents, as they are folded for searching in `domain.words`, and what keeps words apart.
VISIT_WORDS: Final = (
    "to_tsvector('simple'::regconfig, translate(lower(left(coalesce(record.customer_name, '') || ' '"
    " || coalesce(record.vehicle_info, '') || ' ' || coalesce(record.service_advisor_name, ''), 1000)),"
    " 'àáâãäåçèéêëìíîïñòóôõöùúûüýÿÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖÙÚÛÜÝŸ-/._',"
    " 'aaaaaaceeeeiiiinooooouuuuyyaaaaaaceeeeiiiinooooouuuuyy    '))"
)
"""Words of a visit: its customer, vehicle and advisor."""
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
"""In a CASE the planner takes it for a coin's toss.

As an equation it would be as rare as the organization, on top of what the organization narrowed already.
"""
SERVICE_RECORDS: Final[Mapping[str, str]] = {
    **CONDITIONS,
    "name": (
        f"{NAMES_OF_THE_ORGANIZATION} @@ "
        + _TAGGED.format(words="to_tsquery('simple'::regconfig, :name)", organization="CAST(:organization AS uuid)")
        + f"::tsquery AND {_IF_OF_THE_ORGANIZATION}"
    ),
}
"""The same conditions as an index of the service records themselves has them."""
VISITS_FOUND: Final = (
    _TAGGED.format(words=VISIT_WORDS, organization="record.organization_id")
    + "::tsvector @@ "
    + _TAGGED.format(
        words="to_tsquery('simple'::regconfig, :search_visits)", organization="CAST(:organization AS uuid)"
    )
    + f"::tsquery AND {_IF_OF_THE_ORGANIZATION}"
)
"""The condition on service records that a search finds them, as an index has it."""
RECORD: Final = f"service_record AS record WHERE record.id = call.service_record_id AND {_IF_OF_THE_ORGANIZATION}"
"""The visit of a call, if it is of the organization, as all but a few are."""


def where(names: Iterable[str]) -> str:
    """The conditions of a list, of one organization whatever else is asked for."""
    return " AND ".join(["call.organization_id = CAST(:organization AS uuid)", *(CONDITIONS[name] for name in names)])


def conditions(names: Iterable[str]) -> str:
    """Some of the conditions, none of which may be all that there is."""
    return " AND ".join(CONDITIONS[name] for name in names)


def of_service_records(names: Iterable[str]) -> tuple[str, ...]:
    """Those conditions that are on the service record."""
    return tuple(name for name in names if name in OF_THE_RECORD)
