"""Verify a JWT: its signature, issuer, audience and time; and read its organization."""

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
"""Only algorithms with public keys: with `none` or an HMAC, anyone who knows the public key could sign."""
LEEWAY_SECONDS: Final = 30
"""The tolerance in seconds for differences between clocks."""
MAX_NAME_CHARACTERS: Final = 255
MAX_EMAIL_CHARACTERS: Final = 255
MAX_CHARACTERS: Final = 16_384
"""API Gateway accepts 10,240 bytes of headers."""
_REASONS: Final[Mapping[type[Exception], str]] = {
    ExpiredSignatureError: "expired",
    ImmatureSignatureError: "not-yet-valid",
    InvalidAlgorithmError: "algorithm",
    InvalidIssuerError: "issuer",
    InvalidSignatureError: "signature",
    MissingRequiredClaimError: "claims",
}
"""Error of the library -> reason; all other errors are `malformed`."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules for accepted tokens."""

    issuer: str
    audience: str
    organization_claim: str
    writer_claim: str = ""
    """The claim that allows changes of follow-ups; if empty, all readers may change them."""
    writer_values: frozenset[str] = frozenset()
    """The values of that claim that allow it; it may be one value, a list, or values separated by blanks."""
    user_claim: str = ""
    """The claim with the id of the person's user; if empty, the user is found by the e-mail address in `email`."""
    advisor_claim: str = ""
    """The claim with the id of the user to whose visits the person is restricted; if empty, nobody is restricted."""
    eraser_claim: str = ""
    """The claim that allows erasures of calls; if empty, nobody may erase."""
    eraser_values: frozenset[str] = frozenset()
    """The values of that claim that allow it."""


def verify(token: str, keys: Keys, rules: Rules) -> Principal:
    """Return the token's principal.

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
    """Whether a claim has one of the wanted values."""
    if value is True:
        given = {"true"}
    elif isinstance(value, str):
        given = {value, *value.split()}
    else:
        given = {item for item in read_list(value) if isinstance(item, str)}
    return bool(given & wanted)


def _advisor_of(claims: Mapping[str, Json], rules: Rules) -> int | None:
    """The advisor to whom the owner is restricted; a claim with an invalid value does not lift the restriction."""
    if not rules.advisor_claim or rules.advisor_claim not in claims:
        return None
    advisor_id = read_call_id(claims[rules.advisor_claim])
    if advisor_id is None:
        raise AdvisorUnreadable
    return advisor_id


def _user_of(claims: Mapping[str, Json], rules: Rules) -> UserKey:
    """The key of the owner's user; an e-mail address that the issuer has not verified is ignored."""
    if rules.user_claim:
        return UserKey(read_call_id(claims.get(rules.user_claim)))
    email = (read_text(claims.get("email")) or "").strip()
    is_refuted = str(claims.get("email_verified")).strip().lower() in {"false", "0"}
    is_usable = len(email) <= MAX_EMAIL_CHARACTERS and not is_refuted
    return UserKey(email=email if is_usable else "")


def _verified_claims(token: str, keys: Keys, issuer: str) -> Mapping[str, Json]:
    header = jwt.get_unverified_header(token)
    # This is checked before the key is looked up, so that invalid tokens cause no request to the issuer.
    if header.get("alg") not in ALGORITHMS:
        raise InvalidAlgorithmError
    if "crit" in header:  # extensions that must be understood; none is supported
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
    """The audiences of a token; Cognito's access tokens have the `client_id` of the requester instead of `aud`."""
    if "aud" in claims:
        return [claims["aud"], *read_list(claims["aud"])]
    return [claims.get("client_id")] if claims.get("token_use") == "access" else []
