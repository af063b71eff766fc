"""The patterns of secrets in a text: credentials by issuer, values after the name of a secret, numbers.

Each pattern takes time linear in the length of the text: it starts only where a run of its characters starts, and its
repetitions do not backtrack. `masking` says in which forms a text is searched.
"""

import base64
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from autopulse.json_coercion import Json

REDACTED: Final = "[redacted]"


class Shape(NamedTuple):
    """A pattern to mask. A text is searched for it only if it contains one of the marks, in upper or lower case."""

    marks: Sequence[str]
    pattern: re.Pattern[str]
    replacement: str | Callable[[re.Match[str]], str]


def _shape(marks: str, pattern: str, replacement: str | Callable[[re.Match[str]], str] = REDACTED) -> Shape:
    return Shape(marks.split(), _compiled(pattern), replacement)


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.VERBOSE | re.DOTALL | re.ASCII)


def apply_shapes(shapes: Iterable[Shape], text: str, lowered: str) -> str:
    """Return the text with these patterns masked; `lowered`, the text in lower case, is searched for their marks."""
    for marks, pattern, replacement in shapes:
        for mark in marks:
            if mark in lowered:
                text = pattern.sub(replacement, text)
                break
    return text


def _basic(match: re.Match[str]) -> str:
    """Mask HTTP's basic credentials: base64 of a name, a colon and a password."""
    try:
        decoded = base64.b64decode(match[1] + "=" * (-len(match[1]) % 4), validate=True).decode()
    except ValueError:
        return match[0]
    return REDACTED if ":" in decoded and decoded.isprintable() else match[0]


def _iban(match: re.Match[str]) -> str:
    """Mask an IBAN by ISO 13616: it has its country's length, and its rearranged number modulo 97 is 1."""
    length = _IBAN_LENGTHS.get(match[0][:2].upper(), 0)
    places = [place for place, character in enumerate(match[0]) if character != " "]
    if not length or length > len(places):
        return match[0]
    end = places[length - 1] + 1
    if end < len(match[0]) and length < len(places) and places[length] == end:
        return match[0]  # the match ends in the middle of a group
    compact = match[0][:end].replace(" ", "").upper()
    number = (compact[4:] + compact[:4]).translate(_IBAN_NUMBERS)
    return match[0] if int(number) % 97 != 1 else REDACTED + match[0][end:]


_IBAN_NUMBERS: Final = {ord(letter): str(number) for number, letter in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 10)}
_IBAN_LENGTHS: Final = {
    country: length
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI FO GL NL SD",
        19: "MK SI",
        20: "AT BA EE KZ LT LU MN XK",
        21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA",
        23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST",
        26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HU LB NI PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
    for country in countries.split()
}


def mask_token(match: re.Match[str]) -> str:
    """Mask a long run of characters that is a key: hexadecimal, base64, or with digits and letters of both cases."""
    token = match[0]
    if _HEXADECIMAL.fullmatch(token):
        return REDACTED
    if token == token.lower() or token == token.upper() or not _DIGIT.search(token):
        return token
    before = match.string[match.start() - 1 : match.start()]
    return REDACTED if _MIXED.fullmatch(token) or (before != "." and _is_base64(token)) else token


def _is_base64(token: str) -> bool:
    """Whether the base64 decodes to 30, 32 or 64 bytes, as keys do."""
    return len(token) in {40, 44, 88} and _BASE64.fullmatch(token) is not None


