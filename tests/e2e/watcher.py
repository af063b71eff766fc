"""A Python client that does what a page's WebSocket does: get a ticket, connect, subscribe, receive call events."""

import http.client
import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from local.issuer import Issuer
from tests.deployed import DeployedStack

PATIENCE_SECONDS: Final = 60
"""Seconds to wait for the first message; each function's first invocation takes seconds here."""


def buy_ticket(deployed: DeployedStack, token: str | None) -> tuple[int, dict[str, Any]]:
    """Return status and body of `POST /v1/live/tickets`."""
    url = urlsplit(deployed.stack["api_url"])
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=PATIENCE_SECONDS)
    connection.request("POST", f"{url.path}/v1/live/tickets", headers=headers)
    answer = connection.getresponse()
    status, body = answer.status, answer.read()
    connection.close()
    return status, dict(json.loads(body))


class Watcher:
    """One open WebSocket."""

    def __init__(self, client: ClientConnection) -> None:
        self._client = client

    def ask(self, **message: object) -> dict[str, Any]:
        """Send a message and return its answer; raises an error if a call event comes first."""
        self._client.send(json.dumps(message))
        return self.hear()

    def hear(self, seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
        """Return the next message; raises TimeoutError if there is none."""
        return dict(json.loads(self._client.recv(seconds)))

    def hear_about(self, call_id: int, event: str) -> dict[str, Any]:
        """Return the next event of this type of this call; others are skipped."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            message = self.hear(deadline - time.monotonic())
            if (message.get("call_id"), message.get("event")) == (call_id, event):
                return message
        raise TimeoutError(event)

    def drop(self) -> None:
        """Drop the connection without a closing handshake."""
        self._client.socket.shutdown(socket.SHUT_RDWR)

    def is_closed(self, seconds: float = PATIENCE_SECONDS) -> bool:
        """Return whether the server closes it within some time."""
        try:
            self.hear(seconds)
        except ConnectionClosed:
            return True
        return False


@contextmanager
def watching(deployed: DeployedStack, organization_id: str, seconds: int = 3600, **topic: object) -> Iterator[Watcher]:
    """Return a subscribed watcher of one organization, with a token that is valid for `seconds`."""
    status, ticket = buy_ticket(deployed, Issuer(deployed.paths).mint(organization_id, seconds))
    assert status == http.client.CREATED, ticket
    with connect(
        f"{deployed.stack['websocket_url']}?ticket={ticket['ticket']}", open_timeout=PATIENCE_SECONDS
    ) as client:
        watcher = Watcher(client)
        subscription = topic or {"topic": "calls"}
        assert watcher.ask(action="subscribe", **subscription) == {"type": "subscribed", **subscription}
        yield watcher
