import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from autopulse.errors import Miss, Refused
from autopulse.vapi.signature import Acceptance, Delivery, Hmac, Part, verify
from autopulse.vapi.webhook_credentials import read_credentials

SECRET = "an-invented-secret"
BODY = b'{"message": {"type": "hang"}}'
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=timezone.utc)
SECONDS = str(int(NOW.timestamp()))
MILLISECONDS = f"{SECONDS}000"


def sign(payload: bytes = BODY, secret: str | bytes = SECRET, algorithm: str = "sha256") -> str:
    key = secret.encode() if isinstance(secret, str) else secret
    return hmac.new(key, payload, algorithm).hexdigest()


def sign_base64(payload: bytes = BODY, algorithm: str = "sha256") -> str:
    return base64.b64encode(bytes.fromhex(sign(payload, algorithm=algorithm))).decode()


def check(
    entries: dict[str, Any] | list[dict[str, Any]],
    headers: dict[str, str | Sequence[str]],
    body: bytes = BODY,
    method: str = "POST",
) -> Acceptance:
    listed = entries if isinstance(entries, list) else [entries]
    credentials = read_credentials(json.dumps({"secret": SECRET, "credentials": listed}))
    assert credentials.unusable == ()
    lines = {name.lower(): (value,) if isinstance(value, str) else tuple(value) for name, value in headers.items()}
    return verify(credentials.usable, Delivery(lines, body, method), NOW)


def refused(reason: str) -> pytest.RaisesExc[Refused]:
    return pytest.RaisesExc(Refused, check=lambda refusal: refusal.reason == reason)


SHARED = {"kind": "shared-secret"}
BEARER = {"kind": "bearer"}
HMAC = {"kind": "hmac"}
TIMED = {"kind": "hmac", "header": "x-signature", "timestamp_header": "x-timestamp"}
SVIX = {
    "kind": "hmac",
    "header": "webhook-signature",
    "encoding": "base64",
    "prefix": "v1,",
    "timestamp_header": "webhook-timestamp",
    "message_id_header": "webhook-id",
    "payload_format": "{svix-id}.{timestamp}.{body}",
}


def timed(timestamp: str, **more: str) -> dict[str, str | Sequence[str]]:
    return {"x-timestamp": timestamp, "x-signature": sign(f"{timestamp}.".encode() + BODY), **more}


def svix(message_id: str = "msg_1", timestamp: str = SECONDS) -> dict[str, str | Sequence[str]]:
    signature = f"v1,{sign_base64(f'{message_id}.{timestamp}.'.encode() + BODY)}"
    return {"webhook-id": message_id, "webhook-timestamp": timestamp, "webhook-signature": signature}


