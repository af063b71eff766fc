"""Alerts of follow-ups: claimed once, sent in the hours for it, tried a bounded number of times, and never too late."""

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from typing import Any, Final

import pytest
from botocore.exceptions import EndpointConnectionError

from autopulse.alerts import planner
from autopulse.alerts.messages import Outcome, read_alert
from autopulse.alerts.services import Services
from autopulse.errors import Transient
from autopulse.settings import AlertSettings
from local.postgres import FUNCTIONS
from tests.harness import engine_for
from tests.integration.bodies import outbound, report
from tests.integration.pipeline import ORGANIZATION, OTHER_ORGANIZATION, Pipeline

WORDS: Final = "Nobody called me back about the brakes."
SETTINGS: Final = AlertSettings("sender", ("webhook",), ("webhook",), at_night=True)
CUSTOMER: Final = {
    "name": "Casey Example",
    "phone": "+12025550147",
    "vehicle": "2019 Example Wagon",
    "score": 3,
    "words": WORDS,
}


class Sender:
    """The queue of the function that sends."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self.is_away = False

    def send_message(self, **given: Any) -> None:  # noqa: ANN401 - as boto3 has it
        if self.is_away:
            raise EndpointConnectionError(endpoint_url="sqs")
        self.asked.append(json.loads(given["MessageBody"]))
        self.ids.append(given["MessageDeduplicationId"])


class Planner:
    """The planner as the functions' role, with a sender that is a list."""

    def __init__(self, pipeline: Pipeline, url: str) -> None:
        self.pipeline, self.sender = pipeline, Sender()
        self.url = url
        self.services = Services()
        vars(self.services).update(settings=SETTINGS, sqs=self.sender, engine=engine_for(url, FUNCTIONS))

    def set(self, **settings: Any) -> None:  # noqa: ANN401 - fields of the settings
        vars(self.services)["settings"] = SETTINGS._replace(**settings)

    def tell(self, step: str, *ids: int) -> list[str]:
        """Events of the bus; returns which messages come again."""
        type_ = {"opened": "FollowUpOpened", "overdue": "FollowUpOverdue"}[step]
        return self.take(*({"detail-type": type_, "detail": {"changed": {"follow_up_id": id_}}} for id_ in ids))

    def report(self, asked: Mapping[str, Any], **outcome: Any) -> list[str]:  # noqa: ANN401 - fields of an outcome
        """What the sender says of a try."""
        names = ("follow_up_id", "step", "channel", "tries")
        return self.take(json.loads(Outcome(**{name: asked[name] for name in names}, **outcome).to_json()))

    def take(self, *bodies: object) -> list[str]:
        records = [
            {"messageId": str(place), "body": one if isinstance(one, str) else json.dumps(one)}
            for place, one in enumerate(bodies)
        ]
        answer = planner.handle({"Records": records}, self.services)
        return [one["itemIdentifier"] for one in answer["batchItemFailures"]]

    def wake(self) -> None:
        """The schedule."""
        planner.handle({"source": "aws.events"}, self.services)

    def rows(self) -> list[dict[str, Any]]:
        return self.pipeline.rows("SELECT * FROM follow_up_alert ORDER BY follow_up_id, step, channel")

    def let_time_pass(self) -> None:
        """Everything that waits, or is being sent, is due."""
        self.pipeline.database.run("UPDATE follow_up_alert SET send_at = now() - interval '1 second'")

    def wait(self) -> float:
        """Seconds until the one alert is due."""
        ((seconds,),) = self.pipeline.database.run("SELECT extract(epoch FROM send_at - now()) FROM follow_up_alert")
        return float(seconds)


@pytest.fixture
def planned(pipeline: Pipeline, module_database_url: str) -> Iterator[Planner]:
    made = Planner(pipeline, module_database_url)
    yield made
    made.services.engine.dispose()


