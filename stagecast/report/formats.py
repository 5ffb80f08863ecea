"""The forms in which a result can be had: as a report, or as the JSON that it is saved as."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from contracts.results import PipelineResult
from stagecast.report.html_page import write_html
from stagecast.report.markdown_page import write_markdown

ReportFormat = Literal["html", "md"]


@dataclass(frozen=True, slots=True)
class Form:
    """One form of report.

    Attributes:
        media_type: with its character set.
        write: from a result to the whole text.
    """

    media_type: str
    write: Callable[[PipelineResult], str]


REPORTS: Mapping[ReportFormat, Form] = MappingProxyType(
    {
        "html": Form("text/html; charset=utf-8", write_html),
        "md": Form("text/markdown; charset=utf-8", write_markdown),
    }
)
