"""A client of the stand-in's control endpoints: store calls, inject faults, read the received requests."""

import http.client
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from local.stack_paths import LocalStackError

_AT_ONCE: Final = 50
"""Number of records in one request."""


class Control:
    """The control endpoints of one stand-in."""

    def __init__(self, url: str, key: str) -> None:
        """Keep the address; no request is sent yet."""
        self._url = url
        self._key = key

    def put_calls(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Store calls in their final form."""
        for first in range(0, len(records), _AT_ONCE):
            self._ask("PUT", "calls", records[first : first + _AT_ONCE])

    def hold(self, vapi_call_id: str, state: str | None) -> None:
        """Keep a call in a state; None returns to the real time."""
        self._ask("PATCH", f"calls/{vapi_call_id}", {"state": state})

    def order_faults(self, *faults: Mapping[str, Any]) -> None:
        """Answer the next requests with these faults."""
        self._ask("POST", "faults", faults)

    def clear_faults(self) -> None:
        """Answer as Vapi does again."""
        self._ask("DELETE", "faults")

    def requests(self) -> dict[str, list[dict[str, Any]]]:
        """Return the requests to the API and to the storage."""
        return dict(self._ask("GET", "requests"))

    def clear_requests(self) -> None:
        """Forget the requests so far."""
        self._ask("DELETE", "requests")

    def _ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - any JSON
        parts = urlsplit(self._url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, f"/_stand-in/{path}", content, {"Authorization": f"Bearer {self._key}"})
            response = connection.getresponse()
            answer = json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise LocalStackError(
                f"the stand-in for Vapi's API does not answer ({error}); make up starts it"
            ) from error
        finally:
            connection.close()
        if response.status != http.client.OK:
            raise LocalStackError(f"the stand-in for Vapi's API answered {response.status}: {answer}")
        return answer
