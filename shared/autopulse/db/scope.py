"""The restrictions of a principal in SQL: the organization, and the advisor if the principal may read only one's calls.

Every statement takes `values_of(scope)`. A statement that reads a single call or follow-up has `OF_THE_CALL` or
`OF_THE_FOLLOW_UP` among its conditions; a list uses `narrowed(...)` filters, which have an index of their own.
"""

from collections.abc import Mapping
from typing import Final

from autopulse.db.queries.filters import BOUND_ADVISOR
from autopulse.domain.scope import Scope, UserKey

_IS_UNBOUNDED: Final = f"CAST(:{BOUND_ADVISOR} AS integer) IS NULL"
_VISIT: Final = f"""
    visit.organization_id = CAST(:organization AS uuid)
    AND visit.service_advisor_id = CAST(:{BOUND_ADVISOR} AS integer)
"""
OF_THE_CALL: Final = f"""({_IS_UNBOUNDED} OR EXISTS (
    SELECT FROM service_record AS visit WHERE visit.id = call.service_record_id AND {_VISIT} OFFSET 0))"""
"""Whether the row `call`, which belongs to the organization, belongs to a visit of the advisor."""
_VISIT_OF_THE_FOLLOW_UP: Final = f"""EXISTS (
    SELECT FROM call AS seen
    WHERE seen.id = follow_up.call_id AND seen.organization_id = CAST(:organization AS uuid) AND EXISTS (
        SELECT FROM service_record AS visit WHERE visit.id = seen.service_record_id AND {_VISIT} OFFSET 0) OFFSET 0)"""  # noqa: S608 - made of constants
OF_THE_FOLLOW_UP: Final = f"({_IS_UNBOUNDED} OR {_VISIT_OF_THE_FOLLOW_UP})"
"""The same condition for the row `follow_up`."""
# If two users match, neither is chosen.
ME: Final = """(
    SELECT min(me.id) FROM "user" AS me
    WHERE me.organization_id = CAST(:organization AS uuid) AND CASE
        WHEN CAST(:me_id AS integer) IS NOT NULL THEN me.id = CAST(:me_id AS integer)
        ELSE lower(me.email) = lower(CAST(:me_email AS text)) END
    HAVING count(*) = 1)"""
"""The id of the organization's user that a token names; null without one, or if two users have the e-mail address."""


def values_of(scope: Scope) -> dict[str, str | int | None]:
    """The parameters of the conditions above."""
    return {"organization": scope.organization_id, BOUND_ADVISOR: scope.advisor_id}


def values_of_user(key: UserKey) -> dict[str, str | int | None]:
    """The parameters of ME; an empty address matches no user."""
    return {"me_id": key.id, "me_email": key.email or None}


def narrowed(scope: Scope, filters: Mapping[str, str | int | bool]) -> dict[str, str | int | bool]:
    """The filters of a list, with the restriction of the scope added."""
    return {**filters} if scope.advisor_id is None else {**filters, BOUND_ADVISOR: scope.advisor_id}
