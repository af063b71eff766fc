"""`make refusals`: show which webhooks were refused, which part of them did not match, and what to do."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Final, NamedTuple

from autopulse.vapi.signature import Part
from local.console import say
from operate.dead_letter import printable_line
from operate.logs import LogLine, read_lines, read_since, show_time, show_times
from operate.target import Target

_REFUSED: Final = "Webhook refused"
_CONFIGURE: Final = "if it is Vapi, make vapi-configure{suffix} sets it right"
_VERIFIER: Final = "look at its role, its key and AWS's health"
REMEDIES: Final[Mapping[str, str]] = {
    Part.HEADER_MISSING: f"no credential came: a stranger, or none is attached at Vapi; {_CONFIGURE}",
    Part.HEADER_EMPTY: f"the header came without a value, as where no credential is attached; {_CONFIGURE}",
    Part.HEADER_REPEATED: "the header came twice, with different values: something on the way adds its own",
    Part.PREFIX_MISSING: f"the token has not the prefix of the credential's field prefix; {_CONFIGURE}",
    Part.SECRET_MISMATCH: f"the sender has another secret; {_CONFIGURE}",
    Part.SECRET_SENT: f"the secret itself came in a signature's place: a credential of another kind; {_CONFIGURE}",
    Part.WRONG_PREFIX: f"another prefix stands before the signature than the field prefix says; {_CONFIGURE}",
    Part.WRONG_ALGORITHM: f"the signature is by another algorithm than the field algorithm says; {_CONFIGURE}",
    Part.WRONG_ENCODING: f"the signature is hex instead of base64, or the other way round; {_CONFIGURE}",
    Part.SIGNATURE_UNREADABLE: f"there is no signature in its header: a stranger, or another kind; {_CONFIGURE}",
    Part.TIMESTAMP_UNREADABLE: f"the signed time is no time: is the field timestamp_header right? {_CONFIGURE}",
    Part.SIGNATURE_MISMATCH: f"another secret, or another body than was signed: look for proxies too; {_CONFIGURE}",
    Part.OTHER_TEXT_SIGNED: f"the secret is right, but another text was signed than payload_format says; {_CONFIGURE}",
    Part.STALE: (
        "the secret is right and the signed time is not near: compare clocks; if retries alone are refused, raise"
        " tolerance_seconds (docs/vapi.md, Replays)"
    ),
    Part.FORMER_SECRET: f"the sender uses what the secret's previous version accepted; {_CONFIGURE}",
    "not-configured": "the webhook secret has no usable entry: put its former version back (docs/configuration.md)",
    "secret-unavailable": f"the verifier does not reach Secrets Manager: {_VERIFIER}",
    "queue-unavailable": f"the verifier does not reach SQS: {_VERIFIER}",
    "bucket-unavailable": f"the verifier does not reach S3: {_VERIFIER}",
    "too-large": "longer than Lambda takes, and not sent again: docs/runbook.md, Webhooks too large",
}
"""Part or reason -> the cause and the remedy; `{suffix}` stands for the environment, as make takes it."""
UNREADABLE: Final = "a webhook that was proven genuine cannot be read: give its time to a developer (docs/runbook.md)"


class Refusal(NamedTuple):
    """The key by which refusals are grouped."""

    status: int
    reason: str
    part: str
    misses: tuple[tuple[str, str, str], ...]
    """Credential, header and part."""


@dataclass
class Occurrences:
    """When the refusals of a group happened, and by how many seconds they were stale."""

    first: datetime
    last: datetime
    count: int = 0
    seconds: list[int] = field(default_factory=list)


def refusals(target: Target, since_text: str, now: datetime | None = None) -> int:
    """Print refusals by cause; returns exit status 0 if there are none, else 1. Raises OperationFailed without logs."""
    since = read_since(since_text, now or datetime.now(timezone.utc))
    found = collect(read_lines(target, ["Verifier"], _REFUSED, since))
    if not found:
        say(f"No webhook was refused since {show_time(since)}")
        return 0
    for refusal, came in sorted(found.items(), key=lambda item: -item[1].count):
        _show(refusal, came, target.make_suffix)
    answers = Counter({refusal.status: 0 for refusal in found})
    for refusal, came in found.items():
        answers[refusal.status] += came.count
    say(f"Refused since {show_time(since)}: {', '.join(f'{n} with {status}' for status, n in sorted(answers.items()))}")
    return 1


def collect(lines: Iterable[LogLine]) -> dict[Refusal, Occurrences]:
    """Return the refusals in the log lines, grouped."""
    found: dict[Refusal, Occurrences] = {}
    for line in lines:
        if line.said.get("message") == _REFUSED:
            misses = _misses(line.said)
            refusal = Refusal(
                _number(line.said.get("status")),
                str(line.said.get("reason")),
                str(line.said.get("part") or line.said.get("reason")),
                tuple((str(m.get("credential")), str(m.get("header")), str(m.get("part"))) for m in misses),
            )
            came = found.setdefault(refusal, Occurrences(line.at, line.at))
            came.first, came.last = min(came.first, line.at), max(came.last, line.at)
            came.count += 1
            came.seconds += [miss["seconds"] for miss in misses if isinstance(miss.get("seconds"), int)]
    return found


def _misses(said: Mapping[str, Any]) -> list[dict[str, Any]]:
    misses = said.get("misses")
    return [miss for miss in misses if isinstance(miss, dict)] if isinstance(misses, list) else []


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _show(refusal: Refusal, came: Occurrences, suffix: str) -> None:
    say(printable_line(f"{refusal.status} {refusal.part}: {show_times(came.count, came.first, came.last)}"))
    for credential, header, part in refusal.misses:
        stale = _spread(came.seconds) if part == Part.STALE else ""
        say(printable_line(f"  credential {credential}, {header}: {part}{stale}"))
    remedy = REMEDIES.get(refusal.part, UNREADABLE)
    say(f"  -> {remedy.replace('{suffix}', suffix)}")


def _spread(seconds: list[int]) -> str:
    if not seconds:
        return ""
    least, most = min(seconds), max(seconds)
    return f" by {least} s" if least == most else f" by {least} to {most} s"
