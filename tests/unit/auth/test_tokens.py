"""One test for each way in which a token is wrong."""

from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from autopulse.auth.principal import Principal
from autopulse.auth.tokens import LEEWAY_SECONDS, MAX_CHARACTERS, verify
from autopulse.domain.scope import Scope, UserKey
from autopulse.errors import AdvisorUnreadable, OrganizationMissing, TokenRefused
from tests.unit.auth.tokens import (
    CLAIM,
    EC_KEY,
    KEYS,
    NOW,
    ORGANIZATION,
    RSA_KEY,
    RULES,
    STRANGERS_KEY,
    Key,
    claims,
    signed_with_the_public_key,
    token,
    unsigned,
)


def reason(text: str) -> str:
    with pytest.raises(TokenRefused) as caught:
        verify(text, KEYS, RULES)
    return caught.value.reason


@pytest.mark.parametrize(("key", "algorithm", "kid"), [(RSA_KEY, "RS256", "rsa"), (EC_KEY, "ES256", "ec")])
def test_a_good_token_says_who_reads_what(key: Key, algorithm: str, kid: str) -> None:
    content = claims()
    assert verify(token(content, key, algorithm, kid), KEYS, RULES) == Principal(
        ORGANIZATION, "reader-1", content["exp"], may_write=True
    )


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"name": "Kim Example"}, "Kim Example"),
        ({"preferred_username": "kim"}, "kim"),
        ({"name": " ", "preferred_username": "kim"}, "kim"),
        ({"name": 3}, ""),
        ({"name": "x" * 300}, "x" * 255),
        ({}, ""),
    ],
    ids=str,
)
def test_a_token_says_what_its_owner_is_called(given: dict[str, object], name: str) -> None:
    assert verify(token(claims(**given)), KEYS, RULES).name == name


@pytest.mark.parametrize(
    ("value", "may_write"),
    [
        ("manager", True),
        (["reader", "advisor"], True),
        ("reader manager", True),
        ("reader", False),
        (["reader", 3, None], False),
        ("managers", False),
        ("", False),
        (None, False),
        (True, False),
        ({"manager": True}, False),
    ],
)
def test_the_writers_claim_says_who_may_write(value: object, may_write: bool) -> None:
    rules = replace(RULES, writer_claim="roles", writer_values=frozenset({"manager", "advisor"}))
    assert verify(token(claims(roles=value)), KEYS, rules).may_write is may_write


def test_a_claim_that_is_true_lets_people_write() -> None:
    rules = replace(RULES, writer_claim="writer", writer_values=frozenset({"true"}))
    assert verify(token(claims(writer=True)), KEYS, rules).may_write is True
    assert verify(token(claims(writer=False)), KEYS, rules).may_write is False
    assert verify(token(claims()), KEYS, replace(rules, writer_values=frozenset())).may_write is False


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"email": " Kim@Example.com "}, UserKey(email="Kim@Example.com")),
        ({"email": "kim@example.com", "email_verified": True}, UserKey(email="kim@example.com")),
        ({"email": "kim@example.com", "email_verified": False}, UserKey()),
        ({"email": "kim@example.com", "email_verified": "false"}, UserKey()),
        ({"email": "kim@example.com", "email_verified": "False"}, UserKey()),
        ({"email": "kim@example.com", "email_verified": 0}, UserKey()),
        ({"email": "kim@example.com", "email_verified": []}, UserKey(email="kim@example.com")),
        ({"email": "x" * 256}, UserKey()),
        ({"email": ["kim@example.com"]}, UserKey()),
        ({"user": 7}, UserKey()),
        ({}, UserKey()),
    ],
    ids=str,
)
def test_an_email_claim_says_which_user_the_owner_is(given: dict[str, object], key: UserKey) -> None:
    assert verify(token(claims(**given)), KEYS, RULES).user == key


@pytest.mark.parametrize(("value", "id_"), [(7, 7), ("7", 7), ("kim", None), (0, None), (True, None), (None, None)])
def test_the_users_claim_has_an_id_and_leaves_the_email_out(value: object, id_: int | None) -> None:
    rules = replace(RULES, user_claim="user")
    assert verify(token(claims(user=value, email="kim@example.com")), KEYS, rules).user == UserKey(id_)


