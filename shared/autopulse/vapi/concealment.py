"""The last defence, for what people and tools say: a text without what nobody may keep of it.

Concealed are credentials by the shapes that their issuers give them, what stands after a name such as `password` or
`api_key`, tokens in query strings, payment cards and IBANs whose check digits fit, and social security numbers.
Phone numbers, order numbers, prices, dates and plain UUIDs stay.
"""

import base64
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from autopulse.domain.reading import Json

REDACTED: Final = "[redacted]"


def conceal(text: str) -> str:
    """Return the text without credentials, card numbers and the like.

    Of a text with characters beyond ASCII the plain form is looked at, so that a zero-width or a full-width character
    hides nothing; a text in which something is found is returned in that form.
    """
    if len(text) < _SHORTEST:
        return text
    if text.isascii():
        return _mask(text)
    plain = _plain(text)
    masked = _mask(plain)
    return text if masked == plain else masked


def conceal_credentials(text: str) -> str:
    """Return an identifier without what has the shape of a known credential: most ids look like some key or number."""
    return text if _UUID.fullmatch(text) else _apply(_KNOWN, text, text.lower())


def conceal_all(value: Json) -> Json:
    """Return a cleaned JSON value with every text concealed, keys too, and whatever stands under a secret's name."""
    if isinstance(value, str):
        return conceal(value)
    if isinstance(value, dict):
        return {
            conceal(key): REDACTED if _names_a_secret(key, item) else conceal_all(item) for key, item in value.items()
        }
    if isinstance(value, list):
        return [conceal_all(item) for item in value]
    if isinstance(value, int | float) and abs(value) >= _LEAST_CARD and conceal(str(value)) != str(value):
        return REDACTED
    return value


_UUID: Final = re.compile(r"[0-9a-f-]{36}")
_LEAST_CARD: Final = 10**13
_SHORTEST: Final = 7
"""Of all that is looked for; most texts of a turn besides its words are shorter."""
_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0]"
)
_DASHES: Final = re.compile("[\u2010-\u2015\u2212]")


def _plain(text: str) -> str:
    """Compatibility characters as what they stand for, no invisible ones, one kind of hyphen."""
    if _INVISIBLE.search(text):
        text = _INVISIBLE.sub("", text)
    if not unicodedata.is_normalized("NFKC", text):
        text = unicodedata.normalize("NFKC", text)
    return _DASHES.sub("-", text)


def _mask(text: str) -> str:
    lowered = text.lower()
    return text if _is_harmless(text, lowered) else _mask_cards(_apply(_SHAPES, text, lowered))


_LONG_TOKEN: Final = re.compile(r"[\w+/=.-]{16}", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9](?:[ .,-]{0,2}[0-9]){8}")
_MARKS: Final = (
    *("://", "=", "eyj", "xox", "-----", "bearer", "basic ", "passw", "passp", "passc", "pwd", "contrase"),
    *("secret", "token", "key", "credential", "signature", "pin", "cvv", "cvc", "security code"),
)


def _is_harmless(text: str, lowered: str) -> bool:
    """Whether a few quick looks rule out every shape, as they do for most of what people say."""
    if _LONG_TOKEN.search(text) or _NUMBER.search(text):
        return False
    for mark in _MARKS:  # noqa: SIM110 - a generator would cost more than the search
        if mark in lowered:
            return False
    return True


class _Shape(NamedTuple):
    """What is concealed: looked for in texts that have one of the marks in any case, or in all if there is none."""

    marks: Sequence[str]
    pattern: re.Pattern[str]
    replacement: str | Callable[[re.Match[str]], str]


def _shape(marks: str, pattern: str, replacement: str | Callable[[re.Match[str]], str] = REDACTED) -> _Shape:
    return _Shape(marks.split(), re.compile(pattern, re.VERBOSE | re.DOTALL | re.ASCII), replacement)


def _apply(shapes: Iterable[_Shape], text: str, lowered: str) -> str:
    for marks, pattern, replacement in shapes:
        if not marks or any(mark in lowered for mark in marks):
            text = pattern.sub(replacement, text)
    return text


