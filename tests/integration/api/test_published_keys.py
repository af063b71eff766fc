"""Keys that an issuer publishes: over real HTTP, on the loopback."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from autopulse.auth import keys
from autopulse.auth.keys import PublishedKeys
from autopulse.auth.services import Services
from autopulse.errors import TokenRefused, Transient
from autopulse.settings import AuthSettings
from local import ports
from local.serving import serving
from tests.harness import start_anew
from tests.unit.auth.tokens import KEY_SET


class Issuer:
    """Serves documents by path, and counts how often each was asked for."""

    def __init__(self) -> None:
        self.documents: dict[str, Any] = {}
        self.asked: list[str] = []
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked.append(self.path)
                document = issuer.documents.get(self.path)
                self.send_response(404 if document is None else 200)
                self.end_headers()
                self.wfile.write(document if isinstance(document, bytes) else json.dumps(document).encode())

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    issuer.documents["/keys"] = KEY_SET
    with serving(issuer.server):
        yield issuer


@pytest.fixture
def settings(issuer: Issuer) -> AuthSettings:
    return AuthSettings(issuer.url, "x", "", "", "y")


def test_keys_are_read_once(issuer: Issuer) -> None:
    published = PublishedKeys(f"{issuer.url}/keys")
    assert [published.find(kid).key_id for kid in ("rsa", "ec", "rsa")] == ["rsa", "ec", "rsa"]
    assert issuer.asked == ["/keys"]


def test_unknown_keys_make_it_read_again_at_a_bounded_rate(issuer: Issuer) -> None:
    published = PublishedKeys(f"{issuer.url}/keys")
    for kid in ("a", "b", "c", "d"):
        with pytest.raises(TokenRefused) as caught:
            published.find(kid)
        assert caught.value.reason == "unknown-key"
    assert len(issuer.asked) == 1, "the cooldown begins with the first reading"


def test_a_new_key_is_found_after_the_cooldown(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "COOLDOWN_SECONDS", 0)
    old = {"keys": KEY_SET["keys"][1:]}
    issuer.documents["/keys"] = old
    published = PublishedKeys(f"{issuer.url}/keys")
    with pytest.raises(TokenRefused):
        published.find("rsa")
    issuer.documents["/keys"] = KEY_SET
    assert published.find("rsa").key_id == "rsa"


def test_an_issuer_that_fails_later_does_not_take_its_keys_along(issuer: Issuer) -> None:
    published = PublishedKeys(f"{issuer.url}/keys")
    published.find("rsa")
    del issuer.documents["/keys"]
    assert published.find("rsa").key_id == "rsa"


@pytest.mark.parametrize("document", [None, b"", b"not json", [], {}, {"keys": []}, {"keys": [{"kty": "other"}]}])
def test_a_response_that_is_no_key_set_is_transient(issuer: Issuer, document: object) -> None:
    issuer.documents["/keys"] = document
    with pytest.raises(Transient) as caught:
        PublishedKeys(f"{issuer.url}/keys").find("rsa")
    assert caught.value.reason == "keys-unavailable"


def test_an_issuer_that_does_not_answer_is_transient() -> None:
    with pytest.raises(Transient):
        PublishedKeys(f"http://127.0.0.1:{ports.find_any()}/keys").find("rsa")


def test_the_url_is_found_in_the_issuers_own_description(issuer: Issuer, settings: AuthSettings) -> None:
    issuer.documents["/.well-known/openid-configuration"] = {
        "issuer": issuer.url,
        "jwks_uri": f"{issuer.url}/keys",
    }
    services = start_anew(Services(), settings=settings)
    assert services.keys.find("rsa").key_id == "rsa"
    assert services.keys.find("ec").key_id == "ec"
    assert issuer.asked == ["/.well-known/openid-configuration", "/keys"]


@pytest.mark.parametrize(
    "description",
    [
        None,
        {},
        {"jwks_uri": "http://127.0.0.1/keys"},
        {"issuer": "https://other.example.com", "jwks_uri": "http://127.0.0.1/keys"},
        {"issuer": "OWN"},
        {"issuer": "OWN", "jwks_uri": "file:///etc/passwd"},
        {"issuer": "OWN", "jwks_uri": "http://issuer.example.com/keys"},
    ],
)
def test_a_description_that_is_not_the_issuers_own_is_not_followed(
    issuer: Issuer, settings: AuthSettings, description: dict[str, str] | None
) -> None:
    if description and description.get("issuer") == "OWN":
        description = description | {"issuer": issuer.url}
    issuer.documents["/.well-known/openid-configuration"] = description
    with pytest.raises(Transient):
        keys.keys_of(settings)
