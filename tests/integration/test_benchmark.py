"""`stagecast benchmark` from end to end: the shipped optimizer in the table, and the command as a process."""

import asyncio
import json
import signal
from pathlib import Path

import pytest

from runner.benchmark.rows import build_rows, build_summaries
from runner.benchmark.table import as_markdown
from tests.command_line import end_of, start_command
from tests.unit.runner.benchmark.pupil import FEATURE, Pupil
from tests.unit.runner.benchmark.runs import SIZES, compare, needs_peers, shipped

SCRIPT = {
    "m": [
        {"match": "ADD", "reply": {"add": ["Be specific; name things and give concrete details."]}},
        {"reply": "It is 7."},
    ]
}


async def test_the_optimizer_finds_the_feature_that_makes_answers_right_and_the_table_shows_it() -> None:
    outcomes = await compare(Pupil(), {"stagecast": shipped()}, budget=200, seeds=2)
    before, ours = build_rows(outcomes)
    assert all(FEATURE in each.prompt for each in outcomes if each.method == "stagecast")
    assert (before.accuracy < 0.6, ours.accuracy, ours.worse) == (True, 1.0, 0)
    assert ours.p_value < 0.001
    assert 0 < ours.calls <= 200
    assert build_summaries(outcomes)[0].gain > 0.4
    assert f"| small_sums | stagecast | 100.0% | {ours.interval.low:.1%} to 100.0% |" in as_markdown(outcomes)


async def test_where_nothing_helps_the_original_stays_and_the_table_shows_no_gain() -> None:
    outcomes = await compare(Pupil(knows_better=False), {"stagecast": shipped()})
    row = build_rows(outcomes)[1]
    assert (row.gain, row.better, row.worse, row.total) == (0.0, 0, 0, SIZES.test)


async def test_the_command_needs_no_service_and_prints_json_alone_on_standard_output(tmp_path: Path) -> None:
    script = tmp_path / "models.json"
    script.write_text(json.dumps(SCRIPT))
    options = ("--tasks", "small_sums", "--items", "5", "--train", "5", "--seeds", "1", "--budget", "9")
    process = await start_command(
        *(
            "benchmark",
            *options,
            "--model",
            "scripted:m",
            "--methods",
            "rewrite,stagecast",
            "--json",
            "--save",
            "all.json",
        ),
        env={"STAGECAST_SCRIPTED_MODELS": str(script)},
        cwd=tmp_path,
    )
    ended = await end_of(process)
    content = json.loads(ended.out)
    assert json.loads((tmp_path / "all.json").read_text()) == content
    assert (ended.code, content["terms"]["budget"]) == (0, 9)
    assert [run["method"] for run in content["runs"]] == ["original", "rewrite", "stagecast"]
    assert all(run["used"]["calls"] <= 9 for run in content["runs"])
    assert "[3/3] small_sums, seed 0, stagecast: " in ended.err


@pytest.mark.parametrize("method", ["rewrite", pytest.param("gepa", marks=needs_peers)])
async def test_an_interrupted_command_prints_what_is_done(method: str, tmp_path: Path) -> None:
    slow = {"reply": "x", "delay_ms": 600_000}
    script = tmp_path / "models.json"
    script.write_text(json.dumps({"m": [{"reply": "It is 7."}], "slow": [slow]}))
    process = await start_command(
        *("benchmark", "--tasks", "small_sums", "--items", "5", "--train", "6", "--seeds", "1"),
        *("--model", "scripted:m", "--optimizer-model", "scripted:slow", "--methods", method, "--markdown"),
        env={"STAGECAST_SCRIPTED_MODELS": str(script)},
        cwd=tmp_path,
    )
    assert process.stderr is not None
    async with asyncio.timeout(60):
        while b"[2/2]" not in await process.stderr.readline():
            pass
    process.send_signal(signal.SIGINT)
    ended = await end_of(process)
    assert ended.code == 130
    assert "| small_sums | original | " in ended.out
    assert f"| {method} |" not in ended.out
    assert "`stagecast benchmark --tasks small_sums " in ended.out
    assert "interrupted; this is what was done until then" in ended.err


async def test_wrong_usage_ends_with_2_and_a_missing_file_with_1(tmp_path: Path) -> None:
    wrong = await end_of(await start_command("benchmark", "--tasks", "chess", cwd=tmp_path))
    assert (wrong.code, wrong.out) == (2, "")
    missing = await end_of(
        await start_command(
            *("benchmark", "--tasks", "small_sums", "--model", "scripted:nobody", "--methods", "original"),
            cwd=tmp_path,
        )
    )
    assert missing.code == 1
    assert "There is no script 'nobody'" in missing.err
