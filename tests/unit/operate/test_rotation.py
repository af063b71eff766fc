"""The webhook secret is rotated, and at no moment is a webhook of either secret refused."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError

from autopulse.errors import Refused
from autopulse.ingress.webhook_secret import KEPT_SECONDS, REREAD_SECONDS, WebhookSecret
from autopulse.observability import Measurements
from autopulse.vapi.signature import Delivery, verify
from operate.confirmation import always
from operate.rotation import OVERLAP, Clock, begin, finish
from operate.target import OperationFailed, read_secret
from tests.unit.operate.conftest import Account

OLD = "old-secret"
SAMPLE = {"kind": "hmac", "secret": "somebody-elses"}
ENTRIES: list[dict[str, Any]] = [{"kind": "shared-secret"}, {"kind": "surprise"}, {"kind": "hmac"}, SAMPLE]
BEGAN = datetime(2026, 11, 2, 15, tzinfo=timezone.utc)


@dataclass
class FakeClock:
    """Stands still but for who sleeps."""

    now: datetime = BEGAN
    slept: float = 0

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.now, self._sleep)

    def seconds(self) -> float:
        return self.now.timestamp()

    def _sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.now += timedelta(seconds=seconds)


@dataclass
class Log:
    """The verifier's log group: its lines, and what was asked."""

    lines: list[str] = field(default_factory=list)
    asked: list[Any] = field(default_factory=list)
    error: Exception | None = None

    def get_paginator(self, _name: str) -> "Log":
        return self

    def paginate(self, **arguments: Any) -> Iterator[Any]:  # noqa: ANN401 - as boto3
        self.asked.append(arguments)
        if self.error is not None:
            raise self.error
        yield {"events": [{"message": line} for line in self.lines[:1]]}
        yield {"events": [{"message": line} for line in self.lines[1:]]}

    def accepted(self, *places: int) -> None:
        self.lines += [json.dumps({"message": "Webhook accepted", "credential": place}) for place in places]


@pytest.fixture
def log(account: Account) -> Log:
    log = account.clients["logs"] = Log()
    account.put_secret({"secret": OLD, "credentials": ENTRIES, "note": "kept"})
    return log


def _accepted(document: dict[str, Any], secret: str) -> bool:
    return _is_accepted_by(WebhookSecret(lambda: json.dumps(document)), secret)


def _is_accepted_by(verifier: WebhookSecret, secret: str) -> bool:
    """As the verifier does it: with what it has, and if that fails with what it reads again."""
    signature = hmac.new(secret.encode(), b"{}", hashlib.sha256).hexdigest()
    delivery = Delivery({"x-vapi-signature": [signature]}, b"{}")
    measurements = Measurements()
    for credentials in (verifier.current(measurements), verifier.reread(measurements)):
        try:
            verify(credentials.usable if credentials else (), delivery, BEGAN)
        except Refused:
            continue
        return True
    return False


@pytest.mark.usefixtures("log")
def test_both_secrets_are_accepted_in_between(account: Account) -> None:
    assert begin(account.target, always, FakeClock().clock) == 0
    document = read_secret(account.target)
    new = document["secret"]
    assert new != OLD
    assert len(new) == 48
    assert new.isalnum()
    assert _accepted(document, OLD)
    assert _accepted(document, new)
    assert _accepted(document, SAMPLE["secret"])
    assert document["note"] == "kept"
    assert document["credentials"][: len(ENTRIES)] == ENTRIES


def test_at_the_end_the_new_one_alone_is_left(account: Account, log: Log) -> None:
    clock = FakeClock()
    begin(account.target, always, clock.clock)
    new = read_secret(account.target)["secret"]
    clock.now += OVERLAP
    log.accepted(0, 1)
    assert finish(account.target, always, clock=clock.clock) == 0
    assert read_secret(account.target) == {"secret": new, "credentials": ENTRIES, "note": "kept"}
    assert not _accepted(read_secret(account.target), OLD)


@pytest.mark.usefixtures("log")
def test_a_verifier_that_had_the_old_secret_accepts_the_new_one_when_begin_is_through(account: Account) -> None:
    """Even one that read the secret again just before it was rotated, and may not read it for ten seconds."""
    clock, before = FakeClock(), json.dumps({"secret": OLD, "credentials": ENTRIES})
    stored = [before]
    verifier = WebhookSecret(lambda: stored[0], clock.seconds)
    assert _is_accepted_by(verifier, OLD)
    assert not _is_accepted_by(verifier, "forged")
    begin(account.target, always, clock.clock)
    stored[0] = json.dumps(read_secret(account.target))
    assert clock.slept > REREAD_SECONDS
    assert _is_accepted_by(verifier, read_secret(account.target)["secret"])
    assert _is_accepted_by(verifier, OLD)
    assert timedelta(seconds=KEPT_SECONDS) < OVERLAP


