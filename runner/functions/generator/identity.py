"""Ids of generated pipelines: given ones checked, others made from a title, none taken. They become file names."""

import re
import unicodedata
from collections.abc import Collection
from pathlib import Path

from contracts.errors import StageError
from contracts.ids import is_pipeline_id

_ROOT = Path(__file__).parents[3]
_SUFFIX = ".yaml"
_MAX_DERIVED = 48  # characters
_MAX_QUOTED = 60
_MAX_SAME = 1_000
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])", re.IGNORECASE)


def shipped_ids() -> frozenset[str]:
    """Return the ids of the pipelines that come with stagecast: each file is named by its id."""
    # Those in the wheel, else those of the checkout that an editable install points to.
    known = (_ROOT / "stagecast" / "pipelines", _ROOT / "pipelines")
    place = next((place for place in known if place.is_dir()), known[0])
    return frozenset(file.stem for file in place.glob(f"*{_SUFFIX}"))


def check_id(wanted: str, taken: Collection[str]) -> str:
    """Return an id that a user asked for.

    Raises:
        StageError: it cannot be an id or a file's name anywhere (`bad_id`), or is taken (`id_taken`).
    """
    shown = repr(wanted[:_MAX_QUOTED])
    if not is_pipeline_id(wanted):
        message = f"{shown} is no pipeline id: letters, digits, - and _, at most 100, the first a letter or digit."
        raise StageError(message, code="bad_id")
    if _DEVICES.fullmatch(wanted):
        raise StageError(f"{shown} names a device on some systems; choose another id.", code="bad_id")
    if _is_taken(wanted, taken):
        raise StageError(f"There is a pipeline {shown} already; choose another id.", code="id_taken")
    return wanted


def derive_id(title: str, taken: Collection[str]) -> str:
    """Return an id made from a title, with a number behind it where it is taken; `pipeline` for one without letters."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain.replace("'", ""))
    slug = "-".join(words)[:_MAX_DERIVED].strip("-")
    if len("-".join(words)) > _MAX_DERIVED and "-" in slug:
        slug = slug.rsplit("-", 1)[0]  # the last word was cut
    if not slug or _DEVICES.fullmatch(slug):
        slug = f"pipeline-{slug}".strip("-")
    numbered = (slug if number == 1 else f"{slug}-{number}" for number in range(1, _MAX_SAME))
    free = next((each for each in numbered if not _is_taken(each, taken)), None)
    if free is None:
        raise StageError(f"There are too many pipelines called {slug!r}; give an id.", code="id_taken")
    return free


def file_name(pipeline_id: str) -> str:
    """Return the name of the file of a pipeline.

    Raises:
        StageError: the id is none (`bad_id`). Nothing that fails here may reach a path.
    """
    return f"{check_id(pipeline_id, ())}{_SUFFIX}"


def _is_taken(wanted: str, taken: Collection[str]) -> bool:
    # Some file systems take upper and lower case for the same.
    return wanted.casefold() in {each.casefold() for each in taken}
