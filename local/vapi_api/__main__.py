"""The stand-in as a process of its own: `python -m local.vapi_api DIRECTORY`, with its key in the environment.

The same process receives alerts of follow-ups, and prints them. The directory contains the calls, and `ready.json` with
the addresses: {"api": URL, "storage": URL, "alerts": URL}.
"""

import argparse
import json
import os
import signal
import threading
from pathlib import Path

from local.alert_receiver import serve as receive_alerts
from local.vapi_api.process import CALLS, KEY_VARIABLE, READY
from local.vapi_api.server import serve


def main() -> None:
    """Serve until the process gets SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m local.vapi_api", description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--storage-port", type=int, default=0)
    given = parser.parse_args()
    over = threading.Event()
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *_: over.set())
    file = given.directory / CALLS
    with (
        serve(given.port, given.storage_port, os.environ[KEY_VARIABLE], file) as vapi,
        receive_alerts(prints=True) as alerts,
    ):
        vapi.calls.forget_old()
        unfinished = given.directory / f"{READY}.unfinished"
        unfinished.write_text(json.dumps({"api": vapi.url, "storage": vapi.storage.url, "alerts": alerts.url}))
        unfinished.replace(given.directory / READY)
        over.wait()


if __name__ == "__main__":
    main()
