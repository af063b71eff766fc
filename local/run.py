"""`make run`: the stack, one whole call through the real API and its rows, every URL, and live calls."""

import signal
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timezone
from http.client import HTTPException
from random import SystemRandom
from typing import Any, Final
from urllib.parse import urlsplit

from pg8000.native import Connection

from local import stack
from local.console import say
from local.database import connect, read_rows
from local.running import read_running
from local.simulator import backfill
from local.simulator.expected_rows import read_turns
from local.simulator.live_calls import LINES, Program, Sender, make_player, play
from local.simulator.managers import Managers, call_back
from local.simulator.managers import sender as send_to
from local.simulator.reconciliation import SWEEP, ask_for, remember, wait_until_repaired
from local.simulator.scenario import CallScript
from local.simulator.simulate import place_calls, post_all, wait_until_received, wait_until_stored
from local.simulator.webhook_client import Answer
from local.simulator.webhook_factory import ESSENTIAL_TYPES, Body, webhooks
from local.stack_paths import LocalStackError, StackPaths

_MANAGERS_PAUSE_SECONDS: Final = (5, 25)
"""Minimum and maximum seconds between two changes of follow-ups."""
_SHOWN: Final = {
    "status-update": "status",
    "conversation-update": "conversation",
    "hang": "stall",
    "end-of-call-report": "report",
}
"""Message type -> the word that is printed; other types are posted, too."""
_URLS: Final = {
    "Webhook": "webhook_url",
    "API": "api_url",
    "WebSocket": "websocket_url",
    "Vapi's API": "vapi_api_url",
    "Database": "database_url",
    "AWS endpoint": "aws_endpoint_url",
}


def run(paths: StackPaths, *, show: bool = False) -> int:
    """Show everything, then wait for Ctrl-C; stop only what this command started."""
    was_up = read_running(paths) is not None
    try:
        say("Starting the local stack")
        running = stack.up(paths)
        add_history(running)
        call_back(running, "history")
        show_a_call(running)
        show_a_lost_report(running)
        print_urls(paths, running, show=show)
        _go_on(running)
    except KeyboardInterrupt:
        say()
    finally:
        _finish(paths, was_up=was_up)
    return 0


def add_history(running: Mapping[str, Any]) -> None:
    """Add the missing calls of the last weeks."""
    today = datetime.now(timezone.utc).date()
    added = backfill.fill(running["database_url"], today, remember=lambda scripts: remember(running, scripts))
    if added:
        say(f"  {added} invented calls of the last weeks added, for the console to show")


def show_a_call(running: Mapping[str, Any]) -> None:
    """Play one complete call through the webhook URL, and print its rows."""
    script = place_calls(running["database_url"], SystemRandom(), 1, outcome="reached", stalls=True)[0]
    remember(running, [script])
    say(f"\nA simulated call to {script.customer_name} ({script.vehicle}, {script.service.lower()})")
    say(f"  {'created':<14} call {script.call_id}, as the application makes it before it dials")
    answers = [_post_and_tell(running, script, body) for _, body in webhooks(script)]
    complaints = wait_until_stored(running["database_url"], [script], answers)
    if complaints:
        raise LocalStackError("The call is not stored as it happened:\n  " + "\n  ".join(complaints))
    _print_stored(running["database_url"], script)


def show_a_lost_report(running: Mapping[str, Any]) -> None:
    """Play a call whose report is lost, and print how it was recovered; needs the stand-in for Vapi's API."""
    if "vapi_api_key" not in running or SWEEP not in running["functions"]:
        return
    url = running["database_url"]
    script = place_calls(url, SystemRandom(), 1, outcome="reached", stalls=False)[0]
    remember(running, [script])
    bodies = [body for _, body in webhooks(script, ESSENTIAL_TYPES)]
    complaints = wait_until_received(url, post_all(running, bodies[:-1]))
    before = _status(url, script)
    began = time.monotonic()
    ask_for(running, [script.vapi_call_id])
    complaints += wait_until_repaired(url, [script], 1)
    if complaints:
        raise LocalStackError("A lost report did not come back:\n  " + "\n  ".join(complaints))
    took = f"{time.monotonic() - began:.1f} s"
    after = _status(url, script)
    say(f"\nLost report: call {script.call_id} stayed {before}. The sweep asked Vapi's API: {after} after {took}.")


def _status(database_url: str, script: CallScript) -> str:
    with connect(database_url) as connection:
        return str(read_rows(connection, "SELECT status FROM call WHERE id = :id", id=script.call_id)[0]["status"])


