"""Free TCP ports, and the processes that occupy others."""

import atexit
import socket
import sys
from itertools import chain

import psutil

from local.console import say
from local.stack_paths import LOOPBACK, LocalStackError

_TRIES = 50


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Return whether a server can listen on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Like servers, this reuses addresses: a port whose last connections are still closing counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def choose(preferred: int, host: str, purpose: str) -> int:
    """Return the preferred port, or print and return the next free one."""
    if is_free(preferred, host):
        return preferred
    for port in chain(range(preferred + 1, min(preferred + _TRIES, 65536)), range(20000, 20000 + _TRIES)):
        if is_free(port, host):
            say(f"  port {preferred} is taken{_holder(preferred)}: {purpose} uses {port}")
            return port
    raise LocalStackError(
        f"no free port near {preferred} for {purpose}; free one, or choose another range (docs/local.md)"
    )


def _holder(port: int) -> str:
    try:
        listening = [
            c
            for c in psutil.net_connections("tcp")
            if c.status == psutil.CONN_LISTEN and c.laddr and c.laddr.port == port
        ]
        pid = next(connection.pid for connection in listening if connection.pid)
        return f" by {psutil.Process(pid).name()} (pid {pid})"
    except (psutil.Error, OSError, StopIteration):
        return ""


def find_any() -> int:
    """Return a free port that the system chooses and that it gives to nobody else while this process runs; for tests.

    The port is bound without listening, so a server that reuses addresses can still listen on it.
    """
    holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind((LOOPBACK, 0))
    port = int(holder.getsockname()[1])
    if sys.platform == "linux":
        atexit.register(holder.close)
    else:  # a server could not listen on it later
        holder.close()
    return port
