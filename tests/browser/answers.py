"""Rows of past calls: a trend needs months of them, which no simulation has."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pg8000.native import Connection

from local.database import connect
from local.simulator.application_rows import ORGANIZATION_ID

PHONE: Final = "+12025550142"


@dataclass(frozen=True)
class Answer:
    """One call that has ended, and its analysis. Lists are texts with one item per line, as in the database."""

    began: datetime
    score: int | None = None
    outcome: str = "reached"
    seconds: int = 120
    customer: str = "Dana Example"
    advisor: str | None = "Robin Sample"
    campaign_id: int | None = None
    content: str | None = None
    """None for a call without feedback."""
    positives: str | None = None
    detractors: str | None = None
    action_items: str | None = None
    demo: bool = False
    direction: str = "outbound"
    """Other values are inbound and web."""


def insert_campaign(database_url: str, name: str, organization_id: str = ORGANIZATION_ID) -> int:
    """Insert a campaign; returns its id."""
    with connect(database_url) as connection:
        rows = connection.run(
            "INSERT INTO campaign (name, organization_id, status) VALUES (:name, :organization, 'Active') RETURNING id",
            name=name,
            organization=organization_id,
        )
    return int(rows[0][0])


def insert_answers(database_url: str, answers: Iterable[Answer], organization_id: str = ORGANIZATION_ID) -> list[int]:
    """Insert calls with their visits and feedback; returns their ids, in the same order."""
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
        " nps_score, start_time, end_time, duration_sec, is_demo, direction, is_web) VALUES (:organization, :record,"
        " :campaign, :phone, 'Completed', :outcome, :score, :start, :end, :seconds, :demo, :direction, :web)"
        " RETURNING id",
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
        direction="outbound" if answer.direction == "outbound" else "inbound",
        web=answer.direction == "web",
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


@dataclass(frozen=True)
class Dial:
    """One past attempt of a call."""

    began: datetime
    outcome: str
    words: tuple[str, ...] = ()
    score: int | None = None
    summary: str | None = None
    recording_url: str | None = None


def insert_attempts(
    database_url: str, dials: Sequence[Dial], shown: int, organization_id: str = ORGANIZATION_ID
) -> tuple[int, list[str]]:
    """Insert a call with several attempts, one of which it shows; returns its id, and Vapi's ids in the given order."""
    with connect(database_url) as connection:
        connection.run("BEGIN")
        answer = Answer(dials[shown].began, dials[shown].score, dials[shown].outcome)
        call_id = _insert_call(connection, answer, organization_id, _insert_record(connection, answer, organization_id))
        keys = [f"attempt-{call_id}-{place}" for place in range(len(dials))]
        connection.run(
            "UPDATE call SET vapi_call_id = :key, recording_url = :url, feedback_summary = :summary WHERE id = :id",
            key=keys[shown],
            url=dials[shown].recording_url,
            summary=dials[shown].summary,
            id=call_id,
        )
        for dial, key in zip(dials, keys, strict=True):
            _insert_dial(connection, dial, call_id, key)
        connection.run("COMMIT")
    return call_id, keys


def _insert_dial(connection: Connection, dial: Dial, call_id: int, key: str) -> None:
    started = dial.began if dial.words else None
    connection.run(
        "INSERT INTO vapi_call (call_id, vapi_call_id, created_at, status, reported_at, start_time, end_time, outcome,"
        " nps_score, feedback_summary, recording_url) VALUES (:call, :key, :began, 'Ended', :end, :start, :end,"
        " :outcome, :score, :summary, :url)",
        call=call_id,
        key=key,
        began=dial.began - timedelta(seconds=5),
        start=started,
        end=dial.began + timedelta(minutes=2),
        outcome=dial.outcome,
        score=dial.score,
        summary=dial.summary,
        url=dial.recording_url,
    )
    for place, words in enumerate(dial.words):
        connection.run(
            'INSERT INTO transcript (call_id, vapi_call_id, source, sequence, role, content, "timestamp")'
            " VALUES (:call, :key, 'report', :place, :role, :words, :at)",
            call=call_id,
            key=key,
            place=place,
            role=("assistant", "human")[place % 2],
            words=words,
            at=dial.began + timedelta(seconds=4 * place),
        )
