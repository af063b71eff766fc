"""`make restore`: restore the database to a point in time, and put it in the place of the present one.

Each step is a request to RDS. Without YES=1 the steps are printed as commands of the AWS CLI, in order.
"""

import shlex
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore import xform_name

from local.console import say
from operate.target import OperationFailed

LOG_EXPORTS: Final = ["postgresql", "upgrade", "iam-db-auth-error"]
_BEFORE: Final = (
    "# While the database still answers, keep what was erased: pseudonyms and ids, no person.\n"
    "make tombstones SAVE={environment}-tombstones.json ENV={environment}"
)
WAIT: Final = "wait"
PAUSE_SECONDS: Final = 30
PATIENCE_SECONDS: Final = 2 * 3600


@dataclass(frozen=True)
class Step:
    """One request to RDS, or a wait until an instance is available."""

    operation: str
    arguments: Mapping[str, Any]

    @property
    def command(self) -> str:
        """Return the step as a command of the AWS CLI."""
        called = ["wait", "db-instance-available"] if self.operation == WAIT else [self.operation.replace("_", "-")]
        options = (word for name, value in self.arguments.items() for word in _option(name, value))
        return shlex.join(["aws", "rds", *called, *options])


def steps(instance: Mapping[str, Any], outputs: Mapping[str, str], moment: str | None) -> Iterator[Step]:
    """The steps that give a restored instance the settings of the stack's instance, and put it into its place."""
    name = str(instance["DBInstanceIdentifier"])
    restored, broken = f"{name}-restored", f"{name}-broken"
    proxy = outputs.get("DatabaseProxyName")
    yield Step(
        "restore_db_instance_to_point_in_time",
        {
            "SourceDBInstanceIdentifier": name,
            "TargetDBInstanceIdentifier": restored,
            **({"RestoreTime": moment} if moment else {"UseLatestRestorableTime": True}),
            "DBInstanceClass": instance["DBInstanceClass"],
            "DBSubnetGroupName": outputs["DatabaseSubnetGroup"],
            "VpcSecurityGroupIds": [outputs["DatabaseSecurityGroupId"]],
            "DBParameterGroupName": outputs["DatabaseParameterGroup"],
            "EnableIAMDatabaseAuthentication": True,  # without it no function could log in
            "ManageMasterUserPassword": True,
            "MasterUserSecretKmsKeyId": outputs["DatabaseSecretKeyArn"],
            "EnableCloudwatchLogsExports": LOG_EXPORTS,
            "MultiAZ": instance["MultiAZ"],
            "DeletionProtection": instance["DeletionProtection"],
            "BackupRetentionPeriod": instance["BackupRetentionPeriod"],
            "MaxAllocatedStorage": instance["MaxAllocatedStorage"],
            "CopyTagsToSnapshot": True,
            "AutoMinorVersionUpgrade": instance["AutoMinorVersionUpgrade"],
            "PubliclyAccessible": False,
        },
    )
    yield Step(WAIT, {"DBInstanceIdentifier": restored})
    yield Step(
        "modify_db_instance",
        {
            "DBInstanceIdentifier": restored,
            "MonitoringInterval": instance["MonitoringInterval"],
            "MonitoringRoleArn": outputs["DatabaseMonitoringRoleArn"],
            "DatabaseInsightsMode": "standard",
            "EnablePerformanceInsights": True,
            "PerformanceInsightsRetentionPeriod": 7,
            "PerformanceInsightsKMSKeyId": outputs["DatabaseSecretKeyArn"],
            "CACertificateIdentifier": instance["CACertificateIdentifier"],
            "PreferredBackupWindow": instance["PreferredBackupWindow"],
            "PreferredMaintenanceWindow": instance["PreferredMaintenanceWindow"],
            "ApplyImmediately": True,
        },
    )
    yield Step(WAIT, {"DBInstanceIdentifier": restored})
    if proxy:
        yield Step("deregister_db_proxy_targets", {"DBProxyName": proxy, "DBInstanceIdentifiers": [name]})
    yield from _rename(name, broken)
    yield from _rename(restored, name)
    if proxy:
        yield Step("register_db_proxy_targets", {"DBProxyName": proxy, "DBInstanceIdentifiers": [name]})


def restore(
    client: Any,  # noqa: ANN401 - boto3's client of rds
    outputs: Mapping[str, str],
    environment: str,
    moment: str | None,
    *,
    runs: bool,
) -> int:
    """Print the steps, or run them; returns the exit status.

    Raises OperationFailed if the environment has no database of its own.
    """
    if "DatabaseInstanceId" not in outputs:
        raise OperationFailed(f"{environment} has no stack with a database; restore that of somebody else as they do")
    (instance,) = client.describe_db_instances(DBInstanceIdentifier=outputs["DatabaseInstanceId"])["DBInstances"]
    say(_BEFORE.format(environment=environment))
    for step in steps(instance, outputs, moment):
        say(step.command)
        if runs:
            _run(client, step)
    say(_afterwards(environment, int(instance["BackupRetentionPeriod"])))
    return 0


def _rename(name: str, other: str) -> Iterator[Step]:
    yield Step(
        "modify_db_instance",
        {"DBInstanceIdentifier": name, "NewDBInstanceIdentifier": other, "ApplyImmediately": True},
    )
    yield Step(WAIT, {"DBInstanceIdentifier": other})


def _run(client: Any, step: Step) -> None:  # noqa: ANN401 - boto3's client of rds
    if step.operation != WAIT:
        getattr(client, step.operation)(**step.arguments)
        return
    began = time.monotonic()
    while not _is_available(client, step.arguments["DBInstanceIdentifier"]):
        if time.monotonic() - began > PATIENCE_SECONDS:
            raise OperationFailed(f"{step.arguments['DBInstanceIdentifier']} is not available after two hours")
        time.sleep(PAUSE_SECONDS)


def _is_available(client: Any, name: str) -> bool:  # noqa: ANN401 - as above
    """Return whether an instance of this name is available and has no pending change."""
    try:
        (instance,) = client.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    except client.exceptions.DBInstanceNotFoundFault:  # RDS takes a while to find an instance by its new name
        return False
    return bool(instance["DBInstanceStatus"] == "available" and not instance.get("PendingModifiedValues"))


def _option(name: str, value: object) -> list[str]:
    option = xform_name(name, "-")
    if isinstance(value, bool):
        return [f"--{option}" if value else f"--no-{option}"]
    return [f"--{option}", *(map(str, value) if isinstance(value, list) else [str(value)])]


def _afterwards(environment: str, days: int) -> str:
    other = days - 1 if days > 1 else days + 1
    return (
        "# CloudFormation reads the new instance's id and secret when a property of the instance changes.\n"
        f"# In infrastructure/samconfig.toml, {environment}-database: DatabaseBackupDays={other}. Commit it, and:\n"
        f"make deploy ENV={environment} GRADUAL=false\n"
        "# Who was erased since that point in time is there again. Erase them once more, before anybody reads:\n"
        f"make tombstones REPLAY={environment}-tombstones.json ENV={environment}"
    )
