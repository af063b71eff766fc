"""The stand-in's process: started once, loopback only, the same again after it was killed, gone after its end."""

import http.client
import urllib.request
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import psutil
import pytest

from local import ports
from local.emulator import Emulator
from local.processes import find_marked
from local.simulator.call_records import record_of
from local.simulator.scenario import write_script
from local.stack import VapiAddress, find_vapi
from local.stack_paths import LOOPBACK, LocalStackError, StackPaths, read_stack_paths
from local.vapi_api.control import Control
from local.vapi_api.process import StandIn

SOME = write_script(Random(1), 15, datetime.now(timezone.utc) - timedelta(hours=1), outcome="reached")


@pytest.fixture
def paths(tmp_path: Path) -> Iterator[StackPaths]:
    paths = StackPaths(tmp_path, 0, 0, "", ports.find_any())
    yield paths
    StandIn(paths).stop()


def _status(url: str, path: str, key: str) -> int:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    connection.request("GET", path, headers={"Authorization": f"Bearer {key}"})
    status = connection.getresponse().status
    connection.close()
    return status


def test_it_is_started_once_and_stopped_with_all_it_has(paths: StackPaths) -> None:
    stand_in = StandIn(paths)
    assert stand_in.find() is None
    running = stand_in.start()
    assert stand_in.start() == running == stand_in.find()
    assert urlsplit(running.api_url).port == paths.vapi_api_port
    stand_in.stop()
    assert stand_in.find() is None
    assert find_marked(str(paths.state / "vapi_api")) == []
    stand_in.remove()
    assert not (paths.state / "vapi_api").exists()


def test_it_listens_on_loopback_only(paths: StackPaths) -> None:
    pid = StandIn(paths).start().process.pid
    listening = [c for c in psutil.net_connections("inet") if c.status == psutil.CONN_LISTEN and c.pid == pid]
    assert {connection.laddr[0] for connection in listening if connection.laddr} == {LOOPBACK}
    assert len(listening) == 3, "the API, the storage of recordings, the receiver of alerts"


def test_it_is_the_same_after_it_was_killed(paths: StackPaths) -> None:
    """A stack that is up has its address and its key, and the database has its calls."""
    stand_in = StandIn(paths)
    before, key = stand_in.start(), stand_in.key
    Control(before.api_url, key).put_calls([record_of(SOME)])
    process = psutil.Process(before.process.pid)
    process.kill()
    psutil.wait_procs([process], timeout=10)
    after = stand_in.start()
    assert after.process != before.process
    assert (after.api_url, after.storage_url, stand_in.key) == (before.api_url, before.storage_url, key)
    assert _status(after.api_url, f"/call/{SOME.vapi_call_id}", key) == 200


def test_its_key_is_its_own_and_closed_to_others(paths: StackPaths) -> None:
    stand_in = StandIn(paths)
    running = stand_in.start()
    assert len(stand_in.key) >= 32
    assert (paths.state / "vapi_api" / "key").stat().st_mode & 0o077 == 0
    assert stand_in.key not in psutil.Process(running.process.pid).cmdline()
    assert _status(running.api_url, "/call", "another") == 401


def test_a_persons_key_reaches_neither_the_stand_in_nor_the_emulator(
    paths: StackPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAPI_API_KEY", "a-real-key")
    pid = StandIn(paths).start().process.pid
    assert "a-real-key" not in psutil.Process(pid).environ().values()
    assert "a-real-key" not in Emulator(paths)._environment(1, LOOPBACK).values()  # noqa: SLF001 - what it is started with


def test_a_process_does_what_a_test_says(paths: StackPaths) -> None:
    stand_in = StandIn(paths)
    url, key = stand_in.start().api_url, stand_in.key
    control, path = Control(url, key), f"/call/{SOME.vapi_call_id}"
    control.put_calls([record_of(SOME)])
    control.hold(SOME.vapi_call_id, "forgotten")
    assert _status(url, path, key) == 400
    control.hold(SOME.vapi_call_id, None)
    control.order_faults({"status": 503, "times": None})
    assert _status(url, path, key) == 503
    control.clear_faults()
    assert _status(url, path, key) == 200
    assert [request["target"] for request in control.requests()["api"]] == [path] * 3


def test_it_receives_alerts_and_prints_them_to_its_log(paths: StackPaths) -> None:
    running = StandIn(paths).start()
    request = urllib.request.Request(running.alerts_url, b'{"follow_up_id": 4711}', method="POST")  # noqa: S310 - http
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - http
        assert answer.status == 200
    assert '"follow_up_id": 4711' in (paths.state / "vapi_api" / "vapi_api.log").read_text()


def test_who_asks_a_process_that_is_gone_is_told(paths: StackPaths) -> None:
    with pytest.raises(LocalStackError, match="make up starts it"):
        Control(f"http://{LOOPBACK}:{paths.vapi_api_port}", "x").put_calls([{}])


def test_a_wrong_key_is_told(paths: StackPaths) -> None:
    with pytest.raises(LocalStackError, match="401"):
        Control(StandIn(paths).start().api_url, "x").put_calls([{}])


def test_vapi_is_the_stand_in_unless_the_environment_says_where_it_is(paths: StackPaths) -> None:
    found = find_vapi(paths)
    assert found.is_stand_in
    assert found.alerts_url
    assert found.shown == {"vapi_api_url": found.url, "vapi_api_key": StandIn(paths).key}
    elsewhere = StackPaths(paths.state, 0, 0, "", 0, "https://vapi.example.com", "a-real-key")
    assert find_vapi(elsewhere) == VapiAddress("https://vapi.example.com", "a-real-key", is_stand_in=False)
    assert find_vapi(elsewhere).shown == {"vapi_api_url": "https://vapi.example.com"}
    assert StandIn(paths).find() is None, "nobody asks it any more"


def test_an_address_without_a_key_is_refused(paths: StackPaths) -> None:
    with pytest.raises(LocalStackError, match="VAPI_API_KEY"):
        find_vapi(StackPaths(paths.state, 0, 0, "", 0, "https://vapi.example.com"))


def test_what_the_environment_says_of_vapi() -> None:
    given = {"VAPI_API_URL": "https://vapi.example.com/", "VAPI_API_KEY": "a-real-key", "LOCAL_VAPI_API_PORT": "5"}
    paths = read_stack_paths(given)
    assert (paths.vapi_api_url, paths.vapi_api_key, paths.vapi_api_port) == (
        "https://vapi.example.com",
        "a-real-key",
        5,
    )
    assert "a-real-key" not in repr(paths)
    assert read_stack_paths({"VAPI_API_KEY": "of vapi-configure"}).vapi_api_url == ""
