"""Dead letters are shown, moved and never lost, whatever fails in between."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from autopulse.consumers.registry import REGISTRY
from operate import dead_letter_queue
from operate.confirmation import always
from operate.dead_letter import DeadLetter, read_dead_letter, show_age
from operate.redrive import Choice, list_kinds, redrive
from operate.target import OperationFailed
from tests.unit.operate.conftest import Account

SOURCE, DEAD = "HangQueue", "HangDeadLetterQueue"
SECRETS = ("+12025550147", "Avery Example", "the gearbox rattles")


def envelope(number: int, **changes: object) -> str:
    content = {
        "version": 1,
        "kind": "hang",
        "event_id": f"{number:064x}",
        "vapi_call_id": f"0193a000-0000-7000-8000-{number:012d}",
        "call_id": number,
        "message": {"type": "hang", "customer": {"number": SECRETS[0], "name": SECRETS[1]}, "transcript": SECRETS[2]},
    }
    return json.dumps(content | changes)


def bury(account: Account, *numbers: int, reason: str = "UnknownCall") -> None:
    for number in numbers:
        account.put(DEAD, envelope(number), reason=reason, kind="hang", detail="no call has this id")


def numbers_in(account: Account, queue: str) -> list[int]:
    return sorted(json.loads(body)["call_id"] for body in account.bodies(queue))


class Faulty:
    """An SQS client of which one call goes wrong."""

    def __init__(self, sqs: Any, **faults: Callable[..., Any]) -> None:  # noqa: ANN401 - a boto3 client
        self._sqs = sqs
        self._faults = faults

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any of its methods
        return self._faults.get(name) or getattr(self._sqs, name)


def unreachable(**_arguments: object) -> None:
    raise EndpointConnectionError(endpoint_url="https://sqs.example.com")


def test_all_dead_letters_go_back_with_the_attributes_they_came_with(account: Account) -> None:
    bury(account, *range(1, 24))
    assert redrive(account.target, "hang", Choice(), always) == 0
    assert account.visible(DEAD) == []
    back = account.visible(SOURCE)
    assert sorted(message["Body"] for message in back) == sorted(envelope(number) for number in range(1, 24))
    for message in back:
        named = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
        assert named == {"kind": "hang", "event_id": json.loads(message["Body"])["event_id"]}
        assert message["Attributes"]["MessageGroupId"] == "redriven", "so that live calls are served before them"


def test_what_is_shown_says_why_and_tells_nothing_of_the_call(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    bury(account, 7)
    redrive(account.target, "hang", Choice(), lambda _: False)
    shown = capsys.readouterr().out
    for fact in ("hang", "UnknownCall", "no call has this id", f"{7:064x}", "0193a000-0000-7000-8000-000000000007"):
        assert fact in shown
    assert not any(secret in shown for secret in SECRETS)


def test_who_says_no_moves_nothing_and_hides_nothing(account: Account) -> None:
    bury(account, 1, 2)
    assert redrive(account.target, "hang", Choice(), lambda _: False) == 0
    assert numbers_in(account, DEAD) == [1, 2]
    assert account.visible(SOURCE) == []


def test_nothing_is_asked_where_nothing_is(account: Account) -> None:
    def never(_question: str) -> bool:
        raise AssertionError

    assert redrive(account.target, "hang", Choice(), never) == 0


def test_only_dead_letters_of_one_reason(account: Account) -> None:
    bury(account, 1, 3, reason="UnknownCall")
    bury(account, 2, reason="DataRejected")
    assert redrive(account.target, "hang", Choice(reason="DataRejected"), always) == 0
    assert numbers_in(account, SOURCE) == [2]
    assert numbers_in(account, DEAD) == [1, 3]


def test_letters_that_the_redrive_policy_put_there_are_called_by_a_word(account: Account) -> None:
    account.put(DEAD, envelope(1), kind="hang", event_id=f"{1:064x}")
    bury(account, 2)
    assert redrive(account.target, "hang", Choice(reason="none"), always) == 0
    assert numbers_in(account, SOURCE) == [1]


def test_no_more_than_the_limit(account: Account) -> None:
    bury(account, *range(1, 16))
    assert redrive(account.target, "hang", Choice(limit=12), always) == 0
    moved, left = numbers_in(account, SOURCE), numbers_in(account, DEAD)
    assert len(moved) == 12
    assert sorted(moved + left) == list(range(1, 16))


def test_one_redrive_moves_a_bounded_number_of_dead_letters(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("operate.redrive.LOOKED_AT_MOST", 10)
    bury(account, *range(1, 13))
    assert redrive(account.target, "hang", Choice(), always) == 0
    assert (len(numbers_in(account, SOURCE)), len(numbers_in(account, DEAD))) == (10, 2)


def test_what_the_queue_does_not_take_stays(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    bury(account, 1, 2, 3)
    sqs = account.clients["sqs"]

    def take_all_but_two(QueueUrl: str, Entries: list[Any]) -> Any:  # noqa: ANN401, N803 - as boto3
        good = [entry for entry in Entries if json.loads(entry["MessageBody"])["call_id"] != 2]
        bad = [{"Id": entry["Id"], "SenderFault": False, "Code": "InternalError"} for entry in Entries]
        answer = sqs.send_message_batch(QueueUrl=QueueUrl, Entries=good)
        taken = {entry["Id"] for entry in answer["Successful"]}
        return {"Successful": answer["Successful"], "Failed": [entry for entry in bad if entry["Id"] not in taken]}

    account.clients["sqs"] = Faulty(sqs, send_message_batch=take_all_but_two)
    assert redrive(account.target, "hang", Choice(), always) == 1
    assert numbers_in(account, SOURCE) == [1, 3]
    assert numbers_in(account, DEAD) == [2]
    assert "1 were not taken" in capsys.readouterr().out


def test_a_queue_that_cannot_be_reached_costs_nothing(account: Account) -> None:
    bury(account, 1, 2)
    account.clients["sqs"] = Faulty(account.clients["sqs"], send_message_batch=unreachable)
    assert redrive(account.target, "hang", Choice(), always) == 1
    assert numbers_in(account, DEAD) == [1, 2]


def test_what_cannot_be_deleted_is_there_twice_and_said(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    bury(account, 1)
    sqs = account.clients["sqs"]
    account.clients["sqs"] = Faulty(sqs, delete_message_batch=unreachable)
    assert redrive(account.target, "hang", Choice(), always) == 1
    assert numbers_in(account, SOURCE) == [1]
    assert "repeats without effect" in capsys.readouterr().out


def test_a_delete_that_fails_once_is_tried_again(account: Account) -> None:
    bury(account, 1)
    sqs, tries = account.clients["sqs"], []

    def fail_once(**arguments: Any) -> Any:  # noqa: ANN401 - as boto3
        tries.append(arguments)
        failed = [{"Id": entry["Id"], "SenderFault": False, "Code": "x"} for entry in arguments["Entries"]]
        return {"Failed": failed} if len(tries) == 1 else sqs.delete_message_batch(**arguments)

    account.clients["sqs"] = Faulty(sqs, delete_message_batch=fail_once)
    assert redrive(account.target, "hang", Choice(), always) == 0
    assert account.visible(DEAD) == []


def test_an_interruption_while_sending_deletes_what_was_sent_and_lets_the_rest_go(account: Account) -> None:
    bury(account, *range(1, 13))
    sqs, batches = account.clients["sqs"], []

    def interrupted_at_the_second(**arguments: Any) -> Any:  # noqa: ANN401 - as boto3
        batches.append(arguments)
        if len(batches) == 2:
            raise KeyboardInterrupt
        return sqs.send_message_batch(**arguments)

    account.clients["sqs"] = Faulty(sqs, send_message_batch=interrupted_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        redrive(account.target, "hang", Choice(), always)
    moved, left = numbers_in(account, SOURCE), numbers_in(account, DEAD)
    assert len(moved) == 10
    assert sorted(moved + left) == list(range(1, 13))


def test_an_interruption_at_the_question_hides_nothing(account: Account) -> None:
    bury(account, 1, 2)

    def interrupted(_question: str) -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        redrive(account.target, "hang", Choice(), interrupted)
    assert numbers_in(account, DEAD) == [1, 2]


def test_nothing_is_sent_when_the_answer_came_too_late(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    bury(account, 1)
    monkeypatch.setattr(dead_letter_queue, "HELD_SECONDS", dead_letter_queue.SAFETY_SECONDS)
    with pytest.raises(OperationFailed, match="run it again"):
        redrive(account.target, "hang", Choice(), always)
    assert numbers_in(account, DEAD) == [1]
    assert account.visible(SOURCE) == []


def test_a_batch_is_no_larger_than_sqs_takes(account: Account) -> None:
    long = "x" * 600_000
    for number in (1, 2, 3):
        account.put(DEAD, envelope(number, message=long), reason="UnknownCall")
    sizes = []
    sqs = account.clients["sqs"]

    def measured(**arguments: Any) -> Any:  # noqa: ANN401 - as boto3
        sizes.append(sum(len(entry["MessageBody"]) for entry in arguments["Entries"]))
        return sqs.send_message_batch(**arguments)

    account.clients["sqs"] = Faulty(sqs, send_message_batch=measured)
    assert redrive(account.target, "hang", Choice(), always) == 0
    assert len(sizes) == 3
    assert max(sizes) <= dead_letter_queue.BATCH_BYTES


def test_a_dead_letter_that_nobody_can_read_is_shown_and_moved_as_it_is(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    account.put(DEAD, "[1, \x1b[2J", reason="InvalidMessage\x1b[2J")
    assert redrive(account.target, "hang", Choice(), always) == 0
    assert account.bodies(SOURCE) == ["[1, \x1b[2J"]
    assert "\x1b" not in capsys.readouterr().out


def test_a_kind_that_is_none_is_said(account: Account) -> None:
    with pytest.raises(OperationFailed, match="KIND is one of status"):
        redrive(account.target, "hangs", Choice(), always)


def test_a_stack_that_is_not_there_is_said(account: Account) -> None:
    def absent(**_arguments: object) -> None:
        raise ClientError({"Error": {"Code": "ValidationError", "Message": "does not exist"}}, "DescribeStackResource")

    account.formation.describe_stack_resource = absent  # type: ignore[assignment, method-assign] # gone
    with pytest.raises(OperationFailed, match="Check the credentials"):
        redrive(account.target, "hang", Choice(), always)


def test_every_kind_is_counted(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    bury(account, 1, 2)
    assert list_kinds(account.target) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {line.split()[0]: line.split()[1] for line in lines[1:]} == dict.fromkeys(REGISTRY, "0") | {"hang": "2"}


def test_the_age_counts_from_the_first_send() -> None:
    sent = datetime(2026, 11, 2, 15, tzinfo=timezone.utc)
    message = {
        "MessageId": "1",
        "ReceiptHandle": "1",
        "Body": envelope(1),
        "Attributes": {"SentTimestamp": str(int(sent.timestamp() * 1000)), "ApproximateReceiveCount": "3"},
    }
    letter = read_dead_letter(message)
    assert isinstance(letter, DeadLetter)
    shown = letter.describe(sent + timedelta(days=2, hours=3, minutes=4))
    assert (shown["age"], shown["received"], shown["reason"], shown["kind"]) == ("2 d 3 h", "3 x", "none", "hang")


@pytest.mark.parametrize(
    ("age", "shown"),
    [
        (timedelta(seconds=-3), "0 s"),
        (timedelta(seconds=59.9), "59 s"),
        (timedelta(hours=1), "1 h 0 min"),
        (timedelta(days=13, hours=23, minutes=59), "13 d 23 h"),
    ],
)
def test_an_age_has_two_units(age: timedelta, shown: str) -> None:
    assert show_age(age) == shown


@pytest.mark.parametrize(("part", "kind"), [("status", "status_update"), ("report", "end_of_call_report")])
def test_a_part_of_a_kinds_name_that_no_other_has_is_enough(part: str, kind: str, account: Account) -> None:
    queue = REGISTRY[kind].prefix
    account.put(f"{queue}DeadLetterQueue", envelope(3, kind=kind), reason="UnknownCall", kind=kind, detail="")
    assert redrive(account.target, part, Choice(), always) == 0
    assert account.visible(f"{queue}Queue") != []


@pytest.mark.parametrize("name", ["update", "", "reports"])
def test_a_name_of_no_kind_or_of_several_moves_nothing(name: str, account: Account) -> None:
    with pytest.raises(OperationFailed, match="KIND is one of status_update, conversation_update"):
        redrive(account.target, name, Choice(), always)