@pytest.mark.usefixtures("log")
def test_two_rotations_at_once_are_refused(account: Account) -> None:
    begin(account.target, always, FakeClock().clock)
    with pytest.raises(OperationFailed, match="under way"):
        begin(account.target, always, FakeClock().clock)


@pytest.mark.usefixtures("log")
def test_nothing_to_finish(account: Account) -> None:
    with pytest.raises(OperationFailed, match="no rotation is under way"):
        finish(account.target, always)


@pytest.mark.usefixtures("log")
def test_who_says_no_changes_nothing(account: Account) -> None:
    before = read_secret(account.target)
    begin(account.target, lambda _: False, FakeClock().clock)
    assert read_secret(account.target) == before


def test_nothing_to_rotate(account: Account) -> None:
    account.put_secret({"secret": OLD, "credentials": [SAMPLE]})
    with pytest.raises(OperationFailed, match="nothing to rotate"):
        begin(account.target, always, FakeClock().clock)


@pytest.mark.parametrize(
    ("minutes", "places", "objection"),
    [
        (59, (0, 1), "59 minutes old"),
        (60, (0, 3, 3, 4), "3 webhooks came with the old secret"),
        (60, (), "no webhook came"),
    ],
)
def test_the_old_secret_stays_while_it_may_be_needed(
    account: Account, log: Log, minutes: int, places: tuple[int, ...], objection: str
) -> None:
    """Usable entries are 0 and 1 of the new secret, 2 somebody else's, 3 and 4 of the old one."""
    clock = FakeClock()
    begin(account.target, always, clock.clock)
    clock.now = BEGAN + timedelta(minutes=minutes)
    log.accepted(*places)
    log.lines.append("not JSON")
    with pytest.raises(OperationFailed, match=objection):
        finish(account.target, always, clock=clock.clock)
    assert _accepted(read_secret(account.target), OLD)
    assert finish(account.target, always, force=True, clock=clock.clock) == 0
    assert not _accepted(read_secret(account.target), OLD)


def test_the_log_is_asked_about_the_last_minutes_only(account: Account, log: Log) -> None:
    clock = FakeClock()
    begin(account.target, always, clock.clock)
    clock.now = BEGAN + OVERLAP
    log.accepted(0)
    finish(account.target, always, clock=clock.clock)
    (asked,) = log.asked
    assert asked["startTime"] == int((clock.now - timedelta(minutes=15)).timestamp() * 1000)
    assert asked["logGroupName"] == "/aws/lambda/autopulse-test-verifier"


def test_a_log_that_cannot_be_read_ends_nothing(account: Account, log: Log) -> None:
    clock = FakeClock()
    begin(account.target, always, clock.clock)
    clock.now += OVERLAP
    log.error = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "FilterLogEvents")
    with pytest.raises(OperationFailed, match="cannot be read"):
        finish(account.target, always, clock=clock.clock)
    assert _accepted(read_secret(account.target), OLD)


@pytest.mark.usefixtures("log")
def test_what_somebody_changed_meanwhile_is_not_overwritten(account: Account) -> None:
    changed = {"secret": "changed", "credentials": [{"kind": "hmac"}]}

    def meanwhile(_question: str) -> bool:
        account.put_secret(changed)
        return True

    with pytest.raises(OperationFailed, match="run it again"):
        begin(account.target, meanwhile, FakeClock().clock)
    assert read_secret(account.target) == changed


@pytest.mark.usefixtures("log")
def test_no_secret_is_printed(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    clock = FakeClock()
    begin(account.target, always, clock.clock)
    new = read_secret(account.target)["secret"]
    finish(account.target, always, force=True, clock=clock.clock)
    shown = capsys.readouterr().out
    assert OLD not in shown
    assert new not in shown


@pytest.mark.usefixtures("log")
def test_a_rotation_keeps_each_entry_s_tolerance(account: Account) -> None:
    clock = FakeClock()
    timed = {"kind": "hmac", "timestamp_header": "x-vapi-timestamp", "tolerance_seconds": 11_000}
    account.put_secret({"secret": OLD, "credentials": [timed]})
    begin(account.target, always, clock.clock)
    both = read_secret(account.target)["credentials"]
    assert [entry["tolerance_seconds"] for entry in both] == [11_000, 11_000]
    clock.now += OVERLAP
    finish(account.target, always, force=True, clock=clock.clock)
    assert read_secret(account.target)["credentials"] == [timed]
