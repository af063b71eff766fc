"""What a call costs: the arithmetic, and that the documents show what it comes to."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from autopulse.vapi.routes import FINAL_TRANSCRIPT, SUBSCRIPTION
from local.cost import __main__ as command
from local.cost import assumptions
from local.cost.__main__ import main, read_measured
from local.cost.bill import Line, bill_of, billed_milliseconds, fixed_of
from local.cost.calls import LONG_TURNS, PROFILES, SENT, draw_long
from local.cost.capacity import (
    AIM,
    MAXIMUM_CONCURRENCY,
    REQUESTS_PER_SECOND,
    SORT,
    Limit,
    limits_of,
    settings_for,
)
from local.cost.measure import BATCH, FunctionFigures, Measured
from local.cost.prices import FROM_MEMORY, PRICES
from local.cost.report import DOCUMENTS, TABLES, stale, write_into
from local.cost.resources import count_resources
from local.cost.shapes import SQS_UNIT_BYTES, shapes_of, units
from tests.contract.stack import ROOT, source


@pytest.fixture(scope="module")
def measured() -> Measured:
    return read_measured()


def _lines(lines: list[Line]) -> dict[str, Line]:
    return {line.name: line for line in lines}


def test_what_is_measured_is_what_vapi_is_asked_to_send() -> None:
    assert {FINAL_TRANSCRIPT if name == "transcript" else name for name in SENT} == SUBSCRIPTION


def test_a_long_talk_has_a_turn_every_three_seconds() -> None:
    script = draw_long(7)
    assert len(script.turns) == LONG_TURNS
    assert script == draw_long(7)
    assert {later.ends - earlier.ends for earlier, later in zip(script.turns, script.turns[1:], strict=False)} == {3.0}


@pytest.mark.parametrize("sort", sorted(PROFILES))
def test_the_simulator_still_makes_the_shapes_that_were_measured(sort: str, measured: Measured) -> None:
    fresh, known = shapes_of(PROFILES[sort], 60), measured.shapes[sort]
    assert fresh.webhooks_per_call == pytest.approx(known.webhooks_per_call, rel=0.2), "python -m local.cost --measure"
    sizes = {shape.type: shape for shape in known.webhooks}
    for shape in fresh.webhooks:
        assert shape.body_bytes == pytest.approx(sizes[shape.type].body_bytes, rel=0.1), shape.type
        assert shape.envelope_bytes == pytest.approx(sizes[shape.type].envelope_bytes, rel=0.2), shape.type


@pytest.mark.parametrize(
    ("size", "billed"), [(0, 1), (1, 1), (SQS_UNIT_BYTES, 1), (SQS_UNIT_BYTES + 1, 2), (900 * 1024, 15)]
)
def test_each_beginning_unit_is_billed(size: int, billed: int) -> None:
    assert units(size) == billed


def test_a_price_is_for_its_units() -> None:
    assert PRICES["REST request"].of(2_000_000) == pytest.approx(7.0)
    assert Line("Proxy", 1460, "proxy hour").dollars == pytest.approx(21.90)


def test_every_price_is_used_and_says_where_it_is_from(measured: Measured) -> None:
    used = {line.price for sort in PROFILES for line in bill_of(measured, sort)}
    assert used | {line.price for line in fixed_of(measured)} == set(PRICES)
    for price in PRICES.values():
        assert price.page.startswith("https://aws.amazon.com/")
        assert price.seen == FROM_MEMORY or price.seen.startswith("https://")


def test_a_handler_is_billed_for_its_share_of_a_core_and_for_waiting() -> None:
    figures = FunctionFigures(per_call=1, milliseconds=10, log_bytes=0)
    core = 10 * 1769 / 1024
    assert billed_milliseconds("verifier", figures) == pytest.approx(core + assumptions.SQS_SEND.value)
    waits = assumptions.DATABASE.value + assumptions.PUT_EVENTS.value
    assert billed_milliseconds("report", figures, BATCH) == pytest.approx(core + waits)
    posts = BATCH * assumptions.QUERY.value + assumptions.POST.value
    assert billed_milliseconds("broadcaster", figures, BATCH) == pytest.approx(core + posts)


def test_a_bill_follows_from_what_was_measured(measured: Measured) -> None:
    lines, shapes, played = _lines(bill_of(measured, "long")), measured.shapes["long"], measured.alone["long"]
    webhooks = 1000 * shapes.webhooks_per_call
    notices = 1000 * played.notices_per_call
    assert lines["API Gateway: webhooks"].units == pytest.approx(webhooks)
    assert lines["API Gateway: WebSocket"].units == pytest.approx(notices * measured.watchers)
    assert lines["SQS"].units == pytest.approx(3 * webhooks + 3 * notices), "no record is over 64 KB"
    pages_that_read = lines["API Gateway: pages that read"].units
    assert lines["WAF: requests"].units == pytest.approx(webhooks + pages_that_read)
    assert lines["EventBridge"].dollars == pytest.approx(notices / 1_000_000)


def test_nobody_watching_costs_no_page_anything(measured: Measured) -> None:
    lines = _lines(bill_of(replace(measured, watchers=0), "any"))
    for name in ("API Gateway: pages that read", "API Gateway: WebSocket", "Data to browsers"):
        assert lines[name].dollars == 0


def test_a_limit_says_how_many_calls_fit() -> None:
    limit = Limit("sample", need=0.5, limit=101, unit="things", then="", more="")
    assert limit.calls == 202
    assert limit.need_at_the_aim == AIM / 2


def test_what_gives_first_comes_first(measured: Measured) -> None:
    limits = limits_of(measured)
    calls = [limit.calls for limit in limits]
    assert calls == sorted(calls)
    webhooks = measured.shapes[SORT].webhooks_per_call / measured.shapes[SORT].seconds
    named = {limit.name: limit.need for limit in limits}
    assert named["`WebhooksPerSecond`"] == pytest.approx(webhooks)
    assert named["`RequestsPerSecond`"] > 0, "pages read as well"
    assert "`RequestsPerSecond`" not in {limit.name for limit in limits_of(replace(measured, watchers=0))}


def test_what_is_asked_for_is_half_as_much_again_as_what_is_needed(measured: Measured) -> None:
    for name, value, _ in settings_for(measured, 20_000):
        (smaller,) = [other for wanted, other, _ in settings_for(measured, 10_000) if wanted == name]
        assert 1.8 < value / smaller < 2.2, name
    settings = {name: value for name, value, _ in settings_for(measured)}
    for name in ("WebhooksPerSecond", "RequestsPerSecond"):
        limit = next(limit for limit in limits_of(measured) if limit.name == f"`{name}`")
        assert settings[name] >= 1.5 * limit.need_at_the_aim


def test_the_limits_are_those_of_the_template() -> None:
    template = source()
    parameters = template["Parameters"]
    assert parameters["MaximumConcurrency"]["Default"] == MAXIMUM_CONCURRENCY
    assert parameters["BatchSize"]["Default"] == BATCH
    assert parameters["RequestsPerSecond"]["Default"] == REQUESTS_PER_SECOND
    assert parameters["WebhooksPerSecond"]["Default"] == REQUESTS_PER_SECOND
    notices = template["Resources"]["BroadcasterFunction"]["Properties"]["Events"]["Notices"]["Properties"]
    bounded = notices["ScalingConfig"]["MaximumConcurrency"]["Fn::If"]
    assert bounded == ["LeastConcurrency", 2, {"Ref": "MaximumConcurrency"}]
    memory = template["Globals"]["Function"]["MemorySize"]
    assert memory == 1024 * assumptions.GIGABYTES.value
    assert memory / 1769 == assumptions.SHARE_OF_A_CORE.value


def test_production_is_the_database_that_the_bill_names() -> None:
    production = (ROOT / "samconfig.toml").read_text().partition("[production.deploy.parameters]")[2]
    for pair in ("DatabaseInstanceClass=db.m8g.large", "DatabaseStorage=100", "DatabaseMultiAz=true"):
        assert f'"{pair}"' in production


def test_what_is_billed_by_the_month_is_counted() -> None:
    template = (
        "Resources:\n"
        "  OneAlarm:\n    Type: AWS::CloudWatch::Alarm\n    Properties:\n      MetricName: A\n"
        "  TwoAlarm:\n    Type: AWS::CloudWatch::Alarm\n    Properties:\n"
        "      Metrics: [{MetricName: A}, {MetricName: B}]\n"
        "  Board:\n    Type: AWS::CloudWatch::Dashboard\n    Properties:\n      DashboardBody: MetricName:\n"
        "  Acl:\n    Properties:\n      Rules:\n        - Name: One\n          Priority: 0\n"
    )
    assert count_resources(template) == {"alarm metrics": 3, "dashboards": 1, "rules": 1}
    assert count_resources((ROOT / "template.yaml").read_text())["alarm metrics"] > 20


def test_the_documents_show_what_the_command_says(measured: Measured) -> None:
    assert stale(measured) == [], "python -m local.cost --write"
    shown = "".join(file.read_text() for file in DOCUMENTS)
    for name, table in TABLES.items():
        assert table(measured) in shown, name


def test_a_block_is_written_anew_and_nothing_else(measured: Measured) -> None:
    text = "before\n<!-- python -m local.cost: prices -->\nold\n<!-- end -->\nafter\n"
    written = write_into(text, measured)
    assert written.startswith("before\n<!-- python -m local.cost: prices -->\nus-east-1, looked up")
    assert written.endswith("\n<!-- end -->\nafter\n")
    assert "old" not in written
    assert write_into(written, measured) == written
    with pytest.raises(KeyError):
        write_into(text.replace("prices", "wishes"), measured)


def test_the_command_prints_every_table(measured: Measured, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    printed = capsys.readouterr().out
    assert all(table(measured) in printed for table in TABLES.values())


def test_the_command_writes_the_documents_and_counts_the_template_anew(
    measured: Measured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document, measurements = tmp_path / "cost.md", tmp_path / "measured.json"
    document.write_text("<!-- python -m local.cost: fixed -->\nold\n<!-- end -->\n")
    older = replace(measured, resources={"alarm metrics": 1, "dashboards": 0, "rules": 0})
    measurements.write_text(json.dumps(asdict(older)))
    monkeypatch.setattr(command, "DOCUMENTS", (document,))
    assert main(["--write", "--file", str(measurements)]) == 0
    counted = replace(measured, resources=count_resources((ROOT / "template.yaml").read_text()))
    assert read_measured(measurements) == counted
    assert TABLES["fixed"](counted) in document.read_text()


def test_what_was_measured_is_read_as_it_was_written(measured: Measured) -> None:
    assert asdict(measured)["alone"]["long"]["functions"].keys() >= {"verifier", "report", "broadcaster"}
