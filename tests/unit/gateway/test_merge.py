"""The merge step: whatever the live feed loses, repeats or brings too early, each event passes once and in order."""

from hypothesis import given
from hypothesis import strategies as st

from contracts.events import JOURNAL_TYPES, LogEvent, StageOutput, encode
from gateway.subscription import FROM_START, Merge, Verdict
from stagecast.log import Entry
from tests.example_events import Example


def entry_of(event: LogEvent | StageOutput) -> Entry:
    return Entry(event.execution_id, event.type, None if isinstance(event, StageOutput) else event.seq, encode(event))


def log_of(example: Example, stages: int) -> list[Entry]:
    """Write a whole log: claimed, some stages that each start, call a model and complete, the end."""
    events: list[LogEvent] = [example.queued(), example.started()]
    for index in range(stages):
        place = index % 2
        events.append(example.stage_started(len(events), place))
        if index % 3:
            events += [example.call_completed(len(events), place), example.step_completed(len(events) + 1, place)]
        events.append(example.stage_completed(len(events), place))
    events += [example.ending(len(events)), example.completed(len(events) + 1)]
    return [entry_of(event) for event in events]


EXAMPLE = Example("exec_1703187600000_abcdefghijklmnop")
LOGS = [log_of(EXAMPLE, stages) for stages in range(6)]


@st.composite
def live_feeds(draw: st.DrawFn) -> tuple[list[Entry], list[int], int]:
    """Draw a log, the order in which a bad live feed brings its events, and a place to begin."""
    log = draw(st.sampled_from(LOGS))
    numbers = draw(st.lists(st.integers(0, len(log) - 1), max_size=3 * len(log)))
    return log, numbers, draw(st.integers(FROM_START, len(log)))


@given(live_feeds(), st.integers(0, 22), st.booleans())
def test_every_event_after_the_asked_for_one_passes_once_and_in_order(
    feed: tuple[list[Entry], list[int], int], read_at_first: int, with_journal: bool
) -> None:
    log, numbers, after = feed
    merge = Merge(after, with_journal=with_journal)
    passed: list[int | None] = []

    def take(entry: Entry) -> Verdict:
        verdict = merge.take(entry)
        if verdict is Verdict.FORWARD:
            passed.append(entry.seq)
        return verdict

    for entry in log[:read_at_first]:
        assert take(entry) is not Verdict.GAP
    for number in numbers:
        if take(log[number]) is Verdict.GAP:
            for entry in log[merge.last + 1 :]:
                assert take(entry) is not Verdict.GAP
            assert take(log[number]) is Verdict.DROP
    for entry in log[merge.last + 1 :]:  # the read after a silence
        take(entry)
    assert passed == [entry.seq for entry in log[after + 1 :] if with_journal or entry.type not in JOURNAL_TYPES]
    assert merge.is_ended


@given(st.lists(st.integers(0, len(LOGS[5]) - 1)))
def test_a_gap_changes_nothing(numbers: list[int]) -> None:
    merge = Merge()
    log = LOGS[5]
    for number in numbers:
        before = merge.last
        if merge.take(log[number]) is Verdict.GAP:
            assert merge.last == before
            assert number > before + 1


def verdicts(*events: LogEvent | StageOutput, after: int = FROM_START) -> list[Verdict]:
    merge = Merge(after)
    return [merge.take(entry_of(event)) for event in events]


def test_text_comes_after_its_stage_has_started_and_not_before() -> None:
    text = EXAMPLE.stage_output("so")
    assert verdicts(EXAMPLE.queued(), text, EXAMPLE.started(), text, EXAMPLE.stage_started(2), text)[1::2] == [
        Verdict.DROP,
        Verdict.DROP,
        Verdict.FORWARD,
    ]


def test_text_of_another_stage_than_those_that_run_is_dropped() -> None:
    assert (
        verdicts(
            EXAMPLE.queued(), EXAMPLE.started(), EXAMPLE.stage_started(2, 0), EXAMPLE.stage_output("other", index=1)
        )[-1]
        is Verdict.DROP
    )


def test_text_of_a_runner_that_lost_its_claim_is_dropped() -> None:
    late = EXAMPLE.stage_output("from the first runner")
    current = EXAMPLE.stage_output("from the second").model_copy(update={"attempt": 2})
    taken = verdicts(
        EXAMPLE.queued(),
        EXAMPLE.started(),
        EXAMPLE.stage_started(2),
        EXAMPLE.resumed(3),
        current,
        EXAMPLE.stage_started(4),
        late,
        current,
    )
    assert [taken[4], *taken[6:]] == [Verdict.DROP, Verdict.DROP, Verdict.FORWARD]


def test_text_after_a_release_is_dropped() -> None:
    assert (
        verdicts(
            EXAMPLE.queued(),
            EXAMPLE.started(),
            EXAMPLE.stage_started(2),
            EXAMPLE.released(3),
            EXAMPLE.stage_output("late"),
        )[-1]
        is Verdict.DROP
    )


def test_whoever_resumes_in_the_middle_of_a_stage_gets_its_text() -> None:
    taken = verdicts(EXAMPLE.queued(), EXAMPLE.started(), EXAMPLE.stage_started(2), EXAMPLE.stage_output("so"), after=2)
    assert taken == [Verdict.DROP, Verdict.DROP, Verdict.DROP, Verdict.FORWARD]


def test_an_event_after_the_end_is_dropped_and_the_end_stays() -> None:
    merge = Merge()
    events = [EXAMPLE.queued(), EXAMPLE.completed(1), EXAMPLE.cancel_requested(2)]
    assert [merge.take(entry_of(event)) for event in events][1:] == [Verdict.FORWARD, Verdict.DROP]
    assert merge.is_ended


def test_text_after_the_end_is_dropped() -> None:
    assert (
        verdicts(
            EXAMPLE.queued(),
            EXAMPLE.started(),
            EXAMPLE.stage_started(2),
            EXAMPLE.completed(3, "failed"),
            EXAMPLE.stage_output("late"),
        )[-1]
        is Verdict.DROP
    )
