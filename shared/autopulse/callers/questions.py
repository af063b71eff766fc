"""Answer the verifier's questions, for which Vapi waits.

    {"question": "assistant-request", "phone_number_id", "number", "vapi_call_id"}
        -> {"assistant_id", "caller", "call_id", "variables": {…}}
    {"question": "predial", "owner_ids": […], "number", "call_id"}  -> {"eligible", "reason"}
    {"question": "transfer", "phone_number_id"}                     -> {"number"}

or {"error": reason}. Of a request, only Vapi's call id is logged.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from autopulse.callers.services import ANSWER_SECONDS, Services
from autopulse.db.callers import Defaults, InboundCall, Row, answer_caller, find_owner, find_transfer_number
from autopulse.db.suppressions import Checked, check_numbers
from autopulse.domain.phone_numbers import e164_of, is_e164
from autopulse.domain.suppressions import Obstacle
from autopulse.errors import DataRejected, Transient
from autopulse.json_coercion import read_call_id, read_list, read_text, read_vapi_call_id
from autopulse.observability import loggable_id, logger

Answer = dict[str, Any]
MAX_ID_CHARACTERS: Final = 200
NO_NUMBER: Final = "no_number"
NO_ORGANIZATION: Final = "no_organization"
IGNORED: Final = "ignored"
"""The phone number is marked as not ours."""
ELIGIBLE: Final = "eligible"
_PERSONAL: Final = ("customer_name", "vehicle", "visit_date", "advisor")


def answer_question(question: Mapping[str, Any], services: Services) -> Answer:
    """Answer the verifier. Errors are answers too, because a failed invocation has no reason."""
    name = str(question.get("question"))
    read = QUESTIONS.get(name)
    if read is None:
        return {"error": "no such question"}
    facts: dict[str, Any] = {
        "question": name,
        "vapi_call_id": loggable_id(read_vapi_call_id(question.get("vapi_call_id"))),
    }
    try:
        answer = read(question, services)
    except (Transient, DataRejected) as error:
        logger().error("Question not answered", extra=facts | {"reason": error.reason, "detail": error.detail})
        return {"error": error.reason}
    told = {key: answer[key] for key in ("caller", "call_id", "reason") if key in answer}
    logger().info("Question answered", extra=facts | told)
    return answer


def _assistant(question: Mapping[str, Any], services: Services) -> Answer:
    settings = services.settings
    call = InboundCall(
        _id(question.get("phone_number_id")),
        read_vapi_call_id(question.get("vapi_call_id")) or "",
        e164_of(question.get("number")),
    )
    defaults = Defaults(settings.default_organization_id, settings.inbound_assistant_id)
    row = services.transact(lambda transaction: answer_caller(transaction, call, defaults), ANSWER_SECONDS)
    if row is None:
        return {"assistant_id": None, "caller": IGNORED, "call_id": None, "variables": {}}
    return {
        "assistant_id": row["assistant_id"] or None,
        "caller": _caller(call, row),
        "call_id": row["call_id"],
        "variables": _variables(row, personal=settings.personal_values),
    }


def _caller(call: InboundCall, row: Row) -> str:
    if row["organization_id"] is None:
        return NO_ORGANIZATION
    if call.number is None:
        return "withheld"
    if row["visit_id"] is not None:
        return "known"
    return "ambiguous" if row["has_visits"] else "unknown"


def _variables(row: Row, *, personal: bool) -> dict[str, str]:
    """The assistant's variables; whose number it is, and that we called it, only if the stack allows it."""
    variables = {} if row["call_id"] is None else {"call_id": str(row["call_id"])}
    if not personal or row["visit_id"] is None:
        return variables
    variables |= {name: str(row[name]) for name in _PERSONAL if row[name]}
    return variables | {"missed_call": "yes" if row["missed_call"] else "no"}


def _predial(question: Mapping[str, Any], services: Services) -> Answer:
    number = e164_of(question.get("number"))
    if number is None:
        return _not_eligible(NO_NUMBER)
    ids = [id_ for one in read_list(question.get("owner_ids"))[:10] if (id_ := _id(one))]
    checked = Checked(number, services.pseudonyms.of_number(number), read_call_id(question.get("call_id")))
    settings = services.settings

    def check(transaction: Any) -> Row | None:  # noqa: ANN401 - db.engine.Transaction
        organization_id = find_owner(transaction, ids, settings.default_organization_id)
        if organization_id is None:
            return None
        return check_numbers(transaction, organization_id, [checked], settings.pause_days)[0]

    row = services.transact(check, ANSWER_SECONDS)
    if row is None:
        return _not_eligible(NO_ORGANIZATION)
    obstacle = obstacle_of(row)
    return {"eligible": True, "reason": ELIGIBLE} if obstacle is None else _not_eligible(obstacle.value)


def _not_eligible(reason: str) -> Answer:
    return {"eligible": False, "reason": reason}


def obstacle_of(row: Row) -> Obstacle | None:
    """The obstacle to calling a number, from the result of `check_numbers`; None if there is none."""
    found = {
        Obstacle.SUPPRESSED: row["reason"] is not None,
        Obstacle.IN_CALL: row["in_call"],
        Obstacle.ASKED_LATELY: row["asked_lately"],
        Obstacle.ANSWERED: row["answered"],
    }
    return next((obstacle for obstacle in Obstacle if found[obstacle]), None)


def _transfer(question: Mapping[str, Any], services: Services) -> Answer:
    id_ = _id(question.get("phone_number_id"))
    number = services.transact(lambda transaction: find_transfer_number(transaction, id_), ANSWER_SECONDS)
    return {"number": number if is_e164(number) else None}


def _id(value: Any) -> str:  # noqa: ANN401 - any JSON
    text = read_text(value) or ""
    return text if len(text) <= MAX_ID_CHARACTERS else ""


QUESTIONS: Final[Mapping[str, Callable[[Mapping[str, Any], Services], Answer]]] = {
    "assistant-request": _assistant,
    "predial": _predial,
    "transfer": _transfer,
}
"""Name of a question -> the function that answers it; `ingress.callers` asks them."""
