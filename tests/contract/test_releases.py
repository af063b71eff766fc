"""Check how `template.yaml` puts a release into service: a version behind an alias that everything calls."""

import json

import pytest

from tests.contract.stack import ids_of, properties, resources, source

FUNCTIONS = ids_of("AWS::Lambda::Function")
WAITED_FOR = {"ApiFunction", "AuthorizerFunction", "LiveFunction", "ConsoleFunction", "FollowUpsFunction"} | {
    "CallersFunction"
}


def _written(function: str) -> dict[str, object]:
    return dict(source()["Resources"][function]["Properties"])


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_has_an_alias_that_any_change_moves(function: str) -> None:
    assert properties(f"{function}Aliaslive")["FunctionName"] == {"Ref": function}
    assert _written(function)["AutoPublishAliasAllProperties"] is True, "new parameters would change $LATEST alone"


@pytest.mark.parametrize("layer", ids_of("AWS::Lambda::LayerVersion"))
def test_a_new_layer_is_a_new_release(layer: str) -> None:
    written = next(name for name in source()["Resources"] if layer.startswith(name) and name.endswith("Layer"))
    assert source()["Resources"][written]["Properties"]["PublishLambdaVersion"] is True


def test_everything_calls_the_alias_and_nothing_the_function() -> None:
    callers = ("AWS::Lambda::EventSourceMapping", "AWS::Events::Rule", "AWS::ApiGatewayV2::Integration")
    called = json.dumps([properties(name) for caller in callers for name in ids_of(caller)])
    api = json.dumps(properties("Api")["Body"])
    for function in FUNCTIONS:
        assert f'{{"Fn::GetAtt": ["{function}", "Arn"]}}' not in called
        assert f"${{{function}.Arn}}" not in called + api
    assert "Aliaslive" in called
    assert "${VerifierFunctionAliaslive}" in api or "VerifierFunction.Alias" in api


def test_releases_are_gradual_only_where_asked() -> None:
    preference = source()["Globals"]["Function"]["DeploymentPreference"]
    assert preference["Enabled"] == {"Ref": "Gradual"}
    alarms = {alarm.get("Fn::If", [None, alarm])[1]["Ref"] for alarm in preference["Alarms"]}
    assert alarms == {"HttpFunctionErrorsAlarm", "ConsumerErrorsAlarm", "RecordsPostponedAlarm", "ApiServerErrorAlarm"}
    assert alarms <= set(ids_of("AWS::CloudWatch::Alarm"))
    assert source()["Parameters"]["Gradual"]["Default"] == "false"
    at_once = {name for name in FUNCTIONS if _written(name).get("DeploymentPreference") == {"Enabled": False}}
    without_alarm = {
        "ConsoleFunction",
        "FetcherFunction",
        "MigrateFunction",
        "PruneFunction",
        "SweepFunction",
        "UnlinkFunction",
    }
    assert at_once == without_alarm, "no alarm of a release is about them"


def test_snapshots_are_for_what_people_wait_for() -> None:
    chosen = {name for name in FUNCTIONS if _written(name).get("SnapStart") == {"ApplyOn": {"Ref": "SnapStart"}}}
    assert chosen == WAITED_FOR
    assert source()["Parameters"]["SnapStart"]["Default"] == "None"


def test_no_function_shifts_traffic_before_the_migration() -> None:
    for function in FUNCTIONS:
        if "DATABASE_HOST" in json.dumps(properties(function)) and function != "MigrateFunction":
            assert "Migration" in resources()[function]["DependsOn"]
