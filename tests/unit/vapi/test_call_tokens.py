import hashlib
import hmac
from typing import Any

import pytest

from autopulse.vapi.call_ids import NamedCall, find_named_call
from autopulse.vapi.call_tokens import call_token, is_proven

KEY, OTHER = b"an-invented-key", b"another-invented-key"


def test_a_token_is_the_hmac_of_the_decimal_id() -> None:
    assert call_token(1234, KEY) == hmac.new(KEY, b"1234", hashlib.sha256).hexdigest()


@pytest.mark.parametrize("keys", [[KEY], [OTHER, KEY], [KEY, OTHER]])
@pytest.mark.parametrize("write", [str, str.upper, " {} \n".format])
def test_a_token_of_any_key_proves_its_id(keys: list[bytes], write: Any) -> None:  # noqa: ANN401 - a function of text
    assert is_proven(1234, write(call_token(1234, KEY)), keys)


@pytest.mark.parametrize(
    "token",
    [
        None,
        "",
        1234,
        True,
        [],
        {"token": call_token(1234, KEY)},
        [call_token(1234, KEY)],
        call_token(1235, KEY),
        call_token(1234, OTHER),
        call_token(1234, b""),
        call_token(1234, KEY)[:-1],
        call_token(1234, KEY) + "0",
        "sha256=" + call_token(1234, KEY),
        hashlib.sha256(b"1234").hexdigest(),
        KEY.decode(),
        "é" * 64,
        "\ud800" * 64,
        "\uff41" * 64,
    ],
)
def test_nothing_else_proves_it(token: Any) -> None:  # noqa: ANN401 - any JSON value
    assert not is_proven(1234, token, [KEY])


def test_without_a_key_nothing_is_proven() -> None:
    assert not is_proven(1234, call_token(1234, KEY), [])
    assert not is_proven(1234, call_token(1234, b""), [])


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ({"call": {"assistantOverrides": {"variableValues": {"call_id": "7", "call_token": "a"}}}}, NamedCall(7, "a")),
        ({"call": {"metadata": {"call_id": 7, "call_token": "a"}}}, NamedCall(7, "a")),
        ({"variableValues": {"call_id": 7}, "metadata": {"call_token": "a"}}, NamedCall(7, None)),
        (
            {
                "call": {
                    "assistantOverrides": {"variableValues": {"call_id": 7}, "metadata": {"call_token": "a"}},
                    "metadata": {"call_id": 8, "call_token": "b"},
                }
            },
            NamedCall(7, None),
        ),
        ({"call": {"metadata": {"call_token": "a"}}}, None),
    ],
)
def test_a_token_counts_beside_the_id_that_counts(message: dict[str, Any], named: NamedCall | None) -> None:
    assert find_named_call(message) == named
