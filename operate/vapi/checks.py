"""Checks of Vapi's configuration; each yields findings and sends no request."""

from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

from autopulse.vapi.routes import ANSWERS, SUBSCRIPTION
from operate.vapi.api import Resource
from operate.vapi.current_state import ASSISTANT, ORGANIZATION, PHONE_NUMBER, CurrentState, server_of, url_of
from operate.vapi.desired_state import BACKOFF_PLAN, PROTECTED_MONITOR, DesiredState, plan_seconds, show_url
from operate.vapi.findings import Finding, advice, wrong
from operate.vapi.scopes import Scope

FEWEST_RETRIES: Final = 3
LEAST_TIMEOUT_SECONDS: Final = 10
"""The verifier's own timeout: a sender with a shorter one repeats webhooks that are about to be accepted."""
DEFAULT_MESSAGES: Final = frozenset(
    {
        "assistant.started",
        "conversation-update",
        "end-of-call-report",
        "function-call",
        "handoff-destination-request",
        "hang",
        "speech-update",
        "status-update",
        "tool-calls",
        "transfer-destination-request",
        "user-interrupted",
    }
)
"""The messages that Vapi sends if `serverMessages` is not set."""
TAKES_OVER: Final = "phone-call-control"
"""A server that subscribes to this message takes over hanging up and forwarding."""
_GIVEN: Final = {"assistant": "ASSISTANT={id}", "phone number": "PHONE_NUMBER={id}", "organization": "ORGANIZATION=1"}


def check(current: CurrentState, desired: DesiredState, scope: Scope | None) -> list[Finding]:
    """Check one scope with those that it overrides and that override it; without one, all that send to this stack."""
    return list(dict.fromkeys([*_check_url(desired), *_check_scopes(current, desired, scope)]))


def _check_scopes(current: CurrentState, desired: DesiredState, scope: Scope | None) -> Iterator[Finding]:
    assistants = [item for item in current.assistants if _concerns(current, desired, scope, item)]
    for assistant in assistants:
        yield from _check_assistant(current, desired, assistant)
    for number in current.phone_numbers:
        if _is_named(scope, PHONE_NUMBER, number) or (scope is None and _is_meant(current, desired, number)):
            yield from _check_number(current, desired, number)
    if scope is not None and scope.name == ORGANIZATION.name:
        yield from _check_organization(current, desired)
    if scope is None and not assistants:
        remedy = f"make vapi-configure ASSISTANT=id{desired.make_suffix} (or PHONE_NUMBER=id, or ORGANIZATION=1)"
        yield wrong("organization", f"no assistant's events go to {show_url(desired.url)}", remedy)


def _concerns(current: CurrentState, desired: DesiredState, scope: Scope | None, assistant: Resource) -> bool:
    if scope is None:
        return any(resource and _is_meant(current, desired, resource) for _, resource in current.routes(assistant))
    if scope.name == PHONE_NUMBER.name:
        numbers = [number for number in current.phone_numbers if number["id"] == scope.id]
        return any(current.answers(number, assistant) for number in numbers)
    return scope.name == ORGANIZATION.name or assistant["id"] == scope.id


def _is_meant(current: CurrentState, desired: DesiredState, resource: Resource) -> bool:
    """Return whether its events go to this stack or seem meant to: same host, or one of the stack's credentials."""
    credential = current.credentials.get(str(server_of(resource).get("credentialId")), {})
    is_signed_for_us = str(credential.get("name") or "").startswith(desired.credential_prefix)
    return is_signed_for_us or urlsplit(url_of(resource)).netloc == urlsplit(desired.url).netloc


def _check_url(desired: DesiredState) -> Iterator[Finding]:
    if urlsplit(desired.url).scheme != "https":
        remedy = "give a URL that Vapi reaches by https: VAPI_WEBHOOK_URL=https://…, or ENV= of a deployed stack"
        yield wrong("webhook URL", f"{show_url(desired.url)} is not https", remedy)


def _check_assistant(current: CurrentState, desired: DesiredState, assistant: Resource) -> Iterator[Finding]:
    where = ASSISTANT.describe(assistant)
    for scope, resource in current.routes(assistant):
        yield from _check_route(desired, where, assistant, scope, resource)
        if resource is not None and url_of(resource) == desired.url:
            yield from _check_server(current, desired, scope, resource)
    yield from _check_messages(desired, where, assistant)
    yield from _check_monitor(desired, where, assistant)
    yield from _check_tools(current, where, assistant)


