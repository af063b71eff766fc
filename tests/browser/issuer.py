"""A stand-in for an OIDC issuer, on loopback: discovery, sign-in page, tokens by PKCE and refresh, keys, sign-out.

It signs with the local stack's key, so the deployed authorizer accepts its tokens once it is configured with this
issuer. A test sets the faults that it needs.
"""

import base64
import hashlib
import html
import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from local.issuer import Issuer
from local.serving import serving
from local.simulator.application_rows import ORGANIZATION_ID

CLIENT_ID: Final = "console-of-the-tests"
NAME: Final = "Robin Sample"
SUBJECT: Final = "robin"
_SESSION: Final = "session=robin"

Parameters = dict[str, str]


class Refused(Exception):
    """The request is invalid; the text is an OAuth error code."""


@dataclass
class Behaviour:
    """The issuer's configurable behaviour, and the requests that it received."""

    lifetimes: list[int] = field(default_factory=list)
    """Lifetimes of the next tokens in seconds; then an hour."""
    gives_refresh_tokens: bool = True
    refuses_refresh: bool = False
    cannot_refresh: bool = False
    """Whether a refresh is answered 503."""
    claims: dict[str, Any] = field(default_factory=dict)
    """Claims that replace the usual ones in the next ID tokens."""
    spoils_signatures: bool = False
    description: dict[str, Any] = field(default_factory=dict)
    """Fields that replace the usual ones in the discovery document."""
    authorizations: list[Parameters] = field(default_factory=list)
    grants: list[Parameters] = field(default_factory=list)
    """Requests for tokens that were granted."""
    revoked: list[str] = field(default_factory=list)
    exits: list[Parameters] = field(default_factory=list)


