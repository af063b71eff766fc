"""`make vapi-doctor`: one test for each way to be wrong, and none of them on what configure makes."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from local.vapi_api import ORGANIZATION_ID, Vapi
from operate.confirmation import always
from operate.vapi.api import VapiApi
from operate.vapi.authentication_plans import plan_of
from operate.vapi.checks import check
from operate.vapi.configure import configure
from operate.vapi.current_state import read_current_state
from operate.vapi.desired_state import DesiredState
from operate.vapi.findings import Finding, report
from operate.vapi.scopes import Scope
from tests.integration.operate.conftest import SECRET, URL

OTHER_URL = "https://other.example.com/hook"


class Patient:
    """An organization with one assistant, configured well, and its phone number."""

    def __init__(self, vapi: Vapi, api: VapiApi, desired: DesiredState) -> None:
        self.vapi, self.api = vapi, api
        self.desired = DesiredState(
            desired.stack_name, desired.url, desired.plan, protect_monitor=True, static_addresses=True
        )
        self.assistant = vapi.add("assistant", name="Follow-up")
        self.number = vapi.add("phone-number", provider="vapi", assistantId=self.assistant["id"])
        configure(api, self.scope, self.desired, always)
        self.assistant = vapi.stored["assistant"][self.assistant["id"]]

    @property
    def scope(self) -> Scope:
        return Scope("assistant", self.assistant["id"])

    def findings(self, scope: Scope | None = None) -> list[Finding]:
        return check(read_current_state(self.api), self.desired, scope)

    def wrongs(self, scope: Scope | None = None) -> list[str]:
        return [finding.what for finding in self.findings(scope) if finding.is_wrong]


@pytest.fixture
def patient(vapi: Vapi, api: VapiApi, desired: DesiredState) -> Patient:
    return Patient(vapi, api, desired)


def test_what_configure_makes_is_well(patient: Patient) -> None:
    assert patient.findings() == []
    assert patient.findings(patient.scope) == []


def _server(**changes: object) -> Callable[[Patient], None]:
    def spoil(patient: Patient) -> None:
        patient.assistant["server"] = patient.assistant["server"] | changes

    return spoil


def _assistant(**changes: object) -> Callable[[Patient], None]:
    return lambda patient: patient.assistant.update(changes)


def _plan(**changes: object) -> Callable[[Patient], None]:
    return lambda patient: patient.assistant["server"]["backoffPlan"].update(changes)


def _less_a_message(patient: Patient) -> None:
    patient.assistant["serverMessages"].remove("hang")


def _more_messages(*names: str) -> Callable[[Patient], None]:
    return lambda patient: patient.assistant["serverMessages"].extend(names)


def _saved_tool(patient: Patient) -> None:
    tool = patient.vapi.add("tool", type="function", function={"name": "book"})
    patient.assistant["model"] = {"toolIds": [tool["id"]]}


WRONG: list[tuple[Callable[[Patient], None], str]] = [
    (_server(url=OTHER_URL), f"its events go to {OTHER_URL}, by the server URL of assistant"),
    (_server(url=None), "no server URL at any scope"),
    (_server(credentialId=None), "no credential is attached"),
    (_server(credentialId="gone"), "its credential gone does not exist"),
    (_server(secret="legacy"), "the legacy secret is set"),
    (_assistant(serverUrlSecret="legacy"), "the legacy secret is set"),
    (_server(backoffPlan=None), "no retries"),
    (_plan(maxRetries=0), "no retries"),
    (_plan(maxRetries=1), "only 1 retries"),
    (_plan(excludedStatusCodes=[400, 503, 429]), "503, 429 are not tried again"),
    (_server(timeoutSeconds=5), "gives up after 5 s"),
    (_server(encryptedPaths=["message"]), "parts of the body are encrypted"),
    (_server(headers={"authorization": "Bearer hidden-value"}), "a static header overrides"),
    (_server(headers={"X-Vapi-Signature": "hidden-value"}), "a static header overrides"),
    (_less_a_message, "hang never arrive"),
    (_more_messages("tool-calls"), "tool-calls wait for an answer"),
    (_more_messages("phone-call-control"), "phone-call-control hands hanging up"),
    (_assistant(serverMessages=None), "serverMessages is not set, so that transcript"),
    (_assistant(monitorPlan=None), "may listen and control"),
    (_assistant(monitorPlan={"listenEnabled": False}), "may control"),
    (_assistant(monitorPlan={"controlAuthenticationEnabled": True}), "may listen"),
    (
        _assistant(model={"tools": [{"type": "function", "function": {"name": "book"}}]}),
        "its tools book have no server",
    ),
    (_saved_tool, "its tools book have no server"),
]


@pytest.mark.parametrize(
    ("spoil", "expected"), WRONG, ids=[f"{place} {text[:40]}" for place, (_, text) in enumerate(WRONG)]
)
def test_a_way_to_be_wrong(
    patient: Patient, spoil: Callable[[Patient], None], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(patient)
    found = patient.findings(patient.scope)
    assert any(expected in finding.what for finding in found if finding.is_wrong)
    assert report(found) > 0
    shown = capsys.readouterr().out
    assert expected in shown
    assert all(finding.remedy in shown for finding in found)
    assert not any(hidden in shown for hidden in ("hidden-value", SECRET))


REPAIRED = [
    place for place, (_, text) in enumerate(WRONG) if not text.startswith(("its tools", "parts of", "a static"))
]


@pytest.mark.parametrize("place", REPAIRED)
def test_what_is_wrong_is_repaired_by_what_the_doctor_says(patient: Patient, place: int) -> None:
    """Fields that Vapi no longer takes (`serverUrlSecret`) cannot be taken back by its API; a credential beats them."""
    WRONG[place][0](patient)
    configure(patient.api, patient.scope, patient.desired, always)
    patient.assistant.pop("serverUrlSecret", None)
    assert patient.wrongs(patient.scope) == []


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (_more_messages("speech-update"), "speech-update are sent and not read"),
        (_server(staticIpAddressesEnabled=None), "sends from changing addresses"),
        (_plan(maxRetries=6, baseDelaySeconds=1), "tries again for 1 min, and 2 h 50 min are possible"),
        (_plan(maxRetries=9), "tries again for 1 h 25 min, and"),
        (_plan(type="fixed"), "tries again for 1 min, and"),
        (_plan(excludedStatusCodes=[400, 401, 404, 413]), "401, 404 are not tried again"),
    ],
)
def test_what_works_but_could_be_better_is_advice(
    patient: Patient, spoil: Callable[[Patient], None], expected: str
) -> None:
    spoil(patient)
    assert patient.wrongs() == []
    assert [expected in finding.what for finding in patient.findings()] == [True]


def test_no_subscription_where_no_message_is_set(patient: Patient) -> None:
    """The default has the tools' calls, which are answered no, and not the final transcripts."""
    patient.assistant.pop("serverMessages")
    what = " ".join(patient.wrongs())
    assert "tool-calls" in what
    assert 'transcript[transcriptType="final"] never arrive' in what


