"""Signing in by OIDC: a stand-in issuer, the real page, and the deployed authorizer, which reads the issuer's keys."""

import json
import re
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from http import HTTPStatus
from typing import Any, Final

import pytest
from playwright.sync_api import Page, Route, expect

from local.issuer import Issuer
from local.running import read_stack
from local.simulator.application_rows import ORGANIZATION_ID
from local.stack import console_link
from local.stack_paths import StackPaths
from tests.browser.conftest import OpenPage
from tests.browser.issuer import CLIENT_ID, NAME, Behaviour, StandInIssuer, serve
from tests.browser.pages import Complaints
from tests.deployed import PATIENCE_SECONDS, DeployedStack, wait_for

pytestmark = pytest.mark.usefixtures("frame_alone")

LATE: Final = "**/v1/me"
"""One of the requests that a page sends at once when it starts."""

WITH_THE_ISSUER = ("AuthorizerFunction", "ConsoleFunction")
TOKENS = "JSON.parse(sessionStorage.getItem('autopulse.tokens'))"
ATTEMPT = "autopulse.sign-in"


@pytest.fixture(scope="module")
def _issuer(paths: StackPaths, _up: None) -> Iterator[StandInIssuer]:
    """The deployed stack believes this issuer as long as this module's tests run."""
    deployed = DeployedStack(paths, read_stack(paths))
    functions = deployed.cloud.client("lambda")
    names = [deployed.stack["functions"][logical_id] for logical_id in WITH_THE_ISSUER]
    before = {name: functions.get_function_configuration(FunctionName=name)["Environment"] for name in names}
    with serve(StandInIssuer(Issuer(paths), f"{deployed.stack['api_url']}/console/")) as issuer:
        for name, environment in before.items():
            told = environment["Variables"] | issuer.environment
            _release(functions, name, {"Variables": told})
        wait_until_believed(deployed, issuer)
        yield issuer
    for name, environment in before.items():
        _release(functions, name, environment)


def _release(functions: Any, name: str, environment: Mapping[str, Any]) -> None:  # noqa: ANN401 - a boto3 client
    """Let the alias that everything calls serve this environment."""
    functions.update_function_configuration(FunctionName=name, Environment=environment)
    version = functions.publish_version(FunctionName=name)["Version"]
    functions.update_alias(FunctionName=name, Name="live", FunctionVersion=version)


def wait_until_believed(deployed: DeployedStack, issuer: StandInIssuer) -> None:
    """Until the authorizer has read the issuer's keys, and the functions behind it have started."""
    token = Issuer(deployed.paths).mint(ORGANIZATION_ID, iss=issuer.url, aud=CLIENT_ID)
    for method, path in (("GET", "calls"), ("POST", "live/tickets")):
        request = urllib.request.Request(  # noqa: S310 - the stack's own URL
            f"{deployed.stack['api_url']}/v1/{path}", method=method, headers={"Authorization": f"Bearer {token}"}
        )
        wait_for(partial(_is_answered, request), "an answer for the issuer's token")


def _is_answered(request: urllib.request.Request) -> bool:
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310 - as above
            return bool(answer.status < HTTPStatus.BAD_REQUEST)
    except OSError:
        return False


@pytest.fixture
def issuer(_issuer: StandInIssuer) -> StandInIssuer:
    _issuer.behaviour = Behaviour()
    return _issuer


@pytest.fixture
def visit(deployed: DeployedStack, open_page: OpenPage) -> Callable[[str], Page]:
    """Open an address of the console: what is after `console/`."""

    def visit(below: str = "") -> Page:
        page = open_page()
        page.goto(f"{deployed.stack['api_url']}/console/{below}")
        return page

    return visit


@pytest.fixture
def reader(issuer: StandInIssuer, visit: Callable[[str], Page]) -> Page:
    """Somebody who has signed in."""
    del issuer
    page = visit("")
    sign_in(page)
    is_in(page)
    return page


def sign_in(page: Page) -> None:
    page.get_by_test_id("sign-in").click()
    page.get_by_role("button", name=f"Continue as {NAME}").click()


def is_in(page: Page) -> None:
    """Signed in, and the API and the WebSocket take the token."""
    expect(page.get_by_test_id("connection-state")).to_have_text("live")
    expect(page.locator(".person-name")).to_have_text(NAME)


def has_a_problem(page: Page, text: str | re.Pattern[str]) -> None:
    expect(page.get_by_test_id("sign-in-problem")).to_have_text(text)
    expect(page.get_by_test_id("sign-in")).to_be_visible()


