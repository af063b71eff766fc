"""Modules of the page that need no stack: how values are written, how elements are made, what an address says."""

import json
from typing import Any, Final

import pytest
from playwright.sync_api import Page, Route

from autopulse.console.assets import MEDIA_TYPES
from functions.console.app import PAGES
from tests.browser.conftest import OpenPage

HOST: Final = "http://pages.example.com"
POLICY: Final = "default-src 'none'; script-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'"
NONE: Final = "\N{EN DASH}"
MARKUP: Final = "<img src=x onerror=\"document.title='injected'\">"


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """An empty page beside the modules, under the console's rules for scripts."""
    page = open_page()
    page.route(f"{HOST}/**", _answer)
    page.goto(f"{HOST}/?view=calls&status=Ready")
    return page


def _answer(route: Route) -> None:
    name = route.request.url.removeprefix(f"{HOST}/")
    if name.startswith("?"):
        body = '<!doctype html><title>Empty</title><link rel=icon href=icon.svg><p id="announcements"></p>'
        route.fulfill(body=body, content_type="text/html", headers={"content-security-policy": f"{POLICY}; img-src *"})
    else:
        file = PAGES / name
        route.fulfill(body=file.read_bytes(), content_type=MEDIA_TYPES[file.suffix])


def run(page: Page, module: str, code: str) -> Any:  # noqa: ANN401 - any JSON
    """Evaluate an expression in which `m` is the module."""
    return page.evaluate(f"async () => {{ const m = await import('{HOST}/{module}'); return {code}; }}")


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("m.duration(0)", "0:00"),
        ("m.duration(185)", "3:05"),
        ("m.duration(59.6)", "1:00"),
        ("m.duration(3723)", "1:02:03"),
        ("m.duration(-1)", NONE),
        ("m.duration(null)", NONE),
        ("m.duration(NaN)", NONE),
        ("m.phone('+12025550147')", "+1 202 555 0147"),
        ("m.phone('202-555-0147')", "+1 202 555 0147"),
        ("m.phone('+442079460000')", "+442079460000"),
        ("m.phone(null)", NONE),
        ("m.percent(0.425)", "43%"),
        ("m.percent(null)", NONE),
        ("m.words('no_answer')", "No answer"),
        ("m.words('In Progress')", "In progress"),
        ("m.words(null)", NONE),
        ("m.time('2026-11-02T17:05:00+00:00').replace(/\\s/g, ' ')", "5:05 PM"),
        ("m.dateTime('2026-11-02T17:05:00Z').replace(/\\s/g, ' ')", "Nov 2, 2026, 5:05 PM"),
        ("m.time('garbage')", NONE),
        ("m.dateTime(null)", NONE),
        ("m.relative(new Date(Date.now() - 300000).toISOString())", "5 minutes ago"),
        ("m.relative(new Date(Date.now() + 7200000).toISOString())", "in 2 hours"),
        ("m.relative('')", NONE),
    ],
)
def test_values_are_written_as_people_read_them(page: Page, code: str, text: str) -> None:
    assert run(page, "format.js", code) == text


def test_text_is_never_markup(page: Page) -> None:
    made = f"m.h('p', {{ title: {MARKUP!r}, class: {MARKUP!r} }}, {MARKUP!r}, [[{MARKUP!r}]]).childElementCount"
    assert run(page, "dom.js", made) == 0
    shown = f"document.body.append(m.fill(m.h('p'), {MARKUP!r})) ?? document.body.lastChild.textContent"
    assert run(page, "dom.js", shown) == MARKUP
    assert page.title() == "Empty"


