"""Reads one pipeline file and tells every problem with its line. Keeping a directory of them is `stagecast.catalog`.

The checks themselves are in `stagecast.definition_shape`, `definition_checks` and `definition_templates`.
"""

import stat
from pathlib import Path

from contracts.errors import InvalidPipeline, Problem
from contracts.pipeline import Pipeline
from stagecast.definition import Draft
from stagecast.definition_checks import check_parts
from stagecast.definition_shape import check_shape
from stagecast.definition_templates import check_templates
from stagecast.functions import FunctionRegistry
from stagecast.plain import is_mapping
from stagecast.yaml_lines import MAX_FILE_BYTES, UnreadableYaml, read_yaml
from stagecast.yaml_lines import Path as Place

MAX_PROBLEMS = 50  # of one file: more than anyone reads at once, and "did you mean" takes 0.3 ms for each


class _EnoughProblems(Exception):
    """A draft has as many problems as are told of one file."""


class _BoundedDraft(Draft):
    """A draft whose examination ends at `MAX_PROBLEMS`."""

    def report(self, path: Place, message: str, line_within: int | None = None) -> None:
        super().report(path, message, line_within)
        self._end_when_full()

    def report_faults(self) -> None:
        super().report_faults()
        self._end_when_full()

    def _end_when_full(self) -> None:
        if len(self.problems) >= MAX_PROBLEMS:
            raise _EnoughProblems


def load_pipeline(text: str, *, file: str, registry: FunctionRegistry) -> Pipeline:
    """Read a pipeline definition and check all of it.

    Args:
        text: YAML 1.2.
        file: name for messages.
        registry: whose functions and checks the file may name; none of them is imported.

    Raises:
        InvalidPipeline: with the problems that were found, at most `MAX_PROBLEMS`, in order of line.
    """
    try:
        draft = _BoundedDraft(read_yaml(text))
    except UnreadableYaml as error:
        raise InvalidPipeline([error.problem], file=file) from None
    if not is_mapping(draft.document.value):
        what = "the file is empty" if draft.document.value is None else "the file is no mapping of keys to values"
        raise InvalidPipeline([Problem(f"{what}; begin with id, name and stages", 1)], file=file)
    try:
        pipeline = _check(draft, registry)
    except _EnoughProblems:
        pipeline = None
    told = dict.fromkeys(draft.problems[:MAX_PROBLEMS])
    problems = sorted(told, key=lambda each: (each.line or 0, each.path))
    if len(draft.problems) >= MAX_PROBLEMS:
        problems.append(Problem(f"there may be more; the checks end at {MAX_PROBLEMS} problems"))
    if problems or pipeline is None:
        raise InvalidPipeline(problems or [Problem("the file does not keep the format")], file=file)
    return pipeline


def _check(draft: Draft, registry: FunctionRegistry) -> Pipeline | None:
    draft.report_faults()
    pipeline = check_shape(draft)
    check_parts(draft, registry)
    check_templates(draft)
    return pipeline


def load_file(path: Path, registry: FunctionRegistry) -> Pipeline:
    """Read one file.

    Raises:
        InvalidPipeline: as of `load_pipeline`; also for what is no regular file, no UTF-8 or too large.
        OSError: the file cannot be read.
    """
    if not stat.S_ISREG(path.stat().st_mode):  # a pipe would be waited for, and a device may never end
        raise InvalidPipeline([Problem("this cannot be read: it is no regular file")], file=path.name)
    with path.open("rb") as file:
        content = file.read(MAX_FILE_BYTES + 1)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if len(content) > MAX_FILE_BYTES:
            text = "x" * len(content)  # the last character may have been cut; the size is what is told
        else:
            line = content[: error.start].count(b"\n") + 1
            raise InvalidPipeline([Problem("this is not UTF-8 text", line)], file=path.name) from None
    return load_pipeline(text, file=path.name, registry=registry)
