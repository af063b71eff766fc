"""A record of Vapi's with a canary in every text, named by its path."""

from typing import Any, Final

from tests.unit.vapi import samples

_ENDS: Final = "2026-11-30T11:00:00.000Z"
_MODEL: Final = {"provider": "x", "model": "x", "messages": [{"role": "system", "content": "x"}], "toolIds": ["x"]}
_SERVER: Final = {"url": "https://x", "secret": "x", "headers": {"Authorization": "x"}, "credentialId": "x"}
_ASSISTANT: Final = {
    "name": "x",
    "firstMessage": "x",
    "model": _MODEL,
    "server": _SERVER,
    "voice": {"voiceId": "x"},
    "credentials": [{"apiKey": "x"}],
    "variableValues": {"customer_name": "x", "vin": "x"},
    "metadata": {"note": "x"},
    "artifactPlan": {"recordingPath": "x"},
    "monitorPlan": {"monitorIds": ["x"]},
}
_RECORD: Final[dict[str, Any]] = {
    "orgId": "x",
    "name": "x",
    "customerId": "x",
    "phoneNumber": {
        "twilioAuthToken": "x",
        "twilioAccountSid": "x",
        "number": "x",
        "serverUrlSecret": "x",
        "credentialId": "x",
        "server": _SERVER,
    },
    "phoneCallProvider": "x",
    "phoneCallProviderId": "x",
    "phoneCallTransport": "x",
    "transport": {"provider": "x", "callUrl": "x", "accountSid": "x"},
    "monitor": {"listenUrl": "wss://x", "controlUrl": "https://x"},
    "webCallUrl": "https://x",
    "webCallSipUri": "x",
    "assistant": {**_ASSISTANT, "name": "Kept"},
    "assistantOverrides": {**_ASSISTANT, "variableValues": {"customer_name": "x", "call_token": "x"}},
    "squad": {"name": "x", "members": [{"assistant": _ASSISTANT, "assistantOverrides": _ASSISTANT}]},
    "squadOverrides": _ASSISTANT,
    "workflow": {"name": "x", "nodes": [{"prompt": "x"}], "globalPrompt": "x"},
    "workflowOverrides": {"variableValues": {"secret": "x"}},
    "metadata": {"note": "x"},
    "customer": {"email": "x", "externalId": "x", "extension": "x", "assistantOverrides": _ASSISTANT},
    "destination": {"number": "x", "message": "x", "description": "x"},
    "schedulePlan": {"note": "x"},
    "artifactPlan": {"recordingPath": "x", "loggingPath": "x"},
    "compliance": {"note": "x"},
    "messages": [{"role": "system", "message": "x"}, {"role": "bot", "message": "Hello."}],
    "messagesOpenAIFormatted": [{"role": "system", "content": "x"}],
    "artifact": {
        "messages": [{"role": "system", "message": "x"}, {"role": "bot", "message": "Hello."}],
        "messagesOpenAIFormatted": [{"role": "system", "content": "x"}],
        "variables": {"call": {"monitor": {"listenUrl": "x"}}, "phoneNumber": {"twilioAuthToken": "x"}, "vin": "x"},
        "variableValues": {"twilioAuthToken": "x", "vin": "x"},
        "logUrl": "https://x",
        "pcapUrl": "https://x",
        "presignedLogUrl": "https://x",
        "nodes": [{"variableValues": {"vin": "x"}, "messages": [{"role": "system", "message": "x"}]}],
    },
}


def record_with_canaries(call_id: int, vapi_call_id: str = samples.VAPI_CALL_ID) -> dict[str, Any]:
    """Return a record of an ended call with canaries in everything that must not be kept, and in nothing else."""
    marked: dict[str, Any] = _marked(_RECORD, "")
    marked["assistantOverrides"]["variableValues"]["call_id"] = str(call_id)
    return marked | {
        "id": vapi_call_id,
        "type": "outboundPhoneCall",
        "status": "ended",
        "createdAt": "2026-11-30T10:58:00.000Z",
        "startedAt": "2026-11-30T10:58:20.000Z",
        "endedAt": _ENDS,
        "updatedAt": "2026-11-30T11:00:05.000Z",
        "endedReason": "customer-ended-call",
        "analysis": {"summary": "All well.", "structuredData": {"nps_score": 9}},
    }


def _marked(value: Any, path: str) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return {name: _marked(item, f"{path}.{name}") for name, item in value.items()}
    if isinstance(value, list):
        return [_marked(item, f"{path}.{place}") for place, item in enumerate(value)]
    unmarked = path.endswith(".role") or value in {"Hello.", "Kept"} or not isinstance(value, str)
    return value if unmarked else value.replace("x", f"CANARY{path}")
