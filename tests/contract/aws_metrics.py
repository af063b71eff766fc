"""Metrics that AWS emits itself and that this stack's dashboard or alarms use.

The list was checked in November 2026 against AWS's documentation:

- AWS/SQS
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
- AWS/Lambda https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
- AWS/ApiGateway https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
- AWS/RDS https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-metrics.html
- AWS/WAFV2 https://docs.aws.amazon.com/waf/latest/developerguide/waf-metrics.html
- Database Insights https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PerfInsights_Counters.html
  by the function DB_PERF_INSIGHTS https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from functools import cache
from typing import Final

from tests.contract.stack import ids_of, properties

AWS_METRICS: Final = {
    "AWS/SQS": (
        {"ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"},
        [{"QueueName"}],
    ),
    "AWS/Lambda": (
        {"ConcurrentExecutions", "Duration", "Errors", "Invocations", "Throttles"},
        # FunctionName alone aggregates all versions and aliases; with Resource it is one alias or version.
        [{"FunctionName"}, {"FunctionName", "Resource"}],
    ),
    "AWS/ApiGateway": (
        {"4XXError", "5XXError", "Count", "IntegrationLatency", "Latency"},
        [{"ApiName"}, {"ApiName", "Stage"}],
    ),
    "AWS/WAFV2": ({"BlockedRequests"}, [{"WebACL", "Region", "Rule"}]),
    "AWS/RDS": (
        {
            "CPUUtilization",
            "DatabaseConnections",
            "FreeStorageSpace",
            "FreeableMemory",
            "MaximumUsedTransactionIDs",
            "CPUCreditBalance",
            "ReadLatency",
            "WriteLatency",
            # Metrics of a proxy have its name:
            # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy.monitoring.html
            "ClientConnections",
            "DatabaseConnectionsCurrentlySessionPinned",
        },
        [{"DBInstanceIdentifier"}, {"ProxyName"}],
    ),
    "AWS/DynamoDB": ({"ReadThrottleEvents"}, [{"TableName"}]),
    "Database Insights": ({"db.Concurrency.deadlocks"}, [{"DbiResourceId"}]),
}
"""Namespace -> its metrics, each with its sets of dimensions."""


def is_emitted(namespace: str, metric: str, dimensions: set[str]) -> bool:
    """Return whether AWS, or a metric filter of the template, emits this metric with exactly these dimensions."""
    metrics, sets = AWS_METRICS.get(namespace, (set(), []))
    return (metric in metrics and dimensions in sets) or (namespace, metric, frozenset(dimensions)) in filtered()


@cache
def filtered() -> frozenset[tuple[str, str, frozenset[str]]]:
    """Return namespace, name and dimensions of the metrics of the template's metric filters."""
    made = [made for id_ in ids_of("AWS::Logs::MetricFilter") for made in properties(id_)["MetricTransformations"]]
    return frozenset(
        (metric["MetricNamespace"], metric["MetricName"], frozenset(said["Key"] for said in metric["Dimensions"]))
        for metric in made
    )
