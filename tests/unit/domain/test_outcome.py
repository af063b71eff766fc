"""The groups of ended reasons, in the order in which they are tried (`calls.md` 5)."""

import pytest

from autopulse.domain.outcome import Outcome, outcome_of

VAPI_FAULT = "call.in-progress.error-vapifault"
PROVIDER_FAULT = "call.in-progress.error-providerfault"
REASONS = {
    Outcome.VOICEMAIL: ["voicemail", "Voicemail", " voicemail "],
    Outcome.BUSY: [
        "customer-busy",
        "busy",
        f"{PROVIDER_FAULT}-outbound-sip-486-busy-here",
        "call.start.error-sip-486",
    ],
    Outcome.CANCELLED: ["manually-canceled", "canceled", "call-deleted", "call.in-progress.call-deleted"],
    Outcome.TRANSFERRED: [
        "assistant-forwarded-call",
        "customer-did-not-give-forwarding-phone-number",
        "call.ending.hook-executed-transfer",
    ],
    Outcome.REACHED: [
        "customer-ended-call",
        "customer-ended-call-before-warm-transfer",
        "customer-ended-call-after-warm-transfer-attempt",
        "assistant-ended-call",
        "assistant-ended-call-with-hangup-task",
        "assistant-ended-call-after-message-spoken",
        "assistant-said-end-call-phrase",
        "assistant-said-message-with-end-call-enabled",
        "call.ending.hook-executed-say",
        "call.forwarding.operator-busy",
        "call.forwarding.operator-failed",
        "silence-timed-out",
        "exceeded-max-duration",
        "twilio-completed-call",
        "vonage-completed",
    ],
    Outcome.NO_ANSWER: [
        "customer-did-not-answer",
        "no-answer",
        "twilio-failed-to-connect-call",
        "call.in-progress.error-sip-outbound-call-failed-to-connect",
        "customer-hung-up-before-call-connect",
        "vonage-rejected",
        f"{PROVIDER_FAULT}-outbound-sip-480-temporarily-unavailable",
        f"{PROVIDER_FAULT}-outbound-sip-408-request-timeout",
    ],
    Outcome.FAILED: [
        "pipeline-error-openai-llm-failed",
        f"{VAPI_FAULT}-worker-died",
        f"{PROVIDER_FAULT}-outbound-sip-403-forbidden",
        f"{PROVIDER_FAULT}-outbound-sip-503-service-unavailable",
        "failed",
        "call.failed",
        "assistant-request-failed",
        "assistant-request-returned-invalid-assistant",
        "assistant-not-found",
        "assistant-not-valid",
        "customer-misdialed",
        "customer-did-not-give-microphone-permission",
        "worker-shutdown",
        "vonage-disconnected",
        "phone-call-provider-closed-websocket",
        "assistant-join-timed-out",
        "some-silence-timed-out",
    ],
    Outcome.UNKNOWN: [
        "",
        "unknown-reason",
        "customer-smiled",
        "not-busy-at-all",
        "voicemail-ish",
        "assistant-forwarded",
    ],
}


@pytest.mark.parametrize(
    ("outcome", "reason"), [(outcome, word) for outcome, words in REASONS.items() for word in words]
)
def test_the_first_pattern_that_matches_decides(outcome: Outcome, reason: str) -> None:
    assert outcome_of(reason) is outcome


def test_every_outcome_is_tried() -> None:
    assert set(REASONS) == set(Outcome)
