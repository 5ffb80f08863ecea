"""What differs between two prompts, word by word, and which issue each change answers."""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from contracts.evidence import DiffPart, PromptChange
from runner.functions.optimizer.rewrite import Change
from runner.functions.wording import significant_stems

_TOKEN = re.compile(r"\s+|\w+|[^\w\s]")
_MAX_GAP = 3  # tokens: what is left standing between two changes and is shorter is part of the change
_MAX_PAIRS = 2_000_000  # of words that may be compared; longer prompts are compared line by line
_LEAST_SHARED = 0.6  # of a claim's significant words, for the claim to be about a change


def word_diff(
    original: str, optimized: str, claims: Sequence[Change] = ()
) -> tuple[tuple[DiffPart, ...], tuple[PromptChange, ...]]:
    """Return the runs of equal, left out and new words in order, and the changes that they amount to.

    The texts of all parts that are not `insert` joined give `original`, of all that are not `delete` `optimized`.

    Args:
        original: the prompt before.
        optimized: the prompt after.
        claims: what its author says to have changed; a change that no claim is about has no issue.
    """
    before, after = _TOKEN.findall(original), _TOKEN.findall(optimized)
    if len(before) * len(after) > _MAX_PAIRS:
        before, after = original.splitlines(keepends=True), optimized.splitlines(keepends=True)
    parts: list[DiffPart] = []
    changes: list[PromptChange] = []
    for old, new in _blocks(before, after):
        if old == new:
            parts.append(DiffPart(kind="equal", text=old))
            continue
        number = len(changes) + 1
        changes.append(PromptChange(number=number, before=old, after=new, issue=_issue_of(old, new, claims)))
        if old:
            parts.append(DiffPart(kind="delete", text=old, change=number))
        if new:
            parts.append(DiffPart(kind="insert", text=new, change=number))
    return tuple(parts), tuple(changes)


def _blocks(before: Sequence[str], after: Sequence[str]) -> list[tuple[str, str]]:
    """Return pairs of old and new text in turn; equal ones are common to both."""
    blocks: list[tuple[str, str]] = []
    is_change: list[bool] = []
    for kind, old_start, old_end, new_start, new_end in SequenceMatcher(
        None, before, after, autojunk=False
    ).get_opcodes():
        old, new = "".join(before[old_start:old_end]), "".join(after[new_start:new_end])
        changed = kind != "equal"
        joins = bool(blocks) and is_change[-1] and (changed or _is_gap(before[old_start:old_end], old_end, before))
        if joins:
            blocks[-1] = (blocks[-1][0] + old, blocks[-1][1] + new)
        else:
            blocks.append((old, new))
            is_change.append(changed)
    return blocks


def _is_gap(tokens: Sequence[str], end: int, before: Sequence[str]) -> bool:
    # One change that reads as one: "be (brief) and (clear)" is told as a whole, not in crumbs.
    return len(tokens) <= _MAX_GAP and end < len(before) and not any(len(token) > _MAX_GAP for token in tokens)


def _issue_of(old: str, new: str, claims: Sequence[Change]) -> str | None:
    stems = significant_stems(f"{old} {new}")
    issues: list[str] = []
    for claim in claims:
        wanted = significant_stems(claim.text)
        is_about = bool(wanted) and len(wanted & stems) / len(wanted) >= _LEAST_SHARED
        if is_about and claim.issue not in issues:
            issues.append(claim.issue)
    return "; ".join(issues) or None
