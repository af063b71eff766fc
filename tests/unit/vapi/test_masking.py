"""Secrets go from every text, and nothing else does: tables of both, of invented values."""

import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest

from autopulse.vapi.field_rules import Each, EachById, Fields, UrlOr
from autopulse.vapi.masking import mask_all, mask_credentials, mask_secrets
from autopulse.vapi.redaction import KEPT, apply_allow_list
from autopulse.vapi.secret_shapes import REDACTED
from tests.unit.vapi import samples

HEX = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
MIXED = "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5bC7d"
CARDS = {
    "visa": "4111111111111111",
    "visa in groups": "4111 1111 1111 1111",
    "visa with hyphens": "4111-1111-1111-1111",
    "visa as it is said": "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
    "visa with pauses": "4111, 1111, 1111, 1111",
    "visa, another": "4012888888881881",
    "visa of 19 digits": "4000000000000000006",
    "mastercard": "5555555555554444",
    "mastercard of the second range": "2223003122003222",
    "american express": "378282246310005",
    "american express in groups": "3782 822463 10005",
    "diners": "30569309025904",
    "discover": "6011111111111117",
    "jcb": "3530111333300000",
    "unionpay": "6200000000000005",
    "visa in pairs": "40 12 88 88 88 88 18 81",
    "mastercard with full stops": "5105.1051.0510.5100",
    "diners in groups": "3056 930902 5904",
    "american express as it is said": "3 7 1 4 4 9 6 3 5 3 9 8 4 3 1",
}
SECRETS = {
    **CARDS,
    "elevenlabs": f"sk_{HEX}0a1b2c3d",
    "groq": f"gsk_{MIXED}",
    "deepgram": f"{HEX}0a1b2c3d",
    "sendgrid": f"SG.{MIXED[:22]}.{MIXED}",
    "gitlab": "glpat-aB3dE5fG7hJ9kL1mN3pQ",
    "hugging face": f"hf_{MIXED[:34]}",
    "npm": f"npm_{MIXED[:36]}",
    "google access token": f"ya29.{MIXED}",
    "google client secret": "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",
    "aws secret": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "azure storage": ("aB3/" * 22)[:86] + "==",
    "azure api key": HEX,
    "twilio token": HEX[::-1],
    "twilio account": f"AC{HEX}",
    "slack hook": "hooks.slack.com/services/T00000000/B00000000/aB3dE5fG7hJ9kL1mN3pQ5rS7",
    "slack app": "xapp-1-A0123456789-0123456789",
    "pypi": "pypi-AgEIcHlwaS5vcmcCJGFiY2RlZjAxMjM0NTY3ODk",
    "shopify": f"shpat_{HEX}",
    "mailgun": f"key-{HEX}",
    "xai": f"xai-{MIXED}",
    "authorization by a token": "Authorization: Token abcdefgh",
    "authorization by a key": "authorization: ApiKey abcdefgh==",
    "basic": "Basic b2RldHRlOmV4YW1wbGU=",
    "social security number": "219-09-9999",
    "social security number in words": "219 09 9999",
    "iban": "DE89370400440532013000",
    "iban in groups": "GB82 WEST 1234 5698 7654 32",
    "a token of letters and digits": f"{MIXED}x",
    "vault": f"hvs.{MIXED[:24]}",
    "doppler": f"dp.pt.{MIXED}",
    "databricks": f"dapi{HEX}",
    "postman": f"PMAK-{HEX[:24]}-{HEX}",
    "new relic": "NRAK-AB3DE5FG7HJ9KL1MN3PQ5RS7TU9",
    "mailchimp": f"{HEX}-us19",
    "airtable": f"patAB3dE5fG7hJ9kL.{HEX}{HEX}",
    "atlassian": f"ATATT3xFfGF0{MIXED}",
    "age": "AGE-SECRET-KEY-1QL3Z7HJY54PW3HYWW5AYYFG7ZQGVC7W3J2ELW8",
    "telegram": "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw_",
    "discord": "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs",
    "supabase": f"sbp_{HEX}01234567",
    "grafana": f"glsa_{MIXED[:32]}_0a1b2c3d",
    "planetscale": f"pscale_tkn_{MIXED}",
    "sentry": f"sntrys_{MIXED}",
    "azure openai": f"{HEX}",
    "iban of malta": "MT84 MALT 0110 0001 2345 MTLC AST0 01S",
    "iban of norway": "NO93 8601 1117 947",
}
AFTER_THEIR_NAMES = {
    "password=": "hunter2",
    "password: ": "hunter",
    "PASSWORD = ": "correct-horse",
    "my password is ": "hunter#2",
    "pwd: ": "s3cret",
    '"password": ': '"hunter two"',
    "'passphrase': ": "'correct horse battery'",
    '"api_key": ': '"abcdefgh"',
    "api key: ": "a5515ced-0000-4000-8000-000000000001",
    "x-api-key: ": "abcd1234efgh",
    "X-API-Key=": "abcdefgh",
    "client_secret=": "abcdefgh",
    "auth token: ": "abc123def456",
    "My API key is ": "abc123def456",
    "AccountKey=": "abcdefgh",
    "aws_secret_access_key = ": "abcdefgh",
    "https://api.example.com/a?access_token=": "abcdefgh",
    "https://api.example.com/a?x=1&sig=": "abc%2Fdef",
    "https://api.example.com/a?x=1&key=": "abcdefgh",
    "https://api.example.com/a?X-Amz-Signature=": "abcdefgh",
    "https://api.example.com/a?X-Amz-Security-Token=": "abcdefgh",
    "https://api.example.com/a#id_token=": "abcdefgh",
    "my PIN is ": "4821",
    "cvv: ": "737",
    "security code is ": "737",
    "SSN ": "219099999",
    "my social security number is ": "219 09 9999",
    "my social is ": "2 1 9 0 9 9 9 9 9",
    "Passwort: ": "hunter",
    "mein Passwort ist ": "hunter#2",
    "Kennwort = ": "geheim",
    "mot de passe : ": "hunter",
    "mon mot de passe est ": "hunter42",
    "contraseña: ": "hunter",
    "mi contraseña es ": "hunter42",
    "senha: ": "hunter",
    "a minha senha é ": "hunter42",
    "wachtwoord: ": "hunter",
    "lösenord: ": "hunter",
    "hasło: ": "hunter",
    "şifre: ": "hunter",
    "пароль: ": "hunter",
    "Пароль: ": "hunter",
    "密码: ": "hunter42",
    "密码是": "hunter42",
    "パスワードは": "hunter42",
    "비밀번호: ": "hunter42",
    "clave: ": "hunter42",
}
HARMLESS = [
    "Call me at +1 202 555 0101, or 202-555-0101, (202) 555-0101, 2025550101, +12025550101.",
    "Two zero two, five five five, 0 1 0 1. 2 0 2 5 5 5 0 1 0 1",
    "+49 151 12345678 and 0049 151 123 456 789, +44 20 7946 0958, +4111111111111111",
    "Order 1234567890, order number 4111-2222, invoice INV-2026-000123, ticket #20261102150012",
    "Order 4111111111111112 and tracking number 9400110200881234567890",
    "RO 100200300, claim 555-12-34567, part 11-22-3344, 000-12-3456, 219-00-9999",
    "It costs $1,299.99, 12.345,00 EUR, 1 299 euros; 100.000 miles; 45,000 km; 3.5 l",
    "VIN 1HGCM82633A004352, JH4KA7561PC008269, and plate AB12 CDE",
    "On 2026-11-02 at 15:00, 11/02/2026, 2026-11-02T15:00:12.345Z, 1762095612345, 20261102",
    "call a5515ced-0000-4000-8000-000000000001 of assistant 0193a000-0000-7000-8000-00000000000f",
    "The password is wrong. I forgot my password, and the passenger door. My password was not accepted.",
    "He kept it secret: nobody knew. A token of thanks. The key is in the ignition, the keys are: here.",
    "The secret is kindness. What is the code? In my opinion the pin is loose. Social media: 5 stars.",
    "Basic maintenance, Basic Responsibilities, basic Wheelalignment. The bearer of good news",
    "https://dealer.example.com/appointments?day=2026-11-02&advisor=12&page=2#top",
    "a risk-free desk-job; state-of-the-art; do-it-yourself; internationalization_of_everything",
    "Antidisestablishmentarianism and Donaudampfschifffahrtsgesellschaftskapitaen",
    "Ça va, l\u2019été à Zürich… \u201cquoted\u201d \u2013 20 °C, ½ price, \ufb01ne, 🚗\u200d🌈",
    "deadbeef, cafe, 0xdeadbeef, a1b2c3d4e5f6",
    "2 3 4 5 6 7 8 9 10 11 12 13, and 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16",
    "Order 4111111111111111, order number: 5555555555554444, tracking no. 6011111111111117",
    "Ticket #4012888888881881, invoice 378282246310005, reference is 30569309025904",
    "415-555-0101, 415-555-0102, 415-555-0103; 4155550101 5105550102; 4 1 5 5 5 5 0 1 0 1 4 1 5 5 5 5 0 1 9 9",
    "Tracking 9400 1102 0088 1234 5678 90, 1Z 999 AA1 01 2345 6784, 4201 0001 9400 1102 0088 1234 5678 90",
    "Odometer 41,111, 51,234 and 62,345 miles; 45 000 45 500 46 000 46 500; 2024 2025 2026 2027",
    "Years 2019 2020 2021 2022, hours 9 10 11 12 1 2 3 4 5, scores 5 5 5 5 4 5 5 5 5 5",
    "12345678-1234-4234-8234-123456789012 and 40128888-8888-1881-8234-000000000000",
    "VIN 1 H G C M 8 2 6 3 3 A 0 0 4 3 5 2, IMEI 490154203237518, part 4111-2222-3333-4445",
    "My password manager is 1Password. Das Passwort ist falsch. La contraseña es incorrecta. Mot de passe oublié",
    "100%, 5%25, 20% 30%, a\\b\\\\c, Q&A, R&amp;B, \\u0041",
    "DE89 is the room, GB82 WEST 1234 5698 7654 33, DE00 3704 0044 0532 0130 00",
]


