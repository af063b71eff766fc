import base64
import gzip
from typing import Any

import pytest

from autopulse.api.compression import LEAST_BYTES, compress

LONG = '{"items": "' + "\N{EURO SIGN}" * LEAST_BYTES + '"}'


def answer_of(body: str) -> dict[str, Any]:
    return {
        "statusCode": 200,
        "body": body,
        "isBase64Encoded": False,
        "multiValueHeaders": {"content-type": ["application/json"]},
    }


@pytest.mark.parametrize("name", ["accept-encoding", "Accept-Encoding"])
def test_a_long_body_is_compressed_for_who_accepts_it(name: str) -> None:
    answer = answer_of(LONG)
    compress(answer, {name: "gzip, deflate, br"})
    assert gzip.decompress(base64.b64decode(answer["body"])).decode() == LONG
    assert answer["isBase64Encoded"] is True
    assert answer["multiValueHeaders"] == {
        "content-type": ["application/json"],
        "content-encoding": ["gzip"],
        "vary": ["accept-encoding"],
    }


@pytest.mark.parametrize("headers", [{}, {"accept-encoding": "br"}, {"accept-encoding": "gzip;q=0"}])
def test_a_long_body_stays_as_it_is_for_others_and_caches_are_told(headers: dict[str, str]) -> None:
    answer = answer_of(LONG)
    compress(answer, headers)
    assert (answer["body"], answer["isBase64Encoded"]) == (LONG, False)
    assert answer["multiValueHeaders"]["vary"] == ["accept-encoding"]
    assert "content-encoding" not in answer["multiValueHeaders"]


def test_a_short_body_is_not_compressed() -> None:
    answer = answer_of("{}")
    compress(answer, {"accept-encoding": "gzip"})
    assert answer == answer_of("{}")
