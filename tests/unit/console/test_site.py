"""Check what the console answers, without a gateway before it."""

import base64
import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autopulse import settings
from autopulse.console import site
from autopulse.console.assets import read_pages
from functions.console.app import PAGES, handler

Answer = dict[str, Any]


@pytest.fixture(autouse=True)
def _console_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("WEBSOCKET_URL", "wss://live.example.com/live")
    monkeypatch.setenv("OIDC_ISSUER", "https://issuer.example.com/pool")
    monkeypatch.setenv("OIDC_CLIENT_ID", "console")
    monkeypatch.setenv("OIDC_AUDIENCE", "console")
    monkeypatch.setenv("OIDC_SCOPES", "openid email")
    monkeypatch.setenv("OIDC_ORIGINS", "https://sign-in.example.com https://issuer.example.com")
    monkeypatch.setenv("RECORDING_HOSTS", "recordings.example.com *.storage.example.com")
    _forget()
    yield
    _forget()


def _forget() -> None:
    settings.console_settings.cache_clear()
    settings.recording_hosts.cache_clear()


def ask(below: str | None, method: str = "GET", **headers: str) -> Answer:
    """The answer for what is below `console/`; None for `console` itself, without its slash."""
    event = {
        "httpMethod": method,
        "path": "/console" if below is None else f"/console/{below}",
        "pathParameters": {"path": below} if below else None,
        "headers": {name.replace("_", "-").title(): value for name, value in headers.items()},
    }
    return handler(event, None)


def released(name: str) -> str:
    return f"{read_pages(PAGES).release}/{name}"


def test_the_index_leads_to_files_of_this_release() -> None:
    answer = ask("")
    assert answer["statusCode"] == 200
    assert answer["headers"]["content-type"] == "text/html; charset=utf-8"
    linked = re.findall(r'(?:src|href)="([^"#]+)"', answer["body"])
    assert len(linked) > 5
    assert {ask(link)["statusCode"] for link in linked} == {200}


def test_the_index_has_another_name_too() -> None:
    assert ask("index.html")["body"] == ask("")["body"]


def test_without_its_slash_relative_links_would_lead_elsewhere() -> None:
    answer = ask(None)
    assert (answer["statusCode"], answer["headers"]["location"]) == (308, "console/")


@pytest.mark.parametrize("prefix", ["/base/path/console/", "/console/"])
def test_any_prefix_may_lead_to_it(prefix: str) -> None:
    assert handler({"httpMethod": "GET", "path": prefix, "pathParameters": None}, None)["statusCode"] == 200


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("main.js", "text/javascript; charset=utf-8"),
        ("frame.css", "text/css; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ],
)
def test_files_have_their_types_and_are_kept(name: str, media_type: str) -> None:
    answer = ask(released(name))
    assert answer["headers"]["content-type"] == media_type
    assert answer["headers"]["cache-control"] == "public, max-age=31536000, immutable"
    assert answer["body"] == (PAGES / name).read_text()


@pytest.mark.parametrize("below", ["", "config.json"])
def test_what_says_which_release_it_is_is_always_asked_for_anew(below: str) -> None:
    assert ask(below)["headers"]["cache-control"] == "private, no-cache"


@pytest.mark.parametrize(
    "below",
    [
        "main.js",
        "0123456789abcdef/main.js",
        "../app.py",
        "{release}/../../app.py",
        "{release}/..%2f..%2fapp.py",
        "{release}//etc/passwd",
        "/etc/passwd",
        "{release}/index.html",
        "{release}/",
        "{release}",
        "{release}/\x00",
    ],
)
def test_everything_else_is_not_there(below: str) -> None:
    answer = ask(below.replace("{release}", read_pages(PAGES).release))
    assert answer["statusCode"] == 404
    assert json.loads(answer["body"]) == {"error": {"code": "not_found", "message": "No such path."}}
    assert answer["headers"]["content-type"] == "application/json"
    assert answer["headers"]["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "accepted", ["gzip", "gzip, deflate, br", "br;q=1.0, GZIP;q=0.5", "*", "identity;q=0, *;q=0.1"]
)
def test_who_reads_gzip_gets_it(accepted: str) -> None:
    answer = ask(released("main.js"), accept_encoding=accepted)
    assert answer["headers"]["content-encoding"] == "gzip"
    assert answer["isBase64Encoded"] is True
    assert gzip.decompress(base64.b64decode(answer["body"])) == (PAGES / "main.js").read_bytes()


@pytest.mark.parametrize("accepted", ["", "identity", "br", "gzip;q=0", "gzip; q=0.0, br", "*;q=0", "gzip;q=0, *"])
def test_who_does_not_gets_it_plain(accepted: str) -> None:
    answer = ask(released("main.js"), accept_encoding=accepted)
    assert "content-encoding" not in answer["headers"]
    assert answer["isBase64Encoded"] is False
    assert answer["body"] == (PAGES / "main.js").read_text()


def test_every_answer_varies_by_what_is_accepted_and_both_have_tags_of_their_own() -> None:
    plain, compressed = ask(""), ask("", accept_encoding="gzip")
    assert plain["headers"]["vary"] == compressed["headers"]["vary"] == "accept-encoding"
    assert plain["headers"]["etag"] != compressed["headers"]["etag"]
    assert re.fullmatch(r'"[0-9a-f]{32}(-gzip)?"', compressed["headers"]["etag"])


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
@pytest.mark.parametrize("accepted", ["", "gzip"])
def test_what_the_browser_has_is_not_sent_again(form: str, accepted: str) -> None:
    tag = ask("", accept_encoding=accepted)["headers"]["etag"]
    answer = ask("", accept_encoding=accepted, if_none_match=form.format(tag))
    assert (answer["statusCode"], answer["body"]) == (304, "")
    assert answer["headers"]["etag"] == tag
    assert answer["headers"]["cache-control"] == "private, no-cache"
    assert "content-security-policy" in answer["headers"]


