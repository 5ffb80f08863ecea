"""The list of executions of a log in memory: pages of a selection. What a row shows is in the log's contract tests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import InvalidInput
from contracts.events import LogEvent
from contracts.state import ExecutionStatus
from stagecast.memory_listing import list_in_memory
from stagecast.selection import EVERYTHING, Selection
from tests.example_events import Example

PIPELINES = ("echo-v1", "other-v1")
OWNERS = (None, "alice")
PROMPTS = ("hay", "a Needle")
STATUSES: tuple[ExecutionStatus, ...] = ("queued", "running", "failed")


def events_of(pipeline: str, owner: str | None, prompt: str, status: ExecutionStatus) -> list[LogEvent]:
    example = Example()
    queued = example.queued(prompt).model_copy(update={"pipeline_id": pipeline, "owner": owner})
    events: list[LogEvent] = [queued, example.started(), example.completed(2, "failed")]
    return events[: STATUSES.index(status) + 1]


EXECUTIONS = st.lists(
    st.tuples(st.sampled_from(PIPELINES), st.sampled_from(OWNERS), st.sampled_from(PROMPTS), st.sampled_from(STATUSES)),
    max_size=25,
)
SELECTIONS = st.builds(
    Selection,
    owner=st.sampled_from(OWNERS),
    pipeline_id=st.sampled_from([None, *PIPELINES]),
    status=st.sampled_from([None, *STATUSES]),
    text=st.sampled_from([None, " ", "NEEDLE", "other"]),
)


@given(executions=EXECUTIONS, selection=SELECTIONS, limit=st.integers(1, 30))
def test_pages_hold_what_is_wanted_once_newest_first(
    executions: list[tuple[str, str | None, str, ExecutionStatus]], selection: Selection, limit: int
) -> None:
    logged = [(number, events_of(*one)) for number, one in enumerate(executions, 1)]
    expected = [
        events[0].execution_id
        for (pipeline, owner, prompt, status), (_, events) in zip(executions, logged, strict=True)
        if selection.pipeline_id in (None, pipeline)
        and selection.owner in (None, owner)
        and selection.status in (None, status)
        and (selection.text or "").strip().lower() in f"{prompt} {pipeline}".lower()
    ][::-1]
    found: list[str] = []
    before: str | None = None
    while True:
        page = list_in_memory(logged, limit=limit, before=before, selection=selection)
        found += [row.id for row in page.executions]
        before = page.next_before
        if before is None:
            break
        assert len(page.executions) == limit
    assert found == expected


@pytest.mark.parametrize("before", ["", "0", "x", "-1", "1.0", "٣"])
def test_a_cursor_that_no_page_gave_is_refused(before: str) -> None:
    with pytest.raises(InvalidInput):
        list_in_memory([], limit=1, before=before, selection=EVERYTHING)
