"""The Makefile's targets for who looks after a stack hand on what a person gives."""

import shlex
import subprocess

import pytest

from tests.contract.stack import ROOT


def _command(target: str, **variables: str) -> list[str]:
    """Return what make would run, without running it."""
    given = [f"{name}={value}" for name, value in variables.items()]
    done = subprocess.run(  # noqa: S603 - the project's own Makefile
        ["make", "--dry-run", target, *given],  # noqa: S607 - as above
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.replace("\\\n", " ").splitlines()
    (line,) = [line for line in lines if "-m operate" in line]
    return shlex.split(line)[3:]


@pytest.mark.parametrize(
    ("target", "variables", "arguments"),
    [
        ("deploy", {"ENV": "staging", "GRADUAL": "false"}, "--environment staging deploy --gradual false"),
        ("deploy", {"ENV": "staging", "GRADUAL": "", "YES": "1"}, "--environment staging --yes deploy"),
        ("restore", {"ENV": "staging"}, "--environment staging restore"),
        (
            "restore",
            {"ENV": "production", "TIME": "2026-11-29T03:20:00Z", "YES": "1"},
            "--environment production --yes restore --time 2026-11-29T03:20:00Z",
        ),
        ("redrive", {}, "--environment local redrive"),
        ("redrive", {"ENV": "staging", "KIND": "hang"}, "--environment staging redrive --kind hang"),
        (
            "redrive",
            {"KIND": "hang", "YES": "1", "ONLY": "UnknownCall", "LIMIT": "7"},
            "--environment local --yes redrive --kind hang --only UnknownCall --limit 7",
        ),
        ("drift", {}, "--environment local drift"),
        ("drift", {"ENV": "staging", "SINCE": "12h"}, "--environment staging drift --since 12h"),
        ("refusals", {}, "--environment local refusals"),
        ("refusals", {"SINCE": "2026-11-30"}, "--environment local refusals --since 2026-11-30"),
        ("verify", {}, "--environment local verify"),
        ("verify", {"ENV": "staging", "SINCE": "12h"}, "--environment staging verify --since 12h"),
        ("reconcile", {}, "--environment local reconcile"),
        (
            "reconcile",
            {"ENV": "staging", "SINCE": "36h", "YES": "1"},
            "--environment staging --yes reconcile --since 36h",
        ),
        ("reconcile", {"CALL": "15", "DRY_RUN": "1"}, "--environment local reconcile --call 15 --dry-run"),
        ("reconcile", {"VAPI_CALL": "v1"}, "--environment local reconcile --vapi-call v1"),
        ("unlink", {"CALL": "15"}, "--environment local unlink --call 15"),
        ("suppress", {"PHONE": "+1202", "REASON": "mail"}, "--environment local suppress --phone +1202 --reason mail"),
        (
            "unsuppress",
            {"PHONE": "+1202", "ORGANIZATION": "o1", "ENV": "staging"},
            "--environment staging unsuppress --phone +1202 --organization o1",
        ),
        (
            "unlink",
            {"CALL": "15", "VAPI_CALL": "v1", "ENV": "staging", "YES": "1"},
            "--environment staging --yes unlink --call 15 --vapi-call v1",
        ),
        ("vapi-configure", {"ASSISTANT": "a1"}, "--environment local vapi-configure --assistant a1"),
        (
            "vapi-configure",
            {"ENV": "staging", "PHONE_NUMBER": "p1", "PROTECT_MONITOR": "1", "STATIC_IP": "1", "YES": "1"},
            "--environment staging --yes vapi-configure --phone-number p1 --protect-monitor --static-ip",
        ),
        ("vapi-doctor", {"ORGANIZATION": "1"}, "--environment local vapi-doctor --organization"),
        ("rotate-webhook-secret", {}, "--environment local rotate-webhook-secret"),
        (
            "rotate-webhook-secret",
            {"FINISH": "1", "FORCE": "1"},
            "--environment local rotate-webhook-secret --finish --force",
        ),
        (
            "database-check",
            {"DATABASE_URL": "postgresql://user:secret@host/name"},
            "--environment local database-check",
        ),
        ("database-check", {"DATABASE_CA": "own.pem"}, "--environment local database-check --database-ca own.pem"),
    ],
)
def test_a_make_target_passes_its_variables_on(target: str, variables: dict[str, str], arguments: str) -> None:
    assert _command(target, **variables) == ["operate", *arguments.split()]


def test_a_databases_address_reaches_the_command_as_it_was_given() -> None:
    url = "postgresql://user:pa$word%23#@db.example.com:5432/name"
    done = subprocess.run(  # noqa: S603 - the project's own Makefile
        [
            *("make", "--silent", "--old-file=.venv/.installed", "database-check"),
            *(f"DATABASE_URL={url}", "OPERATE=printenv DATABASE_URL; :"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == url + "\n"
