"""The requests and answers about erasures, which the erasure function gives."""

from pydantic import Field

from autopulse.api.answer_types import Answer, Moment


class ErasureRequest(Answer):
    """What has to be erased: exactly one of our call id, Vapi's call id and a phone number."""

    call_id: int | None = None
    vapi_call_id: str | None = None
    phone: str | None = Field(None, description="All calls and visits of the number, in whatever form it is written.")
    dry_run: bool = Field(False, description="Count, and erase nothing.")


class ErasureAccepted(Answer):
    """The id under which the report can be read."""

    id: str


class ErasureStore(Answer):
    """The result of an erasure in one store."""

    store: str = Field(description="calls, visits, recordings, vapi, queues, dead_letters, payloads or backups.")
    found: int | None = Field(description="How much was found; null of what is not searched.")
    done: int | None = Field(description="How much of it is erased.")
    remains: str | None = Field(description="What is left, in words.")
    until: Moment | None = Field(description="When that is gone.")


class ErasureReport(Answer):
    """The state and the report of an erasure."""

    id: str
    state: str = Field(description="requested, running, done, or failed if something was not erased for good.")
    scope: str = Field(description="call_id, vapi_call_id or phone; the value itself is not kept.")
    dry_run: bool
    requested_by: str = Field(description="The token's subject; operator, or vapi.")
    requested_at: Moment
    finished_at: Moment | None
    rows: dict[str, int] = Field(description="Table -> rows that were erased; of a dry run, that would be.")
    stores: list[ErasureStore]
