"""Which numbers may be called: what campaigns ask, what people and operators change, and what reports say."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any, Final

import pytest

from autopulse import pseudonym_key
from autopulse.api.suppression_models import CheckedNumbers, SuppressionAnswer
from autopulse.callers import endpoint
from autopulse.callers.services import Services
from autopulse.domain.pseudonyms import Pseudonyms
from autopulse.domain.suppressions import MAX_CHECKED
from autopulse.errors import Transient
from autopulse.settings import CallerSettings
from autopulse.vapi.questions import question_of
from local.postgres import CALLER
from tests.faults.clock import Clock
from tests.harness import engine_for
from tests.integration.bodies import NUMBER, VAPI_ID, outbound, report
from tests.integration.people import Answer, ask
from tests.integration.pipeline import ORGANIZATION, OTHER_ORGANIZATION, Pipeline

PSEUDONYMS: Final = Pseudonyms(b"an invented key of pseudonyms, 32")
OTHER: Final = "+12025550102"


class Numbers:
    """The callers' function, as the verifier, people and operators invoke it."""

    def __init__(self, pipeline: Pipeline, url: str, patch: pytest.MonkeyPatch) -> None:
        self.pipeline = pipeline
        self.services = Services()
        vars(self.services).update(engine=engine_for(url, CALLER))
        self.set()
        patch.setattr(endpoint, "container_services", lambda: self.services)
        patch.setattr(pseudonym_key, "pseudonyms", lambda: PSEUDONYMS)

    def set(self, organization: str = ORGANIZATION, pause_days: int = 90) -> None:
        vars(self.services)["settings"] = CallerSettings(organization, "", False, pause_days)

    def predial(self, number: object = NUMBER, **fields: Any) -> str:  # noqa: ANN401 - any JSON
        contact = {"id": "contact-1", "number": number, "name": "Testa Placeholder"} | fields.pop("contact", {})
        message = {"type": "campaign.predial", "campaignId": "campaign-1", "contact": contact, **fields}
        answer = endpoint.handle(question_of(message) or {})
        assert answer["eligible"] == (answer["reason"] == "eligible")
        return str(answer["reason"])

    def send(self, method: str, path: str, body: Any = None, **who: str) -> Answer:  # noqa: ANN401 - any JSON
        return ask(endpoint.handle, method, path, body, **{"may_write": "true"} | who)

    def suppress(self, number: object = NUMBER, reason: object = "asked by mail", **who: str) -> Answer:
        return self.send("POST", "/v1/suppressions", {"number": number, "reason": reason}, **who)

    def unsuppress(self, number: object = NUMBER, **who: str) -> Answer:
        return self.send("DELETE", "/v1/suppressions", {"number": number}, **who)

    def check(self, *numbers: object, **who: str) -> Answer:
        return self.send("POST", "/v1/suppressions/check", {"numbers": list(numbers)}, **who)

    def stored(self) -> list[dict[str, Any]]:
        return self.pipeline.rows("SELECT organization_id::text, pseudonym, reason, source FROM suppression")


@pytest.fixture
def numbers(pipeline: Pipeline, module_database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Numbers]:
    numbers = Numbers(pipeline, module_database_url, monkeypatch)
    yield numbers
    numbers.services.engine.dispose()


def _ago(days: float) -> datetime:
    return datetime.now(timezone.utc) - timedelta(days=days)


def _spoken(pipeline: Pipeline, days: float = 10, **values: Any) -> int:  # noqa: ANN401 - any SQL value
    usual = {"direction": "outbound", "status": "Completed", "outcome": "reached", "start_time": _ago(days)}
    return pipeline.make_call(**usual | values)


# Before a call


def test_a_number_of_which_nothing_is_known_may_be_called(numbers: Numbers) -> None:
    assert numbers.predial() == "eligible"


def test_a_suppressed_number_may_not_be_called(numbers: Numbers) -> None:
    assert numbers.suppress()[0] == 201
    assert (numbers.predial(), numbers.predial(OTHER)) == ("suppressed", "eligible")
    assert numbers.predial("(202) 555-0101") == "suppressed"


