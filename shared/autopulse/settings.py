"""The functions' configuration: environment variables that `template.yaml` sets, read on first use.

Each group is what one sort of function needs; a missing variable fails with its name. They are tuples, for a dataclass
takes half a millisecond of every cold start.
"""

import os
import re
from collections.abc import Mapping
from functools import cache
from typing import Final, NamedTuple

from autopulse.domain.answers import AnswerNames, answer_names
from autopulse.vapi.recordings import HOST

KINDS: Final = ("status", "conversation", "report", "hang", "transcript")
"""The kinds of message: one queue, one dead-letter queue and one consumer each."""


class SettingMissing(KeyError):
    """An environment variable that the template should have set is absent or empty."""


class SettingInvalid(ValueError):
    """An environment variable, and so the stack's parameter behind it, cannot be used as it is."""


def _required(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise SettingMissing(f"environment variable {name} is not set")
    return value


class VerifierSettings(NamedTuple):
    """What the verifier needs."""

    webhook_secret_arn: str
    queue_urls: Mapping[str, str]
    """Kind -> queue URL."""
    payload_bucket: str
    require_call_token: bool
    """Whether our call id counts only with the application's proof beside it."""


class DatabaseSettings(NamedTuple):
    """Where Postgres is, and who connects: `user` with a token of IAM, or the user of a secret with its password."""

    host: str
    port: int
    name: str
    by_iam: bool
    user: str
    """The role that the functions connect as; empty if that is whoever migrates."""
    secret_arn: str
    """A JSON secret with `username` and `password`, as RDS keeps it; may be empty with IAM."""
    ca_file: str
    """PEM file to verify the server against; empty for the system's roots."""
    reader: str = ""
    """The role that the read API connects as, for the migration, which makes it; empty if that is `user`."""


class ConsumerSettings(NamedTuple):
    """What a consumer needs besides the database."""

    queue_url: str
    dead_letter_queue_url: str
    payload_bucket: str
    event_bus_name: str
    ignore_unknown_calls: bool
    default_organization_id: str
    """Organization of calls that no `vapi_number` row places; empty for none."""
    answer_names: AnswerNames
    """What the answers of an analysis may be called."""


class LiveSettings(NamedTuple):
    """What the functions behind the WebSocket need."""

    connections_table: str
    connections_url: str
    """Base URL of the gateway's management API: where messages to connections are posted."""


class AccessSettings(NamedTuple):
    """Whose tokens let people read; without an issuer and an audience nobody may."""

    issuer: str
    """The `iss` of tokens: an OIDC issuer's URL."""
    audience: str
    """The `aud` of tokens, or the `client_id` of Cognito's access tokens."""
    jwks_url: str
    """Where the issuer's keys are; empty to ask its discovery document."""
    jwks: str
    """The keys themselves as a JWKS document, instead of a URL; empty for none."""
    organization_claim: str
    """The claim that has the organization's UUID."""


class ConsoleSettings(NamedTuple):
    """What the console's page is told; all of it is public."""

    websocket_url: str
    """Where the page hears of changes: `wss://` and more."""
    issuer: str
    """OIDC issuer that people sign in with; empty for none."""
    client_id: str
    """What the issuer knows the console as; empty if nobody can sign in there."""
    scopes: str
    """What the page asks the issuer for, separated by spaces."""
    audience: str
    """Whom the read API wants its tokens to be for."""
    oidc_origins: str
    """Where else than at the issuer's own address its endpoints are; separated by spaces."""
    stack: str
    """The stack's name, so that people see which one they look at."""
    recording_hosts: tuple[str, ...] = ()
    """Where recordings are played from: hosts, or `*.example.com` for every host below example.com."""
    takes_token: bool = False
    """Whether a token in the page's address signs in whoever follows it: on the local stack alone."""


@cache
def verifier_settings() -> VerifierSettings:
    """Read once per container."""
    return VerifierSettings(
        webhook_secret_arn=_required("WEBHOOK_SECRET_ARN"),
        queue_urls={kind: _required(f"{kind.upper()}_QUEUE_URL") for kind in KINDS},
        payload_bucket=_required("PAYLOAD_BUCKET"),
        # Whatever else it says than false demands one: a check is not switched off by a mistake.
        require_call_token=os.environ.get("REQUIRE_CALL_TOKEN", "false") != "false",
    )


@cache
def database_settings() -> DatabaseSettings:
    """Read once per container."""
    by_iam = os.environ.get("DATABASE_AUTH") == "iam"
    return DatabaseSettings(
        host=_required("DATABASE_HOST"),
        port=int(_required("DATABASE_PORT")),
        name=_required("DATABASE_NAME"),
        by_iam=by_iam,
        user=_required("DATABASE_USER") if by_iam else os.environ.get("DATABASE_USER", ""),
        secret_arn="" if by_iam else _required("DATABASE_SECRET_ARN"),
        ca_file=os.environ.get("DATABASE_CA_FILE", ""),
        reader=os.environ.get("DATABASE_READER", ""),
    )


def migration_settings() -> DatabaseSettings:
    """As the functions', but for who connects: the owner of the tables, always with the password of a secret."""
    return database_settings()._replace(by_iam=False, secret_arn=_required("DATABASE_SECRET_ARN"))


@cache
def consumer_settings() -> ConsumerSettings:
    """Read once per container."""
    return ConsumerSettings(
        queue_url=_required("QUEUE_URL"),
        dead_letter_queue_url=_required("DEAD_LETTER_QUEUE_URL"),
        payload_bucket=_required("PAYLOAD_BUCKET"),
        event_bus_name=_required("EVENT_BUS_NAME"),
        ignore_unknown_calls=os.environ.get("UNKNOWN_CALLS", "dead-letter") == "ignore",
        default_organization_id=os.environ.get("DEFAULT_ORGANIZATION_ID", ""),
        answer_names=stack_answer_names(),
    )


def stack_answer_names() -> AnswerNames:
    """What the answers of an analysis may be called in this stack; the names are worked out once."""
    try:
        return answer_names(os.environ.get("ANALYSIS_ALIASES", ""))
    except ValueError as error:
        raise SettingInvalid(f"environment variable ANALYSIS_ALIASES: {error}") from None


@cache
def recording_hosts() -> tuple[str, ...]:
    """Where recordings are played from, read once per container; raises SettingInvalid."""
    hosts = tuple(os.environ.get("RECORDING_HOSTS", "").split())
    for host in hosts:
        if not HOST.fullmatch(host):
            raise SettingInvalid("environment variable RECORDING_HOSTS: a host is not a name such as a.example.com")
    return hosts


@cache
def live_settings() -> LiveSettings:
    """Read once per container."""
    return LiveSettings(
        connections_table=_required("CONNECTIONS_TABLE"),
        connections_url=_required("CONNECTIONS_URL"),
    )


@cache
def access_settings() -> AccessSettings:
    """Read once per container."""
    return AccessSettings(
        issuer=os.environ.get("OIDC_ISSUER", ""),
        audience=os.environ.get("OIDC_AUDIENCE", ""),
        jwks_url=os.environ.get("OIDC_JWKS_URL", ""),
        jwks=os.environ.get("OIDC_JWKS", ""),
        organization_claim=_required("ORGANIZATION_CLAIM"),
    )


@cache
def console_settings() -> ConsoleSettings:
    """Read once per container."""
    return ConsoleSettings(
        websocket_url=re.sub("^http", "ws", _required("WEBSOCKET_URL")),
        issuer=os.environ.get("OIDC_ISSUER", ""),
        client_id=os.environ.get("OIDC_CLIENT_ID", ""),
        scopes=_required("OIDC_SCOPES"),
        audience=os.environ.get("OIDC_AUDIENCE", ""),
        oidc_origins=os.environ.get("OIDC_ORIGINS", ""),
        stack=_required("POWERTOOLS_SERVICE_NAME"),
        recording_hosts=recording_hosts(),
        takes_token=os.environ.get("TAKES_TOKEN") == "true",
    )
