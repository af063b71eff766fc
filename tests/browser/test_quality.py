"""What every view has to keep to: no violation of axe, nothing that jumps while it loads, little to load."""

from typing import Any, Final

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, WIDE, OpenInvented
from tests.browser.invented import InventedApi, detail_of, feedback_of, invent_call, invent_call_to_come

MOST_SHIFT: Final = 0.05
MOST_BYTES: Final = 110_000
VIEWS: Final = {
    "calls": ("", "[data-call]"),
    "call": ("?call=1", ".turn"),
    "to come": ("?to_come=true", "[data-call]"),
    "feedback": ("?view=feedback", ".feedback-item"),
    "nothing": ("?outcome=busy", "[data-testid=empty]"),
}
_COUNT_SHIFTS: Final = """
window.shifts = 0;
new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
    window.shifts += entry.hadRecentInput ? 0 : entry.value;
})).observe({ type: "layout-shift", buffered: true });
"""


@pytest.fixture
def api() -> InventedApi:
    """Two hundred calls, some to come, and one that has all that a call can have."""
    scores = (None, 2, None, 7, None, 10)
    calls = [invent_call(place, nps_score=scores[place % 6]) for place in range(1, 201)]
    said: dict[str, Any] = {
        "content": "It took longer than I was told.",
        "positives": "Friendly staff",
        "detractors": "Long wait\nHard to reach",
        "action_items": "Call back",
        "structured_data": {"visits": 3},
        "created_at": None,
        "updated_at": None,
    }
    event = {
        "event_id": "a" * 64, "kind": "status_update", "type": "status-update", "vapi_call_id": "vapi-1",
        "occurred_at": calls[0]["start_time"], "received_at": calls[0]["start_time"],
        "processed_at": calls[0]["start_time"], "delivery_ms": 3, "processing_ms": 12, "status": "Ringing",
        "outcome": "applied", "repeats": 0,
    }  # fmt: skip
    turns = [
        {"speaker": speaker, "text": "It was as I said.", "at": calls[0]["start_time"], "seconds": 2.0 * place}
        for place, speaker in enumerate(("assistant", "human") * 6)
    ]
    feedback = [feedback_of(call, detractors="Long wait") for call in calls if call["nps_score"] is not None]
    to_come = [invent_call_to_come(1000 + place) for place in range(80)]
    detail = detail_of(calls[0], summary="The customer waited.", feedback=said, timeline=[event])
    return InventedApi(calls=[*calls, *to_come], details={1: detail}, feedback=feedback, turns=turns, speaks=True)


def wait_until_quiet(page: Page, marker: str) -> None:
    expect(page.locator(marker).first).to_be_visible()
    expect(page.get_by_test_id("connection-state")).to_have_text("live")
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("device", [{}, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_nothing(
    open_invented: OpenInvented, api: InventedApi, view: str, scheme: str, device: dict[str, Any]
) -> None:
    path, marker = VIEWS[view]
    page = open_invented(api, path, color_scheme=scheme, reduced_motion="reduce", bypass_csp=True, **device)
    wait_until_quiet(page, marker)
    page.evaluate("document.querySelectorAll('.call-panel details').forEach((part) => { part.open = true; })")
    found = Axe().run(page).response["violations"]
    assert [(rule["id"], [node["html"] for node in rule["nodes"]][:3]) for rule in found] == []


@pytest.mark.parametrize("device", [{"viewport": WIDE}, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("view", ["calls", "call", "feedback"])
def test_nothing_jumps_while_a_view_loads(
    open_invented: OpenInvented, api: InventedApi, view: str, device: dict[str, Any]
) -> None:
    path, marker = VIEWS[view]
    page = open_invented(api, path, script=_COUNT_SHIFTS, **device)
    wait_until_quiet(page, marker)
    assert page.evaluate("window.shifts") < MOST_SHIFT


@pytest.mark.parametrize("view", ["calls", "call", "feedback"])
def test_a_cold_first_view_is_small(open_invented: OpenInvented, api: InventedApi, view: str) -> None:
    path, marker = VIEWS[view]
    page = open_invented(api, path)
    wait_until_quiet(page, marker)
    assert 20_000 < api.sent <= MOST_BYTES
