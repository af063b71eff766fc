"""Every fault test has a database, queues and a new container of its own."""

from collections.abc import Iterator

import pytest

from tests.captured_log import log_to_captured_output
from tests.faults.clock import Clock
from tests.harness import Aws, Database, forget, point_at, set_up_aws
from tests.moto_account import moto_account


@pytest.fixture(scope="module")
def module_monkeypatch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield monkeypatch


@pytest.fixture(autouse=True, scope="module")
def _environment(module_monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch = module_monkeypatch
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN", "UNKNOWN_CALLS", "DEFAULT_ORGANIZATION_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "autopulse-test")
    log_to_captured_output()


@pytest.fixture(scope="module")
def _mock_aws(_environment: None) -> Iterator[None]:
    """Start moto once per module, because boto3 takes half a second to load its service models."""
    with moto_account():
        yield


@pytest.fixture
def aws(_mock_aws: None, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """Create two queues, a bucket and a bus for the test."""
    return set_up_aws(monkeypatch)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Replace time with a clock that advances only while the functions wait."""
    return Clock(monkeypatch)


@pytest.fixture
def database(module_database_url: str, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """Return a database that the consumers use, with calls 1 to 20, each with its service record, and nothing else."""
    assert aws.queue_url
    forget()
    point_at(module_database_url, monkeypatch)
    seeded = Database(module_database_url)
    seeded.seed(20)
    yield seeded
    forget()
    seeded.kill_others()
    seeded.empty()
