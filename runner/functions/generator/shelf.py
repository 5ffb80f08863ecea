"""The one directory into which generated pipelines may be written: never beside it, never over what is there.

Each step is made relative to the directory as it was opened, so nobody can put another in its place meanwhile.
"""

import os
import secrets
import stat
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from contracts.errors import MissingSetting, StageError
from runner.functions.generator.identity import file_name
from stagecast.catalog import Catalog
from stagecast.functions import FunctionRegistry
from stagecast.yaml_lines import MAX_FILE_BYTES

_SETTING = "STAGECAST_GENERATED_DIR"
_MODE = 0o644


class Shelf:
    """The directory that the runner's operator has set.

    Args:
        directory: None where none is set.
    """

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory

    def check(self) -> None:
        """See whether a file could be written, so that nothing is spent in vain.

        Raises:
            MissingSetting: no directory is set, or the one that is set cannot be used.
        """
        with self._open() as (directory, _):
            if not os.access(".", os.W_OK | os.X_OK, dir_fd=directory):
                raise MissingSetting(f"The runner may not write into the directory of {_SETTING}.")

    def ids(self, registry: FunctionRegistry) -> frozenset[str]:
        """Return the ids that pipelines in the directory have, and those that files are named after."""
        with self._open() as (_, path):
            named = {file.stem for file in path.glob("*.yaml")}
            return frozenset(named | {entry.pipeline.id for entry in Catalog(path, registry).list()})

    def put(self, pipeline_id: str, text: str) -> str:
        """Write a pipeline's file, whole or not at all; return its name. A file of the same content is success.

        Raises:
            MissingSetting: as of `check`.
            StageError: there is something else of this name (`exists`), the id is none (`bad_id`), the text is too
                large (`too_large`), or the system refuses (`not_saved`).
        """
        name, content = file_name(pipeline_id), text.encode()
        if len(content) > MAX_FILE_BYTES:
            raise StageError(f"A pipeline file has at most {MAX_FILE_BYTES:,} bytes.", code="too_large")
        with self._open() as (directory, _):
            try:
                _write(directory, name, content)
            except FileExistsError:
                if _content(directory, name) != content:
                    message = f"{name} is there already, with other content; give another id."
                    raise StageError(message, code="exists") from None
            except OSError as error:
                raise StageError(f"{name} cannot be saved: {_reason(error)}.", code="not_saved") from None
        return name

    @contextmanager
    def _open(self) -> Generator[tuple[int, Path]]:
        """Give the opened directory and its path."""
        if self._directory is None:
            raise MissingSetting(
                f"Option save needs {_SETTING}: a directory into which the runner may write pipelines."
            )
        try:
            opened = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            # Its path is the operator's affair, and not for whoever runs pipelines.
            is_link = self._directory.is_symlink()
            why = "it is a symbolic link; name the directory itself" if is_link else _reason(error)
            raise MissingSetting(f"The directory of {_SETTING} cannot be used: {why}.") from None
        try:
            yield opened, self._directory
        finally:
            os.close(opened)


def _write(directory: int, name: str, content: bytes) -> None:
    # Written aside, then linked: the name appears with the whole file behind it, and only where nothing has it. The
    # dot keeps gateways from reading the file aside.
    aside = f".{name}.{secrets.token_hex(8)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    opened = os.open(aside, flags, 0o600, dir_fd=directory)
    try:
        with os.fdopen(opened, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), _MODE)
            os.fsync(file.fileno())
        os.link(aside, name, src_dir_fd=directory, dst_dir_fd=directory, follow_symlinks=False)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(aside, dir_fd=directory)
    os.fsync(directory)


def _content(directory: int, name: str) -> bytes | None:
    """Return what a regular file of this name holds; None for whatever else has the name, or is too large."""
    try:
        opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=directory)
    except OSError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            return None
        with os.fdopen(opened, "rb", closefd=False) as file:
            return file.read(MAX_FILE_BYTES + 1)
    finally:
        os.close(opened)


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
