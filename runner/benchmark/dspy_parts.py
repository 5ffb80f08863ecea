"""What DSPy needs to run on our meter: an engine, language models, a program, and a way back to an answer.

DSPy is an optional extra without types, so it is loaded when it is used. Its optimizers are in `dspy_methods`.
"""

import asyncio
import contextlib
import io
import logging
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

from contracts.pipeline import JsonSchema, ModelSpec
from runner.benchmark.meter import Meter
from runner.benchmark.method import Assignment, Found, MethodFailed
from runner.benchmark.task import PLACEHOLDER, Item, Lesson
from runner.benchmark.thread_calls import ThreadCalls
from runner.models.client import ModelRequest

AdapterName = Literal["plain", "chat"]
"""How DSPy puts a question: `plain` as every other method does, `chat` in its own format of marked fields."""

_SCHEMA_CHARS = 600  # a text without a limit lets a small model write until its tokens end, and the JSON is cut off


@dataclass(frozen=True, slots=True)
class DspyParts:
    """DSPy, set up for one assignment.

    Attributes:
        dspy: the module.
        target, optimizer: its language models.
        program: what is optimized: a question in, an answer out, the starting prompt as instructions.
        examples: the lesson's items.
    """

    dspy: Any
    target: Any
    optimizer: Any
    program: Any
    examples: list[Any]

    @contextlib.contextmanager
    def running(self, assignment: Assignment, *callbacks: object) -> Generator[None]:
        """Set DSPy's context for this thread: its models, an empty cache in memory, and silence."""
        # Within a run the cache saves calls, as in DSPy's own use; what an earlier run left would falsify the count.
        self.dspy.configure_cache(enable_disk_cache=False, enable_memory_cache=True)
        structured = is_local(assignment.models.optimizer)
        adapter = self.dspy.JSONAdapter() if structured else self.dspy.ChatAdapter()
        logging.getLogger("dspy").setLevel(logging.CRITICAL)
        with (
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
            self.dspy.context(lm=self.target, adapter=adapter, callbacks=list(callbacks)),
        ):
            yield


def is_local(spec: ModelSpec) -> bool:
    """Tell whether a model is one of this machine's, which are too small for DSPy's format of marked fields."""
    return spec.provider == "local"


def adapter_for(spec: ModelSpec) -> AdapterName:
    """Return the adapter that suits a target: DSPy's own where the model can follow it."""
    return "plain" if is_local(spec) else "chat"


def prepare_dspy(assignment: Assignment, calls: ThreadCalls, adapter: AdapterName) -> DspyParts:
    """Load DSPy and set it up.

    Raises:
        MethodFailed: it is not installed.
    """
    try:
        dspy: Any = import_module("dspy")  # an optional extra
        lm15: Any = import_module("dspy.lm15")
    except ImportError:
        raise MethodFailed("not installed: pip install 'stagecast[peers]'") from None
    lesson, models = assignment.lesson, assignment.models
    return DspyParts(
        dspy=dspy,
        target=dspy.LM("stagecast/target", engine=_Engine(lm15, calls, models.target), num_retries=0),
        optimizer=dspy.LM("stagecast/optimizer", engine=_Engine(lm15, calls, models.optimizer), num_retries=0),
        program=_program(dspy, lesson.instructions, adapter),
        examples=[
            dspy.Example(question=item.question, answer=item.answer, item=item).with_inputs("question")
            for item in lesson.items
        ],
    )


def found_program(parts: DspyParts, program: Any, assignment: Assignment, adapter: AdapterName, note: str) -> Found:
    """Return what DSPy came to; questions are answered by the program itself."""
    lm15: Any = import_module("dspy.lm15")
    loop = asyncio.get_running_loop()

    async def answer(meter: Meter, question: str) -> str:
        engine = _Engine(lm15, ThreadCalls(meter, loop), assignment.models.target)
        target = parts.dspy.LM("stagecast/unseen", engine=engine, num_retries=0, cache=False)
        return await asyncio.to_thread(_run, parts.dspy, program, target, question)

    predictor = program.predictors()[0]
    demos = [(str(demo["question"]), str(demo["answer"])) for demo in predictor.demos]
    prompt = render(str(predictor.signature.instructions), demos, PLACEHOLDER)
    return Found(prompt, answer, note, is_whole=adapter == "plain")


