"""One call: its words as they are spoken, what came of it, its recording; all of it text, whatever was said."""

import re
from dataclasses import replace

import pytest
from playwright.sync_api import Locator, Page, expect

from local.simulator.application_rows import ORGANIZATION_ID
from local.simulator.scenario import CallScript, Turn
from local.simulator.webhook_factory import Body
from tests.browser.calls import Calls, bodies_of
from tests.browser.conftest import OpenConsole
from tests.browser.pages import Complaints, contrast
from tests.deployed import DeployedStack

pytestmark = pytest.mark.usefixtures("recordings_play")

MARKUP = "<img src=x onerror=\"document.title='injected'\">"
"""As long as the shortest column takes."""


def _open(open_console: OpenConsole, script: CallScript, organization_id: str = ORGANIZATION_ID) -> Page:
    console = open_console(organization_id, path=f"?call={script.call_id}")
    expect(console.get_by_test_id("connection-state")).to_have_text("live")
    return console


def _turns(page: Page) -> Locator:
    return page.get_by_test_id("transcript-turn")


def _talkative(script: CallScript, count: int, text: str = "And that is what happened") -> CallScript:
    """The same call with many turns, one every two seconds."""
    turns = tuple(
        Turn("bot" if place % 2 else "user", f"{text}, part {place}.", 2.0 * place, 2.0 * place + 1.5)
        for place in range(count)
    )
    return replace(script, turns=turns)


def _begin(calls: Calls, script: CallScript) -> None:
    """Somebody answers, and that is stored: turns have seconds from then on, and a panel follows them."""
    calls.send(bodies_of(script, "status-update")[:1])
    calls.wait_until_begun(script)


def _so_far(script: CallScript, count: int) -> Body:
    """Return what is sent when so many turns have been spoken."""
    return bodies_of(script, "conversation-update")[count - 1]


def test_the_transcript_grows_as_it_is_spoken(open_console: OpenConsole, calls: Calls) -> None:
    script = calls.place(outcome="reached")
    console = _open(open_console, script)
    for count in (1, 2, 4):
        calls.send([bodies_of(script, "status-update")[0], _so_far(script, count)])
        expect(_turns(console)).to_have_count(count)
        expect(_turns(console).last).to_contain_text(script.turns[count - 1].text)
    expect(_turns(console).first).to_have_attribute("data-speaker", "assistant")
    expect(_turns(console).nth(1)).to_have_attribute("data-speaker", "human")
    expect(_turns(console).first).to_contain_text("Assistant")
    expect(_turns(console).first).to_contain_text("0:0")


def test_it_follows_the_end_unless_the_reader_scrolled_up(open_console: OpenConsole, calls: Calls) -> None:
    script = _talkative(calls.place(outcome="reached"), 60)
    _begin(calls, script)
    calls.send([_so_far(script, 40)])
    console = _open(open_console, script)
    expect(_turns(console).nth(39)).to_be_in_viewport()
    calls.send([_so_far(script, 42)])
    expect(_turns(console).nth(41)).to_be_in_viewport()
    console.locator(".panel-body").evaluate("body => { body.scrollTop = 400; }")
    expect(_turns(console).nth(41)).not_to_be_in_viewport()
    calls.send([_so_far(script, 45)])
    expect(console.get_by_test_id("new-turns")).to_have_text("3 new turns ↓")
    assert console.locator(".panel-body").evaluate("body => body.scrollTop") == 400
    console.get_by_test_id("new-turns").click()
    expect(_turns(console).nth(44)).to_be_in_viewport()
    expect(console.get_by_test_id("new-turns")).to_be_hidden()
    calls.send([_so_far(script, 46)])
    expect(_turns(console).nth(45)).to_be_in_viewport()


def test_turns_that_stay_keep_their_element(open_console: OpenConsole, calls: Calls) -> None:
    script = calls.place(outcome="reached")
    _begin(calls, script)
    calls.send([_so_far(script, 2)])
    console = _open(open_console, script)
    expect(_turns(console)).to_have_count(2)
    _turns(console).first.evaluate("turn => { turn.isTheSame = true; }")
    calls.send([_so_far(script, 3)])
    expect(_turns(console)).to_have_count(3)
    assert _turns(console).first.evaluate("turn => turn.isTheSame")


