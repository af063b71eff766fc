"""What is kept of one value of a message, cleaned and masked; None drops it. The allow-list is made of these rules."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from autopulse.domain.bounds import MAX_PARTS
from autopulse.json_coercion import (
    Json,
    clean,
    clean_text,
    read_list,
    read_mapping,
    read_number,
    read_phone_number,
    read_vapi_call_id,
)
from autopulse.vapi.masking import mask_all, mask_credentials, mask_number, mask_secrets
from autopulse.vapi.secret_shapes import REDACTED
from autopulse.vapi.turns import read_said

MAX_PING_ID_CHARACTERS: Final = 100

Rule = Callable[[Json], Json]

_USER_INFO: Final = re.compile(r"(?<=://)[^\s/?#]+(?=@)")
_TELEPHONE: Final = re.compile(r"\+?[0-9](?:[ ()./-]{0,2}[0-9]){6,}", re.ASCII)
_ADDRESS: Final = re.compile(r"(?:\bsips?:)?[^\s@:<>\"']{1,64}@[^\s@<>\"']{1,255}")
"""With bounds, as e-mail has them: without, a long word would be looked through again from each of its letters."""
_LEAST_OF_NO_FIGURE: Final = 10**9
"""No latency, cost or count is as much; a card's number is more."""


def text(value: Json) -> Json:
    """Text without secrets."""
    return mask_secrets(clean_text(value)) if isinstance(value, str) else None


def number(value: Json) -> Json:
    """A number, also as text; none that is a card's."""
    if isinstance(value, str):
        written = value.strip()
        return None if read_number(value) is None or mask_secrets(written) != written else written
    return mask_number(clean(value)) if isinstance(value, int | float) and not isinstance(value, bool) else None


def time(value: Json) -> Json:
    """A time: ISO 8601 text, or a number of milliseconds."""
    return text(value) if isinstance(value, str) else number(value)


def phone_number(value: Json) -> Json:
    """A number to call, as text or as an integral number."""
    return id_text(read_phone_number(value))


def id_text(value: Json) -> Json:
    """An id or a number to call, which may look like a key without a name, or like a card's number."""
    return mask_credentials(clean_text(value)) if isinstance(value, str) else None


def said(value: Json) -> Json:
    """Words, of a content in parts too, or a number."""
    if isinstance(value, dict | list):
        return text(read_said(value))
    return text(value) if isinstance(value, str) else number(value)


def names(value: Json) -> Json:
    """A list of texts; other items are dropped."""
    return [text(name) for name in read_list(value) if isinstance(name, str)] or None


def figure(value: Json) -> Json:
    """A latency, a cost or a count, also as text."""
    amount = read_number(value)
    return None if amount is None or abs(amount) >= _LEAST_OF_NO_FIGURE else value


def label(value: Json) -> Json:
    """A word, or a number that stands for one, such as a version."""
    return text(value) if isinstance(value, str) else figure(value)


def foreign_text(value: Json) -> Json:
    """What providers write: they quote the numbers and addresses that they were to call."""
    masked = text(value)
    return _ADDRESS.sub(REDACTED, _TELEPHONE.sub(REDACTED, masked)) if isinstance(masked, str) else None


def condition(value: Json) -> Json:
    """The condition of a structured output, or its name alone: its type, its limit, the ended reasons that it takes."""
    if not isinstance(value, Mapping):
        return text(value)
    others = [(name, item) for name, item in value.items() if name != "type"]
    limits = {text(name): limit for name, item in others if (limit := figure(item)) is not None}
    reasons = {name: names(read_list(value.get(name))[:MAX_PARTS]) for name in ("oneOf", "notOneOf")}
    kept = {"type": text(value.get("type")), **dict(list(limits.items())[:1]), **reasons}
    return {name: item for name, item in kept.items() if item is not None} or None


def whole(value: Json) -> Json:
    """Any JSON, without the secrets in it."""
    return mask_all(clean(value))


def identifier(value: Json) -> Json:
    """Vapi's call id; one that would be redacted is none, or two calls would become one."""
    id_ = read_vapi_call_id(value)
    return id_ if id_ and mask_credentials(id_) == id_ else None


def ping_id(value: Json) -> Json:
    """The id of a ping, up to 100 characters."""
    return text(value) if isinstance(value, str) and len(value) <= MAX_PING_ID_CHARACTERS else None


def url(value: Json) -> Json:
    """Keep a recording's address: its signed query is what makes it work, so only user and password are masked."""
    if not isinstance(value, str) or not value.lower().startswith(("https://", "http://")):
        return text(value)
    return _USER_INFO.sub(REDACTED, clean_text(value))


@dataclass(frozen=True)
class Fields:
    """A rule: of an object these fields; an object of which nothing is kept is dropped."""

    allowed: Mapping[str, Rule]

    def __call__(self, value: Json) -> Json:
        """Return the fields of a message that the allow-list keeps."""
        given = read_mapping(value)
        if not given:
            return None
        kept = {name: rule(given[name]) for name, rule in self.allowed.items() if name in given}
        return {name: item for name, item in kept.items() if item is not None} or None


@dataclass(frozen=True)
class Each:
    """A rule: of each object of a list what another rule keeps."""

    rule: Rule
    most: int | None = None
    """Items that are looked at; None for all of them."""

    def __call__(self, value: Json) -> Json:
        """Return what is kept, an item of which nothing is kept as an empty object: turns are numbered by places."""
        return [self.rule(item) or {} for item in read_list(value)[: self.most] if isinstance(item, Mapping)] or None


@dataclass(frozen=True)
class EachById:
    """A rule: of each object of an object that has them by Vapi's ids, or of a list, what another rule keeps."""

    rule: Rule
    most: int

    def __call__(self, value: Json) -> Json:
        """Return the parts as a list."""
        parts = list(value.values()) if isinstance(value, Mapping) else value
        return Each(self.rule, self.most)(parts)


@dataclass(frozen=True)
class UrlOr:
    """A rule: an address alone, in the place of an object that another rule is for."""

    rule: Rule

    def __call__(self, value: Json) -> Json:
        """Return the fields of a message that the allow-list keeps."""
        return url(value) if isinstance(value, str) else self.rule(value)
