"""How the children's log lines are shown."""

import json

from stagecast.commands.log_lines import find_reason, format_line

ERROR = json.dumps({"event": "cannot run", "level": "error", "reason": "STAGECAST_PORT: not a number"})


def test_a_line_of_ours_is_shown_with_who_when_and_its_fields():
    line = json.dumps(
        {
            "event": "ready",
            "level": "info",
            "timestamp": "2026-11-24T12:34:56.789Z",
            "service": "runner",
            "runner": "r1",
        }
    )
    assert format_line("runner-1", line, colors=False) == "runner-1 | 12:34:56 info    ready runner=r1"


def test_an_exception_is_shown_by_its_last_line():
    line = json.dumps({"event": "boom\n", "level": "error", "exception": "Traceback\n  File x\nValueError: no"})
    assert format_line("gateway", line, colors=False) == "gateway  |  error   boom (ValueError: no)"


def test_of_the_broker_only_warnings_and_errors_are_shown():
    assert format_line("nats", "[12] 2026/11/24 01:44:14.005204 [INF] Server is ready", colors=False) is None
    assert format_line("nats", "[12] 2026/11/24 01:44:14.005204 [INF]", colors=False) is None
    shown = format_line("nats", "[12] 2026/11/24 01:44:14.005204 [WRN] disk is slow", colors=False)
    assert shown == "nats     | warning disk is slow"


def test_what_is_no_log_line_is_shown_as_it_is():
    assert format_line("runner", "Segmentation fault", colors=False) == "runner   | Segmentation fault"
    assert format_line("runner", "[1, 2]", colors=False) == "runner   | [1, 2]"
    assert format_line("nats", "nats-server: no such file", colors=False) == "nats     | nats-server: no such file"


def test_colours_are_only_added_when_asked_for():
    assert "\x1b[" in (format_line("gateway", ERROR, colors=True) or "")
    assert "\x1b[" not in (format_line("gateway", ERROR, colors=False) or "")


def test_the_reason_is_the_last_error_or_else_the_last_line():
    assert find_reason(["a", ERROR, '{"event": "stopped", "level": "info"}']) == "STAGECAST_PORT: not a number"
    assert find_reason(["[1] 2026/11/24 01:44:14 [FTL] can't open store", "bye"]) == "can't open store"
    assert find_reason(["Traceback", "ImportError: nope"]) == "ImportError: nope"
    assert find_reason([]) == ""
