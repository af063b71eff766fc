"""The database roles of the functions, with exactly the privileges that their statements need.

Consumers, pruning, unlinking and alerts connect as one role, the read API as another, which can only read. Each
privilege is needed by a statement of `autopulse.db`: the tests revoke each one, and run all statements without it.

A role for unlinking alone would need all privileges of the consumers on a call, because it computes the row again from
the remaining attempts, and two more (to insert a refused link, and to delete an original). It would protect nothing
more, and need one more secret to hand over and rotate. Who may invoke the function is what protects it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from autopulse.db.facts import ATTEMPT_NAMES
from autopulse.db.quality import QUALITY_NAMES
from autopulse.domain.attempts import NAMES

WHOLE: Final = ()
"""A privilege on all columns, also those that the application may add; for tables that are read as a whole."""
FEEDBACK: Final = ("content", "detractors", "positives", "action_items", "structured_data", "reason_category")
FOLLOW_UP: Final = (*("call_id", "organization_id", "trigger", "opened_at", "due_at", "assignee_id", "assignee_name"),)
ENTRY: Final = (
    *("id", "follow_up_id", "at", "actor_subject", "actor_name", "action", "from_state", "to_state", "changes", "note"),
)
ALERT: Final = ("follow_up_id", "step", "channel", "state", "tries", "claimed_at", "send_at", "reason")
ATTEMPT: Final = ("call_id", "vapi_call_id", *ATTEMPT_NAMES)
RECORDING: Final = ("call_id", "vapi_call_id", *("state", "object_key", "bytes", "content_type", "sha256", "stored_at"))
SAVED_VIEW: Final = ("organization_id", "subject", "name", "address")
WORDS: Final = ("call_id", "organization_id", "began", "words")
SAVED_VIEWS: Final[Mapping[str, Sequence[str]]] = {
    "SELECT": (*SAVED_VIEW, "created_at", "updated_at"),
    "INSERT": SAVED_VIEW,
    "UPDATE": ("address", "updated_at"),
    "DELETE": WHOLE,
}
SUPPRESSION: Final = ("organization_id", "pseudonym", "reason", "source")
SUPPRESSIONS: Final[Mapping[str, Sequence[str]]] = {
    "SELECT": (*SUPPRESSION, "created_at"),
    "INSERT": SUPPRESSION,
    "DELETE": WHOLE,
}
NUMBER: Final = ("id", "organization_id", "ignored", "inbound_assistant_id", "transfer_number")
INBOUND: Final = (
    *("organization_id", "service_record_id", "vapi_call_id", "status", "direction", "is_web", "customer_number"),
    "updated_at",
)
"""The columns of a row that is created for a caller, or with other values for a call that a webhook reports."""
MOVED: Final = "call_id"
"""The column that changes when the application's row takes over a row of ours."""
PRIVILEGES: Final[Mapping[str, Mapping[str, Sequence[str]]]] = {
    "call": {
        "SELECT": WHOLE,
        "INSERT": INBOUND,
        "UPDATE": (
            *("organization_id", "vapi_call_id", "customer_number", "direction", "is_web", *NAMES, "updated_at"),
            "reason_key",
        ),
        # Deletes a row that we created, when the application's row of the same call is known.
        "DELETE": WHOLE,
    },
    # A row is deleted when an attempt without an id becomes part of one with an id.
    "vapi_call": {"SELECT": WHOLE, "INSERT": ATTEMPT, "UPDATE": (MOVED, *ATTEMPT_NAMES), "DELETE": WHOLE},
    "call_recording": {
        "SELECT": RECORDING,
        "INSERT": RECORDING,
        "UPDATE": RECORDING[2:],
    },
    # Rows are moved and deleted with their attempts, by the foreign key.
    "call_quality": {
        "SELECT": WHOLE,
        "INSERT": ("call_id", "vapi_call_id", *QUALITY_NAMES),
        "UPDATE": QUALITY_NAMES,
    },
    # A row is deleted when the last link of its call is removed.
    "call_original": {"SELECT": WHOLE, "INSERT": ("call_id", *NAMES, "feedback"), "DELETE": WHOLE},
    "transcript": {
        "SELECT": ("id", "call_id", "vapi_call_id", "source", "segment", "sequence", "role", "content", "timestamp"),
        "INSERT": ("call_id", "vapi_call_id", "source", "segment", "sequence", "role", "content", "timestamp"),
        "UPDATE": (MOVED, "source", "segment", "role", "content", "timestamp"),
        "DELETE": WHOLE,
    },
    "call_feedback": {
        "SELECT": WHOLE,
        "INSERT": ("call_id", *FEEDBACK),
        "UPDATE": (*FEEDBACK, "updated_at"),
        "DELETE": WHOLE,
    },
    # Rows are deleted with their calls, by the foreign key.
    "call_words": {"SELECT": WORDS, "INSERT": WORDS, "UPDATE": WORDS[1:]},
    "call_incident": {
        "SELECT": ("call_id", "kind", "occurred_at"),
        "INSERT": ("call_id", "kind", "occurred_at"),
        "DELETE": WHOLE,
    },
    "webhook_event": {
        "SELECT": WHOLE,
        "INSERT": (
            *("event_id", "kind", "type", "call_id", "vapi_call_id"),
            *("occurred_at", "received_at", "processed_at", "status", "outcome", "origin", "repeats"),
        ),
        "UPDATE": (MOVED, "repeats"),
        "DELETE": WHOLE,
    },
    "reconciliation_request": {
        "SELECT": ("call_id", "vapi_call_id", "reason", "tries", "asked_at", "next_at"),
        "INSERT": ("call_id", "vapi_call_id", "reason", "tries", "asked_at", "next_at"),
        "UPDATE": ("tries", "asked_at", "next_at"),
        "DELETE": WHOLE,
    },
    "service_record": {"SELECT": WHOLE, "UPDATE": ("status", "feedback", "rating")},
    "service_record_original": {
        "SELECT": ("service_record_id", "status", "feedback", "rating"),
        "INSERT": ("service_record_id", "status", "feedback", "rating"),
        "DELETE": WHOLE,
    },
    # A row is deleted when the call's shown report no longer requires a follow-up.
    "follow_up": {
        "SELECT": WHOLE,
        "INSERT": (*FOLLOW_UP, "note"),
        "UPDATE": (*(*FOLLOW_UP, "state", "cause", "note", "acknowledged_at", "resolved_at", "overdue_at", "version"),),
        "DELETE": WHOLE,
    },
    "follow_up_entry": {"SELECT": ENTRY, "INSERT": ENTRY[1:]},
    "follow_up_alert": {
        "SELECT": ALERT,
        "INSERT": ("follow_up_id", "step", "channel", "state", "claimed_at", "send_at"),
        "UPDATE": ("state", "tries", "claimed_at", "send_at", "ended_at", "reason"),
    },
    "organization_setting": {"SELECT": WHOLE},
    "reason_category": {"SELECT": WHOLE},
    "saved_view": SAVED_VIEWS,
    "refused_link": {"SELECT": ("vapi_call_id", "call_id"), "INSERT": ("vapi_call_id", "call_id")},
    "suppression": SUPPRESSIONS,
    "vapi_number": {"SELECT": NUMBER},
    "erased_call": {"SELECT": ("pseudonym", "erased_at")},
    "organization": {"SELECT": ("id", "name")},
    "campaign": {"SELECT": ("id", "name", "organization_id")},
    "user": {"SELECT": ("id", "name", "email", "organization_id")},
}
"""Table -> privilege -> its columns. They include those of the other roles, which may be absent."""
READER_PRIVILEGES: Final[Mapping[str, Mapping[str, Sequence[str]]]] = {
    "call": {"SELECT": WHOLE},
    "vapi_call": {"SELECT": WHOLE},
    "call_recording": {"SELECT": ("call_id", "vapi_call_id", "state", "object_key", "content_type", "stored_at")},
    "call_quality": {"SELECT": WHOLE},
    "call_original": {"SELECT": WHOLE},
    "transcript": {"SELECT": ("id", "call_id", "vapi_call_id", "source", "sequence", "role", "content", "timestamp")},
    "call_feedback": {"SELECT": WHOLE},
    "call_words": {"SELECT": WORDS},
    "call_incident": {"SELECT": ("call_id", "kind", "occurred_at")},
    "follow_up": {"SELECT": WHOLE},
    "follow_up_entry": {"SELECT": ENTRY},
    "webhook_event": {"SELECT": WHOLE},
    "service_record": {"SELECT": WHOLE},
    "reason_category": {"SELECT": ("organization_id", "key", "label")},
    "organization": {"SELECT": ("id", "name")},
    "campaign": {"SELECT": ("id", "name", "organization_id")},
    "user": {"SELECT": ("id", "name", "email", "organization_id")},
}
"""The privileges of the roles that only read."""
WRITER_PRIVILEGES: Final[Mapping[str, Mapping[str, Sequence[str]]]] = {
    "follow_up": {
        "SELECT": WHOLE,
        "INSERT": (*FOLLOW_UP, "note"),
        "UPDATE": (
            *("state", "assignee_id", "assignee_name", "cause", "note", "due_at", "acknowledged_at", "resolved_at"),
            *("overdue_at", "version"),
        ),
    },
    "follow_up_entry": {"INSERT": ENTRY[1:]},
    "organization_setting": {"SELECT": WHOLE},
    "saved_view": SAVED_VIEWS,
    "call": {"SELECT": ("id", "organization_id", "service_record_id", "vapi_call_id")},
    "service_record": {"SELECT": ("id", "organization_id", "service_advisor_id", "service_advisor_name")},
    "user": {"SELECT": ("id", "name", "email", "organization_id")},
}
"""The privileges of the function in which people change follow-ups and save views, and which marks overdue ones."""
CALLER_PRIVILEGES: Final[Mapping[str, Mapping[str, Sequence[str]]]] = {
    "call": {
        "SELECT": (
            *("id", "organization_id", "service_record_id", "vapi_call_id", "customer_number", "direction", "status"),
            *("outcome", "nps_score", "start_time", "end_time", "updated_at", "is_demo"),
        ),
        "INSERT": INBOUND,
    },
    "vapi_call": {"SELECT": ("call_id", "vapi_call_id"), "INSERT": ("call_id", "vapi_call_id", "made_call")},
    "service_record": {
        "SELECT": (
            *("id", "organization_id", "customer_name", "customer_phone", "vehicle_info", "appointment_date"),
            *("service_advisor_id", "service_advisor_name", "rating", "is_demo"),
        )
    },
    "suppression": SUPPRESSIONS,
    "vapi_number": {"SELECT": NUMBER},
    "organization": {"SELECT": ("id",)},
    "organization_setting": {"SELECT": ("organization_id", "time_zone")},
    "user": {"SELECT": ("id", "name", "organization_id")},
}
"""The privileges of the function that answers Vapi's requests and keeps the suppressed numbers."""
ERASER_PRIVILEGES: Final[Mapping[str, Mapping[str, Sequence[str]]]] = {
    "call": {
        "SELECT": WHOLE,
        "UPDATE": ("customer_number", "recording_url", "call_reason", "feedback_summary", "status"),
    },
    "vapi_call": {
        "SELECT": WHOLE,
        "UPDATE": (
            *("customer_number", "customer_sip_uri", "customer_name", "segments", "call_reason", "feedback_summary"),
            *("recording_url", "recording_expires_at", "feedback", "status", "reconciliation"),
        ),
    },
    "call_recording": {"SELECT": ("call_id",), "UPDATE": ("state", "object_key", "bytes", "sha256")},
    "call_quality": {"SELECT": ("call_id",), "UPDATE": ("success_evaluation", "ended_message", "details")},
    "call_original": {
        "SELECT": ("call_id", "outcome"),
        "UPDATE": ("recording_url", "call_reason", "feedback_summary", "feedback"),
    },
    "transcript": {"SELECT": ("call_id",), "DELETE": WHOLE},
    "call_feedback": {"SELECT": ("call_id",), "UPDATE": FEEDBACK},
    "call_feedback_duplicate": {"SELECT": ("call_id",), "DELETE": WHOLE},
    "call_words": {"SELECT": WORDS, "UPDATE": ("words",)},
    "follow_up": {"SELECT": ("id", "call_id", "cause"), "UPDATE": ("cause", "note")},
    "follow_up_entry": {"SELECT": ("follow_up_id",), "UPDATE": ("changes", "note")},
    "service_record": {
        "SELECT": WHOLE,
        "UPDATE": ("customer_name", "customer_phone", "vehicle_info", "status", "feedback", "rating"),
    },
    "service_record_original": {
        "SELECT": ("service_record_id", "status", "feedback", "rating"),
        "INSERT": ("service_record_id", "status", "feedback", "rating"),
        "UPDATE": ("feedback",),
        "DELETE": WHOLE,
    },
    "vapi_number": {"SELECT": ("id", "organization_id", "ignored")},
    "refused_link": {"SELECT": ("vapi_call_id", "call_id")},
    "organization": {"SELECT": ("id",)},
    "erased_call": {
        "SELECT": ("pseudonym", "call_id", "erased_at"),
        "INSERT": ("pseudonym", "call_id", "erased_at"),
        "UPDATE": ("call_id", "erased_at"),
    },
    "erasure": {"SELECT": WHOLE, "INSERT": WHOLE, "UPDATE": ("state", "finished_at")},
    "erasure_item": {"SELECT": WHOLE, "INSERT": WHOLE, "UPDATE": ("item", "state", "counts")},
    "retention": {"SELECT": WHOLE, "INSERT": WHOLE, "UPDATE": ("began", "call_id")},
}
"""The privileges of the function that erases calls."""
TIME_OUTS: Final = {
    # Shorter than the consumers' timeout of 30 s, so that the locks of a frozen or killed function are released. It is
    # set for the role, because a session's own setting would pin a connection of RDS Proxy to its client.
    "statement_timeout": "15s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "20s",
}
ANSWER_TIME_OUTS: Final = {
    # The caller hears nothing until there is an answer, and Vapi's timeout is 7.5 s.
    "statement_timeout": "1800ms",
    "lock_timeout": "1500ms",
    "idle_in_transaction_session_timeout": "5s",
}
PLANNING: Final = {
    # All statements of the functions can use an index. A statement is planned once per connection, possibly while its
    # table is so small that a sequential scan seems cheaper; later the table may grow.
    "enable_seqscan": "off",
    # Starting parallel workers takes longer than they save for a page, and uses CPU time that other statements need.
    "max_parallel_workers_per_gather": "0",
    # Compiling a statement takes longer than any of ours runs; before Postgres 18, the cost of a sequential scan with
    # enable_seqscan off is high enough to trigger it.
    "jit": "off",
}
ONE_PLAN: Final = {
    # Always the plan that tests/integration/test_consumer_plans.py checks. Postgres would plan the first five
    # executions of a statement anew, and continue while a growing table makes that look cheaper: planning takes as long
    # as the statement itself, and for an empty array it may scan a whole partial index.
    "plan_cache_mode": "force_generic_plan",
}
READ_ONLY: Final = {"default_transaction_read_only": "on"}
"""The session setting of roles that only read, in addition to the lack of write privileges."""

