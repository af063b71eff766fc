"""Alerts to a webhook, against a stand-in that fails, is slow and answers whatever it likes."""

import base64
import hashlib
import hmac
import http.client
import io
import json
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, Final

import pytest
from botocore.exceptions import EndpointConnectionError

from autopulse.alerts import sender, webhook
from autopulse.alerts.messages import Alert, Customer
from autopulse.alerts.webhook import Target, post, read_target
from autopulse.errors import DeliveryFailed
from autopulse.observability import logger
from autopulse.settings import AlertSenderSettings
from local.alert_receiver import Receiver, Reply, serve

CONSOLE: Final = "https://console.example.com/console/"
CUSTOMER: Final = Customer(
    "Canary <!channel>", "+12025550101", "2019 Canary Coupe", 3, "The canary & <https://example.com|click> sang."
)
LINK_ALERT: Final = Alert(12, "opened", "webhook", 1, 7, datetime.now(timezone.utc) + timedelta(days=1))
FULL_ALERT: Final = Alert(12, "overdue", "webhook", 2, 7, LINK_ALERT.not_after, CUSTOMER)
CANARIES: Final = ("Canary", "canary", "2025550101", "Coupe", "sang", "customer", "score")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with serve() as served:
        yield served


def _post(alert: Alert, receiver: Receiver, **target: Any) -> None:  # noqa: ANN401 - fields of a target
    post(alert, Target(receiver.url, **target), CONSOLE, takes_loopback=True)


@pytest.mark.parametrize("format_", ["slack", "json"])
def test_a_link_says_nothing_of_the_customer(receiver: Receiver, format_: str) -> None:
    _post(LINK_ALERT, receiver, format=format_)
    (received,) = receiver.received
    text = received.body.decode() + json.dumps(dict(received.headers))
    assert [canary for canary in CANARIES if canary in text] == []
    assert received.json["text"] == "A follow-up was opened.\nhttps://console.example.com/console/?call=7"
    names = {"text"} if format_ == "slack" else {"text", "type", "follow_up_id", "call_id", "url"}
    assert set(received.json) == names


def test_a_full_alert_for_programs_says_whom_it_is_about(receiver: Receiver) -> None:
    _post(FULL_ALERT, receiver, format="json")
    given = receiver.received[0].json
    assert given["type"] == "follow_up.overdue"
    assert given["customer"] == {
        "name": CUSTOMER.name,
        "phone": CUSTOMER.phone,
        "vehicle": CUSTOMER.vehicle,
        "score": 3,
        "words": CUSTOMER.words,
    }


def test_what_a_customer_said_is_no_link_and_calls_nobody_in_slack(receiver: Receiver) -> None:
    _post(FULL_ALERT, receiver)
    text = receiver.received[0].json["text"]
    assert "&lt;!channel&gt;" in text
    assert "canary &amp; &lt;https://example.com|click&gt; sang" in text
    assert "<" not in text


def test_each_try_has_the_same_key(receiver: Receiver) -> None:
    receiver.replies = [Reply(500)]
    with pytest.raises(DeliveryFailed):
        _post(LINK_ALERT, receiver)
    _post(Alert(12, "opened", "webhook", 2, 7, LINK_ALERT.not_after), receiver)
    keys = [one.headers["idempotency-key"] for one in receiver.received]
    assert keys == ["follow-up-12-opened-webhook"] * 2