def test_stages_have_their_times(open_console: OpenConsole, calls: Calls) -> None:
    script = calls.place(outcome="reached")
    console = _open(open_console, script)
    stages = console.get_by_test_id("stages").get_by_role("listitem")
    expect(stages).to_have_count(5)
    expect(stages.nth(2)).to_have_attribute("data-state", "to come")
    (first, *_) = bodies_of(script, "status-update")
    at = round(script.created_at.timestamp() * 1000) + 500
    calls.send([{"message": first["message"] | {"status": "ringing", "timestamp": at}}])
    expect(stages.nth(1)).to_have_attribute("data-state", "now")
    expect(stages.nth(1)).to_contain_text(re.compile(r"\d:\d\d:\d\d"))
    expect(stages.nth(0), "nobody told when it was queued").not_to_contain_text(re.compile(r"\d"))
    calls.send([{"message": first["message"] | {"status": "queued", "timestamp": at - 300}}])
    calls.send([first])
    expect(stages.nth(2)).to_have_attribute("data-state", "now")
    calls.tell([script], bodies_of(script))
    expect(stages.nth(4)).to_have_attribute("data-state", "now")
    for place in range(5):
        expect(stages.nth(place)).to_contain_text(re.compile(r"\d:\d\d:\d\d"))
    expect(console.get_by_test_id("call-panel").get_by_test_id("call-status")).to_have_text("Completed")


def test_a_call_that_nobody_answered_skips_a_stage(open_console: OpenConsole, calls: Calls) -> None:
    script = calls.play(outcome="busy")
    console = _open(open_console, script)
    stages = console.get_by_test_id("stages").get_by_role("listitem")
    expect(stages.nth(2)).to_have_attribute("data-state", "skipped")
    expect(console.get_by_test_id("call-outcome")).to_have_text("Busy")


def test_a_stall_stands_where_it_happened(open_console: OpenConsole, calls: Calls) -> None:
    script = calls.play(outcome="reached", stalls=True)
    console = _open(open_console, script)
    before = len([turn for turn in script.turns if turn.begins <= (script.stalls_after or 0) + 0.1])
    expect(console.get_by_test_id("stall")).to_have_count(1)
    assert console.locator(".turns > li").evaluate_all("all => all.findIndex(e => e.matches('.stall'))") == before


def test_tool_turns_stand_apart(open_console: OpenConsole, calls: Calls) -> None:
    script = calls.play(outcome="transferred")
    console = _open(open_console, script)
    tool = console.locator("[data-speaker='tool']")
    expect(tool.locator(".tool-name")).to_have_text("transfer_call")
    expect(tool).to_contain_text("service desk")
    expect(console.locator("[data-speaker='tool_result']")).to_contain_text("Transferring.")


def test_a_call_shows_its_outcome_and_its_service_record(open_console: OpenConsole, calls: Calls) -> None:
    script = calls.place(outcome="reached")
    assert script.feedback
    said = replace(
        script.feedback, score=4, positives=("Clean car",), detractors=("Long wait", "Rude"), actions=("Call back",)
    )
    script = replace(script, feedback=said)
    console = _open(open_console, script)
    calls.tell([script], bodies_of(script))
    panel = console.get_by_test_id("call-panel")
    expect(panel.get_by_test_id("call-summary")).to_have_text(said.summary)
    expect(panel.get_by_test_id("feedback-content")).to_have_text(said.overall)
    expect(panel.get_by_test_id("nps-score").first).to_have_text("4")
    for title, lines in (("Went well", ["Clean car"]), ("Went wrong", ["Long wait", "Rude"]), ("To do", ["Call back"])):
        points = panel.locator(".point-list").filter(has_text=title)
        expect(points.get_by_role("listitem")).to_have_text(lines)
    record = panel.get_by_test_id("service-record")
    for fact in (script.customer_name, script.vehicle, script.service, script.advisor):
        expect(record).to_contain_text(fact)


def test_the_timeline_tells_of_every_webhook(open_console: OpenConsole, calls: Calls) -> None:
    script = calls.play(outcome="reached")
    console = _open(open_console, script)
    timeline = console.get_by_test_id("timeline")
    timeline.locator("summary").click()
    rows = timeline.get_by_role("row")
    stored = len(bodies_of(script, "status-update", "conversation-update", "transcript", "hang", "end-of-call-report"))
    expect(rows).to_have_count(1 + stored)
    expect(rows.filter(has_text="end-of-call-report")).to_contain_text(re.compile(r"\d (ms|s)"))
    expect(rows.filter(has_text="end-of-call-report")).to_contain_text("· Completed")
    expect(rows.filter(has_text="status-update").first).to_contain_text("· In Progress")


