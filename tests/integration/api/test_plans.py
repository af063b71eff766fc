"""Every question is answered by an index: looked at in the plans that Postgres makes for a year of calls."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from pg8000.core import Context

from autopulse.db.queries.connection import PlanningConnection
from tests.benchmarks import archive
from tests.integration.api.client import Answer, Api

LARGE = {
    "call",
    "transcript",
    "webhook_event",
    "call_feedback",
    "service_record",
    "vapi_call",
    "call_quality",
    "follow_up",
    "call_words",
}
CALLS = 100_000
SPAN: dict[str, object] = {"from_": "2026-05-01T00:00:00Z", "to": "2026-11-01T00:00:00Z"}


@pytest.fixture(scope="module")
def api(module_api: Api, module_database_url: str) -> Api:
    with archive.without_indexes_of_words(module_database_url):
        archive.fill(module_database_url, CALLS, turns=2, events=1)
        archive.fill_quality(module_database_url)
        archive.fill_reasons(module_database_url)
        archive.fill_follow_ups(module_database_url)
    archive.fill_words(module_database_url)
    archive.look_at_statuses(module_database_url)
    return module_api


@dataclass
class Explained:
    """A request's answer and the nodes of its plan."""

    answer: Answer
    nodes: list[Mapping[str, Any]]

    def scans(self, relation: str) -> set[str]:
        return {node["Node Type"] for node in self.nodes if node.get("Relation Name") == relation}

    def reads(self, index: str) -> bool:
        """Return whether the index was read, and is not only a part of the plan."""
        return any(node["Actual Loops"] for node in self.nodes if node.get("Index Name") == index)


def _nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


