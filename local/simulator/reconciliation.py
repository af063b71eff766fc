"""Recovery of lost webhooks: the calls are stored in Vapi's stand-in, and the sweep requests them."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from local.console import say
from local.deploy import Cloud
from local.simulator.call_records import record_of
from local.simulator.expected_rows import compare
from local.simulator.losses import Losses
from local.simulator.scenario import CallScript
from local.stack_paths import LocalStackError
from local.vapi_api.control import Control

SWEEP: Final = "SweepFunction"
"""The sweep's logical id in template.yaml."""
PATIENCE_SECONDS: Final = 60
SECONDS_OF_A_CALL: Final = 2
"""More than the fetcher's pause between two requests."""
_AT_ONCE: Final = 500
"""Number of calls in one invocation."""
_POLL_SECONDS: Final = 0.3


def remember(stack: Mapping[str, Any], scripts: Sequence[CallScript]) -> None:
    """Store calls in Vapi's stand-in, if the stack has one; this has to precede their first webhook."""
    if "vapi_api_key" in stack:
        Control(stack["vapi_api_url"], stack["vapi_api_key"]).put_calls([record_of(script) for script in scripts])


def require_sweep(stack: Mapping[str, Any]) -> None:
    """Raise LocalStackError unless the stack can recover lost webhooks."""
    if "vapi_api_key" not in stack:
        raise LocalStackError(
            "LOSE wants the stand-in for Vapi's API, which knows the simulator's calls; make up starts it"
        )
    if SWEEP not in stack["functions"]:
        raise LocalStackError("the running stack is older than the sweep; make up deploys it")


def ask_for(stack: Mapping[str, Any], vapi_call_ids: Sequence[str]) -> int:
    """Have the sweep request calls from Vapi unconditionally; returns how many requests were queued."""
    parts = [vapi_call_ids[first : first + _AT_ONCE] for first in range(0, len(vapi_call_ids), _AT_ONCE)]
    return sum(sweep(stack, {"ask": {"vapi_call_ids": list(part), "call_ids": []}})["queued"] for part in parts)


def sweep(stack: Mapping[str, Any], event: Mapping[str, Any]) -> dict[str, Any]:
    """Invoke the sweep, as its schedule does with `{}`; returns its answer."""
    cloud = Cloud(urlsplit(stack["aws_endpoint_url"]).port or 0)
    answered = cloud.client("lambda").invoke(FunctionName=stack["functions"][SWEEP], Payload=json.dumps(event).encode())
    answer = json.loads(answered["Payload"].read())
    if "FunctionError" in answered or not isinstance(answer, dict) or "error" in answer:
        raise LocalStackError(f"the sweep answered {answer}")
    return answer


def bring_back(stack: Mapping[str, Any], scripts: Sequence[CallScript], losses: Losses) -> list[str]:
    """Have all withheld data requested, and wait until it is stored; returns the remaining differences."""
    url = stack["database_url"]
    wrong = len({complaint.partition(":")[0] for complaint in compare(url, scripts)})
    say(f"  {len(losses.lost)} webhooks were withheld ({losses.describe()}): {wrong} calls are not as they happened")
    queued = ask_for(stack, losses.vapi_call_ids)
    say(f"  the sweep asks Vapi's API for {queued} calls …")
    complaints = wait_until_repaired(url, scripts, queued)
    left = len({complaint.partition(":")[0] for complaint in complaints})
    say(f"  {wrong - left} calls repaired")
    return complaints


def wait_until_repaired(database_url: str, scripts: Sequence[CallScript], asked: int) -> list[str]:
    """Wait until calls are stored as they happened; returns the differences that remain after the timeout."""
    deadline = time.monotonic() + PATIENCE_SECONDS + SECONDS_OF_A_CALL * asked
    while (complaints := list(compare(database_url, scripts))) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    return complaints
