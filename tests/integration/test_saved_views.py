"""Views of the console that people keep: GET, PUT and DELETE, as the role of the follow-ups' function."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final
from urllib.parse import quote

import pytest

from autopulse.api.saved_view_models import SavedView
from autopulse.domain.saved_views import MAX_ADDRESS_CHARACTERS, MAX_NAME_CHARACTERS, MAX_VIEWS
from autopulse.follow_ups import endpoint
from autopulse.follow_ups.services import Services
from local.events import reading_event
from local.postgres import WRITER
from tests.harness import engine_for
from tests.integration.people import Answer, ask
from tests.integration.pipeline import ORGANIZATION, OTHER_ORGANIZATION, Pipeline

ADDRESS: Final = "?view=calls&nps_category=detractor"


class People:
    """Who keeps views; each request may come to a container of its own."""

    def __init__(self, pipeline: Pipeline, url: str) -> None:
        self.pipeline, self._url = pipeline, url
        self._made: list[Services] = []

    def services(self) -> Services:
        services = Services()
        vars(services)["engine"] = engine_for(self._url, WRITER)
        self._made.append(services)
        return services

    def close(self) -> None:
        for services in self._made:
            services.engine.dispose()

    def send(self, method: str, path: str, body: Any = None, **who: str) -> Answer:  # noqa: ANN401 - any JSON
        return ask(endpoint.handle, method, path, body, **who)

    def save(self, name: str, address: str = ADDRESS, **who: str) -> Answer:
        return self.send("PUT", f"/v1/views/{quote(name, safe='')}", {"address": address}, **who)

    def remove(self, name: str, **who: str) -> Answer:
        return self.send("DELETE", f"/v1/views/{quote(name, safe='')}", **who)

    def views(self, **who: str) -> list[tuple[str, str]]:
        status, answer = self.send("GET", "/v1/views", **who)
        assert status == 200
        return [(item["name"], item["address"]) for item in answer["items"]]

    def fill(self, number: int) -> None:
        self.pipeline.database.run(
            "INSERT INTO saved_view (organization_id, subject, name, address)"
            " SELECT :organization, 'kim', 'View ' || n, '?view=calls' FROM generate_series(1, :number) AS n",
            organization=ORGANIZATION,
            number=number,
        )


@pytest.fixture
def people(pipeline: Pipeline, module_database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[People]:
    people = People(pipeline, module_database_url)
    pipeline.database.run("DELETE FROM saved_view")
    services = people.services()
    monkeypatch.setattr(endpoint, "container_services", lambda: services)
    yield people
    people.close()


def test_a_view_is_kept_by_who_may_only_read(people: People) -> None:
    status, made = people.save("My detractors")
    assert status == 201
    assert (made["name"], made["address"]) == ("My detractors", ADDRESS)
    assert made["created_at"] == made["updated_at"]
    assert people.views() == [("My detractors", ADDRESS)]


def test_a_view_of_the_same_name_replaces_it(people: People) -> None:
    people.save("Mine")
    status, made = people.save("Mine", "?view=feedback")
    assert status == 200
    assert made["created_at"] < made["updated_at"]
    assert people.views() == [("Mine", "?view=feedback")]


def test_views_are_in_the_order_of_their_names(people: People) -> None:
    for name in ("overdue", "Detractors", "alex"):
        people.save(name)
    assert [name for name, _ in people.views()] == ["alex", "Detractors", "overdue"]


def test_nobody_sees_replaces_or_removes_the_view_of_another(people: People) -> None:
    people.pipeline.database.run(
        "INSERT INTO organization (id, name) VALUES (:id, 'Elsewhere') ON CONFLICT DO NOTHING", id=OTHER_ORGANIZATION
    )
    people.save("Mine")
    for who in ({"subject": "alex"}, {"organization_id": OTHER_ORGANIZATION}):
        assert people.views(**who) == []
        assert people.remove("Mine", **who)[0] == 404
        assert people.save("Mine", "?view=feedback", **who)[0] == 201
    assert people.views() == [("Mine", ADDRESS)]


def test_who_is_bounded_to_an_advisors_calls_has_the_same_views(people: People) -> None:
    people.save("Mine", advisor_id="7")
    assert people.views(advisor_id="7") == people.views() == [("Mine", ADDRESS)]


def test_a_view_is_removed_once(people: People) -> None:
    people.save("Mine")
    assert people.remove("Mine") == (204, {})
    assert people.views() == []
    status, answer = people.remove("Mine")
    assert (status, answer["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "name", ["Été à Québec", "No & yes + more?", "#1", "お客様", "a.b", "x" * MAX_NAME_CHARACTERS], ids=str
)
def test_a_name_comes_back_as_it_was_given(people: People, name: str) -> None:
    assert people.save(name)[0] == 201
    assert people.views() == [(name, ADDRESS)]
    assert people.remove(name)[0] == 204


def test_a_gateway_that_decodes_the_path_changes_nothing(people: People) -> None:
    assert people.send("PUT", "/v1/views/Été 2026", {"address": ADDRESS})[0] == 201
    assert people.save("E\u0301te\u0301 2026")[0] == 200
    assert people.views() == [("Été 2026", ADDRESS)]


@pytest.mark.parametrize(
    "name",
    ["x" * (MAX_NAME_CHARACTERS + 1), " ", "..", ".", "a/b", "100%", "a\\b", "a\nb", "a\0b", "\ud800"],
    ids=ascii,
)
def test_what_cannot_be_a_name_is_refused(people: People, name: str) -> None:
    path = f"/v1/views/{quote(name, safe='', errors='surrogatepass')}"
    for status, answer in (people.send("PUT", path, {"address": ADDRESS}), people.send("DELETE", path)):
        assert (status, answer["error"]["field"]) == (422, "name")
    assert people.views() == []


@pytest.mark.parametrize(
    "address",
    [
        *("", "?", "view=calls", "https://example.com/?view=calls", "//example.com", "/?view=calls", "javascript:x"),
        *("?a b", "?a#b", '?a"b', "?a\nb", "?é", None, 3, ["?view=calls"]),
        "?" + "x" * MAX_ADDRESS_CHARACTERS,
    ],
    ids=lambda address: ascii(address)[:20],
)
def test_what_cannot_be_an_address_is_refused(people: People, address: Any) -> None:  # noqa: ANN401 - any JSON
    status, answer = people.save("Mine", address)
    assert (status, answer["error"]["field"]) == (422, "address")
    assert people.views() == []


def test_the_longest_address_is_kept(people: People) -> None:
    longest = "?" + "x" * (MAX_ADDRESS_CHARACTERS - 1)
    assert people.save("Mine", longest)[0] == 201
    assert people.views() == [("Mine", longest)]


@pytest.mark.parametrize(
    ("body", "status"),
    [("", 400), ("{", 400), ("[]", 400), ('{"address": "?a", "name": "b"}', 400), ("{}", 422), ("x" * 50_001, 413)],
    ids=lambda value: str(value)[:20],
)
def test_a_body_that_is_none_is_refused(people: People, body: str, status: int) -> None:
    assert people.send("PUT", "/v1/views/Mine", body)[0] == status
    assert people.views() == []


@pytest.mark.parametrize(("method", "path"), [("PUT", "/v1/views"), ("DELETE", "/v1/views/"), ("PUT", "/v1/views/a/b")])
def test_a_path_without_a_name_is_none(people: People, method: str, path: str) -> None:
    assert people.send(method, path, {"address": ADDRESS})[0] == 404


def test_one_more_than_there_may_be_is_a_conflict_and_replacing_is_not(people: People) -> None:
    people.fill(MAX_VIEWS)
    status, answer = people.save("One more")
    assert (status, answer["error"]["code"]) == (409, "conflict")
    assert str(MAX_VIEWS) in answer["error"]["message"]
    assert people.save("View 1")[0] == 200
    assert people.save("One more", subject="alex")[0] == 201
    people.remove("View 2")
    assert people.save("One more")[0] == 201
    assert len(people.views()) == MAX_VIEWS


def test_two_browsers_that_save_at_once_do_not_make_one_too_many(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    people.fill(MAX_VIEWS - 1)
    monkeypatch.setattr(endpoint, "container_services", people.services)
    with ThreadPoolExecutor(8) as pool:
        statuses = [status for status, _ in pool.map(people.save, [f"New {number}" for number in range(8)])]
    assert sorted(statuses) == [201, *[409] * 7]
    assert len(people.views()) == MAX_VIEWS


@pytest.mark.parametrize("subject", ["", "x" * 256])
def test_a_token_that_does_not_say_who_somebody_is_keeps_nothing(people: People, subject: str) -> None:
    for answer in (
        people.save("Mine", subject=subject),
        people.send("GET", "/v1/views", subject=subject),
        people.remove("Mine", subject=subject),
    ):
        assert answer[0] == 403
    assert people.pipeline.rows("SELECT * FROM saved_view") == []


@pytest.mark.usefixtures("people")
def test_without_a_token_nothing_is_answered() -> None:
    event = reading_event("/v1/views")
    assert endpoint.handle(event)["statusCode"] == 401


def test_a_row_that_the_table_takes_can_be_shown(people: People) -> None:
    people.save("Mine")
    (row,) = people.pipeline.rows("SELECT * FROM saved_view")
    assert SavedView.model_validate(row).name == "Mine"


def test_no_line_of_the_log_has_a_name_or_an_address(people: People, caplog: pytest.LogCaptureFixture) -> None:
    people.save("Secret name", "?view=calls&customer=Dana+Example")
    people.remove("Secret name")
    said = [str(vars(record)) for record in caplog.records]
    assert ["/v1/views/<name>" in line for line in said] == [True, True]
    assert not [line for line in said if "Secret" in line or "Dana" in line]
