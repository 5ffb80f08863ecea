"""The examples of docs/javascript.md, run as they stand there."""

import asyncio
import re
from pathlib import Path

import pytest

from tests.processes import REPOSITORY, Stack
from tests.web.node import WAIT_SECONDS, Node

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGE = (REPOSITORY / "docs" / "javascript.md").read_text()
EXAMPLES = re.findall(r"^```js\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
CLIENT = (REPOSITORY / "web" / "client.js").as_uri()
SAID = [
    "execution:completed  success",
    "execution:completed",
    "cancelled: true",
    "newest executions; the next page is before",
    "connecting\nopen\n",
    "pipeline_not_found 404 Pipeline not found",
]


@pytest.mark.parametrize(
    ("example", "said"), list(zip(EXAMPLES, SAID, strict=True)), ids=list(range(1, len(EXAMPLES) + 1))
)
async def test_an_example_does_what_it_shows(stack: Stack, node: Node, tmp_path: Path, example: str, said: str) -> None:
    made = f'import {{ Client }} from "{CLIENT}";\nconst client = new Client("{stack.url}");\n'
    # Node takes no modules from addresses; and the gateway of the test is at another one.
    _, its_own, rest = example.rpartition("const client = new Client();")
    (tmp_path / "example.mjs").write_text(made + (rest.partition("\n")[2] if its_own else example))
    process = await asyncio.create_subprocess_exec(
        *node.command(str(tmp_path / "example.mjs")),
        env={"NODE_NO_WARNINGS": "1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert (process.returncode, said in output.decode()) == (0, True), output.decode()