def explain(api: Api, path: str, organization: str, monkeypatch: pytest.MonkeyPatch, **query: object) -> Explained:
    """Ask, and have the same statement with the same values explained on the same connection."""
    asked: list[tuple[str, Sequence[Any], tuple[int, ...]]] = []
    execute = PlanningConnection.execute_prepared

    def note(driver: PlanningConnection, operation: str, args: Sequence[Any], oids: tuple[int, ...]) -> Context:
        asked.append((operation, args, oids))
        return execute(driver, operation, args, oids)

    with monkeypatch.context() as patch:
        patch.setattr(PlanningConnection, "execute_prepared", note)
        answer = api.get(path, organization, **query)
    assert answer.status == 200 or answer.error["code"] == "recording_missing", answer.text
    ((operation, args, oids),) = asked
    with api.services.engine.connect() as connected:
        driver = connected.connection.driver_connection
        assert isinstance(driver, PlanningConnection)
        context = execute(driver, f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {operation}", args, oids)
    return Explained(answer, list(_nodes(context.rows[0][0][0]["Plan"])))


QUESTIONS: list[tuple[str, dict[str, object]]] = [
    ("/calls", {}),
    ("/calls", {"order": "oldest", "limit": 200}),
    ("/calls", {"status": "Completed"}),
    ("/calls", {"status": "In Progress"}),
    ("/calls", {"status": "Nobody's"}),
    ("/calls", SPAN | {"status": "Ringing,In Progress,Completed"}),
    ("/calls", {"outcome": "busy"}),
    ("/calls", {"outcome": "unknown"}),
    ("/calls", {"direction": "inbound"}),
    ("/calls", {"direction": "web"}),
    ("/calls", {"direction": "inbound,web"}),
    ("/calls", {"direction": "all"}),
    ("/calls", {"demo": "true"}),
    ("/calls", {"demo": "false"}),
    ("/calls", {"campaign": 3}),
    ("/calls", {"campaign": 39}),
    ("/calls", {"advisor": 7}),
    ("/calls", {"advisor": "Advisor"}),
    ("/calls", {"advisor": "Nobody"}),
    ("/calls", {"reason": "wait"}),
    ("/calls", {"reason": "any"}),
    ("/calls", {"reason": "no_such_reason", "advisor": 7}),
    ("/calls", {"customer": "0142"}),
    ("/calls", {"customer": "+1 202 555 0142"}),
    ("/calls", {"customer": "dana example abc"}),
    ("/calls", {"customer": "dana"}),
    ("/calls", {"customer": "nobody"}),
    ("/calls", {"nps_category": "promoter"}),
    ("/calls", {"nps_category": "passive"}),
    ("/calls", {"nps_category": "detractor"}),
    ("/calls", {"nps_category": "none"}),
    ("/calls", {"nps_category": "detractor", "campaign": 3}),
    ("/calls", {"nps_category": "detractor", "advisor": 7}),
    ("/calls", SPAN | {"nps_category": "detractor", "to_come": "false"}),
    ("/calls", {"status": "Ringing,In Progress,Forwarding"}),
    ("/calls/count", {"to_come": "true"}),
    ("/calls/count", {"to_come": "false", "nps_category": "detractor"}),
    ("/calls/count", {"status": "Ringing,In Progress,Forwarding"}),
    ("/calls", {"q": "coffee"}),
    ("/calls", {"q": "forty minutes"}),
    ("/calls", {"q": '"forty minutes"'}),
    ("/calls", {"q": "someth"}),
    ("/calls", {"q": "ke1900"}),
    ("/calls", {"q": "zzz"}),
    ("/calls", {"q": "dana coffee"}),
    ("/calls", {"q": "someth", "order": "oldest", "limit": 200}),
    ("/calls", SPAN | {"q": "coffee", "status": "Completed", "advisor": 7}),
    ("/calls", {"q": "0142"}),
    ("/calls", {"q": "sample sedan"}),
    ("/calls/count", {"q": "coffee"}),
    ("/calls", SPAN),
    ("/calls", {"to": "2025-01-01T00:00:00Z"}),
    ("/calls", SPAN | {"status": "Completed", "outcome": "reached", "campaign": 3, "direction": "inbound"}),
    ("/calls.csv", {}),
    ("/calls.csv", {"outcome": "reached", "limit": 5000}),
    ("/calls/99996", {}),
    ("/calls/99996/transcript", {}),
    ("/calls/99996/transcript", {"attempt": 1}),
    ("/calls/99996/recording", {}),
    ("/calls/99996/recording", {"attempt": 1}),
    ("/feedback", {}),
    ("/feedback", {"nps_category": "promoter"}),
    ("/feedback", {"nps_category": "detractor", "campaign": 3}),
    ("/feedback", {"reason": "price"}),
    ("/feedback", SPAN | {"reason": "other", "nps_category": "detractor"}),
    ("/feedback", {"text": "wait"}),
    ("/feedback", {"text": "invoice ke1900"}),
    ("/feedback", {"text": "zzz"}),
    ("/feedback", {"advisor": 7}),
    ("/feedback", {"direction": "web"}),
    ("/feedback", {"direction": "inbound", "nps_category": "passive"}),
    ("/feedback", {"direction": "all", "demo": "true"}),
    ("/feedback", SPAN),
    ("/feedback.csv", {}),
    ("/feedback/summary", SPAN),
    ("/feedback/summary", SPAN | {"direction": "web"}),
    ("/feedback/summary", SPAN | {"direction": "inbound,web"}),
    ("/feedback/summary", SPAN | {"direction": "all"}),
    ("/feedback/summary", SPAN | {"period": "week"}),
    ("/feedback/summary", SPAN | {"period": "month", "group": "campaign"}),
    ("/feedback/summary", SPAN | {"period": "week", "group": "advisor"}),
    ("/quality/summary", {}),
    ("/quality/summary", SPAN),
    ("/quality/summary", SPAN | {"direction": "all"}),
    ("/quality/summary", SPAN | {"campaign": 3}),
    ("/quality/summary", SPAN | {"advisor": 7}),
    ("/follow-ups", {}),
    ("/follow-ups", {"state": "open"}),
    ("/follow-ups", {"state": "open,acknowledged"}),
    ("/follow-ups", {"overdue": "true"}),
    ("/follow-ups", {"overdue": "false"}),
    ("/follow-ups", {"assignee": 7}),
    ("/follow-ups", {"assignee": "nobody"}),
    ("/follow-ups", {"campaign": 3, "state": "open"}),
    ("/follow-ups", {"campaign": 39}),
    ("/follow-ups", {"advisor": 7}),
    ("/follow-ups", {"advisor": "Nobody"}),
    ("/follow-ups", {"trigger": "callback_requested"}),
    ("/follow-ups", {"call": 7}),
    ("/follow-ups/summary", {}),
    ("/follow-ups/summary", SPAN),
    ("/follow-ups/summary", SPAN | {"period": "day"}),
]


@pytest.mark.parametrize(("path", "query"), QUESTIONS, ids=str)
@pytest.mark.parametrize("organization", [archive.LARGEST, archive.TYPICAL], ids=["largest", "typical"])
def test_no_large_table_is_read_as_a_whole(
    api: Api, organization: str, path: str, query: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    if path.startswith("/calls/") and organization != archive.LARGEST:
        path = path.replace("99996", str(api.ids("/calls", organization)[0]))
    explained = explain(api, path, organization, monkeypatch, **query)
    whole = {name for name in LARGE if "Seq Scan" in explained.scans(name)}
    assert whole == set()


def _of_calls(explained: Explained) -> Mapping[str, Any]:
    """Return what the page is found with; its rows are then looked up by their ids."""
    node, row = [node for node in explained.nodes if node.get("Relation Name") == "call"]
    assert row["Index Name"] == "call_pkey"
    assert node["Node Type"] in {"Index Scan", "Index Only Scan"}
    return node


def _first_pages(api: Api, query: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> list[Explained]:
    first = explain(api, "/calls", archive.LARGEST, monkeypatch, limit=2, **query)
    cursor = first.answer.json["next_cursor"]
    return [first, explain(api, "/calls", archive.LARGEST, monkeypatch, limit=2, cursor=cursor, **query)]


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ({}, "ix_call_organization_id_listing"),
        ({"status": "In Progress"}, "ix_call_organization_id_status_began"),
        ({"campaign": 3}, "ix_call_campaign_id_listing"),
        ({"direction": "inbound"}, "ix_call_organization_id_inbound"),
        ({"direction": "web"}, "ix_call_organization_id_web"),
        ({"demo": "true"}, "ix_call_organization_id_demo"),
        ({"to_come": "true"}, "ix_call_organization_id_to_come"),
        ({"nps_category": "detractor"}, "ix_call_organization_id_nps_category_began"),
        ({"reason": "any"}, "ix_call_organization_id_reason"),
    ],
)
def test_a_page_is_read_in_order_and_not_sorted(
    api: Api, query: dict[str, object], index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = _first_pages(api, query, monkeypatch)
    for page in pages:
        node = _of_calls(page)
        assert node["Index Name"] == index
        assert "Filter" not in node
    assert re.search(r"ROW\(", str(pages[1].nodes)), "the cursor is a condition of the index"


@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize(("query", "limits"), [({}, 0), ({"to": SPAN["to"]}, 1), (SPAN, 2)], ids=str)
def test_hits_of_a_search_outside_of_its_time_are_not_looked_up(
    api: Api, order: str, query: dict[str, object], limits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = _first_pages(api, query | {"q": "someth", "order": order}, monkeypatch)
    for page, cursors in zip(pages, (0, 1), strict=True):
        looked_up, hits = [node for node in page.nodes if node.get("Relation Name") == "call_words"]
        assert "Filter" in hits, looked_up
        assert hits["Filter"].count("began") == limits + cursors


WORDS, VISITS = "ix_call_words_words", "ix_service_record_organization_id_visit"


@pytest.mark.parametrize(
    ("q", "read"),
    [
        *[("people", {VISITS}), ("someth", {VISITS}), ('"said in a call"', {VISITS})],
        *[("dana", {WORDS}), ("sample sedan", {WORDS})],
        *[("ke1900", {WORDS, VISITS}), ("zzz", {WORDS, VISITS}), ("dana example abc", {WORDS, VISITS})],
    ],
)
def test_an_index_of_words_is_not_read_if_the_next_calls_fill_the_page(
    api: Api, q: str, read: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    explained = explain(api, "/calls", archive.LARGEST, monkeypatch, q=q)
    assert {index for index in (WORDS, VISITS) if explained.reads(index)} == read


def test_visits_of_a_common_word_are_looked_up_if_those_of_an_advisor_are_few(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_one = explain(api, "/calls", archive.LARGEST, monkeypatch, q="example", advisor=7)
    of_all = explain(api, "/calls", archive.LARGEST, monkeypatch, q="example", outcome="busy", direction="web")
    assert of_one.reads("ix_call_service_record_id")
    assert not of_all.reads("ix_call_service_record_id")


@pytest.mark.parametrize("query", [SPAN, {"nps_category": "detractor"}, {"order": "oldest"}], ids=str)
def test_a_word_that_all_calls_have_is_found_without_an_index_with_every_filter(
    api: Api, query: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    explained = explain(api, "/calls", archive.LARGEST, monkeypatch, q="people", **query)
    assert not explained.reads(WORDS)


def test_an_outcome_that_is_rare_has_its_index(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    explained = explain(api, "/calls", archive.LARGEST, monkeypatch, outcome="unknown")
    assert _of_calls(explained)["Index Name"] == "ix_call_organization_id_outcome_began"


@pytest.mark.parametrize(
    "query",
    [
        {"direction": "outbound"},
        {"direction": "outbound,web"},
        {"demo": "false"},
        {"status": "Completed"},
        {"outcome": "reached"},
        {"to_come": "false"},
        {"nps_category": "none"},
    ],
    ids=str,
)
def test_of_a_common_value_all_calls_are_walked_in_order(
    api: Api, query: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    for page in _first_pages(api, query, monkeypatch):
        node = _of_calls(page)
        assert (node["Node Type"], node["Index Name"]) == ("Index Only Scan", "ix_call_organization_id_listing")


def test_what_a_row_says_costs_one_key_for_each_row(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    explained = explain(api, "/calls", archive.LARGEST, monkeypatch, limit=20)
    (node,) = [node for node in explained.nodes if node.get("Relation Name") == "call_feedback"]
    assert node["Node Type"] == "Index Scan"
    assert node["Plan Rows"] == 1
    assert "call_id = " in node["Index Cond"]


@pytest.mark.parametrize("count", [1, 60, 200])
def test_calls_that_have_changed_are_looked_up_by_their_ids(
    api: Api, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = ",".join(map(str, api.ids("/calls", archive.LARGEST, limit=count)))
    explained = explain(api, "/calls", archive.LARGEST, monkeypatch, ids=ids, limit=200)
    assert _of_calls(explained)["Index Name"] == "call_pkey"
    assert len(explained.answer.json["items"]) == count


FILTERS: list[dict[str, object]] = [
    {"status": "Completed", "outcome": "failed", "demo": "true"},
    {"status": "Completed", "outcome": "failed", "direction": "inbound"},
]


@pytest.mark.parametrize("query", FILTERS, ids=str)
def test_several_filters_of_a_campaign_are_answered_from_its_index(
    api: Api, query: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    node = _of_calls(explain(api, "/calls", archive.LARGEST, monkeypatch, campaign=3, **query))
    assert (node["Node Type"], node["Index Name"]) == ("Index Only Scan", "ix_call_campaign_id_listing")


def test_filtering_by_category_needs_no_sort(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    _of_calls(explain(api, "/feedback", archive.LARGEST, monkeypatch, nps_category="promoter"))


@pytest.mark.parametrize("advisor", [25, 5])
def test_an_advisors_calls_are_found_without_reading_other_visits(
    api: Api, advisor: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of the organization, and one of another: 0 rows must not cost a walk through all calls."""
    explained = explain(api, "/calls", archive.TYPICAL, monkeypatch, advisor=advisor)
    found = {
        node["Index Name"] for node in explained.nodes if "record" in node.get("Alias", "") and "Index Name" in node
    }
    assert "ix_service_record_service_advisor_id_listing" in found


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ({"customer": "sam ex"}, "ix_service_record_organization_id_words"),
        ({"customer": "dana"}, "ix_service_record_organization_id_words"),
        ({"advisor": 7}, "ix_service_record_service_advisor_id_listing"),
        ({"advisor": "Nobody"}, "ix_service_record_advisor_name_listing"),
    ],
    ids=str,
)
def test_calls_of_visits_are_walked_in_their_order_or_looked_up(
    api: Api, query: dict[str, object], index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    explained = explain(api, "/calls", archive.LARGEST, monkeypatch, **query)
    used = [node["Index Name"] for node in explained.nodes if "Index Name" in node]
    assert index in used
    assert used.count("ix_call_organization_id_listing") == 2, "the next calls, and all of them"
    assert used.count("ix_call_service_record_id") == 1


@pytest.mark.parametrize("q", ["ke1900", "something", "forty minutes", '"forty minutes"', "someth coff"])
@pytest.mark.parametrize("query", [{}, {"order": "oldest"}, {"nps_category": "detractor"}], ids=str)
def test_words_are_looked_up_month_by_month_in_one_index(
    api: Api, q: str, query: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = explain(api, "/calls", archive.LARGEST, monkeypatch, limit=2, q=q, **query)
    cursor = first.answer.json["next_cursor"]
    assert cursor or q == "ke1900"
    pages = [first]
    if cursor:
        pages.append(explain(api, "/calls", archive.LARGEST, monkeypatch, limit=2, cursor=cursor, q=q, **query))
    for page in pages:
        used = [node["Index Name"] for node in page.nodes if "Index Name" in node]
        assert used.count(WORDS) == 1
        assert used.count("call_words_pkey") == 1, "those of the next calls"
        assert page.scans("call_words") == {"Bitmap Heap Scan", "Index Scan"}
        assert {item["match"]["where"] for item in page.answer.json["items"]} == {"turn"}


def test_the_summary_does_not_look_at_the_calls_themselves(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    for query in (
        SPAN,
        SPAN | {"direction": "web"},
        SPAN | {"direction": "all"},
        SPAN | {"period": "week", "group": "campaign"},
        SPAN | {"period": "week", "group": "advisor"},
        SPAN | {"period": "week", "campaign": 3},
    ):
        explained = explain(api, "/feedback/summary", archive.LARGEST, monkeypatch, **query)
        assert explained.scans("call") == {"Index Only Scan"}
        assert explained.scans("service_record") <= {"Index Only Scan"}


@pytest.mark.parametrize("query", [{}, {"direction": "all"}, {"campaign": 3}], ids=str)
def test_figures_of_how_calls_ran_are_read_from_indexes_alone(
    api: Api, query: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    explained = explain(api, "/quality/summary", archive.LARGEST, monkeypatch, **(SPAN | query))
    assert explained.scans("call") == {"Index Only Scan"}
    used = {node["Index Name"] for node in explained.nodes if node.get("Relation Name") == "call_quality"}
    assert "ix_call_quality_figures" in used
    assert explained.answer.json["measured"] > 100


@pytest.mark.parametrize("query", [{}, {"state": "open"}, {"overdue": "true"}], ids=str)
def test_the_inbox_is_walked_in_its_order(api: Api, query: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    first = explain(api, "/follow-ups", archive.LARGEST, monkeypatch, limit=2, **query)
    cursor = first.answer.json["next_cursor"]
    second = explain(api, "/follow-ups", archive.LARGEST, monkeypatch, limit=2, cursor=cursor, **query)
    for page in (first, second):
        node, row = [node for node in page.nodes if node.get("Relation Name") == "follow_up"]
        assert node["Index Name"] == "ix_follow_up_organization_id_state_due"
        assert row["Index Name"] == "follow_up_pkey"
        assert {item["id"] for item in page.answer.json["items"]}
    assert re.search(r"ROW\(", str(second.nodes)), "the cursor is a condition of the index"


def test_the_summary_of_follow_ups_reads_those_of_its_time_and_those_that_are_unanswered(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    explained = explain(api, "/follow-ups/summary", archive.LARGEST, monkeypatch, **SPAN)
    used = {node["Index Name"] for node in explained.nodes if "follow_up" in node.get("Index Name", "")}
    assert used == {"ix_follow_up_organization_id_opened_call", "ix_follow_up_organization_id_state_due"}
    assert explained.answer.json["total"]["opened"] > 100


def test_detractors_among_follow_ups_are_found_in_one_walk_through_an_index_alone(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    explained = explain(api, "/follow-ups/summary", archive.LARGEST, monkeypatch, **SPAN)
    (walk,) = (node for node in explained.nodes if node.get("Index Name") == "ix_call_detractor")
    assert walk["Node Type"] == "Index Only Scan"
    assert "ANY" in walk["Index Cond"]
    assert explained.answer.json["answered_in_time"]["of"] > 10


@pytest.mark.parametrize("organization", [archive.LARGEST, archive.TYPICAL], ids=["largest", "typical"])
def test_next_scores_are_looked_up_by_the_number(api: Api, organization: str, monkeypatch: pytest.MonkeyPatch) -> None:
    explained = explain(api, "/follow-ups/summary", organization, monkeypatch, **SPAN)
    assert explained.answer.json["next_score"]["of"] > 10
    used = {node["Index Name"] for node in explained.nodes if node.get("Relation Name") == "call"}
    # Few detractors are found by their category as quickly.
    assert used - {"ix_call_organization_id_nps_category_began", "ix_call_detractor"} == {
        "call_pkey",
        "ix_call_organization_id_scored",
    }


@pytest.mark.parametrize("path", ["/calls", "/calls/count", "/feedback", "/feedback/summary", "/quality/summary"])
@pytest.mark.parametrize("organization", [archive.LARGEST, archive.TYPICAL], ids=["largest", "typical"])
def test_a_bounded_reader_is_answered_by_indexes(
    api: Api, path: str, organization: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one who filters by that advisor."""
    with monkeypatch.context() as patch:
        patch.setattr(api, "get", partial(api.get_as, {"advisor_id": "7" if organization == archive.LARGEST else "27"}))
        explained = explain(api, path, organization, monkeypatch, **SPAN)
    assert {name for name in LARGE if "Seq Scan" in explained.scans(name)} == set()
    used = {
        node["Index Name"] for node in explained.nodes if "record" in node.get("Alias", "") and "Index Name" in node
    }
    assert "ix_service_record_service_advisor_id_listing" in used


@pytest.mark.parametrize("path", ["/follow-ups", "/follow-ups/summary", "/calls/99996", "/calls/99996/transcript"])
def test_a_bounded_reader_looks_visits_up_by_their_ids(api: Api, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    advisor = api.database.run(
        "SELECT service_advisor_id FROM service_record JOIN call ON service_record_id = service_record.id"
        " WHERE call.id = 99996"
    )[0][0]
    with monkeypatch.context() as patch:
        patch.setattr(api, "get", partial(api.get_as, {"advisor_id": str(advisor)}))
        explained = explain(api, path, archive.LARGEST, monkeypatch)
    assert {name for name in LARGE if "Seq Scan" in explained.scans(name)} == set()


def test_a_transcript_and_a_timeline_are_read_by_their_call(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    transcript = explain(api, "/calls/99996/transcript", archive.LARGEST, monkeypatch)
    assert "Index" in " ".join(transcript.scans("transcript")) or "Bitmap" in " ".join(transcript.scans("transcript"))
    assert len(transcript.answer.json["turns"]) == 2
    detail = explain(api, "/calls/99996", archive.LARGEST, monkeypatch)
    assert detail.scans("webhook_event")
    assert len(detail.answer.json["timeline"]) == 1
