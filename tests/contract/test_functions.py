"""Every function of `template.yaml`: its handler, its log group, its settings, and its place after the migration."""

import re

import pytest

from autopulse import settings
from autopulse.vapi.routes import KINDS
from tests.contract.stack import (
    EXISTING,
    LOCAL,
    PREFIXES,
    ROOT,
    SHAPES,
    Stack,
    environment,
    ids_of,
    properties,
    resources,
    source,
)

FUNCTIONS = ids_of("AWS::Lambda::Function")
USERS_OF_THE_DATABASE = [name for name in FUNCTIONS if "DATABASE_HOST" in environment(name)]
GATEWAY_TIMEOUT_SECONDS = 29


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_runs_python_3_13_from_a_folder_of_its_own(function: str) -> None:
    actual = properties(function)
    assert (actual["Runtime"], actual["Handler"]) == ("python3.13", "app.handler")
    assert actual["Architectures"] == [{"Ref": "Architecture"}]
    assert len(actual["Layers"]) == 2
    written = source()["Resources"][function]
    is_built = function.removesuffix("Function") in PREFIXES  # or SAM CLI would not follow a folder named in a loop
    assert written["Metadata"] == ({"BuildMethod": "makefile"} if is_built else {"SkipBuild": True})
    folder = ROOT / written["Properties"]["CodeUri"]
    assert re.search(
        r"^(def handler\(|handler = |from .+ import handler$)", (folder / "app.py").read_text(), re.MULTILINE
    )
    assert not is_built or f"\nbuild-{function}:\n" in (folder / "Makefile").read_text()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_is_named_after_its_log_group(function: str) -> None:
    """Alarms and the dashboard, which are in another stack, know functions by name."""
    group = properties(properties(function)["LoggingConfig"]["LogGroup"]["Ref"])
    assert group["LogGroupName"]["Fn::Sub"] == f"/aws/lambda/{properties(function)['FunctionName']['Fn::Sub']}"


def test_no_two_functions_share_a_code_folder() -> None:
    handlers = [source()["Resources"][function]["Properties"]["CodeUri"] for function in FUNCTIONS]
    assert len(set(handlers)) == len(handlers)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_logs_into_a_group_with_retention_that_the_template_makes(function: str) -> None:
    group = properties(function)["LoggingConfig"]["LogGroup"]["Ref"]
    assert group == function.replace("Function", "LogGroup")
    assert properties(group)["RetentionInDays"] == {"Ref": "LogRetentionDays"}
    assert "${AWS::StackName}" in properties(group)["LogGroupName"]["Fn::Sub"]


EXAMPLES = {
    "ANALYSIS_ALIASES": "summary=recap",
    "RECORDING_HOSTS": "recordings.example.com",
    "RECORDING_STORAGE_HOSTS": "a.example.com",
}
"""Of what is read with a form of its own."""


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_gets_the_settings_that_its_code_requires(function: str, monkeypatch: pytest.MonkeyPatch) -> None:
    variables = environment(function)
    for name in variables:
        monkeypatch.setenv(name, EXAMPLES.get(name, "5432"))
    _read_settings(function)
    known = set(re.findall(r'"([A-Z_]+)"', (ROOT / "shared/autopulse/settings.py").read_text()))
    known |= {f"{kind.upper()}_QUEUE_URL" for kind in KINDS}
    assert set(variables) - known == {"POWERTOOLS_LOG_LEVEL"}


WITHOUT_DATABASE = {
    "VerifierFunction": settings.VerifierSettings,
    "AuthorizerFunction": settings.AuthSettings,
    "LiveFunction": settings.LiveSettings,
    "BroadcasterFunction": settings.LiveSettings,
    "RecordingsFunction": settings.RecordingSettings,
    "ConsoleFunction": settings.ConsoleSettings,
    "AlertSenderFunction": settings.AlertSenderSettings,
}


def _read_settings(function: str) -> None:
    if function in WITHOUT_DATABASE:
        settings.from_environ(WITHOUT_DATABASE[function])
        return
    if function == "FetcherFunction":
        settings.from_environ(settings.FetcherSettings)
        return
    settings.database_settings.__wrapped__()
    if function == "CallersFunction":
        settings.from_environ(settings.CallerSettings)
    if function == "AlertsFunction":
        settings.from_environ(settings.AlertSettings)
    if function == "ErasuresFunction":
        settings.from_environ(settings.ErasureSettings)
    if function == "SweepFunction":
        settings.from_environ(settings.SweepSettings)
    if function.removesuffix("Function") in PREFIXES:
        settings.from_environ(settings.ConsumerSettings)
        assert {"UNKNOWN_CALLS", "DEFAULT_ORGANIZATION_ID", "ANALYSIS_ALIASES"} <= set(environment(function))