def test_the_advisors_claim_bounds_whose_token_has_it() -> None:
    rules = replace(RULES, advisor_claim="advisor")
    assert verify(token(claims(advisor=7)), KEYS, rules).scope == Scope(ORGANIZATION, 7)
    assert verify(token(claims(advisor="7")), KEYS, rules).scope == Scope(ORGANIZATION, 7)
    assert verify(token(claims()), KEYS, rules).scope == Scope(ORGANIZATION)
    assert verify(token(claims(advisor=7)), KEYS, RULES).scope == Scope(ORGANIZATION)


@pytest.mark.parametrize(
    "value", ["", " ", "all", "kim@example.com", 0, -1, 7.5, 2**31, True, False, [], [7], {}, "null"]
)
def test_an_advisors_claim_that_names_nobody_is_refused(value: object) -> None:
    with pytest.raises(AdvisorUnreadable):
        verify(token(claims(advisor=value)), KEYS, replace(RULES, advisor_claim="advisor"))


def test_an_advisors_claim_that_is_null_is_refused() -> None:
    with pytest.raises(AdvisorUnreadable):
        verify(token(claims() | {"advisor": None}), KEYS, replace(RULES, advisor_claim="advisor"))


def test_cognitos_access_token_has_its_client_instead_of_an_audience() -> None:
    content = claims(aud=None, client_id=RULES.audience, token_use="access")
    assert verify(token(content), KEYS, RULES).organization_id == ORGANIZATION


def test_one_of_several_audiences_is_enough() -> None:
    assert verify(token(claims(aud=["other", RULES.audience])), KEYS, RULES).subject == "reader-1"


@pytest.mark.parametrize("written", [ORGANIZATION.upper(), ORGANIZATION.replace("-", ""), f"{{{ORGANIZATION}}}"])
def test_the_organization_is_in_its_canonical_form(written: str) -> None:
    assert verify(token(claims(**{CLAIM: written})), KEYS, RULES).organization_id == ORGANIZATION


def test_alg_none_is_refused() -> None:
    for none in ("none", "None", "NONE", "", None):
        assert reason(unsigned({"alg": none, "kid": "rsa", "typ": "JWT"}, claims())) in {"algorithm", "malformed"}


@pytest.mark.parametrize("kid", ["rsa", "oct"])
def test_the_public_key_as_a_shared_secret_is_refused(kid: str) -> None:
    assert reason(signed_with_the_public_key(kid)) == "algorithm"


def test_a_published_shared_secret_signs_nothing() -> None:
    assert reason(token(claims(), b"published" * 4, "HS256", "oct")) == "algorithm"
    assert reason(unsigned({"alg": "RS256", "kid": "oct", "typ": "JWT"}, claims(), b"x" * 256)) == "algorithm"


@pytest.mark.parametrize(("algorithm", "kid"), [("ES256", "rsa"), ("RS256", "ec")])
def test_a_key_of_another_kind_than_the_algorithms_is_refused(algorithm: str, kid: str) -> None:
    key = EC_KEY if algorithm == "ES256" else RSA_KEY
    assert reason(token(claims(), key, algorithm, kid)) == "algorithm"


def test_other_public_key_algorithms_are_refused() -> None:
    assert reason(token(claims(), RSA_KEY, "RS512")) == "algorithm"
    assert reason(token(claims(), RSA_KEY, "PS256")) == "algorithm"
    assert reason(token(claims(), ec.generate_private_key(ec.SECP384R1()), "ES384")) == "algorithm"


def test_a_strangers_signature_is_refused() -> None:
    assert reason(token(claims(), STRANGERS_KEY)) == "signature"


def test_changed_claims_are_refused() -> None:
    header, _, signature = token(claims()).split(".")
    _, content, _ = token(claims(sub="somebody-else"), STRANGERS_KEY).split(".")
    assert reason(f"{header}.{content}.{signature}") == "signature"


@pytest.mark.parametrize("kid", ["other", None])
def test_a_key_that_the_issuer_does_not_have_is_refused(kid: str | None) -> None:
    assert reason(token(claims(), kid=kid)) == "unknown-key"


