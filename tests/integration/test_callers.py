"""Who calls: Vapi's requests as the verifier reads them, the callers' function, and the webhooks of the same call."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from autopulse.callers import endpoint
from autopulse.callers.questions import answer_question
from autopulse.callers.services import Services
from autopulse.db.prepared import PreparingConnection
from autopulse.settings import CallerSettings
from autopulse.vapi.questions import question_of
from local.postgres import CALLER
from tests.harness import engine_for
from tests.integration.bodies import NUMBER, VAPI_ID, conversation, inbound, outbound, report, status, turn
from tests.integration.migrations.application import run
from tests.integration.pipeline import ORGANIZATION, OTHER_ORGANIZATION, Pipeline
from tests.integration.statements import noting

PHONE: Final = "phone-number-1"
ASSISTANT: Final = "assistant-inbound"
ANSWERED_SECONDS: Final = 5
Answer = dict[str, Any]


class Callers:
    """The function; each question may come to a container of its own."""

    def __init__(self, pipeline: Pipeline, url: str, patch: pytest.MonkeyPatch) -> None:
        self.pipeline, self._url, self._patch = pipeline, url, patch
        self._made: list[Services] = []
        self.settings = CallerSettings("", "", personal_values=True, pause_days=90)
        self.start()

    def services(self, url: str = "") -> Services:
        services = Services()
        vars(services).update(engine=engine_for(url or self._url, CALLER), settings=self.settings)
        self._made.append(services)
        return services

    def start(self, url: str = "", **settings: Any) -> None:  # noqa: ANN401 - of any field
        """Begin a new container."""
        self.settings = self.settings._replace(**settings)
        services = self.services(url)
        self._patch.setattr(endpoint, "container_services", lambda: services)

    def ask(self, call: dict[str, Any] | None = None, **message: Any) -> Answer:  # noqa: ANN401 - any JSON
        body = {"type": "assistant-request", "call": inbound(assistantId=None) if call is None else call, **message}
        return endpoint.handle(question_of(body) or {})

    def own(self, id_: str = PHONE, organization: str | None = ORGANIZATION, **columns: Any) -> None:  # noqa: ANN401 - any SQL value
        values = {"id": id_, "organization_id": organization, "inbound_assistant_id": ASSISTANT} | columns
        names, places = ", ".join(values), ", ".join(f":{name}" for name in values)
        self.pipeline.database.run(f"INSERT INTO vapi_number ({names}) VALUES ({places})", **values)  # noqa: S608 - names of this file

    def close(self) -> None:
        for services in self._made:
            services.engine.dispose()


@pytest.fixture
def callers(pipeline: Pipeline, module_database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callers]:
    callers = Callers(pipeline, module_database_url, monkeypatch)
    yield callers
    callers.close()


def _visit(pipeline: Pipeline, **values: Any) -> int:  # noqa: ANN401 - any SQL value
    usual = {"vehicle_info": "2021 Example Roadster", "service_advisor_name": "Alex Sample"}
    return pipeline.make_service_record(**usual | {"appointment_date": "2026-07-10T10:00:00Z"} | values)


def test_a_known_caller_gets_the_assistant_and_what_the_visit_was(callers: Callers, pipeline: Pipeline) -> None:
    callers.own()
    visit = _visit(pipeline)
    pipeline.make_call(service_record_id=visit, direction="outbound", status="Ended", outcome="no_answer")
    answer = callers.ask()
    made = pipeline.row("SELECT * FROM call WHERE vapi_call_id = :id", id=VAPI_ID)
    assert answer == {
        "assistant_id": ASSISTANT,
        "caller": "known",
        "call_id": made["id"],
        "variables": {
            "call_id": str(made["id"]),
            "customer_name": "Testa Placeholder",
            "vehicle": "2021 Example Roadster",
            "visit_date": "2026-07-10",
            "advisor": "Alex Sample",
            "missed_call": "yes",
        },
    }
    assert (made["direction"], made["service_record_id"], made["status"]) == ("inbound", visit, "Ready")
    assert (made["customer_number"], made["is_web"], made["campaign_id"]) == (NUMBER, False, None)
    assert str(made["organization_id"]) == ORGANIZATION


@pytest.mark.parametrize(("zone", "date"), [(None, "2026-07-10"), ("Europe/Berlin", "2026-07-11")])
def test_the_day_of_a_visit_is_that_of_the_organization(
    callers: Callers, pipeline: Pipeline, zone: str | None, date: str
) -> None:
    callers.own()
    _visit(pipeline, appointment_date="2026-07-11T01:00:00Z")
    if zone:
        statement = "INSERT INTO organization_setting (organization_id, time_zone) VALUES (:id, :zone)"
        pipeline.database.run(statement, id=ORGANIZATION, zone=zone)
    assert callers.ask()["variables"]["visit_date"] == date


def test_without_the_parameter_nothing_personal_is_told(callers: Callers, pipeline: Pipeline) -> None:
    callers.own()
    _visit(pipeline)
    callers.start(personal_values=False)
    answer = callers.ask()
    assert answer["variables"] == {"call_id": str(answer["call_id"])}
    assert answer["caller"] == "known"


def test_the_row_of_a_known_caller_takes_the_webhooks_of_its_call(callers: Callers, pipeline: Pipeline) -> None:
    callers.own()
    visit = _visit(pipeline)
    call_id = callers.ask()["call_id"]
    call = inbound(assistantOverrides={"variableValues": {"call_id": str(call_id)}})
    pipeline.send_each(
        status("in-progress", call, 1),
        conversation(call, 10, turn("bot", "Hello.", 1), turn("user", "You called me.", 2)),
        report(call),
    )
    assert pipeline.count("call") == 1
    row = pipeline.call(call_id)
    assert (row["status"], row["direction"], row["service_record_id"]) == ("Completed", "inbound", visit)
    assert pipeline.service_record(visit)["status"] == "Completed"
    assert pipeline.turns(call_id)


def test_who_was_not_reached_and_calls_back_is_one_story(callers: Callers, pipeline: Pipeline) -> None:
    callers.own()
    visit = _visit(pipeline)
    missed = outbound(pipeline.make_call(service_record_id=visit), "missed-1")
    pipeline.send_each(report(missed, endedReason="customer-did-not-answer", messages=[], analysis={}, transcript=""))
    assert pipeline.service_record(visit)["status"] == "Missed"
    assert callers.ask()["variables"]["missed_call"] == "yes"
    pipeline.send_each(report(inbound(), 200))
    assert pipeline.service_record(visit)["status"] == "Completed"
    assert callers.ask(inbound("again-1"))["variables"]["missed_call"] == "no"


def test_a_webhook_without_our_id_finds_the_row_by_vapis(callers: Callers, pipeline: Pipeline) -> None:
    callers.own()
    call_id = callers.ask()["call_id"]
    pipeline.send_each(status("in-progress", inbound(), 1))
    assert pipeline.count("call") == 1
    assert pipeline.call(call_id)["status"] == "In Progress"


def test_an_id_that_a_caller_names_moves_no_row(callers: Callers, pipeline: Pipeline) -> None:
    callers.own()
    other = pipeline.make_call()
    call_id = callers.ask()["call_id"]
    named = inbound(assistantOverrides={"variableValues": {"call_id": str(other)}})
    pipeline.send_each(status("in-progress", named, 1))
    assert (pipeline.call(other)["status"], pipeline.call(call_id)["status"]) == ("Ready", "In Progress")


def test_the_same_request_twice_makes_one_row(callers: Callers, pipeline: Pipeline) -> None:
    callers.own()
    _visit(pipeline)
    first, second = callers.ask(), callers.ask()
    assert first == second
    assert (pipeline.count("call"), pipeline.count("vapi_call")) == (1, 1)


def test_a_row_that_a_webhook_made_first_is_the_one(callers: Callers, pipeline: Pipeline) -> None:
    callers.own()
    pipeline.send_each(status("ringing", inbound(), 1))
    made = pipeline.row("SELECT id FROM call")
    assert callers.ask()["call_id"] == made["id"]
    assert pipeline.count("call") == 1


def test_another_organizations_row_is_not_told(callers: Callers, pipeline: Pipeline) -> None:
    pipeline.add_other_organization()
    callers.own()
    pipeline.make_call(organization_id=OTHER_ORGANIZATION, vapi_call_id=VAPI_ID)
    answer = callers.ask()
    assert (answer["assistant_id"], answer["call_id"], answer["variables"]) == (ASSISTANT, None, {})


def test_two_at_once_with_the_same_call_make_one_row(
    callers: Callers, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    callers.own()
    monkeypatch.setattr(endpoint, "container_services", callers.services)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: callers.ask(), range(16)))
    assert len({answer["call_id"] for answer in answers}) == 1
    assert answers[0]["call_id"] is not None
    assert pipeline.count("call") == 1


def test_two_hundred_at_once_are_all_answered(
    callers: Callers, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    callers.own()
    _visit(pipeline)
    containers = [callers.services() for _ in range(20)]
    monkeypatch.setattr(endpoint, "container_services", containers.pop)

    def ask(numbers: range) -> list[Answer]:
        """What one container is asked, one after the other."""
        services = endpoint.container_services()
        questions = [question_of({"type": "assistant-request", "call": inbound(f"call-{n}")}) for n in numbers]
        return [answer_question(question or {}, services) for question in questions]

    with ThreadPoolExecutor(20) as pool:
        answers = [one for some in pool.map(ask, [range(n, n + 10) for n in range(0, 200, 10)]) for one in some]
    assert len({answer["call_id"] for answer in answers}) == 200
    assert {answer["caller"] for answer in answers} == {"known"}


@pytest.mark.parametrize(
    "stored", [NUMBER, "(202) 555-0101", "202.555.0101", "1-202-555-0101", "+1 202 555 0101", "2025550101"]
)
def test_a_visits_number_is_found_however_it_is_written(callers: Callers, pipeline: Pipeline, stored: str) -> None:
    callers.own()
    _visit(pipeline, customer_phone=stored)
    assert callers.ask()["caller"] == "known"


@pytest.mark.parametrize("stored", ["+2025550101", "555-0101", "+442025550101", "12025550101 x5", ""])
def test_another_number_is_another_number(callers: Callers, pipeline: Pipeline, stored: str) -> None:
    callers.own()
    _visit(pipeline, customer_phone=stored)
    assert callers.ask()["caller"] == "unknown"


def test_two_customers_of_one_number_are_not_told_apart(callers: Callers, pipeline: Pipeline) -> None:
    callers.own()
    _visit(pipeline)
    _visit(pipeline, customer_name="Other Placeholder")
    answer = callers.ask()
    assert answer["caller"] == "ambiguous"
    assert answer["variables"] == {"call_id": str(answer["call_id"])}
    assert pipeline.call(answer["call_id"])["service_record_id"] is None


def test_one_customer_written_in_two_ways_is_one(callers: Callers, pipeline: Pipeline) -> None:
    callers.own()
    _visit(pipeline, customer_name=" testa  placeholder", appointment_date="2026-01-10T10:00:00Z")
    newest = _visit(pipeline)
    answer = callers.ask()
    assert answer["caller"] == "known"
    assert pipeline.call(answer["call_id"])["service_record_id"] == newest


def test_the_newest_visit_that_has_begun_is_meant(callers: Callers, pipeline: Pipeline) -> None:
    callers.own()
    newest = _visit(pipeline, appointment_date="2026-07-10T10:00:00Z")
    _visit(pipeline, appointment_date="2025-01-10T10:00:00Z")
    _visit(pipeline, appointment_date="2999-01-10T10:00:00Z")
    _visit(pipeline, appointment_date=None)
    assert pipeline.call(callers.ask()["call_id"])["service_record_id"] == newest


def test_visits_of_other_organizations_and_demos_are_nobodys(callers: Callers, pipeline: Pipeline) -> None:
    pipeline.add_other_organization()
    callers.own()
    _visit(pipeline, organization_id=OTHER_ORGANIZATION)
    _visit(pipeline, is_demo=True)
    assert callers.ask()["caller"] == "unknown"


@pytest.mark.parametrize(
    "customer",
    [None, {}, {"number": ""}, {"number": "anonymous"}, {"number": "+266696687"}, {"number": 7}, {"sipUri": "sip:a@b"}],
)
def test_a_withheld_number_gets_the_assistant_and_a_row(callers: Callers, pipeline: Pipeline, customer: object) -> None:
    callers.own()
    _visit(pipeline, customer_phone="unknown")
    answer = callers.ask(inbound(customer=customer))
    assert (answer["assistant_id"], answer["caller"]) == (ASSISTANT, "withheld")
    assert pipeline.call(answer["call_id"])["customer_number"] == "unknown"


def test_the_messages_own_customer_counts_first(callers: Callers, pipeline: Pipeline) -> None:
    callers.own()
    _visit(pipeline, customer_phone="+12025550177")
    assert callers.ask(customer={"number": "+12025550177"})["caller"] == "known"


def test_who_was_reached_has_missed_nothing(callers: Callers, pipeline: Pipeline) -> None:
    callers.own()
    visit = _visit(pipeline)
    pipeline.make_call(service_record_id=visit, direction="outbound", status="Ended", outcome="no_answer")
    pipeline.make_call(service_record_id=visit, direction="outbound", status="Completed", outcome="reached")
    assert callers.ask()["variables"]["missed_call"] == "no"


def test_a_number_without_an_assistant_gets_the_stacks(callers: Callers, pipeline: Pipeline) -> None:
    callers.own(inbound_assistant_id=None)
    assert callers.ask() | {"call_id": 0} == {
        "assistant_id": None,
        "caller": "unknown",
        "call_id": 0,
        "variables": {},
    }
    assert pipeline.count("call") == 0
    callers.start(inbound_assistant_id="assistant-default")
    assert callers.ask()["assistant_id"] == "assistant-default"
    assert pipeline.count("call") == 1


def test_a_number_that_nobody_owns_is_the_default_organizations(callers: Callers, pipeline: Pipeline) -> None:
    callers.start(inbound_assistant_id="assistant-default")
    answer = callers.ask()
    assert (answer["assistant_id"], answer["caller"]) == ("assistant-default", "no_organization")
    assert (answer["call_id"], answer["variables"], pipeline.count("call")) == (None, {}, 0)
    callers.start(default_organization_id=ORGANIZATION)
    answer = callers.ask()
    assert answer["assistant_id"] == "assistant-default"
    assert str(pipeline.call(answer["call_id"])["organization_id"]) == ORGANIZATION


def test_an_ignored_number_gets_nothing(callers: Callers, pipeline: Pipeline) -> None:
    callers.start(inbound_assistant_id="assistant-default", default_organization_id=ORGANIZATION)
    callers.own(organization=None, ignored=True)
    answer = callers.ask()
    assert (answer["assistant_id"], answer["caller"]) == (None, "ignored")
    assert pipeline.count("call") == 0


def test_a_caller_counts_as_other_inbound_calls_do(callers: Callers, pipeline: Pipeline) -> None:
    """What webhooks make of a call does not depend on who made its row, but for the visit."""
    callers.own()
    asked = callers.ask(inbound("asked-1"))["call_id"]
    for vapi_call_id in ("asked-1", "told-1"):
        pipeline.send_each(status("in-progress", inbound(vapi_call_id), 1), report(inbound(vapi_call_id)))
    (told,) = pipeline.rows("SELECT * FROM call WHERE id <> :id", id=asked)
    row = pipeline.call(asked)
    different = {name for name, value in row.items() if value != told[name]}
    assert different <= {"id", "vapi_call_id", "updated_at", "created_at"}


def test_a_caller_among_a_hundred_thousand_is_found_by_an_index(
    callers: Callers, pipeline: Pipeline, module_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the planner knows: first of an empty table, then of all the visits."""
    callers.own()
    said: set[str] = set()
    monkeypatch.setattr(PreparingConnection, "execute_prepared", noting(PreparingConnection.execute_prepared, said))
    callers.ask()
    (statement,) = [one for one in said if "INSERT INTO call" in one]
    plan = f"EXPLAIN (GENERIC_PLAN) {statement}"
    as_caller = module_database_url.replace("//autopulse:", f"//{CALLER}:")
    pipeline.database.run("ANALYZE")
    plans = [run(as_caller, plan)]
    pipeline.database.run(
        "INSERT INTO service_record (organization_id, customer_name, customer_phone)"
        " SELECT :organization, 'Testa Placeholder', '+1202' || lpad(n::text, 7, '0')"
        " FROM generate_series(1, 100000) AS n",
        organization=ORGANIZATION,
    )
    pipeline.database.run("ANALYZE")
    plans.append(run(as_caller, plan))
    for one in plans:
        text = str(one)
        assert "ix_service_record_organization_id_phone" in text
        assert "Seq Scan" not in text
    assert callers.ask(inbound("another", customer={"number": "+12020055555"}))["caller"] == "known"


