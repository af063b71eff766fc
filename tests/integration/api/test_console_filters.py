"""The console decides by itself whether a call that changed belongs into the list: it must decide as the API does."""

import json
import os
import subprocess
from datetime import datetime, timedelta, timezone
from typing import Any, Final
from urllib.parse import urlencode

import pytest

from autopulse.api.parameters import CallFilters
from autopulse.domain.outcome import Outcome
from autopulse.domain.status import STATUSES
from tests.contract.stack import ROOT
from tests.integration.api.client import OURS, Api

NOON: Final = datetime(2026, 11, 2, 12, tzinfo=timezone.utc)
ADDRESSES: Final = [
    {},
    *({"status": status} for status in STATUSES),
    {"status": "Ringing,In Progress"},
    {"status": "Ready,Missed", "to_come": "true"},
    *({"outcome": outcome.value} for outcome in Outcome),
    *({"nps_category": category} for category in ("promoter", "passive", "detractor", "none")),
    *({"nps_category": category} for category in ("promoter", "passive", "detractor")),
    *({"reason": reason} for reason in ("any", "wait", "nobody_s")),
    {"to_come": "true"},
    {"from": "2026-11-02"},
    {"to": "2026-11-02"},
    {"from": "2026-11-02", "to": "2026-11-02"},
    {"from": "2026-11-02T12:00:00Z"},
    {"to": "2026-11-02T12:00:00Z"},
    *({"direction": direction} for direction in ("outbound", "inbound", "web", "inbound,web", "all", "inbound,all")),
    *({"demo": demo} for demo in ("true", "false")),
    {"campaign": "campaign"},
    {"advisor": "advisor"},
    {"advisor": "Kim Placeholder"},
    *({"customer": text} for text in ("147", "202-555-0147", "0", "dan", "EXAMPLE da", "d'arc", "ana", "Öz", "nobody")),
    {"customer": "dan", "nps_category": "promoter", "direction": "outbound", "demo": "false"},
]
"""What people ask for; the ids of the campaign and the advisor are put in later."""


def _scene(api: Api) -> dict[str, str]:
    """Calls that differ in everything that can be asked for; returns the ids that ADDRESSES leave open."""
    advisor = api.insert('"user"', name="Robin Sample", organization_id=OURS)
    campaign = api.insert("campaign", name="Autumn", organization_id=OURS)
    dana = api.service_record(customer_name="Dana Example", service_advisor_id=advisor)
    other = api.service_record(customer_name="Jeanne d'Arc-Özil", service_advisor_name="Kim Placeholder")
    for minutes, status in enumerate(STATUSES):
        api.call(status=status, updated_at=NOON + timedelta(minutes=minutes))
        api.call(status=status, start_time=NOON + timedelta(minutes=minutes), campaign_id=campaign)
    for score, outcome in enumerate([*Outcome, Outcome.REACHED, Outcome.TRANSFERRED, Outcome.REACHED]):
        day = NOON + timedelta(days=score - 4)
        api.call(outcome=outcome.value, nps_score=score, end_time=day, service_record_id=dana)
    for direction, is_web in (("inbound", False), ("outbound", False), ("inbound", True), ("outbound", True)):
        number = "+12025550147" if is_web else "+12025550100"
        api.call(direction=direction, is_web=is_web, is_demo=is_web, customer_number=number, service_record_id=other)
    api.call(outcome="reached", nps_score=9, service_record_id=dana, start_time=NOON, reason_key="wait")
    api.call(start_time=NOON, reason_key="other")
    return {"campaign": str(campaign), "advisor": str(advisor)}


@pytest.fixture(scope="module")
def told(module_api: Api) -> list[dict[str, Any]]:
    """For each of ADDRESSES, what the console asks the API for (`parameters`), and which calls it takes (`ids`)."""
    module_api.clear()
    ids = _scene(module_api)
    calls = module_api.get("/calls", limit=200).json["items"]
    addresses = [urlencode({name: ids.get(text, text) for name, text in address.items()}) for address in ADDRESSES]
    done = subprocess.run(  # noqa: S603 - our own
        [ROOT / ".venv" / "bin" / "node", ROOT / "tests/integration/api/filter_calls.js"],
        input=json.dumps({"calls": calls, "addresses": addresses}),
        env=os.environ | {"TZ": "UTC"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


@pytest.mark.parametrize("place", range(len(ADDRESSES)), ids=lambda place: urlencode(ADDRESSES[place]))
def test_the_console_takes_the_calls_that_the_api_gives(
    module_api: Api, told: list[dict[str, Any]], place: int
) -> None:
    given = module_api.ids("/calls", limit=200, **told[place]["parameters"])
    assert sorted(told[place]["ids"]) == sorted(given)


def test_every_filter_is_asked_for_and_tells_calls_apart(told: list[dict[str, Any]]) -> None:
    asked = {name for address in ADDRESSES for name in address}
    asked.add("q")  # what the address has as `customer`
    assert asked == {field.alias or name for name, field in CallFilters.model_fields.items()}
    everything = len(told[0]["ids"])
    for name in asked - {"q"}:
        found = [len(answer["ids"]) for answer, address in zip(told, ADDRESSES, strict=True) if name in address]
        assert any(0 < count < everything for count in found), name