def _basic(match: re.Match[str]) -> str:
    """HTTP's basic credentials are base64 of a name, a colon and a password."""
    try:
        decoded = base64.b64decode(match[1] + "=" * (-len(match[1]) % 4), validate=True).decode()
    except ValueError:
        return match[0]
    return REDACTED if ":" in decoded and decoded.isprintable() else match[0]


def _iban(match: re.Match[str]) -> str:
    """ISO 13616: moved and with letters as numbers, the remainder by 97 is 1; words may follow it."""
    found = match[0]
    while True:
        compact = found.replace(" ", "")
        if int("".join(str(int(character, 36)) for character in compact[4:] + compact[:4])) % 97 == 1:
            return REDACTED + match[0][len(found) :]
        found, blank, _ = found.rpartition(" ")
        if len(found) < _SHORTEST_IBAN or not blank:
            return match[0]


_SHORTEST_IBAN: Final = 15
_VALUE: Final = r"""(?: "[^"\n]{1,1000}" | '[^'\n]{1,1000}' | [^\s,;&"'<>(){}\[\]]{3,} )"""
_WORD_NAMES: Final = r"(?:passw(?:or)?d|passphrase|passcode|pwd|passwort|contrase(?:ñ|n)a)"
_KEY_NAMES: Final = (
    r"(?:secret|token|api[-_ ]?key|access[-_ ]?key|private[-_ ]?key|account[-_ ]?key|auth[-_ ]?key|secret[-_ ]?key"
    r"|subscription[-_ ]?key|shared[-_ ]?key|encryption[-_ ]?key|signing[-_ ]?key|credentials?|signature)"
)
_ASSIGNED: Final = r"""["']? \s{0,2} (?:=>|:=|[:=]) \s{0,3}"""
_SAID: Final = r"\s{1,2} (?:is|was|equals) :? \s{1,2}"
_END: Final = r"(?=[.,;!?\"')]{0,4}(?:\s|\Z))"

