"""Answers of `GET /api/pipeline-files` and of one of them: files as they are written, and what is wrong in them."""

from pydantic import Field

from contracts.wire import WireModel


class FileProblem(WireModel):
    """One fault of a pipeline file."""

    line: int | None = Field(description="From 1; null when the fault has no single place.")
    column: int | None = Field(description="From 1; null where only the line is known.")
    path: str = Field(description="Where in the document, like `stages.rewrite.prompt.user`; empty for the whole file.")
    message: str = Field(description="What is wrong and how to mend it, in one sentence.")


class PipelineFile(WireModel):
    """One row of `GET /api/pipeline-files`."""

    filename: str
    id: str = Field(description="The pipeline's; of a broken file the id that it seems to have.")
    problems: tuple[FileProblem, ...] = Field(description="In order of line; empty for a file that can be run.")


class PipelineSource(PipelineFile):
    """Answer of `GET /api/pipeline-files/{filename}`: the file as it is written."""

    source: str = Field(description="Its text; what is not UTF-8 is U+FFFD, and it ends where no more is read.")
