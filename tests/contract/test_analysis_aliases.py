"""The parameter for aliases: the code can use what the stack takes; docs/vapi.md has a schema that is understood."""

import json
import re
from typing import Any

import pytest

from autopulse import settings
from autopulse.domain.answers import FIELDS, NO_FIELD, answer_names, plain_name
from tests.contract.stack import ROOT, source

PARAMETER = source()["Parameters"]["AnalysisAliases"]


@pytest.mark.parametrize(
    "value",
    [
        *("", "summary=recap", "summary=recap;", "nps_score=likelihood to recommend,recommendation;summary=recap"),
        *(" nps_score = a , b ; positives=c", "call_reason=why?", "none=mood,Return date;summary=recap"),
    ],
)
def test_an_alias_that_the_parameter_accepts_is_usable(value: str) -> None:
    assert re.fullmatch(PARAMETER["AllowedPattern"], value)
    answer_names(value)


@pytest.mark.parametrize("value", ["recap", "nps=recap", "summary=", "summary= , ", "summary=a;b", "summary=a=b", ";"])
def test_an_alias_that_the_parameter_refuses_is_unusable(value: str) -> None:
    assert re.fullmatch(PARAMETER["AllowedPattern"], value) is None


def test_the_stack_knows_the_fields() -> None:
    assert set(re.findall(r"[a-z]+(?:_[a-z]+)*", PARAMETER["AllowedPattern"])) == {*FIELDS, NO_FIELD}


def test_an_alias_that_cannot_be_used_is_named_on_first_use(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("QUEUE_URL", "DEAD_LETTER_QUEUE_URL", "PAYLOAD_BUCKET", "EVENT_BUS_NAME"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("ANALYSIS_ALIASES", "summary=recap;nps_score=comments")
    reason = 'ANALYSIS_ALIASES: "comments" cannot stand for nps_score, it stands for overall_feedback'
    with pytest.raises(settings.SettingInvalid, match=reason):
        settings.from_environ(settings.ConsumerSettings)
    monkeypatch.setenv("ANALYSIS_ALIASES", "summary=recap")
    assert settings.from_environ(settings.ConsumerSettings).answer_names["recap"] == "summary"


def test_the_schema_to_paste_has_every_field_by_its_own_name() -> None:
    section = (ROOT / "docs/vapi.md").read_text().split("## What an assistant is to answer")[1].split("\n## ")[0]
    schema: dict[str, Any] = json.loads(section.split("```json")[1].split("```")[0])
    assert list(map(plain_name, schema["properties"])) == list(map(plain_name, FIELDS))
    assert schema["required"] == list(schema["properties"])
