"""What can be wrong with a configuration at Vapi; each check yields findings and asks nobody."""

from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

from autopulse.vapi.routes import ANSWERS, SUBSCRIPTION
from operate.vapi.api import Resource
from operate.vapi.findings import Finding, advice, wrong
from operate.vapi.levels import Level
from operate.vapi.picture import ASSISTANT, ORGANIZATION, PHONE_NUMBER, Picture, server_of, url_of
from operate.vapi.wishes import PROTECTED_MONITOR, Wishes, show_url

FEWEST_RETRIES: Final = 3
LEAST_TIMEOUT_SECONDS: Final = 10
"""The verifier's own limit: a sender that gives up sooner sends again what is about to be accepted."""
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
"""What Vapi sends where `serverMessages` is not set."""
TAKES_OVER: Final = "phone-call-control"
"""By subscribing to it a server takes over hanging up and forwarding."""
_GIVEN: Final = {"assistant": "ASSISTANT={id}", "phone number": "PHONE_NUMBER={id}", "organization": "ORGANIZATION=1"}


def check(picture: Picture, wishes: Wishes, level: Level | None) -> list[Finding]:
    """Look at one level and what it shadows or is shadowed by; without one at all that sends to this stack."""
    return list(dict.fromkeys([*_check_url(wishes), *_check_levels(picture, wishes, level)]))


def _check_levels(picture: Picture, wishes: Wishes, level: Level | None) -> Iterator[Finding]:
    assistants = [item for item in picture.assistants if _concerns(picture, wishes, level, item)]
    for assistant in assistants:
        yield from _check_assistant(picture, wishes, assistant)
    for number in picture.phone_numbers:
        if _is_named(level, PHONE_NUMBER, number) or (level is None and _is_meant(picture, wishes, number)):
            yield from _check_number(picture, wishes, number)
    if level is not None and level.name == ORGANIZATION.name:
        yield from _check_organization(picture, wishes)
    if level is None and not assistants:
        remedy = f"make vapi-configure ASSISTANT=id{wishes.make_suffix} (or PHONE_NUMBER=id, or ORGANIZATION=1)"
        yield wrong("organization", f"no assistant's events go to {show_url(wishes.url)}", remedy)


def _concerns(picture: Picture, wishes: Wishes, level: Level | None, assistant: Resource) -> bool:
    if level is None:
        return any(resource and _is_meant(picture, wishes, resource) for _, resource in picture.routes(assistant))
    if level.name == PHONE_NUMBER.name:
        numbers = [number for number in picture.phone_numbers if number["id"] == level.id]
        return any(picture.answers(number, assistant) for number in numbers)
    return level.name == ORGANIZATION.name or assistant["id"] == level.id


def _is_meant(picture: Picture, wishes: Wishes, resource: Resource) -> bool:
    """Whether its events go to this stack, or seem to be meant to: the same host, or a credential of the stack's."""
    credential = picture.credentials.get(str(server_of(resource).get("credentialId")), {})
    is_signed_for_us = str(credential.get("name") or "").startswith(wishes.credential_prefix)
    return is_signed_for_us or urlsplit(url_of(resource)).netloc == urlsplit(wishes.url).netloc


def _check_url(wishes: Wishes) -> Iterator[Finding]:
    if urlsplit(wishes.url).scheme != "https":
        remedy = "give a URL that Vapi reaches by https: VAPI_WEBHOOK_URL=https://…, or ENV= of a deployed stack"
        yield wrong("webhook URL", f"{show_url(wishes.url)} is not https", remedy)


def _check_assistant(picture: Picture, wishes: Wishes, assistant: Resource) -> Iterator[Finding]:
    where = ASSISTANT.describe(assistant)
    for level, resource in picture.routes(assistant):
        yield from _check_route(wishes, where, assistant, level, resource)
        if resource is not None and url_of(resource) == wishes.url:
            yield from _check_server(picture, wishes, level, resource)
    yield from _check_messages(wishes, where, assistant)
    yield from _check_monitor(wishes, where, assistant)
    yield from _check_tools(picture, where, assistant)