class StandInIssuer:
    """The issuer's logic; the server below answers with it."""

    def __init__(self, keys: Issuer, redirect_uri: str) -> None:
        """Register one client, with one redirect URL."""
        self.url = ""
        self.behaviour = Behaviour()
        self._keys = keys
        self._redirect_uri = redirect_uri
        self._codes: dict[str, Parameters] = {}
        self._refresh_tokens: set[str] = set()

    @property
    def environment(self) -> dict[str, str]:
        """Return the functions' environment variables for this issuer."""
        told = {"OIDC_ISSUER": self.url, "OIDC_AUDIENCE": CLIENT_ID, "OIDC_CLIENT_ID": CLIENT_ID}
        return told | {"OIDC_JWKS": "", "OIDC_JWKS_URL": "", "OIDC_SCOPES": "openid profile", "OIDC_ORIGINS": ""}

    def describe(self) -> dict[str, Any]:
        usual = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "revocation_endpoint": f"{self.url}/revoke",
            "end_session_endpoint": f"{self.url}/logout",
            "jwks_uri": f"{self.url}/keys",
        }
        return usual | self.behaviour.description

    def keys(self) -> str:
        return self._keys.jwks

    def check(self, asked: Parameters) -> None:
        """Refuse a request that must not be answered by a redirect, or that this client may not send."""
        wanted = {"response_type": "code", "client_id": CLIENT_ID, "redirect_uri": self._redirect_uri}
        wanted |= {"code_challenge_method": "S256", "scope": "openid profile"}
        if any(asked.get(name) != value for name, value in wanted.items()):
            raise Refused("invalid_request")
        if not all(len(asked.get(name, "")) >= 43 for name in ("state", "nonce", "code_challenge")):
            raise Refused("invalid_request")
        self.behaviour.authorizations.append(asked)

    def agree(self, asked: Parameters) -> str:
        """Return the redirect for a reader who agreed."""
        code = secrets.token_urlsafe()
        self._codes[code] = asked
        return f"{self._redirect_uri}?{urlencode({'code': code, 'state': asked['state'], 'iss': self.url})}"

    def decline(self, asked: Parameters) -> str:
        """Return the redirect for a reader who declined."""
        answer = {"error": "access_denied", "error_description": "<b>not</b> today", "state": asked["state"]}
        return f"{self._redirect_uri}?{urlencode(answer)}"

    def grant(self, asked: Parameters) -> dict[str, Any]:
        """Return tokens; raises Refused."""
        if asked.get("client_id") != CLIENT_ID:
            raise Refused("invalid_client")
        nonce = None
        if asked.get("grant_type") == "authorization_code":
            nonce = self._redeem(asked)
        else:
            self._use_up(asked.get("refresh_token", ""))
        self.behaviour.grants.append(asked)
        refresh = {"refresh_token": self._new_refresh_token()} if self.behaviour.gives_refresh_tokens else {}
        return {"token_type": "Bearer", "access_token": "opaque", "id_token": self._id_token(nonce), **refresh}

    def revoke(self, asked: Parameters) -> None:
        self._refresh_tokens.discard(asked["token"])
        self.behaviour.revoked.append(asked["token"])

    def _redeem(self, asked: Parameters) -> str:
        begun = self._codes.pop(asked.get("code", ""), None)
        digest = hashlib.sha256(asked.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if begun is None or asked.get("redirect_uri") != begun["redirect_uri"] or challenge != begun["code_challenge"]:
            raise Refused("invalid_grant")
        return begun["nonce"]

    def _use_up(self, token: str) -> None:
        if self.behaviour.refuses_refresh or token not in self._refresh_tokens:
            raise Refused("invalid_grant")
        self._refresh_tokens.remove(token)  # a refresh token is valid once

    def _new_refresh_token(self) -> str:
        token = secrets.token_urlsafe()
        self._refresh_tokens.add(token)
        return token

    def _id_token(self, nonce: str | None) -> str:
        lifetimes = self.behaviour.lifetimes
        seconds = lifetimes.pop(0) if lifetimes else 3600
        own = {"iss": self.url, "aud": CLIENT_ID, "sub": SUBJECT, "name": NAME, "nonce": nonce}
        token = self._keys.mint(ORGANIZATION_ID, seconds, **own | self.behaviour.claims)
        return f"{token[:-8]}AAAAAAAA" if self.behaviour.spoils_signatures else token


class _Handler(BaseHTTPRequestHandler):
    """The issuer's HTTP handler."""

    server: "_Server"

    def do_GET(self) -> None:
        path, asked = self._read(urlsplit(self.path).query)
        if path == "/.well-known/openid-configuration":
            self._say(200, self.issuer.describe())
        elif path == "/keys":
            self._say(200, json.loads(self.issuer.keys()))
        elif path == "/authorize":
            self._ask_the_reader(asked)
        elif path == "/logout":
            self.issuer.behaviour.exits.append(asked)
            self._send_to(asked["post_logout_redirect_uri"], "session=; Max-Age=0")
        else:
            self._say(404, {})

    def do_POST(self) -> None:
        path, asked = self._read(self.rfile.read(int(self.headers["Content-Length"])).decode())
        if path == "/agree":
            self._send_to(self.issuer.agree(asked), _SESSION)
        elif path == "/decline":
            self._send_to(self.issuer.decline(asked))
        elif path == "/revoke":
            self.issuer.revoke(asked)
            self._say(200, {})
        else:
            self._grant(asked)

    @property
    def issuer(self) -> StandInIssuer:
        return self.server.issuer

    def _read(self, form: str) -> tuple[str, Parameters]:
        return urlsplit(self.path).path, {name: values[0] for name, values in parse_qs(form).items()}

    def _ask_the_reader(self, asked: Parameters) -> None:
        try:
            self.issuer.check(asked)
        except Refused as error:
            self._say(400, {"error": str(error)})
            return
        if "session" in SimpleCookie(self.headers.get("Cookie", "")):
            self._send_to(self.issuer.agree(asked))
            return
        hidden = "".join(f'<input type=hidden name={name} value="{html.escape(asked[name])}">' for name in asked)
        buttons = f"<button formaction=/agree>Continue as {NAME}</button><button formaction=/decline>Decline</button>"
        self._send(200, f"<!doctype html><title>Issuer</title><form method=post>{hidden}{buttons}</form>", "text/html")

    def _grant(self, asked: Parameters) -> None:
        if self.issuer.behaviour.cannot_refresh and asked.get("grant_type") == "refresh_token":
            self._say(503, {})
            return
        try:
            self._say(200, self.issuer.grant(asked))
        except Refused as error:
            self._say(400, {"error": str(error), "error_description": "The grant is not good"})

    def _say(self, status: int, content: Mapping[str, Any]) -> None:
        self._send(status, json.dumps(content), "application/json")

    def _send_to(self, url: str, cookie: str | None = None) -> None:
        self.send_response(302)
        self.send_header("Location", url)
        if cookie:
            self.send_header("Set-Cookie", cookie)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, status: int, text: str, media_type: str) -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as above
        """Suppress http.server's log."""


class _Server(ThreadingHTTPServer):
    issuer: StandInIssuer


@contextmanager
def serve(issuer: StandInIssuer) -> Iterator[StandInIssuer]:
    """Serve the issuer."""
    with serving(_Server(("127.0.0.1", 0), _Handler)) as server:
        server.issuer = issuer
        issuer.url = f"http://127.0.0.1:{server.server_port}"
        yield issuer