def test_an_open_timeline_stays_open_and_grows(open_console: OpenConsole, calls: Calls) -> None:
    script = calls.place(outcome="reached")
    calls.send(bodies_of(script, "status-update")[:1])
    console = _open(open_console, script)
    timeline = console.get_by_test_id("timeline")
    timeline.evaluate("details => { details.isTheSame = true }")
    timeline.locator("summary").click()
    expect(timeline.get_by_role("row")).to_have_count(1 + 1)
    calls.tell([script], bodies_of(script))
    expect(timeline.get_by_role("row").filter(has_text="end-of-call-report")).to_be_visible()
    assert timeline.evaluate("details => details.isTheSame && details.open")


def test_the_recording_plays_and_turns_lead_into_it(open_console: OpenConsole, calls: Calls) -> None:
    script = calls.play(outcome="reached")
    console = _open(open_console, script)
    player = console.get_by_test_id("player")
    console.get_by_test_id("play").click()
    expect(console.locator(".turn[aria-current]")).to_have_count(1)
    turn = _turns(console).first
    turn.locator("button").click()
    expect(turn).to_have_attribute("aria-current", "true")
    assert console.locator("audio").evaluate("audio => audio.src").startswith("https://recordings.example.com/")
    player.get_by_role("button", name=re.compile("Speed")).click()
    expect(player.get_by_role("button", name=re.compile("Speed 1.25"))).to_be_visible()


def test_a_url_that_fails_is_fetched_again(open_console: OpenConsole, calls: Calls, complaints: Complaints) -> None:
    complaints.expect("Failed to load resource")
    script = calls.play(outcome="reached")
    console = _open(open_console, script)
    console.route("https://recordings.example.com/**", lambda route: route.fulfill(status=403), times=1)
    with console.expect_response(re.compile("/recording$")), console.expect_response(re.compile("/recording$")):
        console.get_by_test_id("play").click()
    expect(console.locator(".turn[aria-current]")).to_have_count(1)


def test_a_recording_whose_link_has_expired_says_so(
    open_console: OpenConsole, calls: Calls, deployed: DeployedStack, complaints: Complaints
) -> None:
    complaints.expect("410")
    script = calls.play(outcome="reached")
    url = "https://recordings.example.com/old.wav?X-Amz-Date=20260101T000000Z&X-Amz-Expires=60"
    deployed.rows("UPDATE call SET recording_url = :url WHERE id = :id RETURNING id", url=url, id=script.call_id)
    console = _open(open_console, script)
    console.get_by_test_id("play").click()
    expect(console.get_by_test_id("recording-problem")).to_contain_text("its link expired on Jan 1, 2026")


def test_a_recording_at_another_host_has_a_sentence_instead_of_a_player(
    open_console: OpenConsole, calls: Calls, deployed: DeployedStack
) -> None:
    script = calls.play(outcome="reached")
    url = "https://other.example.com/1.wav"
    for table, key in (("call", "id"), ("vapi_call", "call_id")):
        statement = f"UPDATE {table} SET recording_url = :url WHERE {key} = :id RETURNING {key}"  # noqa: S608 - constants
        deployed.rows(statement, url=url, id=script.call_id)
    console = _open(open_console, script)
    expect(console.get_by_test_id("recording-problem")).to_contain_text(
        "at a place that recordings are not played from"
    )
    expect(console.get_by_test_id("player")).to_have_count(0)


BARE = "https://0123456789abcdef.r2.cloudflarestorage.com/a-bucket/one-mono.wav"
OLD = "https://recordings.example.com/old.wav?X-Amz-Date=20260101T000000Z&X-Amz-Expires=60"


def _forget_recording(deployed: DeployedStack, call_id: int | None, url: str, state: str) -> None:
    """Let a call's recording be there no more."""
    for table, key in (("call", "id"), ("vapi_call", "call_id")):
        statement = f"UPDATE {table} SET recording_url = :url WHERE {key} = :id RETURNING {key}"  # noqa: S608 - constants
        deployed.rows(statement, url=url, id=call_id)
    deployed.rows(
        "INSERT INTO call_recording (call_id, vapi_call_id, state)"
        " SELECT id, vapi_call_id, :state FROM call WHERE id = :id RETURNING call_id",
        state=state,
        id=call_id,
    )


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("missing", "The recording is not there any more: it could not be copied while Vapi had it."),
        ("erased", "The recording is not there any more: it was deleted."),
    ],
)
def test_a_recording_that_is_not_there_any_more_has_a_sentence_instead_of_a_player(
    open_console: OpenConsole, calls: Calls, deployed: DeployedStack, state: str, sentence: str
) -> None:
    script = calls.play(outcome="reached")
    _forget_recording(deployed, script.call_id, BARE, state)
    console = _open(open_console, script)
    expect(console.get_by_test_id("recording-problem")).to_have_text(sentence)
    expect(console.get_by_test_id("player")).to_have_count(0)