def _check_route(
    wishes: Wishes, where: str, assistant: Resource, level: Level, resource: Resource | None
) -> Iterator[Finding]:
    remedy = _configure(wishes, ASSISTANT, assistant)
    if resource is None:
        yield wrong(where, "no server URL at any level: its events go nowhere, and Vapi says nothing", remedy)
    elif url_of(resource) != wishes.url:
        yield wrong(where, f"its events go to {show_url(url_of(resource))}, by the server URL of {level.name}", remedy)


def _check_number(picture: Picture, wishes: Wishes, number: Resource) -> Iterator[Finding]:
    where = PHONE_NUMBER.describe(number)
    remedy = _configure(wishes, PHONE_NUMBER, number)
    if url_of(number) != wishes.url:
        yield wrong(where, f"its server URL is {show_url(url_of(number))}", remedy)
    else:
        yield from _check_server(picture, wishes, PHONE_NUMBER, number)
    if not any(number.get(field) for field in ("assistantId", "squadId", "workflowId")):
        told = "who calls it is told that nobody answers: it has no assistant, and assistant-request is not served here"
        yield advice(where, told, "give it an assistant at dashboard.vapi.ai, if it is to take calls")


def _check_organization(picture: Picture, wishes: Wishes) -> Iterator[Finding]:
    organization = picture.organization
    if organization is None:
        what = "Vapi lets this key not read it, so its server URL cannot be checked"
        yield wrong(
            "organization", what, "look at dashboard.vapi.ai, Organization Settings; or configure the assistants"
        )
        return
    if url_of(organization) != wishes.url:
        what = f"its server URL is {show_url(url_of(organization))}"
        yield wrong(ORGANIZATION.describe(organization), what, _configure(wishes, ORGANIZATION, organization))
    else:
        yield from _check_server(picture, wishes, ORGANIZATION, organization)
    yield from _check_shadows(picture, wishes)


def _check_shadows(picture: Picture, wishes: Wishes) -> Iterator[Finding]:
    for number in picture.phone_numbers:
        if url_of(number) not in {"", wishes.url}:
            what = f"its server URL {show_url(url_of(number))} shadows the organization's"
            remedy = _configure(wishes, PHONE_NUMBER, number)
            yield wrong(PHONE_NUMBER.describe(number), what, remedy)


def _check_server(picture: Picture, wishes: Wishes, level: Level, resource: Resource) -> Iterator[Finding]:
    """A server object whose URL is ours."""
    where, server = level.describe(resource), server_of(resource)
    remedy = _configure(wishes, level, resource)
    for examine in (_check_credential, _check_retries, _check_rest):
        yield from examine(picture, wishes, where, server | _legacy(resource), remedy)


def _legacy(resource: Resource) -> dict[str, Any]:
    """The secret of a resource that still has it in a field of its own."""
    secret = server_of(resource).get("secret") or resource.get("serverUrlSecret")
    return {"secret": secret} if secret else {}


def _check_credential(
    picture: Picture, wishes: Wishes, where: str, server: Mapping[str, Any], remedy: str
) -> Iterator[Finding]:
    credential_id = server.get("credentialId")
    if server.get("secret"):
        told = "the legacy secret is set in the server object, which every webhook body repeats in plain text"
        yield wrong(where, told, remedy)
    if not credential_id:
        yield wrong(where, "no credential is attached: Vapi chooses one, or signs nothing", remedy)
    elif credential_id not in picture.credentials:
        yield wrong(where, f"its credential {credential_id} does not exist any more", remedy)
    else:
        yield from _check_name(picture.credentials[credential_id], wishes, where, remedy)


def _check_name(credential: Resource, wishes: Wishes, where: str, remedy: str) -> Iterator[Finding]:
    name = str(credential.get("name") or "")
    if name.startswith(wishes.credential_prefix) and name != wishes.credential_name:
        yield wrong(where, "its credential has a former secret or plan of this stack", remedy)
    elif name != wishes.credential_name:
        told = f"its credential {credential['id']} was not made by this stack, and Vapi does not show its secret"
        yield advice(where, told, remedy)


