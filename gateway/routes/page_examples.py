"""Examples of what pages ask besides executions and results; see `gateway.routes.examples`."""

from typing import Any

from gateway.routes.examples import PIPELINE_ID

# Any: JSON as it crosses the wire.
Json = dict[str, Any]

MODELS: Json = {
    "runners": 1,
    "keys": [
        {"setting": "ANTHROPIC_API_KEY", "provider": "anthropic", "isSet": False},
        {"setting": "OPENAI_API_KEY", "provider": "openai", "isSet": False},
    ],
    "models": [
        {
            "use": "local:smollm2",
            "provider": "local",
            "key": None,
            "usable": True,
            "reason": None,
            "usedBy": [{"pipelineId": "prompt-optimizer-v1", "alias": "target"}],
        },
        {
            "use": "openai:gpt-5-mini",
            "provider": "openai",
            "key": "OPENAI_API_KEY",
            "usable": False,
            "reason": "Set OPENAI_API_KEY for the runner and start it again.",
            "usedBy": [{"pipelineId": "summarize-v1", "alias": "fast"}],
        },
    ],
}

PIPELINE_FILENAME = "echo-v1.yaml"
PIPELINE_FILE: Json = {
    "filename": "mine-v1.yaml",
    "id": "mine-v1",
    "problems": [
        {
            "line": 5,
            "column": None,
            "path": "stages.first.promt",
            "message": "a stage has no 'promt'; did you mean 'prompt'?",
        }
    ],
}
PIPELINE_SOURCE: Json = {
    "filename": PIPELINE_FILENAME,
    "id": PIPELINE_ID,
    "problems": [],
    "source": "id: echo-v1\nname: Echo\nstages:\n  - {id: stage_1, call: echo}\n",
}
OPTIONS_FORM: Json = {"options": {"n_cases": 12}, "cases": "question,expected\n1 + 1?,2\n"}
OPTIONS: Json = {"options": {"n_cases": 12, "cases": [{"vars": {"question": "1 + 1?"}, "expected": "2"}]}}

STAGE_ID = "stage_1"
STAGE_INPUT: Json = {
    "stageId": STAGE_ID,
    "kind": "call",
    "call": "echo",
    "reason": None,
    "total": 1,
    "items": [
        {
            "item": None,
            "value": None,
            "system": None,
            "user": None,
            "arguments": {"stage": 1, "text": "Write a poem about the sea."},
        }
    ],
}