@pytest.fixture
def opened(pipeline: Pipeline) -> int:
    """A follow-up that a report has opened just now."""
    visit = pipeline.make_service_record(
        customer_name=CUSTOMER["name"], customer_phone=CUSTOMER["phone"], vehicle_info=CUSTOMER["vehicle"]
    )
    call_id = pipeline.make_call(service_record_id=visit)
    answers = {"nps_score": 3, "overall_feedback": WORDS}
    pipeline.send_each(report(outbound(call_id), analysis={"structuredData": answers}))
    pipeline.database.run("UPDATE follow_up SET opened_at = now(), due_at = now() + interval '1 hour'")
    return int(pipeline.row("SELECT id FROM follow_up")["id"])


def _metrics(printed: str) -> dict[str, Any]:
    lines = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    return {name: line.get("reason", "") for line in lines for name in line if name.startswith("Alert")}


def test_an_alert_is_claimed_and_sent_once_however_often_it_is_told(planned: Planner, opened: int) -> None:
    assert planned.tell("opened", opened, opened) == []
    planned.tell("opened", opened)
    planned.wake()
    (asked,) = planned.sender.asked
    assert (asked["follow_up_id"], asked["step"], asked["tries"]) == (opened, "opened", 1)
    assert read_alert(json.dumps(asked)).key == f"follow-up-{opened}-opened-webhook"
    planned.report(asked)
    planned.tell("opened", opened)
    planned.let_time_pass()
    planned.wake()
    assert len(planned.sender.asked) == 1
    (row,) = planned.rows()
    assert (row["state"], row["tries"], row["reason"]) == ("delivered", 1, None)


def test_many_runs_at_once_send_each_alert_once(
    planned: Planner, opened: int, module_database_url: str, pipeline: Pipeline
) -> None:
    planners = [Planner(pipeline, module_database_url) for _ in range(6)]
    with ThreadPoolExecutor(len(planners)) as threads:
        list(threads.map(lambda one: one.tell("opened", opened), planners))
    for one in planners:
        one.services.engine.dispose()
    assert sum(len(one.sender.asked) for one in planners) == 1
    assert len(planned.rows()) == 1


def test_opened_and_overdue_are_an_alert_each(planned: Planner, opened: int) -> None:
    planned.tell("opened", opened)
    planned.pipeline.database.run("UPDATE follow_up SET overdue_at = now()")
    planned.tell("overdue", opened)
    planned.tell("overdue", opened)
    assert [one["step"] for one in planned.sender.asked] == ["opened", "overdue"]


def test_each_channel_says_what_it_may(planned: Planner, opened: int) -> None:
    planned.set(channels=("email", "webhook"), full_channels=("email",))
    planned.tell("opened", opened)
    said = {one["channel"]: one["customer"] for one in planned.sender.asked}
    assert said == {"email": CUSTOMER, "webhook": None}


def test_a_call_without_visit_and_words_has_its_number(planned: Planner) -> None:
    call_id = planned.pipeline.make_call(customer_number="+12025550123")
    planned.pipeline.send_each(report(outbound(call_id), analysis={"structuredData": {"nps_score": 0}}))
    planned.pipeline.database.run("UPDATE follow_up SET opened_at = now()")
    planned.tell("opened", planned.pipeline.row("SELECT id FROM follow_up")["id"])
    (asked,) = planned.sender.asked
    assert (asked["customer"]["name"], asked["customer"]["phone"]) == (None, "+12025550123")
    assert (asked["call_id"], asked["customer"]["score"]) == (call_id, 0)


def test_of_many_words_some_are_told(planned: Planner, opened: int) -> None:
    """A message of the queue has 256 KB, and docs/follow-ups.md promises 500 characters."""
    planned.pipeline.database.run("UPDATE call_feedback SET content = repeat('Brakes! ', 100000)")
    planned.tell("opened", opened)
    words = planned.sender.asked[0]["customer"]["words"]
    assert (len(words), words[:16]) == (500, "Brakes! Brakes! ")


def test_nothing_is_said_of_a_visit_of_another_organization(planned: Planner, opened: int) -> None:
    planned.pipeline.add_other_organization()
    planned.pipeline.database.run("UPDATE service_record SET organization_id = :other", other=OTHER_ORGANIZATION)
    planned.tell("opened", opened)
    said = planned.sender.asked[0]["customer"]
    assert (said["name"], said["vehicle"], said["score"], said["words"]) == (None, None, 3, WORDS)
    assert said["phone"] != CUSTOMER["phone"]