def test_a_recording_that_was_lost_says_so_when_it_is_played(
    open_console: OpenConsole, calls: Calls, deployed: DeployedStack, complaints: Complaints
) -> None:
    complaints.expect("410")
    script = calls.play(outcome="reached")
    _forget_recording(deployed, script.call_id, OLD, "missing")
    console = _open(open_console, script)
    console.get_by_test_id("play").click()
    expect(console.get_by_test_id("recording-problem")).to_contain_text("The recording is not there any more")


def test_a_transcript_is_shown_as_text_and_never_as_markup(
    open_console: OpenConsole, calls: Calls, garage: str, deployed: DeployedStack
) -> None:
    script = calls.place(garage, outcome="reached")
    assert script.feedback
    feedback = replace(script.feedback, overall=MARKUP, summary=MARKUP, detractors=(MARKUP,), actions=(MARKUP,))
    turns = tuple(replace(turn, text=MARKUP) for turn in script.turns)
    hostile = replace(script, customer_name=MARKUP, vehicle=MARKUP, service=MARKUP, turns=turns, feedback=feedback)
    deployed.rows(
        "UPDATE service_record SET customer_name = :text, vehicle_info = :text, service_type = :text,"
        " service_advisor_id = NULL, service_advisor_name = :text"
        " WHERE id = (SELECT service_record_id FROM call WHERE id = :id) RETURNING id",
        text=MARKUP,
        id=script.call_id,
    )
    calls.send(bodies_of(hostile))
    console = _open(open_console, hostile, garage)
    panel = console.get_by_test_id("call-panel")
    expect(panel.get_by_test_id("call-summary")).to_have_text(MARKUP)
    expect(panel.get_by_role("heading", name=MARKUP)).to_be_visible()
    expect(panel.locator(".point-list").filter(has_text="Went wrong").get_by_role("listitem")).to_have_text(MARKUP)
    expect(_turns(console).first.locator(".turn-text")).to_have_text(MARKUP)
    row = console.get_by_test_id(f"call-row-{script.call_id}")
    expect(row.get_by_role("link")).to_have_text(MARKUP)
    expect(row.locator(".call-vehicle")).to_have_text(MARKUP)
    assert console.locator("main img, main script").count() == 0
    expect(console).to_have_title(re.compile(re.escape(MARKUP)))


def test_a_call_that_cannot_be_read_says_so_and_is_tried_again(
    open_console: OpenConsole, calls: Calls, garage: str, complaints: Complaints
) -> None:
    complaints.expect("Failed to load resource")
    script = calls.play(garage, outcome="reached")
    console = open_console(garage, news=False)  # which would mend it before it is asked to
    transcript = f"**/v1/calls/{script.call_id}/transcript"
    console.route(transcript, lambda route: route.abort())
    console.get_by_test_id(f"call-row-{script.call_id}").click()
    panel = console.get_by_test_id("call-panel")
    expect(panel.get_by_test_id("failure")).to_contain_text("The server cannot be reached")
    console.unroute(transcript)
    panel.get_by_role("button", name="Try again").click()
    expect(_turns(console).first).to_be_visible()


def test_a_call_without_words_says_so(open_console: OpenConsole, calls: Calls) -> None:
    script = calls.place()
    console = _open(open_console, script)
    expect(console.get_by_test_id("call-panel").get_by_test_id("empty")).to_contain_text("Nothing was said")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast_with_its_background(open_console: OpenConsole, calls: Calls, scheme: str) -> None:
    script = calls.play(outcome="reached")
    console = open_console(path=f"?call={script.call_id}", color_scheme=scheme)
    expect(_turns(console).first).to_be_visible()
    for part in (
        ".turn-text",
        ".turn-speaker",
        ".panel-subtitle",
        ".stage-time",
        "td.call-start",
        ".score:not(:empty)",
    ):
        expect(console.locator(part).first).to_be_visible()
        ratio = contrast(console, part)
        assert ratio >= 4.5, f"{part}: {ratio:.2f}"
