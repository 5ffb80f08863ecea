"""Checks for rewritten prompts, named under `check` in a pipeline: what a rewrite must not lose, gain or become.

Each compares with a field of the pipeline's inputs, `prompt` when not told otherwise. The value is the rewritten
prompt: text, or an object with a text under `prompt`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from runner.functions.optimizer.placeholders import find_placeholders
from runner.functions.wording import share_of_new, share_of_subject, shorten, word_runs
from stagecast.functions import CheckContext

_SHOWN = 5  # placeholders named in a refusal
_SHOWN_CHARACTERS = 120
_COPIED_WORDS = 6


def same_placeholders(context: CheckContext, value: object, *, of: str = "prompt") -> str | None:
    """Refuse a prompt that lost a placeholder of the original, or has one that nothing will fill."""
    original, rewritten = find_placeholders(_original(context, of)), find_placeholders(_text(value))
    lost, invented = sorted(original - rewritten), sorted(rewritten - original)
    if lost:
        return f"the placeholders {_list(lost)} are missing; keep them exactly as they are"
    if invented:
        return f"{_list(invented)} was not in the original; leave it out"
    return None


def max_growth(
    context: CheckContext, value: object, *, ratio: float = 3.0, allow_chars: int = 400, of: str = "prompt"
) -> str | None:
    """Refuse a prompt of more characters than `ratio` times the original's plus `allow_chars`."""
    limit = int(len(_original(context, of)) * ratio) + allow_chars
    length = len(_text(value))
    return f"it has {length} characters; {limit} are the most" if length > limit else None


def same_subject(context: CheckContext, value: object, *, min_share: float = 0.5, of: str = "prompt") -> str | None:
    """Refuse a prompt that keeps less than `min_share` of the original's significant words: another subject."""
    share = share_of_subject(_original(context, of), _text(value))
    if share >= min_share:
        return None
    return f"it keeps {share:.0%} of the original's words, less than {min_share:.0%}; rewrite the same prompt"


def no_repetition(context: CheckContext, value: object, *, min_new: float = 0.7, of: str = "prompt") -> str | None:
    """Refuse a prompt that repeats itself, unless the original does so as much."""
    share, before = share_of_new(_text(value)), share_of_new(_original(context, of))
    return None if share >= min(min_new, before) else "it says the same again and again; say each thing once"


def no_case_text(
    context: CheckContext, value: object, *, cases: str = "cases", words: int = 6, of: str = "prompt"
) -> str | None:
    """Refuse a prompt that has taken `words` words in a row from a test case of the pipeline's input `cases`.

    Such a prompt knows the answers to what it is tested on. What the original has already is no copy.
    """
    given = cast("Sequence[Mapping[str, object]]", context.inputs.get(cases) or ())
    texts = [str(text) for case in given for text in _texts_of(case)]
    return _copied(_original(context, of), _text(value), texts, words)


def refuse_rewrite(context: CheckContext, prompt: str, case_texts: Sequence[str] = ()) -> str | None:
    """Return why a rewritten prompt may not even be tried, by all guards with their usual limits; else None.

    Args:
        context: its inputs have the original under `prompt`.
        prompt: the rewritten one.
        case_texts: what it must not quote, besides the cases among the inputs.
    """
    for guard in (same_placeholders, max_growth, same_subject, no_repetition, no_case_text):
        refusal = guard(context, prompt)
        if refusal is not None:
            return refusal
    return _copied(_original(context, "prompt"), prompt, case_texts, _COPIED_WORDS)


def _copied(original: str, prompt: str, texts: Sequence[str], words: int) -> str | None:
    own = word_runs(original, words)
    new = word_runs(prompt, words) - own
    for text in texts:
        shared = new & word_runs(text, words)
        if shared:
            return f"it quotes a test case ('{shorten(' '.join(min(shared)), _SHOWN_CHARACTERS)}'); keep it general"
    return None


def _texts_of(case: Mapping[str, object]) -> Iterator[object]:
    values = case.get("vars")
    if isinstance(values, Mapping):
        yield from cast("Mapping[str, object]", values).values()
    yield from (case[name] for name in ("input", "expected") if case.get(name))


def _original(context: CheckContext, field: str) -> str:
    return str(context.inputs.get(field, ""))


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        return str(cast("Mapping[str, object]", value).get("prompt", ""))
    return str(value)


def _list(placeholders: list[str]) -> str:
    return shorten(", ".join(placeholders[:_SHOWN]), _SHOWN_CHARACTERS)
