"""The family of each `endedReason` of Vapi's.

Vapi has some 600 reasons, renames them between versions and adds new ones, so they are matched by patterns. Before
that, a reason is converted to lower case, with hyphens for underscores and blanks.
"""

import re
from fnmatch import translate
from functools import cache, lru_cache
from typing import Final

from autopulse.domain.outcome import Family

_PATTERNS: Final = (
    # The first pattern that matches counts. The first ones are for reasons that the patterns below would misread.
    (Family.FAILED, "*inbound-call-failed-to-connect* *warm-transfer-hang-timeout *warm-transfer-idle-timeout"),
    (Family.VOICEMAIL, "*voicemail* *voice-mail* *answering-machine* *machine-detected* *mailbox*"),
    (Family.NO_ANSWER, "*before-call-connect* *before-connect* call.ringing.*hung-up* call.ringing.*ended-call*"),
    (
        Family.TRANSFERRED,
        (
            "assistant-forwarded* assistant-transferred* *returned-forwarding-phone-number *hook-executed-transfer*"
            " call-forwarded* call-transferred* *transfer-completed*"
        ),
    ),
    # The transfer to a person failed; the customer was in the conversation when it began.
    (Family.REACHED, "call.forwarding.* *error-transfer-* *transfer-failed* *warm-transfer*"),
    (Family.CANCELLED, "manually-cancel* cancel* *call-deleted *call-cancel* call.ringing.hook-*"),
    (
        Family.REACHED,
        (
            "customer-ended-call* customer-hung-up* assistant-ended-call* assistant-hung-up* assistant-said-*"
            " *.hook-executed-* *exceeded-max-duration* *max-duration-exceeded* *max-duration-reached*"
            " *-completed-call *-completed completed"
        ),
    ),
    (Family.SILENCE, "*silence-timed-out* *silence-timeout*"),
    (Family.BUSY, "busy *customer-busy* *line-busy* *user-busy* *sip-486* *sip-600*"),
    (
        Family.NO_ANSWER,
        (
            "no-answer *customer-did-not-* customer-unavailable* customer-unreachable* *failed-to-connect-call*"
            " *call-failed-to-connect* twilio-failed-to-connect* vonage-failed-to-connect* telnyx-failed-to-connect*"
            " vonage-rejected *carrier-released* *call-rejected* *no-user-respon* sip-*temporarily-unavailable*"
            " *sip-408* *sip-480* *sip-487* *sip-603* *sip-607* *sip-608*"
        ),
    ),
    (
        Family.FAILED,
        (
            "*error* *fault* *fail* *invalid* *not-found* *not-valid* *not-provided* *no-assistant* *no-server*"
            " *no-available* *not-available* *unavailable* *no-call-received* *no-route* *out-of-order*"
            " *not-in-service* *out-of-service* *number-changed* *unallocated* *misdialed* *microphone* *shutdown*"
            " *timed-out* *timeout* *disconnected* *closed* *-died* *crashed* *unsupported* *forbidden*"
            " *unauthorized* *denied* *refused* *blocked* *frozen* *exceeded* *-limit* *insufficient*"
            " pipeline-* call.start.* call-start-* assistant-request-* assistant-not-*"
        ),
    ),
    # Words with a clear meaning anywhere in a reason, for reasons that match nothing above.
    (Family.BUSY, "*-busy"),
    (Family.NO_ANSWER, "*no-answer* *did-not-answer* *not-answered* *unanswered* *declined* *rejected*"),
    (Family.CANCELLED, "*cancelled* *canceled*"),
    (Family.TRANSFERRED, "*transferred* *forwarded*"),
    (Family.REACHED, "*ended-call *hung-up *hangup *hang-up"),
)


def family_of(reason: str) -> Family:
    """The family of an ended reason; the reason may be in any spelling described above."""
    return _family_of(re.sub(r"[\s_]+", "-", reason.strip().lower()))


@lru_cache(maxsize=1024)
def _family_of(word: str) -> Family:
    return next((family for family, rule in _rules() if rule.match(word)), Family.UNKNOWN)


@cache
def _rules() -> list[tuple[Family, re.Pattern[str]]]:
    """The compiled patterns; compiling takes some ten milliseconds, and so happens on first use."""
    return [(family, re.compile("|".join(map(translate, patterns.split())))) for family, patterns in _PATTERNS]
