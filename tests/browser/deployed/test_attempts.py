"""A call that was dialled more than once: the list and the panel say so, and each attempt can be looked at."""

import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Final

import pytest
from playwright.sync_api import Locator, Page, expect

from local.database import connect
from tests.browser.answers import Answer, Dial, insert_answers, insert_attempts
from tests.browser.conftest import PHONE, OpenConsole
from tests.browser.pages import Complaints
from tests.deployed import DeployedStack

pytestmark = pytest.mark.usefixtures("recordings_play")

NOW: Final = datetime.now(timezone.utc)
RECORDING: Final = "https://recordings.example.com/{}.wav"
FIRST: Final = Dial(
    NOW - timedelta(days=2, hours=1),
    "voicemail",
    ("Please leave a message.",),
    summary="Only a machine answered.",
    recording_url=RECORDING.format("first"),
)
SECOND: Final = Dial(
    NOW - timedelta(days=1, hours=1),
    "reached",
    ("Hello, how was your visit?", "Very good.", "Thank you."),
    score=9,
    summary="A happy customer.",
    recording_url=RECORDING.format("second"),
)


def _turns(page: Page) -> Locator:
    return page.get_by_test_id("transcript-turn")


def _attempt(page: Page, number: int) -> Locator:
    return page.get_by_test_id(f"attempt-{number}")


def test_the_list_says_which_attempt_a_row_shows(
    open_console: OpenConsole, deployed: DeployedStack, garage: str
) -> None:
    twice, _ = insert_attempts(deployed.database_url, [FIRST, SECOND], 1, garage)
    later = replace(FIRST, began=NOW - timedelta(hours=2))
    best, _ = insert_attempts(deployed.database_url, [SECOND, later], 0, garage)
    (once,) = insert_answers(deployed.database_url, [Answer(NOW - timedelta(hours=3))], garage)
    for options in ({}, PHONE):
        console = open_console(garage, news=False, **options)
        for call, said in ((twice, "2nd attempt"), (best, "1st of 2 attempts"), (once, "")):
            expect(console.get_by_test_id(f"call-row-{call}").locator(".call-attempt")).to_have_text(said)


def test_the_first_attempt_of_two_can_be_looked_at(
    open_console: OpenConsole, deployed: DeployedStack, garage: str
) -> None:
    call, keys = insert_attempts(deployed.database_url, [FIRST, SECOND], 1, garage)
    console = open_console(garage, path=f"?call={call}", news=False)
    panel = console.get_by_test_id("call-panel")
    expect(panel.get_by_test_id("call-attempt")).to_have_text("2nd attempt")
    expect(_turns(console)).to_have_count(3)
    expect(_attempt(console, 2)).to_have_attribute("aria-pressed", "true")
    expect(_attempt(console, 1)).to_contain_text("1st")
    expect(_attempt(console, 1)).to_contain_text("Voicemail")
    _attempt(console, 1).click()
    expect(_turns(console).locator(".turn-text")).to_have_text(["Please leave a message."])
    expect(_attempt(console, 1)).to_have_attribute("aria-pressed", "true")
    expect(_attempt(console, 2)).to_have_attribute("aria-pressed", "false")
    expect(_attempt(console, 1)).to_be_focused()
    expect(panel.get_by_test_id("call-attempt")).to_have_text("1st of 2 attempts")
    expect(panel.get_by_test_id("call-outcome")).to_have_text("Voicemail")
    expect(panel.get_by_test_id("call-summary")).to_have_text("Only a machine answered.")
    expect(panel.locator(".panel-badges").get_by_test_id("nps-score")).to_have_count(0)
    expect(console.get_by_test_id("new-turns")).to_be_hidden()
    with console.expect_request(re.compile(f"/recording[?]attempt={keys[0]}$")):
        console.get_by_test_id("play").click()
    expect(console.locator("audio")).to_have_attribute("src", RECORDING.format("first"))
    _attempt(console, 2).click()
    expect(_turns(console)).to_have_count(3)
    expect(panel.get_by_test_id("call-summary")).to_have_text("A happy customer.")
    with console.expect_request(re.compile("/recording$")):
        console.get_by_test_id("play").click()
    expect(console.locator("audio")).to_have_attribute("src", RECORDING.format("second"))


