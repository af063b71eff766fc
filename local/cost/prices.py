"""The price list: us-east-1, on demand, before taxes, free tiers and discounts."""

from dataclasses import dataclass
from typing import Final

LOOKED_UP: Final = "2026-11-22"
REGION: Final = "us-east-1"
FROM_MEMORY: Final = "from memory, check"
MILLION: Final = 1_000_000
GIGABYTE: Final = 1_000_000_000
HOURS: Final = 730
"""A month, as AWS counts."""


@dataclass(frozen=True)
class Price:
    """`dollars` for `per` units."""

    dollars: float
    per: float
    unit: str
    page: str
    """Where AWS says it."""
    seen: str = FROM_MEMORY
    """Where it was read; AWS's own pages show their figures to scripts only."""

    def of(self, units: float) -> float:
        """Dollars for so many units."""
        return units / self.per * self.dollars


_AWS: Final = "https://aws.amazon.com"
_GATEWAY: Final = "https://amnic.com/blogs/aws-api-gateway-pricing"
_WAF: Final = "https://c3x.dev/blog/aws-waf-cost-explained/"
_CLOUDWATCH: Final = "https://www.factualminds.com/blog/amazon-cloudwatch-pricing-metrics-logs-alarms-dashboards/"

PRICES: Final = {
    "REST request": Price(3.50, MILLION, "request", f"{_AWS}/api-gateway/pricing/", _GATEWAY),
    "WebSocket message": Price(1.00, MILLION, "message of 32 KB", f"{_AWS}/api-gateway/pricing/", _GATEWAY),
    "WebSocket minute": Price(0.25, MILLION, "minute of a connection", f"{_AWS}/api-gateway/pricing/", _GATEWAY),
    "data out": Price(0.09, GIGABYTE, "byte to the Internet", f"{_AWS}/ec2/pricing/on-demand/", _GATEWAY),
    "WAF request": Price(0.60, MILLION, "request", f"{_AWS}/waf/pricing/", _WAF),
    "WAF ACL": Price(5.00, 1, "month", f"{_AWS}/waf/pricing/", _WAF),
    "WAF rule": Price(1.00, 1, "rule and month", f"{_AWS}/waf/pricing/", _WAF),
    "Lambda request": Price(
        0.20,
        MILLION,
        "invocation",
        f"{_AWS}/lambda/pricing/",
        "https://gist.github.com/thiagozs/019a25fbcbd987209ef1d25e10d0dde9",
    ),
    "Lambda GB-second": Price(
        0.0000133334,
        1,
        "GB-second on arm64",
        f"{_AWS}/lambda/pricing/",
        "https://app.unpkg.com/artillery@2.0.28/files/lib/platform/aws-lambda/prices.js",
    ),
    "SQS request": Price(
        0.40, MILLION, "request of 64 KB", f"{_AWS}/sqs/pricing/", "https://cloudburn.io/blog/amazon-sqs-pricing"
    ),
    "event": Price(
        1.00,
        MILLION,
        "event of 64 KB",
        f"{_AWS}/eventbridge/pricing/",
        "https://cloudburn.io/blog/amazon-eventbridge-pricing",
    ),
    "DynamoDB read": Price(
        0.125,
        MILLION,
        "read of 4 KB, consistent",
        f"{_AWS}/dynamodb/pricing/on-demand/",
        "https://airbyte.com/data-engineering-resources/dynamodb-pricing",
    ),
    "logs": Price(0.50, GIGABYTE, "byte", f"{_AWS}/cloudwatch/pricing/", _CLOUDWATCH),
    "dashboard": Price(3.00, 1, "dashboard and month", f"{_AWS}/cloudwatch/pricing/", _CLOUDWATCH),
    "metric": Price(
        0.30, 1, "metric and month", f"{_AWS}/cloudwatch/pricing/", "https://signoz.io/guides/cloudwatch-pricing"
    ),
    "alarm metric": Price(0.10, 1, "metric of an alarm and month", f"{_AWS}/cloudwatch/pricing/"),
    "trace": Price(5.00, MILLION, "trace recorded", f"{_AWS}/xray/pricing/"),
    "database hour": Price(0.176, 1, "hour of a db.m8g.large", f"{_AWS}/rds/postgresql/pricing/"),
    "database storage": Price(
        0.115,
        GIGABYTE,
        "byte of gp3 and month",
        f"{_AWS}/rds/postgresql/pricing/",
        "https://www.usage.ai/blogs/aws/reserved-instances/rds/pricing-calculator/",
    ),
    "proxy hour": Price(0.015, 1, "vCPU and hour", f"{_AWS}/rds/proxy/pricing/"),
    "endpoint hour": Price(0.01, 1, "endpoint, zone and hour", f"{_AWS}/privatelink/pricing/"),
    "endpoint data": Price(0.01, GIGABYTE, "byte", f"{_AWS}/privatelink/pricing/"),
    "key": Price(1.00, 1, "key and month", f"{_AWS}/kms/pricing/", f"{_AWS}/kms/pricing/"),
    "secret": Price(0.40, 1, "secret and month", f"{_AWS}/secrets-manager/pricing/"),
}
