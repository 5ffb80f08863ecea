"""The parts of the dashboard that need no page, in Node: folding, layout, forms, numbers."""

import re

import pytest

from tests.web.node import HERE, Node, run_node_tests

pytestmark = pytest.mark.asyncio(loop_scope="module")

FILES = {file.name: file.read_text() for file in sorted((HERE / "dashboard").glob("*.test.js"))}


@pytest.mark.parametrize("name", FILES)
async def test_a_part_does_what_its_tests_say(one_node: Node, name: str) -> None:
    code, said = await run_node_tests(one_node, f"dashboard/{name}")
    assert code == 0, said
    counted = {kind: int(number) for kind, number in re.findall(r"^\S+ (\w+) (\d+)$", said, re.MULTILINE)}
    assert counted["pass"] == counted["tests"] >= FILES[name].count("test("), said  # one in a loop is several
