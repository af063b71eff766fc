"""The models that consumers read: the envelope, and one model per kind of message.

Every field except the identity is optional, and an unusable value counts as absent (`json_coercion`), so only an
unreadable envelope or one that names no call fails. The fields have Vapi's names; `redaction.py` lists those that
arrive.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, cached_property, partial
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SkipValidation,
    ValidationError,
    ValidationInfo,
)

from autopulse.domain.bounds import (
    MAX_ADDRESS_CHARACTERS,
    MAX_ID_CHARACTERS,
    MAX_NAME_CHARACTERS,
    MAX_REASON_CHARACTERS,
    MAX_SPEECH_CHARACTERS,
    MAX_TEXT_CHARACTERS,
    cut,
)
from autopulse.domain.copies import STATES
from autopulse.domain.facts import MARKS, MAX_INTEGER, Identity
from autopulse.domain.status import COMPLETED, ENDED
from autopulse.errors import InvalidMessage
from autopulse.json_coercion import (
    Json,
    clean,
    not_ahead,
    read_call_id,
    read_list,
    read_mapping,
    read_number,
    read_phone_number,
    read_text,
    read_time,
    read_vapi_call_id,
    read_words,
)
from autopulse.json_text import read_json
from autopulse.vapi.recordings import is_private
from autopulse.vapi.routes import INTERNAL, PING, RECONCILIATION, RECORDING
from autopulse.vapi.speakers import SpeakerNames
from autopulse.vapi.status_words import STATUS_OF_WORD, status_word

_ESCAPED_UNSTORABLE: Final = re.compile(r"\\u(?:0000|[dD])")
_MAX_COST: Final = Decimal(10) ** 6
_COST_STEP: Final = Decimal("0.000001")

MAX_PAYLOAD_KEY_CHARACTERS: Final = 1024
"""The maximum length of an object's key in S3."""
RECEIVED_AT: Final = "received_at"
"""The key of the time of receipt in a validation's context."""


def _read_told_time(value: Json, info: ValidationInfo) -> datetime | None:
    return not_ahead(read_time(value), (info.context or {}).get(RECEIVED_AT))


def read_cost(dollars: Decimal) -> Decimal | None:
    """The amount rounded for numeric(12, 6); None if it does not fit."""
    if abs(dollars) >= _MAX_COST:
        return None
    cost = dollars.quantize(_COST_STEP, ROUND_HALF_UP)
    return cost if abs(cost) < _MAX_COST else None  # rounding may have made it too large


def limited(read: Callable[[Json], str | None], most: int, *, is_whole: bool = False) -> Callable[[Json], str | None]:
    """Return a reader of texts of at most `most` characters; a longer text is cut, or absent if it `is_whole`.

    A closure takes half of the time of a callable object, and a message has ten such texts.
    """

    def read_limited(value: Json) -> str | None:
        text = read(value)
        if text is None or len(text) <= most:
            return text
        return None if is_whole else cut(text, most)

    return read_limited


Id = Annotated[str | None, BeforeValidator(limited(read_words, MAX_ID_CHARACTERS, is_whole=True))]
Word = Annotated[str | None, BeforeValidator(limited(read_text, MAX_ID_CHARACTERS))]
"""A word that is looked up, such as a status or a role."""
Name = Annotated[str | None, BeforeValidator(limited(read_words, MAX_NAME_CHARACTERS))]
Reason = Annotated[str | None, BeforeValidator(limited(read_words, MAX_REASON_CHARACTERS))]
Address = Annotated[str | None, BeforeValidator(limited(read_words, MAX_ADDRESS_CHARACTERS, is_whole=True))]
NonBlankText = Annotated[str | None, BeforeValidator(limited(read_words, MAX_TEXT_CHARACTERS))]
Speech = Annotated[str | None, BeforeValidator(limited(read_words, MAX_SPEECH_CHARACTERS))]
"""The text of all turns."""
Time = Annotated[datetime | None, BeforeValidator(read_time)]
"""A time in the past or the future."""
PastTime = Annotated[datetime | None, BeforeValidator(_read_told_time)]
"""A time in the past; it counts as absent if it is later than the time of receipt in the context."""
Number = Annotated[Decimal | None, BeforeValidator(read_number)]
PhoneNumber = Annotated[str | None, BeforeValidator(limited(read_phone_number, MAX_NAME_CHARACTERS, is_whole=True))]
# Objects are not copied, because their parts are read one by one where they are used.
Object = Annotated[Mapping[str, Any], SkipValidation(), BeforeValidator(read_mapping)]
Items = Annotated[Sequence[Any], SkipValidation(), BeforeValidator(read_list)]


