"""The local stack itself: quick the second time, itself again after any interruption, no stranger to its own files."""

import json
import socket
import subprocess

import psutil
import pytest

from local import build, deploy, ports, stack
from local.postgres import FUNCTIONS, OWNER
from local.processes import find_marked, kill
from local.run import print_urls, show_a_call
from local.running import read_running, read_stack
from local.simulator.simulate import PageRequest, simulate
from local.stack_paths import LOOPBACK, PROJECT, LocalStackError, StackPaths
from local.vapi_api.process import StandIn
from tests.deployed import DeployedStack


def _processes(paths: StackPaths) -> set[tuple[int, float]]:
    server = stack.database_server(paths).find()
    running, stand_in = read_running(paths), StandIn(paths).find()
    assert server is not None
    assert running is not None
    assert stand_in is not None
    others = {(identity.pid, identity.started) for identity in (running.emulator, stand_in.process)}
    return {(server.pid, server.create_time()), *others}


def test_up_again_builds_deploys_and_starts_nothing(deployed: DeployedStack, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (build, deploy):
        monkeypatch.delattr(module, "sam")
    before = _processes(deployed.paths)
    again = stack.up(deployed.paths)
    assert _processes(deployed.paths) == before
    made_anew = {"api_token", "console_url"}
    assert {key for key in again if again[key] != deployed.stack[key]} <= made_anew


def test_the_stack_file_says_what_others_rely_on(deployed: DeployedStack) -> None:
    written = json.loads(deployed.paths.stack_file.read_text())
    assert written == deployed.stack
    kinds = {"status_update", "conversation_update", "end_of_call_report", "hang", "transcript"}
    assert set(written["queues"]) == kinds
    urls = {"webhook_url", "api_url", "database_url", "aws_endpoint_url", "vapi_api_url"}
    assert urls | {"webhook_secret", "stack_name", "vapi_api_key"} <= set(written)
    assert written["webhook_url"].endswith("/api/v1/webhooks/vapi-webhook")
    assert written["functions"]["VerifierFunction"].startswith(written["stack_name"])


def test_all_servers_listen_on_loopback_only(deployed: DeployedStack) -> None:
    owners = {pid for pid, _ in _processes(deployed.paths)}
    listening = [c for c in psutil.net_connections("inet") if c.status == psutil.CONN_LISTEN and c.pid in owners]
    assert listening
    assert {connection.laddr[0] for connection in listening if connection.laddr} == {LOOPBACK}


def test_psql_takes_the_database_url(deployed: DeployedStack) -> None:
    with socket.create_connection((LOOPBACK, int(deployed.database_url.rpartition(":")[2].split("/")[0])), 2):
        pass
    assert deployed.rows("SELECT current_user AS name") == [{"name": "autopulse"}]


def test_the_variables_for_containers_name_this_machine_as_containers_know_it(deployed: DeployedStack) -> None:
    variables = json.loads(deployed.paths.invoke_variables_file.read_text())
    assert set(variables) == set(deployed.stack["functions"])
    assert "localhost" not in json.dumps(variables)
    assert all("AWS_ENDPOINT_URL" in of_function for of_function in variables.values())


def test_the_simulator_counts_and_compares(deployed: DeployedStack, capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate(deployed.stack, PageRequest(2, seed=7, disorder=True, duplicates=True)) == 0
    printed = capsys.readouterr().out
    assert "SEED=7" in printed
    assert "All stored" in printed


def _secrets(deployed: DeployedStack) -> list[str]:
    server = stack.database_server(deployed.paths)
    passwords = [server.password(role) for role in ("postgres", OWNER, FUNCTIONS)]
    assert len(set(passwords)) == 3, "each role has one of its own"
    return [*passwords, *(deployed.stack[name] for name in ("webhook_secret", "api_token", "vapi_api_key"))]


def test_make_run_prints_a_call_and_no_secret(deployed: DeployedStack, capsys: pytest.CaptureFixture[str]) -> None:
    show_a_call(deployed.stack)
    print_urls(deployed.paths, deployed.stack)
    printed = capsys.readouterr().out
    for secret in _secrets(deployed):
        assert secret not in printed
    for part in ("in-progress", "stall", "ended", "report", "transcript", "call_feedback", "service_record", "Webhook"):
        assert part in printed


def test_a_command_that_needs_the_stack_says_how_to_start_it() -> None:
    with pytest.raises(LocalStackError, match="make up"):
        read_stack(StackPaths(PROJECT / ".local" / "nowhere", 1, 2, ""))


def test_a_taken_port_is_said_and_another_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as holder:
        holder.bind((LOOPBACK, 0))
        holder.listen()
        taken = holder.getsockname()[1]
        assert ports.choose(taken, LOOPBACK, "Postgres") != taken
    assert f"port {taken} is taken" in capsys.readouterr().out


def test_up_recovers_from_a_killed_emulator(deployed: DeployedStack) -> None:
    bystander = subprocess.Popen(["sleep", "3600"])  # noqa: S607 - any process that is not the stack's
    kill(lambda: find_marked(str(deployed.paths.state / "emulator")))
    assert read_running(deployed.paths) is None
    again = stack.up(deployed.paths)
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()
    assert again["database_url"] == deployed.database_url
    assert deployed.rows("SELECT 1 AS kept FROM webhook_event LIMIT 1") == [{"kept": 1}]
