"""The invented console at a server, with a WebSocket, so that its files come from the browser's cache.

The browser has no cache for pages whose requests are intercepted: each of the fifty files of a page is loaded and
compiled again, which takes most of a test's time.
"""

import base64
import json
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection
from websockets.sync.server import serve as serve_sockets

from tests.browser.invented import LIVE_PORT, RELEASE_FOLDER, InventedApi, Reply, Request, file_reply, reply_to

FOR_EVER: Final = "public, max-age=31536000, immutable"


class InventedSite(ThreadingHTTPServer):
    """The console's files, and an API for each token."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.apis: dict[str, InventedApi] = {}
        """`jti` of the token -> the API that answers."""
        self.one_at_a_time = threading.Lock()
        self._live = serve_sockets(self._listen, "127.0.0.1", 0)
        threading.Thread(target=self._live.serve_forever, daemon=True).start()

    @property
    def flag(self) -> str:
        """The browser's flag that brings requests to http://localhost/ and the WebSocket here."""
        live = self._live.socket.getsockname()[1]
        rules = f"MAP localhost:80 127.0.0.1:{self.server_port}, MAP localhost:{LIVE_PORT} 127.0.0.1:{live}"
        return f"--host-resolver-rules={rules}"

    def server_close(self) -> None:
        """Close the WebSockets, too."""
        self._live.shutdown()
        super().server_close()

    def add(self, api: InventedApi) -> str:
        """Return the `jti` of the tokens to which this API answers from now on, which is also its ticket."""
        api.ticket = f"token-{len(self.apis)}"
        self.apis[api.ticket] = api
        return api.ticket

    def _listen(self, socket: ServerConnection) -> None:
        """Answer a page's WebSocket, and keep it for events of the test."""
        request = socket.request
        ticket = parse_qs(urlsplit(request.path).query)["ticket"][0] if request else ""
        api = self.apis[ticket]
        api.sockets.append(socket)
        with suppress(ConnectionClosed):
            for text in socket:
                message = json.loads(text)
                if message["action"] == "subscribe" and api.speaks:
                    socket.send(json.dumps({"type": "subscribed", "topic": message["topic"]}))
                else:
                    socket.send(json.dumps({"type": "pong"}))
        api.sockets.remove(socket)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer is one packet; with two, the second would be delayed by 40 ms
    server: InventedSite

    def log_message(self, *_: Any) -> None:  # noqa: ANN401 - as the base class has it
        """Print nothing."""

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        request = Request(self.command, self.path, self.headers.get("If-Match"), body)
        reply = self._reply_to(request)
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.media_type)
        self.send_header("Content-Length", str(len(reply.body)))
        self.send_header("Cache-Control", FOR_EVER if f"/{RELEASE_FOLDER}" in self.path else "no-store")
        self.end_headers()
        self.wfile.write(reply.body)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _answer  # noqa: N815 - names that the base class looks for

    def _reply_to(self, request: Request) -> Reply:
        if not request.url.startswith("/api/v1/"):
            return file_reply(request.url.partition("?")[0].removeprefix("/api/"))
        api = self.server.apis.get(_token_id(self.headers.get("Authorization", "")))
        if api is None:
            return _refusal(401, "No page was opened with this token.")
        with self.server.one_at_a_time:
            return reply_to(request, api)


def _refusal(status: int, message: str) -> Reply:
    return Reply(status, json.dumps({"error": {"code": "refused", "message": message, "field": None}}).encode())


def _token_id(authorization: str) -> str:
    parts = authorization.removeprefix("Bearer ").split(".")
    if len(parts) != 3:
        return ""
    claims = parts[1] + "=" * (-len(parts[1]) % 4)
    return str(json.loads(base64.urlsafe_b64decode(claims))["jti"])