_KNOWN: Final = (
    _shape("eyj", r"(?<![\w-]) eyJ [\w-]{8,} (?:\.[\w-]*){2,4}"),  # JSON Web Token, signed or encrypted
    _shape(
        "bearer",
        r"(?i:\b bearer) [ \t:]{1,4} (?=\S[a-z]*(?:[A-Z0-9_]|[^a-z\s]\w)|[a-z]{24}) [\w.~+/=-]{8,}",  # no word
    ),
    _shape("basic", r"""(?i:\b authorization ["']? \s? [:=] \s? ["']? basic) \s [\w+/=]{4,}"""),
    _shape("basic", r"(?i:\b basic) \s ([\w+/]{8,}={0,2})", _basic),
    _shape("sk-", r"(?<![\w-]) sk- [\w-]{16,}"),  # OpenAI, Anthropic and others
    _shape("_live_ _test_", r"(?<![\w-]) (?:sk|rk|pk)_ (?:live|test)_ \w{8,}"),  # Stripe
    _shape("sk_", r"(?<![\w-]) g?sk_ [A-Za-z0-9]{20,}"),  # ElevenLabs, Groq
    _shape("whsec_", r"(?<![\w-]) whsec_ [\w+/=-]{16,}"),  # Standard Webhooks
    _shape("akia asia", r"\b (?:AKIA|ASIA) [A-Z0-9]{16} \b"),  # AWS access key
    _shape("sk ac", r"\b (?:SK|AC) [0-9a-f]{32} \b"),  # Twilio API key and account
    _shape("gh github_pat_", r"(?<![\w-]) (?:gh[pousr]_|github_pat_) \w{20,}"),
    _shape("gl", r"(?<![\w-]) gl(?:pat|ptt|dt|rt|cbt|soat|ft|imt|agent)- [\w.-]{15,}\w"),  # GitLab
    _shape("xox xapp", r"(?<![\w-]) (?:xox[abeoprs]|xapp)- [\w-]{10,}"),  # Slack
    _shape("hooks.slack.com", r"hooks\.slack\.com/ (?:services|workflows|triggers)/ [\w/-]+"),
    _shape("/webhooks/", r"/webhooks/ \d+ / [\w-]{20,}"),  # Discord
    _shape("aiza", r"(?<![\w-]) AIza [\w-]{35}"),  # Google
    _shape("ya29 gocspx 1//", r"(?<![\w-]) (?:ya29\.|GOCSPX-|1//) [\w.-]{15,}\w"),
    _shape("sg.", r"(?<![\w-]) SG\. [\w-]{16,} \. [\w-]{16,}"),  # SendGrid
    _shape(
        "_",
        r"(?<![\w-]) (?:hf|npm|r8|lin_api|dop_v1|doo_v1|shp(?:at|ca|pa|ss)|dckr_pat|rpa|fw|csk|tvly|ntn|secret|figd)"
        r"_ (?=\w*\d) \w{16,}",
    ),
    _shape(
        "-",
        r"(?<![\w-]) (?:pypi|xai|pplx|nvapi|tvly|key|sq0[a-z]{3}|shippo|cohere|voyage|pa|pk|api|dg)- (?=[\w-]*\d)"
        r" [A-Za-z0-9_-]{20,} (?<!-)",
    ),
    _shape(
        "-----begin",
        r"-----BEGIN\ [A-Z0-9 ]{0,30} PRIVATE\ KEY .*? (?: -----END\ [A-Z0-9 ]{0,30} PRIVATE\ KEY----- | \Z)",
    ),
    _shape("://", r"(?<=://) [^\s/?\#]+ (?=@)"),  # user and password of a URL
)
_SHAPES: Final = (
    *_KNOWN,
    _shape(
        "=",
        r"(?i: ([?&;\#](?:[\w-]*(?:token|secret|passw(?:or)?d|pwd|signature|credential|api[_-]?key)|sig|key|auth|code"
        r"|jwt|se?ssion(?:_?id)?|ticket)=)) [^\s&\#\"'<>]+",
        rf"\1{REDACTED}",
    ),
    _shape("pass pwd contrase", rf"(?i: ({_WORD_NAMES} [\w-]{{0,20}} {_ASSIGNED})) {_VALUE}", rf"\1{REDACTED}"),
    _shape(
        "pass pwd contrase",
        rf"(?i: (\b {_WORD_NAMES} {_SAID})) (?=\S{{0,200}}?[0-9!@\#$%^&*_]) \S{{3,200}}? {_END}",
        rf"\1{REDACTED}",
    ),
    _shape(
        "secret token key credential signature",
        rf"""(?i: ({_KEY_NAMES} [\w-]{{0,20}}
            (?: ["'] {_ASSIGNED} | \s? = \s? | {_ASSIGNED} (?=\S{{0,200}}?[0-9]|\S{{20}})))) {_VALUE}""",
        rf"\1{REDACTED}",
    ),
    _shape(
        "secret token key credential",
        rf"(?i: (\b {_KEY_NAMES} {_SAID})) (?=\S{{0,200}}?[0-9]) (?=\S{{0,200}}?[A-Za-z_]) \S{{8,200}}? {_END}",
        rf"\1{REDACTED}",
    ),
    _shape(
        "pin cvv cvc security",
        r"(?i: (\b (?:pin|cvv2?|cvc2?|(?:card\ )?security\ code) (?:\ (?:code|number))? ['\"]? (?:\ is|\ was|\s?[:=])"
        r" \s? ['\"]?)) [0-9](?:[ -]?[0-9]){2,7} (?![0-9])",
        rf"\1{REDACTED}",
    ),
    _shape(
        "ssn social",
        r"(?i: (\b (?:ssn|social\ security|social) [^0-9\n]{1,25})) [0-9](?:[ .,-]{0,2}[0-9]){8} (?![0-9])",
        rf"\1{REDACTED}",
    ),
    _shape(
        "",
        r"(?<![\w+.,/-]) (?<![0-9][ ]) (?!000|666|9) [0-9]{3} ([-. ]) (?!00) [0-9]{2} \1 (?!0000) [0-9]{4}"
        r" (?![\w/]|[-.,][0-9]|[ ][0-9])",
    ),
    _shape(
        "",
        r"(?<![A-Za-z0-9]) [A-Za-z]{2} [0-9]{2} (?:[ ]?[A-Za-z0-9]{4}){2,7} (?:[ ]?[A-Za-z0-9]{1,3})? (?![A-Za-z0-9])",
        _iban,
    ),
    _shape("", r"(?<![\w+/=-]) (?=[a-f]*[0-9])(?=[0-9]*[a-f]) (?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32}) (?![\w+/=-])"),
    _shape("", r"(?<![\w+/=-]) (?=[^A-Z\W]*[A-Z])(?=[^a-z\W]*[a-z])(?=[A-Za-z_-]*[0-9]) [\w-]{40,} (?![\w+/=-])"),
    _shape(
        "",
        r"(?<![\w+/=.-]) (?=[a-z0-9+/]*[A-Z])(?=[A-Z0-9+/]*[a-z])(?=[A-Za-z+/]*[0-9])"
        r" (?:[A-Za-z0-9+/]{40}|[A-Za-z0-9+/]{86}==|[A-Za-z0-9+/]{43}=) (?![\w+/=-])",
    ),
)
"""What is looked for in words that people say, too; each value apart from its name, which stays."""