def test_a_signature_is_that_of_standard_webhooks(receiver: Receiver) -> None:
    _post(LINK_ALERT, receiver, signing_key="a key of tests")
    (received,) = receiver.received
    said = received.headers
    signed = f"{said['webhook-id']}.{said['webhook-timestamp']}.".encode() + received.body
    digest = hmac.new(b"a key of tests", signed, hashlib.sha256).digest()
    assert said["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
    assert abs(int(said["webhook-timestamp"]) - time.time()) < 60
    assert said["webhook-id"] == said["idempotency-key"]


@pytest.mark.parametrize(
    ("reply", "reason", "is_final", "retry_after"),
    [
        (Reply(500), DeliveryFailed.UNAVAILABLE, False, 0),
        (Reply(503, headers={"retry-after": "120"}), DeliveryFailed.UNAVAILABLE, False, 120),
        (Reply(429, headers={"retry-after": "999999"}), DeliveryFailed.UNAVAILABLE, False, 900),
        (Reply(429, headers={"retry-after": "soon"}), DeliveryFailed.UNAVAILABLE, False, 0),
        (Reply(408), DeliveryFailed.UNAVAILABLE, False, 0),
        (Reply(400), DeliveryFailed.REFUSED, True, 0),
        (Reply(404), DeliveryFailed.REFUSED, True, 0),
        (Reply(410), DeliveryFailed.REFUSED, True, 0),
        (Reply(302, headers={"location": "http://127.0.0.1:9/"}), DeliveryFailed.REDIRECTED, True, 0),
    ],
    ids=lambda value: str(value.status) if isinstance(value, Reply) else "",
)
def test_an_answer_is_retried_if_it_may_be_another_one_later(
    receiver: Receiver, reply: Reply, reason: str, is_final: bool, retry_after: int
) -> None:
    receiver.replies = [reply]
    with pytest.raises(DeliveryFailed) as failed:
        _post(LINK_ALERT, receiver)
    assert (failed.value.reason, failed.value.is_final, failed.value.retry_after) == (reason, is_final, retry_after)
    assert len(receiver.received) == 1, "no redirect is followed"


def test_an_answer_that_never_ends_is_not_read(receiver: Receiver) -> None:
    receiver.replies = [Reply(is_endless=True)]
    _post(LINK_ALERT, receiver)


def test_a_slow_answer_ends_with_the_time(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "LONGEST_SECONDS", 0.5)
    receiver.replies = [Reply(seconds=60)]
    with pytest.raises(DeliveryFailed) as failed:
        _post(LINK_ALERT, receiver)
    assert (failed.value.reason, failed.value.is_final) == (DeliveryFailed.SLOW, False)


@pytest.mark.parametrize("path", ["/a b", "/caf\u00e9", "/?q=\x7f"])
def test_an_address_that_no_request_can_have_is_not_tried_again(receiver: Receiver, path: str) -> None:
    with pytest.raises(DeliveryFailed) as failed:
        post(LINK_ALERT, Target(receiver.url + path), CONSOLE, takes_loopback=True)
    assert (failed.value.reason, failed.value.is_final) == (DeliveryFailed.NOT_CONFIGURED, True)
    assert not receiver.received


def test_what_a_customer_is_called_is_no_line_of_its_own(receiver: Receiver) -> None:
    forged = "Canary\r\nhttps://example.com/?call=1\u2028Score: 10 of 10"
    alert = Alert(12, "opened", "webhook", 1, 7, LINK_ALERT.not_after, Customer(forged, forged, forged, 3, forged))
    _post(alert, receiver)
    lines = receiver.received[0].json["text"].splitlines()
    assert len(lines) == 5
    assert lines[2:] == ["Score: 3 of 10", lines[3], f"{CONSOLE}?call=7"]


def test_a_receiver_that_is_not_there_is_tried_again() -> None:
    with serve() as gone:
        pass
    with pytest.raises(DeliveryFailed) as failed:
        _post(LINK_ALERT, gone)
    assert (failed.value.reason, failed.value.is_final) == (DeliveryFailed.UNAVAILABLE, False)


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.com/", "ftp://example.com/", "https://user:word@example.com/", "https://", "//example.com"),
        *("http://127.0.0.1:9/", "https://[::1", "https://example.com:99999/"),
        *("https://exa mple.com/", "https://example.com\x7f/", f"https://{'a' * 64}.example.com/", "https://..com/"),
    ],
)
def test_no_other_address_than_https_is_asked(url: str) -> None:
    with pytest.raises(DeliveryFailed) as failed:
        post(LINK_ALERT, Target(url), CONSOLE)
    assert (failed.value.reason, failed.value.is_final) == (DeliveryFailed.NOT_CONFIGURED, True)


