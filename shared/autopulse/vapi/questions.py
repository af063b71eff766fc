"""Requests of Vapi's that the database answers: the question in them, and the form of the answer.

Only the values that are named here leave the message: an `assistant-request` contains secrets of the phone number
(`twilioAuthToken`, `serverUrlSecret`).
"""

from collections.abc import Callable, Mapping
from typing import Final

from autopulse.json_coercion import Json, read_call_id, read_mapping, read_text, read_vapi_call_id

ASSISTANT_REQUEST: Final = "assistant-request"
PREDIAL: Final = "campaign.predial"
TRANSFER: Final = "transfer-destination-request"
MAX_CHARACTERS: Final = 200
"""The maximum length of an id or a number in a question; real ones have under 50 characters."""

Question = dict[str, Json]


def question_of(message: Mapping[str, Json]) -> Question | None:
    """The question for the callers' function (`callers.questions`); None for a type that it does not answer."""
    read = _READERS.get(message["type"])
    return read(message) if read else None


def phone_number_id_of(message: Mapping[str, Json]) -> str | None:
    """Vapi's id of the phone number that a message is about."""
    call = read_mapping(message.get("call"))
    return _text(call.get("phoneNumberId"), _of(message, "phoneNumber", "id"), _of(call, "phoneNumber", "id"))


def _assistant_request(message: Mapping[str, Json]) -> Question:
    call = read_mapping(message.get("call"))
    return {
        "question": "assistant-request",
        "phone_number_id": phone_number_id_of(message),
        "number": _text(_of(message, "customer", "number"), _of(call, "customer", "number")),
        "vapi_call_id": read_vapi_call_id(call.get("id")),
    }


def _predial(message: Mapping[str, Json]) -> Question:
    contact, call = read_mapping(message.get("contact")), read_mapping(message.get("call"))
    assistant_id = _text(
        call.get("assistantId"), message.get("assistantId"), _of(message, "assistant", "id"), contact.get("assistantId")
    )
    phone_number_id = phone_number_id_of(message) or _text(message.get("phoneNumberId"), contact.get("phoneNumberId"))
    campaign_id = _text(message.get("campaignId"), contact.get("campaignId"))
    return {
        "question": "predial",
        "owner_ids": [id_ for id_ in (phone_number_id, assistant_id, campaign_id) if id_],
        "number": _text(contact.get("number"), _of(message, "customer", "number")),
        "call_id": read_call_id(_of(contact, "assistantOverrides", "variableValues", "call_id")),
    }


def _transfer(message: Mapping[str, Json]) -> Question:
    return {"question": "transfer", "phone_number_id": phone_number_id_of(message)}


def with_assistant(assistant_id: str, variables: Mapping[str, str]) -> Json:
    """The answer to an `assistant-request`; without variables the assistant does not know the caller."""
    answer: dict[str, Json] = {"assistantId": assistant_id}
    if variables:
        answer["assistantOverrides"] = {"variableValues": dict(variables)}
    return answer


def with_destination(number: str) -> Json:
    """The answer to a `transfer-destination-request`."""
    return {"destination": {"type": "number", "number": number}}


def with_eligibility(*, eligible: bool) -> Json:
    """The answer to a `campaign.predial`."""
    return {"eligible": eligible}


def _of(value: Mapping[str, Json], *path: str) -> Json:
    found: Json = value
    for name in path:
        found = read_mapping(found).get(name)
    return found


def _text(*values: Json) -> str | None:
    """The first value that is a text of at most the maximum length."""
    texts = (read_text(value) for value in values)
    return next((text for text in texts if text and len(text) <= MAX_CHARACTERS), None)


_READERS: Final[Mapping[str, Callable[[Mapping[str, Json]], Question]]] = {
    ASSISTANT_REQUEST: _assistant_request,
    PREDIAL: _predial,
    TRANSFER: _transfer,
}
"""Message type -> the function that reads its question."""
