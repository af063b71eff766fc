"""No message, however many parts it has, takes an envelope more time than the verifier has."""

import json
import time
from datetime import datetime, timezone

import pytest

from autopulse.ingress.request import MAX_BODY_BYTES
from autopulse.vapi.envelope import envelope_from

RECEIVED_AT = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize(
    ("before", "item", "after"),
    [
        ('"analysis": {"structuredData": [', '"a",', "1]}"),
        ('"messages": [', "{},", "1]"),
        ('"messages": [{"toolCalls": [', '{"name": "a"},', "1]}]"),
        ('"messages": [', '{"role": "user", "message": "a", "time": 1},', "1]"),
        ('"costs": [', '{"cost": 1},', "1]"),
        ('"squad": {"members": [', '{"metadata": {}},', "1]}"),
    ],
)
def test_many_small_parts_take_linear_time(before: str, item: str, after: str, named: bool) -> None:
    """An eighth of the longest body, in a tenth of what the verifier has for the whole of it."""
    call = '"call": {"id": "call_123"}, ' if named else ""
    head = '{"type": "end-of-call-report", ' + call + before
    text = head + item * (MAX_BODY_BYTES // 8 // len(item)) + after + "}"
    message = json.loads(text)
    started = time.process_time()
    envelope_from("end_of_call_report", message, RECEIVED_AT, None).to_json()
    assert time.process_time() - started < 1
