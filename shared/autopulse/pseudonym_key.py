"""The key of pseudonyms, read from Secrets Manager once per container.

Without the key nothing can tell what was erased. Who needs it treats that as an outage: a consumer returns its batch to
the queue, and a question about a number is answered as if the number was suppressed.
"""

from functools import cache
from typing import Final

from autopulse.domain.pseudonyms import Pseudonyms
from autopulse.errors import Transient
from autopulse.settings import pseudonym_key_secret_arn

READ_SECONDS: Final = 2
"""With the connection and one more try, the secret may cost six seconds of the function's time."""
LEAST_CHARACTERS: Final = 32
UNAVAILABLE: Final = "pseudonym-key-unavailable"
UNREADABLE: Final = "pseudonym-key-unreadable"


@cache
def pseudonyms() -> Pseudonyms:
    """Pseudonyms with the stack's key, kept as long as the container; raises Transient or SettingMissing.

    An error is not kept: the next call asks again.
    """
    from autopulse.aws import AWS_ERRORS, SECRETS_MANAGER, SecretsManager  # noqa: PLC0415 - 0.1 s of first use

    client = SecretsManager(SECRETS_MANAGER, READ_SECONDS)
    try:
        key = client.get_secret_value(SecretId=pseudonym_key_secret_arn()).get("SecretString")
    except AWS_ERRORS:
        raise Transient(UNAVAILABLE) from None
    if not isinstance(key, str) or len(key) < LEAST_CHARACTERS:
        raise Transient(UNREADABLE)
    return Pseudonyms(key.encode())
