"""Reasons are counted as the lists have them: of random feedback, against keywords looked for by another program."""

import random
import re
import unicodedata
from collections import Counter
from datetime import datetime, timedelta, timezone
from itertools import product
from typing import Any, Final

import pytest
from sqlalchemy import create_engine

from autopulse.db.reasons import give_reasons
from autopulse.domain.reasons import DEFAULTS, NOTHING, OTHER, label_of
from tests.integration.api.client import OURS, THEIRS, Api

BEGAN: Final = datetime(2026, 11, 2, 12, tzinfo=timezone.utc)
SINCE, UNTIL = BEGAN - timedelta(days=1), BEGAN + timedelta(days=30)
SPAN: Final[dict[str, object]] = {"from_": SINCE.isoformat(), "to": UNTIL.isoformat()}
WORDS: Final = (
    *("the", "car", "WAIT", "waited", "attente", "trop", "price", "priceless", "précio", "precio", "caro", "rude"),
    *("nobody", "called", "back", "no", "message", "not", "fixed", "d\u2019attente", "parking", "full", "dirty"),
    *("overcharged", "Rendez-vous", "appointment", "retraso", "te\u0301le\u0301phone", "-", "☕", "still", "there"),
)


def _complaint(chance: random.Random) -> str | None:
    kind = chance.random()
    if kind < 0.2:
        return chance.choice([None, "", " ", "None", "n/a", "\n"])
    lines = [" ".join(chance.choices(WORDS, k=chance.randint(1, 4))) for _ in range(chance.randint(1, 2))]
    return "\n".join(lines)


def _answer(chance: random.Random) -> str | None:
    known = [text for category in DEFAULTS for text in (category.key, category.label.upper())]
    return chance.choice([None] * 12 + [*known[:4], "none", "nobody knows this", f"x\n{known[5]}\n{known[9]}"])


def _words(text: str) -> list[str]:
    bare = "".join(one for one in unicodedata.normalize("NFD", text) if not unicodedata.combining(one))
    return re.findall(r"[^\W_]+|[☕]", bare.lower())


def _says(words: list[str], keyword: str) -> bool:
    *whole, last = keyword.rstrip("*").split()
    for place in range(len(words) - len(whole)):
        found, ending = words[place : place + len(whole)], words[place + len(whole)]
        if found == whole and (ending.startswith(last) if keyword.endswith("*") else ending == last):
            return True
    return False


def _model(complaint: str | None, answer: str | None, score: int | None) -> str | None:
    """The reason of a call, by loops over words."""
    told = [" ".join(_words(line)) for line in (answer or "").split("\n")]
    words = _words(complaint or "")
    if set(told) - set(NOTHING):
        names = {
            category.key: {" ".join(_words(text)) for text in (category.key, category.label)} for category in DEFAULTS
        }
        return next((key for key, called in names.items() if called & set(told)), OTHER)
    if " ".join(words) not in NOTHING:
        fits = (one.key for one in DEFAULTS if any(_says(words, keyword) for keyword in one.keywords))
        return next(fits, OTHER)
    return OTHER if score is not None and score <= 6 else None


@pytest.fixture(scope="module")
def expected(module_api: Api, module_database_url: str) -> list[dict[str, Any]]:
    """Four hundred calls that differ in everything that a summary can be narrowed by, each with the model's reason."""
    chance, api = random.Random(13), module_api
    api.clear()
    campaigns = [api.insert("campaign", name=f"Round {n}", organization_id=OURS) for n in range(2)]
    records = [api.service_record(service_advisor_name=name) for name in ("Kim Placeholder", "Lee Sample", None)]
    made = []
    for place in range(400):
        score = chance.choice([None, *range(11)])
        told = {"detractors": _complaint(chance), "reason_category": _answer(chance)}
        values = {
            "campaign_id": chance.choice([None, *campaigns]),
            "is_demo": chance.random() < 0.1,
            "direction": chance.choice(["outbound", "outbound", "inbound"]),
            "outcome": chance.choice(["reached", "reached", "transferred", "voicemail"]),
            "nps_score": score,
            "start_time": (BEGAN + timedelta(hours=place)).isoformat(),
        }
        call = api.call(service_record_id=chance.choice(records), **values)
        reason = None
        if chance.random() < 0.95:
            api.feedback(call, **told)
            reason = _model(told["detractors"], told["reason_category"], score)
        made.append({"id": call, "reason": reason, **values})
    theirs = api.call(THEIRS, start_time=BEGAN, outcome="reached", nps_score=0)
    api.feedback(theirs, detractors="Long wait")
    engine = create_engine(module_database_url.replace("postgresql:", "postgresql+pg8000:"))
    with engine.connect() as connection:
        give_reasons(connection, connection.commit)
    engine.dispose()
    return made


