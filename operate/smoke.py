"""`make smoke`: check from outside whether a deployed stack works, as Vapi and a browser would use it."""

import time
from collections.abc import Iterator
from http import HTTPStatus
from typing import Final

import urllib3
from urllib3.util import Timeout

from local.console import say
from operate.target import Target
from operate.vapi import doctor
from operate.vapi.connection import Connection
from operate.vapi.findings import Finding, report, wrong

PAUSE_SECONDS: Final = 2.0


def smoke(target: Target, connection: Connection) -> int:
    """Print what does not work and what to do; returns exit status 1 if there is anything."""
    say(f"Smoke test of {target.stack_name}")
    wrongs = report(_closed(target, connection))
    wrongs += report(_console(target))
    wrongs += report(_ping(target, connection))
    say("All well" if not wrongs else f"{wrongs} of it {'does' if wrongs == 1 else 'do'} not work")
    return 1 if wrongs else 0


def _closed(target: Target, connection: Connection) -> Iterator[Finding]:
    """Check that requests without credentials are refused."""
    handlers = {"webhook": ("POST", connection.url), "read API": ("GET", f"{target.output('ApiUrl')}/v1/calls")}
    for name, (method, url) in handlers.items():
        status, _ = ask(method, url)
        if status == HTTPStatus.UNAUTHORIZED:
            say(f"  {name} refuses who proves nothing")
        else:
            yield wrong(
                name, f"answered {status or 'nothing'} to a request without proof", "it should be 401; see its log"
            )


def _console(target: Target) -> Iterator[Finding]:
    """Check that the page and its configuration are served."""
    base = target.output("ConsoleUrl").partition("#")[0].rstrip("/")
    for path in ("/", "/config.json"):
        status, _ = ask("GET", base + path)
        if status != HTTPStatus.OK:
            yield wrong("console", f"answered {status or 'nothing'} to {path}", "see the console function's log")
            return
    say("  console is served")


def _ping(target: Target, connection: Connection) -> Iterator[Finding]:
    """Check that a signed webhook is stored in the database."""
    if target.api_token:
        yield from doctor.ping(connection, doctor.Reader(lambda: target.output("ApiUrl"), target.api_token))
        return
    event_id = doctor.post_ping(connection)
    if isinstance(event_id, Finding):
        yield event_id
    elif _logged(target, event_id):
        say(f"  ping {event_id} was stored")
    else:
        what = f"accepted as {event_id}, but not stored within {doctor.PATIENCE_SECONDS} s"
        yield wrong(
            "ping", what, "see the log of the status function, and the dead letters: make redrive KIND=status_update"
        )


def _logged(target: Target, event_id: str) -> bool:
    """Return whether the status function logged that it applied the event; an operator may always read logs."""
    logs, group = target.client("logs"), target.resource("StatusUpdateLogGroup")
    began = time.monotonic()
    pattern = f'{{ $.event_id = "{event_id}" && $.disposition = "applied" }}'
    while time.monotonic() - began < doctor.PATIENCE_SECONDS:
        if logs.filter_log_events(logGroupName=group, filterPattern=pattern)["events"]:
            return True
        time.sleep(PAUSE_SECONDS)
    return False


def ask(method: str, url: str) -> tuple[int, bytes]:
    """Return status and body of the answer; status 0 if there is none."""
    try:
        answer = urllib3.request(
            method, url, body=b"{}" if method == "POST" else None, retries=False, timeout=Timeout(connect=10, read=30)
        )
    except urllib3.exceptions.HTTPError:
        return 0, b""
    return answer.status, answer.data