class Reading(BaseModel):
    """The base of all models; other fields of a message are ignored."""

    # Validators are built when a model is first used, not during the import.
    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)


def absent(model: type[Reading], alias: str | None = None) -> Any:  # noqa: ANN401 - pydantic types a field's default so
    """A field's default that is made once; pydantic would deep-copy a plain default for each message."""
    return Field(default_factory=partial(_empty, model), alias=alias)


@cache
def _empty(model: type[Reading]) -> Reading:
    return model()


class Customer(Reading):
    """The customer who was called."""

    number: PhoneNumber = None
    sip_uri: Address = Field(None, alias="sipUri")
    name: Name = None


class CallSnapshot(Reading):
    """`message.call`: the call as it was when it was created, in every message. Its status is therefore ignored."""

    type: Id = None
    status: Word = None
    created_at: PastTime = Field(None, alias="createdAt")
    phone_number_id: Id = Field(None, alias="phoneNumberId")
    assistant_id: Id = Field(None, alias="assistantId")
    squad_id: Id = Field(None, alias="squadId")
    workflow_id: Id = Field(None, alias="workflowId")
    customer: Annotated[Customer, BeforeValidator(read_mapping)] = absent(Customer)

    @cached_property
    def identity(self) -> Identity:
        """The values that are the same in all messages of the call."""
        customer = self.customer
        return Identity(
            self.type,
            self.phone_number_id,
            self.assistant_id,
            self.squad_id,
            self.workflow_id,
            customer.number,
            customer.sip_uri,
            customer.name,
        )


class Message(Reading):
    """The fields that messages of all kinds have."""

    type: Annotated[str, AfterValidator(limited(read_text, MAX_ID_CHARACTERS))]
    call: Annotated[CallSnapshot, BeforeValidator(read_mapping)] = absent(CallSnapshot)

    @property
    def ignored(self) -> bool:
        """Whether the message has nothing to store."""
        return False

    @property
    def is_ours(self) -> bool:
        """Whether one of our functions made the message, rather than Vapi."""
        return self.type in INTERNAL

    @property
    def leaves_its_receipt_alone(self) -> bool:
        """Whether the message has no effect besides its receipt, not even a link between ids."""
        return self.is_ours and self.ignored

    @property
    def reported_status(self) -> str | None:
        """The status that the message gives the call, as people see it; None if it gives none."""
        return None


class StatusMessage(Message):
    """`status-update`, `call.started`, `call.ended`, `call.failed`, `autopulse.ping`, and our functions' messages."""

    status: Word = None
    ended_reason: Reason = Field(None, alias="endedReason")
    # The result in `autopulse.reconciliation`.
    result: Word = None
    # The state in `autopulse.recording`.
    state: Word = None
    key: Id = None
    bytes: Number = None
    content_type: Id = None
    sha256: Id = None

    @property
    def mark(self) -> str | None:
        """The mark that the message sets, if it is about missing data; None otherwise."""
        return self.result if self.type == RECONCILIATION and self.result in MARKS else None

    @property
    def copy_state(self) -> str | None:
        """The state of the recording's copy, if the message is about one; None otherwise."""
        return self.state if self.type == RECORDING and self.state in STATES else None

    @cached_property
    def word(self) -> str:
        """The normalised status word; the type if that gives the status."""
        return self.type if self.type in STATUS_OF_WORD else status_word(self.status)

    @property
    def ignored(self) -> bool:
        """Whether the status word is unknown, or the result is not stored."""
        if self.is_ours:
            return self.mark is None and self.copy_state is None
        return self.type != PING and self.word not in STATUS_OF_WORD

    @property
    def reported_status(self) -> str | None:
        """The status that the message reports; None for an unknown status word."""
        return STATUS_OF_WORD.get(self.word)


