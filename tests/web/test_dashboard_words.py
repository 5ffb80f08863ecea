"""The dashboard and the server's report tell an optimization in the same words."""

import re
from pathlib import Path

import pytest

from stagecast.report.html_page import write_html
from tests.report_examples import EXAMPLES
from tests.web.node import Node, run_node_tests


@pytest.mark.asyncio
async def test_each_sentence_of_the_dashboard_stands_in_the_report(one_node: Node, tmp_path: Path) -> None:
    for name, make in EXAMPLES.items():
        result = make()
        (tmp_path / f"{name}.json").write_text(result.model_dump_json(by_alias=True), encoding="utf-8")
        (tmp_path / f"{name}.html").write_text(write_html(result), encoding="utf-8")
    code, said = await run_node_tests(one_node, "dashboard/result_words.test.js", STAGECAST_TEST_EXAMPLES=str(tmp_path))
    assert code == 0, said
    assert re.search(rf"^\S+ pass {len(EXAMPLES) + 1}$", said, re.MULTILINE), said