@pytest.mark.parametrize("written", ["0012025550101", "011 1 202 555 0101", "+1\u00a0202\u00a0555\u00a00101"])
def test_a_number_is_known_though_it_is_written_as_it_is_dialled(
    numbers: Numbers, pipeline: Pipeline, written: str
) -> None:
    _spoken(pipeline, customer_number=written)
    assert numbers.predial() == "asked_lately"
    numbers.suppress()
    assert numbers.predial(written) == "suppressed"


def test_another_organizations_suppression_is_its_own(numbers: Numbers, pipeline: Pipeline) -> None:
    pipeline.add_other_organization()
    numbers.suppress(organization_id=OTHER_ORGANIZATION)
    assert numbers.predial() == "eligible"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, "asked_lately"),
        ({"days": 89}, "asked_lately"),
        ({"days": 91}, "eligible"),
        ({"outcome": "transferred"}, "asked_lately"),
        ({"outcome": "no_answer"}, "eligible"),
        ({"outcome": "voicemail"}, "eligible"),
        ({"outcome": "failed"}, "eligible"),
        ({"outcome": "voicemail", "nps_score": 9}, "asked_lately"),
        ({"direction": "inbound"}, "eligible"),
        ({"direction": "inbound", "nps_score": 9}, "asked_lately"),
        ({"is_demo": True}, "eligible"),
        ({"customer_number": "(202) 555-0101"}, "asked_lately"),
        ({"customer_number": OTHER}, "eligible"),
        ({"organization_id": OTHER_ORGANIZATION}, "eligible"),
    ],
    ids=str,
)
def test_who_was_spoken_with_within_the_pause_is_not_called(
    numbers: Numbers, pipeline: Pipeline, values: dict[str, Any], reason: str
) -> None:
    pipeline.add_other_organization()
    _spoken(pipeline, **values)
    assert numbers.predial() == reason


def test_without_a_pause_nobody_was_asked_lately(numbers: Numbers, pipeline: Pipeline) -> None:
    _spoken(pipeline)
    numbers.set(pause_days=0)
    assert numbers.predial() == "eligible"
    numbers.set(pause_days=5)
    assert numbers.predial() == "eligible"
    numbers.set(pause_days=11)
    assert numbers.predial() == "asked_lately"


def test_who_is_on_the_phone_is_not_called_at_the_same_time(numbers: Numbers, pipeline: Pipeline) -> None:
    call = {"direction": "outbound", "vapi_call_id": VAPI_ID, "updated_at": _ago(0)}
    pipeline.make_call(**call | {"status": "In Progress", "start_time": _ago(0)})
    assert numbers.predial() == "in_call"
    numbers.pipeline.database.run("UPDATE call SET updated_at = now() - interval '2 days'")
    assert numbers.predial() == "eligible"


def test_a_row_that_is_still_to_be_dialled_stands_in_no_ones_way(numbers: Numbers, pipeline: Pipeline) -> None:
    pipeline.make_call(direction="outbound", updated_at=_ago(0))
    assert numbers.predial() == "eligible"


def test_a_visit_that_was_answered_is_not_asked_about_again(numbers: Numbers, pipeline: Pipeline) -> None:
    answered = pipeline.make_service_record(rating=9)
    assert numbers.predial() == "answered"
    newer = pipeline.make_service_record()
    assert numbers.predial() == "eligible"
    calls = {visit: pipeline.make_call(service_record_id=visit) for visit in (answered, newer)}
    overrides = {
        visit: {"assistantOverrides": {"variableValues": {"call_id": str(id_)}}} for visit, id_ in calls.items()
    }
    assert numbers.predial(contact=overrides[answered]) == "answered"
    assert numbers.predial(contact=overrides[newer]) == "eligible"


def test_a_score_of_long_ago_answers_its_visit(numbers: Numbers, pipeline: Pipeline) -> None:
    visit = pipeline.make_service_record()
    _spoken(pipeline, 400, service_record_id=visit, nps_score=9)
    assert numbers.predial() == "answered"


