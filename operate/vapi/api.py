"""A client of Vapi's REST API, as far as webhooks need it. Vapi's SDK takes 20 s to import, too long for four routes.

Changes are shallow: an object that is sent replaces the stored one as a whole. The client waits for rate limits (429)
and retries transient errors, except where a retry could create something twice.
"""

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import urllib3
from urllib3.util import Retry, Timeout

from operate.dead_letter import printable_line
from operate.target import OperationFailed

API_URL: Final = "https://api.vapi.ai"
PAGE: Final = 100
"""Items of one page."""
TRIES: Final = 4
BACKOFF_SECONDS: Final = 1
"""Seconds before the first retry, doubled with each, unless Vapi sends Retry-After."""
_PASSING: Final = (429, 500, 502, 503, 504)
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})

_HEADER_WORD: Final = re.compile(r"[\x21-\x7e]+")

Resource = dict[str, Any]
"""An assistant, phone number, organization or credential, as Vapi returns it."""


class VapiRefused(OperationFailed):
    """Vapi answered with an error; the text has Vapi's message and what to do."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class VapiApi:
    """The API, called with one organization's private key."""

    def __init__(self, key: str, url: str = API_URL) -> None:
        """Raise OperationFailed if the key is missing, or would be sent unencrypted."""
        if not key.strip():
            raise OperationFailed("say VAPI_API_KEY=…: the organization's private key (dashboard.vapi.ai, API Keys)")
        if not _HEADER_WORD.fullmatch(key.strip()):
            raise OperationFailed("VAPI_API_KEY has a character that no header carries; copy it again")
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in LOOPBACK:
            raise OperationFailed("VAPI_API_URL must be https: the key is sent to it")
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {key.strip()}", "User-Agent": "autopulse-calls"}
        self._pool = urllib3.PoolManager(timeout=Timeout(connect=10, read=30))

    def read(self, path: str, **query: str | int) -> Any:  # noqa: ANN401 - any JSON
        """Send a GET request."""
        return self._ask("GET", f"{path}?{urlencode(query)}" if query else path)

    def read_all(self, path: str) -> list[Resource]:
        """Return every item of a list without a cursor: pages go backwards by the time of creation, newest first."""
        found: dict[str, Resource] = {}
        until: dict[str, str] = {}
        while True:
            page = self.read(path, limit=PAGE, **until)
            new = {item["id"]: item for item in page if item["id"] not in found}
            found |= new
            if len(page) < PAGE or not new:
                return list(found.values())
            until = {"createdAtLe": min(item["createdAt"] for item in page)}

    def create(self, path: str, body: Mapping[str, Any]) -> Resource:
        """Send a POST request; it is retried only after a rate limit or if no connection was made."""
        return dict(self._ask("POST", path, body))

    def change(self, path: str, body: Mapping[str, Any]) -> Resource:
        """Send a PATCH request."""
        return dict(self._ask("PATCH", path, body))

    def delete(self, path: str) -> None:
        """Send a DELETE request."""
        self._ask("DELETE", path)

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - any JSON
        try:
            answer = self._pool.request(
                method, f"{self._url}{path}", headers=self._headers, json=body, retries=_retries(method)
            )
        except urllib3.exceptions.HTTPError as error:
            raise OperationFailed(
                f"Vapi's API does not answer ({method} {path}): {printable_line(str(error))}"
            ) from error
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise VapiRefused(answer.status, _complaint(method, path, answer.status, _message(answer.data)))
        return _read(answer.data, f"{method} {path}")


def _retries(method: str) -> Retry:
    """Return the retry policy. A POST without an answer may have created something, so it is not repeated."""
    makes = method == "POST"
    return Retry(
        total=TRIES - 1,
        read=0 if makes else None,
        other=0,
        redirect=0,
        status_forcelist=_PASSING[:1] if makes else _PASSING,
        allowed_methods=None,
        backoff_factor=BACKOFF_SECONDS,
        raise_on_status=False,
    )


def _read(data: bytes, request: str) -> Any:  # noqa: ANN401 - any JSON
    try:
        return json.loads(data or b"null")
    except ValueError:
        raise OperationFailed(f"Vapi's API answered {request} with something that is not JSON") from None


def _message(data: bytes) -> str:
    """Return Vapi's error message: a text, or the list of texts for an invalid request."""
    try:
        message = json.loads(data)["message"]
    except (ValueError, KeyError, TypeError):
        return "no reason given"
    return printable_line("; ".join(map(str, message)) if isinstance(message, list) else str(message))


def _complaint(method: str, path: str, status: int, message: str) -> str:
    advice = {
        HTTPStatus.UNAUTHORIZED: "VAPI_API_KEY is not accepted; it has to be the organization's private key",
        HTTPStatus.FORBIDDEN: "the key may not do this",
        HTTPStatus.NOT_FOUND: "there is no such thing in the organization of this key; check the id",
        HTTPStatus.TOO_MANY_REQUESTS: "too many requests; wait a minute and run it again",
    }
    said = f"Vapi refuses {method} {path} with {status}: {message}"
    hint = advice.get(HTTPStatus(status)) if status in set(HTTPStatus) else None
    return f"{said}\n{hint}" if hint else said
