"""A simulated model whose accuracy hangs on one visible feature of the prompt, and which can write that feature."""

import json
import re
from collections.abc import Callable
from typing import Any
from zlib import crc32

from contracts.pipeline import JsonSchema, ModelSpec
from runner.benchmark.method import Models
from runner.models.client import ModelReply, ModelRequest

FEATURE = "Give only the answer"
"""A prompt with these words is answered rightly; without them, a third of the questions are."""

INSTRUCTIONS = "Answer the question. Be brief."
BETTER = f"{INSTRUCTIONS} {FEATURE}."
_SUM = re.compile(r"What is (\d+) plus (\d+)\?")

SPEC = ModelSpec(use="local:pupil", temperature=0, max_tokens=32)
MODELS = Models(SPEC, SPEC, SPEC)


class Pupil:
    """Answers sums, and writes prompts when asked for anything else.

    Attributes:
        requests: every call, in order.
        knows_better: writes prompts with the feature; else it writes what does not help.
    """

    def __init__(self, *, knows_better: bool = True) -> None:
        self.requests: list[ModelRequest] = []
        self.knows_better = knows_better

    async def prepare(self, spec: ModelSpec) -> None:
        """Do nothing."""

    async def complete(self, request: ModelRequest, on_text: Callable[[str], None] | None = None) -> ModelReply:
        """Answer at once."""
        self.requests.append(request)
        value = self._value(request.schema, "") if request.schema else self._text(request.user)
        text = value if isinstance(value, str) else json.dumps(value)
        return ModelReply(text, value, request.spec.use, len(request.user.split()), len(text.split()), 0.001)

    def is_priced(self, spec: ModelSpec) -> bool:
        """Say yes."""
        return True

    async def close(self) -> None:
        """Nothing to free."""

    def _text(self, asked: str) -> str:
        if "Improve this prompt" in asked or "write a new instruction" in asked:
            return (
                f"{self._instructions()}\n\n{{question}}" if "Improve" in asked else f"```\n{self._instructions()}\n```"
            )
        sums = _SUM.findall(asked)
        if not sums:
            return "I do not know."
        first, second = (int(number) for number in sums[-1])
        is_right = FEATURE in asked or crc32(f"{first} {second}".encode()) % 3 == 0
        return f"It is {first + second + (not is_right)}."

    def _value(self, schema: JsonSchema, name: str) -> Any:
        """A value that fits the schema: whatever is a prompt or a choice has the feature, as far as it can."""
        if "enum" in schema:
            return next((each for each in schema["enum"] if self.knows_better and FEATURE in each), schema["enum"][0])
        kind = schema.get("type")
        if kind == "object":
            return {key: self._value(each, key) for key, each in schema.get("properties", {}).items()}
        if kind == "array":
            return [self._value(schema["items"], name) for _ in range(max(1, schema.get("minItems", 1)))]
        if kind in {"integer", "number"}:
            return schema.get("minimum", 1)
        if kind == "boolean":
            return True
        text = f"{self._instructions()}\n\n{{question}}" if name == "prompt" else self._instructions()
        return text[: schema.get("maxLength", len(text))]

    def _instructions(self) -> str:
        return BETTER if self.knows_better else f"{INSTRUCTIONS} Be kind."
