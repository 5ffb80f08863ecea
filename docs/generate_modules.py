"""Writes the tables of modules in docs/architecture.md from the code: purpose from the docstring, imports as found."""

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("contracts", "stagecast", "gateway", "runner")
PAGE = ROOT / "docs" / "architecture.md"


def modules_of(package: str) -> dict[str, ast.Module]:
    """Return the parsed modules of a package by dotted name, without the empty fronts of sub-packages."""
    found: dict[str, ast.Module] = {}
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts[-1] != "__init__":
            found[".".join(parts)] = ast.parse(path.read_text())
    return found


def imports_of(tree: ast.Module) -> list[str]:
    """Return the own modules that a module imports, type-only and late imports included, in order of name."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in PACKAGES:
            names.add(node.module)
        elif isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names if alias.name.split(".")[0] in PACKAGES)
    return sorted(names)


def table(package: str) -> str:
    """Return the table of one package."""
    lines = ["| module | purpose | imports |", "|---|---|---|"]
    for name, tree in modules_of(package).items():
        purpose = (ast.get_docstring(tree) or "").split("\n\n")[0].replace("\n", " ")
        short = [f"`{module.removeprefix(package + '.')}`" for module in imports_of(tree)]
        lines.append(f"| `{name.removeprefix(package + '.')}` | {purpose} | {', '.join(short) or 'none'} |")
    return "\n".join(lines)


def page() -> str:
    """Return docs/architecture.md with its tables brought up to date."""
    text = PAGE.read_text()
    for package in PACKAGES:
        begin, end = f"<!-- modules of {package}: begin -->", f"<!-- modules of {package}: end -->"
        before, rest = text.split(begin)
        _, after = rest.split(end)
        text = f"{before}{begin}\n{table(package)}\n{end}{after}"
    return text


if __name__ == "__main__":
    PAGE.write_text(page())