class HangMessage(Message):
    """`hang`: the assistant is stalling; or, in the application's own form, the call is over."""

    reason: Reason = None

    @property
    def ends_call(self) -> bool:
        """Whether this hang means that the call is over."""
        return self.reason is not None or STATUS_OF_WORD.get(status_word(self.call.status)) == ENDED

    @property
    def reported_status(self) -> str | None:
        """Ended, if the call is over; None otherwise."""
        return ENDED if self.ends_call else None


class Fragment(Reading):
    """One turn: the application's own form of a conversation update."""

    speaker: Word = None
    text: NonBlankText = None


class ConversationMessage(Message):
    """`conversation-update`: the whole history in each message; or one fragment."""

    messages: Items = ()
    transcript: Annotated[Fragment, BeforeValidator(read_mapping)] = absent(Fragment)


class TranscriptMessage(Message):
    """`transcript`, final: one spoken turn."""

    role: Word = None
    transcript: NonBlankText = None


def _read_mono(value: Json) -> Json:
    return {"combinedUrl": value} if isinstance(value, str) else read_mapping(value)


def _read_recording(value: Json) -> Json:
    return {"mono": value} if isinstance(value, str) else read_mapping(value)


class MonoRecording(Reading):
    """`artifact.recording.mono`, or its URL alone."""

    combined_url: Address = Field(None, alias="combinedUrl")


class Recording(Reading):
    """`artifact.recording`, or its URL alone."""

    stereo_url: Address = Field(None, alias="stereoUrl")
    mono: Annotated[MonoRecording, BeforeValidator(_read_mono)] = absent(MonoRecording)


class Artifact(Reading):
    """Fields of a report that are in its artifact."""

    recording_url: Address = Field(None, alias="recordingUrl")
    stereo_recording_url: Address = Field(None, alias="stereoRecordingUrl")
    recording_path: Address = Field(None, alias="recordingPath")
    presigned_mono_url: Address = Field(None, alias="presignedMonoUrl")
    presigned_stereo_url: Address = Field(None, alias="presignedStereoUrl")
    presigned_urls_expires_at: Time = Field(None, alias="presignedUrlsExpiresAt")
    recording: Annotated[Recording, BeforeValidator(_read_recording)] = absent(Recording)
    structured_outputs: Any = Field(None, alias="structuredOutputs")
    scorecards: Any = None


class ReportAnalysis(Reading):
    """`analysis`, in any of its shapes: `autopulse.vapi.analysis` reads them."""

    summary: NonBlankText = None
    structured_data: Any = Field(None, alias="structuredData")
    structured_data_multi: Any = Field(None, alias="structuredDataMulti")
    success_evaluation: Any = Field(None, alias="successEvaluation")


class TranscriptNames(Reading):
    """The names of the speakers in the transcript's text."""

    assistant: Items = ()
    customer: Items = ()