_SEQUENCES: Final = text("""
    SELECT DISTINCT sequence.oid::regclass::text FROM pg_attrdef AS value
    JOIN pg_depend AS use ON use.classid = 'pg_attrdef'::regclass AND use.objid = value.oid
    JOIN pg_class AS sequence ON use.refclassid = 'pg_class'::regclass AND use.refobjid = sequence.oid
    WHERE sequence.relkind = 'S' AND value.adrelid = to_regclass(quote_ident(:table))
""")


@dataclass(frozen=True, slots=True)
class FunctionsRole:
    """A database role of the functions."""

    name: str
    by_iam: bool
    """Whether it connects with IAM tokens, rather than with a password, which an operator has to set."""
    only_reads: bool = False
    writes_follow_ups: bool = False
    """Whether it is the role of the function that changes follow-ups and saved views."""
    answers_callers: bool = False
    """Whether it is the role of the function that answers Vapi's requests."""
    erases: bool = False
    """Whether it is the role of the function that erases calls."""

    @property
    def privileges(self) -> Mapping[str, Mapping[str, Sequence[str]]]:
        """Table -> right -> its columns."""
        if self.answers_callers:
            return CALLER_PRIVILEGES
        if self.writes_follow_ups:
            return WRITER_PRIVILEGES
        if self.erases:
            return ERASER_PRIVILEGES
        return READER_PRIVILEGES if self.only_reads else PRIVILEGES

    @property
    def settings(self) -> Mapping[str, str]:
        """The settings of its sessions."""
        if self.answers_callers:
            return ANSWER_TIME_OUTS | PLANNING | ONE_PLAN
        if self.only_reads:
            return TIME_OUTS | PLANNING | READ_ONLY
        return TIME_OUTS | PLANNING | ({} if self.writes_follow_ups or self.erases else ONE_PLAN)