NAMES = ("HOST", "PORT", "SECRET_ARN", "CA_FILE", "AUTH", "USER")
OF_FUNCTIONS = ("DatabaseHost", "DatabasePort", "DatabaseUserSecretArn", "DatabaseCaFile", "password", "DatabaseUser")
OF_THE_OWNER = ("DatabaseHost", "DatabasePort", "DatabaseSecretArn", "DatabaseCaFile", "password", "")
BY_TOKEN = ("DatabaseHost", "DatabasePort", "", "DatabaseCaFile", "iam", "DatabaseUser")
PAST_THE_PROXY = ("MigrationHost", "DatabasePort", "DatabaseSecretArn", "MigrationCaFile", "iam", "DatabaseUser")
ADDRESSES: dict[str, tuple[Stack, tuple[object, ...], tuple[object, ...]]] = {
    "of the owner": (
        LOCAL.but(
            DatabaseUserSecretArn="",
            DatabaseReaderSecretArn="",
            DatabaseWriterSecretArn="",
            DatabaseCallerSecretArn="",
            DatabaseEraserSecretArn="",
        ),
        OF_THE_OWNER,
        OF_THE_OWNER,
    ),
    "local": (LOCAL, OF_FUNCTIONS, (*OF_THE_OWNER[:-1], "DatabaseUser")),
    "existing proxy": (EXISTING.but(MigrationHost="direct.example.com"), BY_TOKEN, PAST_THE_PROXY),
    "existing": (EXISTING, BY_TOKEN, (*OF_THE_OWNER[:-2], "iam", "DatabaseUser")),
    "production": (SHAPES["production"], BY_TOKEN, PAST_THE_PROXY),
}
"""Shape -> what NAMES are for the functions, and for the migration; a parameter by its name."""


@pytest.mark.parametrize("shape", ADDRESSES)
@pytest.mark.parametrize("function", USERS_OF_THE_DATABASE)
def test_a_function_knows_where_the_database_is_and_who_it_is_there(function: str, shape: str) -> None:
    stack, functions, migration = ADDRESSES[shape]
    stack = stack.but(AlertWebhookDetail="link")  # the planner of alerts is there if the stack sends them
    expected = migration if function == "MigrateFunction" else functions
    given = {name: value for name, value in stack.environment(function).items() if name.startswith("DATABASE_")}
    reader = {"Ref": "DatabaseReader"} if expected[-1] else ""
    if function == "ApiFunction" and reader:
        expected = (*expected[:-1], "DatabaseReader")
        expected = tuple("DatabaseReaderSecretArn" if one == "DatabaseUserSecretArn" else one for one in expected)
    writer = {"Ref": "DatabaseWriter"} if expected[-1] else ""
    if function == "FollowUpsFunction" and writer:
        expected = (*expected[:-1], "DatabaseWriter")
        expected = tuple("DatabaseWriterSecretArn" if one == "DatabaseUserSecretArn" else one for one in expected)
    caller = {"Ref": "DatabaseCaller"} if expected[-1] else ""
    if function == "CallersFunction" and caller:
        expected = (*expected[:-1], "DatabaseCaller")
        expected = tuple("DatabaseCallerSecretArn" if one == "DatabaseUserSecretArn" else one for one in expected)
    assert given.pop("DATABASE_CALLER", "") == (caller if function == "MigrateFunction" else "")
    eraser = {"Ref": "DatabaseEraser"} if expected[-1] else ""
    if function == "ErasuresFunction" and eraser:
        expected = (*expected[:-1], "DatabaseEraser")
        expected = tuple("DatabaseEraserSecretArn" if one == "DatabaseUserSecretArn" else one for one in expected)
    assert given.pop("DATABASE_ERASER", "") == (eraser if function == "MigrateFunction" else "")
    assert given.pop("DATABASE_WRITER", "") == (writer if function == "MigrateFunction" else "")
    assert given.pop("DATABASE_READER", "") == (reader if function == "MigrateFunction" else "")
    assert given.pop("DATABASE_NAME") == {"Ref": "DatabaseName"}
    parameters = source()["Parameters"]
    assert given == {
        f"DATABASE_{name}": {"Ref": value} if isinstance(value, str) and value in parameters else value
        for name, value in zip(NAMES, expected, strict=True)
    }


