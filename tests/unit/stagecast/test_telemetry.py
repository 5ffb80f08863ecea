"""Log lines: their form, that they have no secrets, however those got there, and that a lost log ends nothing."""

import json
import os
import subprocess
import sys

import pytest

from tests.processes import REPOSITORY

SECRET = "hunter2-hunter2"
SCRIPT = f"""
import logging, structlog
from stagecast.telemetry import configure_logging
configure_logging("gateway")
log = structlog.get_logger()
log.info("said {SECRET}", reason="because {SECRET}", deep={{"a": ["{SECRET}"]}}, api_key="other-value")
logging.getLogger("library").warning("it was %s", "{SECRET}")
local = "shown-" + "nowhere"
try:
    raise ValueError("broke with {SECRET}")
except ValueError:
    log.exception("fault")
    logging.getLogger("library").exception("fault")
"""


@pytest.mark.parametrize("form", ["json", "console"])
def test_no_line_has_a_secret_traces_and_foreign_lines_included(form: str) -> None:
    environment = {**os.environ, "STAGECAST_LOG_FORMAT": form, "ACME_API_KEY": SECRET, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, env=environment, check=True)
    assert SECRET not in done.stderr
    assert "other-value" not in done.stderr
    assert "shown-nowhere" not in done.stderr
    assert done.stderr.count("***") == 7
    assert "broke with ***" in done.stderr
    if form == "json":
        lines = [json.loads(line) for line in done.stderr.splitlines()]
        assert [line["event"] for line in lines] == ["said ***", "it was ***", "fault", "fault"]
        assert [line["level"] for line in lines] == ["info", "warning", "error", "error"]


PROGRAM = """
import logging
import sys
import structlog
from stagecast.telemetry import LogSettings, configure_logging

configure_logging("runner", LogSettings(format="json", level="info"))
log_line = structlog.get_logger()
with structlog.contextvars.bound_contextvars(execution_id="exec_1"):
    log_line.debug("too little")
    log_line.info("claimed", api_key="a secret", input_tokens=3)
logging.getLogger("somebody").warning("theirs, %s", "too")
try:
    raise ValueError("no")
except ValueError:
    log_line.exception("failed")
sys.stderr.close()
log_line.info("nobody reads this any more")
print("still running")
"""


def run_program() -> tuple[list[dict[str, object]], str]:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stderr.splitlines()], done.stdout


def test_each_line_is_json_with_service_level_moment_and_execution() -> None:
    lines, _ = run_program()
    assert [(line["event"], line["level"]) for line in lines] == [
        ("claimed", "info"),
        ("theirs, too", "warning"),
        ("failed", "error"),
    ]
    assert all(line["service"] == "runner" and line["timestamp"] for line in lines)
    assert lines[0]["execution_id"] == "exec_1"
    assert "ValueError: no" in str(lines[2]["exception"])


def test_what_is_named_like_a_secret_is_masked_and_counts_are_not() -> None:
    lines, _ = run_program()
    assert (lines[0]["api_key"], lines[0]["input_tokens"]) == ("***", 3)


def test_a_log_that_cannot_be_written_ends_nothing() -> None:
    assert run_program()[1] == "still running\n"
