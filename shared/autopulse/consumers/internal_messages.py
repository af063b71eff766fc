"""Messages that our own functions put into the status queue: they give the result of a task, not a call's status."""

from collections.abc import Iterable, Sequence

from autopulse.consumers.consumer import AttemptBatch, Record
from autopulse.db.engine import Transaction
from autopulse.db.recordings import Copy, save_copies
from autopulse.domain.copies import STATES, STORED
from autopulse.vapi.messages import StatusMessage


def apply_internal(transaction: Transaction, attempts: Sequence[AttemptBatch[StatusMessage]]) -> None:
    """Store the content of the batch's internal messages; the rows of the attempts have to be written before."""
    copies = {(copy["call_id"], copy["vapi_call_id"]): copy for copy in sorted(_copies(attempts), key=_precedence)}
    if copies:
        save_copies(transaction, list(copies.values()))


def _copies(attempts: Iterable[AttemptBatch[StatusMessage]]) -> Iterable[Copy]:
    for attempt in attempts:
        for record in attempt.records:
            if record.message.copy_state:
                yield _copy(attempt, record, record.message.copy_state)


def _copy(attempt: AttemptBatch[StatusMessage], record: Record[StatusMessage], state: str) -> Copy:
    message = record.message
    is_stored = state == STORED
    return Copy(
        call_id=attempt.call.row.id,
        vapi_call_id=attempt.vapi_call_id,
        state=state,
        object_key=message.key if is_stored else None,
        bytes=int(message.bytes) if is_stored and message.bytes is not None else None,
        content_type=message.content_type if is_stored else None,
        sha256=message.sha256 if is_stored else None,
        stored_at=record.envelope.received_at if is_stored else None,
    )


def _precedence(copy: Copy) -> tuple[int, str]:
    """Sort key of messages about one attempt: the last one counts, as it does in the database."""
    return STATES.index(copy["state"]), copy["stored_at"].isoformat() if copy["stored_at"] else ""
