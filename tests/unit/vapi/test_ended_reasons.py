"""Check which family an ended reason belongs to (docs/call-state.md 6)."""

from pathlib import Path

import pytest

from autopulse.domain.outcome import Family
from autopulse.vapi.ended_reasons import family_of

KNOWN = [line.split("\t") for line in Path(__file__).with_name("ended_reasons.tsv").read_text().splitlines()]
"""Every reason of Vapi's published schemas from October 2024 to October 2026, retired ones too, with its family."""
PROVIDER_FAULT = "call.in-progress.error-providerfault-outbound"
OF_THE_SAME_KINDS = {
    Family.VOICEMAIL: [
        *("voicemail-reached", "customer-voicemail", "call.in-progress.voicemail-detected", "Voicemail Reached"),
        *("machine-detected", "answering-machine", "mailbox-full"),
    ],
    Family.BUSY: [
        *("busy", "customer-busy-here", "twilio-reported-customer-busy", "sip-outbound-user-busy", "carrier-line-busy"),
        *(f"{PROVIDER_FAULT}-sip-486-busy-here", "call.start.error-sip-486", f"{PROVIDER_FAULT}-sip-600-busy"),
    ],
    Family.CANCELLED: [
        *("canceled", "cancelled", "manually-cancelled", "scheduled-call-canceled", "call.in-progress.call-deleted"),
        *("call.ringing.hook-executed-function", "campaign-cancelled"),
    ],
    Family.TRANSFERRED: [
        *("assistant-forwarded", "assistant-transferred-call", "call-transferred-to-operator"),
        *("call.in-progress.hook-executed-transfer", "call.in-progress.warm-transfer-completed"),
    ],
    Family.REACHED: [
        *("customer-ended-call-during-warm-transfer", "customer-hung-up", "assistant-ended-call-with-tool"),
        *("assistant-said-goodbye", "call.ending.hook-executed-tool", "user-ended-call"),
        *("call.in-progress.hook-executed-say", "call.forwarding.operator-failed", "telnyx-completed-call"),
        *("call.in-progress.error-warm-transfer-operator-busy", "call.in-progress.error-transfer-rejected"),
        *("call.in-progress.exceeded-max-duration", "completed", "hangup", "user-hung-up"),
    ],
    Family.SILENCE: ["silence-timeout", "call.in-progress.silence-timed-out", "customer-silence-timed-out"],
    Family.NO_ANSWER: [
        *("no-answer", "customer-did-not-pick-up", "customer-unreachable", "telnyx-failed-to-connect-call"),
        *("customer-hung-up-before-call-connect", "call.ringing.customer-hung-up", "sip-outbound-no-answer"),
        *("sip-outbound-call-rejected", "sip-outbound-temporarily-unavailable", "customer-declined"),
        *(f"{PROVIDER_FAULT}-sip-487-request-terminated", f"{PROVIDER_FAULT}-sip-603-decline"),
    ],
    Family.FAILED: [
        *("failed", "call.failed", "pipeline-error-some-new-model-busy", "pipeline-no-new-model", "squad-not-found"),
        *("call.in-progress.error-vapifault-new-provider-rejected", "call.start.error-of-a-new-sort"),
        *("call.start.workflow-version-mismatch", "assistant-request-returned-nonsense", "workflow-not-valid"),
        *("telnyx-disconnected", "phone-call-provider-timeout", "sip-outbound-number-changed"),
        *("call.ringing.error-sip-inbound-call-failed-to-connect-again", f"{PROVIDER_FAULT}-sip-404-not-found"),
    ],
    Family.UNKNOWN: ["", " ", "unknown-reason", "customer-smiled", "not-busy-at-all", "user_initiated", "+12025550101"],
}
"""What newer or older versions may call the same: none of these is in the list above."""


def test_the_list_is_whole() -> None:
    assert len(KNOWN) == 683
    assert {family for _, family in KNOWN} == {family.value for family in Family if family is not Family.UNKNOWN}


def test_every_published_reason_is_in_its_family() -> None:
    assert {reason: family_of(reason).value for reason, _ in KNOWN} == dict(KNOWN)


def test_a_reason_of_the_same_kind_is_in_the_same_family() -> None:
    wrong = [
        (reason, family)
        for family, reasons in OF_THE_SAME_KINDS.items()
        for reason in reasons
        if family_of(reason) is not family
    ]
    assert wrong == []


def test_every_family_has_reasons_beyond_the_list() -> None:
    assert set(OF_THE_SAME_KINDS) == set(Family)
    known = {reason for reason, _ in KNOWN}
    assert not known & {reason for reasons in OF_THE_SAME_KINDS.values() for reason in reasons}


@pytest.mark.parametrize("written", ["Customer-Busy", " customer-busy\n", "customer_busy", "customer busy"])
def test_case_blanks_and_underscores_do_not_matter(written: str) -> None:
    assert family_of(written) is Family.BUSY