@pytest.mark.parametrize("around", ["{}", "It is {}.", '"{}"', "My number ({}), thanks", "a\n{}\nb"])
def test_a_secret_is_masked_and_the_rest_stays(around: str) -> None:
    masked = {name: mask_secrets(around.format(secret)) for name, secret in SECRETS.items()}
    assert masked == dict.fromkeys(SECRETS, around.format(REDACTED))


@pytest.mark.parametrize("around", ["{}", "So {}", "So {} and more"])
def test_what_stands_after_a_secrets_name_is_masked_and_the_name_stays(around: str) -> None:
    masked = {name: mask_secrets(around.format(name + secret)) for name, secret in AFTER_THEIR_NAMES.items()}
    assert masked == {name: around.format(name + REDACTED) for name in AFTER_THEIR_NAMES}


@pytest.mark.parametrize("text", HARMLESS, ids=lambda text: text[:20])
def test_what_is_no_secret_stays(text: str) -> None:
    assert mask_secrets(text) == text


@pytest.mark.parametrize("sign", ["\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad"], ids=ascii)
def test_a_character_that_nobody_sees_hides_nothing(sign: str) -> None:
    secrets = [*SECRETS.values(), *(name + secret for name, secret in AFTER_THEIR_NAMES.items())]
    masked = {secret: mask_secrets(f"It is {secret[:-3]}{sign}{secret[-3:]}") for secret in secrets}
    assert masked == {secret: mask_secrets(f"It is {secret}") for secret in secrets}


