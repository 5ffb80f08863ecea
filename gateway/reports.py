"""Reports of saved results, written beside the event loop: they can be megabytes. Their looks: `stagecast.report`."""

import asyncio
from pathlib import PurePath

from starlette.responses import Response

from contracts.errors import InvalidInput
from contracts.results import PipelineResult
from stagecast.report.formats import REPORTS, ReportFormat
from stagecast.report.html_page import page_policy

FORMATS = ("json", *REPORTS)
"""In which forms a result can be had: as it was saved, or as a report."""

_AT_ONCE = 2  # threads that write; they share one interpreter with the event loop


class Reports:
    """Writes reports, a few at once."""

    def __init__(self, at_once: int = _AT_ONCE) -> None:
        self._slots = asyncio.Semaphore(at_once)

    async def answer(self, saved: bytes, filename: str, form: ReportFormat) -> Response:
        """Answer with the report of a saved result, to be shown by a browser and saved by a name of its own."""
        async with self._slots:
            content = await asyncio.to_thread(_write, saved, form)
        headers = {"Content-Disposition": f'inline; filename="{PurePath(filename).stem}.{form}"'}
        if form == "html":
            # A page that somebody else's text made its way into could neither run it nor act as this origin.
            headers["Content-Security-Policy"] = f"{page_policy()}; frame-ancestors 'none'; sandbox"
        return Response(content, headers=headers, media_type=REPORTS[form].media_type)


def report_format(text: str) -> ReportFormat | None:
    """Return which report is asked for; None for the result itself.

    Raises:
        InvalidInput: there is no such form.
    """
    for form in REPORTS:
        if form == text:
            return form
    if text == "json":
        return None
    raise InvalidInput(f"The format must be one of {', '.join(FORMATS)}.", code="invalid_format")


def _write(saved: bytes, form: ReportFormat) -> bytes:
    return REPORTS[form].write(PipelineResult.model_validate_json(saved)).encode()