def tokens_of(page: Page) -> dict[str, Any]:
    return dict(page.evaluate(TOKENS) or {})


def ask_for_calls(page: Page) -> int:
    """Return what the page's own way to the API is answered."""
    script = """async () => {
        const { href } = document.querySelector('link[rel=modulepreload][href$="/api.js"]');
        const { get } = await import(href);
        return get("calls", { limit: 1 }).then(() => 200, (error) => error.status ?? 0);
    }"""
    return int(page.evaluate(script))


def test_a_reader_signs_in_and_is_back_where_they_wanted_to_be(
    issuer: StandInIssuer, visit: Callable[[str], Page]
) -> None:
    page = visit("?view=feedback&campaign=3")
    sign_in(page)
    is_in(page)
    assert page.url.endswith("/console/?view=feedback&campaign=3")
    (asked,) = issuer.behaviour.authorizations
    assert asked["client_id"] == CLIENT_ID
    (granted,) = issuer.behaviour.grants
    assert granted["grant_type"] == "authorization_code"
    assert ask_for_calls(page) == 200


def test_nothing_of_the_sign_in_stays_behind(reader: Page) -> None:
    assert "code=" not in reader.url
    assert "state=" not in reader.url
    assert reader.evaluate("Object.keys(sessionStorage)") == ["autopulse.tokens"]
    assert reader.evaluate("Object.keys(localStorage)") == []
    assert reader.evaluate("document.cookie") == ""
    assert tokens_of(reader)["api_token"] == tokens_of(reader)["id_token"]


def test_a_reload_and_a_new_address_keep_the_reader(reader: Page) -> None:
    reader.reload()
    is_in(reader)


def test_each_sign_in_has_its_own_state_nonce_and_verifier(issuer: StandInIssuer, visit: Callable[[str], Page]) -> None:
    for _ in range(2):
        page = visit("")
        sign_in(page)
        is_in(page)
    one, other = issuer.behaviour.authorizations
    assert all(one[name] != other[name] for name in ("state", "nonce", "code_challenge"))


def test_an_unsolicited_authorization_response_is_refused(issuer: StandInIssuer, visit: Callable[[str], Page]) -> None:
    page = visit("?code=stolen&state=guessed")
    has_a_problem(page, re.compile("not begun in this tab"))
    assert issuer.behaviour.grants == []
    assert page.url.endswith("/console/")


def test_an_answer_to_another_sign_in_is_refused(issuer: StandInIssuer, visit: Callable[[str], Page]) -> None:
    page = visit("")
    page.get_by_test_id("sign-in").click()
    page.get_by_role("button", name="Decline").wait_for()
    page.goto(f"{issuer.behaviour.authorizations[-1]['redirect_uri']}?code=stolen&state=guessed")
    has_a_problem(page, re.compile("not begun in this tab"))
    assert issuer.behaviour.grants == []


def test_an_answer_in_the_name_of_another_issuer_is_refused(
    issuer: StandInIssuer, visit: Callable[[str], Page]
) -> None:
    page = visit("")
    page.get_by_test_id("sign-in").click()
    page.get_by_role("button", name="Decline").wait_for()
    asked = issuer.behaviour.authorizations[-1]
    page.goto(f"{asked['redirect_uri']}?code=x&state={asked['state']}&iss=https://other.example.com")
    has_a_problem(page, re.compile("another issuer"))
    assert issuer.behaviour.grants == []


def test_a_code_without_the_tabs_pkce_verifier_is_refused(
    issuer: StandInIssuer, visit: Callable[[str], Page], complaints: Complaints
) -> None:
    complaints.expect("400 (Bad Request)")
    page = visit("")
    page.get_by_test_id("sign-in").click()
    page.get_by_role("button", name="Decline").wait_for()
    here = issuer.behaviour.authorizations[-1]["redirect_uri"]
    code_address = issuer.agree(issuer.behaviour.authorizations[-1])
    page.goto(f"{here}config.json")
    spoil = f"""() => {{
        const attempt = JSON.parse(sessionStorage.getItem("{ATTEMPT}"));
        sessionStorage.setItem("{ATTEMPT}", JSON.stringify({{ ...attempt, verifier: "x".repeat(43) }}));
    }}"""
    page.evaluate(spoil)
    page.goto(code_address)
    has_a_problem(page, "The issuer refused: The grant is not good (invalid_grant).")


