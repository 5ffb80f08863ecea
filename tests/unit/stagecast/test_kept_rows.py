"""Rows that are kept: what comes back, what has to make room, and how much memory they take."""

import gc
import random
import tracemalloc

from contracts.requests import CancelReply, RunReply
from contracts.results import OutputListing, PipelineInput, PipelineResult, ResultExtract
from contracts.wire import WireModel
from stagecast.kept_rows import KeptRow, KeptRows
from stagecast.selection import searched_text
from tests.story_server import demo_result

ROW = CancelReply(cancelled=True)


def a_row(row: WireModel = ROW, searched: bytes = b"text") -> KeptRow:
    return KeptRow.of(row, "alice", "success", searched, pipeline_id="echo-v1")


def test_a_row_comes_back_with_its_text() -> None:
    row = RunReply(execution_id='a\n"b', pipeline_id="Grüße")
    kept = a_row(row, b"erste\nzweite Zeile\n")
    assert RunReply.model_validate_json(kept.row()) == row
    assert kept.searched() == b"erste\nzweite Zeile\n"
    assert (kept.pipeline_id, kept.owner, kept.status) == ("echo-v1", "alice", "success")


def test_the_newest_stay_where_not_all_fit_whatever_the_order_they_come_in() -> None:
    size = KeptRows(10**9)
    size.keep("one", 1, a_row())
    rows = KeptRows(size.size * 10)
    moments = list(range(100))
    random.Random(1).shuffle(moments)
    for moment in moments:
        rows.keep(f"row {moment}", moment, a_row())
    assert len(rows) == 10
    assert all(rows.get(f"row {moment}") is not None for moment in range(90, 100))
    assert rows.size == size.size * 10


def test_a_row_that_is_kept_again_or_dropped_is_counted_once() -> None:
    rows = KeptRows(10**9)
    rows.keep("a", 1, a_row())
    size = rows.size
    rows.keep("a", 1, a_row(searched=b"text"))
    assert (len(rows), rows.size) == (1, size)
    rows.drop("a")
    rows.drop("a")
    assert (rows.get("a"), len(rows), rows.size) == (None, 0, 0)


def test_rows_take_about_as_much_memory_as_is_counted() -> None:
    chance, count = random.Random(1), 2_000
    words = ["".join(chance.choices("abcdefghij", k=chance.randint(2, 9))) for _ in range(3_000)]
    rows = KeptRows(10**9)
    gc.collect()
    tracemalloc.start()
    for number in range(count):
        rows.keep(
            f"echo-v1_2026-11-24T15-04-05-123Z_{number:016}.json", 20_261_124_150_405_123 + number, _row(chance, words)
        )
    gc.collect()
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert 0.8 < taken / rows.size < 1.2


def _row(chance: random.Random, words: list[str]) -> KeptRow:
    prompt = " ".join(chance.choices(words, k=80))
    result: PipelineResult = demo_result().model_copy(update={"input": PipelineInput(prompt=prompt)})
    row = OutputListing.of("x" * 53, ResultExtract.model_validate_json(result.model_dump_json()))
    return KeptRow.of(
        row, None, "success", searched_text(prompt, "echo-v1", result.execution_id, None), pipeline_id="echo-v1"
    )
