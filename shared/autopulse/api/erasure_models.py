"""The requests and answers about erasures, which the erasure function gives."""

from pydantic import Field

from autopulse.api.answer_types import Answer, Moment


class ErasureRequest(Answer):
    """The data to erase: exactly one of `call_id`, `vapi_call_id` and `phone`."""

    call_id: int | None = None
    vapi_call_id: str | None = None
    phone: str | None = Field(
        None, description="A phone number in any format, with 7 to 15 digits; all its calls and visits are erased."
    )
    dry_run: bool = Field(False, description="Whether the data are only counted, and not erased.")


class ErasureAccepted(Answer):
    """The id under which the report can be read."""

    id: str


class ErasureStore(Answer):
    """The result of an erasure in one store."""

    store: str = Field(
        description="The name of the store: calls, visits, recordings, vapi, queues, dead_letters, payloads or backups."
    )
    found: int | None = Field(description="The number of items found; null for a store that is not searched.")
    done: int | None = Field(
        description="The number of these items that are erased; null for a store that is not searched."
    )
    remains: str | None = Field(description="A text on the data that remain in the store; null if none remain.")
    until: Moment | None = Field(
        description="The time by which the remaining data expire; null if no such time is known."
    )


class ErasureReport(Answer):
    """The state and the report of an erasure."""

    id: str
    state: str = Field(description="requested, running, done, or failed if some data could not be erased.")
    scope: str = Field(description="The field of the request: call_id, vapi_call_id or phone. Its value is not stored.")
    dry_run: bool
    requested_by: str = Field(
        description=(
            "The subject of the requester's token; operator for an operator's command, vapi for a call that Vapi"
            " deleted."
        )
    )
    requested_at: Moment
    finished_at: Moment | None
    rows: dict[str, int] = Field(
        description="Table -> number of erased rows, or in a dry run of rows that would be erased."
    )
    stores: list[ErasureStore]
