"""Check `make first-view` on the deployed stack: all bodies of a first visit as they travel, and what moves."""

from datetime import datetime, timedelta, timezone

import pytest
from playwright.sync_api import Browser

from local.first_view import MOST_BYTES, MOST_SHIFT, views_on
from local.issuer import Issuer
from tests.browser.answers import Answer, insert_answers
from tests.deployed import DeployedStack

CALLS = 300
"""More than a list reads at first, and more than it reads ahead."""


@pytest.fixture
def busy_garage(deployed: DeployedStack, garage: str) -> str:
    """An organization whose calls of two months fill every list, each with other words."""
    now = datetime.now(timezone.utc)
    answers = [
        Answer(
            now - timedelta(hours=5 * place),
            score=place % 11 if place % 3 else None,
            outcome="reached" if place % 3 else ("voicemail", "busy", "no_answer")[place // 3 % 3],
            customer=f"Dana Example {place}",
            advisor=f"Robin Sample {place % 9}",
            content=f"The visit of {place} took longer than told, by {place * 7} minutes." if place % 3 else None,
            detractors=f"Waited {place * 7} minutes\nNobody called back" if place % 3 == 1 else None,
        )
        for place in range(1, CALLS + 1)
    ]
    insert_answers(deployed.database_url, answers, garage)
    return garage


@pytest.mark.parametrize("look", ["light", "phone"])
def test_a_cold_first_view_of_the_deployed_stack_is_small_and_still(
    browser: Browser, deployed: DeployedStack, busy_garage: str, look: str
) -> None:
    views = list(views_on(browser, deployed.stack["console_url"], Issuer(deployed.paths).mint(busy_garage), look))
    assert [view.name.partition(",")[0] for view in views] == ["calls", "call", "feedback", "follow-ups"]
    for view in views:
        # Twenty files and the first page of a list, compressed: less would be that something was not counted.
        assert 40_000 < view.size <= MOST_BYTES, view
        assert view.shift < MOST_SHIFT, view