_DIGIT: Final = re.compile(r"[0-9]")
LONG_TOKEN: Final = re.compile(r"(?<![\w+/-])[\w+/-]{32,}+={0,2}", re.ASCII)
_HEXADECIMAL: Final = re.compile(r"(?=[a-f]*[0-9])(?=[0-9]*[a-f])(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})")
_MIXED: Final = re.compile(r"[\w-]{40,}", re.ASCII)
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]{40}|[A-Za-z0-9+/]{43}=|[A-Za-z0-9+/]{86}==")
_VALUE: Final = r"""(?: "[^"\n]{1,1000}" | '[^'\n]{1,1000}' | [^\s,;&"'<>(){}\[\]]{3,} )"""
_OF_WORDS: Final = (
    "pass pwd contrase senha kennwort wachtwoord lösenord adgangskode salasana hasło heslo jelszó şifre парол"
    " 密码 密碼 パスワード 비밀번호 סיסמה كلمة"
)
_OF_KEYS: Final = "secret token key credential signature clave chave parola"
_WORD_NAMES: Final = (
    r"(?:passw(?:or)?d|passphrase|passcode|pwd|passwort|kennwort|contrase(?:ñ|n)a|senha|palavra[- ]passe"
    r"|mot[-_ ]?de[-_ ]?passe|wachtwoord|lösenord|adgangskode|salasana|hasło|heslo|jelszó|şifre|[пП]ароль|[пП]арол[аь]"
    r"|密码|密碼|パスワード|비밀번호|סיסמה|كلمة[ ]المرور|كلمة[ ]السر)"
)
_KEY_NAMES: Final = (
    r"(?:secret|token|api[-_ ]?key|access[-_ ]?key|private[-_ ]?key|account[-_ ]?key|auth[-_ ]?key|secret[-_ ]?key"
    r"|subscription[-_ ]?key|shared[-_ ]?key|encryption[-_ ]?key|signing[-_ ]?key|credentials?|signature"
    r"|clave|chave|parola)"
)
_ASSIGNED: Final = r"""["']? \s{0,2} (?:=>|:=|[:=]) \s{0,3}"""
_SAID: Final = r"\s{1,2} (?:is|was|equals|ist|war|lautet|es|era|est|é|è|är|er|jest|это) :? \s{1,2}"
_WORD: Final = r"(?<![A-Za-z0-9_])"
"""The start of a word; `\\b` knows ASCII letters only."""
_END: Final = r"(?=[.,;!?\"')]{0,4}(?:\s|\Z))"