def test_a_former_secret_is_told_from_a_foreign_credential(patient: Patient) -> None:
    former = DesiredState(patient.desired.stack_name, URL, plan_of({"kind": "hmac", "secret": "former"}))
    patient.assistant["server"]["credentialId"] = patient.vapi.add("credential", **former.credential)["id"]
    assert patient.wrongs() == ["its credential has a former secret or plan of this stack"]
    foreign = patient.vapi.add("credential", provider="custom-credential", name="By hand")
    patient.assistant["server"]["credentialId"] = foreign["id"]
    assert patient.wrongs() == []
    assert [finding.what for finding in patient.findings()] == [
        f"its credential {foreign['id']} was not made by this stack, and Vapi does not show its secret"
    ]


def test_an_assistant_shadows_its_phone_number(patient: Patient) -> None:
    number = Scope("phone number", patient.number["id"])
    configure(patient.api, number, patient.desired, always)
    assert patient.wrongs(number) == []
    patient.assistant["server"] = {"url": OTHER_URL}
    assert patient.wrongs(number) == [f"its events go to {OTHER_URL}, by the server URL of assistant"]


def test_a_phone_number_shadows_the_organization(patient: Patient) -> None:
    configure(patient.api, Scope("organization"), patient.desired, always)
    patient.assistant["server"] = {}
    assert patient.wrongs(Scope("organization")) == []
    patient.number["server"] = {"url": OTHER_URL}
    what = patient.wrongs(Scope("organization"))
    assert what == [
        f"its events go to {OTHER_URL}, by the server URL of phone number",
        f"its server URL {OTHER_URL} shadows the organization's",
    ]


