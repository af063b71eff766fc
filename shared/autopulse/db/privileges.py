"""The functions' own roles in the database, and what they may do: what their statements do, and nothing else.

Consumers, pruning, unlinking and alerts connect as one role, the read API as another, which may only read. Each right
is one that a statement of `autopulse.db` needs, and no statement needs more: the tests take each away, and run all
statements without it.

A role for unlinking alone would need all that the consumers may do to a call, since it writes the row anew from what is
left, and two privileges besides (to note a refused link, and to delete an original). It would keep no more from
anybody, and cost one more secret to hand over and rotate. What keeps people apart is who may invoke the function.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from autopulse.db.facts import ATTEMPT_NAMES
from autopulse.db.quality import QUALITY_NAMES
from autopulse.domain.attempts import NAMES

WHOLE: Final = ()
"""A right to all columns, those too that the application may add: what is read and shown as a whole."""
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
"""The columns of a row that is made for a caller, and with other values for a call that a webhook tells of."""
MOVED: Final = "call_id"
"""The column that changes when a row of ours hands over to the application's row of the same call."""
PRIVILEGES: Final[Mapping[str, Mapping[str, Sequence[str]]]] = {
    "call": {
        "SELECT": WHOLE,
        "INSERT": INBOUND,
        "UPDATE": (
            *("organization_id", "vapi_call_id", "customer_number", "direction", "is_web", *NAMES, "updated_at"),
            "reason_key",
        ),
        # A row that we made, when the application's row of the same call is known.
        "DELETE": WHOLE,
    },
    # A row goes when an attempt without an id becomes part of one that has an id.
    "vapi_call": {"SELECT": WHOLE, "INSERT": ATTEMPT, "UPDATE": (MOVED, *ATTEMPT_NAMES), "DELETE": WHOLE},
    "call_recording": {
        "SELECT": RECORDING,
        "INSERT": RECORDING,
        "UPDATE": RECORDING[2:],
    },
    # Rows move and go with their attempts, by the reference.
    "call_quality": {
        "SELECT": WHOLE,
        "INSERT": ("call_id", "vapi_call_id", *QUALITY_NAMES),
        "UPDATE": QUALITY_NAMES,
    },
    # A row goes when the last link of its call is taken back.
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
    # Rows go with their calls, by the reference.
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
    # A row goes when the report that a call shows does not call for it any more.
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
"""Table -> right -> its columns. They include those of the other roles, which may not be there."""
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
"""The privileges of who only reads."""
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
"""The privileges of the function in which people change follow-ups and save views, and which finds what is overdue."""
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
"""The privileges of the function that answers what Vapi waits for, and keeps the numbers that may not be called."""
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
    # Below the consumers' 30 s, so that a frozen or killed function's locks are let go. On the role, since a
    # session's own settings would pin a connection of RDS Proxy to its client.
    "statement_timeout": "15s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "20s",
}
ANSWER_TIME_OUTS: Final = {
    # Whoever calls hears nothing until there is an answer, and Vapi waits for 7.5 s.
    "statement_timeout": "1800ms",
    "lock_timeout": "1500ms",
    "idle_in_transaction_session_timeout": "5s",
}
PLANNING: Final = {
    # All that the functions say to the database is answered by an index. A statement is planned once for a connection,
    # perhaps while its table is so small that reading all of it seems cheaper, and a busy day makes it grow.
    "enable_seqscan": "off",
    # To start workers takes longer than what they would save of a page, and takes it from everybody else.
    "max_parallel_workers_per_gather": "0",
    # To compile a statement takes longer than any of ours does; before Postgres 18, a table read whole in spite of the
    # above looks dear enough for it.
    "jit": "off",
}
ONE_PLAN: Final = {
    # The plan that tests/integration/test_consumer_plans.py sees, from the first time on. Postgres would make another
    # for each of a statement's first five times, and go on with that as long as a growing table makes it look cheaper:
    # it takes as long as the statement itself, and for an empty array it may read a partial index from end to end.
    "plan_cache_mode": "force_generic_plan",
}
READ_ONLY: Final = {"default_transaction_read_only": "on"}
"""The session setting of a role that only reads, besides the lack of a privilege to write."""

_SEQUENCES: Final = text("""
    SELECT DISTINCT sequence.oid::regclass::text FROM pg_attrdef AS value
    JOIN pg_depend AS use ON use.classid = 'pg_attrdef'::regclass AND use.objid = value.oid
    JOIN pg_class AS sequence ON use.refclassid = 'pg_class'::regclass AND use.refobjid = sequence.oid
    WHERE sequence.relkind = 'S' AND value.adrelid = to_regclass(quote_ident(:table))
""")


@dataclass(frozen=True, slots=True)
class FunctionsRole:
    """The database role that the functions connect as."""

    name: str
    by_iam: bool
    """With tokens of IAM, not with a password, which somebody has to give the role."""
    only_reads: bool = False
    writes_follow_ups: bool = False
    """It is the role of the function that changes follow-ups and saved views, and nothing else."""
    answers_callers: bool = False
    """It is the role of the function that answers what Vapi waits for, and nothing else."""
    erases: bool = False
    """It is the role of the function that erases calls."""

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
        """How its sessions begin."""
        if self.answers_callers:
            return ANSWER_TIME_OUTS | PLANNING | ONE_PLAN
        if self.only_reads:
            return TIME_OUTS | PLANNING | READ_ONLY
        return TIME_OUTS | PLANNING | ({} if self.writes_follow_ups or self.erases else ONE_PLAN)


def grant(connection: Connection, role: FunctionsRole) -> None:
    """Make the role if there is none, and its privileges exactly those above; whoever runs this owns the tables."""
    if role.name == connection.scalar(text("SELECT current_user")):
        return  # an owner has its privileges by being the owner
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
    """Limit the waits of the functions' roles, and say how their statements are planned.

    Without one, the role that runs this is theirs, and only its waits are limited: it plans migrations, too.
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
    # Roles are the whole server's: another stack's migration may make it at this moment.
    beaten = "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL"
    connection.execute(text(f"DO $$ BEGIN CREATE ROLE {name} LOGIN; {beaten}; END $$"))


def _let_in_by_iam(connection: Connection, role: FunctionsRole, name: str) -> None:
    """RDS takes tokens, and from then on no password, of members of this role of its own."""
    if role.by_iam and _exists(connection, "rds_iam"):
        connection.execute(text(f"GRANT rds_iam TO {name}"))


def _let_into_the_schema(connection: Connection, role: FunctionsRole, name: str) -> None:
    """Everybody may by default; where that was taken back, this needs an owner's privileges."""
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
