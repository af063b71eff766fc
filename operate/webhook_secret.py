"""The webhook secret in Secrets Manager during a rotation, when two secrets are accepted.

    {"secret": the current one, "credentials": [entries of the current one, …, the same entries with the former one],
     "former_secret": …, "rotated_at": ISO 8601}

The last two fields show that a rotation is in progress; the verifier does not read them.
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
"""Letters and digits, as in the template's secret; at almost 6 bits each they make 285 bits."""
FORMER: Final = "former_secret"
ROTATED_AT: Final = "rotated_at"

Document = dict[str, Any]


def make_secret() -> str:
    """Return a new secret, without characters that headers or shells treat specially."""
    alphabet = string.ascii_letters + string.digits
    return "".join(secrets.choice(alphabet) for _ in range(SECRET_CHARACTERS))


def add_secret(document: Mapping[str, Any], secret: str, now: datetime) -> Document:
    """Make `secret` the current one, and append the entries of the former one, so that both are accepted."""
    former = document["secret"]
    entries = [entry for entry in document.get("credentials") or [] if isinstance(entry, dict)]
    copies = [entry | {"secret": former} for entry in entries if not entry.get("secret")]
    if not copies:
        raise OperationFailed("no entry of the webhook secret uses the common secret, so there is nothing to rotate")
    added = {"secret": secret, "credentials": entries + copies, FORMER: former, ROTATED_AT: now.isoformat()}
    return {**document, **added}


def remove_stale(document: Mapping[str, Any]) -> Document:
    """Accept only the current secret."""
    entries = [entry for entry in document["credentials"] if not _is_stale(entry, document)]
    kept = {name: value for name, value in document.items() if name not in {FORMER, ROTATED_AT}}
    return {**kept, "credentials": entries}


def former_places(document: Mapping[str, Any]) -> set[int]:
    """Return the numbers that the verifier logs for the entries of the former secret; it counts usable entries only."""
    usable = [entry for entry in document["credentials"] if _is_usable(entry, document)]
    return {place for place, entry in enumerate(usable) if _is_stale(entry, document)}


def rotated_at(document: Mapping[str, Any]) -> datetime | None:
    """Return when the rotation in progress began; None without a rotation."""
    return datetime.fromisoformat(document[ROTATED_AT]) if FORMER in document else None


def store(target: Target, seen: Mapping[str, Any], document: Document) -> None:
    """Replace the version that was read; raises OperationFailed if somebody else has changed the secret since."""
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