def test_another_organizations_call_id_names_no_visit(numbers: Numbers, pipeline: Pipeline) -> None:
    pipeline.add_other_organization()
    visit = pipeline.make_service_record(organization_id=OTHER_ORGANIZATION, rating=9)
    call_id = pipeline.make_call(organization_id=OTHER_ORGANIZATION, service_record_id=visit)
    named = {"assistantOverrides": {"variableValues": {"call_id": str(call_id)}}}
    assert numbers.predial(contact=named) == "eligible"


@pytest.mark.parametrize("number", [None, "", "anonymous", "+266696687", 12025550101, "+", "+1 202", {}, "x" * 200])
def test_what_is_no_number_is_not_called(numbers: Numbers, number: object) -> None:
    assert numbers.predial(number) == "no_number"


def test_nobodys_campaign_is_not_eligible(numbers: Numbers, pipeline: Pipeline) -> None:
    numbers.set(organization="")
    assert numbers.predial() == "no_organization"
    pipeline.own("other-stack", None, ignored=True)
    assert numbers.predial(phoneNumber={"id": "other-stack"}) == "no_organization"


@pytest.mark.parametrize(
    "fields",
    [
        {"phoneNumber": {"id": "known"}},
        {"call": {"phoneNumberId": "known"}},
        {"contact": {"phoneNumberId": "known"}},
        {"assistant": {"id": "known"}},
        {"call": {"assistantId": "known"}},
        {"campaignId": "known"},
    ],
    ids=str,
)
def test_the_organization_is_the_phone_numbers_the_assistants_or_the_campaigns(
    numbers: Numbers, pipeline: Pipeline, fields: dict[str, Any]
) -> None:
    numbers.set(organization="")
    numbers.suppress()
    pipeline.own("known")
    assert numbers.predial(**fields) == "suppressed"


def test_without_the_key_nobody_is_called(numbers: Numbers, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable() -> Pseudonyms:
        raise Transient("pseudonym-key-unavailable")

    monkeypatch.setattr(pseudonym_key, "pseudonyms", unreadable)
    question = question_of({"type": "campaign.predial", "contact": {"number": NUMBER}})
    assert endpoint.handle(question or {}) == {"error": "pseudonym-key-unavailable"}
    assert numbers.check(NUMBER)[0] == 503


# People


def test_a_number_is_added_once_and_removed(numbers: Numbers) -> None:
    assert numbers.suppress() == (201, {"number": NUMBER, "added": True})
    assert numbers.suppress(reason="again") == (200, {"number": NUMBER, "added": False})
    stored = {"organization_id": ORGANIZATION, "pseudonym": PSEUDONYMS.of_number(NUMBER)}
    assert numbers.stored() == [stored | {"reason": "asked by mail", "source": "api"}]
    assert numbers.unsuppress() == (204, {})
    assert numbers.unsuppress()[0] == 404
    assert numbers.stored() == []


def test_numbers_are_checked_in_their_order(numbers: Numbers, pipeline: Pipeline) -> None:
    numbers.suppress(OTHER)
    _spoken(pipeline)
    status, answer = numbers.check(NUMBER, OTHER, "+442025550101", OTHER)
    assert status == 200
    items = answer["items"]
    assert [item["number"] for item in items] == [NUMBER, OTHER, "+442025550101", OTHER]
    assert [item["obstacle"] for item in items] == ["asked_lately", "suppressed", None, "suppressed"]
    assert [item["eligible"] for item in items] == [False, False, True, False]
    assert (items[1]["suppressed"], items[1]["reason"], items[1]["source"]) == (True, "asked by mail", "api")
    assert items[0]["since"] is None
    CheckedNumbers.model_validate(answer)


def test_the_answers_are_as_the_document_has_them(numbers: Numbers) -> None:
    SuppressionAnswer.model_validate(numbers.suppress()[1])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "numbers"),
        ({"numbers": []}, "numbers"),
        ({"numbers": NUMBER}, "numbers"),
        ({"numbers": [NUMBER] * (MAX_CHECKED + 1)}, "numbers"),
        ({"numbers": [NUMBER, "2025550101"]}, "numbers[1]"),
        ({"numbers": [NUMBER, NUMBER, 7]}, "numbers[2]"),
        ({"numbers": [f"{NUMBER}\n"]}, "numbers[0]"),
        ({"numbers": ["+0123456789"]}, "numbers[0]"),
        ({"phones": [NUMBER]}, "phones"),
    ],
    ids=str,
)
def test_what_cannot_be_checked_is_named(numbers: Numbers, body: dict[str, Any], field: str) -> None:
    status, answer = numbers.send("POST", "/v1/suppressions/check", body)
    assert status in {400, 422}
    assert answer["error"]["field"] == field


