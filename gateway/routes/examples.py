"""Examples of what routes take and answer, for the OpenAPI document; a test holds them against the schemas."""

from typing import Any

# Any: JSON as it crosses the wire.
Json = dict[str, Any]

PIPELINE_ID = "echo-v1"
EXECUTION_ID = "exec_1764244800000_k3v9abcdefghijkl"
FILENAME = "echo-v1_2025-11-27T12-00-00-000Z_k3v9abcdefghijkl.json"
EARLIER_ID = "exec_1764241200000_m2w4abcdefghijkl"

RUN: Json = {"input": "Write a poem about the sea.", "options": {"stages": 2}}
RERUN: Json = {"fromStage": "stage_2", "options": {"stages": 3}}
STARTED: Json = {"executionId": EXECUTION_ID, "pipelineId": PIPELINE_ID, "status": "started"}
RERUN_STARTED: Json = {**STARTED, "rerunOf": EARLIER_ID, "reused": ["stage_1"]}
CANCELLED: Json = {"cancelled": True}
FINISHING: Json = {"finishing": True}

RESULT: Json = {
    "executionId": EXECUTION_ID,
    "pipelineId": PIPELINE_ID,
    "pipelineVersion": "1.0.0",
    "status": "success",
    "timestamp": "2025-11-27T12:00:00.000Z",
    "input": {"prompt": "Write a poem about the sea.", "options": {"stages": 1}},
    "output": {"text": "Write a poem about the sea."},
    "stages": [
        {
            "stageId": "stage_1",
            "stageName": "Stage 1",
            "status": "success",
            "duration": 12,
            "model": None,
            "cost": 0.0,
            "inputTokens": 0,
            "outputTokens": 0,
            "output": {"text": "Write a poem about the sea."},
            "reason": None,
            "error": None,
            "errorCode": None,
            "reusedFrom": None,
        }
    ],
    "summary": {
        "stagesRun": 1,
        "stagesSkipped": 0,
        "stagesFailed": 0,
        "totalDuration": 15,
        "totalCost": 0.0,
        "totalInputTokens": 0,
        "totalOutputTokens": 0,
    },
    "error": None,
    "errorCode": None,
    "rerunOf": None,
}

RERUN_RESULT: Json = {**RESULT, "rerunOf": EARLIER_ID}

ESTIMATE: Json = {
    "pipelineId": PIPELINE_ID,
    "calls": {"low": 1, "expected": 1, "high": 3},
    "inputTokens": {"low": 120, "expected": 120, "high": 360},
    "outputTokens": {"low": 20, "expected": 80, "high": 600},
    "cost": {"low": 0.00007, "expected": 0.00019, "high": 0.00129},
    "stages": [
        {
            "stageId": "stage_1",
            "stageName": "Stage 1",
            "reason": None,
            "model": "openai:gpt-5-mini",
            "calls": {"low": 1, "expected": 1, "high": 3},
            "inputTokens": {"low": 120, "expected": 120, "high": 360},
            "outputTokens": {"low": 20, "expected": 80, "high": 600},
            "cost": {"low": 0.00007, "expected": 0.00019, "high": 0.00129},
            "isComplete": True,
        }
    ],
    "assumptions": ["Four bytes of text, in English four letters, count as one token."],
    "isComplete": True,
    "budget": None,
    "limitedByBudget": False,
}

EXECUTION_ROW: Json = {
    "id": EXECUTION_ID,
    "pipelineId": PIPELINE_ID,
    "status": "success",
    "cancelRequested": False,
    "finishRequested": False,
    "attempt": 1,
    "runner": "runner-7c9f",
    "queuedAt": "2025-11-27T12:00:00.000Z",
    "startedAt": "2025-11-27T12:00:00.010Z",
    "endedAt": "2025-11-27T12:00:00.025Z",
    "filename": FILENAME,
    "excerpt": "Write a poem about the sea.",
}
EXECUTION: Json = {
    **EXECUTION_ROW,
    "lastSeq": 5,
    "rerunOf": None,
    "stages": [
        {
            "id": "stage_1",
            "name": "Stage 1",
            "index": 0,
            "status": "completed",
            "cost": 0.0,
            "duration": 12,
            "model": None,
            "reason": None,
            "error": None,
            "reusedFrom": None,
            "startedAt": "2025-11-27T12:00:00.012Z",
            "endedAt": "2025-11-27T12:00:00.024Z",
        }
    ],
    "result": RESULT,
}

EVENTS: list[Json] = [
    {
        "type": "execution:queued",
        "executionId": EXECUTION_ID,
        "seq": 0,
        "at": "2025-11-27T12:00:00.000Z",
        "pipelineId": PIPELINE_ID,
        "pipeline": {"id": PIPELINE_ID, "name": "Echo", "stages": [{"id": "stage_1", "call": "echo"}]},
        "input": "Write a poem about the sea.",
        "options": {"stages": 1},
        "rerun": None,
    },
    {
        "type": "execution:cancel_requested",
        "executionId": EXECUTION_ID,
        "seq": 1,
        "at": "2025-11-27T12:00:00.008Z",
    },
]
EVENT_LOG: Json = {
    "executionId": EXECUTION_ID,
    "status": "queued",
    "from": 0,
    "to": 1,
    "recovered": True,
    "events": EVENTS,
}

OUTPUT_ROW: Json = {
    "filename": FILENAME,
    "pipelineId": PIPELINE_ID,
    "status": "success",
    "timestamp": "2025-11-27T12:00:00.000Z",
    "duration": 15,
    "cost": 0.0,
    "stagesRun": 1,
    "stagesSkipped": 0,
    "stagesFailed": 0,
    "executionId": EXECUTION_ID,
    "excerpt": "Write a poem about the sea.",
    "verdict": None,
}

PIPELINE_ROW: Json = {
    "filename": "echo-v1.yaml",
    "id": PIPELINE_ID,
    "name": "Echo",
    "version": "1.0.0",
    "description": "Gives the input back.",
    "stageCount": 1,
    "defaultProvider": None,
}
PIPELINE: Json = {
    "pipeline": {
        **PIPELINE_ROW,
        "primary": "text",
        "inputs": {"text": {"type": "string", "minLength": 1}},
        "$defs": {},
        "models": {},
        "budget": None,
    },
    "stages": [
        {
            "id": "stage_1",
            "name": "Stage 1",
            "description": "",
            "index": 0,
            "needs": [],
            "kind": "call",
            "call": "echo",
            "foreach": False,
            "model": None,
            "always": False,
            "conditions": [],
        }
    ],
}

HEALTHY: Json = {"status": "ok"}
READY: Json = {"ready": True, "broker": True, "runners": 2}
NOT_READY: Json = {"ready": False, "broker": False, "runners": 0}