def test_where_a_caller_is_handed_over_to(callers: Callers) -> None:
    callers.own(transfer_number="+12025550188")
    callers.own("phone-2")
    callers.own("phone-3", transfer_number="call the front desk")
    callers.own("phone-4", None, ignored=True, transfer_number="+12025550188")
    numbers = [
        endpoint.handle(question_of({"type": "transfer-destination-request", "call": {"phoneNumberId": id_}}) or {})
        for id_ in (PHONE, "phone-2", "phone-3", "phone-4", "phone-5")
    ]
    assert numbers == [{"number": "+12025550188"}, *([{"number": None}] * 4)]


def test_a_database_that_is_gone_is_told_in_time(callers: Callers, module_database_url: str) -> None:
    callers.start(module_database_url.rpartition("/")[0] + "/gone")
    begun = time.monotonic()
    assert callers.ask() == {"error": "database"}
    assert time.monotonic() - begun < ANSWERED_SECONDS


def test_a_database_that_is_slow_is_told_in_time(callers: Callers, pipeline: Pipeline) -> None:
    callers.own()
    pipeline.database.run("BEGIN")
    pipeline.database.run("LOCK TABLE call IN ACCESS EXCLUSIVE MODE")
    begun = time.monotonic()
    try:
        assert callers.ask() == {"error": "database"}
        assert time.monotonic() - begun < ANSWERED_SECONDS
    finally:
        pipeline.database.run("ROLLBACK")
    assert callers.ask()["assistant_id"] == ASSISTANT


@pytest.mark.usefixtures("callers")
def test_what_nobody_asks_is_refused() -> None:
    assert endpoint.handle({"question": "weather"}) == {"error": "no such question"}
    assert endpoint.handle({}) == {"error": "no such question"}


def test_no_number_and_no_name_is_logged(callers: Callers, pipeline: Pipeline) -> None:
    callers.own()
    _visit(pipeline)
    callers.ask()
    log = pipeline.log.getvalue()
    assert '"caller":"known"' in log
    assert "2025550101" not in log
    assert "Testa" not in log