def test_full_width_characters_hide_nothing() -> None:
    masked = {name: mask_secrets(f"It is {_widen(secret)}") for name, secret in SECRETS.items()}
    assert masked == dict.fromkeys(SECRETS, f"It is {REDACTED}")


def _widen(text: str) -> str:
    return "".join(chr(ord(character) + 0xFEE0) if "!" <= character <= "~" else character for character in text)


def test_a_text_without_secrets_keeps_its_characters() -> None:
    assert mask_secrets("\ufb01ne\u200b, \uff11\uff12") == "\ufb01ne\u200b, \uff11\uff12"


def test_a_card_among_other_numbers_is_found() -> None:
    assert mask_secrets("Visa 4111 1111 1111 1111 12 27 123") == f"Visa {REDACTED} 12 27 123"
    assert mask_secrets("2 of 4111 1111 1111 1111 and 5555 5555 5555 4444") == f"2 of {REDACTED} and {REDACTED}"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("my card is 4 11 111 1111 11 1111 11", True),
        ("41111 11111 11111 1 is the Visa", True),
        ("41111 11111 11111 1 is the number", False),
        ("credit card 4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 2 2 7", True),
        ("the number 4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 2 2 7", False),
        ("die Kreditkarte 411111 1111111111", True),
        ("order 4111 1111 1111 1111", True),
        ("order 4111111111111111", False),
        ("the order was paid with 4111111111111111", True),
        ("tracking 9400 1102 4111 1111 1111 1111 0088", False),
        ("4111 1111 1111 1111 0427 123", True),
        ("4111 1111 1111 1111 5555 5555 5555 4444", True),
        ("4111 1111 1111 1111 1327", False),
        ("Visa 4111 1111 1111 1111 1327", True),
        ("4201 0001 9400 1102 0088 1234 5678 90", False),
    ],
)
def test_what_stands_beside_a_number_decides(text: str, masked: bool) -> None:
    assert (REDACTED in mask_secrets(text)) is masked


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("https://a.example/?next=%2Flogin%3Faccess_token%3Dabcdefgh", "abcdefgh"),
        ("password%3Dhunter2", "hunter2"),
        ("password%253Dhunter2", "hunter2"),
        ("%22api_key%22%3A%22abcdefgh%22", "abcdefgh"),
        ("Bearer%20abcdef0123456789", "abcdef0123456789"),
        ("card=4111%201111%201111%201111", "1111%20"),
        (r"{\"password\":\"hunter two\"}", "hunter two"),
        (r'"{\\\"api_key\\\":\\\"abcdefgh\\\"}"', "abcdefgh"),
        (r'{"\u0070assword":"hunter2"}', "hunter2"),
        ("{\"a\": \"{'secret': 'abcdefgh'}\"}", "abcdefgh"),
        ("password=&quot;hunter two&quot;", "hunter two"),
        ("\U0001d429\U0001d41a\U0001d42c\U0001d42c\U0001d430\U0001d428\U0001d42b\U0001d41d: hunter2", "hunter2"),
        ("\u24df\u24d0\u24e2\u24e2\u24e6\u24de\u24e1\u24d3: hunter2", "hunter2"),
        ("password\uff1ahunter2", "hunter2"),
        (
            "\u0664\u0661\u0661\u0661 \u0661\u0661\u0661\u0661 \u0661\u0661\u0661\u0661 \u0661\u0661\u0661\u0661",
            "\u0661",
        ),
        ("\u096a111 1111 1111 1111", "1111"),
        ("4111\u00a01111\u202f1111\u20071111", "1111"),
        ("4111\u20131111\u20141111\u22121111", "1111"),
        ("s\u200bk\u2060-\u00adabcdefghijklmnop1234", "1234"),
        ("pass\U000e0041word: hunter2", "hunter2"),
    ],
    ids=ascii,
)
def test_no_encoding_hides_a_secret(text: str, secret: str) -> None:
    assert secret in text
    masked = mask_secrets(text)
    assert secret not in masked
    assert REDACTED in masked