def test_an_address_of_a_private_network_is_not_spoken_to(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a certificate were good for it: the check is on the address that the name has led to."""
    plain = http.client.HTTPConnection
    port = int(receiver.url.split(":")[2].split("/")[0])
    monkeypatch.setattr(http.client, "HTTPSConnection", lambda host, _port, **_: plain(host, port, timeout=5))
    with pytest.raises(DeliveryFailed) as failed:
        post(LINK_ALERT, Target("https://localhost/"), CONSOLE)
    assert (failed.value.reason, failed.value.is_final) == (DeliveryFailed.NOT_OF_THE_INTERNET, True)
    assert not receiver.received


def test_a_certificate_that_nobody_vouches_for_is_refused(receiver: Receiver) -> None:
    """The stand-in has none: the handshake fails, and nothing is said."""
    with pytest.raises(DeliveryFailed) as failed:
        post(LINK_ALERT, Target(receiver.url.replace("http:", "https:")), CONSOLE, takes_loopback=True)
    assert failed.value.reason == DeliveryFailed.UNAVAILABLE
    assert not receiver.received


@pytest.mark.parametrize(
    "secret", ["", "{", "[]", '{"url": ""}', '{"url": 7}', '{"url": "https://example.com", "format": "xml"}']
)
def test_a_secret_without_an_address_is_not_configured(secret: str) -> None:
    with pytest.raises(DeliveryFailed) as failed:
        read_target(secret)
    assert (failed.value.reason, failed.value.is_final) == (DeliveryFailed.NOT_CONFIGURED, True)


# The function


class Parts:
    """Secrets Manager, SNS and the planner's queue."""

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self.mails: list[Mapping[str, Any]] = []
        self.reports: list[dict[str, Any]] = []
        self.is_away = False

    def get_secret_value(self, **_: str) -> dict[str, str]:
        return {"SecretString": self.secret}

    def publish(self, **given: Any) -> None:  # noqa: ANN401 - as boto3 has it
        if self.is_away:
            raise EndpointConnectionError(endpoint_url="sns")
        self.mails.append(given)

    def send_message(self, **given: Any) -> None:  # noqa: ANN401 - as boto3 has it
        self.reports.append(json.loads(given["MessageBody"])["outcome"])


def _services(parts: Parts) -> sender.Services:
    services = sender.Services()
    settings = AlertSenderSettings("queue", CONSOLE, "topic", "secret", takes_loopback=True)
    vars(services).update(settings=settings, sqs=parts, sns=parts, secretsmanager=parts)
    return services


def _handle(alert: Alert, parts: Parts) -> None:
    sender.handle({"Records": [{"messageId": "1", "body": alert.to_json()}]}, _services(parts))


def test_a_try_says_what_became_of_it(receiver: Receiver) -> None:
    parts = Parts(json.dumps({"url": receiver.url}))
    receiver.replies = [Reply(503, headers={"retry-after": "60"}), Reply(403), Reply()]
    for _ in range(3):
        _handle(FULL_ALERT, parts)
    named = {"follow_up_id": 12, "step": "overdue", "channel": "webhook", "tries": 2}
    assert parts.reports == [
        named | {"reason": "unavailable", "is_final": False, "retry_after": 60},
        named | {"reason": "refused", "is_final": True, "retry_after": 0},
        named | {"reason": None, "is_final": False, "retry_after": 0},
    ]


def test_what_comes_too_late_is_not_sent(receiver: Receiver) -> None:
    parts = Parts(json.dumps({"url": receiver.url}))
    _handle(Alert(12, "opened", "webhook", 1, 7, datetime.now(timezone.utc) - timedelta(seconds=1)), parts)
    assert (len(receiver.received), parts.reports) == (0, [])


def test_a_mail_names_nobody_in_its_subject() -> None:
    parts = Parts("")
    _handle(Alert(12, "overdue", "email", 1, 7, LINK_ALERT.not_after, CUSTOMER), parts)
    (mail,) = parts.mails
    assert (mail["TopicArn"], mail["Subject"]) == ("topic", "AutoPulse: a follow-up is overdue")
    assert "+12025550101, 2019 Canary Coupe\nScore: 3 of 10\n" in mail["Message"]
    parts.is_away = True
    _handle(Alert(12, "opened", "email", 1, 7, LINK_ALERT.not_after), parts)
    assert [one["reason"] for one in parts.reports] == [None, "unavailable"]


def test_nothing_of_a_customer_and_of_the_address_is_logged(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, handler = io.StringIO(), logger().registered_handler
    monkeypatch.setattr(handler, "stream", log)
    parts = Parts(json.dumps({"url": receiver.url}))
    receiver.replies = [Reply(500), Reply(400), Reply()]
    for _ in range(3):
        _handle(FULL_ALERT, parts)
    sender.handle({"Records": [{"messageId": "1", "body": '{"version": 2, "name": "Canary"}'}]}, _services(parts))
    assert "alert sent" in log.getvalue()
    assert [word for word in (*CANARIES[:5], receiver.url) if word in log.getvalue()] == []
