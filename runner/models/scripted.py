"""Models that answer from a script: for tests, demos and load tests. They cost what the script says.

The script is a YAML or JSON file, `{NAME: [entry, …]}`, or the same as data. `scripted:echo` needs none.
"""

import asyncio
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from ruamel.yaml import YAML, YAMLError

from contracts.errors import MissingSetting, ModelError
from contracts.pipeline import ModelSpec
from runner.models.answers import AnswerMismatch, read_answer
from runner.models.client import ModelCallFailed, ModelReply, ModelRequest, Spent
from stagecast.prices import cost_usd

_WORD = re.compile(r"\S+\s*|\s+")


class ScriptedError(BaseModel):
    """A failure to play."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str = "model_error"
    message: str = "The script says that this call fails."
    retryable: bool = False
    retry_after: float | None = Field(default=None, description="Seconds.")


class Script(BaseModel):
    """One entry of a scripted model: which calls it answers, and how."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    match: str | None = Field(
        default=None, description="Regular expression, searched in the user message; any if left out."
    )
    reply: Any = Field(default="", description="Text, or a JSON value that is written out.")
    delay_ms: int = Field(default=0, ge=0, description="Wait before the first piece.")
    chunks: int | None = Field(
        default=None, ge=1, description="How many pieces the text comes in; one a word if left out."
    )
    pause_ms: int = Field(default=0, ge=0, description="Wait after each piece, as a model that writes slowly.")
    error: ScriptedError | None = Field(default=None, description="Fail instead, after the delay.")
    times: int | None = Field(default=None, ge=1, description="Use the entry this often, then the next that matches.")
    input_tokens: int | None = Field(default=None, ge=0, description="The words of the messages if left out.")
    output_tokens: int | None = Field(default=None, ge=0, description="The words of the reply if left out.")
    cost: float | None = Field(default=0.0, ge=0, description="US dollars; null plays a model of unknown price.")


_scripts: TypeAdapter[dict[str, tuple[Script, ...]]] = TypeAdapter(dict[str, tuple[Script, ...]])


class ScriptedModels:
    """The model client of `scripted:`. The first entry that matches and is not used up answers."""

    def __init__(self, file: Path | None = None, scripts: Mapping[str, Sequence[Script]] | None = None) -> None:
        self._file = file
        self._scripts = {name: tuple(entries) for name, entries in (scripts or {}).items()}
        self._is_read = file is None
        self._used: dict[tuple[str, int], int] = {}
        self.calls: list[ModelRequest] = []
        """Every call made so far, in order."""

    async def prepare(self, spec: ModelSpec) -> None:
        """Do nothing: what takes long is done by now."""

    async def complete(self, request: ModelRequest, on_text: Callable[[str], None] | None = None) -> ModelReply:
        """Play the entry that fits.

        Raises:
            ModelError: the entry says so, its reply is not what the schema asks for, or no entry fits.
            MissingSetting: no script has this name.
        """
        self.calls.append(request)
        script = self._next(request)
        if script.delay_ms:
            await asyncio.sleep(script.delay_ms / 1000)
        if script.error is not None:
            raise _failure(request.spec, script)
        text = script.reply if isinstance(script.reply, str) else json.dumps(script.reply)
        for piece in _pieces(text, script.chunks):
            if on_text is not None:
                on_text(piece)
            await asyncio.sleep(script.pause_ms / 1000)  # also 0: as with a real stream, others run between the pieces
        return _reply(request, script, text)

    def is_priced(self, spec: ModelSpec) -> bool:
        """Tell whether the definition has a price, or no entry's cost is null."""
        return spec.price is not None or all(script.cost is not None for script in self._entries(spec.name))

    async def close(self) -> None:
        """Do nothing: there is nothing to free."""

    def _next(self, request: ModelRequest) -> Script:
        name = request.spec.name
        for index, script in enumerate(self._entries(name)):
            if script.match is not None and re.search(script.match, request.user, re.DOTALL) is None:
                continue
            used = self._used.get((name, index), 0)
            if script.times is None or used < script.times:
                self._used[name, index] = used + 1
                return script if name != "echo" or "echo" in self._scripts else Script(reply=request.user)
        raise ModelError(f"No entry of scripted:{name} fits this call (any more).", code="unscripted")

    def _entries(self, name: str) -> tuple[Script, ...]:
        if not self._is_read and self._file is not None:
            self._scripts = read_scripts(self._file) | self._scripts
            self._is_read = True
        if name in self._scripts:
            return self._scripts[name]
        if name == "echo":
            return (Script(),)
        raise MissingSetting(f"There is no script '{name}': name a file that has it in STAGECAST_SCRIPTED_MODELS.")


def read_scripts(file: Path) -> dict[str, tuple[Script, ...]]:
    """Read a file of scripted models.

    Raises:
        MissingSetting: the file is not there or not a script; the message says where.
    """
    try:
        loaded: object = YAML(typ="safe", pure=True).load(file)  # pyright: ignore[reportUnknownMemberType]  # untyped there
        return _scripts.validate_python(loaded)
    except OSError as error:
        raise MissingSetting(
            f"STAGECAST_SCRIPTED_MODELS names {file}, which cannot be read: {error.strerror}."
        ) from None
    except YAMLError as error:
        raise MissingSetting(f"{file} is not YAML: {' '.join(str(error).split())}.") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise MissingSetting(f"{file} is not a file of scripted models: {place}: {first['msg']}.") from None


def _pieces(text: str, chunks: int | None) -> list[str]:
    if chunks is None:
        return cast("list[str]", _WORD.findall(text))
    size = max(1, -(-len(text) // chunks))
    return [text[start : start + size] for start in range(0, len(text), size)]


def _spent(spec: ModelSpec, script: Script, words_in: str, words_out: str) -> Spent:
    tokens_in = len(words_in.split()) if script.input_tokens is None else script.input_tokens
    tokens_out = len(words_out.split()) if script.output_tokens is None else script.output_tokens
    return Spent(tokens_in, tokens_out, cost_usd(spec, tokens_in, tokens_out) if spec.price else script.cost)


def _failure(spec: ModelSpec, script: Script) -> ModelError:
    error = script.error or ScriptedError()
    if script.input_tokens is None and script.output_tokens is None:
        return ModelError(
            error.message, code=error.code, is_retryable=error.retryable, retry_after_seconds=error.retry_after
        )
    return ModelCallFailed(
        error.message,
        spent=_spent(spec, script, "", ""),
        code=error.code,
        is_retryable=error.retryable,
        retry_after_seconds=error.retry_after,
    )


def _reply(request: ModelRequest, script: Script, text: str) -> ModelReply:
    spent = _spent(request.spec, script, f"{request.system or ''} {request.user}", text)
    try:
        value = read_answer(text, request.schema)
    except AnswerMismatch as mismatch:
        message = f"{request.spec.use}: {mismatch}"
        raise ModelCallFailed(message, spent=spent, code="schema_mismatch", is_retryable=True) from None
    return ModelReply(text, value, request.spec.use, spent.input_tokens, spent.output_tokens, spent.cost_usd)
