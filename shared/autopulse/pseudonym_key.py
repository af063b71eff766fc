"""The key of pseudonyms, which is read from Secrets Manager once per container.

Without the key, erased calls cannot be recognised. A missing key is therefore treated as an outage: a consumer returns
its batch to the queue, and a number counts as suppressed.
"""

from functools import cache
from typing import Final

from autopulse.domain.pseudonyms import Pseudonyms
from autopulse.errors import Transient
from autopulse.settings import pseudonym_key_secret_arn

READ_SECONDS: Final = 2
"""Timeout in seconds for reading the secret. With the connection and one retry it may take six seconds."""
LEAST_CHARACTERS: Final = 32
UNAVAILABLE: Final = "pseudonym-key-unavailable"
UNREADABLE: Final = "pseudonym-key-unreadable"


@cache
def pseudonyms() -> Pseudonyms:
    """Return the pseudonyms with the stack's key, cached as long as the container; raises Transient or SettingMissing.

    An error is not cached: the next call tries again.
    """
    from autopulse.aws import AWS_ERRORS, SECRETS_MANAGER, SecretsManager  # noqa: PLC0415 - the import takes 0.1 s

    client = SecretsManager(SECRETS_MANAGER, READ_SECONDS)
    try:
        key = client.get_secret_value(SecretId=pseudonym_key_secret_arn()).get("SecretString")
    except AWS_ERRORS:
        raise Transient(UNAVAILABLE) from None
    if not isinstance(key, str) or len(key) < LEAST_CHARACTERS:
        raise Transient(UNREADABLE)
    return Pseudonyms(key.encode())
