"""Invoke functions of the stack directly, for data that only a function can reach."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from local.console import say
from operate.target import OperationFailed, Target

BUSY_SECONDS: Final = 180
"""Seconds to wait for a throttled function to become free: one invocation of the fetcher takes 120 s at most."""
ASK_AGAIN_SECONDS: Final = 5
_BUSY: Final = "TooManyRequestsException"


def ask_function(
    target: Target,
    function: str,
    event: Mapping[str, Any],
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
    """Return the JSON object that the function with this logical id answers; raises OperationFailed.

    A function that is throttled by its concurrency limit is invoked again for a while.
    """
    name = target.resource(function)
    until = clock() + BUSY_SECONDS
    told = False
    while True:
        try:
            answer = target.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode())
            said = json.loads(answer["Payload"].read())
            break
        except (ClientError, BotoCoreError, ValueError) as error:
            if _is_busy(error) and clock() < until:
                if not told:
                    say(f"  the function {name} is busy; waiting for it …")
                told = True
                sleep(ASK_AGAIN_SECONDS)
                continue
            raise OperationFailed(f"the function {name} cannot be asked ({type(error).__name__}: {error})") from error
    if answer.get("FunctionError") or not isinstance(said, dict):
        raise OperationFailed(
            f"the function {name} failed; its log says why. Nothing was changed, or run it again to see"
        )
    return said


def _is_busy(error: Exception) -> bool:
    return isinstance(error, ClientError) and error.response.get("Error", {}).get("Code") == _BUSY
