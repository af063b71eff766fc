import json

import pytest

from autopulse.errors import Transient
from autopulse.ingress.webhook_secret import KEPT_SECONDS, REREAD_SECONDS, WebhookSecret
from autopulse.observability import Measurements
from autopulse.vapi.signature import SharedSecret
from functions.verifier.app import SERVICES
from tests.unit.ingress.conftest import Account


def transient(reason: str) -> pytest.RaisesExc[Transient]:
    return pytest.RaisesExc(Transient, check=lambda problem: problem.reason == reason)


class Vault:
    """Secrets Manager and a clock, both at hand."""

    def __init__(self) -> None:
        self.secret = "first"
        self.reads = 0
        self.fails = False
        self.now = 5_000.0
        self.subject = WebhookSecret(self.read, lambda: self.now)
        self.measurements = Measurements()

    def read(self) -> str:
        self.reads += 1
        if self.fails:
            raise Transient("secret-unavailable")
        return json.dumps({"secret": self.secret, "credentials": [{"kind": "shared-secret"}]})

    def current(self) -> bytes:
        return self._secret_of(self.subject.current(self.measurements).usable)

    def reread(self) -> bytes | None:
        fresh = self.subject.reread(self.measurements)
        return None if fresh is None else self._secret_of(fresh.usable)

    def _secret_of(self, usable: tuple[object, ...]) -> bytes:
        (credential,) = usable
        assert isinstance(credential, SharedSecret)
        return credential.secret


@pytest.fixture
def vault() -> Vault:
    return Vault()


def test_nothing_is_read_before_it_is_needed(vault: Vault) -> None:
    assert vault.reads == 0


def test_it_is_kept_for_minutes(vault: Vault) -> None:
    assert vault.current() == b"first"
    vault.secret = "second"
    vault.now += KEPT_SECONDS - 1
    assert vault.current() == b"first"
    assert vault.reads == 1
    vault.now += 1
    assert vault.current() == b"second"


def test_it_is_read_again_on_demand_at_a_bounded_rate(vault: Vault) -> None:
    vault.current()
    vault.now += REREAD_SECONDS
    vault.secret = "second"
    assert vault.reread() == b"second"
    assert vault.current() == b"second"
    vault.now += REREAD_SECONDS - 0.1
    assert [vault.reread() for _ in range(100)] == [None] * 100
    assert vault.reads == 2
    vault.now += 0.1
    assert vault.reread() == b"second"


def test_a_secret_read_a_moment_ago_is_not_read_again(vault: Vault) -> None:
    vault.current()
    assert vault.reread() is None


def test_without_any_copy_a_failure_is_told_and_tried_again_at_once(vault: Vault) -> None:
    vault.fails = True
    with transient("secret-unavailable"):
        vault.current()
    vault.fails = False
    assert vault.current() == b"first"


def test_an_old_copy_serves_through_an_outage(vault: Vault) -> None:
    vault.current()
    vault.fails = True
    vault.now += KEPT_SECONDS
    assert [vault.current() for _ in range(100)] == [b"first"] * 100
    assert vault.reads == 2
    vault.fails = False
    vault.secret = "second"
    vault.now += REREAD_SECONDS
    assert vault.current() == b"second"


def test_while_it_cannot_be_read_a_mismatch_is_not_certain(vault: Vault) -> None:
    vault.current()
    vault.fails = True
    vault.now += REREAD_SECONDS
    for _ in range(3):
        with transient("secret-unavailable"):
            vault.reread()
    assert vault.reads == 2


def test_it_comes_from_secrets_manager(account: Account) -> None:
    assert account.secret_arn
    assert len(SERVICES.secret.current(Measurements()).usable) == 2


def test_a_secret_that_is_gone_is_transient(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBHOOK_SECRET_ARN", account.secret_arn + "-other")
    with transient("secret-unavailable"):
        SERVICES.secret.current(Measurements())


def test_what_was_accepted_before_is_read_at_most_once_in_five_minutes_whatever_comes_of_it() -> None:
    now, reads, fails = [0.0], [0], [True]

    def read_former() -> str:
        reads[0] += 1
        if fails[0]:
            raise Transient("secret-unavailable")
        return json.dumps({"secret": "before", "credentials": [{"kind": "shared-secret"}]})

    subject = WebhookSecret(lambda: "{}", lambda: now[0], read_former)
    assert [subject.former() for _ in range(10)] == [()] * 10
    assert reads == [1]
    now[0], fails[0] = KEPT_SECONDS, False
    (credential,) = subject.former()
    assert isinstance(credential, SharedSecret)
    assert (credential.secret, reads) == (b"before", [2])
    now[0], fails[0] = 2 * KEPT_SECONDS, True
    assert subject.former() == (), "what cannot be read again is forgotten"


def test_without_a_way_to_read_it_nothing_was_accepted_before(vault: Vault) -> None:
    assert vault.subject.former() == ()