def _check_route(
    desired: DesiredState, where: str, assistant: Resource, scope: Scope, resource: Resource | None
) -> Iterator[Finding]:
    remedy = _configure(desired, ASSISTANT, assistant)
    if resource is None:
        yield wrong(where, "no server URL at any scope: its events go nowhere, and Vapi says nothing", remedy)
    elif url_of(resource) != desired.url:
        yield wrong(where, f"its events go to {show_url(url_of(resource))}, by the server URL of {scope.name}", remedy)


def _check_number(current: CurrentState, desired: DesiredState, number: Resource) -> Iterator[Finding]:
    where = PHONE_NUMBER.describe(number)
    remedy = _configure(desired, PHONE_NUMBER, number)
    if url_of(number) != desired.url:
        yield wrong(where, f"its server URL is {show_url(url_of(number))}", remedy)
    else:
        yield from _check_server(current, desired, PHONE_NUMBER, number)
    if not any(number.get(field) for field in ("assistantId", "squadId", "workflowId")):
        told = "it has no assistant, so Vapi asks this stack who takes its calls, and vapi_number has to name one"
        yield advice(where, told, "name one (docs/vapi.md, Who calls), or give it one at dashboard.vapi.ai")


def _check_organization(current: CurrentState, desired: DesiredState) -> Iterator[Finding]:
    organization = current.organization
    if organization is None:
        what = "Vapi lets this key not read it, so its server URL cannot be checked"
        yield wrong(
            "organization", what, "look at dashboard.vapi.ai, Organization Settings; or configure the assistants"
        )
        return
    if url_of(organization) != desired.url:
        what = f"its server URL is {show_url(url_of(organization))}"
        yield wrong(ORGANIZATION.describe(organization), what, _configure(desired, ORGANIZATION, organization))
    else:
        yield from _check_server(current, desired, ORGANIZATION, organization)
    yield from _check_shadows(current, desired)


def _check_shadows(current: CurrentState, desired: DesiredState) -> Iterator[Finding]:
    for number in current.phone_numbers:
        if url_of(number) not in {"", desired.url}:
            what = f"its server URL {show_url(url_of(number))} shadows the organization's"
            remedy = _configure(desired, PHONE_NUMBER, number)
            yield wrong(PHONE_NUMBER.describe(number), what, remedy)


def _check_server(current: CurrentState, desired: DesiredState, scope: Scope, resource: Resource) -> Iterator[Finding]:
    """Check a server object whose URL is this stack's."""
    where, server = scope.describe(resource), server_of(resource)
    remedy = _configure(desired, scope, resource)
    for examine in (_check_credential, _check_retries, _check_rest):
        yield from examine(current, desired, where, server | _legacy(resource), remedy)


def _legacy(resource: Resource) -> dict[str, Any]:
    """Return the secret of a resource that still has it in the legacy field."""
    secret = server_of(resource).get("secret") or resource.get("serverUrlSecret")
    return {"secret": secret} if secret else {}


def _check_credential(
    current: CurrentState, desired: DesiredState, where: str, server: Mapping[str, Any], remedy: str
) -> Iterator[Finding]:
    credential_id = server.get("credentialId")
    if server.get("secret"):
        told = "the legacy secret is set in the server object, which every webhook body repeats in plain text"
        yield wrong(where, told, remedy)
    if not credential_id:
        yield wrong(where, "no credential is attached: Vapi chooses one, or signs nothing", remedy)
    elif credential_id not in current.credentials:
        yield wrong(where, f"its credential {credential_id} does not exist any more", remedy)
    else:
        yield from _check_name(current.credentials[credential_id], desired, where, remedy)


def _check_name(credential: Resource, desired: DesiredState, where: str, remedy: str) -> Iterator[Finding]:
    name = str(credential.get("name") or "")
    if name.startswith(desired.credential_prefix) and name != desired.credential_name:
        yield wrong(where, "its credential has a former secret or plan of this stack", remedy)
    elif name != desired.credential_name:
        told = f"its credential {credential['id']} was not made by this stack, and Vapi does not show its secret"
        yield advice(where, told, remedy)


def _check_retries(
    _picture: CurrentState, _desired: DesiredState, where: str, server: Mapping[str, Any], remedy: str
) -> Iterator[Finding]:
    plan = server.get("backoffPlan")
    if not isinstance(plan, dict) or not plan.get("maxRetries"):
        yield wrong(where, "no retries: a webhook that fails once is lost", remedy)
        return
    if plan["maxRetries"] < FEWEST_RETRIES:
        yield wrong(where, f"only {plan['maxRetries']} retries", remedy)
    elif plan_seconds(plan) < plan_seconds(BACKOFF_PLAN):
        covers, possible = (_minutes(plan_seconds(one)) for one in (plan, BACKOFF_PLAN))
        told = f"tries again for {covers}, and {possible} are possible: a longer outage loses reports"
        yield advice(where, told, remedy)
    codes = [int(code) for code in plan.get("excludedStatusCodes") or []]
    excluded = [code for code in codes if _asks_for_more(code)]
    others = [code for code in codes if code not in excluded and code not in BACKOFF_PLAN["excludedStatusCodes"]]
    if others:
        told = f"{', '.join(map(str, others))} are not tried again, though a wrong secret or path may be mended by then"
        yield advice(where, told, remedy)
    if excluded:
        yield wrong(
            where, f"{', '.join(map(str, excluded))} are not tried again, and we answer so to be tried again", remedy
        )