def test_a_hundred_numbers_are_checked_by_one_statement(numbers: Numbers) -> None:
    status, answer = numbers.check(*[f"+1202555{place:04d}" for place in range(MAX_CHECKED)])
    assert (status, len(answer["items"])) == (200, MAX_CHECKED)


@pytest.mark.parametrize("reason", [None, "", "  ", 7, "x" * 201])
def test_a_suppression_has_a_reason(numbers: Numbers, reason: object) -> None:
    status, answer = numbers.suppress(reason=reason)
    assert (status, answer["error"]["field"]) == (422, "reason")


def test_a_number_is_e164(numbers: Numbers) -> None:
    for answer in (numbers.suppress("202 555 0101"), numbers.unsuppress("202 555 0101")):
        assert (answer[0], answer[1]["error"]["field"]) == (422, "number")


def test_only_writers_see_and_change_them(numbers: Numbers) -> None:
    answers = [ask(may_write="false") for ask in (numbers.suppress, numbers.unsuppress)]
    answers.append(numbers.check(NUMBER, may_write="false"))
    assert [status for status, _ in answers] == [403] * 3
    assert numbers.stored() == []


def test_who_reads_one_advisors_calls_may_only_add(numbers: Numbers) -> None:
    assert numbers.suppress(advisor_id="7")[0] == 201
    assert numbers.unsuppress(advisor_id="7")[0] == 403
    assert numbers.check(NUMBER, advisor_id="7")[0] == 403


def test_a_request_without_a_token_is_refused(numbers: Numbers) -> None:
    assert numbers.check(NUMBER, organization_id="")[0] == 401


@pytest.mark.parametrize("path", ["/v1/suppressions/other", "/v1/suppressions/check/x"])
def test_there_is_no_other_path(numbers: Numbers, path: str) -> None:
    assert numbers.send("POST", path, {"numbers": [NUMBER]})[0] == 404


def test_no_number_is_stored_or_logged(numbers: Numbers, pipeline: Pipeline) -> None:
    numbers.suppress()
    numbers.check(NUMBER)
    numbers.predial()
    numbers.unsuppress()
    endpoint.handle({"operate": "suppress", "number": NUMBER, "reason": "asked by mail"})
    assert NUMBER.removeprefix("+1") not in pipeline.log.getvalue()
    assert "suppressed" in pipeline.log.getvalue()
    assert NUMBER.removeprefix("+1") not in json.dumps(numbers.stored())


# Operators


def test_an_operator_suppresses_and_takes_back(numbers: Numbers) -> None:
    asked = {"operate": "suppress", "number": "(202) 555-0101", "reason": "asked by mail"}
    assert endpoint.handle(asked) == {"organization": ORGANIZATION, "changed": True}
    assert endpoint.handle(asked) == {"organization": ORGANIZATION, "changed": False}
    assert [row["source"] for row in numbers.stored()] == ["operator"]
    back = {"operate": "unsuppress", "number": NUMBER, "organization": ORGANIZATION.upper()}
    assert endpoint.handle(back) == {"organization": ORGANIZATION, "changed": True}
    assert numbers.stored() == []


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ({"number": "x"}, "PHONE"),
        ({"number": NUMBER}, "REASON"),
        ({"number": NUMBER, "reason": "asked", "organization": OTHER_ORGANIZATION}, "ORGANIZATION: there is no such"),
        ({"number": NUMBER, "reason": "asked", "organization": "nobody"}, "ORGANIZATION: it is no id"),
    ],
)
def test_an_operator_is_told_what_is_wrong(numbers: Numbers, event: dict[str, Any], told: str) -> None:
    assert endpoint.handle({"operate": "suppress", **event})["error"].startswith(told)
    assert numbers.stored() == []


