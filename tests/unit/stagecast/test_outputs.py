"""Result files in a real directory and in memory."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from obstore.store import LocalStore, MemoryStore
from structlog.testing import capture_logs

from contracts.errors import InvalidId, InvalidInput, OutputNotFound, OutputsUnavailable
from contracts.ids import new_execution_id, submitted_at
from contracts.results import PipelineInput, PipelineResult, StageResult
from stagecast.output_keys import output_key
from stagecast.outputs import OutputStore
from stagecast.selection import Selection

NOON = int(datetime(2026, 11, 24, 12, 0, tzinfo=UTC).timestamp() * 1000)


def a_result(at_ms: int = NOON, *, pipeline: str = "echo-v1", prompt: str = "hello") -> PipelineResult:
    execution_id = new_execution_id(at_ms)
    return PipelineResult(
        execution_id=execution_id,
        pipeline_id=pipeline,
        status="success",
        timestamp=submitted_at(execution_id),
        input=PipelineInput(prompt=prompt),
        output={"optimizedPrompt": prompt},
        stages=(StageResult(stage_id="a", stage_name="A", status="success"),),
    )


@pytest.fixture
def store() -> OutputStore:
    return OutputStore(MemoryStore())


def files_below(directory: Path) -> list[str]:
    return [path.name for path in directory.rglob("*") if path.is_file()]


async def names_by_page(store: OutputStore, limit: int) -> list[list[str]]:
    pages: list[list[str]] = []
    before: str | None = None
    while True:
        page = await store.list(limit=limit, before=before)
        pages.append([row.filename for row in page.rows])
        if page.next_before is None:
            return pages
        before = page.next_before


async def test_a_saved_result_is_read_back_whole(store: OutputStore):
    result = a_result(prompt="Grüße, 世界")
    filename = await store.save(result)
    assert PipelineResult.model_validate_json(await store.read(filename)) == result


async def test_the_file_is_indented_json_with_the_names_of_the_story(tmp_path: Path):
    filename = await OutputStore.open(str(tmp_path)).save(a_result(prompt="Grüße"))
    text = (tmp_path / output_key(filename)).read_text(encoding="utf-8")
    assert '\n  "pipelineId": "echo-v1"' in text
    assert "Grüße" in text
    assert json.loads(text)["stages"][0]["stageName"] == "A"


def test_a_result_lies_under_its_day_minute_and_second():
    filename = "echo-v1_2026-11-24T15-04-05-123Z_k3v9abcdefghijkl.json"
    assert output_key(filename) == f"2026-11-24/15-04/05/{filename}"
    with pytest.raises(InvalidId):
        output_key("../secrets.json")


async def test_saving_again_replaces_the_file_and_its_row(store: OutputStore):
    result = a_result()
    first = await store.save(result)
    await store.list(limit=1)
    again = await store.save(result.model_copy(update={"status": "failed"}))
    assert first == again
    assert [row.status for row in (await store.list(limit=10)).rows] == ["failed"]


async def test_a_reader_sees_the_whole_file_or_none_while_it_is_replaced(tmp_path: Path):
    store = OutputStore.open(str(tmp_path))
    result = a_result(prompt="x" * 500_000)
    filename = await store.save(result)
    expected = await store.read(filename)
    saving = [asyncio.create_task(store.save(result)) for _ in range(10)]
    seen = [await store.read(filename) for _ in range(20)]
    await asyncio.gather(*saving)
    assert all(content == expected for content in seen)
    assert files_below(tmp_path) == [filename]


@pytest.mark.parametrize(
    "filename",
    [
        "echo-v1_2026-11-24T15-04-05-123Z_k3v9abcdefghijkl.json",
        "../../etc/passwd",
        "",
        ".gitkeep",
        "echo-v1_2026-11-24T15-04-05-123Z_k3v9abcdefghijkl.json\n",
    ],
)
async def test_a_name_that_is_missing_or_malformed_is_not_found(store: OutputStore, filename: str):
    with pytest.raises(OutputNotFound):
        await store.read(filename)


async def test_the_newest_come_first_whichever_pipeline_they_belong_to(store: OutputStore):
    moments = [NOON, NOON + 1, NOON + 2, NOON + 1_000, NOON + 60_000, NOON + 86_400_000]
    pipelines = ["zeta", "alpha", "mid", "zeta", "alpha", "zeta"]
    saved = [await store.save(a_result(at, pipeline=name)) for at, name in zip(moments, pipelines, strict=True)]
    assert [row.filename for row in (await store.list(limit=100)).rows] == saved[::-1]


@pytest.mark.parametrize("step_ms", [0, 1, 7_000, 90_000, 86_400_000])
@pytest.mark.parametrize("limit", [1, 7, 40, 100])
async def test_pages_together_are_the_whole_list_each_result_once(store: OutputStore, step_ms: int, limit: int):
    saved = [await store.save(a_result(NOON + number * step_ms)) for number in range(40)]
    pages = await names_by_page(store, limit)
    listed = [name for page in pages for name in page]
    assert sorted(listed) == sorted(saved)
    assert all(len(page) == limit for page in pages[:-1])
    if step_ms:
        assert listed == saved[::-1]


async def test_a_page_may_go_on_from_a_result_that_is_gone(store: OutputStore):
    older, newer = await store.save(a_result(NOON)), await store.save(a_result(NOON + 10))
    between = "aaa_2026-11-24T12-00-00-005Z_aaaaaaaaaaaaaaaa.json"
    assert [row.filename for row in (await store.list(limit=5, before=between)).rows] == [older]
    assert [row.filename for row in (await store.list(limit=5, before=newer)).rows] == [older]


@pytest.mark.parametrize("before", ["", "x", "../a.json", "2026-11-24/12-00/00/x.json"])
async def test_a_malformed_cursor_is_invalid_input(store: OutputStore, before: str):
    with pytest.raises(InvalidInput):
        await store.list(limit=5, before=before)


async def test_an_empty_store_lists_nothing(store: OutputStore):
    page = await store.list(limit=5)
    assert (list(page.rows), page.next_before) == ([], None)


async def test_foreign_and_broken_files_are_left_out_and_the_page_is_still_full(tmp_path: Path):
    store = OutputStore.open(str(tmp_path))
    saved = [await store.save(a_result(NOON + number)) for number in range(4)]
    second = (tmp_path / output_key(saved[0])).parent
    (second / saved[2]).write_text("{ not a result")
    (second / "notes.json").write_text("{}")
    (second / "echo-v1_2025-01-01T00-00-00-000Z_aaaaaaaaaaaaaaaa.json").write_text("{}")
    (second / "dangling.json").symlink_to(tmp_path / "nowhere")
    (tmp_path / "zzz" / "12-00" / "00").mkdir(parents=True)
    (tmp_path / ".gitkeep").touch()
    assert await names_by_page(store, 3) == [[saved[3], saved[1], saved[0]]]


async def test_a_row_is_read_from_its_file_once(tmp_path: Path):
    store = OutputStore.open(str(tmp_path))
    filename = await store.save(a_result())
    first = await store.list(limit=5)
    (tmp_path / output_key(filename)).write_text("gone bad since")
    assert (await store.list(limit=5)).rows == first.rows
    assert list((await OutputStore.open(str(tmp_path)).list(limit=5)).rows) == []


class CountedStore(LocalStore):
    """A directory that counts how often it is listed."""

    listings = 0

    async def list_with_delimiter_async(self, prefix: str | None = None, **options: object):  # type: ignore[override]
        CountedStore.listings += 1
        return await super().list_with_delimiter_async(prefix)  # pyright: ignore[reportUnknownMemberType]


@pytest.mark.parametrize("count", [20, 400])
async def test_a_page_costs_the_same_however_many_results_there_are(tmp_path: Path, count: int):
    storage = CountedStore(tmp_path)
    store = OutputStore(storage)
    for number in range(count):
        await store.save(a_result(NOON - number * 250))
    CountedStore.listings = 0
    assert len((await store.list(limit=4)).rows) == 4
    assert CountedStore.listings <= 8  # root, day, minutes, and the first seconds side by side


def test_a_location_that_cannot_be_used_is_told_as_our_error(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputsUnavailable):
        OutputStore.open(str(tmp_path / "file" / "below"))
    with pytest.raises(OutputsUnavailable):
        OutputStore.open("ftp://somewhere/else")


async def test_a_directory_that_vanished_or_refuses_is_told_as_our_error(tmp_path: Path):
    store = OutputStore.open(str(tmp_path / "outputs"))
    (tmp_path / "outputs").rmdir()
    (tmp_path / "outputs").touch()
    with pytest.raises(OutputsUnavailable):
        await store.save(a_result())


async def test_a_directory_that_is_not_there_yet_or_any_more_lists_nothing(tmp_path: Path):
    store = OutputStore.open(str(tmp_path / "outputs"))
    (tmp_path / "outputs").rmdir()
    assert list((await store.list(limit=5)).rows) == []


async def test_a_place_that_cannot_be_listed_is_told_as_our_error_and_in_one_line(tmp_path: Path):
    outputs = tmp_path / "outputs"
    store = OutputStore.open(str(outputs))
    outputs.rmdir()
    outputs.touch()
    with capture_logs() as lines, pytest.raises(OutputsUnavailable):
        await store.list(limit=5)
    with capture_logs() as more, pytest.raises(OutputsUnavailable):
        await store.save(a_result())  # told by obstore, with pages of debug output
    outputs.unlink()
    outputs.symlink_to(outputs)  # as a directory without permission would, which does not stop root
    with pytest.raises(OutputsUnavailable):
        await store.list(limit=5)
    for line in [*lines, *more]:
        assert line["event"] == "outputs storage failed"
        assert line["reason"]
        assert all("\n" not in str(value) and len(str(value)) <= 200 for value in line.values())
    assert (len(lines), len(more)) == (1, 1)


def test_a_missing_directory_is_made(tmp_path: Path):
    OutputStore.open(str(tmp_path / "deep" / "outputs"))
    assert (tmp_path / "deep" / "outputs").is_dir()


async def owned_pages(store: OutputStore, owner: str, limit: int) -> list[list[str]]:
    pages: list[list[str]] = []
    before: str | None = None
    while True:
        page = await store.list(limit=limit, before=before, selection=Selection(owner=owner))
        pages.append([row.filename for row in page.rows])
        if page.next_before is None:
            return pages
        before = page.next_before


@pytest.mark.parametrize("limit", [1, 3, 7, 16, 100])
async def test_an_owners_pages_hold_theirs_once_newest_first_and_nobody_elses(store: OutputStore, limit: int):
    saved: dict[str | None, list[str]] = {}
    for number in range(60):
        owner = ("alice", None, "bob")[number % 3]
        result = a_result(NOON + number * 1000).model_copy(update={"owner": owner})
        saved.setdefault(owner, []).append(await store.save(result))
    for owner in ("alice", "bob", "nobody"):
        pages = await owned_pages(store, owner, limit)
        assert [name for page in pages for name in page] == saved.get(owner, [])[::-1]
        assert all(len(page) == limit for page in pages[:-1])


async def test_a_row_does_not_tell_its_owner(store: OutputStore):
    await store.save(a_result().model_copy(update={"owner": "alice"}))
    (row,) = (await store.list(limit=1)).rows
    assert "alice" not in row.model_dump_json()
