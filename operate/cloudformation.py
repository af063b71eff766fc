"""Queries to CloudFormation about stacks that may not exist yet."""

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

SETTLED = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"})
"""Statuses of a stack that was deployed successfully once, so that a failed update can be rolled back."""


class Formation:
    """The stacks of one account and region."""

    def __init__(self, client: Any) -> None:  # noqa: ANN401 - boto3's client of cloudformation
        """Keep the client; no request is sent yet."""
        self._client = client

    def outputs(self, stack_name: str) -> dict[str, str]:
        """Return the stack's outputs by name; empty if the stack does not exist."""
        return {output["OutputKey"]: output["OutputValue"] for output in self._describe(stack_name).get("Outputs", ())}

    def tag(self, stack_name: str, key: str) -> str | None:
        """Return the value of a tag of a stack that is not being changed."""
        if not self.is_settled(stack_name):
            return None
        tags = self._describe(stack_name).get("Tags", ())
        return next((str(tag["Value"]) for tag in tags if tag["Key"] == key), None)

    def is_settled(self, stack_name: str) -> bool:
        """Return whether the stack has been deployed successfully at least once."""
        return self._describe(stack_name).get("StackStatus") in SETTLED

    def functions(self, stack_name: str) -> Iterator[str]:
        """Return the names of the stack's Lambda functions."""
        pages = self._client.get_paginator("list_stack_resources").paginate(StackName=stack_name)
        for page in pages:
            for resource in page["StackResourceSummaries"]:
                if resource["ResourceType"] == "AWS::Lambda::Function":
                    yield str(resource["PhysicalResourceId"])

    def _describe(self, stack_name: str) -> Mapping[str, Any]:
        try:
            return dict(self._client.describe_stacks(StackName=stack_name)["Stacks"][0])
        except ClientError as error:
            if error.response["Error"]["Code"] == "ValidationError":  # AWS's answer for a stack that does not exist
                return {}
            raise