def _listed(api: Api, path: str, **query: object) -> list[int]:
    """All of a list, page by page."""
    found: list[int] = []
    cursor: dict[str, object] = {}
    while True:
        answer = api.get(path, limit=50, **SPAN, **query, **cursor).json
        found += [item.get("id", item.get("call_id")) for item in answer["items"]]
        if answer["next_cursor"] is None:
            return found
        cursor = {"cursor": answer["next_cursor"]}


def test_each_call_has_the_reason_that_the_model_finds(module_api: Api, expected: list[dict[str, Any]]) -> None:
    stored = dict(module_api.database.run("SELECT id, reason_key FROM call WHERE organization_id = :id", id=OURS))
    assert stored == {call["id"]: call["reason"] for call in expected}
    assert len({call["reason"] for call in expected}) > len(DEFAULTS), "each category and none"


@pytest.mark.parametrize(
    ("direction", "demo", "narrow"),
    list(
        product(
            ["outbound", "all"],
            ["false", "true"],
            [{}, {"advisor": "Kim Placeholder"}, {"group": "campaign"}, {"group": "advisor"}],
        )
    ),
)
def test_the_count_of_each_reason_is_that_of_its_lists(
    module_api: Api, expected: list[dict[str, Any]], direction: str, demo: str, narrow: dict[str, object]
) -> None:
    filters = {"direction": direction, "demo": demo, **{name: narrow[name] for name in narrow if name != "group"}}
    summary = module_api.get("/feedback/summary", **(SPAN | filters | narrow)).json
    counts = {reason["key"]: reason["count"] for reason in summary["reasons"]}
    for key, number in counts.items():
        assert len(_listed(module_api, "/feedback", reason=key, **filters)) == number
        assert len(_listed(module_api, "/calls", reason=key, **filters)) == number
    for path in ("/feedback", "/calls"):
        assert len(_listed(module_api, path, reason="any", **filters)) == sum(counts.values())
    if not narrow.get("advisor"):
        wanted = Counter(
            call["reason"]
            for call in expected
            if call["is_demo"] == (demo == "true") and direction in {"all", call["direction"]} and call["reason"]
        )
        assert counts == wanted


def test_reasons_are_most_frequent_first_with_their_labels(module_api: Api, expected: list[dict[str, Any]]) -> None:
    assert expected
    reasons = module_api.get("/feedback/summary", **SPAN).json["reasons"]
    assert [reason["count"] for reason in reasons] == sorted((reason["count"] for reason in reasons), reverse=True)
    assert {reason["key"]: reason["label"] for reason in reasons} == {
        reason["key"]: label_of(reason["key"]) for reason in reasons
    }
    assert label_of(OTHER) not in {category.label for category in DEFAULTS}


def test_items_and_calls_say_their_reason(module_api: Api, expected: list[dict[str, Any]]) -> None:
    reasons = {call["id"]: call["reason"] for call in expected}
    items = module_api.get("/feedback", direction="all", limit=200).json["items"]
    assert {item["call_id"]: item["reason"] for item in items}.items() <= reasons.items()
    calls = module_api.get("/calls", limit=200).json["items"]
    assert {item["id"]: item["reason"] for item in calls}.items() <= reasons.items()
    assert module_api.get(f"/calls/{items[0]['call_id']}").json["reason"] == items[0]["reason"]


def test_a_label_of_the_organizations_own_is_shown(module_api: Api, expected: list[dict[str, Any]]) -> None:
    assert expected
    module_api.database.run("INSERT INTO reason_category VALUES (:id, 'wait', 'Attente', '{}', 1)", id=OURS)
    try:
        reasons = module_api.get("/feedback/summary", **SPAN).json["reasons"]
        labels = {reason["key"]: reason["label"] for reason in reasons}
        assert (labels["wait"], labels["price"]) == ("Attente", label_of("price"))
    finally:
        module_api.database.run("DELETE FROM reason_category")


@pytest.mark.parametrize("reason", ["", "Wait", "a b", "x" * 41, "wait,price"])
@pytest.mark.parametrize("path", ["/calls", "/feedback"])
def test_what_cannot_be_a_key_is_refused(module_api: Api, path: str, reason: str) -> None:
    answer = module_api.get(path, reason=reason)
    assert (answer.status, answer.error["field"]) == (400, "reason")