ACCEPTED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "shared secret": (SHARED, {"X-Vapi-Secret": SECRET}),
    "shared secret in another header": (SHARED | {"header": "X-Hook-Key"}, {"x-hook-key": SECRET}),
    "one of two shared secrets": (SHARED, {"X-Vapi-Secret": ["other", SECRET]}),
    "bearer": (BEARER, {"Authorization": f"Bearer {SECRET}"}),
    "bearer in lower case": (BEARER, {"authorization": f"bearer {SECRET}"}),
    "bearer without prefix": (BEARER | {"prefix": ""}, {"Authorization": SECRET}),
    "bearer in another header": (BEARER | {"header": "X-Vapi-Secret", "prefix": ""}, {"x-vapi-secret": SECRET}),
    "bearer with another prefix": (BEARER | {"prefix": "Token "}, {"Authorization": f"Token {SECRET}"}),
    "hmac": (HMAC, {"X-Vapi-Signature": sign()}),
    "hmac with the default prefix": (HMAC, {"X-Vapi-Signature": f"sha256={sign()}"}),
    "hmac in capitals": (HMAC, {"X-Vapi-Signature": sign().upper()}),
    "hmac with its own prefix": (HMAC | {"prefix": "sig:"}, {"X-Vapi-Signature": f"sig:{sign()}"}),
    "hmac without its own prefix": (HMAC | {"prefix": "sig:"}, {"X-Vapi-Signature": sign()}),
    "hmac without any prefix": (HMAC | {"prefix": ""}, {"X-Vapi-Signature": sign()}),
    "hmac sha512": (HMAC | {"algorithm": "sha512"}, {"X-Vapi-Signature": sign(algorithm="sha512")}),
    "hmac sha512 prefix": (HMAC | {"algorithm": "sha512"}, {"X-Vapi-Signature": f"sha512={sign(algorithm='sha512')}"}),
    "hmac sha1": (HMAC | {"algorithm": "sha1"}, {"X-Vapi-Signature": sign(algorithm="sha1")}),
    "hmac base64": (HMAC | {"encoding": "base64"}, {"X-Vapi-Signature": sign_base64()}),
    "hmac base64 without padding": (HMAC | {"encoding": "base64"}, {"X-Vapi-Signature": sign_base64().rstrip("=")}),
    "hmac list": (HMAC, {"X-Vapi-Signature": f"{'0' * 64} {sign()}"}),
    "hmac list with commas": (HMAC, {"X-Vapi-Signature": f"sha256={'0' * 64}, sha256={sign()}"}),
    "hmac twice": (HMAC, {"X-Vapi-Signature": ["0" * 64, sign()]}),
    "hmac beside rubbish": (HMAC, {"X-Vapi-Signature": f"v2,??? {sign()}"}),
    "hmac with a base64 secret": (
        HMAC | {"secret": base64.b64encode(b"key").decode(), "secret_is_base64": True},
        {"X-Vapi-Signature": sign(secret=b"key")},
    ),
    "hmac of method and url": (
        HMAC | {"payload_format": "{method}|{url}|{body}", "url": "https://hooks.example.com/é"},
        {"X-Vapi-Signature": sign("POST|https://hooks.example.com/é|".encode() + BODY)},
    ),
    "seconds": (TIMED, timed(SECONDS)),
    "seconds with a fraction": (TIMED, timed(f"{SECONDS}.250")),
    "milliseconds": (TIMED, timed(MILLISECONDS)),
    "ISO 8601": (TIMED, timed("2026-11-22T12:00:00.000Z")),
    "just in time": (TIMED, timed(str(int(SECONDS) - 300))),
    "a clock ahead": (TIMED, timed(str(int(SECONDS) + 300))),
    "more tolerance": (TIMED | {"tolerance_seconds": 3600}, timed(str(int(SECONDS) - 3000))),
    "the same timestamp twice": (TIMED, timed(SECONDS) | {"x-timestamp": [SECONDS]}),
    "svix": (SVIX, svix()),
}


@pytest.mark.parametrize(("entry", "headers"), ACCEPTED.values(), ids=ACCEPTED)
def test_accepts(entry: dict[str, Any], headers: dict[str, str | Sequence[str]]) -> None:
    assert check(entry, headers).credential == 0


