"""The functions' configuration: environment variables that `template.yaml` sets, read on first use.

Each group is what one sort of function needs; a missing variable fails with its name.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from autopulse.domain.answers import AnswerNames, answer_names, other_names
from autopulse.vapi.recordings import HOST
from autopulse.vapi.routes import KINDS

if TYPE_CHECKING:
    from autopulse.domain.follow_ups import FollowUpRules


class SettingMissing(KeyError):
    """An environment variable that the template should have set is absent or empty."""


class SettingInvalid(ValueError):
    """An environment variable, and so the stack's parameter behind it, cannot be used as it is."""


def _required(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise SettingMissing(f"environment variable {name} is not set")
    return value


class _Field(NamedTuple):
    """How a field of a group is read; it stands as the field's default, and `from_environ` puts the value there."""

    read: Callable[[], Any]


def required(name: str, read: Callable[[str], Any] = str) -> Any:  # noqa: ANN401 - a field's default
    """A field that a variable gives, which has to be there."""
    return computed(lambda: read(_required(name)))


def optional(name: str, read: Callable[[str], Any] = str, absent: str = "") -> Any:  # noqa: ANN401 - as above
    """A field that a variable gives, or `absent` if there is none."""
    return computed(lambda: read(os.environ.get(name, absent)))


def computed(read: Callable[[], Any]) -> Any:  # noqa: ANN401 - as above
    """A field that is made of several variables, or of one in a way of its own."""
    return _Field(read)


Settings = TypeVar("Settings", bound=tuple[Any, ...])


def from_environ(group: type[Settings]) -> Settings:
    """A group of settings as the environment has it now; raises SettingMissing or SettingInvalid."""
    fields: Mapping[str, _Field] = vars(group)["_field_defaults"]
    return group(**{name: field.read() for name, field in fields.items()})


def stack_answer_names() -> AnswerNames:
    """What the answers of an analysis may be called in this stack; the names are worked out once."""
    try:
        return answer_names(os.environ.get("ANALYSIS_ALIASES", ""))
    except ValueError as error:
        raise SettingInvalid(f"environment variable ANALYSIS_ALIASES: {error}") from None


def stack_other_names() -> frozenset[str]:
    """Which outputs of an analysis are known to be no answers of ours in this stack."""
    return other_names(os.environ.get("ANALYSIS_ALIASES", ""))


@cache
def follow_up_rules() -> "FollowUpRules":
    """What opens a follow-up in this stack, read once per container."""
    from autopulse.domain.follow_ups import FollowUpRules  # noqa: PLC0415 - the verifier has settings, and no reports

    return FollowUpRules(
        score=int(os.environ.get("FOLLOW_UP_SCORE", "") or FollowUpRules().score),
        action_items=os.environ.get("FOLLOW_UP_ACTION_ITEMS", "off") == "on",
    )


@cache
def recording_hosts() -> tuple[str, ...]:
    """Where recordings are played from, read once per container; raises SettingInvalid."""
    return _hosts("RECORDING_HOSTS")


def recording_bucket() -> str:
    """The bucket that copies of recordings are deleted from; empty if the stack keeps none."""
    return os.environ.get("RECORDING_BUCKET", "")


def pseudonym_key_secret_arn() -> str:
    """The secret with the key of pseudonyms; raises SettingMissing."""
    return _required("PSEUDONYM_KEY_SECRET_ARN")


def _hosts(variable: str) -> tuple[str, ...]:
    hosts = tuple(os.environ.get(variable, "").split())
    for host in hosts:
        if not HOST.fullmatch(host):
            raise SettingInvalid(f"environment variable {variable}: a host is not a name such as a.example.com")
    return hosts


RECORD_KINDS: Final = ("status_update", "end_of_call_report")
"""The kinds of message that Vapi's record of a call may become."""


def _queue_urls(kinds: Iterable[str] = KINDS) -> dict[str, str]:
    return {kind: _required(f"{kind.upper()}_QUEUE_URL") for kind in kinds}


class VerifierSettings(NamedTuple):
    """The settings of the verifier."""

    webhook_secret_arn: str = required("WEBHOOK_SECRET_ARN")
    queue_urls: Mapping[str, str] = computed(_queue_urls)
    """Kind -> queue URL."""
    payload_bucket: str = required("PAYLOAD_BUCKET")
    erasure_queue_url: str = optional("ERASURE_QUEUE_URL")
    """Where it tells of calls that were deleted at Vapi; empty: nobody is told."""
    # Whatever else it says than false demands one: a check is not switched off by a mistake.
    require_call_token: bool = optional("REQUIRE_CALL_TOKEN", lambda text: text != "false", absent="false")
    """Whether our call id counts only with the application's proof beside it."""
    callers_function: str = optional("CALLERS_FUNCTION")
    """ARN of the function that answers what needs the database; empty: everything is refused."""
    inbound_assistant_id: str = optional("INBOUND_ASSISTANT_ID")
    """Vapi's id of the assistant that takes calls of numbers without one of their own; empty for none."""


class FetcherSettings(NamedTuple):
    """The settings of the function that asks Vapi."""

    vapi_api_url: str = required("VAPI_API_URL")
    vapi_api_key_secret_arn: str = required("VAPI_API_KEY_SECRET_ARN")
    """A JSON secret with `api_key`."""
    request_queue_url: str = required("VAPI_REQUEST_QUEUE_URL")
    request_dead_letter_queue_url: str = required("VAPI_REQUEST_DEAD_LETTER_QUEUE_URL")
    page_queue_url: str = required("VAPI_PAGE_QUEUE_URL")
    erasure_queue_url: str = required("ERASURE_QUEUE_URL")
    """Where it says what became of a deletion."""
    queue_urls: Mapping[str, str] = computed(lambda: _queue_urls(RECORD_KINDS))
    """Kind -> queue URL."""
    payload_bucket: str = required("PAYLOAD_BUCKET")
    require_call_token: bool = optional("REQUIRE_CALL_TOKEN", lambda text: text != "false", absent="false")
    """As the verifier's."""
    webhook_secret_arn: str = optional("WEBHOOK_SECRET_ARN")
    """Has the secret of the call tokens, if the stack demands them."""
    answer_names: AnswerNames = computed(stack_answer_names)
    """As a consumer's."""


class SweepSettings(NamedTuple):
    """The settings of the sweep besides the database's."""

    is_on: bool = optional("RECONCILE", lambda text: text == "on")
    """Whether there is a key to ask Vapi with."""
    request_queue_url: str = required("VAPI_REQUEST_QUEUE_URL")
    queue_urls: Mapping[str, str] = computed(_queue_urls)
    """Kind -> queue URL; its dead letters are in the queue of that name with `-dead-letters` behind it."""
    longest_call_seconds: int = required("LONGEST_CALL_SECONDS", int)
    default_organization_id: str = optional("DEFAULT_ORGANIZATION_ID")
    """As a consumer's."""


class DatabaseSettings(NamedTuple):
    """Where Postgres is, and who connects: `user` with a token of IAM, or the user of a secret with its password."""

    host: str = required("DATABASE_HOST")
    port: int = required("DATABASE_PORT", int)
    name: str = required("DATABASE_NAME")
    by_iam: bool = optional("DATABASE_AUTH", lambda text: text == "iam")
    user: str = optional("DATABASE_USER")
    """The role that the functions connect as; empty if that is whoever migrates."""
    secret_arn: str = optional("DATABASE_SECRET_ARN")
    """A JSON secret with `username` and `password`, as RDS keeps it; empty with IAM."""
    ca_file: str = optional("DATABASE_CA_FILE")
    """PEM file to verify the server against; empty for the system's roots."""
    writer: str = optional("DATABASE_WRITER")
    """The role that the follow-ups' function connects as, for the migration; empty if that is `user`."""
    caller: str = optional("DATABASE_CALLER")
    """The role that the callers' function connects as, for the migration; empty if that is `user`."""
    eraser: str = optional("DATABASE_ERASER")
    """The role that the erasures' function connects as, for the migration; empty if it is the role that migrates."""
    reader: str = optional("DATABASE_READER")
    """The role that the read API connects as, for the migration, which makes it; empty if that is `user`."""


class ConsumerSettings(NamedTuple):
    """The settings of a consumer besides the database's."""

    queue_url: str = required("QUEUE_URL")
    dead_letter_queue_url: str = required("DEAD_LETTER_QUEUE_URL")
    payload_bucket: str = required("PAYLOAD_BUCKET")
    event_bus_name: str = required("EVENT_BUS_NAME")
    ignore_unknown_calls: bool = optional("UNKNOWN_CALLS", lambda text: text == "ignore")
    default_organization_id: str = optional("DEFAULT_ORGANIZATION_ID")
    """Organization of calls that no `vapi_number` row places; empty for none."""
    answer_names: AnswerNames = computed(stack_answer_names)
    """What the answers of an analysis may be called."""
    recording_queue_url: str = optional("RECORDING_QUEUE_URL")
    """Where copies of recordings are asked for; empty if none are made."""
    erasure_queue_url: str = optional("ERASURE_QUEUE_URL")
    """Where the consumer of statuses tells of copies of erased calls."""


class RecordingSettings(NamedTuple):
    """The settings of the function that copies recordings."""

    queue_url: str = required("RECORDING_QUEUE_URL")
    dead_letter_queue_url: str = required("DEAD_LETTER_QUEUE_URL")
    status_queue_url: str = required("STATUS_UPDATE_QUEUE_URL")
    """Where it says what became of a copy."""
    bucket: str = required("RECORDING_BUCKET")
    storage_hosts: tuple[str, ...] = computed(lambda: _hosts("RECORDING_STORAGE_HOSTS"))
    """Hosts that recordings are read from: a name, or `*.example.com` for every host below example.com."""
    api_url: str = required("VAPI_API_URL")
    """Base URL of Vapi's API."""
    api_key_secret_arn: str = optional("VAPI_API_KEY_SECRET_ARN")
    """A JSON secret with `api_key`; empty for none: then only the reports' own URLs are asked."""


class CopySettings(NamedTuple):
    """What the read API knows of the copies of recordings."""

    bucket_url: str = optional("RECORDING_BUCKET_URL")
    """Base URL of the objects; empty if the stack keeps no copies."""
    retention_days: int = optional("RECORDING_RETENTION_DAYS", int, absent="0")
    """Whole days that an object is kept; 0 if the stack keeps no copies."""


class FollowUpSettings(NamedTuple):
    """The settings of the function that changes follow-ups, besides the database's."""

    event_bus_name: str = required("EVENT_BUS_NAME")


class CallerSettings(NamedTuple):
    """The settings of the function that answers what Vapi waits for, besides the database's."""

    default_organization_id: str = optional("DEFAULT_ORGANIZATION_ID")
    """As a consumer's."""
    inbound_assistant_id: str = optional("INBOUND_ASSISTANT_ID")
    """As the verifier's."""
    personal_values: bool = optional("INBOUND_PERSONAL_VALUES", lambda text: text == "true")
    """Whether the assistant is told whom a number belongs to, before the caller has said a name."""
    pause_days: int = optional("CONTACT_PAUSE_DAYS", int, absent="90")
    """Days in which nobody who was spoken with is called again; 0 for none."""


class ErasureSettings(NamedTuple):
    """The settings of the function that erases, besides the database's."""

    queue_url: str = required("ERASURE_QUEUE_URL")
    """Its own queue."""
    vapi_request_queue_url: str = required("VAPI_REQUEST_QUEUE_URL")
    """Where Vapi is asked to delete a call."""
    asks_vapi: bool = optional("RECONCILE", lambda text: text == "on")
    """Whether there is a key to ask Vapi with."""
    erases_what_vapi_deletes: bool = optional("ON_VAPI_DELETE", lambda text: text == "erase")
    backup_days: int = optional("BACKUP_DAYS", int, absent="35")
    """Whole days for which backups of the database are kept."""
    keep_words_days: int = optional("KEEP_WORDS_DAYS", int, absent="0")
    """Whole days after which the words of a call go; 0: never."""
    keep_person_days: int = optional("KEEP_PERSON_DAYS", int, absent="0")
    """Whole days after which who the customer was goes; 0: never."""


def _alert_channels(*details: str) -> Callable[[], tuple[str, ...]]:
    """The channels of alerts whose parameter says one of these."""
    return lambda: tuple(
        channel
        for channel, variable in (("email", "ALERT_EMAIL_DETAIL"), ("webhook", "ALERT_WEBHOOK_DETAIL"))
        if os.environ.get(variable, "off") in details
    )


class AlertSettings(NamedTuple):
    """The settings of the planner of alerts, besides the database's."""

    sender_queue_url: str = required("ALERT_SENDER_QUEUE_URL")
    channels: tuple[str, ...] = computed(_alert_channels("link", "full"))
    """Where alerts are sent: email, webhook."""
    full_channels: tuple[str, ...] = computed(_alert_channels("full"))
    """Those that may say whom a follow-up is about."""
    at_night: bool = optional("ALERT_AT_NIGHT", lambda text: text == "on")
    """Whether they are sent outside of business hours, too."""


class AlertSenderSettings(NamedTuple):
    """The settings of the sender of alerts."""

    alert_queue_url: str = required("ALERT_QUEUE_URL")
    """Where it says what became of a try."""
    console_url: str = required("CONSOLE_URL")
    """What the links of alerts begin with."""
    topic_arn: str = optional("ALERT_TOPIC_ARN")
    """The topic that sends mails; empty if there are none."""
    webhook_secret_arn: str = optional("ALERT_WEBHOOK_SECRET_ARN")
    """The secret with the webhook's address; empty if there is none."""
    takes_loopback: bool = optional("ALERT_TAKES_LOOPBACK", lambda text: text == "true")
    """Whether a webhook may be at this machine itself: on the local stack alone."""


class LiveSettings(NamedTuple):
    """The settings of the functions behind the WebSocket."""

    connections_table: str = required("CONNECTIONS_TABLE")
    connections_url: str = required("CONNECTIONS_URL")
    """Base URL of the gateway's management API: where messages to connections are posted."""


class AuthSettings(NamedTuple):
    """Whose tokens let people read; without an issuer and an audience nobody may."""

    issuer: str = optional("OIDC_ISSUER")
    """The `iss` of tokens: an OIDC issuer's URL."""
    audience: str = optional("OIDC_AUDIENCE")
    """The `aud` of tokens, or the `client_id` of Cognito's access tokens."""
    jwks_url: str = optional("OIDC_JWKS_URL")
    """Where the issuer's keys are; empty to ask its discovery document."""
    jwks: str = optional("OIDC_JWKS")
    """The keys themselves as a JWKS document, instead of a URL; empty for none."""
    organization_claim: str = required("ORGANIZATION_CLAIM")
    """The claim that has the organization's UUID."""
    writer_claim: str = optional("WRITER_CLAIM")
    """The claim that says who may change follow-ups; empty: all readers may."""
    writer_values: frozenset[str] = optional("WRITER_VALUES", lambda text: frozenset(filter(None, text.split(","))))
    """The values of it that allow it."""
    user_claim: str = optional("USER_CLAIM")
    """The claim with the id of the user that somebody is; empty: `email` has the user's e-mail address."""
    advisor_claim: str = optional("ADVISOR_CLAIM")
    """The claim with the id of the user whose visits' calls alone somebody reads; empty: nobody is bounded."""
    eraser_claim: str = optional("ERASER_CLAIM")
    """The claim that says who may erase calls; empty: nobody may."""
    eraser_values: frozenset[str] = optional("ERASER_VALUES", lambda text: frozenset(filter(None, text.split(","))))
    """The values of it that allow it."""


class ConsoleSettings(NamedTuple):
    """The configuration of the console's page; all of it is public."""

    websocket_url: str = required("WEBSOCKET_URL", lambda url: re.sub("^http", "ws", url))
    """The WebSocket's URL, which begins with `wss://`."""
    issuer: str = optional("OIDC_ISSUER")
    """OIDC issuer that people sign in with; empty for none."""
    client_id: str = optional("OIDC_CLIENT_ID")
    """What the issuer knows the console as; empty if nobody can sign in there."""
    scopes: str = required("OIDC_SCOPES")
    """What the page asks the issuer for, separated by spaces."""
    audience: str = optional("OIDC_AUDIENCE")
    """The audience that the read API requires of tokens."""
    oidc_origins: str = optional("OIDC_ORIGINS")
    """Where else than at the issuer's own address its endpoints are; separated by spaces."""
    stack: str = required("POWERTOOLS_SERVICE_NAME")
    """The stack's name, so that people see which one they look at."""
    recording_hosts: tuple[str, ...] = computed(lambda: recording_hosts())  # noqa: PLW0108 - the function, not the field of its name
    """Where recordings are played from: hosts, or `*.example.com` for every host below example.com."""
    recording_bucket_url: str = optional("RECORDING_BUCKET_URL")
    """Where copies of recordings are played from; empty if the stack keeps none."""
    takes_token: bool = optional("TAKES_TOKEN", lambda text: text == "true")
    """Whether a token in the page's address signs in whoever follows it: on the local stack alone."""


@cache
def database_settings() -> DatabaseSettings:
    """Read once per container."""
    settings = from_environ(DatabaseSettings)
    _required("DATABASE_USER" if settings.by_iam else "DATABASE_SECRET_ARN")
    return settings._replace(secret_arn="") if settings.by_iam else settings


def migration_settings() -> DatabaseSettings:
    """As the functions', but for who connects: the owner of the tables, always with the password of a secret."""
    return database_settings()._replace(by_iam=False, secret_arn=_required("DATABASE_SECRET_ARN"))


@cache
def recording_settings() -> RecordingSettings:
    """Read once per container."""
    return from_environ(RecordingSettings)


@cache
def copy_settings() -> CopySettings:
    """Read once per container."""
    return from_environ(CopySettings)


@cache
def console_settings() -> ConsoleSettings:
    """Read once per container."""
    return from_environ(ConsoleSettings)