@pytest.mark.parametrize(
    ("made", "markup"),
    [
        ("m.h('p', {}, 'a', null, undefined, false, true, 0, ['b', ['c']])", "<p>a0bc</p>"),
        ("m.h('p')", "<p></p>"),
        ("m.h('p', { id: 'x', title: null, lang: undefined })", '<p id="x"></p>'),
        ("m.h('ol', { reversed: true, inert: false })", '<ol reversed=""></ol>'),
        ("m.h('p', { 'aria-expanded': false, 'aria-busy': true })", '<p aria-expanded="false" aria-busy="true"></p>'),
        ("m.h('p', { style: { '--share': '40%' } })", '<p style="--share: 40%;"></p>'),
        ("m.h('p', { hidden: true })", '<p hidden=""></p>'),
        ("m.h('p', { hidden: false })", "<p></p>"),
        ("m.svg('g', { opacity: 0 }, m.svg('path'))", '<g opacity="0"><path></path></g>'),
    ],
)
def test_elements_are_made_of_values(page: Page, made: str, markup: str) -> None:
    assert run(page, "dom.js", f"{made}.outerHTML") == markup


def test_a_handler_is_called(page: Page) -> None:
    code = "(() => { let n = 0; m.h('button', { onClick: () => { n += 1; } }).click(); return n; })()"
    assert run(page, "dom.js", code) == 1


def test_a_link_changes_some_parameters_and_keeps_the_rest(page: Page) -> None:
    assert run(page, "router.js", "m.link({ call: 15, status: null })") == "?view=calls&call=15"
    assert run(page, "router.js", "m.link({ customer: 'a & b=<c>', status: '' })") == (
        "?view=calls&customer=a+%26+b%3D%3Cc%3E"
    )


def test_listeners_are_called_for_every_navigation_of_the_history(page: Page) -> None:
    run(page, "router.js", "(m.startRouter(), window.seen = [], m.onNavigate((p) => window.seen.push(String(p))), 0)")
    run(page, "router.js", "m.navigate({ call: 1 })")
    run(page, "router.js", "m.navigate({ call: 2 }, { replace: true })")
    page.go_back()
    page.wait_for_function("window.seen.length >= 3")
    assert page.evaluate("window.seen") == [
        "view=calls&status=Ready&call=1",
        "view=calls&status=Ready&call=2",
        "view=calls&status=Ready",
    ]


def test_a_click_with_a_key_is_the_browsers_own(page: Page) -> None:
    run(page, "router.js", "(m.startRouter(), 0)")
    page.evaluate(
        "() => document.body.append(Object.assign(document.createElement('a'), { href: '?a=1', text: 'go' }))"
    )
    # The window hears of a click after the document; what nobody took there, it keeps from the browser.
    listen = "(event) => { window.isTaken = event.defaultPrevented; event.preventDefault(); }"
    page.evaluate(f"() => window.addEventListener('click', {listen})")
    page.get_by_text("go").click(modifiers=["ControlOrMeta"])
    assert page.evaluate("window.isTaken") is False
    assert "a=1" not in page.url
    page.get_by_text("go").click()
    assert page.url.endswith("/?a=1")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("new m.ApiError(404, 'not_found', 'No such call.')", ["Not found", "No such call."]),
        ("new m.ApiError(403, 'forbidden', 'Access denied.')", ["No access", "no organization"]),
        ("new m.ApiError(503, 'unavailable', 'Try again.')", ["could not be loaded", "Try again."]),
        ("new m.OfflineError()", ["cannot be reached"]),
        ("new Error('<b>odd</b>')", ["<b>odd</b>"]),
        ("undefined", ["Something went wrong"]),
    ],
)
def test_a_failure_says_what_is_going_on(page: Page, error: str, said: list[str]) -> None:
    failure = f"(await import('{HOST}/placeholders.js')).failure({error}, () => {{}}).textContent"
    text = run(page, "errors.js", failure)
    assert [part for part in [*said, "Try again"] if part not in text] == []


def test_claims_are_read_whatever_a_token_is(page: Page) -> None:
    assert run(page, "tokens.js", "m.claimsOf('x.eyJuYW1lIjoiWm_DqyJ9.y')") == {"name": "Zoë"}
    nonsense = "[null, '', 'a', 'a.b.c', 'a.bnVsbA.c', 'a.MQ.c'].map(m.claimsOf)"
    assert run(page, "tokens.js", nonsense) == [{}, {}, {}, {}, {}, {}]