def test_of_several_organizations_an_operator_names_one(numbers: Numbers, pipeline: Pipeline) -> None:
    pipeline.add_other_organization()
    asked = {"operate": "suppress", "number": NUMBER, "reason": "asked"}
    assert "several organizations" in endpoint.handle(asked)["error"]
    assert endpoint.handle(asked | {"organization": OTHER_ORGANIZATION})["changed"] is True
    assert [row["organization_id"] for row in numbers.stored()] == [OTHER_ORGANIZATION]


# Reports


def _asking(name: str, result: object) -> dict[str, Any]:
    return {"structuredOutputs": {"output-1": {"name": name, "result": result}}}


@pytest.mark.parametrize(
    ("name", "result"),
    [("Do not call", True), ("do_not_call", "Yes, never again"), ("opt_out", {"value": True}), ("DNC", "true")],
)
def test_a_report_that_asks_for_no_more_calls_suppresses_the_number(
    numbers: Numbers, pipeline: Pipeline, name: str, result: object
) -> None:
    call = outbound(pipeline.make_call())
    pipeline.send_each(report(call, artifact=_asking(name, result)))
    stored = {"organization_id": ORGANIZATION, "pseudonym": PSEUDONYMS.of_number(NUMBER)}
    assert numbers.stored() == [stored | {"reason": "asked for it in a call", "source": "structured_output"}]
    assert numbers.predial() == "suppressed"


@pytest.mark.parametrize(("name", "result"), [("Do not call", False), ("Do not call", "no"), ("Call me", True)])
def test_a_report_that_does_not_ask_suppresses_nothing(
    numbers: Numbers, pipeline: Pipeline, name: str, result: object
) -> None:
    pipeline.send_each(report(outbound(pipeline.make_call()), artifact=_asking(name, result)))
    assert numbers.stored() == []


def test_what_somebody_has_taken_back_a_later_report_does_not_bring_back(numbers: Numbers, pipeline: Pipeline) -> None:
    call = outbound(pipeline.make_call())
    pipeline.send_each(report(call, artifact=_asking("opt_out", True)))
    assert numbers.unsuppress()[0] == 204
    pipeline.send_each(report(call, 140, artifact=_asking("opt_out", True)))
    assert numbers.stored() == []


def test_a_report_waits_for_the_key(numbers: Numbers, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable() -> Pseudonyms:
        raise Transient("pseudonym-key-unavailable")

    body = report(outbound(pipeline.make_call()), artifact=_asking("opt_out", True))
    with monkeypatch.context() as patch:
        clock = Clock(patch)
        patch.setattr(pipeline.services, "pause", clock.sleep)
        patch.setattr(pseudonym_key, "pseudonyms", unreadable)
        assert pipeline.send(body) == [0]
        assert clock.seconds > 20, "the transaction is tried again until the function's time ends"
        assert (numbers.stored(), pipeline.receipts()) == ([], [])
    assert pipeline.send(body) == []
    assert len(numbers.stored()) == 1


def test_a_call_without_a_number_is_named_in_the_log(numbers: Numbers, pipeline: Pipeline) -> None:
    call_id = pipeline.make_call(customer_number="unknown")
    pipeline.send_each(report(outbound(call_id, customer={}), artifact=_asking("opt_out", True)))
    assert numbers.stored() == []
    (line,) = [line for line in pipeline.log_lines() if line.get("message") == "No number to suppress"]
    assert line["call_id"] == call_id