def grant(connection: Connection, role: FunctionsRole) -> None:
    """Create the role if it does not exist, and set exactly its privileges; run by the owner of the tables."""
    if role.name == connection.scalar(text("SELECT current_user")):
        return  # an owner has all privileges on its own tables
    name = _quoted(connection, role.name)
    _create(connection, role, name)
    _let_in_by_iam(connection, role, name)
    _let_into_the_schema(connection, role, name)
    for table in {**PRIVILEGES, **ERASER_PRIVILEGES}:
        connection.execute(text(f'REVOKE ALL ON "{table}" FROM {name}'))
    for table, privileges in role.privileges.items():
        connection.execute(
            text(f'GRANT {", ".join(map(_privilege, privileges, privileges.values()))} ON "{table}" TO {name}')
        )
        if "INSERT" in privileges:
            for sequence in connection.scalars(_SEQUENCES, {"table": table}).all():
                connection.execute(text(f"GRANT USAGE ON SEQUENCE {sequence} TO {name}"))
    connection.commit()


def set_up_sessions(connection: Connection, roles: Sequence[FunctionsRole]) -> None:
    """Set the timeouts and the planner settings of the functions' roles.

    If there are none, the functions use the connected role; it gets only the timeouts, because it plans migrations too.
    """
    owner = str(connection.scalar(text("SELECT current_user")))
    database = _quoted(connection, str(connection.scalar(text("SELECT current_database()"))))
    for role, settings in [(role.name, role.settings) for role in roles] or [(owner, TIME_OUTS)]:
        name = _quoted(connection, role)
        for setting, value in settings.items():
            connection.execute(text(f"ALTER ROLE {name} IN DATABASE {database} SET {setting} = '{value}'"))
    connection.commit()