REFUSED: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "no header": ("missing", SHARED, {}),
    "empty secret header": ("missing", SHARED, {"X-Vapi-Secret": ""}),
    "blank secret header": ("missing", SHARED, {"X-Vapi-Secret": " \t"}),
    "wrong secret": ("mismatch", SHARED, {"X-Vapi-Secret": "other"}),
    "start of the secret": ("mismatch", SHARED, {"X-Vapi-Secret": SECRET[:-1]}),
    "secret in capitals": ("mismatch", SHARED, {"X-Vapi-Secret": SECRET.upper()}),
    "secret that is not ASCII": ("mismatch", SHARED, {"X-Vapi-Secret": "gehéim"}),
    "secret with a lone surrogate": ("mismatch", SHARED, {"X-Vapi-Secret": "\udcff"}),
    "secret in the wrong header": ("missing", SHARED, {"X-Secret": SECRET}),
    "no bearer": ("missing", BEARER, {}),
    "empty bearer": ("missing", BEARER, {"Authorization": ""}),
    "bearer prefix only": ("malformed", BEARER, {"Authorization": "Bearer"}),
    "bearer without a token": ("mismatch", BEARER, {"Authorization": "Bearer  "}),
    "bearer without its prefix": ("malformed", BEARER, {"Authorization": SECRET}),
    "basic instead of bearer": ("malformed", BEARER, {"Authorization": f"Basic {SECRET}"}),
    "wrong bearer": ("mismatch", BEARER, {"Authorization": "Bearer other"}),
    "no signature": ("missing", HMAC, {}),
    "empty signature": ("missing", HMAC, {"X-Vapi-Signature": ""}),
    "signature prefix only": ("malformed", HMAC, {"X-Vapi-Signature": "sha256="}),
    "plain secret as the signature": ("malformed", HMAC, {"X-Vapi-Signature": SECRET}),
    "signature that is not hex": ("malformed", HMAC, {"X-Vapi-Signature": "z" * 64}),
    "signature that is not ASCII": ("malformed", HMAC, {"X-Vapi-Signature": "é" * 64}),
    "signature with Arabic digits": ("malformed", HMAC, {"X-Vapi-Signature": "\u0661" * 64}),
    "half a signature": ("malformed", HMAC, {"X-Vapi-Signature": sign()[:32]}),
    "signature and more": ("malformed", HMAC, {"X-Vapi-Signature": f"{sign()}00"}),
    "forged signature": ("mismatch", HMAC, {"X-Vapi-Signature": "0" * 64}),
    "signature with another key": ("mismatch", HMAC, {"X-Vapi-Signature": sign(secret="other")}),
    "signature with no key": ("mismatch", HMAC, {"X-Vapi-Signature": sign(secret="")}),
    "signature of another body": ("mismatch", HMAC, {"X-Vapi-Signature": sign(b"{}")}),
    "signature by another algorithm": ("malformed", HMAC, {"X-Vapi-Signature": sign(algorithm="sha1")}),
    "prefix of another algorithm": ("malformed", HMAC, {"X-Vapi-Signature": f"sha512={sign()}"}),
    "bare digest": ("mismatch", HMAC, {"X-Vapi-Signature": hashlib.sha256(BODY).hexdigest()}),
    "base64 where hex is due": ("malformed", HMAC, {"X-Vapi-Signature": sign_base64()}),
    "hex where base64 is due": ("malformed", HMAC | {"encoding": "base64"}, {"X-Vapi-Signature": sign()}),
    "rubbish where base64 is due": ("malformed", HMAC | {"encoding": "base64"}, {"X-Vapi-Signature": "é!=="}),
    "no timestamp": ("missing", TIMED, {"x-signature": sign(f"{SECONDS}.".encode() + BODY)}),
    "empty timestamp": ("missing", TIMED, timed(SECONDS, **{"x-timestamp": ""})),
    "timestamp of words": ("malformed", TIMED, timed("yesterday")),
    "timestamp beyond time": ("malformed", TIMED, timed("9" * 20)),
    "timestamp of 5,000 digits": ("malformed", TIMED, timed("9" * 5000)),
    "timestamp in Arabic digits": ("malformed", TIMED, timed("\u0661\u0667\u0665\u0662")),
    "timestamp with a lone surrogate": ("malformed", TIMED, timed(SECONDS) | {"x-timestamp": "\ud800"}),
    "infinite timestamp": ("malformed", TIMED, timed("inf")),
    "two timestamps": ("malformed", TIMED, timed(SECONDS) | {"x-timestamp": [SECONDS, "1"]}),
    "old": ("stale", TIMED, timed(str(int(SECONDS) - 301))),
    "old by milliseconds": ("stale", TIMED, timed(str(int(MILLISECONDS) - 300_001))),
    "from the future": ("stale", TIMED, timed(str(int(SECONDS) + 301))),
    "timestamp zero": ("stale", TIMED, timed("0")),
    "old and forged": ("mismatch", TIMED, {"x-timestamp": "1", "x-signature": "0" * 64}),
    "old, made young": ("mismatch", TIMED, timed("1", **{"x-timestamp": SECONDS})),
    "body signed without the timestamp": ("mismatch", TIMED, {"x-timestamp": SECONDS, "x-signature": sign()}),
    "no message id": ("missing", SVIX, svix() | {"webhook-id": ""}),
    "another message id": ("mismatch", SVIX, svix() | {"webhook-id": "msg_2"}),
    "two message ids": ("malformed", SVIX, svix() | {"webhook-id": ["msg_1", "msg_2"]}),
    "message id that is not ASCII": ("mismatch", SVIX, svix() | {"webhook-id": "é\ud800"}),
}


@pytest.mark.parametrize(("reason", "entry", "headers"), REFUSED.values(), ids=REFUSED)
def test_refuses(reason: str, entry: dict[str, Any], headers: dict[str, str | Sequence[str]]) -> None:
    with refused(reason):
        check(entry, headers)


def test_the_method_is_the_request_s() -> None:
    entry = HMAC | {"payload_format": "{method}{body}"}
    headers: dict[str, str | Sequence[str]] = {"X-Vapi-Signature": sign(b"POST" + BODY)}
    assert check(entry, headers).credential == 0
    with refused("mismatch"):
        check(entry, headers, method="PUT")


def test_a_braced_body_is_not_a_format() -> None:
    body = b"{timestamp}{body}\xff"
    assert check(HMAC, {"X-Vapi-Signature": sign(body)}, body).credential == 0


