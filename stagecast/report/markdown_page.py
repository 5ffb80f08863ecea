"""A run's result as GitHub-flavoured Markdown: the run itself. What an optimization proves: `markdown_evidence`."""

from contracts.results import PipelineResult
from stagecast.report.foreign import clip
from stagecast.report.markdown_evidence import write_evidence
from stagecast.report.markdown_text import bar, bullets, clipped_fence, fence, inline, table
from stagecast.report.overview import (
    STAGE_SYMBOLS,
    STAGE_WORDS,
    Block,
    StageRow,
    blocks_of,
    facts_of,
    optimization_of,
    options_of,
    stage_rows,
)

_INPUT_CHARS = 20_000
_OUTPUT_CHARS = 200_000


def write_markdown(result: PipelineResult) -> str:
    """Write a result as Markdown; the same result gives the same text."""
    optimization = optimization_of(result)
    parts = [
        f"# {inline(result.pipeline_id)}",
        " · ".join(f"{name}: **{inline(value)}**" for name, value in facts_of(result)),
    ]
    if result.error is not None:
        code = f" ({inline(result.error_code)})" if result.error_code else ""
        parts += [f"**The run has an error{code}:** {inline(result.error)}"]
    if optimization is not None:
        parts += write_evidence(optimization)
    else:
        parts += ["## Output", *_write_output(blocks_of(result.output))]
    parts += ["## Stages", _write_stages(stage_rows(result))]
    if optimization is None:
        parts += ["## Input", clipped_fence(clip(result.input.prompt, _INPUT_CHARS))]
    parts += ["## To find it again", bullets(_origin(result))]
    if options := options_of(result):
        parts += ["Options of the run:", clipped_fence(clip(options, _INPUT_CHARS))]
    return "\n\n".join(parts) + "\n"


def _write_output(blocks: list[Block]) -> list[str]:
    if not blocks:
        return ["There is none."]
    parts: list[str] = []
    for block in blocks:
        parts += [f"### {inline(block.title)}"] if block.title else []
        clipped = clip(block.text, _OUTPUT_CHARS)
        parts.append(
            fence(clipped.text, language="json") if block.is_json and not clipped.left_out else clipped_fence(clipped)
        )
    return parts


def _write_stages(rows: list[StageRow]) -> str:
    if not rows:
        return "None was reached."
    return table(
        ("Stage", "Status", "Time", "", "Cost", "Tokens", ""),
        [
            (
                inline(row.name),
                f"{STAGE_SYMBOLS[row.status]} {STAGE_WORDS[row.status]}",
                row.duration,
                bar(row.duration_part) if row.duration else "",
                row.cost,
                row.tokens,
                inline(row.about),
            )
            for row in rows
        ],
        align="<<><>><",
    )


def _origin(result: PipelineResult) -> list[str]:
    lines = [f"Execution: {inline(result.execution_id)}"]
    version = f" {inline(result.pipeline_version)}" if result.pipeline_version else ""
    lines.append(f"Pipeline: {inline(result.pipeline_id)}{version}")
    return [*lines, f"It ran {inline(result.rerun_of)} again"] if result.rerun_of else lines