KNOWN: Final = (
    _shape("eyj", r"(?<![\w-]) eyJ [\w-]{8,} (?:\.[\w-]*){2,4}"),  # JSON Web Token, signed or encrypted
    _shape(
        "bearer",
        r"(?i:\b bearer) [ \t:]{1,4} (?=\S[a-z]*(?:[A-Z0-9_]|[^a-z\s]\w)|[a-z]{24}) [\w.~+/=-]{8,}",  # no word
    ),
    _shape(
        "authorization",
        r"""(?i:\b authorization ["']? \s? [:=] \s? ["']? (?:basic|token|api-?key|key|bot|negotiate))"""
        r" \s [\w+/=.:-]{3,}[\w+/=-]",
    ),
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
        r"(?<![\w-]) (?:hf|npm|r8|lin_api|dop_v1|doo_v1|shp(?:at|ca|pa|ss)|dckr_pat|rpa|fw|csk|tvly|ntn|secret|figd|sbp"
        r"|sb_secret|glsa|glc|pscale_tkn|pscale_pw|sntry[su]|ops|rnd|vercel|nfp|ghs|pul|lsv2_pt|lsv2_sk)"
        r"_ (?=\w*\d) \w{16,}",
    ),
    _shape(
        "-",
        r"(?<![\w-]) (?:pypi|xai|pplx|nvapi|tvly|key|sq0[a-z]{3}|shippo|cohere|voyage|pa|pk|api|dg)- (?=[\w-]*\d)"
        r" [A-Za-z0-9_-]{20,} (?<!-)",
    ),
    _shape("hvs. hvb. hvr.", r"(?<![\w-]) hv[sbr]\. [\w-]{20,}"),  # Vault
    _shape("dp.", r"(?<![\w-]) dp\.(?:pt|st|ct|sa)\. \w{20,}"),  # Doppler
    _shape("dapi", r"(?<![\w-]) dapi [0-9a-f]{32} (?:-\d)?"),  # Databricks
    _shape("pmak- nrak- hrku-", r"(?<![\w-]) (?:PMAK|NRAK|HRKU)- [\w-]{20,}"),  # Postman, New Relic, Heroku
    _shape("-us", r"(?<![\w-]) [0-9a-f]{32} -us\d{1,2} (?!\w)"),  # Mailchimp
    _shape("pat", r"(?<![\w-]) pat\w{14} \. [0-9a-f]{40,}"),  # Airtable
    _shape("atatt3", r"(?<![\w-]) ATATT3 [\w=-]{20,}"),  # Atlassian
    _shape("age-secret-key-", r"(?<![\w-]) AGE-SECRET-KEY-1 [A-Z0-9]{20,}"),
    _shape(":aa", r"(?<![\w-]) \d{8,10} :AA [\w-]{30,}"),  # Telegram
    _shape(".", r"(?<![\w.-]) [A-Za-z][\w-]{23,27} \. [\w-]{6} \. [\w-]{27,38} (?![\w-])"),  # Discord
    _shape(
        "-----begin",
        r"-----BEGIN\ [A-Z0-9 ]{0,30} PRIVATE\ KEY .*? (?: -----END\ [A-Z0-9 ]{0,30} PRIVATE\ KEY----- | \Z)",
    ),
    _shape("://", r"(?<=://) [^\s/?\#]+ (?=@)"),  # user and password of a URL
)
SHAPES: Final = (
    *KNOWN,
    _shape(
        "=",
        r"(?i: ([?&;\#](?:[\w-]*(?:token|secret|passw(?:or)?d|pwd|signature|credential|api[_-]?key)|sig|key|auth|code"
        r"|jwt|se?ssion(?:_?id)?|ticket)=)) [^\s&\#\"'<>]+",
        rf"\1{REDACTED}",
    ),
    _shape(_OF_WORDS, rf"(?i: ({_WORD_NAMES} [\w-]{{0,20}} {_ASSIGNED})) {_VALUE}", rf"\1{REDACTED}"),
    _shape(
        _OF_WORDS,
        rf"(?i: ({_WORD} {_WORD_NAMES} {_SAID})) (?=\S{{0,200}}?[0-9!@\#$%^&*_]) \S{{3,200}}? {_END}",
        rf"\1{REDACTED}",
    ),
    _shape(
        _OF_KEYS,
        rf"""(?i: ({_KEY_NAMES} [\w-]{{0,20}}
            (?: ["'] {_ASSIGNED} | \s? = \s? | {_ASSIGNED} (?=\S{{0,200}}?[0-9]|\S{{20}})))) {_VALUE}""",
        rf"\1{REDACTED}",
    ),
    _shape(
        _OF_KEYS,
        rf"(?i: ({_WORD} {_KEY_NAMES} {_SAID})) (?=\S{{0,200}}?[0-9]) (?=\S{{0,200}}?[A-Za-z_]) \S{{8,200}}? {_END}",
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
        "密码 密碼 パスワード 비밀번호",
        r"((?:密码|密碼|パスワード|비밀번호) \s? (?:[是为為は:=]|는|은) \s?) (?=[!-~]*[0-9]) [!-~]{4,}",
        rf"\1{REDACTED}",
    ),
    _shape("cookie", r"(?i: (\b cookie [\"']? \s? : \s?)) (?=[^\n]{0,200}=) [^\n]{4,}", rf"\1{REDACTED}"),
)
"""Patterns for spoken words too; only the value after a name is masked, not the name."""
NUMBERS: Final = (
    (
        _compiled(
            r"(?<![\w+.,/-]) (?<![0-9][ ]) (?!000|666|9) [0-9]{3} ([-. ]) (?!00) [0-9]{2} \1 (?!0000) [0-9]{4}"
            r" (?![\w/]|[-.,][0-9]|[ ][0-9])"
        ),
        REDACTED,
    ),
    (
        _compiled(
            r"(?<![A-Za-z0-9]) [A-Za-z]{2} [0-9]{2} (?:[ ]?[A-Za-z0-9]{4}){2,7} (?:[ ]?[A-Za-z0-9]{1,3})?"
            r" (?![A-Za-z0-9])"
        ),
        _iban,
    ),
)
"""Patterns for texts with enough digits: social security numbers, and accounts by their check digits."""

# Names of JSON fields

_WORD_NAME: Final = re.compile(rf"(?i:{_WORD_NAMES})\Z")
_KEY_NAME: Final = re.compile(rf"(?i:{_KEY_NAMES})(?i:[-_ ]?(?:value|key|id))?\Z")
_OPAQUE: Final = re.compile(r"(?=\S*[0-9])\S{8,}\Z")
_NUMBER_NAME: Final = re.compile(
    r"(?i)(?:\A|[-_ ]|(?<=[a-z]))"
    r"(?:ssn|social[-_ ]?security[-_ ]?(?:number|no)|cvv2?|cvc2?|pin|card[-_ ]?number|iban)\Z"
)


def names_a_secret(name: str, value: Json) -> bool:
    """Whether a field's name and value indicate a password, a key or a number that must not be stored."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return False
    text = str(value)
    if _NUMBER_NAME.search(name):
        return any(character.isdigit() for character in text)
    if _WORD_NAME.search(name):
        return bool(text) and not any(character.isspace() for character in text)
    return _KEY_NAME.search(name) is not None and _OPAQUE.match(text) is not None