def _minutes(seconds: float) -> str:
    """Format a duration, rounded down to minutes."""
    hours, minutes = divmod(int(seconds) // 60, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _asks_for_more(status: int) -> bool:
    """Return whether the verifier or the gateway answers with this status so that Vapi retries."""
    return status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _check_rest(
    _picture: CurrentState, desired: DesiredState, where: str, server: Mapping[str, Any], remedy: str
) -> Iterator[Finding]:
    if (server.get("timeoutSeconds") or 20) < LEAST_TIMEOUT_SECONDS:
        yield wrong(where, f"gives up after {server['timeoutSeconds']} s, before we do", remedy)
    if server.get("encryptedPaths"):
        yield wrong(
            where, "parts of the body are encrypted (encryptedPaths), and nobody here can read them", "take them out"
        )
    header = str(desired.plan.get("signatureHeader") or desired.plan.get("headerName"))
    if any(name.lower() in {"authorization", header.lower()} for name in server.get("headers") or {}):
        told = "a static header overrides the credential's"
        yield wrong(where, told, f"take Authorization and {header} out of the server's headers at dashboard.vapi.ai")
    if not server.get("staticIpAddressesEnabled"):
        told = "sends from changing addresses, which the firewall's rate rule and allow-list do not know"
        yield advice(where, told, f"{remedy} STATIC_IP=1")


def _check_messages(desired: DesiredState, where: str, assistant: Resource) -> Iterator[Finding]:
    given = assistant.get("serverMessages")
    messages = DEFAULT_MESSAGES if given is None else frozenset(map(str, given))
    unset = "serverMessages is not set, so that " if given is None else ""
    remedy = _configure(desired, ASSISTANT, assistant)
    judged: list[tuple[Callable[..., Finding], frozenset[str], str]] = [
        (wrong, SUBSCRIPTION - messages, "never arrive"),
        (wrong, messages & ANSWERS.keys(), "wait for an answer, and are answered no here"),
        (wrong, messages & {TAKES_OVER}, "hands hanging up and forwarding over to us, who do neither"),
        (advice, messages - SUBSCRIPTION - ANSWERS.keys() - {TAKES_OVER}, "are sent and not read"),
    ]
    for kind, names, consequence in judged:
        if names:
            yield kind(where, f"{unset}{', '.join(sorted(names))} {consequence}", remedy)


def _check_monitor(desired: DesiredState, where: str, assistant: Resource) -> Iterator[Finding]:
    plan = assistant.get("monitorPlan") or {}
    open_ = [
        word
        for word in ("listen", "control")
        if plan.get(f"{word}Enabled", True) and not plan.get(f"{word}AuthenticationEnabled")
    ]
    if open_:
        what = f"whoever has a call's URL may {' and '.join(open_)}: the monitor URLs ask for no key"
        remedy = f"{_configure(desired, ASSISTANT, assistant)} PROTECT_MONITOR=1 ({', '.join(PROTECTED_MONITOR)})"
        yield wrong(where, what, remedy)


def _check_tools(current: CurrentState, where: str, assistant: Resource) -> Iterator[Finding]:
    model = assistant.get("model") or {}
    saved = [current.tools[id_] for id_ in model.get("toolIds") or [] if id_ in current.tools]
    served = [tool for tool in [*(model.get("tools") or []), *saved] if tool.get("type") == "function"]
    homeless = [str((tool.get("function") or {}).get("name")) for tool in served if not url_of(tool)]
    if homeless:
        what = f"its tools {', '.join(homeless)} have no server URL of their own: they are called here, and answered no"
        yield wrong(where, what, "give each of them a server URL of its own at dashboard.vapi.ai")


def _configure(desired: DesiredState, scope: Scope, resource: Resource) -> str:
    """Return the command that corrects a scope."""
    return f"make vapi-configure {_GIVEN[scope.name].format(id=resource['id'])}{desired.make_suffix}"


def _is_named(scope: Scope | None, kind: Scope, resource: Resource) -> bool:
    return scope is not None and scope.name == kind.name and resource["id"] == scope.id
