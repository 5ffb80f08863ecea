"""A task in words, cut into its clauses: the steps that its author already named. No model and no grammar is asked."""

import re

MAX_CLAUSES = 4
_MIN_LETTERS = 4  # of a clause without blanks, as in languages that write none
_MARKER = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+")
_CUT = re.compile(r"[;,!?.](?=\s|$)|[\u3001\u3002\uff01\uff0c\uff1a\uff1b\uff1f]")  # the last are Chinese and Japanese
_JOINT = re.compile(r"^(?:(?:and|then)\s+)+", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+")
_NAME_CHARS, _ID_CHARS = 40, 30
_MIN_LAST = 4  # letters of a cut name's last word: it should not end in `and how`
_RESERVED = frozenset({"primary", "models"})  # what no input can be called


def cut_clauses(task: str) -> list[str]:
    """Return one to `MAX_CLAUSES` clauses; what is too short for a step stays with the one before."""
    clauses: list[str] = []
    for line in task.split("\n"):
        for number, part in enumerate(_CUT.split(_MARKER.sub("", line))):
            clause = _JOINT.sub("", part.strip()).strip(" .")
            if not clause:
                continue
            if clauses and not _is_step(clause):
                clauses[-1] += f", {clause}" if number else f"; {clause}"
            else:
                clauses.append(clause)
    rest = ", ".join(clauses[MAX_CLAUSES - 1 :])
    return [*clauses[: MAX_CLAUSES - 1], *([rest] if rest else [])] or [task]


def name_of(clause: str) -> str:
    """Return the beginning of a clause as a name for people."""
    words = clause[: _NAME_CHARS + 1].split()
    if len(clause) > _NAME_CHARS and len(words) > 1:
        words.pop()  # it was cut, or the next one begins right after it
        while len(words) > 1 and len(words[-1]) < _MIN_LAST:
            words.pop()
    name = " ".join(words)[:_NAME_CHARS]
    return name[:1].upper() + name[1:]


def id_of(clause: str, fallback: str) -> str:
    """Return a stage id made of the clause's first two words that are not very short."""
    words = [word for word in re.findall(r"[a-z]+", clause.lower()) if len(word) > 3]
    return "_".join(words[:2])[:_ID_CHARS].strip("_") or fallback


def words_for_input(task: str, limit: int) -> list[str]:
    """Return the different words of the first clause by which an input could be called, in order."""
    words = (word.lower() for word in _WORD.findall(cut_clauses(task)[0]))
    named = (word for word in words if word.isascii() and 3 < len(word) <= _ID_CHARS and word not in _RESERVED)
    return [*dict.fromkeys(named)][:limit]


def _is_step(clause: str) -> bool:
    return " " in clause or (not clause.isascii() and len(clause) >= _MIN_LETTERS)
