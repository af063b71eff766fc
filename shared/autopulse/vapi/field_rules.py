"""The allow-list's rules: each returns what is kept of one value, cleaned and masked; None drops the value."""

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
"""The lengths are limited, as those of e-mail addresses are, so that long words do not take quadratic time."""
_LEAST_OF_NO_FIGURE: Final = 10**9
"""The limit of a figure: no latency, cost or count is as great, and a card number is greater."""


def text(value: Json) -> Json:
    """Keep text, with secrets masked."""
    return mask_secrets(clean_text(value)) if isinstance(value, str) else None


def number(value: Json) -> Json:
    """Keep a number, also as text, unless it is a card number."""
    if isinstance(value, str):
        written = value.strip()
        return None if read_number(value) is None or mask_secrets(written) != written else written
    return mask_number(clean(value)) if isinstance(value, int | float) and not isinstance(value, bool) else None


def time(value: Json) -> Json:
    """Keep a time: ISO 8601 text, or a number of milliseconds."""
    return text(value) if isinstance(value, str) else number(value)


def phone_number(value: Json) -> Json:
    """Keep a phone number, as text or as an integer."""
    return id_text(read_phone_number(value))


def id_text(value: Json) -> Json:
    """Keep an id or a phone number, even if it looks like a key or a card number."""
    return mask_credentials(clean_text(value)) if isinstance(value, str) else None


def said(value: Json) -> Json:
    """Keep spoken words, as text, as a list of parts, or as a number."""
    if isinstance(value, dict | list):
        return text(read_said(value))
    return text(value) if isinstance(value, str) else number(value)


def names(value: Json) -> Json:
    """Keep the texts of a list; other items are dropped."""
    return [text(name) for name in read_list(value) if isinstance(name, str)] or None


def figure(value: Json) -> Json:
    """Keep a latency, a cost or a count, also as text."""
    amount = read_number(value)
    return None if amount is None or abs(amount) >= _LEAST_OF_NO_FIGURE else value


def label(value: Json) -> Json:
    """Keep a word, or a number that stands for one, such as a version."""
    return text(value) if isinstance(value, str) else figure(value)


def foreign_text(value: Json) -> Json:
    """Keep a provider's text, with telephone numbers and addresses masked: providers quote those they were to call."""
    masked = text(value)
    return _ADDRESS.sub(REDACTED, _TELEPHONE.sub(REDACTED, masked)) if isinstance(masked, str) else None


def condition(value: Json) -> Json:
    """Keep an output's condition: a text, or an object with its type, its limit and its ended reasons."""
    if not isinstance(value, Mapping):
        return text(value)
    others = [(name, item) for name, item in value.items() if name != "type"]
    limits = {text(name): limit for name, item in others if (limit := figure(item)) is not None}
    reasons = {name: names(read_list(value.get(name))[:MAX_PARTS]) for name in ("oneOf", "notOneOf")}
    kept = {"type": text(value.get("type")), **dict(list(limits.items())[:1]), **reasons}
    return {name: item for name, item in kept.items() if item is not None} or None


def whole(value: Json) -> Json:
    """Keep any JSON, with secrets masked."""
    return mask_all(clean(value))


def identifier(value: Json) -> Json:
    """Keep Vapi's call id; an id that masking would change is dropped, or the ids of two calls could become equal."""
    id_ = read_vapi_call_id(value)
    return id_ if id_ and mask_credentials(id_) == id_ else None


def ping_id(value: Json) -> Json:
    """Keep the id of a ping, up to 100 characters."""
    return text(value) if isinstance(value, str) and len(value) <= MAX_PING_ID_CHARACTERS else None


def url(value: Json) -> Json:
    """Keep a recording's URL with its signed query, without which it is useless; user and password are masked."""
    if not isinstance(value, str) or not value.lower().startswith(("https://", "http://")):
        return text(value)
    return _USER_INFO.sub(REDACTED, clean_text(value))


@dataclass(frozen=True)
class Fields:
    """A rule for an object: keep these fields; drop an object of which no field is kept."""

    allowed: Mapping[str, Rule]

    def __call__(self, value: Json) -> Json:
        """Return the fields of an object that the rule keeps."""
        given = read_mapping(value)
        if not given:
            return None
        kept = {name: rule(given[name]) for name, rule in self.allowed.items() if name in given}
        return {name: item for name, item in kept.items() if item is not None} or None


@dataclass(frozen=True)
class Each:
    """A rule for a list of objects: apply another rule to each."""

    rule: Rule
    most: int | None = None
    """The maximum number of items that are read; None for all."""

    def __call__(self, value: Json) -> Json:
        """Return the kept items; one without kept fields becomes an empty object, as turns are numbered by position."""
        return [self.rule(item) or {} for item in read_list(value)[: self.most] if isinstance(item, Mapping)] or None


@dataclass(frozen=True)
class EachById:
    """A rule for objects by Vapi's ids, or for a list of them: apply another rule to each."""

    rule: Rule
    most: int

    def __call__(self, value: Json) -> Json:
        """Return the kept objects as a list."""
        parts = list(value.values()) if isinstance(value, Mapping) else value
        return Each(self.rule, self.most)(parts)


@dataclass(frozen=True)
class UrlOr:
    """A rule for an object that may be replaced by a URL alone."""

    rule: Rule

    def __call__(self, value: Json) -> Json:
        """Return the URL, or what the other rule keeps of the object."""
        return url(value) if isinstance(value, str) else self.rule(value)
