"""What the consumers say to the database: at least one message of each sort, and the statements that it takes."""

from collections.abc import Callable, Sequence
from typing import Any

from pg8000.dbapi import convert_paramstyle

from autopulse.db.prepared import PreparingConnection
from tests.integration.bodies import conversation, fragment, inbound, message, outbound, report, status, turn
from tests.integration.pipeline import ORGANIZATION, Pipeline


def noting(execute: Callable[..., Any], said: set[str]) -> Callable[..., Any]:
    """`execute_prepared`, which adds each statement to `said`, with $1 for its first parameter."""

    def note(self: PreparingConnection, operation: str, args: Sequence[Any], oids: tuple[int, ...]) -> Any:  # noqa: ANN401 - pg8000's
        said.add(convert_paramstyle("format", operation, args)[0])
        return execute(self, operation, args, oids)

    return note


def let_consumers_speak(pipeline: Pipeline) -> None:
    """Send a message of each sort."""
    pipeline.database.run(
        "INSERT INTO vapi_number (id, organization_id) VALUES ('phone-number-1', :id)", id=ORGANIZATION
    )
    call = outbound(pipeline.make_call(service_record_id=pipeline.make_visit()))
    turns = [turn("bot", "Hello.", 1), turn("user", "Yes.", 2)]
    pipeline.send_each(
        status("in-progress", inbound("0197f9d4-bbbb-4000-8000-000000000001"), 1),
        conversation(call, 10, *turns),
        fragment(outbound(pipeline.make_call(), "0197f9d4-cccc-4000-8000-000000000001"), 10, "user", "Yes"),
        message("hang", call, 40),
        report(call),
    )
