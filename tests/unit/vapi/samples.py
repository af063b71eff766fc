"""Invented webhooks in Vapi's shapes, with a recognizable secret at every place where one is known to occur."""

import base64
import json
from typing import Any

Body = dict[str, Any]

VAPI_CALL_ID = "5d0c1f6e-0000-4000-8000-00000000c411"
CALL_ID = 15
SENT_AT_MS = 1752195615957
SENT_AT = "2025-07-11T01:00:15.957000+00:00"
PROMPT = "CANARY-prompt: you are Piper, who asks car owners about their last visit. " * 33


def jwt(payload: str = "CANARY") -> str:
    parts = [json.dumps({"alg": "HS256", "typ": "JWT"}), json.dumps({"sub": payload}), "not a signature"]
    return ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)


def assistant() -> Body:
    return {
        "id": "a5515ced-0000-4000-8000-000000000001",
        "name": "Piper",
        "model": {"messages": [{"role": "system", "content": PROMPT}], "tools": [tool()], "provider": "CANARY-model"},
        "server": {"url": "https://hooks.example.com/CANARY-url", "secret": "CANARY-server-secret"},
        "serverUrlSecret": "CANARY-assistant-url-secret",
        "credentials": [{"provider": "openai", "apiKey": "CANARY-api-key"}],
        "credentialIds": ["CANARY-credential-id"],
        "metadata": {"session": jwt("CANARY-assistant-metadata")},
        "analysisPlan": {"summaryPrompt": "CANARY-summary-prompt " * 200, "structuredDataSchema": {"CANARY": {}}},
        "variableValues": {"customer_name": "CANARY-variable"},
    }


def tool() -> Body:
    return {
        "type": "function",
        "function": {"name": "book", "description": "CANARY-tool " * 100},
        "server": {"secret": "CANARY-tool-secret", "headers": {"Authorization": "Bearer CANARY-tool-token-1"}},
    }


def call() -> Body:
    return {
        "id": VAPI_CALL_ID,
        "orgId": "CANARY-org",
        "createdAt": "2025-07-11T01:00:09.301Z",
        "updatedAt": "2025-07-11T01:00:09.301Z",
        "type": "outboundPhoneCall",
        "status": "queued",
        "name": "CANARY-call-name",
        "assistantId": "a5515ced-0000-4000-8000-000000000001",
        "assistantOverrides": {
            "variableValues": {"call_id": str(CALL_ID), "customer_name": "Odette Example", "secret": "CANARY-variable"},
            "metadata": {"token": jwt("CANARY-override-metadata")},
            "server": {"secret": "CANARY-override-secret"},
            "model": {"messages": [{"role": "system", "content": PROMPT}]},
        },
        "metadata": {"apiKey": "CANARY-call-metadata"},
        "monitor": {"listenUrl": "wss://listen.example.com/CANARY", "controlUrl": "https://control.example.com/CANARY"},
        "transport": {"provider": "twilio", "callSid": "CANARY-call-sid", "accountSid": "CANARY-account-sid"},
        "phoneCallProviderId": "CANARY-provider-id",
        "webCallUrl": "https://web.example.com/CANARY",
        "phoneNumberId": "90e0e000-0000-4000-8000-000000000002",
        "costBreakdown": {"CANARY": 1},
        "artifactPlan": {"CANARY": {}},
    }


def common(type_name: str) -> Body:
    return {
        "timestamp": SENT_AT_MS,
        "type": type_name,
        "call": call(),
        "phoneNumber": {
            "id": "90e0e000-0000-4000-8000-000000000002",
            "number": "+12025550199",
            "twilioAccountSid": "CANARY-twilio-sid",
            "twilioAuthToken": "CANARY-twilio-token",
            "serverUrlSecret": "CANARY-number-secret",
            "stripeSubscriptionId": "CANARY-stripe",
            "server": {"secret": "CANARY-number-server-secret"},
        },
        "customer": {"number": "+12025550101", "name": "Odette Example", "assistantOverrides": {"secret": "CANARY"}},
        "assistant": assistant(),
        "artifact": {"messages": prompt_turns(), "messagesOpenAIFormatted": prompt_turns(), "nodes": ["CANARY-node"]},
        "authorization": "CANARY-authorization",
    }


