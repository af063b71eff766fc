"""Every answer that is not what was asked for, in one shape: `{"error": {"code", "message", "field"?}}`."""

from typing import Any, Final

from autopulse.errors import AutoPulseError

CODES: Final = {
    400: "bad_request",
    401: "unauthorized",
    404: "not_found",
    405: "method_not_allowed",
    410: "gone",
    500: "internal_error",
    503: "unavailable",
}
MESSAGES: Final = {
    401: "Sign in: the request carries no valid token.",
    404: "No such path.",
    405: "This path is only read: use GET.",
    500: "Something went wrong here.",
    503: "The database does not answer at the moment; try again.",
}


class Problem(AutoPulseError):
    """The reader's request cannot be answered; the text is for the reader."""

    def __init__(self, status: int, message: str, *, code: str = "", field: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.reason = code or CODES[status]
        self.field = field

    def to_body(self) -> dict[str, Any]:
        """The response's JSON."""
        return error_body(self.reason, self.detail, self.field)


def error_body(code: str, message: str, field: str | None = None) -> dict[str, Any]:
    """The one shape; `field` names the parameter that is wrong, if one is."""
    error = {"code": code, "message": message}
    return {"error": error if field is None else {**error, "field": field}}
