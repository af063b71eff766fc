"""The watch over the pages itself: what a browser complains about is heard."""

from typing import Final

import pytest
from playwright.sync_api import Page, Route

from tests.browser.conftest import PHONE, OpenPage
from tests.browser.pages import Complaints, wait_until

URL: Final = "http://page.example.com/"
POLICY: Final = "default-src 'none'; script-src 'nonce-good'; img-src data:"


def _show(page: Page, body: str, policy: str = POLICY) -> None:
    def answer(route: Route) -> None:
        if route.request.url == URL:
            html = f"<!doctype html><link rel=icon href=data:,>{body}"
            route.fulfill(body=html, content_type="text/html", headers={"Content-Security-Policy": policy})
        else:
            route.fulfill(status=404)

    page.route("http://page.example.com/**", answer)
    page.goto(URL)


def _wait_for(page: Page, complaints: Complaints, heard: str) -> None:
    wait_until(page, lambda: any(heard in found for found in complaints.unexpected), complaints.unexpected)


@pytest.mark.parametrize(
    ("body", "heard"),
    [
        ("<script nonce=good>console.error('a mistake')</script>", "console: a mistake"),
        ("<script nonce=good>throw new Error('forgotten')</script>", "uncaught: forgotten"),
        ("<script nonce=good>Promise.reject(new Error('unhandled'))</script>", "uncaught: unhandled"),
        ("<script>document.title = 'injected'</script>", "Content-Security-Policy: script-src"),
        ("<p style='color: red'>", "Content-Security-Policy: style-src"),
        ("<img src=http://elsewhere.example.com/x.png>", "Content-Security-Policy: img-src"),
    ],
)
def test_errors_on_a_page_fail_the_test(open_page: OpenPage, complaints: Complaints, body: str, heard: str) -> None:
    page = open_page()
    _show(page, body)
    _wait_for(page, complaints, heard)
    complaints.expect("")


def test_a_file_that_is_not_there_is_heard(open_page: OpenPage, complaints: Complaints) -> None:
    page = open_page()
    _show(page, "<script src=/missing.js></script>", "script-src 'self'; img-src data:")
    _wait_for(page, complaints, "404")
    complaints.expect("404")
    assert complaints.unexpected == []


def test_a_page_without_fault_is_quiet(open_page: OpenPage, complaints: Complaints) -> None:
    page = open_page()
    _show(page, "<script nonce=good>document.title = 'well'; console.warn('only a warning')</script>")
    assert page.title() == "well"
    assert complaints.unexpected == []


def test_pages_know_nothing_of_one_another(open_page: OpenPage) -> None:
    one, other = open_page(), open_page()
    for page in (one, other):
        _show(page, "<p>storage</p>")
    one.evaluate("sessionStorage.setItem('token', 'of one')")
    assert other.evaluate("sessionStorage.getItem('token')") is None


def test_a_page_gets_the_viewport_and_colour_scheme_of_its_test(open_page: OpenPage, scheme: str) -> None:
    page = open_page(color_scheme=scheme, **PHONE)
    _show(page, "<meta name=viewport content='width=device-width'>")
    assert page.evaluate("innerWidth") == 360
    assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") == (scheme == "dark")
