"""The panel of a call shows the other calls about the same visit: who called back, and the call that was missed."""

from typing import Any, Final

import pytest
from playwright.sync_api import expect

from tests.browser.axe import violations_in_both_schemes
from tests.browser.conftest import PHONE, OpenInvented
from tests.browser.invented import InventedApi, detail_of, invent_call


def _related(id_: int, **values: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of the API
    times = {"start_time": "2026-11-02T15:30:00Z", "end_time": None, "duration_seconds": None}
    usual = {"id": id_, "direction": "outbound", "status": "Ended", "outcome": "no_answer", "nps_score": None}
    return usual | times | values


MISSED, BACK = invent_call(1), invent_call(2)
ALONE: Final = invent_call(3)


@pytest.fixture
def api() -> InventedApi:
    back = _related(2, direction="inbound", status="Completed", outcome="reached", nps_score=9)
    details = {
        1: detail_of(MISSED, related_calls=[back]),
        2: detail_of(BACK, related_calls=[_related(1), _related(4, start_time=None, outcome=None, status="Ready")]),
        3: detail_of(ALONE),
    }
    return InventedApi(calls=[MISSED, BACK, ALONE], details=details)


def test_a_call_back_and_the_missed_call_lead_to_each_other(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api, "?call=1")
    related = page.get_by_test_id("related-calls")
    expect(related.get_by_role("listitem")).to_have_count(1)
    expect(related).to_contain_text("The customer called")
    expect(related).to_contain_text("9")
    related.get_by_role("link").click()
    expect(page.get_by_test_id("call-panel")).to_have_attribute("data-call", "2")
    expect(related.get_by_role("listitem")).to_have_count(2)
    expect(related).to_contain_text("The customer was called")
    expect(related.get_by_role("link", name="Not begun")).to_be_visible()
    related.get_by_role("link").first.click()
    expect(page.get_by_test_id("call-panel")).to_have_attribute("data-call", "1")


def test_a_call_alone_shows_none(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api, "?call=3")
    expect(page.get_by_test_id("service-record")).to_be_visible()
    expect(page.get_by_test_id("related-calls")).to_have_count(0)


@pytest.mark.parametrize("device", [{}, PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing_in_them(open_invented: OpenInvented, api: InventedApi, device: dict[str, Any]) -> None:
    page = open_invented(api, "?call=1", bypass_csp=True, **device)
    expect(page.get_by_test_id("related-calls")).to_be_visible()
    assert violations_in_both_schemes(page) == []
