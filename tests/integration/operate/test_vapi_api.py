"""The client against what Vapi's API answers: pages, refusals, rate limits, faults."""

import traceback

import pytest

from local.vapi_api import KEY, Fault, Vapi, broken, rate_limited
from operate.target import OperationFailed
from operate.vapi import api as client
from operate.vapi.api import VapiApi, VapiRefused
from operate.vapi.findings import report, wrong
from operate.vapi.scopes import Scope


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "BACKOFF_SECONDS", 0)


def test_a_list_is_read_to_its_end_though_items_were_made_at_the_same_time(
    vapi: Vapi, api: VapiApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PAGE", 3)
    made = [vapi.add("assistant", name=f"Assistant {number}") for number in range(8)]
    made[3]["createdAt"] = made[4]["createdAt"]
    assert {item["id"] for item in api.read_all("/assistant")} == {item["id"] for item in made}


def test_an_empty_list(api: VapiApi) -> None:
    assert api.read_all("/phone-number") == []


@pytest.mark.parametrize("key", ["", "  "])
def test_a_missing_key_is_said_before_anything_is_asked(vapi: Vapi, key: str) -> None:
    with pytest.raises(OperationFailed, match="VAPI_API_KEY"):
        VapiApi(key, vapi.url)
    assert vapi.asked == []


@pytest.mark.parametrize("key", ["sample\x07key", "sample\nkey", "sample key", "sample-k\u00e9y", "\x1b[31msample"])
def test_a_key_that_no_header_carries_is_said_and_not_shown(vapi: Vapi, key: str) -> None:
    with pytest.raises(OperationFailed, match="VAPI_API_KEY has a character") as caught:
        VapiApi(key, vapi.url)
    assert "sample" not in "".join(traceback.format_exception(caught.value))
    assert vapi.asked == []


@pytest.mark.parametrize("id_", ["../../org?x=1", "a/b", "a?b#c", "a%2fb"])
@pytest.mark.parametrize("name", ["assistant", "phone number"])
def test_an_id_is_one_part_of_the_path(name: str, id_: str) -> None:
    asked: list[str] = []

    class Noting:
        def read(self, path: str) -> dict[str, object]:
            asked.append(path)
            return {}

    Scope(name, id_).read(Noting())  # type: ignore[arg-type]
    folder, _, rest = asked[0][1:].partition("/")
    assert folder == name.replace(" ", "-")
    assert not set(rest) & set("/?#")


@pytest.mark.parametrize("id_", [".", "..", "", " "])
def test_what_leads_elsewhere_in_a_path_is_no_id(api: VapiApi, id_: str) -> None:
    with pytest.raises(OperationFailed, match="no id"):
        Scope("assistant", id_).read(api)


def test_what_vapi_says_is_nothing_that_a_terminal_obeys(vapi: Vapi, api: VapiApi) -> None:
    vapi.faults.append(Fault(400, {"message": ["\x1b[31mred\x07", "c1 \x9b31m", "\u202ebackwards"]}))
    with pytest.raises(VapiRefused) as refusal:
        api.read("/assistant/x")
    assert str(refusal.value).replace("\n", "").isprintable()
    assert "red" in str(refusal.value)


def test_what_a_doctor_says_is_nothing_that_a_terminal_obeys(capsys: pytest.CaptureFixture[str]) -> None:
    report([wrong("assistant \x1b[31m", "named \x9b2J\x07", "rename \u202e it")])
    assert capsys.readouterr().out.replace("\n", "").isprintable()


def test_the_key_does_not_travel_in_plain_text() -> None:
    with pytest.raises(OperationFailed, match="https"):
        VapiApi(KEY, "http://api.example.com")


def test_a_wrong_key(vapi: Vapi) -> None:
    with pytest.raises(VapiRefused, match="private key") as refusal:
        VapiApi("another", vapi.url).read("/assistant")
    assert refusal.value.status == 401
    assert "another" not in str(refusal.value)


def test_an_id_that_nobody_has(api: VapiApi) -> None:
    with pytest.raises(VapiRefused, match="check the id"):
        api.read("/assistant/0")


def test_a_request_that_is_not_valid_is_told_in_vapis_words(vapi: Vapi, api: VapiApi) -> None:
    assistant = vapi.add("assistant", name="Follow-up")
    with pytest.raises(VapiRefused, match=r"server\.property secret should not exist; property surprise should not"):
        api.change(f"/assistant/{assistant['id']}", {"server": {"secret": "x"}, "surprise": 1})
    assert "server" not in vapi.stored["assistant"][assistant["id"]]


@pytest.mark.parametrize("method", ["read", "create", "change"])
def test_a_rate_limit_is_waited_for(vapi: Vapi, api: VapiApi, method: str) -> None:
    assistant = vapi.add("assistant", name="Follow-up")
    path = "/assistant" if method == "create" else f"/assistant/{assistant['id']}"
    vapi.faults = [rate_limited(), rate_limited(None)]
    arguments = [] if method == "read" else [{"name": "Another"}]
    assert getattr(api, method)(path, *arguments)["id"] in vapi.stored["assistant"]
    assert len(vapi.asked) == 3


def test_a_passing_fault_is_tried_again(vapi: Vapi, api: VapiApi) -> None:
    vapi.faults = [broken(500), broken(503)]
    assert api.read("/credential") == []


def test_what_makes_something_is_not_sent_twice(vapi: Vapi, api: VapiApi) -> None:
    vapi.faults = [broken(500)]
    with pytest.raises(VapiRefused):
        api.create("/credential", {})
    assert len(vapi.asked) == 1


def test_a_limit_that_does_not_end_is_told(vapi: Vapi, api: VapiApi) -> None:
    vapi.faults = [rate_limited() for _ in range(client.TRIES)]
    with pytest.raises(VapiRefused, match="wait a minute"):
        api.read("/credential")


def test_no_answer_is_told() -> None:
    with pytest.raises(OperationFailed, match="does not answer"):
        VapiApi(KEY, "http://127.0.0.1:9").create("/credential", {})