def test_a_signature_list_as_svix_sends_it() -> None:
    headers = svix()
    headers["webhook-signature"] = f"v1,{sign_base64(b'other')} v1a,{'A' * 86}== {headers['webhook-signature']}"
    assert check(SVIX, headers) == Acceptance(0, "msg_1")


@pytest.mark.parametrize("placeholder", ["{svix-id}", "{message-id}"])
def test_a_signed_message_id_is_returned(placeholder: str) -> None:
    entry = SVIX | {"payload_format": f"{placeholder}.{{timestamp}}.{{body}}"}
    assert check(entry, svix("msg_77")) == Acceptance(0, "msg_77")


def test_an_unsigned_message_id_is_not_believed() -> None:
    """No entry of the secret can ask for one; the credential does not rely on that."""
    credential = Hmac(
        SECRET.encode(), "x-vapi-signature", "sha256", "hex", "sha256=", "{body}", message_id_header="x-message-id"
    )
    delivery = Delivery({"x-vapi-signature": [sign()], "x-message-id": ["msg_1"]}, BODY)
    assert verify([credential], delivery, NOW) == Acceptance(0, None)


@pytest.mark.parametrize("entry", [{"timestamp_header": "x-timestamp"}, {"message_id_header": "x-id"}])
def test_a_captured_signature_with_a_header_of_the_attackers_is_refused(entry: dict[str, str]) -> None:
    """A time or an id beside what was signed is the attacker's to write, so no such entry is usable at all."""
    document = {"secret": SECRET, "credentials": [{"kind": "hmac", "payload_format": "{body}", **entry}]}
    assert read_credentials(json.dumps(document)).usable == ()


def test_rotation_accepts_the_old_and_the_new() -> None:
    entries = [HMAC | {"secret": "new"}, HMAC | {"secret": "old"}]
    assert check(entries, {"X-Vapi-Signature": sign(secret="new")}).credential == 0
    assert check(entries, {"X-Vapi-Signature": sign(secret="old")}).credential == 1


def test_several_kinds_accept_each_their_own() -> None:
    entries = [SHARED, BEARER, HMAC]
    assert check(entries, {"X-Vapi-Secret": SECRET}).credential == 0
    assert check(entries, {"Authorization": f"Bearer {SECRET}"}).credential == 1
    assert check(entries, {"X-Vapi-Signature": sign()}).credential == 2


def test_a_wrong_secret_beside_a_right_signature_is_accepted() -> None:
    assert check([SHARED, HMAC], {"X-Vapi-Secret": "other", "X-Vapi-Signature": sign()}).credential == 1


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "missing"),
        ({"X-Vapi-Signature": "zz"}, "malformed"),
        ({"X-Vapi-Signature": "zz", "X-Vapi-Secret": "other"}, "mismatch"),
        (timed("1") | {"X-Vapi-Secret": "other"}, "stale"),
    ],
)
def test_the_nearest_miss_is_told(headers: dict[str, str | Sequence[str]], reason: str) -> None:
    with refused(reason):
        check([SHARED, HMAC, TIMED], headers)


def test_without_credentials_nothing_is_accepted() -> None:
    with refused("missing"):
        verify([], Delivery({"x-vapi-secret": ("",)}, b""), NOW)


def test_staleness_counts_to_the_fraction() -> None:
    headers = timed(SECONDS)
    credentials = read_credentials(json.dumps({"secret": SECRET, "credentials": [TIMED]}))
    delivery = Delivery({name: (str(value),) for name, value in headers.items()}, BODY)
    late = NOW + timedelta(seconds=300, microseconds=1)
    with refused("stale"):
        verify(credentials.usable, delivery, late)