def print_urls(paths: StackPaths, running: Mapping[str, Any], *, show: bool = False) -> None:
    """Print every URL of the running stack; secrets only with `show`, because terminal output ends up in logs."""
    say()
    for name, key in _URLS.items():
        if key in running:
            say(f"  {name:<14} {running[key] if show else without_secrets(running[key])}")
    if show:
        say(f"  {'Secret':<14} {running['webhook_secret']}")
    say(f"  {'All of it':<14} {paths.stack_file}")
    say(f"  {'Console':<14} {without_secrets(running['console_url'])}")
    if show:
        print_link(running)
    else:
        say("\nmake link prints the console's link with a token that signs in; make up SHOW=1 prints the secrets.")


def print_link(running: Mapping[str, Any]) -> None:
    """Print the console's link, which signs in anybody who has it, for a week."""
    say(f"\nThe console, signed in:\n\n  {running['console_url']}")


def without_secrets(url: str) -> str:
    """Return the URL without a password, and without a token in its fragment."""
    parts = urlsplit(url)
    credentials, at, address = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{credentials.partition(':')[0]}{at}{address}", fragment="").geturl()


def _post_and_tell(running: Mapping[str, Any], script: CallScript, body: Body) -> Answer:
    message = body["message"]
    answer = post_all(running, [body])[0]
    if message["type"] in _SHOWN:
        seconds = message["timestamp"] / 1000 - script.created_at.timestamp()
        said = f"{answer.status} {answer.verdict}"
        say(
            f"  {_SHOWN[message['type']]:<14} {seconds:6.1f} s  {_detail(message):<62} {said}",
        )
    return answer


def _detail(message: Mapping[str, Any]) -> str:
    if message["type"] == "status-update":
        return " ".join(filter(None, (message["status"], message.get("endedReason"))))
    if message["type"] == "conversation-update":
        return _last_turn(message["messages"])
    if message["type"] == "hang":
        return "the assistant did not answer in time; the call goes on"
    return f"{len(message['messages']) - 1} turns, {message['durationSeconds']:.0f} s"


def _last_turn(messages: list[dict[str, Any]]) -> str:
    speaker = {"bot": "assistant", "user": "customer"}.get(messages[-1]["role"], messages[-1]["role"])
    return _cut(f"{speaker}: {messages[-1]['message']}", 60)


def _print_stored(database_url: str, script: CallScript) -> None:
    with connect(database_url) as connection:
        call = read_rows(connection, "SELECT * FROM call WHERE id = :id", id=script.call_id)[0]
        _print_row(
            "call",
            call,
            ("id", "status", "outcome", "ended_reason", "start_time", "end_time", "duration_sec", "nps_score", "cost"),
        )
        _print_children(connection, call)


def _print_children(connection: Connection, call: Mapping[str, Any]) -> None:
    say("\ntranscript")
    for turn in read_turns(connection, call["id"]):
        say(f"  {turn['sequence']:>3} {turn['role']:<11} {_cut(turn['content'], 90)}")
    for table, columns in (
        ("call_feedback", ("content", "positives", "detractors", "action_items")),
        ("call_incident", ("kind", "occurred_at")),
    ):
        for row in read_rows(connection, f"SELECT * FROM {table} WHERE call_id = :id", id=call["id"]):  # noqa: S608 - names of ours
            _print_row(table, row, columns)
    record = read_rows(connection, "SELECT * FROM service_record WHERE id = :id", id=call["service_record_id"])[0]
    _print_row("service_record", record, ("id", "customer_name", "vehicle_info", "status", "feedback", "rating"))


def _print_row(table: str, row: Mapping[str, Any], columns: tuple[str, ...]) -> None:
    say(f"\n{table}")
    for column in columns:
        say(f"  {column:<14} {_show(row[column])}")


def _show(value: object) -> str:
    if value is None:
        return "-"
    return (
        value.isoformat(sep=" ", timespec="milliseconds")
        if isinstance(value, datetime)
        else str(value).replace("\n", "; ")
    )


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _go_on(running: Mapping[str, Any]) -> None:
    say(f"\nRunning, with live calls to watch there, {LINES} at a time; `make simulate` sends more. Ctrl-C ends.")
    sender, over = Sender(running), threading.Event()
    managers = threading.Thread(target=_call_back, args=(running, over), daemon=True)
    managers.start()
    try:
        play(running, make_player(running, Program(), SystemRandom(), sender), sender)
    finally:
        over.set()
        sender.close()


def _call_back(running: Mapping[str, Any], over: threading.Event) -> None:
    """Let managers change a follow-up from time to time until `over` is set; a failed request is retried later."""
    random = SystemRandom()
    managers = Managers(send_to(running), random.random())
    while not over.wait(random.uniform(*_MANAGERS_PAUSE_SECONDS)):
        with suppress(OSError, HTTPException, ValueError, LocalStackError):
            managers.do_one()


def _finish(paths: StackPaths, *, was_up: bool) -> None:
    if was_up:
        say("The stack was up before and stays up; make down stops it.")
    else:
        say("Stopping the local stack …")
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C would interrupt the clean-up
        stack.down(paths)
