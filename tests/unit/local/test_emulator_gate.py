"""Whom the emulator answers: this machine's programs and its own pages, under this machine's names."""

import asyncio
from collections.abc import MutableMapping
from typing import Any, Final

import pytest

from local.emulator_start import behind_gate, refusal

HERE: Final = "localhost:4566"
CONSOLE: Final = "/_aws/execute-api/abc123/api/console/"
LINK: Final = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
"""What a browser says when a person follows a link of another site."""


def _headers(**given: str) -> list[tuple[bytes, bytes]]:
    return [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items()]


def _refusal(path: str = "/", method: str = "POST", kind: str = "http", **given: str) -> str | None:
    return refusal(kind, method, path, _headers(**({"host": HERE} | given)))


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", HERE, "LOCALHOST:4566", "127.0.0.1:4566", "host.docker.internal:4566", "a.b.localhost:4566"),
        "abc123.execute-api.localhost:4566",
    ],
)
def test_a_program_that_names_this_machine_is_answered(host: str) -> None:
    assert _refusal(host=host) is None


@pytest.mark.parametrize(
    "host",
    [
        *("", "rebind.example.com", "rebind.example.com:4566", "localhost.example.com", "notlocalhost", "localhost."),
        *("127.0.0.1.example.com", "127.0.0.2", "192.0.2.1:4566", "0.0.0.0:4566", "[::1]:4566", "2130706433"),
        *("localhost:4566@example.com", "localhost, example.com", "localhost:4566:80", "localhost\x00", "local host"),
        *(".localhost.", "example.com#.localhost", "localhost:", "localhost:999999"),
    ],
)
def test_another_name_is_refused(host: str) -> None:
    assert "names of this machine" in str(_refusal(host=host))


def test_no_name_and_two_names_are_refused() -> None:
    assert refusal("http", "GET", "/", []) is not None
    assert refusal("http", "GET", "/", [*_headers(host=HERE), *_headers(host="rebind.example.com")]) is not None
    assert refusal("http", "GET", "/", [*_headers(host=HERE), *_headers(host=HERE)]) is not None


@pytest.mark.parametrize("origin", [f"http://{HERE}", "http://127.0.0.1:4566", "http://abc.execute-api.localhost:4566"])
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_a_page_of_the_emulators_own_is_answered(kind: str, origin: str) -> None:
    assert _refusal(kind=kind, origin=origin, sec_fetch_site="same-origin") is None
    assert _refusal(kind=kind, origin=origin) is None


@pytest.mark.parametrize(
    "origin",
    [
        *("null", "", "https://example.com", "http://example.com:4566", "http://localhost:8000", "http://localhost"),
        *(f"https://{HERE}", f"HTTP://{HERE}", f"http://{HERE}/", f"http://{HERE}, http://example.com", "file://"),
        *("http://localhost:4566@example.com", "http://localhost.example.com:4566", HERE, "chrome-extension://abc"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "GET", "OPTIONS", "PUT", "DELETE", "HEAD"])
def test_a_page_of_another_origin_is_refused(method: str, origin: str) -> None:
    assert "another origin" in str(_refusal(method=method, origin=origin, sec_fetch_site="cross-site"))
    assert "another origin" in str(_refusal(method=method, origin=origin)), "browsers that say no more than that"
    assert "another origin" in str(_refusal(CONSOLE, method, origin=origin, **_given(LINK)))


def test_two_origins_are_none() -> None:
    headers = [*_headers(host=HERE, origin=f"http://{HERE}"), *_headers(origin="https://example.com")]
    assert refusal("http", "POST", "/", headers) is not None


def _given(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("-", "_"): value for name, value in headers.items()}


@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "anything"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_another_site_asks_for_without_an_origin_is_refused(method: str, site: str) -> None:
    """As images, frames and scripts are."""
    assert _refusal("/?Action=PurgeQueue", method, sec_fetch_site=site) is not None
    assert _refusal(CONSOLE, method, sec_fetch_site=site, sec_fetch_mode="no-cors", sec_fetch_dest="image") is not None
    assert (
        _refusal(CONSOLE, method, sec_fetch_site=site, sec_fetch_mode="navigate", sec_fetch_dest="iframe") is not None
    )


@pytest.mark.parametrize("path", [CONSOLE, "/api/console/"])
def test_a_link_leads_to_the_console(path: str) -> None:
    assert _refusal(path, "GET", **_given(LINK)) is None
    assert _refusal(path, "POST", **_given(LINK)) is not None
    assert _refusal(path, "GET", "websocket", **_given(LINK)) is not None


@pytest.mark.parametrize("path", ["/", "/console/x/y.js", "/bucket/console/page", "/_aws/execute-api/abc/api/v1/calls"])
def test_a_link_leads_nowhere_else(path: str) -> None:
    assert _refusal(path, "GET", **_given(LINK)) is not None


def _ask(scope: dict[str, Any], answer: MutableMapping[str, Any]) -> tuple[list[str], list[MutableMapping[str, Any]]]:
    """(what the application saw, what was sent)."""
    seen: list[str] = []
    sent: list[MutableMapping[str, Any]] = []

    async def application(scope: MutableMapping[str, Any], _: object, send: Any) -> None:  # noqa: ANN401 - ASGI's
        seen.append(scope["type"])
        await send(answer)

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def ask() -> None:
        await behind_gate(application)(scope, receive, send)

    asyncio.run(ask())
    return seen, sent


def test_no_answer_invites_another_origin() -> None:
    headers = [(b"Access-Control-Allow-Origin", b"*"), (b"content-type", b"text/plain")]
    start = {"type": "http.response.start", "status": 200, "headers": headers}
    scope = {"type": "http", "method": "GET", "path": "/", "headers": _headers(host=HERE)}
    _, (sent,) = _ask(scope, start)
    assert sent == {**start, "headers": [(b"content-type", b"text/plain")]}


def test_what_is_refused_does_not_reach_the_emulator() -> None:
    headers = _headers(host=HERE, origin="https://example.com")
    seen, sent = _ask({"type": "http", "method": "OPTIONS", "path": "/", "headers": headers}, {})
    assert (seen, sent[0]["status"]) == ([], 403)
    assert not [name for name, _ in sent[0]["headers"] if name.startswith(b"access-control")]
    assert b"another origin" in sent[1]["body"]


def test_a_refused_socket_is_closed_before_it_opens() -> None:
    seen, sent = _ask({"type": "websocket", "path": "/", "headers": _headers(host="rebind.example.com")}, {})
    assert (seen, sent) == ([], [{"type": "websocket.close", "code": 1008}])


def test_the_emulators_own_start_is_let_through() -> None:
    assert _ask({"type": "lifespan"}, {"type": "lifespan.startup.complete"})[0] == ["lifespan"]