# Payment cards

_DIGITS: Final = re.compile(r"(?<![\w+])[0-9](?:[ .-]?[0-9]|,[ ][0-9]){13,}", re.ASCII)
"""What may have a card's number in it; after a plus is a phone number."""
_DOUBLED: Final = str.maketrans("0123456789", "0246813579")


def _mask_cards(text: str) -> str:
    pieces: list[str] = []
    done = 0
    for start, end in _cards(text):
        if start >= done:
            pieces += text[done:start], REDACTED
            done = end
    return "".join((*pieces, text[done:])) if pieces else text


def _cards(text: str) -> Iterator[tuple[int, int]]:
    """Begin and end of each number, which begins and ends with a group of digits."""
    for match in _DIGITS.finditer(text):
        places = [place for place, character in enumerate(match[0], match.start()) if character.isdigit()]
        digits = "".join(filter(str.isdigit, match[0]))
        last = len(digits) - 1
        for start, place in enumerate(places):
            if start and place - places[start - 1] == 1:
                continue
            for length in _lengths_of(digits[start : start + 2]):
                end = start + length - 1
                stands_alone = end == last or (end < last and places[end + 1] - places[end] > 1)
                if stands_alone and _fits(digits[start : end + 1]):
                    yield place, places[end] + 1
                    break


def _lengths_of(two: str) -> tuple[int, ...]:
    """How long a number with these first digits is, by the issuers' ranges; most long first."""
    if two[0] == "4":
        return 19, 16
    if "51" <= two <= "55" or "22" <= two <= "27":
        return (16,)
    if two in {"34", "37"}:
        return (15,)
    if two in {"36", "38", "39", "30"}:
        return 16, 14
    return (19, 18, 17, 16) if two in {"35", "60", "62", "64", "65", "50", "56", "57", "58", "63", "67"} else ()


def _fits(digits: str) -> bool:
    """Luhn: every second digit from the end doubled, the sum of all digits is a multiple of ten."""
    return not (sum(map(int, digits[::-2])) + sum(map(int, digits[-2::-2].translate(_DOUBLED)))) % 10


# Names of JSON fields

_WORD_NAME: Final = re.compile(rf"(?i:{_WORD_NAMES})\Z")
_KEY_NAME: Final = re.compile(rf"(?i:{_KEY_NAMES})(?i:[-_ ]?(?:value|key|id))?\Z")
_OPAQUE: Final = re.compile(r"(?=\S*[0-9])\S{8,}\Z")
_NUMBER_NAME: Final = re.compile(
    r"(?i)(?:\A|[-_ ]|(?<=[a-z]))"
    r"(?:ssn|social[-_ ]?security[-_ ]?(?:number|no)|cvv2?|cvc2?|pin|card[-_ ]?number|iban)\Z"
)


def _names_a_secret(name: str, value: Json) -> bool:
    """Whether what a field has is no answer but a password, a key or a number that nobody may keep."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return False
    text = str(value)
    if _NUMBER_NAME.search(name):
        return any(character.isdigit() for character in text)
    if _WORD_NAME.search(name):
        return bool(text) and not any(character.isspace() for character in text)
    return _KEY_NAME.search(name) is not None and _OPAQUE.match(text) is not None
