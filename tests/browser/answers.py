"""Calls that are long over, as rows: a trend needs months, which no simulation has."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pg8000.native import Connection

from local.database import connect
from local.seed import ORGANIZATION_ID

PHONE: Final = "+12025550142"


@dataclass(frozen=True)
class Answer:
    """One call that came to an end, and what was said in it. Lists are lines, as the database has them."""

    began: datetime
    score: int | None = None
    outcome: str = "reached"
    seconds: int = 120
    customer: str = "Dana Example"
    advisor: str | None = "Robin Sample"
    campaign_id: int | None = None
    content: str | None = None
    """None: the call has no feedback."""
    positives: str | None = None
    detractors: str | None = None
    action_items: str | None = None
    demo: bool = False


def insert_campaign(database_url: str, name: str, organization_id: str = ORGANIZATION_ID) -> int:
    """Insert a round of calls; its id."""
    with connect(database_url) as connection:
        rows = connection.run(
            "INSERT INTO campaign (name, organization_id, status) VALUES (:name, :organization, 'Active') RETURNING id",
            name=name,
            organization=organization_id,
        )
    return int(rows[0][0])


def insert_answers(database_url: str, answers: Iterable[Answer], organization_id: str = ORGANIZATION_ID) -> list[int]:
    """Insert calls with their visits and feedback; their ids, in the same order."""
    with connect(database_url) as connection:
        connection.run("BEGIN")
        ids = [_insert(connection, answer, organization_id) for answer in answers]
        connection.run("COMMIT")
    return ids


def _insert(connection: Connection, answer: Answer, organization_id: str) -> int:
    call_id = _insert_call(connection, answer, organization_id, _insert_record(connection, answer, organization_id))
    if answer.content is not None:
        _insert_feedback(connection, answer, call_id)
    return call_id


def _insert_record(connection: Connection, answer: Answer, organization_id: str) -> int:
    rows = connection.run(
        "INSERT INTO service_record (organization_id, customer_name, customer_phone, vehicle_info, service_type,"
        " appointment_date, service_advisor_name, status) VALUES (:organization, :name, :phone, '2021 Sample Sedan',"
        " 'Oil change', :began, :advisor, 'Completed') RETURNING id",
        organization=organization_id,
        name=answer.customer,
        phone=PHONE,
        began=answer.began,
        advisor=answer.advisor,
    )
    return int(rows[0][0])


def _insert_call(connection: Connection, answer: Answer, organization_id: str, record_id: int) -> int:
    answered = answer.outcome in {"reached", "transferred", "voicemail"}
    rows = connection.run(
        "INSERT INTO call (organization_id, service_record_id, campaign_id, customer_number, status, outcome,"
        " nps_score, start_time, end_time, duration_sec, is_demo) VALUES (:organization, :record, :campaign, :phone,"
        " 'Completed', :outcome, :score, :start, :end, :seconds, :demo) RETURNING id",
        organization=organization_id,
        record=record_id,
        campaign=answer.campaign_id,
        phone=PHONE,
        outcome=answer.outcome,
        score=answer.score,
        start=answer.began if answered else None,
        end=answer.began + timedelta(seconds=answer.seconds if answered else 0),
        seconds=answer.seconds if answered else 0,
        demo=answer.demo,
    )
    return int(rows[0][0])


def _insert_feedback(connection: Connection, answer: Answer, call_id: int) -> None:
    connection.run(
        "INSERT INTO call_feedback (call_id, content, positives, detractors, action_items)"
        " VALUES (:call, :content, :positives, :detractors, :actions)",
        call=call_id,
        content=answer.content,
        positives=answer.positives,
        detractors=answer.detractors,
        actions=answer.action_items,
    )