def prompt_turns() -> list[Body]:
    return [
        {"role": "system", "message": PROMPT, "content": PROMPT, "time": SENT_AT_MS, "secondsFromStart": 0},
        {"role": "developer", "content": "CANARY-developer"},
    ]


def turns(count: int) -> list[Body]:
    return [
        {
            "role": "bot" if place % 2 == 0 else "user",
            "message": f"Turn {place}: the brakes were done in an hour, and the advisor explained all of it.",
            "time": SENT_AT_MS + 2000 * place,
            "endTime": SENT_AT_MS + 2000 * place + 1500,
            "secondsFromStart": 2.0 * place,
            "duration": 1500,
            "source": "CANARY-source",
            "metadata": {"wordLevelConfidence": [{"word": "CANARY-word", "confidence": 0.99}]},
        }
        for place in range(count)
    ]


def status_update(status: str = "in-progress") -> Body:
    ended = {"endedReason": "customer-ended-call"} if status == "ended" else {}
    return {"message": common("status-update") | {"status": status} | ended}


def hang() -> Body:
    return {"message": common("hang")}


def conversation_update(count: int = 4) -> Body:
    history = prompt_turns() + turns(count)
    copies = {"messages": history, "conversation": history, "messagesOpenAIFormatted": history}
    return {"message": common("conversation-update") | copies | {"artifact": {"messages": history}}}


def transcript(transcript_type: str = "final") -> Body:
    said = {"role": "user", "transcriptType": transcript_type, "transcript": "It went well, an eight."}
    return {"message": common("transcript") | said}


def report(count: int = 40) -> Body:
    history = prompt_turns() + turns(count)
    recording = {
        "stereoUrl": "https://cdn.example.com/s.wav?sig=1",
        "mono": {"combinedUrl": "https://cdn.example.com/m"},
    }
    return {
        "message": common("end-of-call-report")
        | {
            "analysis": analysis(),
            "startedAt": "2025-07-11T01:00:16.000Z",
            "endedAt": "2025-07-11T01:01:36.500Z",
            "endedReason": "assistant-ended-call",
            "durationMs": 80500,
            "durationSeconds": 80.5,
            "durationMinutes": 1.3417,
            "cost": 0.1234,
            "costs": [
                {"type": "model", "cost": 0.1, "model": {"model": "CANARY-cost"}, "promptTokens": 512},
                {"type": "vapi", "subType": "normal", "cost": 0.0234, "minutes": 1.3},
            ],
            "costBreakdown": {
                "llm": 0.1,
                "total": 0.1234,
                "CANARY": 1,
                "analysisCostBreakdown": {"summary": 0.001, "CANARY": 1, "summaryPromptTokens": 12},
            },
            "assistantVersion": "7",
            "campaignId": "ca3ba190-0000-4000-8000-000000000003",
            "compliance": {
                "recordingConsent": {
                    "type": "verbal",
                    "grantedAt": "2025-07-11T01:00:20.000Z",
                    "message": "CANARY-consent",
                },
                "CANARY": "CANARY-compliance",
            },
            "endedMessage": "The carrier refused +1 202 555 0101 <sip:odette@example.com>.",
            "destination": {"type": "number", "number": "+12025550177", "message": "CANARY-destination"},
            "summary": "Odette was content.",
            "messages": history,
            "transcript": "AI: Hello.\nUser: Hello.\n",
            "recordingUrl": "https://cdn.example.com/mono.wav?sig=1",
            "stereoRecordingUrl": "https://cdn.example.com/stereo.wav?sig=1",
            "artifact": {
                "messages": history,
                "messagesOpenAIFormatted": history,
                "transcript": "AI: Hello.\nUser: Hello.\n",
                "recordingUrl": "https://cdn.example.com/mono.wav?sig=1",
                "recording": recording,
                "presignedMonoUrl": "https://cdn.example.com/mono.wav?X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F1",
                "presignedUrlsExpiresAt": "2025-07-11T01:31:36.500Z",
                "logUrl": "https://logs.example.com/CANARY",
                "pcapUrl": "https://pcap.example.com/CANARY",
                "nodes": ["CANARY-node"],
                "variables": {"CANARY": "CANARY-variable"},
                "variableValues": {"CANARY": "CANARY-value"},
                "structuredOutputs": {"0001": {"name": "nps_score", "result": 8}},
                **quality(),
            },
        }
    }


