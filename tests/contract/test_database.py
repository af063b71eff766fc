"""The database that the stack makes, and the proxy before it."""

import re
from typing import Any

import pytest

from local.postgres import FUNCTIONS, READER
from tests.contract.stack import APPLICATION, DATABASE, ROOT, Stack, source, stack_of

PRODUCTION = stack_of("production", DATABASE)
STAGING = stack_of("staging", DATABASE)


def _instance(stack: Stack = PRODUCTION) -> dict[str, Any]:
    return dict(stack.properties("DatabaseInstance"))


@pytest.mark.parametrize("stack", [STAGING, PRODUCTION], ids=["staging", "production"])
def test_it_is_encrypted_private_and_entered_over_tls_only(stack: Stack) -> None:
    database = _instance(stack)
    key = {"Fn::GetAtt": ["DatabaseKey", "Arn"]}
    assert database["StorageEncrypted"] is True
    assert (
        database["KmsKeyId"]
        == database["PerformanceInsightsKMSKeyId"]
        == database["MasterUserSecret"]["KmsKeyId"]
        == key
    )
    assert database["PubliclyAccessible"] is False
    assert database["VPCSecurityGroups"] == [{"Ref": "DatabaseSecurityGroup"}]
    assert stack.properties("DatabaseParameters")["Parameters"]["rds.force_ssl"] == "1"


def test_no_password_is_in_the_template() -> None:
    database = _instance()
    assert database["ManageMasterUserPassword"] is True
    assert "MasterUserPassword" not in database
    assert database["EnableIAMDatabaseAuthentication"] is True


def test_its_major_version_is_the_one_that_the_tests_run_on() -> None:
    assert _instance()["EngineVersion"] == {"Ref": "DatabaseEngineVersion"}
    version = source(DATABASE)["Parameters"]["DatabaseEngineVersion"]
    (major,) = re.findall(r"^(\d+)\.\d+$", version["Default"])
    assert re.fullmatch(version["AllowedPattern"], f"{major}.99")
    assert (ROOT / "local/binaries.py").read_text().count(f"pginstall{major}") == 1
    assert PRODUCTION.properties("DatabaseParameters")["Family"] == f"postgres{major}"
    assert _instance()["AutoMinorVersionUpgrade"] is True
    assert _instance()["AllowMajorVersionUpgrade"] is False


def test_production_outlives_a_zone_a_mistake_and_a_deletion() -> None:
    for stack, expected in ((PRODUCTION, True), (STAGING, False)):
        assert _instance(stack)["MultiAZ"] is _instance(stack)["DeletionProtection"] is expected
    assert PRODUCTION.parameters["DatabaseBackupDays"] == "35"
    for stack in (PRODUCTION, STAGING):
        assert _instance(stack)["BackupRetentionPeriod"] == {"Ref": "DatabaseBackupDays"}
        assert (_instance(stack)["CopyTagsToSnapshot"], _instance(stack)["DeleteAutomatedBackups"]) == (True, False)
        assert stack.resources["DatabaseInstance"]["DeletionPolicy"] == "Snapshot"
        assert stack.resources["DatabaseInstance"]["UpdateReplacePolicy"] == "Snapshot"


