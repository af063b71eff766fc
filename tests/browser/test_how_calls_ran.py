"""How calls ran, in plain words: in the panel of a call, and in the figures."""

from typing import Any, Final

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import violations_in_both_schemes
from tests.browser.conftest import OpenInvented
from tests.browser.invented import InventedApi, Json, detail_of, invent_call, quality_of, quality_summary_of
from tests.browser.pages import Complaints

TOLD: Final = quality_of(
    turn_latency_median_ms=1240,
    turn_latencies=[{"turn_ms": milliseconds} for milliseconds in (900, 1240, None, 3000)],
    model_latency_average_ms=600,
    voice_latency_average_ms=300,
    user_interruptions=2,
    assistant_interruptions=1,
    cost_dollars_by_type={"model": 0.01, "vapi": 0.05, "knowledge_base": 0},
    assistant_name="Piper",
    assistant_version="3",
    activations=[
        {"assistant_id": "a-1", "assistant_name": "Piper", "assistant_version": "3"},
        {"assistant_id": "a-2", "assistant_name": "Wren", "assistant_version": None},
    ],
    success_evaluation="Good",
    scorecards=[{"name": "Manners", "score": 8, "percent": 80}],
    recording_consent_type="verbal",
    ended_message="<img src=x onerror=\"document.title='injected'\">",
    answers_expected=4,
    lost_answers=["mood"],
    skipped_answers=[
        {"name": "feedback", "condition": "minMessages", "limit": 4, "reasons": []},
        {"name": "score", "condition": "somethingNew", "limit": None, "reasons": []},
    ],
    transfers=[
        {"to": "number", "assistant_name": None, "mode": "warm-transfer", "status": "no-answer"},
        {"to": "assistant", "assistant_name": "Wren", "mode": None, "status": "something-new"},
    ],
)


def open_call(open_invented: OpenInvented, quality: Json | None, **given: Any) -> Page:  # noqa: ANN401 - of the call
    call = invent_call(1)
    page = open_invented(InventedApi(calls=[call], details={1: detail_of(call, quality=quality, **given)}), "?call=1")
    expect(page.get_by_test_id("service-record")).to_be_visible()
    return page


def facts(page: Page) -> dict[str, str]:
    """Term -> what is said of it."""
    section = page.get_by_role("region", name="How it ran")
    terms, words = section.locator("dt").all_inner_texts(), section.locator("dd").all_inner_texts()
    return dict(zip(terms, words, strict=True))


def test_a_call_says_in_plain_words_how_it_ran(open_invented: OpenInvented) -> None:
    page = open_call(open_invented, TOLD)
    assert facts(page) == {
        "Answered after": "1.2 s in the middle of 3 answers\nOn average 0.6 s to think, 0.3 s to speak",
        "Interruptions": ("The assistant interrupted the customer twice\nThe customer interrupted the assistant once"),
        "Cost": "Vapi $0.05\nModel $0.01",
        "Assistant": "Piper, version 3, then Wren",
        "Transferred": "To a phone number: nobody answered\nTo Wren: something new",
        "Not asked": "Feedback: fewer than 4 things were said\nScore: its condition was not met (somethingNew)",
        "Answers lost": "Mood (1 of 4 could not be worked out)",
        "Recording": "The customer was asked and did not agree",
        "Vapi's judgement": "Good\nManners: 80 of 100",
        "More about the end": "<img src=x onerror=\"document.title='injected'\">",
    }
    assert page.title() != "injected"


@pytest.mark.parametrize("quality", [None, quality_of(), quality_of(vapi_campaign_id="campaign-1")])
def test_where_nothing_is_known_there_is_no_section(open_invented: OpenInvented, quality: Json | None) -> None:
    page = open_call(open_invented, quality)
    expect(page.get_by_test_id("quality")).to_have_count(0)


def test_another_attempt_has_its_own(open_invented: OpenInvented) -> None:
    shared = dict.fromkeys(("start_time", "end_time", "duration_seconds", "nps_score", "summary", "feedback"))
    shared |= dict.fromkeys(
        ("ended_reason", "cost_dollars", "call_reason", "customer_name", "phone", "customer_sip_uri")
    )
    attempts = [
        shared
        | {"number": number, "vapi_call_id": f"v-{number}", "shown": number == 2, "status": "Ended", "outcome": None}
        | {"began_at": f"2026-11-0{number}T15:00:00Z", "has_recording": False, "recording_elsewhere": False}
        | {"quality": quality_of(assistant_version=str(number))}
        for number in (1, 2)
    ]
    page = open_call(open_invented, attempts[1]["quality"], attempts=attempts, attempt_count=2, attempt_number=2)
    assert facts(page) == {"Assistant": "version 2"}
    page.get_by_test_id("attempt-1").click()
    expect(page.get_by_test_id("quality")).to_have_text("Assistantversion 1")


def test_figures_of_how_calls_ran(open_invented: OpenInvented) -> None:
    page = open_invented(InventedApi(calls=[invent_call(1)]), "?view=feedback")
    card = page.get_by_test_id("quality-figures")
    expect(card).to_be_visible()
    assert card.locator("dt").all_inner_texts() == [
        "Cost per call",
        "Per conversation",
        "Per answer",
        "Time to answer",
        "Answers lost",
    ]
    assert card.locator(".quality-value").all_inner_texts() == ["$0.15", "$0.20", "$0.30", "1.0 s", "5%"]
    card.locator("summary").click()
    rows = card.locator("tbody tr").all_inner_texts()
    assert len(rows) == 6
    assert rows[0].split("\t")[1:] == ["Piper, version 4", "14", "1.1 s"]
    assert violations_in_both_schemes(page) == []


@pytest.mark.parametrize(
    "quality",
    [
        quality_summary_of(
            costs=dict.fromkeys(("calls", "reached", "responses", "dollars", "unpriced"), 0)
            | dict.fromkeys(("per_call", "per_reached", "per_response")),
            answers={"expected": 0, "lost": 0, "lost_share": None},
            measured=0,
            median_turn_latency_ms=None,
            versions=[],
        )
    ],
)
def test_without_any_figure_there_is_no_card(open_invented: OpenInvented, quality: Json) -> None:
    page = open_invented(InventedApi(calls=[invent_call(1)], quality=quality), "?view=feedback")
    expect(page.get_by_test_id("nps-score")).to_be_visible()
    expect(page.get_by_test_id("quality-figures")).to_be_hidden()


def test_figures_that_cannot_be_read_take_no_others_with_them(
    open_invented: OpenInvented, complaints: Complaints
) -> None:
    complaints.expect("503")
    page = open_invented(InventedApi(calls=[invent_call(1)], refused_paths={"quality/summary"}), "?view=feedback")
    expect(page.get_by_test_id("nps-score")).to_be_visible()
    expect(page.get_by_test_id("quality-figures")).to_be_hidden()
