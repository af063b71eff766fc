"""The rows that the application would have created: the organization, and the calls of the sample events."""

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Final, Literal

from pg8000.native import Connection

from local.database import connect

ORGANIZATION_ID: Final = "0a11ce00-0000-4000-8000-000000000001"
ORGANIZATION: Final = "Example Motors"
SAMPLE_CALLS: Final = {
    # call.id -> Vapi's call id, or None where a sample's first message links the two
    15: None,
    16: None,
    17: "call_123",
}
"""Calls that `events/webhooks` name."""


@dataclass(frozen=True)
class ServiceRecord:
    """A service visit that a call follows up."""

    customer_name: str
    customer_phone: str
    vehicle: str
    service: str
    appointment: datetime
    advisor: str = "Robin Sample"
    campaign: str = "Service follow-up"
    organization_id: str = ORGANIZATION_ID


def seed(database_url: str) -> None:
    """Insert the rows that are missing; existing rows are not changed."""
    with connect(database_url) as connection:
        insert_organization(connection, ORGANIZATION_ID, ORGANIZATION)
        for call_id, vapi_call_id in SAMPLE_CALLS.items():
            _seed_call(connection, call_id, vapi_call_id)
        connection.run("SELECT setval(pg_get_serial_sequence('call', 'id'), (SELECT max(id) FROM call))")


def _seed_call(connection: Connection, call_id: int, vapi_call_id: str | None) -> None:
    if connection.run("SELECT 1 FROM call WHERE id = :id", id=call_id):
        return
    now = datetime.now(timezone.utc)
    record_id = insert_service_record(
        connection, ServiceRecord("Dana Example", "+12025550101", "2021 Sample Sedan", "Oil change", now)
    )
    connection.run(
        "INSERT INTO call (id, organization_id, service_record_id, customer_number, status, vapi_call_id)"
        " OVERRIDING SYSTEM VALUE VALUES (:id, :organization, :record, '+12025550101', 'Ready', :vapi)",
        id=call_id,
        organization=ORGANIZATION_ID,
        record=record_id,
        vapi=vapi_call_id,
    )


def insert_organization(connection: Connection, organization_id: str, name: str) -> None:
    """Insert an organization, unless it exists."""
    connection.run(
        "INSERT INTO organization (id, name) VALUES (:id, :name) ON CONFLICT (id) DO NOTHING",
        id=organization_id,
        name=name,
    )


def insert_service_record(connection: Connection, service_record: ServiceRecord) -> int:
    """Insert a service visit to follow up, as the application does; returns its id."""
    rows = connection.run(
        "INSERT INTO service_record (organization_id, campaign_id, customer_name, customer_phone, vehicle_info,"
        " service_type, appointment_date, service_advisor_id, service_advisor_name)"
        " VALUES (:organization, :campaign, :name, :phone, :vehicle, :service, :appointment, :advisor_id, :advisor)"
        " RETURNING id",
        organization=service_record.organization_id,
        campaign=_keep_named(connection, "campaign", service_record.campaign, service_record.organization_id),
        name=service_record.customer_name,
        phone=service_record.customer_phone,
        vehicle=service_record.vehicle,
        service=service_record.service,
        appointment=service_record.appointment,
        advisor_id=_keep_named(connection, "user", service_record.advisor, service_record.organization_id),
        advisor=service_record.advisor,
    )
    return int(rows[0][0])


def _keep_named(connection: Connection, table: Literal["campaign", "user"], name: str, organization_id: str) -> int:
    """Find an organization's campaign or user by name, or insert it; returns its id."""
    rows = connection.run(
        f'SELECT id FROM "{table}" WHERE organization_id = :organization AND name = :name LIMIT 1',  # noqa: S608 - a name of ours
        organization=organization_id,
        name=name,
    ) or connection.run(
        f'INSERT INTO "{table}" (organization_id, name) VALUES (:organization, :name) RETURNING id',  # noqa: S608 - likewise
        organization=organization_id,
        name=name,
    )
    return int(rows[0][0])


def insert_call(connection: Connection, record_id: int, vapi_call_id: str | None = None) -> int:
    """Insert the call that is about to be dialled after a visit, as the application does; returns its id."""
    rows = connection.run(
        "INSERT INTO call (organization_id, service_record_id, campaign_id, agent_id, customer_number, status,"
        " vapi_call_id)"
        " SELECT organization_id, id, campaign_id, service_advisor_id, customer_phone, 'Ready', :vapi"
        " FROM service_record WHERE id = :record RETURNING id",
        record=record_id,
        vapi=vapi_call_id,
    )
    return int(rows[0][0])