def test_json_is_judged_by_its_names_too() -> None:
    value: dict[str, Any] = {
        "password": "hunter",
        "userPassword": "hunter",
        "api_key": "abcdefgh1",
        "ssn": 219099999,
        "cardNumber": "4111",
        "cvv": 737,
        "amount": 4111111111111111,
        "order": 1234567890,
        "orderNumber": 4111111111111111,
        "tracking_id": "6011111111111117",
        "order_note": "4111111111111111",
        "phone": 12025550101,
        "secret": "menu",
        "token": None,
        "passwords": ["x", {"pin": "1234", "pinned": True}],
    }
    assert mask_all(value) == {
        **dict.fromkeys(("password", "userPassword", "api_key", "ssn", "cardNumber", "cvv", "amount"), REDACTED),
        "order": 1234567890,
        "orderNumber": 4111111111111111,
        "tracking_id": "6011111111111117",
        "order_note": REDACTED,
        "phone": 12025550101,
        "secret": "menu",
        "token": None,
        "passwords": ["x", {"pin": REDACTED, "pinned": True}],
    }


@pytest.mark.parametrize("id_", [HEX, HEX + HEX, "4111111111111111", MIXED, "password=abc", "219-09-9999"])
def test_an_id_is_an_id_though_it_looks_like_a_key(id_: str) -> None:
    message = {
        "type": "status-update",
        "call": {"id": id_, "assistantId": id_, "phoneNumberId": id_, "squadId": id_, "workflowId": id_},
    }
    assert apply_allow_list("status_update", message) == message
    assert mask_credentials(samples.jwt()) == REDACTED


