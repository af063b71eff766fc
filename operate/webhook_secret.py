"""The webhook secret in Secrets Manager, while it is rotated: two secrets are accepted for a while.

    {"secret": the current one, "credentials": [entries of the current one, …, the same entries with the former one],
     "former_secret": …, "rotated_at": ISO 8601}

The last two say that a rotation is under way; the verifier does not read them.
"""

import json
import secrets
import string
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from autopulse.vapi.webhook_credentials import read_credentials
from operate.target import OperationFailed, Target, read_secret

SECRET_CHARACTERS: Final = 48
"""As the template's: letters and digits; 6 bits each make 285."""
FORMER: Final = "former_secret"
ROTATED_AT: Final = "rotated_at"

Document = dict[str, Any]


def make_secret() -> str:
    """A new secret that survives headers and shells."""
    alphabet = string.ascii_letters + string.digits
    return "".join(secrets.choice(alphabet) for _ in range(SECRET_CHARACTERS))


def add_secret(document: Mapping[str, Any], secret: str, now: datetime) -> Document:
    """Make `secret` the current one, and let the former one be accepted too, at the list's end."""
    former = document["secret"]
    entries = [entry for entry in document.get("credentials") or [] if isinstance(entry, dict)]
    copies = [entry | {"secret": former} for entry in entries if not entry.get("secret")]
    if not copies:
        raise OperationFailed("no entry of the webhook secret uses the common secret, so there is nothing to rotate")
    added = {"secret": secret, "credentials": entries + copies, FORMER: former, ROTATED_AT: now.isoformat()}
    return {**document, **added}


def remove_stale(document: Mapping[str, Any]) -> Document:
    """Accept the current secret only."""
    entries = [entry for entry in document["credentials"] if not _is_stale(entry, document)]
    kept = {name: value for name, value in document.items() if name not in {FORMER, ROTATED_AT}}
    return {**kept, "credentials": entries}


def former_places(document: Mapping[str, Any]) -> set[int]:
    """By which numbers the verifier's log calls the entries of the former secret: it counts the usable ones."""
    usable = [entry for entry in document["credentials"] if _is_usable(entry, document)]
    return {place for place, entry in enumerate(usable) if _is_stale(entry, document)}


def rotated_at(document: Mapping[str, Any]) -> datetime | None:
    """Return when the rotation that is under way began."""
    return datetime.fromisoformat(document[ROTATED_AT]) if FORMER in document else None


def store(target: Target, seen: Mapping[str, Any], document: Document) -> None:
    """Replace what was seen; raises OperationFailed if somebody else has changed it since."""
    if read_secret(target) != seen:
        raise OperationFailed("somebody changed the webhook secret meanwhile; nothing was changed, run it again")
    target.client("secretsmanager").put_secret_value(
        SecretId=target.output("WebhookSecretArn"), SecretString=json.dumps(document)
    )


def _is_stale(entry: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    return entry.get("secret") is not None and entry["secret"] == document.get(FORMER)


def _is_usable(entry: object, document: Mapping[str, Any]) -> bool:
    alone = {"secret": document["secret"], "credentials": [entry]}
    return bool(read_credentials(json.dumps(alone)).usable)