@pytest.mark.parametrize("known", ['"other"', "", "garbage", '"'])
def test_what_it_has_not_is_sent(known: str) -> None:
    assert ask("", if_none_match=known)["statusCode"] == 200


@pytest.mark.parametrize("below", ["", "config.json", "nowhere", None])
def test_head_is_get_without_the_body(below: str | None) -> None:
    head, get = ask(below, "HEAD", accept_encoding="gzip"), ask(below, accept_encoding="gzip")
    assert head == get | {"body": "", "isBase64Encoded": False}


def test_the_configuration_is_what_the_page_needs_and_no_more() -> None:
    assert json.loads(ask("config.json")["body"]) == {
        "api_url": "../v1",
        "websocket_url": "wss://live.example.com/live",
        "issuer": "https://issuer.example.com/pool",
        "client_id": "console",
        "scopes": "openid email",
        "audience": "console",
        "origins": ["wss://live.example.com", "https://issuer.example.com", "https://sign-in.example.com"],
        "stack": "autopulse-test",
        "takes_token": False,
    }


@pytest.mark.parametrize(("given", "takes"), [("true", True), ("false", False), ("", False), ("True", False)])
def test_a_token_in_the_address_is_the_local_stacks_way_in(
    monkeypatch: pytest.MonkeyPatch, given: str, *, takes: bool
) -> None:
    monkeypatch.setenv("TAKES_TOKEN", given)
    settings.console_settings.cache_clear()
    assert json.loads(ask("config.json")["body"])["takes_token"] is takes


@pytest.mark.parametrize("below", ["", "config.json", "nowhere", None])
def test_no_answer_is_shown_in_a_frame(below: str | None) -> None:
    assert ask(below)["headers"]["x-frame-options"] == "DENY"


def test_the_socket_of_an_emulator_is_a_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBSOCKET_URL", "http://localhost:4566/_aws/execute-api/a/live")
    settings.console_settings.cache_clear()
    assert json.loads(ask("config.json")["body"])["websocket_url"] == "ws://localhost:4566/_aws/execute-api/a/live"


def policy() -> dict[str, str]:
    parts = ask("")["headers"]["content-security-policy"].split("; ")
    return dict(part.partition(" ")[::2] for part in parts)


def test_the_page_may_do_what_it_is_made_for_and_nothing_else() -> None:
    assert policy() == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self'",
        "connect-src": "'self' wss://live.example.com https://issuer.example.com https://sign-in.example.com",
        "media-src": "https://recordings.example.com https://*.storage.example.com",
        "form-action": "'none'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }


def test_without_an_issuer_it_connects_to_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OIDC_ISSUER", "")
    settings.console_settings.cache_clear()
    assert policy()["connect-src"] == "'self' wss://live.example.com"


def test_without_hosts_of_recordings_it_plays_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECORDING_HOSTS", "")
    _forget()
    assert policy()["media-src"] == "'none'"


def test_copies_of_recordings_are_played_from_the_stack_s_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = "https://a-bucket.s3.eu-central-1.amazonaws.com"
    for url, hosts in ((bucket, bucket), ("http://localhost:4566/a-bucket", "http://localhost:4566")):
        monkeypatch.setenv("RECORDING_BUCKET_URL", url)
        _forget()
        assert policy()["media-src"] == f"{hosts} https://recordings.example.com https://*.storage.example.com"
    monkeypatch.setenv("RECORDING_HOSTS", "")
    _forget()
    assert policy()["media-src"] == "http://localhost:4566"


def test_what_is_no_host_of_recordings_cannot_widen_the_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECORDING_HOSTS", "a.example.com;script-src https:")
    _forget()
    with pytest.raises(settings.SettingInvalid):
        policy()


@pytest.mark.parametrize(
    "issuer",
    [
        "https://a.example.com; script-src *",
        "https://a.example.com, x",
        "https://a' 'unsafe-inline/",
        "data:x",
        "https://",
    ],
)
def test_no_setting_can_widen_the_policy(issuer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OIDC_ISSUER", issuer)
    settings.console_settings.cache_clear()
    with pytest.raises(ValueError, match="no URL"):
        policy()


@pytest.mark.parametrize("below", ["", "config.json", "nowhere", None])
def test_every_answer_is_guarded(below: str | None) -> None:
    headers = ask(below)["headers"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert "strict-transport-security" not in headers


def test_who_came_by_tls_is_told_to_stay_with_it() -> None:
    assert ask("", x_forwarded_proto="https")["headers"]["strict-transport-security"] == "max-age=31536000"
    assert "strict-transport-security" not in ask("", x_forwarded_proto="http")["headers"]


def test_another_file_is_another_release(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<script src='{release}/a.js'></script>")
    (tmp_path / "a.js").write_text("1")
    first = read_pages(tmp_path)
    read_pages.cache_clear()
    (tmp_path / "a.js").write_text("2")
    second = read_pages(tmp_path)
    read_pages.cache_clear()
    assert first.release != second.release
    assert first.release.encode() in first.index.content


def test_a_file_of_an_unknown_type_does_not_ship(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("")
    (tmp_path / "notes.md").write_text("")
    with pytest.raises(KeyError):
        site.handle({"httpMethod": "GET", "path": "/console/"}, tmp_path)
