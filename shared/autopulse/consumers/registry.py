"""Every kind of message on one screen: which consumer applies it, which function runs that, and how its names begin.

A kind has one name wherever people meet it: the consumer's module in this package, the function's folder, the file of
its samples (`events/sqs/<kind>.json`), the verifier's variable (`<KIND>_QUEUE_URL`), `kind` of envelopes, metrics and
log lines. The rows are text: what needs names alone (commands, tests of the template) imports no consumer by them.
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
    """The model in `autopulse.vapi.messages` that its messages are read as."""
    prefix: str
    """How the logical ids of its queues, function, role, log group and alarms in `template.yaml` begin."""

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
        """The consumer that applies its messages; imported when it is asked for."""
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
