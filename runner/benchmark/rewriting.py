"""The plainest methods: leave the prompt as it is, or ask a model once to improve it."""

from runner.benchmark.method import Assignment, Found, found_prompt
from runner.models.client import ModelRequest

_ASK = """\
Improve this prompt so that a language model answers it better. Keep {{question}} in it: the question goes there. \
Reply with the improved prompt only.

{prompt}"""


async def original(assignment: Assignment) -> Found:
    """Return the starting prompt. Costs nothing."""
    return found_prompt(assignment.lesson.prompt, assignment.models.target)


async def one_rewrite(assignment: Assignment) -> Found:
    """Return what one call makes of the starting prompt, whatever it is; an empty answer leaves it as it was.

    Raises:
        ModelError: the call failed.
    """
    prompt = assignment.lesson.prompt
    request = ModelRequest(spec=assignment.models.optimizer, user=_ASK.format(prompt=prompt))
    rewritten = (await assignment.meter.ask(request)).text.strip()
    return found_prompt(rewritten or prompt, assignment.models.target)