def test_a_try_that_failed_is_made_again_later_and_later_and_then_no_more(
    planned: Planner, opened: int, capsys: pytest.CaptureFixture[str]
) -> None:
    planned.tell("opened", opened)
    waits = []
    for tries in range(1, 6):
        asked = planned.sender.asked[-1]
        assert asked["tries"] == tries
        capsys.readouterr()
        planned.report(asked, reason="unavailable")
        waits.append(planned.wait())
        planned.wake()
        planned.let_time_pass()
        planned.wake()
    assert waits[:-1] == pytest.approx([30, 300, 1800, 7200], abs=20)
    (row,) = planned.rows()
    assert (row["state"], row["tries"], row["reason"]) == ("undelivered", 5, "unavailable")
    assert len(planned.sender.asked) == 5
    assert len(set(planned.sender.ids)) == 5
    assert len({read_alert(json.dumps(one)).key for one in planned.sender.asked}) == 1
    assert row["ended_at"] is not None


def test_one_that_failed_for_good_is_counted_as_undelivered(
    planned: Planner, opened: int, capsys: pytest.CaptureFixture[str]
) -> None:
    planned.tell("opened", opened)
    capsys.readouterr()
    planned.report(planned.sender.asked[0], reason="refused", is_final=True)
    assert _metrics(capsys.readouterr().out) == {"AlertFailed": "refused", "AlertUndelivered": ""}
    (row,) = planned.rows()
    assert (row["state"], row["reason"]) == ("undelivered", "refused")


def test_the_receiver_s_pause_is_kept(planned: Planner, opened: int) -> None:
    planned.tell("opened", opened)
    planned.report(planned.sender.asked[0], reason="unavailable", retry_after=900)
    assert planned.wait() == pytest.approx(900, abs=20)


def test_a_try_of_which_nothing_is_heard_is_made_again_and_may_be_the_last(
    planned: Planner, opened: int, capsys: pytest.CaptureFixture[str]
) -> None:
    planned.tell("opened", opened)
    assert planned.wait() == pytest.approx(planner.LEASE.total_seconds(), abs=20)
    for _ in range(5):
        planned.let_time_pass()
        capsys.readouterr()
        planned.wake()
    assert _metrics(capsys.readouterr().out) == {"AlertUndelivered": ""}
    (row,) = planned.rows()
    assert (row["state"], row["tries"], row["reason"]) == ("undelivered", 5, "lost")
    planned.report(planned.sender.asked[2])
    assert planned.rows()[0]["state"] == "delivered", "the word of its delivery was late"


def test_a_late_word_of_a_failure_ends_no_later_try(planned: Planner, opened: int) -> None:
    planned.tell("opened", opened)
    planned.let_time_pass()
    planned.wake()
    first, second = planned.sender.asked
    planned.report(first, reason="refused", is_final=True)
    assert planned.rows()[0]["state"] == "sending"
    planned.report(second)
    planned.report(first, reason="slow")
    assert planned.rows()[0]["state"] == "delivered"


def test_what_was_not_handed_over_is_tried_again_after_the_lease(planned: Planner, opened: int) -> None:
    planned.sender.is_away = True
    assert planned.tell("opened", opened) == []
    planned.sender.is_away = False
    planned.wake()
    assert planned.sender.asked == []
    planned.let_time_pass()
    planned.wake()
    assert [one["tries"] for one in planned.sender.asked] == [2]


# The night


def _work(planned: Planner, days: str, opens_at: str = "00:00", closes_at: str = "24:00") -> None:
    planned.pipeline.database.run(
        "INSERT INTO organization_setting (organization_id, time_zone, days, opens_at, closes_at) "
        "VALUES (CAST(:organization AS uuid), 'America/Toronto', CAST(:days AS smallint[]), CAST(:opens AS time), "
        "CAST(:closes AS time))",
        organization=ORGANIZATION,
        days=days,
        opens=opens_at,
        closes=closes_at,
    )


