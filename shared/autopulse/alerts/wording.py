"""The texts of alerts: a sentence and a link, with only the given data of the customer."""

from typing import Any, Final

from autopulse.alerts.messages import Alert, Customer, Step
from autopulse.domain.bounds import cut

MAX_WORDS_CHARACTERS: Final = 500
_SENTENCES: Final = {
    Step.OPENED: "A follow-up was opened.",
    Step.OVERDUE: "A follow-up is overdue: nobody has closed it in time.",
}


def subject_of(alert: Alert) -> str:
    """The subject of a mail; it has no data of the customer, because phones show it on locked screens."""
    return "AutoPulse: " + ("a follow-up was opened" if alert.step == Step.OPENED else "a follow-up is overdue")


def link_to(alert: Alert, console_url: str) -> str:
    """The URL of the call with its follow-up in the console."""
    return f"{console_url.rstrip('/')}/?call={alert.call_id}"


def text_of(alert: Alert, console_url: str) -> str:
    """The whole alert as plain text."""
    lines = [_SENTENCES[alert.step], *(() if alert.customer is None else _lines(alert.customer))]
    return "\n".join([*lines, link_to(alert, console_url)])


def fields_of(alert: Alert, console_url: str) -> dict[str, Any]:
    """The alert as JSON, for programs."""
    given: dict[str, Any] = {
        "type": f"follow_up.{alert.step}",
        "follow_up_id": alert.follow_up_id,
        "call_id": alert.call_id,
        "url": link_to(alert, console_url),
        "text": text_of(alert, console_url),
    }
    if alert.customer is not None:
        names = ("name", "phone", "vehicle", "score", "words")
        given["customer"] = {name: getattr(alert.customer, name) for name in names}
    return given


def as_slack_text(text: str) -> str:
    """Escape plain text for Slack and the like, so that a customer's words make no link and mention nobody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _lines(customer: Customer) -> list[str]:
    told = map(_one_line, (customer.name, customer.phone, customer.vehicle))
    who = ", ".join(filter(None, told))
    words = cut(_one_line(customer.words), MAX_WORDS_CHARACTERS)
    score = "" if customer.score is None else f"Score: {customer.score} of 10"
    return [line for line in (who, score, f"“{words}”" if words else "") if line]


def _one_line(text: str | None) -> str:
    """Join the lines, so that a customer's name or words cannot imitate a line of ours, such as the link."""
    return " ".join((text or "").split())
