"""What `template.yaml` has of what is billed by the month."""

import re
from collections.abc import Mapping
from typing import Final

_RESOURCE: Final = re.compile(r"\n  (?=\w+:\n)")
_RULE: Final = re.compile(r"^        - Name: \w+\n          Priority: \d+$", re.MULTILINE)
_METRIC: Final = re.compile(r"\bMetricName:")


def count_resources(template: str) -> Mapping[str, int]:
    """Count metrics of alarms, dashboards and rules of the firewall, in the template as it is written."""
    alarms = [part for part in _RESOURCE.split(template) if "Type: AWS::CloudWatch::Alarm\n" in part]
    return {
        "alarm metrics": sum(len(_METRIC.findall(alarm)) for alarm in alarms),
        "dashboards": template.count("Type: AWS::CloudWatch::Dashboard\n"),
        "rules": len(_RULE.findall(template)),
    }
