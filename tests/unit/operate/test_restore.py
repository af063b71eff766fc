"""`make restore`: what it prints and runs makes the restored instance what the stack's own one is."""

import shlex
from typing import Any, ClassVar

import botocore.session
import pytest
from botocore.validate import validate_parameters

from operate import restore
from operate.restore import steps
from operate.target import OperationFailed
from tests.contract.stack import DATABASE, stack_of

INSTANCE: dict[str, Any] = {
    "DBInstanceIdentifier": "the-database",
    "DBInstanceStatus": "available",
    "DBInstanceClass": "db.m8g.large",
    "MultiAZ": True,
    "DeletionProtection": True,
    "BackupRetentionPeriod": 35,
    "MaxAllocatedStorage": 1000,
    "AutoMinorVersionUpgrade": True,
    "MonitoringInterval": 60,
    "CACertificateIdentifier": "rds-ca-rsa2048-g1",
    "PreferredBackupWindow": "07:00-07:30",
    "PreferredMaintenanceWindow": "sun:09:00-sun:10:00",
}
OUTPUTS = {
    "DatabaseInstanceId": "the-database",
    "DatabaseProxyName": "the-proxy",
    "DatabaseSubnetGroup": "the-subnets",
    "DatabaseSecurityGroupId": "sg-1",
    "DatabaseParameterGroup": "the-parameters",
    "DatabaseSecretKeyArn": "arn:key",
    "DatabaseMonitoringRoleArn": "arn:role",
}
NOT_FOR_A_RESTORED_ONE = {
    *("DBName", "MasterUsername", "AllocatedStorage", "StorageEncrypted", "KmsKeyId", "Engine", "EngineVersion"),
    *("StorageType", "AllowMajorVersionUpgrade", "DeleteAutomatedBackups"),
}
"""Properties that come with the data, or are about what follows."""
SAID_OTHERWISE = {
    "VPCSecurityGroups": "VpcSecurityGroupIds",
    "MasterUserSecret": "MasterUserSecretKmsKeyId",
    "EnableCloudwatchLogsExports": "EnableCloudwatchLogsExports",
}


def test_every_step_is_a_call_that_rds_has() -> None:
    model = botocore.session.get_session().get_service_model("rds")
    operations = {botocore.xform_name(name): name for name in model.operation_names}
    for step in steps(INSTANCE, OUTPUTS, "2026-11-29T03:20:00Z"):
        if step.operation != restore.WAIT:
            shape = model.operation_model(operations[step.operation]).input_shape
            assert shape
            validate_parameters(step.arguments, shape)


def test_it_gets_every_property_that_the_stack_gives_its_own_one() -> None:
    given = {name for step in steps(INSTANCE, OUTPUTS, None) for name in step.arguments}
    asked = set(stack_of("production", DATABASE).properties("DatabaseInstance")) - NOT_FOR_A_RESTORED_ONE
    assert {SAID_OTHERWISE.get(name, name) for name in asked} <= given


def test_functions_can_log_in_to_it_and_it_is_as_protected_as_the_old_one() -> None:
    first, *_ = steps(INSTANCE, OUTPUTS, None)
    assert first.arguments["EnableIAMDatabaseAuthentication"] is True
    assert first.arguments["UseLatestRestorableTime"] is True
    assert first.arguments["MultiAZ"] is first.arguments["DeletionProtection"] is True


def test_the_proxy_lets_go_of_the_old_one_before_it_takes_the_restored_one() -> None:
    commands = [step.command for step in steps(INSTANCE, OUTPUTS, None)]
    order = [
        commands.index(next(c for c in commands if word in c))
        for word in (
            "deregister-db-proxy-targets",
            "--new-db-instance-identifier the-database-broken",
            "--new-db-instance-identifier the-database ",
            " register-db-proxy-targets",
        )
    ]
    assert order == sorted(order)
    direct = {name: value for name, value in OUTPUTS.items() if name != "DatabaseProxyName"}
    assert not any("proxy" in step.command for step in steps(INSTANCE, direct, None))


def test_a_step_is_a_command_of_the_aws_cli() -> None:
    first, wait, *_ = steps(INSTANCE, OUTPUTS, "2026-11-29T03:20:00Z")
    words = shlex.split(first.command)
    assert words[:3] == ["aws", "rds", "restore-db-instance-to-point-in-time"]
    assert "--enable-iam-database-authentication" in words
    assert "--no-publicly-accessible" in words
    assert words[words.index("--restore-time") + 1] == "2026-11-29T03:20:00Z"
    assert wait.command == "aws rds wait db-instance-available --db-instance-identifier the-database-restored"


class Client:
    """RDS as far as it is asked; an instance of a new name takes a while to be known."""

    class NotFoundError(Exception):
        pass

    class exceptions:  # noqa: N801 - as boto3
        DBInstanceNotFoundFault: ClassVar[type[Exception]]

    exceptions.DBInstanceNotFoundFault = NotFoundError

    def __init__(self) -> None:
        self.called: list[str] = []
        self._asked: set[str] = set()

    def describe_db_instances(self, DBInstanceIdentifier: str) -> Any:  # noqa: ANN401, N803 - as boto3
        if DBInstanceIdentifier != "the-database" and DBInstanceIdentifier not in self._asked:
            self._asked.add(DBInstanceIdentifier)
            raise self.NotFoundError
        return {"DBInstances": [INSTANCE]}

    def __getattr__(self, operation: str) -> Any:  # noqa: ANN401 - any call
        return lambda **_: self.called.append(operation)


@pytest.mark.parametrize("runs", [True, False])
def test_only_yes_runs_the_steps(runs: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restore, "PAUSE_SECONDS", 0)
    client = Client()
    assert restore.restore(client, OUTPUTS, "production", None, runs=runs) == 0
    calls = [step.operation for step in steps(INSTANCE, OUTPUTS, None) if step.operation != restore.WAIT]
    assert client.called == (calls if runs else [])


def test_the_last_words_say_how_cloudformation_hears_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    restore.restore(Client(), OUTPUTS, "production", None, runs=False)
    printed = capsys.readouterr().out
    assert printed.index("make tombstones SAVE=") < printed.index("restore-db-instance-to-point-in-time")
    assert printed.index("make tombstones REPLAY=") > printed.index("make deploy")
    assert "production-database: DatabaseBackupDays=34" in printed
    assert "make deploy ENV=production GRADUAL=false" in printed


def test_a_database_of_somebody_else_is_not_restored() -> None:
    with pytest.raises(OperationFailed):
        restore.restore(Client(), {}, "staging", None, runs=True)
