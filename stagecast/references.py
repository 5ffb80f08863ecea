"""What a parsed template reads: its free names with the constant keys after them. Evaluates nothing."""

from dataclasses import dataclass

from jinja2 import nodes
from jinja2.meta import find_undeclared_variables

Path = tuple[str, ...]
"""A name and the constant keys after it: `stages.analyze.output` is `("stages", "analyze", "output")`."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A name that an expression reads: `stages.analyze` is ("stages", "analyze"), a bare `item` ("item", None)."""

    root: str
    name: str | None


def references_of(paths: frozenset[Path]) -> frozenset[Reference]:
    """Cut paths down to their first two parts."""
    return frozenset(Reference(path[0], path[1] if len(path) > 1 else None) for path in paths)


def find_paths(tree: nodes.Template) -> frozenset[Path]:
    """Return every path that starts at a name which the template does not set itself, each at its full length.

    A path ends where a key is not constant: `inputs.rows[i].name` is `("inputs", "rows")`.
    """
    free = find_undeclared_variables(tree)
    links = list(tree.find_all((nodes.Getattr, nodes.Getitem)))
    continued = {id(link.node) for link in links if _path(link) is not None}
    found = (_path(node) for node in (*tree.find_all(nodes.Name), *links) if id(node) not in continued)
    return frozenset(path for path in found if path is not None and path[0] in free)


def _path(node: nodes.Node) -> Path | None:
    match node:
        case nodes.Name(ctx="load"):
            return (node.name,)
        case nodes.Getattr():
            owner = _path(node.node)
            return None if owner is None else (*owner, node.attr)
        case nodes.Getitem(arg=nodes.Const(value=str() as key)):
            owner = _path(node.node)
            return None if owner is None else (*owner, key)
        case _:
            return None
