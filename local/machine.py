"""A description of the machine on which measurements were made."""

import os
import platform
from pathlib import Path


def describe_machine() -> str:
    """Return cores, processor and versions in one line."""
    cpu_info = Path("/proc/cpuinfo")
    names = [line for line in cpu_info.read_text().splitlines() if "model name" in line] if cpu_info.exists() else []
    cpu = names[0].partition(":")[2].strip() if names else platform.processor()
    return f"{os.cpu_count()} cores, {cpu or platform.machine()}, Python {platform.python_version()}, PostgreSQL 18"
