"""The gate before the API: the firewall of `infrastructure/firewall.yaml`, throttling, access logs."""

import json
from typing import Any, Final

import pytest

from tests.contract.stack import FIREWALL, ids_of, properties, resources, source, stack_of

BODY_RULES = {
    "AWSManagedRulesCommonRuleSet": {
        "SizeRestrictions_BODY",
        "CrossSiteScripting_BODY",
        "GenericLFI_BODY",
        "GenericRFI_BODY",
        "EC2MetaDataSSRF_BODY",
        "NoUserAgent_HEADER",
    },
    "AWSManagedRulesKnownBadInputsRuleSet": {"JavaDeserializationRCE_BODY", "Log4JRCE_BODY", "ReactJSRCE_BODY"},
}
"""By group, the rules that a webhook (50 KB of prompts and URLs, of a sender that is no browser) would trip."""
REGION_REQUESTS_PER_SECOND = 10_000
NEVER_LOGGED = ("query", "Query", "header", "body", "Body", "authorizer", "path)", "$context.path")


def _rules() -> dict[str, Any]:
    return {rule["Name"]: rule for rule in properties("WebAcl", FIREWALL)["Rules"]}


def test_rules_are_asked_in_the_order_in_which_they_stand() -> None:
    priorities = [rule["Priority"] for rule in properties("WebAcl", FIREWALL)["Rules"]]
    assert priorities == list(range(len(priorities)))


@pytest.mark.parametrize("group", BODY_RULES)
def test_what_a_real_webhook_would_trip_only_counts(group: str) -> None:
    (statement,) = [
        rule["Statement"]["ManagedRuleGroupStatement"]
        for rule in _rules().values()
        if rule["Statement"].get("ManagedRuleGroupStatement", {}).get("Name") == group
    ]
    counted = {rule["Name"] for rule in statement["RuleActionOverrides"] if rule["ActionToUse"] == {"Count": {}}}
    assert counted == BODY_RULES[group]


def test_a_flood_of_one_address_is_stopped_unless_it_is_vapis() -> None:
    rule = _rules()["RequestsPerAddress"]
    limit = rule["Statement"]["RateBasedStatement"]
    assert rule["Action"] == {"Block": {}}
    assert limit["AggregateKeyType"] == "IP"
    spared = limit["ScopeDownStatement"]["NotStatement"]["Statement"]["IPSetReferenceStatement"]
    assert spared == {"Arn": {"Fn::GetAtt": ["VapiIpSet", "Arn"]}}
    assert properties("VapiIpSet", FIREWALL)["Addresses"] == {"Ref": "VapiAddresses"}
    assert source(FIREWALL)["Parameters"]["VapiAddresses"]["Default"] == "167.150.224.0/23"


def test_the_allow_list_is_a_choice_and_for_webhooks_alone() -> None:
    rule = _rules()["OnlyVapi"]
    assert rule["Action"] == {"Fn::If": ["RefuseOtherAddresses", {"Block": {}}, {"Count": {}}]}
    path, elsewhere = rule["Statement"]["AndStatement"]["Statements"]
    assert path["ByteMatchStatement"]["SearchString"] == "/webhooks/"
    assert elsewhere["NotStatement"]["Statement"]["IPSetReferenceStatement"]["Arn"]["Fn::GetAtt"][0] == "VapiIpSet"


def test_the_firewall_protects_the_stage_that_the_application_puts_out() -> None:
    assert properties("WebAclAssociation", FIREWALL)["ResourceArn"] == {"Ref": "ApiStageArn"}
    stage = source()["Outputs"]["ApiStageArn"]["Value"]["Fn::Sub"]
    assert stage.endswith("::/restapis/${Api}/stages/${Api.Stage}")
    assert [name for name in resources() if resources()[name]["Type"].startswith("AWS::WAFv2")] == []


def test_the_dashboard_finds_the_firewall_by_the_applications_name() -> None:
    acl = stack_of("production", FIREWALL).flat["Resources"]["WebAcl"]["Properties"]
    assert acl["VisibilityConfig"]["MetricName"] == "autopulse-calls-production"
    assert ids_of("AWS::WAFv2::WebACL", FIREWALL) == ["WebAcl"]