def _begin_to_work(planned: Planner) -> None:
    planned.pipeline.database.run("UPDATE organization_setting SET days = '{1,2,3,4,5,6,7}', opens_at = '00:00'")
    planned.pipeline.database.run("UPDATE organization_setting SET closes_at = '24:00'")


@pytest.fixture
def night(planned: Planner, opened: int) -> int:
    """A follow-up of an organization that works on another day of the week than today in its time zone."""
    ((today,),) = planned.pipeline.database.run("SELECT extract(isodow FROM now() AT TIME ZONE 'America/Toronto')")
    _work(planned, f"{{{(int(today) + 2) % 7 + 1}}}", "08:00", "18:00")
    planned.set(at_night=False)
    return opened


def test_nothing_is_sent_at_night_and_it_waits_for_the_opening(planned: Planner, night: int) -> None:
    planned.tell("opened", night)
    planned.wake()
    assert planned.sender.asked == []
    ((at, day),) = planned.pipeline.database.run(
        "SELECT (send_at AT TIME ZONE 'America/Toronto')::time::text, send_at > now() + interval '1 day' "
        "FROM follow_up_alert"
    )
    assert (at, day) == ("08:00:00", True)
    _begin_to_work(planned)
    planned.let_time_pass()
    planned.wake()
    assert len(planned.sender.asked) == 1


def test_what_an_outage_has_kept_until_the_night_waits_for_the_morning(planned: Planner, night: int) -> None:
    planned.tell("opened", night)
    planned.let_time_pass()
    planned.wake()
    assert planned.sender.asked == []
    (row,) = planned.rows()
    assert (row["state"], row["tries"], row["reason"]) == ("waiting", 0, None)
    assert planned.wait() > 86_400
    planned.wake()
    assert planned.rows() == [row]


def test_a_try_that_was_lost_at_night_is_made_again_in_the_morning(planned: Planner, night: int) -> None:
    planned.set(at_night=True)
    planned.tell("opened", night)
    planned.set(at_night=False)
    planned.let_time_pass()
    planned.wake()
    assert [one["tries"] for one in planned.sender.asked] == [1]
    (row,) = planned.rows()
    assert (row["state"], row["tries"], row["reason"]) == ("waiting", 1, "lost")
    assert planned.wait() > 86_400
    _begin_to_work(planned)
    planned.let_time_pass()
    planned.wake()
    assert [one["tries"] for one in planned.sender.asked] == [1, 2]


def test_a_stack_that_asks_for_it_sends_at_night(planned: Planner, night: int) -> None:
    planned.set(at_night=True)
    planned.tell("opened", night)
    assert len(planned.sender.asked) == 1


def test_within_the_hours_it_is_sent_at_once(planned: Planner, opened: int) -> None:
    _work(planned, "{1,2,3,4,5,6,7}")
    planned.set(at_night=False)
    planned.tell("opened", opened)
    assert len(planned.sender.asked) == 1


def test_another_try_waits_for_the_morning_too(planned: Planner, night: int) -> None:
    planned.set(at_night=True)
    planned.tell("opened", night)
    planned.set(at_night=False)
    planned.report(planned.sender.asked[0], reason="unavailable")
    assert planned.wait() > 86_400


@pytest.mark.parametrize(
    ("step", "change"),
    [
        ("opened", "UPDATE follow_up SET state = 'acknowledged'"),
        ("opened", "UPDATE follow_up SET state = 'dismissed'"),
        ("opened", "UPDATE follow_up SET state = 'resolved', cause = 'wait'"),
        ("overdue", "UPDATE follow_up SET state = 'resolved', cause = 'wait'"),
        ("overdue", "UPDATE follow_up SET overdue_at = NULL"),
    ],
)
def test_what_nobody_needs_any_more_in_the_morning_is_not_sent(
    planned: Planner, night: int, step: str, change: str
) -> None:
    planned.pipeline.database.run("UPDATE follow_up SET overdue_at = now()")
    planned.tell(step, night)
    planned.pipeline.database.run(change)
    planned.let_time_pass()
    planned.wake()
    assert planned.sender.asked == []
    (row,) = planned.rows()
    assert (row["state"], row["tries"]) == ("dropped", 0)