def _check_retries(
    _picture: Picture, _wishes: Wishes, where: str, server: Mapping[str, Any], remedy: str
) -> Iterator[Finding]:
    plan = server.get("backoffPlan")
    if not isinstance(plan, dict) or not plan.get("maxRetries"):
        yield wrong(where, "no retries: a webhook that fails once is lost", remedy)
        return
    if plan["maxRetries"] < FEWEST_RETRIES:
        yield wrong(where, f"only {plan['maxRetries']} retries", remedy)
    excluded = [code for code in plan.get("excludedStatusCodes") or [] if _asks_for_more(int(code))]
    if excluded:
        yield wrong(
            where, f"{', '.join(map(str, excluded))} are not tried again, and we answer so to be tried again", remedy
        )


def _asks_for_more(status: int) -> bool:
    """Whether it is an answer of ours or the gateway's that asks to be tried again."""
    return status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _check_rest(
    _picture: Picture, wishes: Wishes, where: str, server: Mapping[str, Any], remedy: str
) -> Iterator[Finding]:
    if (server.get("timeoutSeconds") or 20) < LEAST_TIMEOUT_SECONDS:
        yield wrong(where, f"gives up after {server['timeoutSeconds']} s, before we do", remedy)
    if server.get("encryptedPaths"):
        yield wrong(
            where, "parts of the body are encrypted (encryptedPaths), and nobody here can read them", "take them out"
        )
    header = str(wishes.plan.get("signatureHeader") or wishes.plan.get("headerName"))
    if any(name.lower() in {"authorization", header.lower()} for name in server.get("headers") or {}):
        told = "a static header overrides the credential's"
        yield wrong(where, told, f"take Authorization and {header} out of the server's headers at dashboard.vapi.ai")
    if not server.get("staticIpAddressesEnabled"):
        told = "sends from changing addresses, which the firewall's rate rule and allow-list do not know"
        yield advice(where, told, f"{remedy} STATIC_IP=1")


def _check_messages(wishes: Wishes, where: str, assistant: Resource) -> Iterator[Finding]:
    given = assistant.get("serverMessages")
    messages = DEFAULT_MESSAGES if given is None else frozenset(map(str, given))
    unset = "serverMessages is not set, so that " if given is None else ""
    remedy = _configure(wishes, ASSISTANT, assistant)
    judged: list[tuple[Callable[..., Finding], frozenset[str], str]] = [
        (wrong, SUBSCRIPTION - messages, "never arrive"),
        (wrong, messages & ANSWERS.keys(), "wait for an answer, and are answered no here"),
        (wrong, messages & {TAKES_OVER}, "hands hanging up and forwarding over to us, who do neither"),
        (advice, messages - SUBSCRIPTION - ANSWERS.keys() - {TAKES_OVER}, "are sent and not read"),
    ]
    for kind, names, fate in judged:
        if names:
            yield kind(where, f"{unset}{', '.join(sorted(names))} {fate}", remedy)


def _check_monitor(wishes: Wishes, where: str, assistant: Resource) -> Iterator[Finding]:
    plan = assistant.get("monitorPlan") or {}
    open_ = [
        word
        for word in ("listen", "control")
        if plan.get(f"{word}Enabled", True) and not plan.get(f"{word}AuthenticationEnabled")
    ]
    if open_:
        what = f"whoever has a call's URL may {' and '.join(open_)}: the monitor URLs ask for no key"
        remedy = f"{_configure(wishes, ASSISTANT, assistant)} PROTECT_MONITOR=1 ({', '.join(PROTECTED_MONITOR)})"
        yield wrong(where, what, remedy)


def _check_tools(picture: Picture, where: str, assistant: Resource) -> Iterator[Finding]:
    model = assistant.get("model") or {}
    saved = [picture.tools[id_] for id_ in model.get("toolIds") or [] if id_ in picture.tools]
    served = [tool for tool in [*(model.get("tools") or []), *saved] if tool.get("type") == "function"]
    homeless = [str((tool.get("function") or {}).get("name")) for tool in served if not url_of(tool)]
    if homeless:
        what = f"its tools {', '.join(homeless)} have no server URL of their own: they are called here, and answered no"
        yield wrong(where, what, "give each of them a server URL of its own at dashboard.vapi.ai")


def _configure(wishes: Wishes, level: Level, resource: Resource) -> str:
    """The command that sets a level right."""
    return f"make vapi-configure {_GIVEN[level.name].format(id=resource['id'])}{wishes.make_suffix}"


def _is_named(level: Level | None, kind: Level, resource: Resource) -> bool:
    return level is not None and level.name == kind.name and resource["id"] == level.id
