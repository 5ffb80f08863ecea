"""Selected results: which are found, on which pages, what is read for it, and for how long it is looked."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from obstore.store import LocalStore, MemoryStore
from structlog.testing import capture_logs

from contracts.ids import new_execution_id, submitted_at
from contracts.results import PipelineInput, PipelineResult, ResultStatus, StageResult
from stagecast.output_keys import output_key
from stagecast.outputs import OutputStore
from stagecast.selection import Selection

NOON = 1_795_521_600_000
PIPELINES = ("echo-v1", "echo", "Echo-v1_2")
STATUSES: tuple[ResultStatus, ...] = ("success", "failed", "cancelled")
OWNERS = (None, "alice", "bob")
PROMPTS = ("Write a poem", "write\n\tA   POEM about Straßen", "needle in the hay", "")


@dataclass(frozen=True)
class Saved:
    """What was saved, in the order of time."""

    store: OutputStore
    names: list[str] = field(default_factory=list[str])
    results: list[PipelineResult] = field(default_factory=list[PipelineResult])

    async def add(self, result: PipelineResult) -> str:
        self.results.append(result)
        self.names.append(await self.store.save(result))
        return self.names[-1]

    def newest_first(self, is_wanted: Callable[[PipelineResult], bool]) -> list[str]:
        return [name for name, result in zip(self.names, self.results, strict=True) if is_wanted(result)][::-1]


def a_result(number: int, **fields: object) -> PipelineResult:
    execution_id = new_execution_id(NOON + number * 700)
    base = PipelineResult(
        execution_id=execution_id,
        pipeline_id="echo-v1",
        status="success",
        timestamp=submitted_at(execution_id),
        input=PipelineInput(prompt="hello"),
        stages=(StageResult(stage_id="a", stage_name="A", status="success"),),
    )
    return base.model_copy(update=fields)


async def pages_of(store: OutputStore, limit: int, selection: Selection) -> list[list[str]]:
    pages: list[list[str]] = []
    before: str | None = None
    while True:
        page = await store.list(limit=limit, before=before, selection=selection)
        pages.append([row.filename for row in page.rows])
        before = page.next_before
        if before is None:
            return pages


def is_wanted(result: PipelineResult, selection: Selection) -> bool:
    """Say the same as the store in another way."""
    searched = (result.input.prompt, result.pipeline_id, result.execution_id, result.error or "")
    return (
        selection.owner in (None, result.owner)
        and selection.pipeline_id in (None, result.pipeline_id)
        and selection.status in (None, result.status)
        and any(
            " ".join((selection.text or "").split()).casefold() in " ".join(text.split()).casefold()
            for text in searched
        )
    )


def ticking(steps: Iterator[float]) -> Callable[[], float]:
    """Make a clock that goes on by a step each time that it is looked at."""
    return itertools.accumulate(steps).__next__


RESULTS = st.lists(
    st.fixed_dictionaries(
        {
            "owner": st.sampled_from(OWNERS),
            "pipeline_id": st.sampled_from(PIPELINES),
            "status": st.sampled_from(STATUSES),
            "input": st.sampled_from(PROMPTS).map(lambda prompt: PipelineInput(prompt=prompt)),
            "error": st.sampled_from([None, "The model said NEEDLE.", "x"]),
        }
    ),
    max_size=150,
)
SELECTIONS = st.builds(
    Selection,
    owner=st.sampled_from(OWNERS),
    pipeline_id=st.sampled_from([None, *PIPELINES, "nobody-v1"]),
    status=st.sampled_from([None, *STATUSES, "running"]),
    text=st.sampled_from(
        [None, "", " ", "needle", "Poem", "a poem", "STRASSEN", "echo-v1", "exec_", "model said", "?"]
    ),
)


@settings(deadline=None, max_examples=60)
@given(
    fields=RESULTS,
    selection=SELECTIONS,
    limit=st.sampled_from([1, 2, 7, 31, 32, 33, 1000]),
    steps=st.lists(st.sampled_from([0.0, 0.1, 0.5]), min_size=1),
)
async def test_pages_hold_what_is_wanted_once_in_order_whatever_the_limit_and_the_time(
    fields: list[dict[str, object]], selection: Selection, limit: int, steps: list[float]
) -> None:
    saved = Saved(OutputStore(MemoryStore(), clock=ticking(itertools.cycle(steps))))
    for number, one in enumerate(fields):
        await saved.add(a_result(number, **one))
    expected = saved.newest_first(lambda result: is_wanted(result, selection))
    for _ in range(2):  # the second time from what is kept
        pages = await pages_of(saved.store, limit, selection)
        assert [name for page in pages for name in page] == expected
        assert all(len(page) <= limit for page in pages)
        assert len(pages) <= len(fields) // min(limit, 32) + len(expected) + 1  # each page went on


async def test_looking_stops_after_some_tenths_of_a_second_and_goes_on_from_there() -> None:
    storage = MemoryStore()
    saved = Saved(OutputStore(storage, clock=lambda: 0.0))
    oldest = await saved.add(a_result(0, status="failed"))
    for number in range(1, 200):
        await saved.add(a_result(number))
    selection = Selection(status="failed")
    assert await pages_of(saved.store, 10, selection) == [[oldest]]  # as long as no time passes
    slow = OutputStore(storage, clock=ticking(itertools.repeat(0.2)))
    page = await slow.list(limit=10, selection=selection)
    assert (list(page.rows), page.next_before) == ([], saved.names[-64])  # two batches of 32


async def test_everything_is_listed_whatever_time_it_takes() -> None:
    saved = Saved(OutputStore(MemoryStore(), clock=ticking(itertools.repeat(60.0))))
    for number in range(100):
        await saved.add(a_result(number))
    assert [len(page) for page in await pages_of(saved.store, 80, Selection(text=" "))] == [80, 20]


class CountedReads(LocalStore):
    """A directory that counts what is read of it."""

    reads = 0

    async def get_async(self, path: str, *, options: object = None):  # pyright: ignore[reportIncompatibleMethodOverride]
        CountedReads.reads += 1
        return await super().get_async(path)


@pytest.fixture
def counted(tmp_path: Path) -> Saved:
    CountedReads.reads = 0
    return Saved(OutputStore(CountedReads(tmp_path)))


async def test_of_which_pipeline_a_result_is_told_without_reading_it(counted: Saved) -> None:
    wanted = [await counted.add(a_result(number, pipeline_id="rare-v1")) for number in range(2)]
    for number in range(2, 50):
        await counted.add(a_result(number, pipeline_id="rare-v1_2" if number % 2 else "echo-v1"))
    assert await pages_of(counted.store, 10, Selection(pipeline_id="rare-v1")) == [wanted[::-1]]
    assert CountedReads.reads == 2
    assert await pages_of(counted.store, 10, Selection(pipeline_id="../rare-v1")) == [[]]
    assert CountedReads.reads == 2


async def test_a_second_search_reads_nothing_again(counted: Saved) -> None:
    for number in range(70):
        await counted.add(a_result(number))
    for text in ("nothing", "nowhere"):
        await pages_of(counted.store, 10, Selection(text=text))
    assert CountedReads.reads == 70


async def test_a_page_reads_a_bounded_number_of_files_and_says_where_to_go_on(
    counted: Saved, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stagecast.outputs._MAX_FILES_READ", 64)
    monkeypatch.setattr("stagecast.outputs._LOOKING_SECONDS", 3600)
    mine = await counted.add(a_result(0, owner="alice"))
    for number in range(1, 200):
        await counted.add(a_result(number))
    assert await pages_of(counted.store, 10, Selection(owner="alice")) == [[], [], [], [mine]]
    assert await pages_of(counted.store, 10, Selection(owner="alice")) == [[mine]]  # nothing left to be read


async def test_files_that_are_no_results_are_left_out_of_a_search_with_a_warning(tmp_path: Path) -> None:
    saved = Saved(OutputStore.open(str(tmp_path)))
    good, broken, foreign, partial = [await saved.add(a_result(number)) for number in range(4)]
    (tmp_path / output_key(broken)).write_text("{")
    (tmp_path / output_key(foreign)).write_text('{"executionId": "x", "pipelineId": "echo-v1"}')
    whole = (tmp_path / output_key(partial)).read_bytes()
    (tmp_path / output_key(partial)).write_bytes(whole[: len(whole) // 2])
    with capture_logs() as lines:
        for _ in range(2):
            assert await pages_of(saved.store, 10, Selection(text="hello")) == [[good]]
    assert sorted(line["key"] for line in lines) == sorted([broken, foreign, partial])


@pytest.mark.parametrize(
    ("output", "verdict"),
    [
        ({"verdict": "improved", "text": ["x"] * 5}, "improved"),
        ({"verdict": 3}, None),
        ({"verdict": {"is": "x"}}, None),
        ({"text": "x"}, None),
        ("verdict", None),
        (["verdict"], None),
        (7, None),
        (None, None),
        ({"verdict": "x" * 500}, "x" * 160),
    ],
)
async def test_a_row_tells_the_verdict_where_the_output_has_one(output: object, verdict: str | None) -> None:
    saved = Saved(OutputStore(MemoryStore()))
    await saved.add(a_result(0, output=output))
    (row,) = (await saved.store.list(limit=1)).rows
    assert row.verdict == verdict


async def test_a_row_shows_how_the_prompt_begins_on_one_line() -> None:
    saved = Saved(OutputStore(MemoryStore()))
    await saved.add(a_result(0, input=PipelineInput(prompt=" Grüße,\n\n\tWelt  " + "ä" * 500)))
    (row,) = (await saved.store.list(limit=1)).rows
    assert row.excerpt == "Grüße, Welt " + "ä" * 148


async def test_only_the_first_2000_characters_of_a_prompt_are_searched() -> None:
    saved = Saved(OutputStore(MemoryStore()))
    name = await saved.add(a_result(0, input=PipelineInput(prompt="a" * 1990 + "needle" + "b" * 50 + "hay")))
    assert await pages_of(saved.store, 1, Selection(text="needle")) == [[name]]
    assert await pages_of(saved.store, 1, Selection(text="hay")) == [[]]
