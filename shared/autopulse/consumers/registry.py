"""All kinds of messages, with the consumer and the function of each, and the prefix of its names.

The name of a kind is used everywhere: the consumer's module in this package, the function's folder, the file of its
samples (`events/sqs/<kind>.json`), the verifier's variable (`<KIND>_QUEUE_URL`), `kind` of envelopes, metrics and log
lines. The rows contain text, so that commands and template tests that only need names do not import the consumers.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from autopulse.vapi.routes import KIND_BY_TYPE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from autopulse.consumers.consumer import Consumer


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of message."""

    name: str
    message: str
    """The name of the model in `autopulse.vapi.messages` for its messages."""
    prefix: str
    """The prefix of the logical ids of its queues, function, role, log group and alarms in `template.yaml`."""

    @property
    def types(self) -> tuple[str, ...]:
        """The types of Vapi's messages that are of this kind (`autopulse.vapi.routes`)."""
        return tuple(type_name for type_name, kind in KIND_BY_TYPE.items() if kind == self.name)

    @property
    def folder(self) -> str:
        """The folder of its Lambda function, whose `app.py` has the handler."""
        return f"functions/{self.name}"

    @property
    def consumer(self) -> Consumer[Any]:
        """The consumer that applies its messages, imported on first use."""
        consumer: Consumer[Any] = import_module(f"autopulse.consumers.{self.name}").CONSUMER
        return consumer


REGISTRY: Final[Mapping[str, Kind]] = {
    kind.name: kind
    for kind in (
        Kind("status_update", "StatusMessage", "StatusUpdate"),
        Kind("conversation_update", "ConversationMessage", "ConversationUpdate"),
        Kind("end_of_call_report", "ReportMessage", "EndOfCallReport"),
        Kind("hang", "HangMessage", "Hang"),
        Kind("transcript", "TranscriptMessage", "Transcript"),
    )
}