class ReportMessage(Message):
    """`end-of-call-report`: all data of a call that has ended."""

    ended_reason: Reason = Field(None, alias="endedReason")
    started_at: PastTime = Field(None, alias="startedAt")
    ended_at: PastTime = Field(None, alias="endedAt")
    duration_seconds: Number = Field(None, alias="durationSeconds")
    duration_milliseconds: Number = Field(None, alias="durationMs")
    duration_minutes: Number = Field(None, alias="durationMinutes")
    cost_given: Number = Field(None, alias="cost")
    summary_given: NonBlankText = Field(None, alias="summary")
    analysis: Annotated[ReportAnalysis, BeforeValidator(read_mapping)] = absent(ReportAnalysis)
    messages: Items = ()
    transcript: Speech = None
    transcript_names: Annotated[TranscriptNames, BeforeValidator(read_mapping)] = absent(
        TranscriptNames, "transcriptNames"
    )
    recording_url_given: Address = Field(None, alias="recordingUrl")
    stereo_recording_url: Address = Field(None, alias="stereoRecordingUrl")
    artifact: Annotated[Artifact, BeforeValidator(read_mapping)] = absent(Artifact)

    @property
    def reported_status(self) -> str | None:
        """A call with a report is complete."""
        return COMPLETED

    @property
    def duration_sec(self) -> int | None:
        """Whole seconds from the first duration given, rounded half up; negative is 0, more than an integer is None."""
        scales = (
            (self.duration_seconds, 1),
            (self.duration_milliseconds, Decimal("0.001")),
            (self.duration_minutes, 60),
        )
        given = next((value * scale for value, scale in scales if value is not None), None)
        if given is None:
            return None
        seconds = max(0, int(given.to_integral_value(ROUND_HALF_UP)))
        return seconds if seconds <= MAX_INTEGER else None

    @property
    def cost(self) -> Decimal | None:
        """The cost in US dollars."""
        return None if self.cost_given is None else read_cost(self.cost_given)

    @property
    def speaker_names(self) -> SpeakerNames:
        """The names of the speakers in the transcript's text, by side."""
        given = (self.transcript_names.assistant, self.transcript_names.customer)
        return SpeakerNames(*([name for name in names if read_words(name)] for names in given))

    @property
    def recording_url(self) -> str | None:
        """The best URL of the recording; a URL in Vapi's private storage only if there is no other.

        Since July 2026 only presigned URLs can be played (for 30 minutes), so they come first.
        """
        artifact = self.artifact
        urls = (
            artifact.presigned_mono_url,
            self.recording_url_given,
            artifact.recording_url,
            artifact.recording.mono.combined_url,
            artifact.recording_path,
            artifact.presigned_stereo_url,
            self.stereo_recording_url,
            artifact.stereo_recording_url,
            artifact.recording.stereo_url,
        )
        given = [url for url in urls if url is not None]
        return next((url for url in given if not is_private(url)), given[0] if given else None)

    @property
    def recording_expires_at(self) -> datetime | None:
        """When `recording_url` expires, if it is a presigned URL and its end is known."""
        artifact, url = self.artifact, self.recording_url
        is_presigned = url is not None and url in {artifact.presigned_mono_url, artifact.presigned_stereo_url}
        return artifact.presigned_urls_expires_at if is_presigned else None


class ReceivedEnvelope(BaseModel):
    """An envelope as a consumer reads it from its queue; `autopulse.vapi.envelope` writes it."""

    # Validators are built when a model is first used, not during the import.
    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)

    version: Literal[1]  # the same value as autopulse.vapi.envelope.VERSION
    kind: str = Field(max_length=MAX_ID_CHARACTERS)
    event_id: str = Field(min_length=1, max_length=128)
    vapi_call_id: Annotated[
        str | None, BeforeValidator(limited(read_vapi_call_id, MAX_ID_CHARACTERS, is_whole=True))
    ] = None
    call_id: Annotated[int | None, BeforeValidator(read_call_id)] = None
    occurred_at: Time = None
    received_at: Annotated[datetime, BeforeValidator(read_time)]
    origin: Literal["webhook", "reconciliation"] = "webhook"  # the values of autopulse.vapi.envelope
    message: Annotated[dict[str, Any] | None, SkipValidation()] = None
    payload_key: str | None = Field(None, max_length=MAX_PAYLOAD_KEY_CHARACTERS)

    @property
    def event_time(self) -> datetime:
        """The sender's time, else the time of receipt."""
        return self.occurred_at or self.received_at


def read_envelope(body: str) -> ReceivedEnvelope:
    """Read a queue message's body.

    Raises InvalidMessage, naming the field, if it is not an envelope.
    """
    try:
        content: Json = read_json(body)
        # The verifier writes clean ASCII; another sender's envelope may contain what Postgres or pg8000 cannot take.
        if not body.isascii() or ("\\u" in body and _ESCAPED_UNSTORABLE.search(body)):
            content = clean(content)
        return ReceivedEnvelope.model_validate(content)
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, problem["loc"])) or "envelope" for problem in error.errors())
        raise InvalidMessage(f"cannot read the envelope: {fields}") from None
    except (ValueError, RecursionError) as error:
        raise InvalidMessage(f"the body is not JSON: {type(error).__name__}") from None


def require_identity(envelope: ReceivedEnvelope, message: Message) -> None:
    """Raise InvalidMessage unless the message names a call; a ping need not."""
    if envelope.call_id is None and envelope.vapi_call_id is None and message.type != PING:
        raise InvalidMessage("neither call.id nor variableValues.call_id is given")
