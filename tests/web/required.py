"""What to do where a test cannot run for want of a browser or a package: say so loudly, or fail where it must run."""

import os

import pytest

IS_REQUIRED = os.environ.get("STAGECAST_REQUIRE_BROWSER") == "1"


def cannot(reason: str) -> None:
    """Skip the test, or fail it where `STAGECAST_REQUIRE_BROWSER=1`."""
    if IS_REQUIRED:
        pytest.fail(f"{reason} (STAGECAST_REQUIRE_BROWSER=1)")
    pytest.skip(reason)
