"""Functions that print for the commands."""

import os
import sys


def say(text: str = "") -> None:
    """Print a line without buffering; a closed pipe (`make up | head`) does not end the command."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
