"""The invented console at a server, so that its files come from the browser's cache.

The browser has no cache for pages whose requests are intercepted: each of the fifty files of a page is loaded and
compiled again, which takes most of a test's time.
"""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from tests.browser.invented import RELEASE_FOLDER, InventedApi, Reply, Request, file_reply, is_write, reply_to

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

    @property
    def flag(self) -> str:
        """The browser's flag that brings requests to http://localhost/ here."""
        return f"--host-resolver-rules=MAP localhost:80 127.0.0.1:{self.server_port}"

    def add(self, api: InventedApi) -> str:
        """Return the `jti` of the tokens to which this API answers from now on."""
        token_id = f"token-{len(self.apis)}"
        self.apis[token_id] = api
        return token_id


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
        # The page's WebSocket, through which the API tells of a change, can only be used by the test's own thread.
        if is_write(request):
            return _refusal(501, "Open this page with routed=True.")
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
