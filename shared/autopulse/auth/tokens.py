"""Verify a JWT: signed by the issuer, for us, now, and for which organization."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import jwt
from jwt.exceptions import (
    ExpiredSignatureError,
    ImmatureSignatureError,
    InvalidAlgorithmError,
    InvalidIssuerError,
    InvalidSignatureError,
    MissingRequiredClaimError,
    PyJWTError,
)

from autopulse.auth.keys import Keys
from autopulse.auth.principal import Principal, organization_of
from autopulse.domain.scope import UserKey
from autopulse.errors import AdvisorUnreadable, TokenRefused
from autopulse.json_coercion import Json, read_call_id, read_list, read_text

ALGORITHMS: Final = ("RS256", "ES256")
"""Public-key only: with `none` or an HMAC anybody who knows the public key could sign."""
LEEWAY_SECONDS: Final = 30
"""Clocks differ."""
MAX_NAME_CHARACTERS: Final = 255
MAX_EMAIL_CHARACTERS: Final = 255
MAX_CHARACTERS: Final = 16_384
"""API Gateway takes 10,240 bytes of headers."""
_REASONS: Final[Mapping[type[Exception], str]] = {
    ExpiredSignatureError: "expired",
    ImmatureSignatureError: "not-yet-valid",
    InvalidAlgorithmError: "algorithm",
    InvalidIssuerError: "issuer",
    InvalidSignatureError: "signature",
    MissingRequiredClaimError: "claims",
}
"""Anything else is `malformed`."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The issuer whose tokens are accepted."""

    issuer: str
    audience: str
    organization_claim: str
    writer_claim: str = ""
    """The claim that says who may change follow-ups; empty: all readers may."""
    writer_values: frozenset[str] = frozenset()
    """The values of that claim that allow it; the claim may have one, a list, or several with blanks between them."""
    user_claim: str = ""
    """The claim with the id of the user that the person is; empty: the user with the e-mail address of `email`."""
    advisor_claim: str = ""
    """The claim with the id of the user whose visits' calls alone the person reads; empty: nobody is bounded."""
    eraser_claim: str = ""
    """The claim that says who may erase calls; empty: nobody may."""
    eraser_values: frozenset[str] = frozenset()
    """The values of that claim that allow it."""


def verify(token: str, keys: Keys, rules: Rules) -> Principal:
    """Return who the token's owner is.

    Raises TokenRefused; OrganizationMissing or AdvisorUnreadable; or Transient without the keys.
    """
    if len(token) > MAX_CHARACTERS:
        raise TokenRefused("malformed")
    try:
        claims = _verified_claims(token, keys, rules.issuer)
    except (PyJWTError, ValueError, TypeError, RecursionError, OverflowError) as error:
        raise TokenRefused(_REASONS.get(type(error), "malformed")) from error
    if rules.audience not in _audiences(claims):
        raise TokenRefused("audience")
    organization_id = organization_of(claims.get(rules.organization_claim))
    return Principal(
        organization_id,
        str(claims["sub"]),
        int(claims["exp"]),
        _name_of(claims),
        _may_write(claims, rules),
        _advisor_of(claims, rules),
        _user_of(claims, rules),
        bool(rules.eraser_claim) and _has(claims.get(rules.eraser_claim), rules.eraser_values),
    )


def _name_of(claims: Mapping[str, Json]) -> str:
    names = (read_text(claims.get(claim)) for claim in ("name", "preferred_username"))
    return next((name.strip()[:MAX_NAME_CHARACTERS] for name in names if name and name.strip()), "")


def _may_write(claims: Mapping[str, Json], rules: Rules) -> bool:
    return not rules.writer_claim or _has(claims.get(rules.writer_claim), rules.writer_values)


def _has(value: Json, wanted: frozenset[str]) -> bool:
    """Whether a claim has one of the values."""
    if value is True:
        given = {"true"}
    elif isinstance(value, str):
        given = {value, *value.split()}
    else:
        given = {item for item in read_list(value) if isinstance(item, str)}
    return bool(given & wanted)


def _advisor_of(claims: Mapping[str, Json], rules: Rules) -> int | None:
    """The advisor that bounds the owner; a claim that is there and names nobody does not unbind anybody."""
    if not rules.advisor_claim or rules.advisor_claim not in claims:
        return None
    advisor_id = read_call_id(claims[rules.advisor_claim])
    if advisor_id is None:
        raise AdvisorUnreadable
    return advisor_id


def _user_of(claims: Mapping[str, Json], rules: Rules) -> UserKey:
    """Who the owner is among the users; an address that the issuer says is not verified is nobody's."""
    if rules.user_claim:
        return UserKey(read_call_id(claims.get(rules.user_claim)))
    email = (read_text(claims.get("email")) or "").strip()
    is_refuted = str(claims.get("email_verified")).strip().lower() in {"false", "0"}
    is_usable = len(email) <= MAX_EMAIL_CHARACTERS and not is_refuted
    return UserKey(email=email if is_usable else "")


def _verified_claims(token: str, keys: Keys, issuer: str) -> Mapping[str, Json]:
    header = jwt.get_unverified_header(token)
    # Before the key is looked for, so that nonsense costs no request to the issuer.
    if header.get("alg") not in ALGORITHMS:
        raise InvalidAlgorithmError
    if "crit" in header:  # extensions that must be understood; we know none
        raise TokenRefused("malformed")
    return jwt.decode(
        token,
        keys.find(header.get("kid", "")),
        algorithms=ALGORITHMS,
        issuer=issuer,
        leeway=LEEWAY_SECONDS,
        options={"require": ["exp", "iss", "sub"], "verify_aud": False},
    )


def _audiences(claims: Mapping[str, Json]) -> list[Json]:
    """For whom a token is; Cognito's access tokens have no `aud` but the `client_id` that asked for them."""
    if "aud" in claims:
        return [claims["aud"], *read_list(claims["aud"])]
    return [claims.get("client_id")] if claims.get("token_use") == "access" else []
