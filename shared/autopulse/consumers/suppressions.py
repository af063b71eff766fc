"""Suppress the numbers of customers who asked during a call not to be called any more."""

from collections.abc import Sequence

from autopulse.consumers.calls import Change
from autopulse.db.engine import Transaction
from autopulse.domain.facts import Facts
from autopulse.domain.suppressions import asks_for_no_calls
from autopulse.observability import logger
from autopulse.vapi.messages import ReportMessage


def suppress_who_asks_for_it(transaction: Transaction, changes: Sequence[Change[ReportMessage]]) -> None:
    """Suppress the numbers of reports that newly contain such a request, with one statement if there are any.

    Raises Transient if the key of pseudonyms cannot be read, so that the batch is retried. A suppression that a person
    has removed is not made again by later reports of the same call. A call without a number is logged by its id.
    """
    new = [change for change in changes if _asks(change.facts) and not _asks(change.attempt.facts)]
    if new:
        _suppress(transaction, new)


def _suppress(transaction: Transaction, changes: Sequence[Change[ReportMessage]]) -> None:
    from autopulse import pseudonym_key  # noqa: PLC0415 - few reports need it
    from autopulse.db.suppressions import Suppression, add_suppressions  # noqa: PLC0415
    from autopulse.domain.phone_numbers import e164_of  # noqa: PLC0415
    from autopulse.domain.suppressions import ASKED_IN_A_CALL, Source  # noqa: PLC0415

    pseudonyms = pseudonym_key.pseudonyms()
    rows = set()
    for change in changes:
        call = change.attempt.call
        number = e164_of(change.facts.identity.customer_number) or e164_of(call.row.customer_number)
        if number is None:
            logger().warning("No number to suppress", extra={"call_id": call.row.id})
            continue
        pseudonym = pseudonyms.of_number(number)
        rows.add(Suppression(call.organization_id, pseudonym, ASKED_IN_A_CALL, Source.STRUCTURED_OUTPUT.value))
    if rows:
        add_suppressions(transaction, rows)


def _asks(facts: Facts) -> bool:
    feedback = facts.report.feedback if facts.report else None
    return feedback is not None and asks_for_no_calls(feedback.structured_data)
