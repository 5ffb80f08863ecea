import os
from io import StringIO
from pathlib import Path

from rich.console import Console

from stagecast.commands.validate import validate
from tests.unit.stagecast.registry import REGISTRY

VALID = "id: NAME\nname: x\nstages: [{id: a, call: compare}]\n"


def run(*files: Path) -> tuple[int, list[str]]:
    out = StringIO()
    code = validate(files, registry=REGISTRY, console=Console(file=out, highlight=False, soft_wrap=True))
    return code, out.getvalue().splitlines()


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_a_valid_file_exits_with_0(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", VALID)
    assert run(path) == (0, [f"{path}: valid"])


def test_every_problem_is_a_line_that_editors_can_follow(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", "id: a\nname: x\nstages:\n  - {id: a, call: compre}\nextra: [b]1\n")
    code, lines = run(path)
    assert (code, lines[1]) == (1, "1 problem in 1 file")
    assert lines[0].startswith(f"{path}:5: this is no YAML: expected <block end>")
    write(path, "id: a\nname: '[red]'\nstages:\n  - {id: a, call: compre}\nextra: 1\n")
    assert run(path) == (
        1,
        [
            f"{path}:4: stages.a.call: no function 'compre' is registered; did you mean 'compare'?",
            f"{path}:5: extra: 'extra' is no key here; there are: $defs, budget, defaults, description, format, id, "
            "inputs, models, name, output, stages, version",
            "2 problems in 1 file",
        ],
    )


def test_a_directory_stands_for_its_files_and_two_with_one_id_are_told(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a.yaml", VALID), write(tmp_path / "b.yaml", VALID)
    code, lines = run(tmp_path, first)
    assert code == 1
    assert lines == [
        f"{first}: id: the id 'NAME' is also that of {second}; the ids of pipelines must differ",
        f"{second}: id: the id 'NAME' is also that of {first}; the ids of pipelines must differ",
        "2 problems in 2 files",
    ]


def test_what_is_not_there_exits_with_1(tmp_path: Path) -> None:
    missing = tmp_path / "nope.yaml"
    assert run(missing)[0] == 1
    assert "cannot be read" in run(missing)[1][0]
    assert run(tmp_path) == (1, ["There is no pipeline file to check."])


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    assert run(pipe) == (1, [f"{pipe}: this cannot be read: it is no regular file", "1 problem in 1 file"])
