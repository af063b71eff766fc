"""Tell a stand-in that runs as a process which calls there are, and read what it was asked for."""

import http.client
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from local.stack_paths import LocalStackError

_AT_ONCE: Final = 50
"""Records of one request."""


class Control:
    """The control endpoints of one stand-in."""

    def __init__(self, url: str, key: str) -> None:
        """Nothing is asked yet."""
        self._url = url
        self._key = key

    def put_calls(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Let it know calls, as they are in the end."""
        for first in range(0, len(records), _AT_ONCE):
            self._ask("PUT", "calls", records[first : first + _AT_ONCE])

    def hold(self, vapi_call_id: str, state: str | None) -> None:
        """Keep a call in a state; None lets time pass again."""
        self._ask("PATCH", f"calls/{vapi_call_id}", {"state": state})

    def order_faults(self, *faults: Mapping[str, Any]) -> None:
        """Let it answer the next requests as each of these says."""
        self._ask("POST", "faults", faults)

    def clear_faults(self) -> None:
        """Let it answer as Vapi does."""
        self._ask("DELETE", "faults")

    def requests(self) -> dict[str, list[dict[str, Any]]]:
        """What the API and the storage were asked for."""
        return dict(self._ask("GET", "requests"))

    def clear_requests(self) -> None:
        """Let it remember what it is asked for from now on."""
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
