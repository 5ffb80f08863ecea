"""Log lines have no secrets, in whichever form and however they got there."""

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
