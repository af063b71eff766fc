"""What stands for Lambda, AWS and the clock when a test calls a function's code in its own process."""

from aws_lambda_powertools.utilities.typing import LambdaContext


class Context(LambdaContext):
    """The context of an invocation that has this much time left, however often it is asked."""

    def __init__(self, seconds: float = 30) -> None:
        self.seconds = seconds
        self._aws_request_id = "00000000-0000-4000-8000-000000000001"
        self._log_stream_name = "2026/11/22/[1]0a"

    def get_remaining_time_in_millis(self) -> int:  # type: ignore[override] # theirs is static
        return int(self.seconds * 1000)
