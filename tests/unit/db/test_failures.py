"""Check whose fault a failure is, told by SQLSTATE and type alone."""

import pg8000.exceptions
import pytest
from sqlalchemy.exc import DatabaseError, InterfaceError, NoResultFound, PendingRollbackError

from autopulse.db.engine import sqlstate
from autopulse.db.failures import Fault, diagnose
from autopulse.errors import DataRejected, Transient

TRANSIENT_STATES = [
    *("08006", "0A000", "25006", "25P02", "25P03", "26000", "28P01", "40001", "40P01", "42703", "42P01"),
    *("53300", "55P03", "57014", "57P01", "57P02", "57P03", "58030", "XX000"),
]
SECRET = "+12025550115"


def _refused(state: str) -> DatabaseError:
    original = pg8000.exceptions.DatabaseError({"C": state, "M": f"Key (number)=({SECRET})", "D": SECRET})
    return DatabaseError("INSERT …", {"number": SECRET}, original)


@pytest.mark.parametrize("state", ["21000", "22003", "22P02", "22021", "23502", "23503", "23505", "23514", "54000"])
def test_the_data_is_at_fault(state: str) -> None:
    fault, error = diagnose(_refused(state))
    assert fault is Fault.DATA
    assert isinstance(error, DataRejected)
    assert (error.reason, error.detail) == ("DataRejected", f"SQLSTATE {state}")


@pytest.mark.parametrize("state", TRANSIENT_STATES)
def test_a_sqlstate_of_no_data_error_is_transient(state: str) -> None:
    fault, error = diagnose(_refused(state))
    assert fault is Fault.TRANSIENT
    assert isinstance(error, Transient)
    assert (error.reason, error.detail) == ("database", f"SQLSTATE {state}")


@pytest.mark.parametrize(
    "error",
    [
        InterfaceError("SELECT 1", {}, pg8000.exceptions.InterfaceError("network error")),
        pg8000.exceptions.InterfaceError("network error"),
        TimeoutError("timed out"),
        ConnectionRefusedError(),
        OSError("no route to host"),
        PendingRollbackError("invalid transaction"),
        NoResultFound("no row"),
    ],
)
def test_a_database_error_without_a_sqlstate_is_transient(error: Exception) -> None:
    fault, ours = diagnose(error)
    assert (fault, ours.reason) == (Fault.TRANSIENT, "database")


def test_a_transient_error_of_ours_keeps_its_reason() -> None:
    error = Transient("database-secret-unavailable")
    assert diagnose(error) == (Fault.TRANSIENT, error)


@pytest.mark.parametrize("error", [KeyError(SECRET), ZeroDivisionError(), AssertionError(SECRET), ValueError(SECRET)])
def test_any_other_error_was_not_foreseen(error: Exception) -> None:
    fault, ours = diagnose(error)
    assert (fault, ours.reason, ours.detail) == (Fault.UNEXPECTED, "unexpected", type(error).__name__)


@pytest.mark.parametrize("error", [_refused("23505"), _refused("40001"), KeyError(SECRET)])
def test_no_value_gets_into_the_error_of_ours(error: Exception) -> None:
    ours = diagnose(error)[1]
    assert SECRET not in f"{ours} {ours.detail} {ours.reason}"


@pytest.mark.parametrize("error", [None, KeyError(), KeyError("C"), OSError(2, "x"), Exception({"M": "no code"})])
def test_not_every_error_has_a_sqlstate(error: Exception | None) -> None:
    assert sqlstate(error) is None