def test_the_firewall_keeps_no_sample_and_logs_no_query_or_credential() -> None:
    acl = properties("WebAcl", FIREWALL)
    for config in (acl["VisibilityConfig"], *(rule["VisibilityConfig"] for rule in acl["Rules"])):
        assert config["SampledRequestsEnabled"] is False
    redacted = properties("FirewallLogs", FIREWALL)["RedactedFields"]
    assert {"QueryString": {}} in redacted
    assert {"SingleHeader": {"Name": "authorization"}} in redacted
    assert {"SingleHeader": {"Name": "x-vapi-secret"}} in redacted


def test_every_method_is_throttled_and_webhooks_apart() -> None:
    others, reads, webhooks = properties("ApiapiStage")["MethodSettings"]
    assert (others["HttpMethod"], others["ResourcePath"]) == ("*", "/*")
    assert (reads["HttpMethod"], reads["ResourcePath"]) == ("GET", "/~1v1~1{proxy+}")
    assert reads["ThrottlingRateLimit"] == reads["ThrottlingBurstLimit"] == {"Ref": "RequestsPerSecond"}
    webhook = source()["Resources"]["VerifierFunction"]["Properties"]["Events"]["Webhook"]["Properties"]
    assert webhooks["HttpMethod"] == webhook["Method"].upper()
    assert webhooks["ResourcePath"] == "/" + webhook["Path"].replace("/", "~1"), "as API Gateway writes a path here"
    assert webhooks["ThrottlingRateLimit"] == webhooks["ThrottlingBurstLimit"] == {"Ref": "WebhooksPerSecond"}
    assert not any("MetricsEnabled" in said for said in (others, reads, webhooks)), (
        "paid for by method, and nobody looks at it"
    )


def test_all_methods_together_leave_webhooks_their_share_of_what_a_region_grants() -> None:
    """Throttling is by method: a flood of each at once must not take the account's requests from the webhooks."""
    methods = [(path, method) for path, said in properties("Api")["Body"]["paths"].items() for method in said]
    parameters = source()["Parameters"]
    others = (len(methods) - 2) * properties("ApiapiStage")["MethodSettings"][0]["ThrottlingRateLimit"]
    own = parameters["RequestsPerSecond"]["Default"] + parameters["WebhooksPerSecond"]["Default"]
    assert others + own < REGION_REQUESTS_PER_SECOND


@pytest.mark.parametrize(
    ("stage", "key"), [("ApiapiStage", "AccessLogSetting"), ("WebSocketStage", "AccessLogSettings")]
)
def test_access_logs_are_json_without_what_people_asked_for(stage: str, key: str) -> None:
    condition, written, nothing = properties(stage)[key]["Fn::If"]
    assert (condition, nothing) == ("WriteAccessLogs", {"Ref": "AWS::NoValue"})
    assert json.loads(written["Format"])["status"] == "$context.status"
    assert [word for word in NEVER_LOGGED if word in written["Format"]] == []


def test_concurrency_is_reserved_only_where_asked() -> None:
    for function, condition in (("VerifierFunction", "ReserveForVerifier"), ("ApiFunction", "ReserveForApi")):
        parameter = function.replace("Function", "Concurrency")
        assert properties(function)["ReservedConcurrentExecutions"] == {
            "Fn::If": [condition, {"Ref": parameter}, {"Ref": "AWS::NoValue"}]
        }
        assert source()["Parameters"][parameter]["Default"] == 0, "a new account has ten in all"


OF_EVENTS: Final = {"CallEventQueue", "AlertQueue"}
"""Queues of the bus: events name a call, and say nothing of the customer."""


def test_what_customers_said_is_encrypted_by_the_accounts_key_where_asked() -> None:
    key = {"Fn::If": ["MakeDataKey", {"Ref": "DataKey"}, {"Ref": "AWS::NoValue"}]}
    queues = [name for name, one in resources().items() if one["Type"] == "AWS::SQS::Queue" and name not in OF_EVENTS]
    assert [name for name in queues if properties(name)["KmsMasterKeyId"] != key] == []
    assert "MakeDataKey" in json.dumps(properties("PayloadBucket")["BucketEncryption"])
    assert properties("DataKey")["EnableKeyRotation"] is True