def test_a_key_in_the_token_itself_is_not_even_looked_at() -> None:
    assert reason(token(claims(), STRANGERS_KEY, jwk={"kty": "RSA"}, jku="https://example.com/keys")) == "signature"


def test_an_expired_token_is_refused_after_the_leeway() -> None:
    assert reason(token(claims(exp=NOW - LEEWAY_SECONDS))) == "expired"
    assert verify(token(claims(exp=NOW - LEEWAY_SECONDS + 1)), KEYS, RULES).subject == "reader-1"


def test_a_token_for_later_is_refused_before_the_leeway() -> None:
    assert reason(token(claims(nbf=NOW + LEEWAY_SECONDS + 1))) == "not-yet-valid"
    assert verify(token(claims(nbf=NOW + LEEWAY_SECONDS)), KEYS, RULES).subject == "reader-1"


@pytest.mark.parametrize("claim", ["exp", "iss", "sub"])
def test_a_token_without_a_claim_that_counts_is_refused(claim: str) -> None:
    assert reason(token(claims(**{claim: None}))) == "claims"


@pytest.mark.parametrize("issuer", ["https://issuer.example.com/pool/", "https://issuer.example.com/other", ""])
def test_another_issuer_is_refused(issuer: str) -> None:
    assert reason(token(claims(iss=issuer))) == "issuer"


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "other"},
        {"aud": []},
        {"aud": None},
        {"aud": {"the-client": 1}},
        {"aud": None, "client_id": "other", "token_use": "access"},
        {"aud": None, "client_id": "the-client", "token_use": "id"},
        {"aud": "other", "client_id": "the-client", "token_use": "access"},
    ],
)
def test_another_audience_is_refused(changed: dict[str, Any]) -> None:
    assert reason(token(claims(**changed))) == "audience"


@pytest.mark.parametrize("organization", [None, "", "1", "all", 7, [ORGANIZATION], f"{ORGANIZATION}0", "*"])
def test_an_organization_that_is_no_uuid_lets_nobody_in(organization: object) -> None:
    with pytest.raises(OrganizationMissing):
        verify(token(claims(**{CLAIM: organization})), KEYS, RULES)


def test_extensions_that_must_be_understood_are_refused() -> None:
    assert reason(token(claims(), crit=["exp"], exp=1)) == "malformed"


@pytest.mark.parametrize(
    "text",
    ["", "x", "a.b", "a.b.c", "....", "é.é.é", "[" * 3 * 5_000, "x" * (MAX_CHARACTERS + 1), "\x00.\x00.\x00"],
)
def test_what_is_no_token_is_refused(text: str) -> None:
    assert reason(text) == "malformed"


def test_deep_nesting_is_refused() -> None:
    deep = unsigned({"alg": "RS256", "kid": "rsa"}, {}).split(".")
    nested = unsigned({"alg": "RS256", "x": []}, {}).split(".")
    assert reason(f"{nested[0]}.{deep[1]}.AAAA") == "unknown-key"


@given(
    st.text(max_size=60) | st.tuples(st.binary(), st.binary(), st.binary()).map(lambda parts: ".".join(map(str, parts)))
)
def test_any_text_is_a_token_or_refused(text: str) -> None:
    assert reason(text)


@given(st.dictionaries(st.text(max_size=8), st.none() | st.integers() | st.text(max_size=20) | st.lists(st.integers())))
def test_any_claims_of_the_issuer_are_taken_or_refused(content: dict[str, Any]) -> None:
    for changed in ({}, dict.fromkeys(("exp", "nbf", "iat", "aud", "sub", "iss"), 0)):
        with pytest.raises((TokenRefused, OrganizationMissing)):
            verify(token(content | changed), KEYS, RULES)


@pytest.mark.parametrize(
    ("claim", "given", "may_erase"),
    [
        ("", "officer", False),
        ("role", "officer", True),
        ("role", ["reader", "officer"], True),
        ("role", "reader", False),
    ],
)
def test_nobody_may_erase_but_who_has_a_value_of_the_claim(claim: str, given: Any, may_erase: bool) -> None:  # noqa: ANN401 - JSON
    rules = replace(RULES, eraser_claim=claim, eraser_values=frozenset({"officer"}))
    assert verify(token(claims(role=given)), KEYS, rules).may_erase is may_erase