def _create(connection: Connection, role: FunctionsRole, name: str) -> None:
    if _exists(connection, role.name):
        return
    # Roles belong to the whole server: another stack's migration may create it at the same time.
    beaten = "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL"
    connection.execute(text(f"DO $$ BEGIN CREATE ROLE {name} LOGIN; {beaten}; END $$"))


def _let_in_by_iam(connection: Connection, role: FunctionsRole, name: str) -> None:
    """Make the role a member of `rds_iam`: RDS then accepts tokens for it, and no password."""
    if role.by_iam and _exists(connection, "rds_iam"):
        connection.execute(text(f"GRANT rds_iam TO {name}"))


def _let_into_the_schema(connection: Connection, role: FunctionsRole, name: str) -> None:
    """All roles have this privilege by default; if it was revoked, granting it needs an owner's privileges."""
    if not connection.scalar(text("SELECT has_schema_privilege(:role, 'public', 'USAGE')"), {"role": role.name}):
        connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {name}"))
    if not connection.scalar(
        text("SELECT has_database_privilege(:role, current_database(), 'CONNECT')"), {"role": role.name}
    ):
        database = _quoted(connection, str(connection.scalar(text("SELECT current_database()"))))
        connection.execute(text(f"GRANT CONNECT ON DATABASE {database} TO {name}"))


def _exists(connection: Connection, role: str) -> bool:
    return bool(connection.scalar(text("SELECT count(*) FROM pg_roles WHERE rolname = :role"), {"role": role}))


def _quoted(connection: Connection, name: str) -> str:
    return str(connection.scalar(text("SELECT quote_ident(:name)"), {"name": name}))


def _privilege(right: str, columns: Sequence[str]) -> str:
    names = ", ".join(f'"{column}"' for column in columns)
    return f"{right} ({names})" if columns else right
