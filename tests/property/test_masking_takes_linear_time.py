"""No text, whatever it is made of, takes masking more than time in proportion to its length."""

import time
from random import Random

import pytest

from autopulse.vapi.masking import mask_secrets

HOSTILE = [
    *("4111 1111 1111 1112 ", "4 ", "4", "4444-", "41 ", "4, ", "1.", "4111111111111112 ", "0a", "aB3", "A1 ", "AB12 "),
    *("219-09-999 ", "DE89 3704 0044 0532 0130 01 ", "DE89370400440532013001aaaaaaaa ", "GB82 WEST 1234 5698 7654 3"),
    *("password is ", "password:", "password is ....................", "passwordpassword", "password-", "pwd", "pass"),
    *("token:", "token=", "token token", '"token":"', "secret:'", "secret='a", "secret-", "secret" + " " * 9, "key "),
    *("api_key is a", "secret is a1a1a1a1", "?token", "&a", "a=", "=", "&", "://", "://a@", "@", "-", "'", '"', "--"),
    *("SG.", "sk_", "sk-", "eyJ", "eyJ-", "eyJaaaaaaaa.", "whsec_", "AKIA", "AIza", "ya29.", "1//", "ghp_", "hvs.a"),
    *(
        "hooks.slack.com/services/",
        "/webhooks/1",
        "pa-1111111111",
        "hf_1",
        "110201543:AA",
        "A" * 24 + "." + "a" * 6 + ".",
    ),
    *("basic aaaaaaaa", "bearer ", "bearer a1", "authorization: token ", "cookie: ", "cookie:=", "-----BEGIN ", "pat"),
    *(
        "-----BEGIN PRIVATE KEY",
        "my pin is 1",
        "pin: 123456789",
        "social ",
        "ssn 1 1 1 1",
        "clave: 1",
        "mot de passe: ",
    ),
    *("card 4 4 4 4 4 4 4 4 4 4 4 4 4 4 4 4 4 4, ", "visa 4444 ", "order 4111111111111111 ", "order number number "),
    *(
        "\ufdfa",
        "\u200b4",
        "\u200b",
        "\uff14 ",
        "4\u00a0",
        "\u2014",
        "\ufb01",
        "\u0664 ",
        "\u0301",
        "é",
        "密码是1",
        "пароль ",
    ),
    *(
        "%41",
        "%25",
        "%2525252541",
        "\\",
        '\\"',
        "\\u0041",
        "&quot;",
        "&#39;",
        "a",
        "A",
        " ",
        "a" * 31 + " ",
        "aB" * 16 + " ",
    ),
]
SHORT = 15_000
"""Bytes: a few milliseconds of work, which no start of anything outweighs."""


def _seconds(piece: str, size: int) -> float:
    """The least of several times, in which nothing else of the machine's is."""
    text = piece * (size // len(piece.encode()))
    times = []
    for _ in range(3):
        started = time.process_time()
        mask_secrets(text)
        times.append(time.process_time() - started)
    return min(times)


def _grows_too_fast(piece: str) -> bool:
    """Whether four times the text takes more than nine times as long; linear time is four, quadratic sixteen."""
    return _seconds(piece, 4 * SHORT) > 9 * max(_seconds(piece, SHORT), 0.0005)


@pytest.mark.parametrize("piece", HOSTILE, ids=ascii)
def test_a_hostile_text_takes_linear_time(piece: str) -> None:
    assert not _grows_too_fast(piece)


def test_no_mixture_of_hostile_pieces_takes_more_than_linear_time() -> None:
    random = Random(20261129)
    mixtures = ["".join(random.choices(HOSTILE, k=random.choice([2, 3, 5]))) for _ in range(60)]
    assert [mixture for mixture in mixtures if _grows_too_fast(mixture)] == []