def test_an_attempt_without_a_recording_has_no_player(
    open_console: OpenConsole, deployed: DeployedStack, garage: str
) -> None:
    missed = Dial(FIRST.began, "no_answer")
    call, _ = insert_attempts(deployed.database_url, [missed, SECOND], 1, garage)
    console = open_console(garage, path=f"?call={call}", news=False)
    expect(console.get_by_test_id("player")).to_be_visible()
    _attempt(console, 1).click()
    expect(console.get_by_test_id("player")).to_have_count(0)
    expect(console.get_by_test_id("call-panel").get_by_test_id("empty")).to_contain_text("Nothing was said")


def test_what_was_chosen_stays_when_the_call_is_read_again(
    open_console: OpenConsole, deployed: DeployedStack, garage: str
) -> None:
    """News of an earlier attempt changes the numbers, and not what is looked at."""
    call, keys = insert_attempts(deployed.database_url, [FIRST, SECOND], 1, garage)
    console = open_console(garage, path=f"?call={call}", news=False)
    _attempt(console, 1).click()
    expect(_turns(console)).to_have_count(1)
    with connect(deployed.database_url) as connection:
        connection.run(
            "INSERT INTO vapi_call (call_id, vapi_call_id, created_at, outcome) VALUES (:call, :key, :at, 'busy')",
            call=call,
            key=f"{keys[0]}-earlier",
            at=FIRST.began - timedelta(days=1),
        )
    _read_again(console)
    expect(_attempt(console, 3)).to_be_visible()
    expect(_attempt(console, 2)).to_have_attribute("aria-pressed", "true")
    expect(_turns(console).locator(".turn-text")).to_have_text(["Please leave a message."])


def test_an_attempt_that_has_gone_leads_back_to_the_one_that_is_shown(
    open_console: OpenConsole, deployed: DeployedStack, garage: str, complaints: Complaints
) -> None:
    complaints.expect("404")
    call, keys = insert_attempts(deployed.database_url, [FIRST, SECOND], 1, garage)
    console = open_console(garage, path=f"?call={call}", news=False)
    _attempt(console, 1).click()
    expect(_turns(console)).to_have_count(1)
    with connect(deployed.database_url) as connection:
        connection.run("DELETE FROM vapi_call WHERE vapi_call_id = :key", key=keys[0])
    _read_again(console)
    expect(_turns(console)).to_have_count(3)
    expect(console.get_by_test_id("attempts")).to_be_hidden()


@pytest.mark.parametrize("dials", [[SECOND], []], ids=["once", "never"])
def test_a_call_of_one_attempt_has_no_choice(
    open_console: OpenConsole, deployed: DeployedStack, garage: str, dials: list[Dial]
) -> None:
    if dials:
        call, _ = insert_attempts(deployed.database_url, dials, 0, garage)
    else:
        (call,) = insert_answers(deployed.database_url, [Answer(NOW - timedelta(hours=3))], garage)
    console = open_console(garage, path=f"?call={call}", news=False)
    expect(console.get_by_test_id("call-panel").get_by_test_id("call-outcome")).to_have_text("Reached")
    expect(console.get_by_test_id("attempts")).to_be_hidden()
    expect(console.get_by_test_id("call-attempt")).to_have_count(0)


def _read_again(page: Page) -> None:
    page.evaluate(
        """async () => {
            const { href } = document.querySelector('link[rel=modulepreload][href$="/live.js"]');
            (await import(href)).live.dispatchEvent(new Event("resync"));
        }"""
    )
