from contracts.events import encode
from stagecast.slots import Marks
from tests.example_events import Example


def test_the_same_event_object_keeps_its_mark() -> None:
    marks, event = Marks(), Example().queued()
    assert marks.of(event, encode(event)) == marks.of(event, encode(event))


def test_equal_events_have_marks_of_their_own() -> None:
    marks, event = Marks(), Example().queued()
    assert marks.of(event, encode(event)) != marks.of(event.model_copy(), encode(event))


def test_a_copy_has_the_mark_of_an_append_without_an_answer_until_that_is_settled() -> None:
    marks, event = Marks(), Example().queued()
    data = encode(event)
    mark = marks.of(event, data)
    marks.unsettle(data, mark)
    assert marks.of(event.model_copy(), data) == mark
    marks.settle(data)
    later = event.model_copy()
    assert marks.of(later, data) != mark


def test_nothing_is_remembered_of_events_that_are_gone() -> None:
    marks, example = Marks(), Example()
    first = marks.of(example.queued(), b"data")
    given = {marks.of(example.queued(), b"data") for _ in range(100)}
    assert first not in given
    assert len(given) == 100