WRONG = "0" * 64
PARTS: dict[str, tuple[str, str, dict[str, Any], dict[str, Any]]] = {
    "no header": ("header-missing", "x-vapi-secret", SHARED, {}),
    "empty header": ("header-empty", "x-vapi-secret", SHARED, {"X-Vapi-Secret": " "}),
    "other secret": ("secret-mismatch", "x-vapi-secret", SHARED, {"X-Vapi-Secret": "other"}),
    "no bearer prefix": ("prefix-missing", "authorization", BEARER, {"Authorization": SECRET}),
    "no signature": ("header-missing", "x-vapi-signature", HMAC, {}),
    "the secret in place of a signature": ("secret-sent", "x-vapi-signature", HMAC, {"X-Vapi-Signature": SECRET}),
    "base64 for hex": ("wrong-encoding", "x-vapi-signature", HMAC, {"X-Vapi-Signature": sign_base64()}),
    "hex for base64": (
        "wrong-encoding",
        "x-vapi-signature",
        HMAC | {"encoding": "base64"},
        {"X-Vapi-Signature": f"sha256={sign()}"},
    ),
    "sha1": ("wrong-algorithm", "x-vapi-signature", HMAC, {"X-Vapi-Signature": sign(algorithm="sha1")}),
    "prefix of another": ("wrong-prefix", "x-vapi-signature", HMAC, {"X-Vapi-Signature": f"sha512={sign()}"}),
    "rubbish": ("signature-unreadable", "x-vapi-signature", HMAC, {"X-Vapi-Signature": "\u00e9??"}),
    "forged": ("signature-mismatch", "x-vapi-signature", HMAC, {"X-Vapi-Signature": WRONG}),
    "another body": ("signature-mismatch", "x-vapi-signature", HMAC, {"X-Vapi-Signature": sign(b"{}")}),
    "a time was signed too": ("other-text-signed", "x-signature", HMAC | {"header": "x-signature"}, timed(SECONDS)),
    "no time was signed": ("other-text-signed", "x-signature", TIMED, {"x-timestamp": SECONDS, "x-signature": sign()}),
    "no time": ("header-missing", "x-timestamp", TIMED, {"x-signature": sign()}),
    "two times": ("header-repeated", "x-timestamp", TIMED, timed(SECONDS) | {"x-timestamp": [SECONDS, "1"]}),
    "a time of words": ("timestamp-unreadable", "x-timestamp", TIMED, timed("yesterday")),
    "no message id": ("header-empty", "webhook-id", SVIX, svix() | {"webhook-id": ""}),
}


def misses(entries: dict[str, Any] | list[dict[str, Any]], headers: dict[str, str | Sequence[str]]) -> tuple[Miss, ...]:
    with pytest.raises(Refused) as refusal:
        check(entries, headers)
    return refusal.value.misses


@pytest.mark.parametrize(("part", "header", "entry", "headers"), PARTS.values(), ids=PARTS)
def test_a_refusal_says_which_part_did_not_match(
    part: str, header: str, entry: dict[str, Any], headers: dict[str, str | Sequence[str]]
) -> None:
    assert misses(entry, headers) == (Miss(part, header),)


@pytest.mark.parametrize("seconds", [812, -301])
def test_a_stale_refusal_says_by_how_much_its_time_is_off(seconds: int) -> None:
    assert misses(TIMED, timed(str(int(SECONDS) - seconds))) == (Miss("stale", "x-signature", seconds),)


def test_a_forged_time_is_not_told() -> None:
    """Only a time that was signed says anything about the sender's clock."""
    assert misses(TIMED, {"x-timestamp": "1", "x-signature": WRONG}) == (Miss("signature-mismatch", "x-signature"),)


def test_each_credential_has_its_miss_and_the_nearest_is_first() -> None:
    told = misses([SHARED, TIMED, BEARER], {"X-Vapi-Secret": "other", **timed("1")})
    assert [(miss.credential, str(miss.part.value)) for miss in told if isinstance(miss.part, Part)] == [
        (1, "stale"),
        (0, "secret-mismatch"),
        (2, "header-missing"),
    ]


def test_the_right_secret_over_another_text_is_nearer_than_a_wrong_one() -> None:
    told = misses([SHARED, TIMED], {"X-Vapi-Secret": "other", "x-timestamp": SECONDS, "x-signature": sign()})
    assert [miss.credential for miss in told] == [1, 0]


@pytest.mark.parametrize(("entry", "headers"), [one[1:] for one in REFUSED.values()], ids=REFUSED)
def test_a_miss_has_nothing_of_the_secret_or_the_request(
    entry: dict[str, Any], headers: dict[str, str | Sequence[str]]
) -> None:
    told = json.dumps(misses(entry, headers))
    sent = [value for values in headers.values() for value in ([values] if isinstance(values, str) else values)]
    assert SECRET not in told
    assert not any(len(value) > 8 and value in told for value in sent)


def test_an_accepted_request_costs_no_more_digests_than_its_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    digests: list[bytes] = []
    digest = hmac.digest

    def count(key: bytes, text: bytes, algorithm: str) -> bytes:
        digests.append(text)
        return digest(key, text, algorithm)

    monkeypatch.setattr(hmac, "digest", count)
    assert check([HMAC | {"secret": "new"}, HMAC], {"X-Vapi-Signature": sign()}).credential == 1
    assert digests == [BODY, BODY]
