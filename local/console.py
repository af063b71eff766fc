"""Functions that print for the commands."""

import os
import sys


def say(text: str = "") -> None:
    """Print a line at once; a reader who has gone away (`make up | head`) does not end the work."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