def test_without_a_password_of_its_own_the_read_api_is_the_role_of_the_other_functions() -> None:
    shared = LOCAL.but(DatabaseReaderSecretArn="")
    given = shared.environment("ApiFunction")
    assert given["DATABASE_USER"] == {"Ref": "DatabaseUser"}
    assert given["DATABASE_SECRET_ARN"] == {"Ref": "DatabaseUserSecretArn"}
    assert shared.environment("MigrateFunction")["DATABASE_READER"] == ""
    (refusal,) = LOCAL.but(DatabaseUserSecretArn="", DatabaseWriterSecretArn="", DatabaseCallerSecretArn="").complaints
    assert "DatabaseReaderSecretArn" in refusal


def test_without_a_password_of_its_own_the_follow_ups_function_is_the_role_of_the_other_functions() -> None:
    shared = LOCAL.but(DatabaseWriterSecretArn="")
    given = shared.environment("FollowUpsFunction")
    assert given["DATABASE_USER"] == {"Ref": "DatabaseUser"}
    assert given["DATABASE_SECRET_ARN"] == {"Ref": "DatabaseUserSecretArn"}
    assert shared.environment("MigrateFunction")["DATABASE_WRITER"] == ""
    (refusal,) = LOCAL.but(DatabaseUserSecretArn="", DatabaseReaderSecretArn="", DatabaseCallerSecretArn="").complaints
    assert "DatabaseWriterSecretArn" in refusal


def test_without_a_password_of_its_own_the_callers_function_is_the_role_of_the_other_functions() -> None:
    shared = LOCAL.but(DatabaseCallerSecretArn="")
    given = shared.environment("CallersFunction")
    assert given["DATABASE_USER"] == {"Ref": "DatabaseUser"}
    assert given["DATABASE_SECRET_ARN"] == {"Ref": "DatabaseUserSecretArn"}
    assert shared.environment("MigrateFunction")["DATABASE_CALLER"] == ""
    (refusal,) = LOCAL.but(DatabaseUserSecretArn="", DatabaseReaderSecretArn="", DatabaseWriterSecretArn="").complaints
    assert "DatabaseCallerSecretArn" in refusal


@pytest.mark.parametrize("function", [name for name in USERS_OF_THE_DATABASE if name != "MigrateFunction"])
def test_no_function_gets_new_code_before_the_schema_fits_it(function: str) -> None:
    assert resources()[function]["DependsOn"] == "Migration"


def test_the_migration_runs_whenever_the_code_a_layer_or_the_database_changes() -> None:
    migration = properties("Migration")
    version = migration["Revision"]["Ref"]
    assert resources()[version]["Type"] == "AWS::Lambda::Version"
    assert properties(version)["FunctionName"] == {"Ref": "MigrateFunction"}
    assert source()["Resources"]["MigrateFunction"]["Properties"]["AutoPublishAliasAllProperties"] is True
    names = ("Host", "Port", "Name", "User", "Reader", "Writer", "Caller", "Eraser")
    parameters = [{"Ref": f"Database{name}"} for name in names]
    assert LOCAL.properties("Migration")["Database"] == [*parameters, "password"]
    assert SHAPES["production"].properties("Migration")["Database"] == [*parameters, "iam"]
    for layer in ("DependenciesLayer", "SharedLayer"):
        assert source()["Resources"][layer]["Properties"]["PublishLambdaVersion"] is True


def test_cloudformation_waits_for_the_migration_a_little_longer_than_it_may_run() -> None:
    assert properties("Migration")["ServiceToken"] == {"Fn::GetAtt": ["MigrateFunction", "Arn"]}
    assert 0 < properties("Migration")["ServiceTimeout"] - properties("MigrateFunction")["Timeout"] <= 60


DAILY = r"cron\(\d+ \d+ \* \* \? \*\)"


def _schedules(function: str) -> list[tuple[str, str | None]]:
    """When a function is invoked, and with what; "daily" for every day at some minute."""
    rules = [properties(name) for name in ids_of("AWS::Events::Rule")]
    of_function = [rule for rule in rules if rule["Targets"][0]["Arn"] == {"Ref": f"{function}Aliaslive"}]
    named = [(rule["ScheduleExpression"], rule["Targets"][0].get("Input")) for rule in of_function]
    return sorted(("daily" if re.fullmatch(DAILY, schedule) else schedule, given) for schedule, given in named)


def test_receipts_are_pruned_daily() -> None:
    assert _schedules("PruneFunction") == [("daily", None)]


def test_a_sweep_runs_every_five_minutes_and_walks_the_window_at_night() -> None:
    assert _schedules("SweepFunction") == [("daily", '{"window": true}'), ("rate(5 minutes)", None)]


def test_the_verifier_answers_before_the_gateway_gives_up_and_knows_no_database() -> None:
    assert properties("VerifierFunction")["Timeout"] < GATEWAY_TIMEOUT_SECONDS
    assert "VerifierFunction" not in USERS_OF_THE_DATABASE
    assert "VpcConfig" not in properties("VerifierFunction")