def test_one_that_was_withdrawn_before_the_morning_is_gone(planned: Planner, night: int) -> None:
    planned.tell("opened", night)
    planned.pipeline.database.run("DELETE FROM follow_up")
    planned.wake()
    assert (planned.rows(), planned.sender.asked) == ([], [])
    assert planned.tell("opened", night) == []


def test_one_that_was_dropped_untried_is_claimed_again_and_one_that_was_sent_is_not(
    planned: Planner, night: int
) -> None:
    planned.pipeline.database.run("UPDATE follow_up SET overdue_at = now()")
    planned.tell("overdue", night)
    planned.pipeline.database.run("UPDATE follow_up SET overdue_at = NULL")
    planned.let_time_pass()
    planned.wake()
    planned.pipeline.database.run("UPDATE follow_up SET overdue_at = now()")
    planned.set(at_night=True)
    planned.tell("overdue", night)
    assert len(planned.sender.asked) == 1
    planned.report(planned.sender.asked[0])
    planned.tell("overdue", night)
    assert len(planned.sender.asked) == 1


def test_nobody_is_told_of_a_backfill(planned: Planner, opened: int) -> None:
    planned.pipeline.database.run(
        "UPDATE follow_up SET opened_at = now() - interval '8 days', due_at = now() - interval '8 days'"
    )
    planned.tell("opened", opened)
    planned.tell("overdue", opened)
    assert planned.rows() == []


@pytest.mark.parametrize(
    "body",
    [
        *("", "{", "[]", {"detail-type": "FollowUpChanged", "detail": {"changed": {"follow_up_id": 1}}}),
        *({"detail-type": "FollowUpOpened"}, {"detail-type": "FollowUpOpened", "detail": {"changed": {}}}),
        {"detail-type": "FollowUpOpened", "detail": {"changed": {"follow_up_id": True}}},
        {"version": 9, "outcome": {}},
        {"version": 1, "outcome": {"follow_up_id": 1, "step": "x", "channel": "webhook", "tries": 1}},
        {"version": 1, "outcome": {"follow_up_id": 1, "step": "opened", "channel": "x", "tries": 1}},
        {"version": 1, "outcome": {"follow_up_id": -1, "step": "opened", "channel": "webhook", "tries": 1}},
    ],
)
def test_a_message_that_cannot_be_read_keeps_no_other_one_back(planned: Planner, opened: int, body: object) -> None:
    good = {"detail-type": "FollowUpOpened", "detail": {"changed": {"follow_up_id": opened}}}
    assert planned.take(body, good) == ["0"]
    assert len(planned.sender.asked) == 1


def test_messages_come_again_while_the_database_is_away(planned: Planner, opened: int) -> None:
    class Away:
        def connect(self) -> None:
            raise ConnectionRefusedError

    vars(planned.services)["engine"] = Away()
    assert planned.tell("opened", opened) == ["0"]
    with pytest.raises(Transient):
        planned.wake()
    vars(planned.services)["engine"] = engine_for(planned.url, FUNCTIONS)


def test_nothing_of_a_customer_is_logged(planned: Planner, opened: int) -> None:
    planned.tell("opened", opened)
    planned.report(planned.sender.asked[0], reason="refused", is_final=True)
    log = planned.pipeline.log.getvalue()
    assert "alert undelivered" in log
    assert [value for value in CUSTOMER.values() if isinstance(value, str) and value in log] == []


def test_the_time_of_a_try_is_bounded(planned: Planner, opened: int) -> None:
    planned.tell("opened", opened)
    left = read_alert(json.dumps(planned.sender.asked[0])).not_after - datetime.now(timezone.utc)
    assert left.total_seconds() == pytest.approx(planner.SENT_WITHIN.total_seconds(), abs=20)
