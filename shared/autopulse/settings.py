"""The functions' configuration: environment variables that `template.yaml` sets, read on first use.

Each group has the settings of one function or kind of function; a missing variable is an error with its name.
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
    """An environment variable that the template has to set is absent or empty."""


class SettingInvalid(ValueError):
    """An environment variable, and so the stack's parameter for it, has an invalid value."""


def _required(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise SettingMissing(f"environment variable {name} is not set")
    return value


class _Field(NamedTuple):
    """How a field of a group is read; it is the field's default, which `from_environ` replaces by the value."""

    read: Callable[[], Any]


def required(name: str, read: Callable[[str], Any] = str) -> Any:  # noqa: ANN401 - a field's default
    """A field whose variable is required."""
    return computed(lambda: read(_required(name)))


def optional(name: str, read: Callable[[str], Any] = str, absent: str = "") -> Any:  # noqa: ANN401 - as above
    """A field whose variable is optional; `absent` is the text to read if it is absent."""
    return computed(lambda: read(os.environ.get(name, absent)))


def computed(read: Callable[[], Any]) -> Any:  # noqa: ANN401 - as above
    """A field that is computed from several variables, or in a way of its own."""
    return _Field(read)


Settings = TypeVar("Settings", bound=tuple[Any, ...])


def from_environ(group: type[Settings]) -> Settings:
    """Read a group of settings from the current environment; raises SettingMissing or SettingInvalid."""
    fields: Mapping[str, _Field] = vars(group)["_field_defaults"]
    return group(**{name: field.read() for name, field in fields.items()})


def stack_answer_names() -> AnswerNames:
    """The names that the answers of an analysis may have in this stack, computed once."""
    try:
        return answer_names(os.environ.get("ANALYSIS_ALIASES", ""))
    except ValueError as error:
        raise SettingInvalid(f"environment variable ANALYSIS_ALIASES: {error}") from None


def stack_other_names() -> frozenset[str]:
    """The names of outputs that are known to be no answers of ours in this stack."""
    return other_names(os.environ.get("ANALYSIS_ALIASES", ""))


@cache
def follow_up_rules() -> "FollowUpRules":
    """The rules for opening follow-ups in this stack, read once per container."""
    from autopulse.domain.follow_ups import FollowUpRules  # noqa: PLC0415 - the verifier does not need it

    return FollowUpRules(
        score=int(os.environ.get("FOLLOW_UP_SCORE", "") or FollowUpRules().score),
        action_items=os.environ.get("FOLLOW_UP_ACTION_ITEMS", "off") == "on",
    )


@cache
def recording_hosts() -> tuple[str, ...]:
    """The hosts that recordings are played from, read once per container; raises SettingInvalid."""
    return _hosts("RECORDING_HOSTS")


def recording_bucket() -> str:
    """The bucket from which copies of recordings are deleted; empty if the stack keeps no copies."""
    return os.environ.get("RECORDING_BUCKET", "")


def pseudonym_key_secret_arn() -> str:
    """The ARN of the secret with the key of pseudonyms; raises SettingMissing."""
    return _required("PSEUDONYM_KEY_SECRET_ARN")


def _hosts(variable: str) -> tuple[str, ...]:
    hosts = tuple(os.environ.get(variable, "").split())
    for host in hosts:
        if not HOST.fullmatch(host):
            raise SettingInvalid(f"environment variable {variable}: a host is not a name such as a.example.com")
    return hosts


RECORD_KINDS: Final = ("status_update", "end_of_call_report")
"""The kinds of messages that Vapi's record of a call can become."""


def _queue_urls(kinds: Iterable[str] = KINDS) -> dict[str, str]:
    return {kind: _required(f"{kind.upper()}_QUEUE_URL") for kind in kinds}


class VerifierSettings(NamedTuple):
    """The settings of the verifier."""

    webhook_secret_arn: str = required("WEBHOOK_SECRET_ARN")
    queue_urls: Mapping[str, str] = computed(_queue_urls)
    """Kind -> queue URL."""
    payload_bucket: str = required("PAYLOAD_BUCKET")
    erasure_queue_url: str = optional("ERASURE_QUEUE_URL")
    """The queue for deletions of calls at Vapi; empty if they are not reported."""
    # Any value but `false` requires the token, so that a mistake does not disable a check.
    require_call_token: bool = optional("REQUIRE_CALL_TOKEN", lambda text: text != "false", absent="false")
    """Whether our call id counts only together with the application's token."""
    callers_function: str = optional("CALLERS_FUNCTION")
    """ARN of the function that answers from the database; if empty, its requests are refused."""
    inbound_assistant_id: str = optional("INBOUND_ASSISTANT_ID")
    """Vapi's id of the assistant for calls to numbers without one of their own; empty for none."""


class FetcherSettings(NamedTuple):
    """The settings of the fetcher."""

    vapi_api_url: str = required("VAPI_API_URL")
    vapi_api_key_secret_arn: str = required("VAPI_API_KEY_SECRET_ARN")
    """A JSON secret with `api_key`."""
    request_queue_url: str = required("VAPI_REQUEST_QUEUE_URL")
    request_dead_letter_queue_url: str = required("VAPI_REQUEST_DEAD_LETTER_QUEUE_URL")
    page_queue_url: str = required("VAPI_PAGE_QUEUE_URL")
    erasure_queue_url: str = required("ERASURE_QUEUE_URL")
    """The queue for results of deletions."""
    queue_urls: Mapping[str, str] = computed(lambda: _queue_urls(RECORD_KINDS))
    """Kind -> queue URL."""
    payload_bucket: str = required("PAYLOAD_BUCKET")
    require_call_token: bool = optional("REQUIRE_CALL_TOKEN", lambda text: text != "false", absent="false")
    """As in VerifierSettings."""
    webhook_secret_arn: str = optional("WEBHOOK_SECRET_ARN")
    """The webhook secret, which has the secret of the call tokens if the stack requires them."""
    answer_names: AnswerNames = computed(stack_answer_names)
    """As in ConsumerSettings."""


class SweepSettings(NamedTuple):
    """The settings of the sweep, besides the database's."""

    is_on: bool = optional("RECONCILE", lambda text: text == "on")
    """Whether there is a key of Vapi's API."""
    request_queue_url: str = required("VAPI_REQUEST_QUEUE_URL")
    queue_urls: Mapping[str, str] = computed(_queue_urls)
    """Kind -> queue URL; the kind's dead-letter queue has the same name with the suffix `-dead-letters`."""
    longest_call_seconds: int = required("LONGEST_CALL_SECONDS", int)
    default_organization_id: str = optional("DEFAULT_ORGANIZATION_ID")
    """As in ConsumerSettings."""


class DatabaseSettings(NamedTuple):
    """The connection to Postgres: `user` with an IAM token, or the user and password of a secret."""

    host: str = required("DATABASE_HOST")
    port: int = required("DATABASE_PORT", int)
    name: str = required("DATABASE_NAME")
    by_iam: bool = optional("DATABASE_AUTH", lambda text: text == "iam")
    user: str = optional("DATABASE_USER")
    """The role of most functions; empty if it is the role that migrates."""
    secret_arn: str = optional("DATABASE_SECRET_ARN")
    """A JSON secret with `username` and `password`, in the form of RDS; empty with IAM."""
    ca_file: str = optional("DATABASE_CA_FILE")
    """PEM file of the certificates that verify the server; empty for the system's certificates."""
    writer: str = optional("DATABASE_WRITER")
    """The role of the follow-ups' function, for the migration; empty if it is `user`."""
    caller: str = optional("DATABASE_CALLER")
    """The role of the callers' function, for the migration; empty if it is `user`."""
    eraser: str = optional("DATABASE_ERASER")
    """The role of the erasures' function, for the migration; empty if it is the role that migrates."""
    reader: str = optional("DATABASE_READER")
    """The role of the read API, which the migration creates; empty if it is `user`."""


class ConsumerSettings(NamedTuple):
    """The settings of a consumer, besides the database's."""

    queue_url: str = required("QUEUE_URL")
    dead_letter_queue_url: str = required("DEAD_LETTER_QUEUE_URL")
    payload_bucket: str = required("PAYLOAD_BUCKET")
    event_bus_name: str = required("EVENT_BUS_NAME")
    ignore_unknown_calls: bool = optional("UNKNOWN_CALLS", lambda text: text == "ignore")
    default_organization_id: str = optional("DEFAULT_ORGANIZATION_ID")
    """The organization of calls without an owner in `vapi_number`; empty for none."""
    answer_names: AnswerNames = computed(stack_answer_names)
    """The names that the answers of an analysis may have."""
    recording_queue_url: str = optional("RECORDING_QUEUE_URL")
    """The queue for copies of recordings; empty if the stack makes no copies."""
    erasure_queue_url: str = optional("ERASURE_QUEUE_URL")
    """The queue for late copies of erased calls; the consumer of statuses writes to it."""


class RecordingSettings(NamedTuple):
    """The settings of the function that copies recordings."""

    queue_url: str = required("RECORDING_QUEUE_URL")
    dead_letter_queue_url: str = required("DEAD_LETTER_QUEUE_URL")
    status_queue_url: str = required("STATUS_UPDATE_QUEUE_URL")
    """The queue for results of copies."""
    bucket: str = required("RECORDING_BUCKET")
    storage_hosts: tuple[str, ...] = computed(lambda: _hosts("RECORDING_STORAGE_HOSTS"))
    """Hosts that recordings are read from: a name, or `*.example.com` for every subdomain of example.com."""
    api_url: str = required("VAPI_API_URL")
    """The base URL of Vapi's API."""
    api_key_secret_arn: str = optional("VAPI_API_KEY_SECRET_ARN")
    """A JSON secret with `api_key`; if empty, only the reports' own URLs are used."""


class CopySettings(NamedTuple):
    """The settings of the read API about copies of recordings."""

    bucket_url: str = optional("RECORDING_BUCKET_URL")
    """The base URL of the copies; empty if the stack keeps none."""
    retention_days: int = optional("RECORDING_RETENTION_DAYS", int, absent="0")
    """The retention time of copies in whole days; 0 if the stack keeps none."""


class FollowUpSettings(NamedTuple):
    """The settings of the function that changes follow-ups, besides the database's."""

    event_bus_name: str = required("EVENT_BUS_NAME")


class CallerSettings(NamedTuple):
    """The settings of the callers' function, besides the database's."""

    default_organization_id: str = optional("DEFAULT_ORGANIZATION_ID")
    """As in ConsumerSettings."""
    inbound_assistant_id: str = optional("INBOUND_ASSISTANT_ID")
    """As in VerifierSettings."""
    personal_values: bool = optional("INBOUND_PERSONAL_VALUES", lambda text: text == "true")
    """Whether the assistant gets the name of the number's owner before the caller has given one."""
    pause_days: int = optional("CONTACT_PAUSE_DAYS", int, absent="90")
    """Days in which a customer who was reached is not called again; 0 for none."""


class ErasureSettings(NamedTuple):
    """The settings of the erasure function, besides the database's."""

    queue_url: str = required("ERASURE_QUEUE_URL")
    """The function's own queue."""
    vapi_request_queue_url: str = required("VAPI_REQUEST_QUEUE_URL")
    """The queue for requests to Vapi to delete a call."""
    asks_vapi: bool = optional("RECONCILE", lambda text: text == "on")
    """Whether there is a key of Vapi's API."""
    erases_what_vapi_deletes: bool = optional("ON_VAPI_DELETE", lambda text: text == "erase")
    backup_days: int = optional("BACKUP_DAYS", int, absent="35")
    """The retention time of the database's backups in whole days."""
    keep_words_days: int = optional("KEEP_WORDS_DAYS", int, absent="0")
    """Whole days after which the words of a call are emptied; 0: never."""
    keep_person_days: int = optional("KEEP_PERSON_DAYS", int, absent="0")
    """Whole days after which the personal data of a call are emptied; 0: never."""
    payload_bucket: str = optional("PAYLOAD_BUCKET")
    """The bucket of envelopes that are too long for a queue."""


def _alert_channels(*details: str) -> Callable[[], tuple[str, ...]]:
    """The channels of alerts whose parameter has one of these values."""
    return lambda: tuple(
        channel
        for channel, variable in (("email", "ALERT_EMAIL_DETAIL"), ("webhook", "ALERT_WEBHOOK_DETAIL"))
        if os.environ.get(variable, "off") in details
    )


class AlertSettings(NamedTuple):
    """The settings of the planner of alerts, besides the database's."""

    sender_queue_url: str = required("ALERT_SENDER_QUEUE_URL")
    channels: tuple[str, ...] = computed(_alert_channels("link", "full"))
    """The channels of alerts: email, webhook."""
    full_channels: tuple[str, ...] = computed(_alert_channels("full"))
    """The channels whose alerts may contain the customer's data."""
    at_night: bool = optional("ALERT_AT_NIGHT", lambda text: text == "on")
    """Whether alerts are also sent outside of business hours."""


class AlertSenderSettings(NamedTuple):
    """The settings of the sender of alerts."""

    alert_queue_url: str = required("ALERT_QUEUE_URL")
    """The queue for results of attempts."""
    console_url: str = required("CONSOLE_URL")
    """The URL of the console, with which the links in alerts begin."""
    topic_arn: str = optional("ALERT_TOPIC_ARN")
    """The topic that sends mails; empty if there are none."""
    webhook_secret_arn: str = optional("ALERT_WEBHOOK_SECRET_ARN")
    """The secret with the webhook's address; empty if there is none."""
    takes_loopback: bool = optional("ALERT_TAKES_LOOPBACK", lambda text: text == "true")
    """Whether a webhook may be on this machine, which is for the local stack only."""


class LiveSettings(NamedTuple):
    """The settings of the functions behind the WebSocket."""

    connections_table: str = required("CONNECTIONS_TABLE")
    connections_url: str = required("CONNECTIONS_URL")
    """The base URL of the gateway's management API, by which messages are posted to connections."""


class AuthSettings(NamedTuple):
    """The rules for readers' tokens; without an issuer and an audience nobody may read."""

    issuer: str = optional("OIDC_ISSUER")
    """The `iss` of tokens: an OIDC issuer's URL."""
    audience: str = optional("OIDC_AUDIENCE")
    """The `aud` of tokens, or the `client_id` of Cognito's access tokens."""
    jwks_url: str = optional("OIDC_JWKS_URL")
    """The URL of the issuer's keys; if empty, its discovery document has the URL."""
    jwks: str = optional("OIDC_JWKS")
    """The issuer's keys as a JWKS document, in place of a URL; empty for none."""
    organization_claim: str = required("ORGANIZATION_CLAIM")
    """The claim with the organization's UUID."""
    writer_claim: str = optional("WRITER_CLAIM")
    """The claim that allows changes of follow-ups; if empty, all readers may change them."""
    writer_values: frozenset[str] = optional("WRITER_VALUES", lambda text: frozenset(filter(None, text.split(","))))
    """The values of that claim that allow it."""
    user_claim: str = optional("USER_CLAIM")
    """The claim with the id of a person's user; if empty, `email` has the user's e-mail address."""
    advisor_claim: str = optional("ADVISOR_CLAIM")
    """The claim with the id of the user to whose visits a person is restricted; if empty, nobody is restricted."""
    eraser_claim: str = optional("ERASER_CLAIM")
    """The claim that allows erasures of calls; if empty, nobody may erase."""
    eraser_values: frozenset[str] = optional("ERASER_VALUES", lambda text: frozenset(filter(None, text.split(","))))
    """The values of that claim that allow it."""


class ConsoleSettings(NamedTuple):
    """The configuration of the console's page; all of it is public."""

    websocket_url: str = required("WEBSOCKET_URL", lambda url: re.sub("^http", "ws", url))
    """The WebSocket's URL, which begins with `wss://`."""
    issuer: str = optional("OIDC_ISSUER")
    """The OIDC issuer at which people sign in; empty for none."""
    client_id: str = optional("OIDC_CLIENT_ID")
    """The console's client id at the issuer; empty if nobody can sign in."""
    scopes: str = required("OIDC_SCOPES")
    """The scopes that the page requests from the issuer, separated by spaces."""
    audience: str = optional("OIDC_AUDIENCE")
    """The audience that the read API requires of tokens."""
    oidc_origins: str = optional("OIDC_ORIGINS")
    """Further origins of the issuer's endpoints, besides the issuer's own; separated by spaces."""
    stack: str = required("POWERTOOLS_SERVICE_NAME")
    """The stack's name, which the page shows."""
    recording_hosts: tuple[str, ...] = computed(lambda: recording_hosts())  # noqa: PLW0108 - the function, not the field of its name
    """Sources of recordings: hosts, or `*.example.com` for every subdomain of example.com."""
    recording_bucket_url: str = optional("RECORDING_BUCKET_URL")
    """The source of copies of recordings; empty if the stack keeps none."""
    takes_token: bool = optional("TAKES_TOKEN", lambda text: text == "true")
    """Whether a token in the page's URL signs a person in, which is for the local stack only."""


@cache
def database_settings() -> DatabaseSettings:
    """The database settings of a function, read once per container."""
    settings = from_environ(DatabaseSettings)
    _required("DATABASE_USER" if settings.by_iam else "DATABASE_SECRET_ARN")
    return settings._replace(secret_arn="") if settings.by_iam else settings


def migration_settings() -> DatabaseSettings:
    """The database settings of the migration: the owner of the tables, always with a secret's password."""
    return database_settings()._replace(by_iam=False, secret_arn=_required("DATABASE_SECRET_ARN"))


@cache
def recording_settings() -> RecordingSettings:
    """The settings of the copying function, read once per container."""
    return from_environ(RecordingSettings)


@cache
def copy_settings() -> CopySettings:
    """The settings of copies, read once per container."""
    return from_environ(CopySettings)


@cache
def console_settings() -> ConsoleSettings:
    """The settings of the console, read once per container."""
    return from_environ(ConsoleSettings)
