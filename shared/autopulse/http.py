"""HTTP answers for API Gateway's proxy integration, and the common form of errors.

An error's body is `{"error": {"code", "message", "field"?}}`; the code follows from the status unless one is given.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

CODES: Final = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    410: "gone",
    412: "precondition_failed",
    413: "payload_too_large",
    422: "unprocessable",
    428: "precondition_required",
    500: "internal_error",
    503: "unavailable",
}
"""Status -> the code of an error."""
JSON_TYPE: Final = "application/json"

Response = dict[str, Any]


def answer(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Response:  # noqa: ANN401 - any JSON value
    """An answer with a JSON body."""
    return answer_text(status, json.dumps(body), {"content-type": JSON_TYPE, **(headers or {})})


def answer_error(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error answer in the common form."""
    return answer(status, error_body(CODES[status], message), headers)


def answer_text(status: int, body: str, headers: Mapping[str, str], *, is_base64: bool = False) -> Response:
    """An answer with a text body; with `is_base64`, API Gateway decodes it and sends the bytes."""
    return {"statusCode": status, "headers": dict(headers), "body": body, "isBase64Encoded": is_base64}


def error_body(code: str, message: str, field: str | None = None) -> dict[str, Any]:
    """The body of an error; `field` names the wrong parameter, if there is one."""
    error = {"code": code, "message": message}
    return {"error": error if field is None else {**error, "field": field}}
