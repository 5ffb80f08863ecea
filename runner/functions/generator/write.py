"""`write_pipeline`: a design becomes a file that loads, repaired once where it does not. Saving it is `save`."""

import json
from collections.abc import Sequence

from contracts.errors import Problem, StagecastError, StageError
from runner.functions.generator.design import request_for, schema_for
from runner.functions.generator.inspection import Draft, draft_of
from runner.functions.generator.literals import enclose
from runner.functions.generator.task import SYSTEM, Task
from runner.values import Json
from stagecast.functions import FunctionContext, FunctionRegistry

_TOLD = 3  # problems in the message of a failure
_SHOWN_CHARS = 24_000  # of a file, to the model that repairs it
_REPAIR = """\
<file> is the pipeline file that was made of your design in <design>; <problems> is what is wrong with it, by line.
Answer with the whole design once more, without these problems. Change nothing else."""


async def write_pipeline(context: FunctionContext, *, task: dict[str, Json], design: Json) -> dict[str, Json]:
    """Return `{"file": text, "problems": [], "repaired": whether a model was asked to mend it, "mended": what was}`.

    The file loads, and came through a rehearsal with made-up answers; else nothing of it is returned.

    Args:
        context: the stage's; its model repairs.
        task: a `Task`.
        design: as `design_stages` returns it.

    Raises:
        StageError: with the problems, when there are still some after one repair (`not_valid`), or when it could not
            be repaired.
    """
    known, registry = Task.model_validate(task), FunctionRegistry()
    first = await draft_of(design, known, registry)
    if not first.problems:
        return _delivery(first, [])
    context.say(f"The file has {len(first.problems)} problems; asking for a repair.\n")
    try:
        answer = await context.complete(_request(known, design, first), system=SYSTEM, output=schema_for(known))
    except StagecastError as error:
        message = f"The file does not load ({_told(first.problems)}) and could not be repaired: {error.message}"
        raise StageError(message, code=error.code) from None
    second = await draft_of(answer.value, known, registry)
    if second.problems:
        raise StageError(f"The file does not load, even repaired: {_told(second.problems)}", code="not_valid")
    return _delivery(second, [str(problem) for problem in first.problems])


def _delivery(draft: Draft, mended: list[str]) -> dict[str, Json]:
    return {"file": draft.text, "problems": [], "repaired": bool(mended), "mended": mended}


def _request(task: Task, design: Json, draft: Draft) -> str:
    numbered = "\n".join(f"{number:4} {line}" for number, line in enumerate(draft.text.split("\n"), 1))
    return "\n".join(
        [
            request_for(task),
            enclose("design", json.dumps(design, ensure_ascii=False)),
            enclose("file", numbered[:_SHOWN_CHARS]),
            enclose("problems", "\n".join(str(problem) for problem in draft.problems)),
            _REPAIR,
        ]
    )


def _told(problems: Sequence[Problem]) -> str:
    rest = f" (and {len(problems) - _TOLD} more)" if len(problems) > _TOLD else ""
    return "; ".join(str(problem) for problem in problems[:_TOLD]) + rest
