"""The authorizer of all routes for people.

A valid token gets a policy for the whole stage, because API Gateway caches the policy for all routes. An invalid token
gets 401. A token without an organization, or with an unreadable advisor to which its owner is restricted, gets a policy
that denies everything (403). Tokens are never logged.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from autopulse.auth.principal import Principal
from autopulse.auth.services import Services
from autopulse.auth.tokens import Rules, verify
from autopulse.errors import AdvisorUnreadable, OrganizationMissing, TokenRefused, Transient
from autopulse.guard import guarded
from autopulse.json_coercion import Json, read_mapping
from autopulse.observability import Measurements, Metric, logger

_SCHEME: Final = "bearer "


class Unauthorized(Exception):
    """API Gateway answers 401 to an authorizer that fails with exactly this text."""

    def __init__(self) -> None:
        super().__init__("Unauthorized")


def handler_of(services: Services) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """Return the Lambda handler of the authorizer."""
    return guarded(lambda event, _context: handle(services, event), passing=Unauthorized)


def handle(services: Services, event: Json) -> dict[str, Any]:
    """Return the policy for a REQUEST authorizer's event; raises Unauthorized, or Transient without the keys."""
    event = read_mapping(event)
    try:
        principal = _identify(services, event)
    except (OrganizationMissing, AdvisorUnreadable) as error:
        _count(error.reason)
        return _policy(event, "Deny", "unknown", {})
    except TokenRefused as error:
        _count(error.reason)
        raise Unauthorized from None
    except Transient as error:
        logger().error("tokens cannot be verified", extra={"reason": error.reason, "detail": error.detail})
        raise
    return _policy(event, "Allow", principal.subject, principal.to_context())


def _identify(services: Services, event: Mapping[str, Json]) -> Principal:
    settings = services.settings
    token = _token(event)
    if not (settings.issuer and settings.audience):
        raise TokenRefused("not-configured")
    rules = Rules(
        settings.issuer,
        settings.audience,
        settings.organization_claim,
        settings.writer_claim,
        settings.writer_values,
        settings.user_claim,
        settings.advisor_claim,
        settings.eraser_claim,
        settings.eraser_values,
    )
    return verify(token, services.keys, rules)


def _token(event: Mapping[str, Json]) -> str:
    headers = read_mapping(event.get("headers"))
    value = next((value for name, value in headers.items() if name.lower() == "authorization"), None)
    if not isinstance(value, str) or not value.strip():
        raise TokenRefused("missing")
    if not value.lower().startswith(_SCHEME):
        raise TokenRefused("malformed")
    return value[len(_SCHEME) :].strip()


def _policy(event: Mapping[str, Json], effect: str, principal: str, context: Mapping[str, str]) -> dict[str, Any]:
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": _whole_stage(event)}
    return {
        "principalId": principal,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": dict(context),
    }


def _whole_stage(event: Mapping[str, Json]) -> str:
    """`arn:aws:execute-api:<region>:<account>:<api>/<stage>/*`, from the ARN of any method of that stage."""
    api, stage = str(event.get("methodArn", "")).split("/", 2)[:2]
    return f"{api}/{stage}/*"


def _count(reason: str) -> None:
    measurements = Measurements()
    measurements.count(Metric.TOKEN_REFUSED, reason=reason)
    measurements.flush()
    logger().warning("Token refused", extra={"reason": reason})
