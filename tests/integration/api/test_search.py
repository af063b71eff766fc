"""A search finds calls by what was said, by their visit or by a number, and says where in the call the hit is."""

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine

from autopulse.db.words import follow_words, give_words
from tests.integration.api.client import OURS, THEIRS, Api

SAID = ["Hello, is this Dana?", "Yes. I waited forty minutes, and the coffee was cold.", "I am sorry about that."]


class Searched:
    """Makes calls that can be searched for."""

    def __init__(self, api: Api, url: str) -> None:
        self.api = api
        self._engine = create_engine(url.replace("postgresql:", "postgresql+pg8000:"))

    def close(self) -> None:
        self._engine.dispose()

    def make(
        self, *turns: str, organization: object = OURS, feedback: dict[str, object] | None = None, **of: object
    ) -> int:
        """A call that is over, with its words."""
        usual: dict[str, object] = {"start_time": "2026-11-02T15:00:00Z", "outcome": "reached"}
        call = self.api.call(organization, **(usual | of))
        for place, said in enumerate(turns):
            role = "human" if place % 2 else "assistant"
            self.api.turn(call, said, role=role, timestamp=f"2026-11-02T15:00:{place:02}Z")
        if feedback:
            self.api.feedback(call, **feedback)
        self.follow(call)
        return call

    def follow(self, *calls: int) -> None:
        with self._engine.begin() as transaction:
            follow_words(transaction, calls)

    def give(self) -> None:
        with self._engine.connect() as connection:
            give_words(connection, connection.commit)


@pytest.fixture
def searched(api: Api, module_database_url: str) -> Iterator[Searched]:
    searched = Searched(api, module_database_url)
    yield searched
    searched.close()


@pytest.mark.parametrize(
    "q", ["coffee", "cof", "COFFEE", "forty minutes", '"forty minutes"', "minutes coffee", "the coffee"]
)
def test_what_was_said_is_found_in_its_turn(searched: Searched, q: str) -> None:
    call = searched.make(*SAID)
    searched.make("Nothing of it.")
    (item,) = searched.api.get("/calls", q=q).json["items"]
    assert item["id"] == call
    assert (item["match"]["where"], item["match"]["turn"]) == ("turn", 1)
    for start, end in item["match"]["marks"]:
        assert item["match"]["text"][start:end].lower() in {"coffee", "cof", "forty", "minutes", "forty minutes"}


@pytest.mark.parametrize(
    ("q", "where"),
    [
        ("wonderful", "summary"),
        ("rattle", "complaint"),
        ("call back", "action_item"),
        ("friendly", "praise"),
        ("mediocre", "feedback"),
    ],
)
def test_a_hit_outside_of_the_turns_says_where_it_is(searched: Searched, q: str, where: str) -> None:
    said: dict[str, object] = {
        "content": "It was mediocre.",
        "detractors": "A rattle.",
        "positives": "Friendly.",
        "action_items": "Call back.",
    }
    call = searched.make(*SAID, feedback=said, feedback_summary="All was wonderful.")
    (item,) = searched.api.get("/calls", q=q).json["items"]
    assert (item["id"], item["match"]["where"], item["match"]["turn"]) == (call, where, None)
    assert item["match"]["marks"]


def test_names_vehicles_advisors_and_numbers_are_found_also_of_calls_that_are_still_to_come(searched: Searched) -> None:
    api = searched.api
    visit = api.service_record(
        customer_name="Zoé Placeholder", vehicle_info="2021 Sample F-150", service_advisor_name="Robin Invented"
    )
    call = api.call(service_record_id=visit, status="Ready", customer_number="+12025550142")
    for q in ("zoe", "zoé pla", "sample 150", "robin", "place robin 2021", "0142", "555 0142"):
        (item,) = api.get("/calls", q=q).json["items"]
        assert (item["id"], item["match"]) == (call, None), q
    assert api.ids("/calls", q='"zoé placeholder"') == [call]
    assert api.ids("/calls", q='"placeholder zoe"') == []
    assert api.ids("/calls", q="zoe coffee") == []
    assert api.ids("/calls", q="9142") == []


def test_words_of_the_visit_and_words_that_were_said_are_found_together(searched: Searched) -> None:
    visit = searched.api.service_record(customer_name="Sébastien Sample")
    call = searched.make(*SAID, service_record_id=visit)
    searched.make(*SAID)
    assert searched.api.ids("/calls", q="sebastien coffee") == [call]


def test_accents_make_no_difference(searched: Searched) -> None:
    call = searched.make("Bonjour", "Le café était très froid, señora.")
    for q in ("café", "cafe", "CAFÉ", "senora", "etait froid", '"cafe etait"'):
        (item,) = searched.api.get("/calls", q=q).json["items"]
        assert (item["id"], item["match"]["turn"]) == (call, 1), q
        assert item["match"]["marks"], q


def test_a_phrase_has_to_be_said_in_one_turn_and_in_its_order(searched: Searched) -> None:
    call = searched.make("Forty", "minutes. Or was it forty long minutes?")
    assert searched.api.ids("/calls", q="forty minutes") == [call]
    assert searched.api.ids("/calls", q='"forty minutes"') == []
    assert searched.api.ids("/calls", q='"forty long minutes"') == [call]
    assert searched.api.ids("/calls", q='"long minute"') == []


