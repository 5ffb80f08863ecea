"""What the dashboard takes from others: it is as they published it."""

import subprocess

from tests.processes import REPOSITORY
from tests.web.node import Node
from tests.web.required import cannot


def test_what_is_vendored_is_as_it_was_published(one_node: Node) -> None:
    if not (REPOSITORY / "node_modules").is_dir():
        cannot("WHAT IS VENDORED IS NOT COMPARED: there is no node_modules; `make check` brings it")
    compared = subprocess.run(
        one_node.command(str(REPOSITORY / "web" / "vendor" / "copy.cjs"), "--check"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert compared.returncode == 0, compared.stderr
