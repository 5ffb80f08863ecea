"""The pipelines of a directory, kept in view: which can be run, and which are broken.

Reading and checking one file is `stagecast.loading`; what is shown of a pipeline, `stagecast.pipeline_view`.
"""

import os
import re
import stat
import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from contracts.errors import InvalidPipeline, PipelineNotFound, Problem
from contracts.pipeline import Pipeline
from stagecast.functions import FunctionRegistry
from stagecast.loading import load_file, load_pipeline
from stagecast.yaml_lines import MAX_FILE_BYTES

__all__ = ["Catalog", "CatalogEntry", "CatalogFile", "load_pipeline"]

_SUFFIX = ".yaml"
_ID_LINE = re.compile(r"""^id:[ \t]*["']?([A-Za-z0-9_-]+)""", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """A pipeline that can be run, and the name of its file."""

    filename: str
    pipeline: Pipeline


@dataclass(frozen=True, slots=True)
class _File:
    """What was found in one file: `stamp` tells whether it changed since, `claimed_id` whose file it wants to be."""

    stamp: tuple[int, ...]
    claimed_id: str
    found: CatalogEntry | InvalidPipeline


@dataclass(frozen=True, slots=True)
class CatalogFile:
    """One file, whether or not it can be run: the id that it claims, and what is wrong with it."""

    filename: str
    id: str
    problems: Sequence[Problem]


class Catalog:
    """The pipelines of a directory: `*.yaml`, hidden files left out.

    Every call looks at the directory first and reads what is new or changed, so no restart is needed; files that did
    not change cost one look at their status. A broken file takes down nothing else. Safe to use from several threads.
    """

    def __init__(self, directory: Path, registry: FunctionRegistry) -> None:
        """Remember where to look; nothing is read yet, and the directory need not exist.

        Args:
            directory: where the files are.
            registry: whose functions and checks they may name.
        """
        self._directory = directory
        self._registry = registry
        self._files: dict[str, _File] = {}
        self._lock = threading.Lock()

    @property
    def registry(self) -> FunctionRegistry:
        """Whose functions and checks the files may name."""
        return self._registry

    def list(self) -> Sequence[CatalogEntry]:
        """Return the pipelines that can be run, by id."""
        found = [file.found for file in self._refresh().values()]
        return sorted((each for each in found if isinstance(each, CatalogEntry)), key=lambda each: each.pipeline.id)

    def get(self, pipeline_id: str) -> CatalogEntry:
        """Return one pipeline. The id is compared with those that were read; it becomes no part of a path.

        Raises:
            PipelineNotFound: no file has this id.
            InvalidPipeline: the file that has it is broken, or two files have it.
        """
        named = [file.found for file in self._refresh().values() if file.claimed_id == pipeline_id]
        for found in named:
            if isinstance(found, CatalogEntry):
                return found
        for found in named:
            if isinstance(found, InvalidPipeline):
                # A fresh one each time: a raised exception collects its callers' frames.
                raise InvalidPipeline(found.problems, file=found.file)
        raise PipelineNotFound

    def broken(self) -> Sequence[InvalidPipeline]:
        """Return what is wrong with the files that cannot be run, by file name."""
        return [file.found for file in self._refresh().values() if isinstance(file.found, InvalidPipeline)]

    def files(self) -> Sequence[CatalogFile]:
        """Return all files, those that can be run, too, by name."""
        return [_shown(name, file) for name, file in self._refresh().items()]

    def file(self, filename: str) -> tuple[CatalogFile, str]:
        """Return one file with its text. The name is compared with those that were read, so it leads nowhere else.

        The text is that of as much as is read of a file (`MAX_FILE_BYTES`); what is not UTF-8 is U+FFFD in it.

        Raises:
            PipelineNotFound: there is no such file (any more).
        """
        known = self._refresh().get(filename)
        if known is None:
            raise PipelineNotFound(f"There is no pipeline file '{filename[:100]}'")
        try:
            text = _text_of(self._directory / filename)
        except FileNotFoundError:
            raise PipelineNotFound(f"There is no pipeline file '{filename[:100]}'") from None
        except OSError:
            text = ""  # its problem says so
        return _shown(filename, known), text

    def _refresh(self) -> dict[str, _File]:
        with self._lock:
            self._files = {
                name: known
                for name, entry in sorted(self._entries().items())
                if (known := self._look(entry)) is not None
            }
            return _without_doubles(self._files)

    def _entries(self) -> dict[str, os.DirEntry[str]]:
        # For each submission, so not `Path.glob`, which takes three times as long.
        try:
            with os.scandir(self._directory) as entries:
                return {
                    entry.name: entry
                    for entry in entries
                    if entry.name.endswith(_SUFFIX) and not entry.name.startswith(".")
                }
        except OSError:
            return {}

    def _look(self, entry: os.DirEntry[str]) -> _File | None:
        try:
            status = entry.stat()
            if not stat.S_ISREG(status.st_mode):
                return None
            # The change time, too: a file that was moved here may be as old and as long as the one before.
            stamp = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)
            known = self._files.get(entry.name)
            if known is not None and known.stamp == stamp:
                return known
            return _read(self._directory / entry.name, stamp, self._registry)
        except FileNotFoundError:
            return None
        except OSError as error:
            problem = Problem(f"the file cannot be read: {error.strerror or type(error).__name__}")
            return _File((), entry.name.removesuffix(_SUFFIX), InvalidPipeline([problem], file=entry.name))


def _read(path: Path, stamp: tuple[int, ...], registry: FunctionRegistry) -> _File:
    try:
        pipeline = load_file(path, registry)
        return _File(stamp, pipeline.id, CatalogEntry(path.name, pipeline))
    except InvalidPipeline as error:
        written = _ID_LINE.search(_text_of(path))
        return _File(stamp, written[1] if written else path.stem, InvalidPipeline(error.problems, file=path.name))


def _text_of(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(MAX_FILE_BYTES).decode("utf-8-sig", errors="replace")


def _shown(filename: str, file: _File) -> CatalogFile:
    problems = file.found.problems if isinstance(file.found, InvalidPipeline) else ()
    return CatalogFile(filename, file.claimed_id, problems)


def _without_doubles(files: dict[str, _File]) -> dict[str, _File]:
    by_id: defaultdict[str, list[str]] = defaultdict(list)
    for name, file in files.items():
        if isinstance(file.found, CatalogEntry):
            by_id[file.found.pipeline.id].append(name)
    checked = dict(files)
    for pipeline_id, names in by_id.items():
        for name, problem in same_id(pipeline_id, names).items():
            checked[name] = replace(files[name], found=InvalidPipeline([problem], file=name))
    return checked


def same_id(pipeline_id: str, files: Sequence[str]) -> dict[str, Problem]:
    """Return the problem of each of several files with one id, by file: which is meant, nobody could tell."""
    if len(files) < 2:
        return {}
    return {
        file: Problem(
            f"the id '{pipeline_id}' is also that of {', '.join(other for other in files if other != file)}; "
            "the ids of pipelines must differ",
            path="id",
        )
        for file in files
    }
