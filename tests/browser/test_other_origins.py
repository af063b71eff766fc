"""A page of another origin, in the same browser, beside a running emulator: it reads nothing and runs nothing."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, Playwright

from local import ports
from local.browser import FLAGS, find_browser
from local.deploy import Cloud
from local.emulator import Emulator
from local.serving import serving
from local.stack_paths import LOOPBACK, StackPaths

SECRET: Final = "sample-secret-that-no-page-may-read"
REBOUND: Final = "rebind.example.com"
"""A name whose owner has pointed it to this machine."""
ATTACK: Final = """
async ([url, socket]) => {
    const read = [];
    const attempt = async (path, options) => {
        try {
            const answer = await fetch(url + path, options);
            read.push(`${answer.type} ${answer.status} ${await answer.text()}`);
        } catch (error) { read.push("failed"); }
    };
    const target = (name) => ({ "X-Amz-Target": name, "Content-Type": "application/x-amz-json-1.1" });
    const wish = JSON.stringify({ SecretId: "sample" });
    await attempt("/", { method: "POST", headers: target("secretsmanager.GetSecretValue"), body: wish });
    await attempt("/_ministack/health", {});
    await attempt("/", {
        method: "POST", mode: "no-cors", headers: { "Content-Type": "application/x-www-form-urlencoded" },
        body: "Action=CreateQueue&QueueName=simple-post",
    });
    await attempt("/2015-03-31/functions", {
        method: "POST", mode: "no-cors", headers: { "Content-Type": "text/plain" },
        body: JSON.stringify({
            FunctionName: "evil", Runtime: "python3.13", Role: "arn:aws:iam::000000000000:role/r", Handler: "a.b",
            Code: { ZipFile: "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==" },
        }),
    });
    await attempt("/bucket-of-a-page", { method: "PUT" });
    const element = (name, attributes) => new Promise((done) => {
        const made = Object.assign(document.createElement(name), attributes);
        made.onload = () => done("loaded");
        made.onerror = () => done("failed");
        document.body.append(made);
    });
    read.push(await element("img", { src: url + "/?Action=CreateQueue&QueueName=image" }));
    read.push(await element("script", { src: url + "/?Action=CreateQueue&QueueName=script" }));
    await element("iframe", { src: url + "/?Action=CreateQueue&QueueName=frame" });
    read.push(await new Promise((done) => {
        const opened = new WebSocket(socket);
        opened.onopen = () => done("opened");
        opened.onerror = () => done("failed");
    }));
    return read;
}
"""
FORM: Final = """
(url) => {
    const form = document.createElement("form");
    form.method = "POST";
    form.action = url + "/";
    for (const [name, value] of Object.entries({ Action: "CreateQueue", QueueName: "form" })) {
        form.append(Object.assign(document.createElement("input"), { name, value }));
    }
    document.body.append(form);
    form.submit();
}
"""


class _BlankPage(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Attacker</title><body></body>")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def attacker_port() -> Iterator[int]:
    with serving(ThreadingHTTPServer((LOOPBACK, 0), _BlankPage)) as server:
        yield server.server_port


@pytest.fixture(scope="module")
def emulator_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """An emulator of its own, as `make up` starts it, with one secret."""
    port = ports.find_any()
    emulator = Emulator(StackPaths(Path(tmp_path_factory.mktemp("emulator")), port, port, ""))
    emulator.start(port, LOOPBACK)
    Cloud(port).client("secretsmanager").create_secret(Name="sample", SecretString=SECRET)
    yield port
    emulator.stop()


@pytest.fixture(scope="module")
def victim(playwright: Playwright) -> Iterator[Browser]:
    """A browser whose DNS somebody else answers."""
    rule = f"--host-resolver-rules=MAP {REBOUND} {LOOPBACK}"
    browser = playwright.chromium.launch(executable_path=find_browser(), args=[*FLAGS, rule])
    yield browser
    browser.close()


@pytest.fixture
def page(victim: Browser) -> Iterator[Page]:
    context = victim.new_context()
    yield context.new_page()
    context.close()


def _state(port: int) -> str:
    """Return what the emulator has: the sample secret, and whatever an attack has made."""
    cloud = Cloud(port)
    found = (
        cloud.client("secretsmanager").list_secrets()["SecretList"],
        cloud.client("sqs").list_queues().get("QueueUrls", []),
        cloud.client("lambda").list_functions()["Functions"],
        cloud.client("s3").list_buckets()["Buckets"],
    )
    return json.dumps(found, default=str)


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", REBOUND])
@pytest.mark.parametrize("asked", ["localhost", "127.0.0.1"])
def test_it_reads_nothing_and_runs_nothing(
    page: Page, attacker_port: int, emulator_port: int, name: str, asked: str
) -> None:
    before = _state(emulator_port)
    page.goto(f"http://{name}:{attacker_port}/")
    address = f"{asked}:{emulator_port}"
    read = page.evaluate(ATTACK, [f"http://{address}", f"ws://{address}/_aws/execute-api/abc123/live"])
    assert SECRET not in str(read)
    assert set(read) == {"failed", "opaque 0 "}, "nothing of any answer"
    page.evaluate(FORM, f"http://{address}")
    page.wait_for_url(f"http://{address}/")
    assert "no page of another origin" in page.content()
    assert _state(emulator_port) == before


def test_a_name_that_was_pointed_here_opens_nothing(page: Page, emulator_port: int) -> None:
    before = _state(emulator_port)
    answer = page.goto(f"http://{REBOUND}:{emulator_port}/_ministack/health")
    assert answer is not None
    assert answer.status == 403
    read = page.evaluate(ATTACK, [f"http://{REBOUND}:{emulator_port}", f"ws://{REBOUND}:{emulator_port}/abc/live"])
    assert SECRET not in str(read)
    answers = {one for one in read if one.startswith("basic")}
    assert {answer.partition(" The")[0] for answer in answers} == {"basic 403"}
    assert _state(emulator_port) == before


def test_its_own_page_and_a_program_are_answered(page: Page, emulator_port: int) -> None:
    """Otherwise the tests above would pass on an emulator that answers nobody."""
    secrets = Cloud(emulator_port).client("secretsmanager")
    assert secrets.get_secret_value(SecretId="sample")["SecretString"] == SECRET
    page.goto(f"http://localhost:{emulator_port}/_ministack/health")
    (first, *_) = page.evaluate(ATTACK, [f"http://localhost:{emulator_port}", f"ws://localhost:{emulator_port}/x"])
    assert SECRET in first
