"""CloudFormation's knowledge of stacks that may not be there yet."""

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

SETTLED = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"})
"""Statuses of a stack that was whole once, so that a failed update can go back to that."""


class Formation:
    """The stacks of one account and region."""

    def __init__(self, client: Any) -> None:  # noqa: ANN401 - boto3's client of cloudformation
        """Nothing is called yet."""
        self._client = client

    def outputs(self, stack_name: str) -> dict[str, str]:
        """The outputs of a stack by name; none if there is no such stack."""
        return {output["OutputKey"]: output["OutputValue"] for output in self._describe(stack_name).get("Outputs", ())}

    def tag(self, stack_name: str, key: str) -> str | None:
        """The value of a tag of a stack that is settled."""
        if not self.is_settled(stack_name):
            return None
        tags = self._describe(stack_name).get("Tags", ())
        return next((str(tag["Value"]) for tag in tags if tag["Key"] == key), None)

    def is_settled(self, stack_name: str) -> bool:
        """Return whether the stack has been whole once: not while its first deploy has yet to succeed."""
        return self._describe(stack_name).get("StackStatus") in SETTLED

    def functions(self, stack_name: str) -> Iterator[str]:
        """The names of the stack's Lambda functions."""
        pages = self._client.get_paginator("list_stack_resources").paginate(StackName=stack_name)
        for page in pages:
            for resource in page["StackResourceSummaries"]:
                if resource["ResourceType"] == "AWS::Lambda::Function":
                    yield str(resource["PhysicalResourceId"])

    def _describe(self, stack_name: str) -> Mapping[str, Any]:
        try:
            return dict(self._client.describe_stacks(StackName=stack_name)["Stacks"][0])
        except ClientError as error:
            if error.response["Error"]["Code"] == "ValidationError":  # what AWS answers of a stack that is not there
                return {}
            raise