def quality() -> Body:
    """Return an artifact's data about how the call ran."""
    destination = {
        "type": "number",
        "number": "+12025550177-CANARY",
        "extension": "CANARY",
        "message": "CANARY-said",
        "description": "CANARY-description",
        "transferPlan": {"sipVerb": "CANARY"},
    }
    return {
        "performanceMetrics": {
            "turnLatencies": [
                {"turnLatency": 1200, "modelLatency": 500.4, "prompt": "CANARY"},
                {"turnLatency": 900},
            ],
            "turnLatencyAverage": 1050,
            "numUserInterrupted": 1,
            "CANARY": "CANARY-metric",
        },
        "transfers": [
            {
                "destination": destination,
                "mode": "warm-transfer",
                "status": "no-answer",
                "transcript": "CANARY-transfer",
                "messages": [{"role": "bot", "message": "CANARY-transfer"}],
            }
        ],
        "skippedStructuredOutputs": {
            "CANARY-id": {
                "name": "feedback",
                "unmetCondition": {"type": "minMessages", "minMessages": 4, "prompt": "CANARY"},
                "schema": {"CANARY": 1},
            }
        },
        "scorecards": {"card-1": {"name": "Manners", "score": 8, "scoreNormalized": 80}},
        "assistantActivations": [
            {
                "assistantId": "a5515ced-0000-4000-8000-000000000001",
                "assistantName": "Piper",
                "assistantVersion": "7",
                "assistant": {"model": "CANARY"},
            }
        ],
    }


def analysis() -> Body:
    return {
        "summary": "Odette was content.",
        "structuredData": {
            "nps_score": 8,
            "repair_authorization": "given by phone",
            "positives": ["quick", "friendly"],
            "nested": {"secret": "a word the customer chose"},
        },
        "successEvaluation": "Good",
        "structuredDataMulti": [{"visit": {"vehicle": "van"}}],
        "successEvaluationData": {"CANARY": "CANARY-evaluation"},
    }


SIMPLE_STATUS: Body = {
    "message": {
        "timestamp": SENT_AT_MS,
        "type": "status-update",
        "status": "in-progress",
        "call": {
            "id": VAPI_CALL_ID,
            "status": "queued",
            "assistantId": "a5515ced-0000-4000-8000-000000000001",
            "assistantOverrides": {"variableValues": {"customer_name": "Odette Example", "call_id": "15"}},
            "customer": {"number": "+12025550101", "name": "Odette Example"},
        },
    }
}
SIMPLE_CONVERSATION: Body = {
    "message": {
        "type": "conversation-update",
        "call": {"id": "call_123", "status": "in_progress"},
        "transcript": {"speaker": "assistant", "text": "Hello, this is Piper."},
    }
}
SIMPLE_REPORT: Body = {
    "message": {
        "type": "end-of-call-report",
        "call": {"id": "call_123", "status": "completed"},
        "analysis": {"summary": "Content.", "structuredData": {"nps_score": "8", "overall_feedback": "Quick."}},
        "messages": [{"role": "assistant", "content": "Hello?"}, {"role": "human", "content": "An eight."}],
        "artifact": {"recordingPath": "https://cdn.example.com/recording.mp3"},
    }
}
SIMPLE_HANG: Body = {
    "message": {"type": "hang", "call": {"id": "call_123", "status": "ended"}, "reason": "user_initiated"}
}
PING: Body = {"message": {"type": "autopulse.ping", "id": "probe-1", "timestamp": SENT_AT_MS}}

BY_KIND: dict[str, Body] = {
    "status_update": status_update(),
    "conversation_update": conversation_update(),
    "end_of_call_report": report(),
    "hang": hang(),
    "transcript": transcript(),
}
"""One full-size webhook per kind."""
