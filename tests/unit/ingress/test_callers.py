"""Check that whoever waits for an answer gets one, whatever becomes of the function that knows it."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from autopulse import aws
from autopulse.ingress.callers import KEPT_SECONDS, LATE_SECONDS, MAX_KEPT, READ_SECONDS, Callers
from autopulse.ingress.verifier import RequestContext
from autopulse.vapi.call_tokens import call_token
from functions.verifier.app import SERVICES, handler
from tests.unit.ingress.conftest import DEFAULT_CREDENTIALS, Account
from tests.unit.ingress.requests import with_secret

FUNCTION: Final = "arn:aws:lambda:us-west-2:111122223333:function:autopulse-test-callers:live"
NUMBER: Final = "+12025550142"
VAPI_ID: Final = "0193a000-0000-7000-8000-0000000000a1"
TWILIO_TOKEN: Final = "an-invented-twilio-auth-token"
SERVER_SECRET: Final = "an-invented-server-url-secret"
REFUSAL: Final = {"error": "Sorry, this number cannot take your call right now. Goodbye."}
KNOWN: Final = {
    "assistant_id": "assistant-1",
    "caller": "known",
    "call_id": 15,
    "variables": {"call_id": "15", "missed_call": "yes"},
}


class Function:
    """The function, as the client invokes it."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self.says: Any = KNOWN

    def invoke(self, function: str, event: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON
        self.asked.append((function, event))
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


@pytest.fixture
def function(account: Account, monkeypatch: pytest.MonkeyPatch) -> Function:  # noqa: ARG001 - it starts the container
    monkeypatch.setenv("CALLERS_FUNCTION", FUNCTION)
    return Function()


@pytest.fixture
def ask(function: Function) -> Callable[..., Any]:
    """What the verifier answers to a message that waits; the container stays."""
    vars(SERVICES)["callers"] = Callers(FUNCTION, function, "")  # type: ignore[arg-type] # has what is called

    def send(type_: str = "assistant-request", **fields: Any) -> Any:  # noqa: ANN401 - any JSON
        answer = handler(with_secret({"message": {"type": type_, **(request() | fields)}}), None)
        assert answer["statusCode"] == 200
        return json.loads(answer["body"])

    return send


def request(number_id: str = "phone-1") -> dict[str, Any]:
    """As Vapi sends it, with the secrets of the number."""
    phone_number = {
        "id": number_id,
        "number": "+12025550100",
        "twilioAuthToken": TWILIO_TOKEN,
        "serverUrlSecret": SERVER_SECRET,
    }
    call = {
        "id": VAPI_ID,
        "type": "inboundPhoneCall",
        "status": "ringing",
        "assistantId": None,
        "phoneNumberId": number_id,
        "phoneNumber": phone_number,
        "customer": {"number": NUMBER},
    }
    return {"call": call, "phoneNumber": phone_number, "customer": {"number": NUMBER}}


def test_a_caller_gets_the_assistant_with_its_variables(function: Function, ask: Callable[..., Any]) -> None:
    assert ask() == {
        "assistantId": "assistant-1",
        "assistantOverrides": {"variableValues": {"call_id": "15", "missed_call": "yes"}},
    }
    asked = {"question": "assistant-request", "phone_number_id": "phone-1", "number": NUMBER, "vapi_call_id": VAPI_ID}
    assert function.asked == [(FUNCTION, asked)]


def test_secrets_of_the_number_go_nowhere(
    function: Function, ask: Callable[..., Any], account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = [ask(), ask("transfer-destination-request"), ask("campaign.predial", contact={"number": NUMBER})]
    captured = capsys.readouterr()
    everywhere = json.dumps([answers, function.asked]) + captured.out + captured.err
    assert TWILIO_TOKEN not in everywhere
    assert SERVER_SECRET not in everywhere
    assert NUMBER.removeprefix("+") not in captured.out + captured.err
    assert account.everything_queued() == []


FAILURES: Final = [
    ReadTimeoutError(endpoint_url="https://lambda.example.com"),
    ConnectTimeoutError(endpoint_url="https://lambda.example.com"),
    ClientError({"Error": {"Code": "TooManyRequestsException", "Message": ""}}, "Invoke"),
    ClientError({"Error": {"Code": aws.FUNCTION_FAILED, "Message": ""}}, "Invoke"),
    {"error": "database"},
    {},
    [],
    "nonsense",
]


@pytest.mark.parametrize("failure", FAILURES, ids=str)
def test_what_was_known_of_the_number_answers_when_the_function_does_not(
    function: Function, ask: Callable[..., Any], failure: object
) -> None:
    ask()
    function.says = failure
    assert ask() == {"assistantId": "assistant-1"}
    assert ask(**request("phone-2")) == REFUSAL


@pytest.mark.parametrize("failure", FAILURES, ids=str)
def test_without_an_answer_nobody_is_called_and_nobody_is_handed_over(
    function: Function, ask: Callable[..., Any], failure: object
) -> None:
    function.says = failure
    assert ask("campaign.predial", contact={"number": NUMBER}) == {"eligible": False}
    assert ask("transfer-destination-request") == {"error": "This server does not answer such requests."}


@pytest.mark.parametrize("default", ["", "assistant-default"])
def test_a_number_that_is_not_ours_any_more_stays_so_when_the_function_does_not_answer(
    function: Function, ask: Callable[..., Any], default: str
) -> None:
    vars(SERVICES)["callers"] = Callers(FUNCTION, function, default)  # type: ignore[arg-type] # as above
    assert ask()["assistantId"] == "assistant-1"
    function.says = {"assistant_id": None, "caller": "ignored", "call_id": None, "variables": {}}
    assert ask() == REFUSAL
    function.says = {"error": "database"}
    assert ask() == REFUSAL
    function.says = KNOWN
    assert ask()["assistantId"] == "assistant-1"


def test_an_answer_of_long_ago_is_forgotten(function: Function, ask: Callable[..., Any]) -> None:
    now = 100.0
    SERVICES.callers.clock = lambda: now
    ask()
    function.says = {"error": "database"}
    now += KEPT_SECONDS - 1
    assert ask() == {"assistantId": "assistant-1"}
    now += 1
    assert ask() == REFUSAL


def test_so_many_numbers_are_kept_and_no_more(function: Function, ask: Callable[..., Any]) -> None:
    kept = SERVICES.callers
    for place in range(MAX_KEPT + 1):
        kept.answer({"type": "assistant-request", **request(f"phone-{place}")}, 0, lambda _: None)
    function.says = {"error": "database"}
    assert ask(**request("phone-0")) == REFUSAL
    assert ask(**request("phone-1")) == {"assistantId": "assistant-1"}


def test_the_stacks_assistant_takes_calls_of_numbers_of_which_nothing_was_heard(
    function: Function, ask: Callable[..., Any]
) -> None:
    vars(SERVICES)["callers"] = Callers(FUNCTION, function, "assistant-default")  # type: ignore[arg-type] # as above
    function.says = {"error": "database"}
    assert ask() == {"assistantId": "assistant-default"}


def test_a_number_that_no_assistant_takes_is_refused(function: Function, ask: Callable[..., Any]) -> None:
    vars(SERVICES)["callers"] = Callers(FUNCTION, function, "assistant-default")  # type: ignore[arg-type] # as above
    function.says = {"assistant_id": None, "caller": "no_organization", "call_id": None, "variables": {}}
    assert ask() == REFUSAL


def test_a_request_that_is_late_asks_nobody(function: Function, ask: Callable[..., Any]) -> None:
    ask()
    message = {"type": "assistant-request", **request()}
    late = SERVICES.callers.answer(message, LATE_SECONDS + 0.1, lambda _: None)
    assert (late.answer, late.reason, late.cause) == ({"assistantId": "assistant-1"}, "unavailable", "late")
    assert len(function.asked) == 1


def test_all_waits_together_end_within_five_seconds() -> None:
    longest = LATE_SECONDS + aws.Lambda.CLOSED_SECONDS + aws.CONNECT_SECONDS + READ_SECONDS
    assert longest <= 5


def test_how_long_a_request_has_taken_is_counted_from_its_coming(
    function: Function, ask: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = datetime.now(timezone.utc) - timedelta(seconds=LATE_SECONDS + 1)
    made = RequestContext.__init__

    def late(self: RequestContext, services: Any) -> None:  # noqa: ANN401 - the verifier's
        made(self, services, received_at=begun)

    monkeypatch.setattr(RequestContext, "__init__", late)
    assert ask() == REFUSAL
    assert function.asked == []


@pytest.mark.parametrize(("eligible", "reason"), [(True, "eligible"), (False, "suppressed")])
def test_a_contact_is_eligible_if_the_function_says_so(
    function: Function,
    ask: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
    eligible: bool,
    reason: str,
) -> None:
    function.says = {"eligible": eligible, "reason": reason}
    contact = {"number": NUMBER, "assistantOverrides": {"variableValues": {"call_id": "15"}}}
    assert ask("campaign.predial", campaignId="campaign-1", contact=contact) == {"eligible": eligible}
    (_, question) = function.asked[0]
    asked = {"question": "predial", "owner_ids": ["phone-1", "campaign-1"], "number": NUMBER, "call_id": 15}
    assert question == asked
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["reason"] for line in lines if "PredialAnswered" in line] == [reason]
    assert [line["type"] for line in lines if line.get("answer") == reason] == ["campaign.predial"]


def test_a_caller_is_handed_over_to_the_number_that_is_known(function: Function, ask: Callable[..., Any]) -> None:
    function.says = {"number": "+12025550188"}
    destination = {"type": "number", "number": "+12025550188"}
    assert ask("transfer-destination-request") == {"destination": destination}
    assert function.asked == [(FUNCTION, {"question": "transfer", "phone_number_id": "phone-1"})]
    function.says = {"number": None}
    assert ask("transfer-destination-request") == {"error": "This server does not answer such requests."}


def test_where_a_proof_is_demanded_the_caller_s_call_gets_one(
    ask: Callable[..., Any], account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.put_secret(DEFAULT_CREDENTIALS | {"call_token_secret": "an-invented-key"})
    monkeypatch.setenv("REQUIRE_CALL_TOKEN", "true")
    variables = ask()["assistantOverrides"]["variableValues"]
    assert variables["call_token"] == call_token(15, b"an-invented-key")


@pytest.mark.usefixtures("account")
def test_without_a_function_everything_is_refused() -> None:
    answer = handler(with_secret({"message": {"type": "assistant-request", **request()}}), None)
    assert json.loads(answer["body"]) == REFUSAL


@pytest.mark.parametrize(
    "odd", [{"call": 7}, {"call": {"customer": []}}, {"customer": {"number": "x" * 500}}, {"phoneNumber": {"id": {}}}]
)
def test_an_odd_request_is_asked_about_all_the_same(
    function: Function, ask: Callable[..., Any], odd: dict[str, Any]
) -> None:
    assert ask(**odd)["assistantId"] == "assistant-1"
    assert len(json.dumps(function.asked)) < 1_000