@pytest.mark.parametrize(
    "q",
    [
        "coffee | x",
        "!coffee",
        "coffee & !tea",
        "'coffee'",
        "coffee:*",
        "(coffee",
        "@coffee",
        "<-> coffee",
        "\\coffee",
        'coffee"',
        "%coffee%",
        ".*coffee",
        "[coffee",
    ],
)
def test_nothing_that_is_typed_is_an_operator(searched: Searched, q: str) -> None:
    searched.make(*SAID)
    answer = searched.api.get("/calls", q=q)
    assert answer.status == 200
    assert len(answer.json["items"]) == (0 if q in {"coffee | x", "coffee & !tea"} else 1)


@pytest.mark.parametrize("q", ["the", '"in the"', '"the" of', "à la", '"', '""x'])
def test_words_without_a_meaning_of_their_own_find_names_alone(searched: Searched, q: str) -> None:
    searched.make(*SAID)
    answer = searched.api.get("/calls", q=q)
    assert answer.status == (400 if q == '"' else 200)
    assert answer.json.get("items", []) == []


def test_nothing_of_another_organization_is_found(searched: Searched) -> None:
    theirs = searched.make(*SAID, organization=THEIRS)
    visit = searched.api.service_record(THEIRS, customer_name="Zoe Placeholder")
    searched.api.call(THEIRS, service_record_id=visit, customer_number="+12025550142")
    for q in ("coffee", '"forty minutes"', "zoe", "0142"):
        assert searched.api.ids("/calls", q=q) == []
    assert searched.api.ids("/calls", THEIRS, q="coffee") == [theirs]


def test_pages_follow_one_another_over_months_in_both_orders(searched: Searched) -> None:
    times = [
        "2026-11-02T15:00:00Z",
        "2026-11-01T00:00:00Z",
        "2026-10-31T23:59:59Z",
        "2026-10-05T10:00:00Z",
        "2025-01-31T10:00:00Z",
        "2016-02-01T00:00:00Z",
    ]
    made = [searched.make(*SAID, start_time=time) for time in times]
    made.append(searched.make(*SAID, start_time="1999-02-01T00:00:00Z"))
    unknown = searched.make(*SAID, start_time=None, updated_at=None)
    for order, expected in (("newest", [*made, unknown]), ("oldest", [unknown, *reversed(made)])):
        found: list[int] = []
        cursor: dict[str, object] = {}
        while True:
            page = searched.api.get("/calls", q="coffee", limit=2, order=order, **cursor).json
            found += [item["id"] for item in page["items"]]
            if not page["next_cursor"]:
                break
            cursor = {"cursor": page["next_cursor"]}
        assert found == expected
    assert searched.api.get("/calls/count", q="coffee").json == {"count": 8, "is_all": True}


def test_a_search_is_narrowed_by_other_filters(searched: Searched) -> None:
    advisor = searched.api.insert('"user"', name="Robin Sample", organization_id=OURS)
    visit = searched.api.service_record(service_advisor_id=advisor)
    call = searched.make(*SAID, service_record_id=visit, nps_score=3, start_time="2026-11-03T15:00:00Z")
    other = searched.make(*SAID, nps_score=9)
    ids = searched.api.ids
    assert ids("/calls", q="coffee") == [call, other]
    assert ids("/calls", q="coffee", nps_category="detractor") == [call]
    assert ids("/calls", q="coffee", advisor=advisor) == [call]
    assert ids("/calls", q="coffee", from_="2026-11-03T00:00:00Z") == [call]
    assert ids("/calls", q="coffee", to="2026-11-03T00:00:00Z") == [other]
    assert ids("/calls", q="robin") == [call], "the name that the application has of its user"


@pytest.mark.parametrize(("moved", "is_found"), [("2026-11-02T01:00:00Z", True), ("2026-11-03T14:00:00Z", False)])
def test_a_time_that_changed_since_the_words_were_written_decides(
    searched: Searched, moved: str, *, is_found: bool
) -> None:
    call = searched.make(*SAID)
    searched.api.database.run("UPDATE call SET start_time = :moved WHERE id = :id", moved=moved, id=call)
    ids = searched.api.ids
    time = {"from_": "2026-11-02T00:30:00Z", "to": "2026-11-03T12:00:00Z"}
    assert ids("/calls", q="coffee", **time) == [call] * is_found
    assert ids("/calls", q="coffee", from_=moved) == [call]


def test_the_turn_with_most_of_what_was_asked_for_is_the_hit(searched: Searched) -> None:
    searched.make("Coffee?", "Forty.", "And cold coffee for forty minutes.")
    (item,) = searched.api.get("/calls", q="coffee forty minutes").json["items"]
    assert item["match"]["turn"] == 2


def test_a_list_that_is_no_search_has_no_match_and_files_never_do(searched: Searched) -> None:
    searched.make(*SAID)
    (item,) = searched.api.get("/calls").json["items"]
    assert item["match"] is None
    (row,) = searched.api.get("/calls.csv", q="coffee").rows
    assert "match" not in row


def test_calls_of_before_get_their_words(searched: Searched) -> None:
    call = searched.make(*SAID)
    searched.api.database.run("DELETE FROM call_words")
    assert searched.api.ids("/calls", q="coffee") == []
    searched.give()
    assert searched.api.ids("/calls", q="coffee") == [call]
