import json
from typing import Any

import pytest

from autopulse.auth import authorizer
from autopulse.auth.authorizer import Unauthorized
from autopulse.auth.principal import Principal, principal_of
from autopulse.auth.services import Services
from autopulse.domain.scope import Scope, UserKey
from autopulse.errors import TokenRefused, Transient
from autopulse.settings import AuthSettings
from tests.harness import start_anew
from tests.unit.auth.tokens import AUDIENCE, CLAIM, ISSUER, KEY_SET, NOW, ORGANIZATION, claims, token

ARN = "arn:aws:execute-api:us-west-2:111122223333:api0/api/GET/v1/calls/7"


SETTINGS = AuthSettings(ISSUER, AUDIENCE, "", json.dumps(KEY_SET), CLAIM, "", frozenset(), "", "", "", frozenset())


def handle(event: object, **settings: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of any type
    """Let an authorizer decide whose settings are those of these tests, but for some."""
    return authorizer.handle(start_anew(Services(), settings=SETTINGS._replace(**settings)), event)


def event(headers: object) -> dict[str, Any]:
    return {"type": "REQUEST", "methodArn": ARN, "headers": headers}


@pytest.mark.parametrize("name", ["Authorization", "authorization", "AUTHORIZATION"])
@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_a_good_token_opens_the_whole_stage_and_says_who_reads(name: str, scheme: str) -> None:
    content = claims()
    answer = handle(event({name: f"{scheme} {token(content)}"}))
    (statement,) = answer["policyDocument"]["Statement"]
    assert statement == {
        "Action": "execute-api:Invoke",
        "Effect": "Allow",
        "Resource": "arn:aws:execute-api:us-west-2:111122223333:api0/api/*",
    }
    assert answer["principalId"] == "reader-1"
    assert answer["context"] == {
        "organization_id": ORGANIZATION,
        "subject": "reader-1",
        "expires_at": str(content["exp"]),
        "name": "",
        "may_write": "true",
        "may_erase": "false",
        "advisor_id": "",
        "user_id": "",
        "email": "",
    }


def test_an_owner_who_is_bounded_to_nobody_knows_whom_is_denied(capsys: pytest.CaptureFixture[str]) -> None:
    answer = handle(event({"Authorization": f"Bearer {token(claims(advisor='all'))}"}), advisor_claim="advisor")
    assert answer["policyDocument"]["Statement"][0]["Effect"] == "Deny"
    assert answer["context"] == {}
    assert json.loads(capsys.readouterr().out.splitlines()[0])["reason"] == "advisor"


def test_an_owner_without_organization_is_denied() -> None:
    answer = handle(event({"Authorization": f"Bearer {token(claims(**{CLAIM: None}))}"}))
    assert answer["policyDocument"]["Statement"][0]["Effect"] == "Deny"
    assert answer["context"] == {}


@pytest.mark.parametrize(
    "headers",
    [
        None,
        {},
        {"Authorization": ""},
        {"Authorization": "   "},
        {"Authorization": None},
        {"Authorization": "Basic eDp5"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer nonsense"},
        {"X-Authorization": "Bearer x"},
    ],
)
def test_anything_else_gets_the_word_that_the_gateway_turns_into_401(
    headers: object, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Unauthorized, match=r"^Unauthorized$"):
        handle(event(headers))
    assert json.loads(capsys.readouterr().out.splitlines()[0])["TokenRefused"] == [1]


@pytest.mark.parametrize("name", ["issuer", "audience"])
def test_without_an_issuer_or_an_audience_nobody_reads(name: str) -> None:
    content = claims(iss="", aud="")
    for good in (token(claims()), token(content)):
        with pytest.raises(Unauthorized):
            handle(event({"Authorization": f"Bearer {good}"}), **{name: ""})


def test_keys_that_cannot_be_read_are_not_the_readers_fault() -> None:
    with pytest.raises(Transient, match=r"^$"):
        handle(event({"Authorization": f"Bearer {token(claims())}"}), jwks="{}")


def test_no_token_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = token(claims()), token(claims(aud="other"))
    handle(event({"Authorization": f"Bearer {good}"}))
    with pytest.raises(Unauthorized):
        handle(event({"Authorization": f"Bearer {bad}"}))
    said = capsys.readouterr()
    for part in (*good.split("."), *bad.split(".")):
        assert part not in said.out + said.err


def test_the_functions_behind_it_know_the_reader() -> None:
    content = claims()
    answer = handle(event({"Authorization": f"Bearer {token(content)}"}))
    request = {"requestContext": {"authorizer": answer["context"] | {"principalId": answer["principalId"]}}}
    assert principal_of(request) == Principal(ORGANIZATION, "reader-1", content["exp"], may_write=True)


def test_the_functions_behind_it_know_the_readers_user_and_bound() -> None:
    content = token(claims(advisor=7, email="kim@example.com"))
    answer = handle(event({"Authorization": f"Bearer {content}"}), advisor_claim="advisor")
    principal = principal_of({"requestContext": {"authorizer": answer["context"]}})
    assert principal.scope == Scope(ORGANIZATION, 7)
    assert principal.user == UserKey(email="kim@example.com")
    answer = handle(event({"Authorization": f"Bearer {token(claims(user='8'))}"}), user_claim="user")
    assert principal_of({"requestContext": {"authorizer": answer["context"]}}).user == UserKey(8)


@pytest.mark.parametrize(
    "context",
    [
        None,
        {},
        "x",
        {"organization_id": ORGANIZATION},
        {"organization_id": "1", "expires_at": "99999999999"},
        {"organization_id": ORGANIZATION, "expires_at": "soon"},
        {"organization_id": ORGANIZATION, "expires_at": None},
        {"organization_id": ORGANIZATION, "expires_at": "99999999999", "advisor_id": "all"},
        {"organization_id": ORGANIZATION, "expires_at": "99999999999", "advisor_id": "0"},
        {"organization_id": ORGANIZATION, "expires_at": "99999999999", "advisor_id": {}},
    ],
)
def test_without_the_authorizers_word_nobody_reads(context: object) -> None:
    with pytest.raises(TokenRefused, match=r"^$"):
        principal_of({"requestContext": {"authorizer": context}})


def test_an_answer_that_the_gateway_kept_too_long_is_refused() -> None:
    context = {"organization_id": ORGANIZATION, "subject": "x", "expires_at": str(NOW)}
    with pytest.raises(TokenRefused) as caught:
        principal_of({"requestContext": {"authorizer": context}})
    assert caught.value.reason == "expired"


def test_the_authorizer_answers_any_path_of_the_stage() -> None:
    assert authorizer._whole_stage({"methodArn": "arn:aws:execute-api:r:a:api0/live/$connect"}) == (  # noqa: SLF001
        "arn:aws:execute-api:r:a:api0/live/*"
    )
