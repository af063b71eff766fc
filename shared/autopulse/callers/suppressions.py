"""`POST /v1/suppressions/check`, `POST` and `DELETE /v1/suppressions`, and `make suppress` and `make unsuppress`.

Numbers are in request bodies, because URLs are logged. Only the pseudonym of a number is stored.
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from autopulse.auth.principal import Principal
from autopulse.callers.questions import obstacle_of
from autopulse.callers.services import Services
from autopulse.db.suppressions import (
    Checked,
    Row,
    Suppression,
    add_suppressions,
    check_numbers,
    find_organizations,
    remove_suppression,
)
from autopulse.domain.phone_numbers import e164_of, is_e164
from autopulse.domain.suppressions import MAX_CHECKED, MAX_REASON_CHARACTERS, Source
from autopulse.errors import Problem, Transient
from autopulse.follow_ups.requests import HEADERS, body_of, read_object
from autopulse.http import Response, answer, answer_text
from autopulse.json_coercion import Json, read_text

ROUTE: Final = "/v1/suppressions"
CHECK_ROUTE: Final = "/v1/suppressions/check"
_E164: Final = "A number is in E.164 form, as +12025550142."


def answer_request(event: Mapping[str, Any], principal: Principal, services: Services) -> Response:
    """Check, add or remove suppressions; raises Problem."""
    path, method = str(event.get("path")).rstrip("/"), event["httpMethod"]
    if (path, method) == (CHECK_ROUTE, "POST"):
        return _check(event, _writer_of_all(principal), services)
    if (path, method) == (ROUTE, "POST"):
        return _add(event, _writer(principal), services)
    if (path, method) == (ROUTE, "DELETE"):
        return _remove(event, _writer_of_all(principal), services)
    raise Problem(404, "No such path.")


def _writer(principal: Principal) -> Principal:
    if not principal.may_write:
        raise Problem(403, "You may not see or change which numbers may be called.")
    return principal


def _writer_of_all(principal: Principal) -> Principal:
    """Require a principal for all calls; one who is restricted to an advisor's calls may only add suppressions."""
    if principal.advisor_id is not None:
        raise Problem(403, "You read the calls of one advisor, and this is about all of the organization.")
    return _writer(principal)


def _check(event: Mapping[str, Any], principal: Principal, services: Services) -> Response:
    numbers = _numbers(read_object(body_of(event), ("numbers",)).get("numbers"))
    checked = [Checked(number, services.pseudonyms.of_number(number)) for number in numbers]
    rows = services.transact(
        lambda transaction: check_numbers(transaction, principal.organization_id, checked, services.settings.pause_days)
    )
    items = [_shown(number, row) for number, row in zip(numbers, rows, strict=True)]
    return answer(200, {"items": items}, HEADERS)


def _shown(number: str, row: Row) -> Row:
    obstacle = obstacle_of(row)
    return {
        "number": number,
        "suppressed": row["reason"] is not None,
        "reason": row["reason"],
        "source": row["source"],
        "since": row["since"],
        "eligible": obstacle is None,
        "obstacle": obstacle and obstacle.value,
    }


def _add(event: Mapping[str, Any], principal: Principal, services: Services) -> Response:
    given = read_object(body_of(event), ("number", "reason"))
    number, reason = _number(given.get("number")), _reason(given.get("reason"))
    added = _suppress(principal.organization_id, number, reason, Source.API, services)
    return answer(201 if added else 200, {"number": number, "added": added}, HEADERS)


def _remove(event: Mapping[str, Any], principal: Principal, services: Services) -> Response:
    number = _number(read_object(body_of(event), ("number",)).get("number"))
    if not _unsuppress(principal.organization_id, number, services):
        raise Problem(404, "The number is not suppressed.")
    return answer_text(204, "", HEADERS)


def _suppress(organization_id: str, number: str, reason: str, source: Source, services: Services) -> bool:
    one = Suppression(organization_id, services.pseudonyms.of_number(number), reason, source.value)
    return services.transact(lambda transaction: add_suppressions(transaction, [one])) > 0


def _unsuppress(organization_id: str, number: str, services: Services) -> bool:
    pseudonym = services.pseudonyms.of_number(number)
    return services.transact(lambda transaction: remove_suppression(transaction, organization_id, pseudonym))


def operate(event: Mapping[str, Any], services: Services) -> dict[str, Any]:
    """Answer an operator: {"operate": "suppress"|"unsuppress", "number", "reason", "organization"} -> {"changed"}.

    Or {"error": …}. Without an organization the only existing one is used.
    """
    number = e164_of(event.get("number"))
    if number is None:
        return {"error": "PHONE is no telephone number; write it as +12025550142"}
    try:
        organization_id = _organization(event.get("organization"), services)
        if event["operate"] == "unsuppress":
            changed = _unsuppress(organization_id, number, services)
        else:
            changed = _suppress(organization_id, number, _reason(event.get("reason")), Source.OPERATOR, services)
    except Problem as problem:
        return {"error": f"{problem.field.upper()}: {problem.detail}" if problem.field else problem.detail}
    except Transient as error:
        return {"error": f"not done: {error.reason}"}
    return {"organization": organization_id, "changed": changed}


def _organization(given: Json, services: Services) -> str:
    named = read_text(given) or ""
    try:
        id_ = UUID(named) if named else None
    except ValueError:
        raise Problem(400, "it is no id of an organization, which is a UUID", field="organization") from None
    found = services.transact(lambda transaction: find_organizations(transaction, id_))
    if len(found) != 1:
        several = "there are several organizations; say which" if found else "there is no organization"
        text = "there is no such organization" if named else several
        raise Problem(400, text, field="organization")
    return found[0]


def _numbers(value: Json) -> list[str]:
    if not isinstance(value, list) or not 0 < len(value) <= MAX_CHECKED:
        raise Problem(422, f"Give a list of 1 to {MAX_CHECKED} numbers.", field="numbers")
    for place, one in enumerate(value):
        if not is_e164(one):
            raise Problem(422, _E164, field=f"numbers[{place}]")
    return value


def _number(value: Json) -> str:
    if not isinstance(value, str) or not is_e164(value):
        raise Problem(422, _E164, field="number")
    return value


def _reason(value: Json) -> str:
    text = value.strip() if isinstance(value, str) else ""
    if not 0 < len(text) <= MAX_REASON_CHARACTERS:
        raise Problem(422, f"Say why, in {MAX_REASON_CHARACTERS} characters at most.", field="reason")
    return text