def render(instructions: str, demos: Sequence[tuple[str, str]], question: str) -> str:
    """Return the message of the plain adapter: without demonstrations the same as any other method's."""
    shown = [f"{asked}\nAnswer: {answered}" for asked, answered in demos]
    return "\n\n".join([instructions, *shown, question])


def is_right(lesson: Lesson, example: Any, prediction: Any) -> bool:
    """Tell whether a prediction is right; DSPy's metric."""
    item: Item = example.item
    return lesson.is_right(item, str(prediction.answer))


def _run(dspy: Any, program: Any, target: Any, question: str) -> str:
    with dspy.context(lm=target, adapter=dspy.ChatAdapter(), callbacks=[]):
        try:
            return str(program(question=question).answer)
        except dspy.utils.exceptions.AdapterParseError:
            return ""  # an answer that DSPy cannot read is no answer


def _program(dspy: Any, instructions: str, adapter: AdapterName) -> Any:
    signature = dspy.Signature("question -> answer", instructions)
    if adapter == "chat":
        return dspy.Predict(signature)
    plain = _plain_adapter(dspy)

    class Answer(dspy.Module):
        """Answer a question."""

        def __init__(self) -> None:
            super().__init__()  # pyright: ignore[reportUnknownMemberType]  # DSPy has no types
            self.answer = dspy.Predict(signature)

        def forward(self, question: str) -> Any:
            """Return the prediction."""
            with dspy.context(adapter=plain):
                return self.answer(question=question)

    return Answer()


def _plain_adapter(dspy: Any) -> Any:
    class PlainAdapter(dspy.Adapter):
        """Instructions, demonstrations and question in one message; the answer is all that comes back."""

        def format(self, signature: Any, demos: list[dict[str, Any]], inputs: dict[str, Any]) -> list[dict[str, Any]]:
            """Return the messages."""
            shown = [(str(demo["question"]), str(demo["answer"])) for demo in demos]
            text = render(str(signature.instructions), shown, str(inputs["question"]))
            return [{"role": "user", "content": text}]

        def parse(self, signature: Any, completion: str) -> dict[str, str]:
            """Return the answer."""
            return {"answer": completion}

    return PlainAdapter()


class _Engine:
    """DSPy's interface to one model: a request in its terms becomes a call of ours."""

    supports_response_schema = True
    supported_params = ("temperature", "max_tokens", "response_format")

    def __init__(self, lm15: Any, calls: ThreadCalls, spec: ModelSpec) -> None:
        self._lm15 = lm15
        self._calls = calls
        self._spec = spec

    def complete(self, request: Any) -> Any:
        """Make a call; several messages become one, since a call of ours has one."""
        config = request.config
        chosen = {"temperature": config.temperature, "max_tokens": config.max_tokens}
        spec = self._spec.model_copy(update={name: value for name, value in chosen.items() if value is not None})
        texts = [(str(message.role), str(message.text or "")) for message in request.messages]
        user = texts[0][1] if len(texts) == 1 else "\n\n".join(f"{role.title()}: {text}" for role, text in texts)
        reply = self._calls.ask(
            ModelRequest(spec=spec, user=user, system=_text(request.system), schema=_schema(config.response_format))
        )
        usage = self._lm15.Usage(
            input_tokens=reply.input_tokens,
            output_tokens=reply.output_tokens,
            total_tokens=reply.input_tokens + reply.output_tokens,
        )
        message = self._lm15.Message.assistant(reply.text or " ")  # an empty one is refused
        return self._lm15.Response(id=None, model=request.model, message=message, finish_reason="stop", usage=usage)


def _text(system: Any) -> str | None:
    return system if system is None or isinstance(system, str) else "".join(part.text for part in system)


def _schema(response_format: Mapping[str, Any] | None) -> JsonSchema | None:
    """The JSON Schema that DSPy asks for, its texts bounded."""
    if not response_format or "schema" not in response_format:
        return None
    schema: JsonSchema = dict(response_format["schema"])
    properties: Mapping[str, JsonSchema] = schema.get("properties", {})
    bounded = {
        name: {**field, "maxLength": _SCHEMA_CHARS} if field.get("type") == "string" else field
        for name, field in properties.items()
    }
    return {**schema, "properties": bounded}
