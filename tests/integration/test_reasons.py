"""What went wrong is one reason of a call: by keywords, or by what the analysis answers, and it follows both."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from autopulse.db.reasons import give_reasons
from tests.integration.bodies import outbound, report
from tests.integration.pipeline import ORGANIZATION, Pipeline


@pytest.fixture(autouse=True)
def without_own_categories(pipeline: Pipeline) -> Iterator[None]:
    yield
    pipeline.database.run("DELETE FROM reason_category")


def _vapi_id(call_id: int) -> str:
    return f"0197f9d4-0000-4000-8000-{call_id:012}"


def _report(call_id: int, at: float = 130, **data: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
    return report(outbound(call_id, _vapi_id(call_id)), at, analysis={"structuredData": {"nps_score": 8, **data}})


def _reason(pipeline: Pipeline, call_id: int) -> str | None:
    return pipeline.call(call_id)["reason_key"]  # type: ignore[no-any-return] # a text


def _reason_of(pipeline: Pipeline, **data: Any) -> str | None:  # noqa: ANN401 - any JSON value
    call_id = pipeline.make_call()
    pipeline.send_each(_report(call_id, **data))
    return _reason(pipeline, call_id)


def _category(pipeline: Pipeline, key: str, keywords: Sequence[str], position: int = 1, label: str = "A label") -> None:
    pipeline.database.run(
        "INSERT INTO reason_category VALUES (:id, :key, :label, CAST(:keywords AS text[]), :position)",
        id=ORGANIZATION,
        key=key,
        label=label,
        keywords=list(keywords),
        position=position,
    )


def _sort_again(url: str) -> int:
    engine = create_engine(url.replace("postgresql:", "postgresql+pg8000:"))
    with engine.connect() as connection:
        changed = give_reasons(connection, connection.commit)
        assert connection.scalar(text("SELECT 1")) == 1
    engine.dispose()
    return changed


@pytest.mark.parametrize(
    ("complaint", "reason"),
    [
        ("Long wait", "wait"),
        ("WAITED for an hour!", "wait"),
        ("Waiting-room was cold", "place"),
        ("The price was higher than told", "price"),
        ("It was priceless", "other"),
        ("Nobody called back", "hard_to_reach"),
        ("The car came back dirty.", "car_condition"),
        ("rattle is still there", "not_fixed"),
        ("Trop d'attente", "wait"),
        ("Le prix e\u0301tait trop e\u0301leve\u0301", "price"),
        ("No me AVISARON, y la factura", "not_informed"),
        ("Mecánico grosero", "staff"),
        ("Téléphone toujours occupé", "hard_to_reach"),
        ("Quite another thing", "other"),
        (["Bill higher than the estimate", "Long wait"], "price"),
        (["Long wait", "Bill higher than the estimate"], "price"),
        ("None.", None),
        ("UNKNOWN", None),
        ("  ", None),
        (None, None),
        ("-", None),
        ("☹", "other"),
    ],
)
def test_the_first_category_with_a_keyword_in_a_complaint_is_the_reason(
    pipeline: Pipeline, complaint: object, reason: str | None
) -> None:
    assert _reason_of(pipeline, detractors=complaint) == reason


def test_a_detractor_who_complained_of_nothing_counts_as_other(pipeline: Pipeline) -> None:
    assert _reason_of(pipeline, nps_score=6) == "other"
    assert _reason_of(pipeline, nps_score=0, detractors="no complaints") == "other"
    assert _reason_of(pipeline, nps_score=7) is None


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("Price", "other"),
        ("price", "price"),
        ("PRICE and bill", "price"),
        ("long wait, not ready in time", "wait"),
        (["staff", "price"], "price"),
        (["staff", "nobody knows this"], "staff"),
        ("nobody knows this", "other"),
        ("none", "wait"),
        ("", "wait"),
        ([], "wait"),
    ],
)
def test_what_the_analysis_answers_wins_over_the_words(pipeline: Pipeline, answer: object, reason: str) -> None:
    expected = "price" if answer == "Price" else reason
    assert _reason_of(pipeline, detractors="A long wait", reason_category=answer) == expected


def test_the_answer_may_be_a_structured_output_with_an_alias(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call()
    outputs = {"a": {"name": "Complaint category", "result": "staff"}, "b": {"name": "Detractors", "result": "Wait"}}
    body = report(outbound(call_id, _vapi_id(call_id)), analysis={}, artifact={"structuredOutputs": outputs})
    pipeline.send_each(body)
    assert _reason(pipeline, call_id) == "staff"
    assert pipeline.feedback(call_id)[0]["reason_category"] == "staff"


def test_a_later_report_changes_the_reason_and_takes_it_back(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call()
    pipeline.send_each(_report(call_id, detractors="Long wait"))
    pipeline.send_each(_report(call_id, 140, detractors="The price"))
    assert _reason(pipeline, call_id) == "price"
    pipeline.send_each(_report(call_id, 150, detractors="", positives="Quick"))
    assert _reason(pipeline, call_id) is None


def test_an_organization_with_categories_of_its_own_has_only_these(pipeline: Pipeline) -> None:
    _category(pipeline, "coffee", ["Café", "espresso*"], 2)
    _category(pipeline, "rain", ["wet  seat!", "*", " "], 1, "Regen & Nässe")
    assert _reason_of(pipeline, detractors="The cafe was closed") == "coffee"
    assert _reason_of(pipeline, detractors="Two espressos, one WET seat") == "rain"
    assert _reason_of(pipeline, detractors="A wet, cold seat") == "other"
    assert _reason_of(pipeline, detractors="Long wait") == "other"
    assert _reason_of(pipeline, detractors="Café", reason_category="regen nasse") == "rain"


def test_another_organizations_categories_are_not_used(pipeline: Pipeline) -> None:
    pipeline.add_other_organization()
    pipeline.database.run(
        "INSERT INTO reason_category SELECT id, 'theirs', 'Theirs', '{wait}', 1 FROM organization WHERE id <> :id",
        id=ORGANIZATION,
    )
    assert _reason_of(pipeline, detractors="Long wait") == "wait"


def test_a_migration_sorts_what_is_stored_by_the_categories_of_now(
    pipeline: Pipeline, module_database_url: str
) -> None:
    calls = [pipeline.make_call() for _ in range(3)]
    pipeline.send_each(
        *(_report(id_, detractors=words) for id_, words in zip(calls, ("Wait", "Price", ""), strict=True))
    )
    written = pipeline.make_call(nps_score=3)
    pipeline.insert("call_feedback", call_id=written, content="As the application wrote it.", detractors="A long wait")
    assert _sort_again(module_database_url) == 1
    assert [_reason(pipeline, id_) for id_ in (*calls, written)] == ["wait", "price", None, "wait"]
    _category(pipeline, "money", ["price"])
    assert _sort_again(module_database_url) == 3
    assert [_reason(pipeline, id_) for id_ in (*calls, written)] == ["other", "money", None, "other"]
    assert _sort_again(module_database_url) == 0


@pytest.mark.parametrize("key", ["other", "any", "Big", "with blank", ""])
def test_a_key_that_cannot_be_asked_for_is_refused(pipeline: Pipeline, key: str) -> None:
    with pytest.raises(Exception, match="reason_category"):
        _category(pipeline, key, [])