def test_secrets_are_masked_in_every_text_that_is_kept() -> None:
    kept = {name: json.dumps(apply_allow_list("end_of_call_report", _report_of(SECRETS[name]))) for name in SECRETS}
    assert [name for name, report in kept.items() if SECRETS[name] in report] == []


def _report_of(secret: str) -> dict[str, Any]:
    """A report that has the secret in each of its texts."""
    return {
        "type": "end-of-call-report",
        "summary": secret,
        "endedReason": secret,
        "call": {"status": secret, "customer": {"name": secret, "sipUri": secret}},
        "messages": [{"role": "user", "message": secret, "result": {"x": [secret]}, "name": secret}],
        "analysis": {"summary": secret, "structuredData": {"a": [{"b": secret}], secret: 1}},
        "artifact": {"structuredOutputs": {"1": {"name": "x", "result": secret}}, "scorecards": [{secret: secret}]},
    }


EXEMPT = {
    "an address": ("recordingUrl", "stereoRecordingUrl", "recordingPath", "presignedMonoUrl", "presignedStereoUrl"),
    "an address in an object": ("recording", "stereoUrl", "mono", "combinedUrl"),
    "an id or a number to call": (
        "id",
        "phoneNumberId",
        "assistantId",
        "squadId",
        "workflowId",
        "campaignId",
        "number",
    ),
}
"""Fields of which a part is kept as it is; what they keep is tested apart."""
CREDENTIALS = ("sendgrid", "npm", "google client secret", "shopify", "slack app", "vault", "basic")
"""Of SECRETS, those with a shape that no id has."""


def _leaves(rule: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every rule of the allow-list that keeps a value, by the names on the way to it."""
    if isinstance(rule, Fields):
        for name, inner in rule.allowed.items():
            yield from _leaves(inner, (*path, name))
    elif isinstance(rule, Each | EachById | UrlOr):
        yield from _leaves(rule.rule, path)
    else:
        yield path, rule


LEAVES = {".".join((kind, *path)): rule for kind, fields in KEPT.items() for path, rule in _leaves(fields)}
EXEMPT_NAMES = frozenset(itertools.chain(*EXEMPT.values()))


def _shapes_of(secret: str) -> list[Any]:
    return [secret, f"It is {secret}.", [secret], {"a": [{"b": secret}]}, {secret: "a"}, {"text": secret}]


def test_no_kept_field_keeps_a_secret() -> None:
    kept = [
        (leaf, name, value)
        for leaf, mask in LEAVES.items()
        for name in _secrets_of_no(leaf)
        for value in _shapes_of(SECRETS[name])
        if SECRETS[name] in json.dumps(mask(value), ensure_ascii=False)
    ]
    assert kept == []


def _secrets_of_no(leaf: str) -> Iterable[str]:
    """The names of the secrets that a field of the allow-list may not keep."""
    exempt = leaf.rpartition(".")[2] in EXEMPT_NAMES and not leaf.startswith("ping")
    if exempt and any(name in leaf for name in ("Url", "recording")):
        return ()
    return CREDENTIALS if exempt else SECRETS


@pytest.mark.parametrize("leaf", [name for name in LEAVES if re.search("Url|recording(?!Consent)", name)])
def test_an_address_keeps_its_query_and_no_password(leaf: str) -> None:
    if leaf.endswith("ExpiresAt"):
        return
    kept = LEAVES[leaf]("https://odette:hunter2@cdn.example.com/a.wav?X-Amz-Signature=0a1b")
    assert kept == f"https://{REDACTED}@cdn.example.com/a.wav?X-Amz-Signature=0a1b"
    assert "hunter2" not in str(LEAVES[leaf]("password: hunter2"))


def test_a_number_that_is_a_card_is_no_number() -> None:
    kept = apply_allow_list(
        "end_of_call_report", {"type": "end-of-call-report", "cost": 4111111111111111, "durationMs": "4111111111111111"}
    )
    assert kept == {"type": "end-of-call-report"}
    usual: Mapping[str, Any] = {
        "type": "end-of-call-report",
        "cost": 0.25,
        "durationMs": "90000",
        "startedAt": 1752195615957,
    }
    assert apply_allow_list("end_of_call_report", usual) == usual
