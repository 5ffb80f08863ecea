"""`GET /api/pipeline-files` and one of them, as they are written. What can be run: `gateway.routes.pipelines`.

Prompts and addresses of servers are in them, so the door asks for the scope `run` (`gateway.http_door`).
"""

from fastapi import APIRouter

from contracts.errors import Problem
from contracts.pipeline_file import FileProblem, PipelineFile, PipelineSource
from gateway.routes.described import answer, linked_answer
from gateway.routes.errors_described import NO_PIPELINE, errors
from gateway.routes.page_examples import PIPELINE_FILE, PIPELINE_SOURCE
from gateway.routes.parameters import PipelineFilename
from stagecast.catalog import Catalog, CatalogFile
from stagecast.redaction import redact


def pipeline_file_routes(catalog: Catalog) -> APIRouter:
    """Make the routes that show pipeline files, broken ones, too."""
    router = APIRouter(tags=["pipelines"])

    rows = linked_answer(
        [PIPELINE_FILE],
        operation="get_pipeline_file",
        parameters={"filename": "/0/filename"},
        description="The first of them.",
    )

    @router.get("/api/pipeline-files", responses={**rows, **errors()})
    async def list_pipeline_files() -> list[PipelineFile]:
        """List all pipeline files by name, with what is wrong in each; one without problems can be run."""
        return [_row(file) for file in catalog.files()]

    @router.get("/api/pipeline-files/{filename}", responses={**answer(PIPELINE_SOURCE), **errors(NO_PIPELINE)})
    async def get_pipeline_file(filename: PipelineFilename) -> PipelineSource:
        """Show one file as it is written, and what is wrong in it. What looks like a secret in it is `***`."""
        file, text = catalog.file(filename)
        row = _row(file)
        return PipelineSource(filename=row.filename, id=row.id, problems=row.problems, source=redact(text))

    return router


def _row(file: CatalogFile) -> PipelineFile:
    problems = tuple(map(_problem, file.problems))
    return PipelineFile(filename=_as_text(file.filename), id=_as_text(file.id), problems=problems)


def _problem(problem: Problem) -> FileProblem:
    message = redact(_as_text(problem.message))
    return FileProblem(line=problem.line, column=None, path=_as_text(problem.path), message=message)


def _as_text(name: str) -> str:
    """Return it as JSON can carry it: a file's name may be bytes that are no text."""
    return name.encode(errors="replace").decode()
