"""What nobody may keep goes from every text, and nothing else does: tables of both, of invented values."""

import json
import time
from typing import Any

import pytest

from autopulse.vapi.concealment import REDACTED, conceal, conceal_all, conceal_credentials
from autopulse.vapi.redaction import slim
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
    "basic": "Basic b2RldHRlOmV4YW1wbGU=",
    "social security number": "219-09-9999",
    "social security number in words": "219 09 9999",
    "iban": "DE89370400440532013000",
    "iban in groups": "GB82 WEST 1234 5698 7654 32",
    "a token of letters and digits": f"{MIXED}x",
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
]


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
@pytest.mark.parametrize("around", ["{}", "It is {}.", '"{}"', "My number ({}), thanks", "a\n{}\nb"])
def test_a_secret_is_concealed_and_the_rest_stays(secret: str, around: str) -> None:
    assert conceal(around.format(secret)) == around.format(REDACTED)


@pytest.mark.parametrize(("name", "secret"), AFTER_THEIR_NAMES.items(), ids=AFTER_THEIR_NAMES)
@pytest.mark.parametrize("around", ["{}", "So {}", "So {} and more"])
def test_what_stands_after_a_secrets_name_is_concealed_and_the_name_stays(name: str, secret: str, around: str) -> None:
    assert conceal(around.format(name + secret)) == around.format(name + REDACTED)


@pytest.mark.parametrize("text", HARMLESS, ids=lambda text: text[:20])
def test_what_is_no_secret_stays(text: str) -> None:
    assert conceal(text) == text


@pytest.mark.parametrize("secret", [*SECRETS.values(), *(n + s for n, s in AFTER_THEIR_NAMES.items())])
@pytest.mark.parametrize("sign", ["\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad"], ids=ascii)
def test_a_character_that_nobody_sees_hides_nothing(secret: str, sign: str) -> None:
    middle = len(secret) - 3
    assert conceal(f"It is {secret[:middle]}{sign}{secret[middle:]}") == conceal(f"It is {secret}")


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_full_width_characters_hide_nothing(secret: str) -> None:
    wide = "".join(chr(ord(character) + 0xFEE0) if "!" <= character <= "~" else character for character in secret)
    assert conceal(f"It is {wide}") == f"It is {REDACTED}"


def test_a_text_without_secrets_keeps_its_characters() -> None:
    assert conceal("\ufb01ne\u200b, \uff11\uff12") == "\ufb01ne\u200b, \uff11\uff12"


def test_a_card_among_other_numbers_is_found() -> None:
    assert conceal("Visa 4111 1111 1111 1111 12 27 123") == f"Visa {REDACTED} 12 27 123"
    assert conceal("2 of 4111 1111 1111 1111 and 5555 5555 5555 4444") == f"2 of {REDACTED} and {REDACTED}"


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
        "phone": 12025550101,
        "secret": "menu",
        "token": None,
        "passwords": ["x", {"pin": "1234", "pinned": True}],
    }
    assert conceal_all(value) == {
        **dict.fromkeys(("password", "userPassword", "api_key", "ssn", "cardNumber", "cvv", "amount"), REDACTED),
        "order": 1234567890,
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
    assert slim("status_update", message) == message
    assert conceal_credentials(samples.jwt()) == REDACTED


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_secrets_are_concealed_in_every_text_that_is_kept(secret: str) -> None:
    message = {
        "type": "end-of-call-report",
        "summary": secret,
        "endedReason": secret,
        "call": {"status": secret, "customer": {"name": secret, "sipUri": secret}},
        "messages": [{"role": "user", "message": secret, "result": {"x": [secret]}, "name": secret}],
        "analysis": {"summary": secret, "structuredData": {"a": [{"b": secret}], secret: 1}},
        "artifact": {"structuredOutputs": {"1": {"name": "x", "result": secret}}, "scorecards": [{secret: secret}]},
    }
    assert secret not in json.dumps(slim("end_of_call_report", message))


HOSTILE = [
    "4111 1111 1111 1112 ",
    "4 ",
    "4",
    "4444-",
    "219-09-999 ",
    "DE89 3704 0044 0532 0130 01 ",
    "DE89370400440532013001aaaaaaaa ",
    "password is ",
    "password:",
    "password is ....................",
    "token:",
    "token=",
    "api_key is a",
    "?token",
    "&a",
    "SG.",
    "sk_",
    "basic aaaaaaaa",
    "my pin is 1",
    "social ",
    "aB3",
    "0a",
    "://",
    "\ufdfa",
    "\u200b4",
    '"token":"',
    "secret" + " " * 9,
]


@pytest.mark.parametrize("piece", HOSTILE, ids=ascii)
def test_a_hostile_text_takes_linear_time(piece: str) -> None:
    """A quarter of what a webhook can carry; `python -m tests.benchmarks` is for the usual case."""
    text = piece * (1_000_000 // len(piece.encode()))
    started = time.process_time()
    conceal(text)
    assert time.process_time() - started < 6
