"""Checks pipeline files and prints every problem with its line, as a compiler does. The checks: `stagecast.loading`."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rich.console import Console

from contracts.errors import InvalidPipeline, Problem
from stagecast.catalog import same_id
from stagecast.functions import FunctionRegistry
from stagecast.loading import load_file


def validate(files: Sequence[Path], *, registry: FunctionRegistry | None = None, console: Console | None = None) -> int:
    """Check files, print `file:line: place: message` for each problem, and return the exit code.

    Args:
        files: files, and directories for all their `*.yaml`.
        registry: whose functions and checks the files may name; what is installed here when left out.
        console: where to print; the standard output when left out.

    Returns:
        0 when every file can be run, else 1; also 1 when there is no file.
    """
    console = console or Console(highlight=False, soft_wrap=True)
    found = list(_expand(files))
    problems = check_files(found, registry or FunctionRegistry())
    for path in found:
        for problem in problems[path]:
            console.print(_line(path, problem), markup=False)
        if not problems[path]:
            console.print(f"{path}: valid", markup=False)
    count = sum(len(each) for each in problems.values())
    if not found:
        console.print("There is no pipeline file to check.", markup=False)
    elif count:
        files_text = "1 file" if len(found) == 1 else f"{len(found)} files"
        console.print(f"{count} problem{'' if count == 1 else 's'} in {files_text}", markup=False)
    return 1 if count or not found else 0


def check_files(paths: Iterable[Path], registry: FunctionRegistry) -> dict[Path, list[Problem]]:
    """Return the problems of each file, none for a valid one; two files with the same id is a problem of both."""
    problems: dict[Path, list[Problem]] = {}
    by_id: defaultdict[str, list[str]] = defaultdict(list)
    for path in paths:
        try:
            by_id[load_file(path, registry).id].append(str(path))
            problems[path] = []
        except InvalidPipeline as error:
            problems[path] = list(error.problems)
        except OSError as error:
            problems[path] = [Problem(f"the file cannot be read: {error.strerror or type(error).__name__}")]
    for pipeline_id, names in by_id.items():
        for name, problem in same_id(pipeline_id, names).items():
            problems[Path(name)].append(problem)
    return problems


def _expand(files: Sequence[Path]) -> Iterator[Path]:
    seen: set[Path] = set()
    for each in files:
        for path in sorted(each.glob("[!.]*.yaml")) if each.is_dir() else [each]:
            if path not in seen:
                seen.add(path)
                yield path


def _line(path: Path, problem: Problem) -> str:
    place = f"{path}:{problem.line}" if problem.line is not None else str(path)
    return ": ".join(part for part in (place, problem.path, problem.message) if part)