def test_an_error_text_of_the_issuer_is_never_markup(issuer: StandInIssuer, visit: Callable[[str], Page]) -> None:
    del issuer
    page = visit("")
    page.get_by_test_id("sign-in").click()
    page.get_by_role("button", name="Decline").click()
    has_a_problem(page, "The issuer refused: <b>not</b> today (access_denied).")
    sign_in(page)
    is_in(page)


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"nonce": "of another"}, "not for this sign-in"),
        ({"aud": "somebody else"}, "not for this console"),
        ({"aud": [CLIENT_ID, "somebody else"]}, "not for this console"),
        ({"azp": "somebody else"}, "not for this console"),
        ({"iat": None}, "not for this console"),
        ({"iss": "https://other.example.com"}, "not for this console"),
        ({"sub": None}, "not for this console"),
        ({"exp": 1}, "has ended already"),
        ({"exp": None}, "has ended already"),
    ],
)
def test_a_token_that_is_not_for_this_sign_in_is_refused(
    issuer: StandInIssuer, visit: Callable[[str], Page], claims: dict[str, Any], said: str
) -> None:
    issuer.behaviour.claims = claims
    page = visit("")
    sign_in(page)
    has_a_problem(page, re.compile(said))
    assert tokens_of(page) == {}


@pytest.mark.parametrize(
    ("description", "said"),
    [
        ({"issuer": "https://other.example.com"}, "does not describe itself as that"),
        ({"token_endpoint": "http://localhost:9/token"}, "http://localhost:9, .* parameter OidcOrigins"),
        ({"token_endpoint": None}, "no address"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "an address that is none"),
    ],
)
def test_an_issuer_that_is_badly_described_is_named(
    issuer: StandInIssuer, visit: Callable[[str], Page], description: dict[str, Any], said: str
) -> None:
    issuer.behaviour.description = description
    page = visit("")
    page.get_by_test_id("sign-in").click()
    has_a_problem(page, re.compile(said))


def test_an_issuer_that_names_itself_with_another_slash_is_refused(
    issuer: StandInIssuer, visit: Callable[[str], Page]
) -> None:
    issuer.behaviour.description = {"issuer": f"{issuer.url}/"}  # the API would refuse all tokens of that name
    page = visit("")
    page.get_by_test_id("sign-in").click()
    has_a_problem(page, re.compile("does not describe itself as that"))


def test_a_token_is_renewed_before_it_ends_once_for_all_who_ask(
    issuer: StandInIssuer, visit: Callable[[str], Page]
) -> None:
    issuer.behaviour.lifetimes = [30]  # less than the margin, so it is renewed at its first use
    page = visit("")
    sign_in(page)
    is_in(page)
    assert ask_for_calls(page) == 200
    assert [granted["grant_type"] for granted in issuer.behaviour.grants] == ["authorization_code", "refresh_token"]
    assert ask_for_calls(page) == 200
    assert len(issuer.behaviour.grants) == 2
    assert len(issuer.behaviour.authorizations) == 1


def test_a_token_that_cannot_be_renewed_just_now_is_used_while_it_holds(
    issuer: StandInIssuer, reader: Page, complaints: Complaints
) -> None:
    complaints.expect("503 (Service Unavailable)")
    issuer.behaviour.cannot_refresh = True
    reader.evaluate(
        f"""() => sessionStorage.setItem("autopulse.tokens",
            JSON.stringify({{ ...{TOKENS}, expires_at: Date.now() + 50_000 }}))"""
    )
    assert ask_for_calls(reader) == 200
    assert len(issuer.behaviour.authorizations) == 1
    assert [granted["grant_type"] for granted in issuer.behaviour.grants] == ["authorization_code"]


def test_a_token_that_the_api_refuses_is_renewed_once(
    issuer: StandInIssuer, reader: Page, complaints: Complaints
) -> None:
    complaints.expect("401 (Unauthorized)")
    reader.evaluate(
        f"""() => sessionStorage.setItem("autopulse.tokens",
            JSON.stringify({{ ...{TOKENS}, api_token: "no.such.token" }}))"""
    )
    assert ask_for_calls(reader) == 200
    assert [granted["grant_type"] for granted in issuer.behaviour.grants] == ["authorization_code", "refresh_token"]


