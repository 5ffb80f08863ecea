"""Silence for those that log every one of their troubles."""

import logging
from collections.abc import Generator

import pytest
import structlog


@pytest.fixture(scope="module", autouse=True)
def silent_logs() -> Generator[None]:
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)
