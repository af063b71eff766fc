"""The keys of every log line about a reader's request, which record who read which calls. They are ids only.

docs/operation.md has the query that finds who read a call.
"""

import re
from collections.abc import Collection, Mapping
from typing import Final

from autopulse.auth.principal import Principal, principal_of
from autopulse.errors import TokenRefused
from autopulse.json_coercion import Json

MAX_SUBJECT_CHARACTERS: Final = 255
"""The maximum length of a token's `sub`; OpenID Connect sets it."""
_UNPRINTED: Final = re.compile("[^!-~]+")


def read_keys(event: Json, call_ids: Collection[int]) -> Mapping[str, str | None]:
    """`subject`, `organization_id`, and `call_ids` of the calls that the answer shows: `,15,17,`, empty for none.

    The ids are one text, because Logs Insights makes a field of each item of an array, and supports 200 fields per
    line. Commas around each id make the search for one exact.
    """
    shown = f",{','.join(map(str, call_ids))}," if call_ids else ""
    principal = _reader_of(event)
    if principal is None:
        return {"subject": None, "organization_id": None, "call_ids": shown}
    return {
        "subject": _UNPRINTED.sub("?", principal.subject)[:MAX_SUBJECT_CHARACTERS],
        "organization_id": principal.organization_id,
        "call_ids": shown,
    }


def _reader_of(event: Json) -> Principal | None:
    try:
        return principal_of(event)
    except TokenRefused:
        return None