@pytest.mark.parametrize("reason", ["no refresh token", "refused"])
def test_who_cannot_be_renewed_goes_to_the_issuer_and_comes_back(
    issuer: StandInIssuer, visit: Callable[[str], Page], complaints: Complaints, reason: str
) -> None:
    complaints.expect("400 (Bad Request)")
    if reason == "refused":
        issuer.behaviour.lifetimes = [30]  # less than the margin, so it is renewed at its first use
    issuer.behaviour.gives_refresh_tokens = reason == "refused"
    issuer.behaviour.refuses_refresh = True
    page = visit("?view=feedback")
    sign_in(page)
    if reason == "no refresh token":
        is_in(page)
        end = f"""() => sessionStorage.setItem("autopulse.tokens", JSON.stringify({{ ...{TOKENS}, expires_at: 1 }}))"""
        page.evaluate(end)
        with page.expect_navigation(url=re.compile("/console/")):
            page.evaluate(
                """async () => {
                    const { href } = document.querySelector('link[rel=modulepreload][href$="/api.js"]');
                    (await import(href)).get("calls", {}).catch(() => null);
                }"""
            )
    is_in(page)
    assert len(issuer.behaviour.authorizations) == 2
    assert page.url.endswith("/console/?view=feedback")


def test_an_issuer_whose_tokens_the_api_refuses_makes_no_circle(
    issuer: StandInIssuer, visit: Callable[[str], Page], complaints: Complaints
) -> None:
    complaints.expect("401 (Unauthorized)")
    issuer.behaviour.spoils_signatures = True
    page = visit("")
    sign_in(page)
    has_a_problem(page, re.compile("does not accept your sign-in"))
    assert len(issuer.behaviour.authorizations) == 1
    assert len(issuer.behaviour.grants) == 2
    assert tokens_of(page) == {}


def test_a_request_that_is_refused_after_the_end_of_the_sign_in_goes_to_no_issuer(
    issuer: StandInIssuer, visit: Callable[[str], Page], complaints: Complaints
) -> None:
    """The page sends several requests at once; the first of them that is refused twice ends the sign-in."""
    complaints.expect("401 (Unauthorized)")
    issuer.behaviour.spoils_signatures = True
    page = visit("")
    late: list[Route] = []
    page.route(LATE, lambda route: late.append(route))  # noqa: PLW0108 - Playwright marks the handler, which a method of a list does not take
    sign_in(page)
    has_a_problem(page, re.compile("does not accept your sign-in"))
    with page.expect_response(LATE):
        late[0].continue_()
    page.wait_for_load_state("networkidle")
    assert page.evaluate("sessionStorage.getItem('autopulse.redirected-at')") is None
    assert len(issuer.behaviour.authorizations) == 1


def test_signing_out_ends_it_here_and_at_the_issuer(issuer: StandInIssuer, reader: Page) -> None:
    tokens = tokens_of(reader)
    reader.get_by_test_id("sign-out").click()
    expect(reader.get_by_test_id("sign-in")).to_be_visible()
    reader.wait_for_url(re.compile("/console/$"))
    expect(reader.get_by_test_id("sign-in")).to_be_visible()
    assert tokens_of(reader) == {}
    assert issuer.behaviour.revoked == [tokens["refresh_token"]]
    (left,) = issuer.behaviour.exits
    assert left["id_token_hint"] == tokens["id_token"]
    assert left["client_id"] == CLIENT_ID
    assert left["post_logout_redirect_uri"] == left["logout_uri"] == reader.url
    reader.get_by_test_id("sign-in").click()
    expect(reader.get_by_role("button", name=f"Continue as {NAME}")).to_be_visible()


def test_an_issuer_without_a_way_out_leaves_the_reader_signed_out_here(issuer: StandInIssuer, reader: Page) -> None:
    issuer.behaviour.description = {"end_session_endpoint": None, "revocation_endpoint": None}
    reader.reload()  # the page has read the description, if at all, before it changed
    is_in(reader)
    reader.get_by_test_id("sign-out").click()
    has_a_problem(reader, "You are signed out.")
    assert issuer.behaviour.exits == []
    assert issuer.behaviour.revoked == []


def test_no_link_signs_people_in_where_they_sign_in_themselves(
    deployed: DeployedStack, issuer: StandInIssuer, open_page: OpenPage
) -> None:
    del issuer
    page = open_page()
    page.goto(console_link(deployed.stack["console_url"], deployed.stack["api_token"]))
    expect(page.get_by_test_id("sign-in")).to_be_visible()
    assert tokens_of(page) == {}
    assert "#" not in page.url


def test_the_configuration_says_where_to_sign_in(
    deployed: DeployedStack, issuer: StandInIssuer, open_page: OpenPage
) -> None:
    page = open_page()
    answer = page.request.get(f"{deployed.stack['api_url']}/console/config.json")
    said = json.loads(answer.text())
    assert (said["issuer"], said["client_id"]) == (issuer.url, CLIENT_ID)
    assert issuer.url in said["origins"]