def test_the_members_of_a_numbers_squad_are_examined(patient: Patient) -> None:
    number = Scope("phone number", patient.number["id"])
    configure(patient.api, number, patient.desired, always)
    member = patient.vapi.add("assistant", name="Member")
    squad = patient.vapi.add("squad", members=[{"assistantId": member["id"]}, {"assistant": {}}])
    patient.number.update(assistantId=None, squadId=squad["id"])
    what = patient.wrongs(number)
    assert any("serverMessages is not set" in text for text in what)
    configure(patient.api, Scope("assistant", member["id"]), patient.desired, always)
    assert patient.wrongs(number) == []


def test_a_server_url_of_former_times_counts(patient: Patient) -> None:
    patient.assistant["server"] = None
    patient.assistant["serverUrl"] = OTHER_URL
    assert any(OTHER_URL in what for what in patient.wrongs(patient.scope))


def test_an_assistant_is_served_by_its_number_or_the_organization(patient: Patient) -> None:
    configure(patient.api, Scope("organization"), patient.desired, always)
    patient.assistant["server"] = {}
    patient.number["assistantId"] = None
    assert patient.wrongs(patient.scope) == []
    patient.vapi.stored["org"][ORGANIZATION_ID]["server"]["backoffPlan"] = None
    assert patient.wrongs(patient.scope) == ["no retries: a webhook that fails once is lost"]


def test_an_organization_that_the_key_may_not_read(patient: Patient) -> None:
    patient.vapi.org_is_closed = True
    assert patient.wrongs() == []
    assert any("cannot be checked" in what for what in patient.wrongs(Scope("organization")))


def test_a_number_without_an_assistant_is_advised(patient: Patient) -> None:
    scope = Scope("phone number", patient.number["id"])
    configure(patient.api, scope, patient.desired, always)
    patient.number["assistantId"] = None
    assert [finding.is_wrong for finding in patient.findings(scope)] == [False]


def test_nothing_sends_here(patient: Patient) -> None:
    patient.vapi.stored["assistant"].clear()
    assert any("no assistant's events go to" in what for what in patient.wrongs())


@pytest.mark.parametrize("url", ["https://api.example.com/v1/webhooks/vapi-webhook", "https://former.example.com/hook"])
def test_who_seems_to_mean_this_stack_and_misses_it_is_found(patient: Patient, url: str) -> None:
    """A path without its stage on the right host; and another host, but a credential of this stack."""
    server = {"url": url} | ({"credentialId": patient.assistant["server"]["credentialId"]} if "former" in url else {})
    patient.vapi.add("assistant", name="Astray", server=server, serverMessages=patient.assistant["serverMessages"])
    assert f"its events go to {url}, by the server URL of assistant" in patient.wrongs()


def test_other_assistants_are_nobodys_business(patient: Patient) -> None:
    patient.vapi.add("assistant", name="Somebody else's", server={"url": OTHER_URL})
    assert patient.findings() == []


def test_a_url_that_is_not_https(patient: Patient) -> None:
    plain = DesiredState("autopulse-test", URL.replace("https", "http"), patient.desired.plan)
    found: list[Any] = check(read_current_state(patient.api), plain, None)
    assert any("is not https" in finding.what for finding in found)


def test_a_remedy_is_about_the_stack_that_was_examined(patient: Patient) -> None:
    patient.desired = replace(patient.desired, make_suffix=" ENV=staging")
    patient.assistant.update(server={"url": URL}, serverMessages=["tool-calls", "speech-update"], monitorPlan=None)
    remedies = [finding.remedy for finding in patient.findings(patient.scope) if "make " in finding.remedy]
    assert len(remedies) > 5
    assert all(f"ASSISTANT={patient.assistant['id']} ENV=staging" in remedy for remedy in remedies)


def test_a_remedy_is_said_once_for_all_that_it_is_for(capsys: pytest.CaptureFixture[str]) -> None:
    report([Finding("a", "first", "do"), Finding("b", "second", "do"), Finding("a", "third", "do")])
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert lines == ["a", "wrong   first", "wrong   third", "-> do", "b", "wrong   second", "-> do"]


def test_what_is_wrong_is_said_first_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert report([Finding("a", "could be better", "do", is_wrong=False), Finding("b", "is wrong", "do")]) == 1
    shown = capsys.readouterr().out
    assert shown.index("is wrong") < shown.index("could be better")