ANSWERED = {
    "nps_score": 9,
    "summary": "The customer was content.",
    "call_reason": "Follow-up",
    "feedback": {"content": "Quick.", "positives": "Fast\nFriendly", "detractors": None, "action_items": None},
}


def _others(page: Page, data: Any) -> Any:  # noqa: ANN401 - any JSON
    call = ANSWERED | {"feedback": ANSWERED["feedback"] | {"structured_data": data}}  # type: ignore[operator] # an object
    return run(page, "answers.js", f"m.otherAnswers({json.dumps(call)})")


@pytest.mark.parametrize(
    ("data", "others"),
    [
        (None, []),
        ({"nps_score": 9, "overall_feedback": "Quick.", "positives": ["Fast", "Friendly", "UNKNOWN"]}, []),
        ({"nps_score": "9", "Call Reason": "Follow-up", "summary": " The customer was content. "}, []),
        ({"nps_score": 3, "overall_feedback": "Slow."}, [["nps_score", 3], ["overall_feedback", "Slow."]]),
        ({"positives": ["Fast"], "detractors": "Price"}, [["positives", ["Fast"]], ["detractors", "Price"]]),
        ({"nps_validated": True, "visits": 9}, [["nps_validated", True], ["visits", 9]]),
        ({"a": None, "b": "", "c": " unknown ", "d": [], "e": {}, "f": [""], "nps_score": -1}, []),
        ({"vehicle": {"make": "van"}}, [["vehicle", {"make": "van"}]]),
        ({"structuredOutputs": {"id": {"name": "NPS Score", "result": 9}}}, []),
        ({"structuredOutputs": {"id": {"name": "NPS Score", "result": 4}}}, [["NPS Score", 4]]),
        ({"structuredOutputs": {"id": {"name": "Mood", "result": "calm"}}}, [["Mood", "calm"]]),
        ({"structuredOutputs": {"id": {"name": "Mood", "result": None}, "x": None}}, []),
        ({"structuredOutputs": {"id": {"result": "calm"}, "mood": "calm"}}, [["id", "calm"], ["mood", "calm"]]),
        (
            {"structuredOutputs": {"id": {"name": "Survey", "result": {"nps_score": 9, "mood": "calm"}}}},
            [["mood", "calm"]],
        ),
        ({"structuredOutputs": {"id": {"nps_score": 9, "mood": "calm"}}}, [["mood", "calm"]]),
        ({"structuredOutputs": [{"name": "Mood", "result": "calm"}]}, [["Mood", "calm"]]),
        ({"structuredDataMulti": [{"key": "survey", "data": {"mood": "calm"}}]}, [["mood", "calm"]]),
        ({"structuredData": [{"mood": "calm"}, {"nps_score": 9}]}, [["mood", "calm"]]),
        ({"structuredData": "He smiled."}, [["structuredData", "He smiled."]]),
        ({"scorecards": {"id": {"name": "Quality", "score": 8, "scoreNormalized": 80}}}, [["Quality", 8]]),
        ({"successEvaluation": "true"}, [["successEvaluation", "true"]]),
    ],
)
def test_other_answers_are_those_that_stand_nowhere_else(page: Page, data: Any, others: list[Any]) -> None:  # noqa: ANN401 - any JSON
    assert _others(page, data) == others


def test_a_long_reason_stands_where_it_is_cut(page: Page) -> None:
    call = ANSWERED | {"call_reason": "x" * 100, "feedback": {"structured_data": {"call_reason": "x" * 150}}}
    assert run(page, "answers.js", f"m.otherAnswers({json.dumps(call)})") == []


def test_other_answers_are_on_the_page_as_text(page: Page) -> None:
    call = ANSWERED | {"feedback": {"content": "Quick.", "structured_data": {"mood": MARKUP, "list": ["a", "b"]}}}
    code = f"document.body.append(m.outcomeSection({json.dumps(call)}))"
    run(page, "call_facts.js", code)
    shown = page.get_by_test_id("other-answers")
    shown.get_by_text("Other answers").click()
    assert shown.locator("dt").all_inner_texts() == ["Mood", "List"]
    assert shown.locator("dd").all_inner_texts() == [MARKUP, '["a","b"]']