def test_the_database_key_is_rotated_and_retained() -> None:
    key = PRODUCTION.resources["DatabaseKey"]
    # A first deploy that fails leaves no key behind, which a later one would make again.
    assert (key["DeletionPolicy"], key["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    assert key["Properties"]["EnableKeyRotation"] is True


def test_it_is_watched_and_what_it_says_is_kept_for_a_while() -> None:
    database = _instance()
    assert (database["DatabaseInsightsMode"], database["EnablePerformanceInsights"]) == ("standard", True)
    assert database["MonitoringInterval"] == 60
    for log in database["EnableCloudwatchLogsExports"]:
        (group,) = [
            name
            for name in PRODUCTION.ids_of("AWS::Logs::LogGroup")
            if PRODUCTION.properties(name)["LogGroupName"]
            == {"Fn::Sub": f"/aws/rds/instance/${{AWS::StackName}}/{log}"}
        ]
        assert PRODUCTION.properties(group)["RetentionInDays"] == {"Ref": "LogRetentionDays"}
        assert group in PRODUCTION.resources["DatabaseInstance"]["DependsOn"], "or RDS makes it, without an end"
    assert database["DBInstanceIdentifier"] == {"Ref": "AWS::StackName"}


def test_its_log_has_no_value_of_anybodys() -> None:
    """Parameters of slow statements and rows that errors are about are what people said, and their numbers."""
    parameters = PRODUCTION.properties("DatabaseParameters")["Parameters"]
    assert parameters["log_parameter_max_length"] == parameters["log_parameter_max_length_on_error"] == "0"
    assert parameters["log_error_verbosity"] == "terse"
    assert not {"log_statement", "debug_print_plan", "auto_explain.log_analyze"} & set(parameters)


def test_it_can_grow_whatever_it_begins_with() -> None:
    assert _instance()["StorageType"] == "gp3"
    assert source(DATABASE)["Parameters"]["DatabaseStorage"]["MaxValue"] * 1.1 < _instance()["MaxAllocatedStorage"], (
        "RDS's rule"
    )


def test_the_proxy_takes_tokens_on_both_sides_and_speaks_tls_only() -> None:
    proxy = PRODUCTION.properties("Proxy")
    assert (proxy["DefaultAuthScheme"], proxy["RequireTLS"]) == ("IAM_AUTH", True)
    assert "Auth" not in proxy, "no secret"
    assert proxy["DebugLogging"] is False
    application = stack_of("production")
    group = application.properties("ProxyTargetGroup")
    assert group["DBProxyName"] == {"Ref": "DatabaseProxyName"}
    assert group["DBInstanceIdentifiers"] == [{"Ref": "DatabaseInstanceId"}]
    assert group["TargetGroupName"] == "default"
    assert PRODUCTION.outputs["DatabaseProxyName"] == {"Ref": "Proxy"}
    assert PRODUCTION.outputs["DatabaseInstanceId"] == {"Ref": "DatabaseInstance"}


def test_the_proxy_can_be_left_out() -> None:
    without = PRODUCTION.but(DatabaseProxy="false")
    assert not {"Proxy", "ProxyRole", "ProxySecurityGroup", "ProxyToDatabase"} & set(without.resources)


ENDPOINT = {"Fn::GetAtt": ["DatabaseInstance", "Endpoint.Address"]}
PROXY_ID = {"Fn::Select": [6, {"Fn::Split": [":", {"Fn::GetAtt": ["Proxy", "DBProxyArn"]}]}]}


def test_functions_are_told_of_the_proxy_and_the_migration_of_the_database_behind_it() -> None:
    outputs = PRODUCTION.outputs
    assert outputs["DatabaseHost"] == {"Fn::GetAtt": ["Proxy", "Endpoint"]}
    assert outputs["DatabaseResourceId"] == PROXY_ID
    assert "DatabaseCaFile" not in outputs, "its certificate is signed by an authority that every system knows"
    assert (outputs["MigrationHost"], outputs["MigrationCaFile"]) == (ENDPOINT, "/opt/certificates/rds.pem")
    assert outputs["DatabaseSecretArn"] == {"Fn::GetAtt": ["DatabaseInstance", "MasterUserSecret.SecretArn"]}
    assert outputs["DatabaseSecretKeyArn"] == {"Fn::GetAtt": ["DatabaseKey", "Arn"]}


def test_without_a_proxy_functions_are_told_of_the_database() -> None:
    outputs = PRODUCTION.but(DatabaseProxy="false").outputs
    assert outputs["DatabaseHost"] == ENDPOINT
    assert outputs["DatabaseResourceId"] == {"Fn::GetAtt": ["DatabaseInstance", "DbiResourceId"]}
    assert outputs["DatabaseCaFile"] == "/opt/certificates/rds.pem"
    assert "DatabaseProxyName" not in outputs


def test_the_local_stack_connects_as_the_role_that_the_template_names() -> None:
    for part in (APPLICATION, DATABASE):
        assert source(part)["Parameters"]["DatabaseUser"]["Default"] == FUNCTIONS
        assert source(part)["Parameters"]["DatabaseReader"]["Default"] == READER
