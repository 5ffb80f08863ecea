"""What a stage was given, told afterwards: held against what models and functions were really given."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from contracts.errors import LogUnavailable
from contracts.results import PipelineInput, PipelineResult, StageResult
from contracts.scopes import Scope
from stagecast.log import Entry
from stagecast.memory_log import MemoryLog
from stagecast.tokens import TokenFile
from tests.example_events import Example
from tests.gateway_server import RunningGateway, running_gateway
from tests.nats_server import NatsServer
from tests.processes import Stack, running_stack

HOSTILE = 'Say {{ inputs.word }} <script>alert(1)</script> "quoted" \\n \U0001f600'
PIPELINE = """
id: told-v1
name: Told
inputs:
  primary: text
  text: {type: string}
  word: {type: string, default: hello}
  names: {type: array, default: [ada, bob, eve]}
  extra: {default: {deep: [1, 2.5, null, true, "é"]}}
  fails: {type: boolean, default: false}
models: {m: {use: "scripted:echo"}}
defaults: {model: m, retries: 0}
stages:
  - id: ask
    prompt:
      system: "You are {{ inputs.word | upper }}."
      user: |
        {% for name in inputs.names %}{{ loop.index }}. {{ name }}
        {% endfor %}
        {{ inputs.text }} {{ inputs.extra }}
  - id: value
    prompt: {user: "{{ inputs.extra }}"}
  - id: left_out
    needs: [ask]
    when: [{if: "inputs.word == 'skipping'", else: "the word was {{ inputs.word }}"}]
    prompt: {user: "never"}
    output_when_skipped: {instead: "{{ stages.ask.output | length }}"}
  - id: each
    needs: [ask, left_out]
    foreach: {items: "{{ inputs.names }}", as: name}
    prompt: {user: "{{ name }} of {{ stages.ask.output }} {{ stages.left_out.output.instead }}"}
  - id: call
    needs: [each, value]
    call: give_back
    with:
      fixed: [1, {two: null}]
      whole: "{{ stages.each }}"
      skipped: "{{ stages.left_out }}"
      mixed: "text {{ inputs.extra }}"
  - id: each_call
    foreach: {items: [{n: 1}, {n: "{{ inputs.word }}"}, {n: [3]}]}
    call: give_back
    with: {item: "{{ item }}", n: "{{ item.n }}", before: "{{ stages.call.output.mixed }}"}
  - id: may_fail
    call: refuse
    on_error: use_skipped
    with: {is_wanted: "{{ inputs.fails }}"}
    output_when_skipped: {fallback: "{{ stages.call.output.fixed }}"}
  - id: last
    call: give_back
    with: {failed: "{{ stages.may_fail }}"}
"""
FINISHED = """
id: finished-v1
name: Finished
models: {m: {use: "scripted:echo"}}
defaults: {model: m, retries: 0}
budget: {calls: 1, on_exceeded: finish}
stages:
  - {id: first, prompt: {user: "{{ inputs.input }}"}}
  - {id: cut, call: ask_twice, output_when_skipped: {best: "{{ stages.first.output }}"}}
  - {id: report, always: true, call: give_back, with: {of: "{{ stages.cut }}"}}
"""
BROKEN = """
id: odd-v1
name: Odd
stages:
  - {id: first, call: give_back, with: {a: 1}}
  - {id: second, call: give_back, with: {a: "{{ stages.first.output.nothing.more }}"}}
  - {id: third, needs: [first], when: [{if: "stages.first.output.nothing.more"}], call: give_back}
  - {id: fourth, needs: [second], call: give_back}
"""
MANY = """
id: many-v1
name: Many
stages:
  - {id: many, foreach: {items: "{{ range(120) | list }}"}, call: give_back, with: {n: "{{ 100 // (item - 7) }}"}}
  - {id: none, foreach: {items: [], min_ok: 0}, call: give_back}
"""
PLUGIN = """
async def give_back(context, **arguments):
    return arguments


async def refuse(context, is_wanted):
    if is_wanted:
        raise ValueError("it was wanted")
    return {"fine": True}


async def ask_twice(context):
    return [(await context.complete(f"try {number}")).text for number in range(2)]
"""
ENTRY_POINTS = """[stagecast.functions]
give_back = told_plugin:give_back
refuse = told_plugin:refuse
ask_twice = told_plugin:ask_twice
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(shared_nats: NatsServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Stack]:
    directory = tmp_path_factory.mktemp("told")
    (directory / "pipelines").mkdir()
    for name, text in {"told": PIPELINE, "finished": FINISHED, "odd": BROKEN, "many": MANY}.items():
        (directory / "pipelines" / f"{name}-v1.yaml").write_text(text)
    package = directory / "site" / "told_plugin-1.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: told-plugin\nVersion: 1\n")
    (package / "entry_points.txt").write_text(ENTRY_POINTS)
    (directory / "site" / "told_plugin.py").write_text(PLUGIN)
    async with running_stack(shared_nats.url, directory, plugins=directory / "site") as stack:
        yield stack


async def result_of(http: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    reply = await http.post(path, json=body, headers={"Prefer": "wait=30"})
    assert reply.status_code == 200, reply.text
    assert "summary" in reply.json(), reply.text
    return reply.json()


async def input_of(http: httpx.AsyncClient, result: dict[str, Any], stage_id: str) -> dict[str, Any]:
    reply = await http.get(f"/api/executions/{result['executionId']}/stages/{stage_id}/input")
    assert reply.status_code == 200, reply.text
    return reply.json()


def outputs_of(result: dict[str, Any]) -> dict[str, Any]:
    return {stage["stageId"]: stage["output"] for stage in result["stages"]}


@pytest.mark.asyncio(loop_scope="module")
async def test_what_is_told_is_what_models_and_functions_were_given(stack: Stack) -> None:
    async with stack.http() as http:
        result = await result_of(http, "/api/pipelines/told-v1/run", {"input": HOSTILE})
        assert result["status"] == "success", result
        told = {stage["stageId"]: await input_of(http, result, stage["stageId"]) for stage in result["stages"]}
    given = outputs_of(result)  # the model and the function give back what they were given
    assert HOSTILE in given["ask"]
    for stage_id in ("ask", "value"):
        assert [item["user"] for item in told[stage_id]["items"]] == [given[stage_id]]
    assert told["ask"]["items"][0]["system"] == "You are HELLO."
    assert json.loads(given["value"]) == {"deep": [1, 2.5, None, True, "é"]}
    assert [item["user"] for item in told["each"]["items"]] == given["each"]["results"]
    assert [(item["item"], item["value"]) for item in told["each"]["items"]] == [(0, "ada"), (1, "bob"), (2, "eve")]
    for stage_id in ("call", "last"):
        assert [item["arguments"] for item in told[stage_id]["items"]] == [given[stage_id]]
    assert [item["arguments"] for item in told["each_call"]["items"]] == given["each_call"]["results"]
    assert told["call"] | {"items": []} == {
        "stageId": "call",
        "kind": "call",
        "call": "give_back",
        "reason": None,
        "total": 1,
        "items": [],
    }
    assert (told["left_out"]["reason"], told["left_out"]["items"]) == ("It was skipped: the word was hello.", [])
    assert (told["ask"]["kind"], told["ask"]["call"]) == ("prompt", None)


@pytest.mark.asyncio(loop_scope="module")
async def test_what_a_failed_stage_offers_instead_is_seen_in_what_comes_after_it(stack: Stack) -> None:
    async with stack.http() as http:
        result = await result_of(http, "/api/pipelines/told-v1/run", {"input": "x", "options": {"fails": True}})
        [failed] = (await input_of(http, result, "may_fail"))["items"]
        [last] = (await input_of(http, result, "last"))["items"]
    assert failed["arguments"] == {"is_wanted": True}
    assert last["arguments"] == outputs_of(result)["last"]
    assert last["arguments"]["failed"]["status"] == "failed"


@pytest.mark.asyncio(loop_scope="module")
async def test_a_stage_that_was_cut_off_is_seen_as_the_runner_showed_it(stack: Stack) -> None:
    async with stack.http() as http:
        result = await result_of(http, "/api/pipelines/finished-v1/run", {"input": "hello"})
        assert [stage["status"] for stage in result["stages"]] == ["success", "cancelled", "success"]
        [report] = (await input_of(http, result, "report"))["items"]
        [cut] = (await input_of(http, result, "cut"))["items"]
    assert report["arguments"] == outputs_of(result)["report"]
    assert report["arguments"]["of"] == {"output": {"best": "hello"}, "status": "skipped"}
    assert cut["arguments"] == {}


@pytest.mark.asyncio(loop_scope="module")
async def test_where_it_cannot_be_told_the_reason_is(stack: Stack) -> None:
    async with stack.http() as http:
        result = await result_of(http, "/api/pipelines/odd-v1/run", {"input": "x"})
        told = {name: await input_of(http, result, name) for name in ("first", "second", "third", "fourth")}
        reply = await http.get(f"/api/executions/{result['executionId']}/stages/fifth/input")
    assert (reply.status_code, reply.json()) == (404, {"error": "Stage not found", "code": "stage_not_found"})
    assert (told["first"]["reason"], told["first"]["items"][0]["arguments"]) == (None, {"a": 1})
    assert told["second"]["reason"].startswith("It cannot be rendered: there is no 'nothing' in a mapping that has a")
    assert told["third"]["reason"].startswith("It failed before it was given anything: A condition failed: ")
    assert told["fourth"]["reason"].startswith("It was skipped: ")
    assert [told[name]["items"] for name in ("second", "third", "fourth")] == [[], [], []]


@pytest.mark.asyncio(loop_scope="module")
async def test_of_many_items_the_first_are_told_and_how_many_there_were(stack: Stack) -> None:
    async with stack.http() as http:
        result = await result_of(http, "/api/pipelines/many-v1/run", {"input": "x"})
        many, none = [await input_of(http, result, name) for name in ("many", "none")]
    assert (many["total"], [item["item"] for item in many["items"]]) == (120, list(range(50)))
    dropped = many["items"].pop(7)
    assert (dropped["value"], dropped["arguments"]) == (7, None)
    assert [item["arguments"] for item in many["items"]] == outputs_of(result)["many"]["results"][:49]
    assert (none["total"], none["items"], none["reason"]) == (0, [], None)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_result_that_was_taken_over_says_from_where(stack: Stack) -> None:
    async with stack.http() as http:
        first = await result_of(http, "/api/pipelines/told-v1/run", {"input": "one"})
        path = f"/api/executions/{first['executionId']}/rerun"
        again = await result_of(http, path, {"fromStage": "call", "input": "another"})
        ask, call = [await input_of(http, again, name) for name in ("ask", "call")]
    assert (ask["items"], first["executionId"] in ask["reason"]) == ([], True)
    assert call["items"][0]["arguments"] == outputs_of(again)["call"]


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
async def gateway(log: MemoryLog, tmp_path: Path) -> AsyncGenerator[RunningGateway]:
    async with running_gateway(log, tmp_path) as gateway:
        yield gateway


async def test_before_a_stage_begins_there_is_nothing_to_tell(gateway: RunningGateway) -> None:
    execution_id = await gateway.run({"input": "x"})
    reply = await gateway.http.get(f"/api/executions/{execution_id}/stages/first/input")
    assert (reply.json()["reason"], reply.json()["items"]) == ("It has not begun.", [])


async def test_a_stage_that_runs_is_told_and_one_that_was_not_reached_is_not(
    gateway: RunningGateway, log: MemoryLog
) -> None:
    example = Example()
    for event in (example.queued(), example.started(), example.stage_started(2), example.completed(3, "cancelled")):
        await log.append(event)
    first, second = [
        (await gateway.http.get(f"/api/executions/{example.id}/stages/{name}/input")).json()
        for name in ("first", "second")
    ]
    assert (first["reason"], first["items"][0]["arguments"]) == (None, {})
    assert (second["reason"], second["items"]) == ("It was not reached.", [])


async def test_of_an_execution_that_left_the_log_nothing_is_known_any_more(gateway: RunningGateway) -> None:
    example = Example()
    row = StageResult(stage_id="first", stage_name="First", status="success")
    result = PipelineResult(
        execution_id=example.id,
        pipeline_id="example-v1",
        status="success",
        timestamp=example.queued().at,
        input=PipelineInput(prompt="x"),
        stages=(row,),
    )
    await gateway.outputs.save(result)
    body = (await gateway.http.get(f"/api/executions/{example.id}/stages/first/input")).json()
    assert (body["kind"], body["items"]) == (None, [])
    assert body["reason"] == "The events of this execution are not kept any more."
    unknown = await gateway.http.get(f"/api/executions/{example.id}/stages/other/input")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "stage_not_found")


async def test_a_log_that_contradicts_itself_is_not_rendered(gateway: RunningGateway, log: MemoryLog) -> None:
    example = Example()
    for event in (example.queued(), example.stage_completed(1), example.completed(2, "failed")):
        await log.append(event)
    body = (await gateway.http.get(f"/api/executions/{example.id}/stages/first/input")).json()
    assert (body["reason"], body["items"]) == ("The events of this execution contradict each other.", [])


@pytest.mark.parametrize("execution_id", ["exec_1703187600000_abcdefghijklmnop", "exec_1", "%2e%2e", "*"])
async def test_an_unknown_execution_is_404(gateway: RunningGateway, execution_id: str) -> None:
    reply = await gateway.http.get(f"/api/executions/{execution_id}/stages/first/input")
    assert (reply.status_code, reply.json()["code"]) == (404, "execution_not_found")


class _Away(MemoryLog):
    async def read(self, execution_id: str, *, after: int = -1, limit: int | None = None) -> list[Entry]:
        raise LogUnavailable("The broker does not answer.")


async def test_a_broker_that_is_away_is_503(tmp_path: Path) -> None:
    async with running_gateway(_Away(), tmp_path) as gateway:
        reply = await gateway.http.get("/api/executions/exec_1703187600000_abcdefghijklmnop/stages/first/input")
    assert (reply.status_code, reply.json()["code"]) == (503, "log_unavailable")


async def test_it_is_theirs_alone_who_submitted_and_of_admins(log: MemoryLog, tmp_path: Path) -> None:
    tokens = TokenFile(tmp_path / "tokens.json")
    scopes: dict[str, list[Scope]] = {
        "alice": ["read", "run"],
        "bob": ["read", "run"],
        "ops": ["admin"],
        "hand": ["run"],
    }
    headers = {who: {"Authorization": f"Bearer {tokens.add(who, given)}"} for who, given in scopes.items()}
    archived = Example()
    async with running_gateway(log, tmp_path, auth="on", tokens_file=tokens.path) as gateway:
        execution_id = await gateway.run({"input": "x"}, headers=headers["alice"])
        result = PipelineResult(
            execution_id=archived.id,
            pipeline_id="example-v1",
            status="success",
            timestamp=archived.queued().at,
            input=PipelineInput(prompt="x"),
            stages=(StageResult(stage_id="first", stage_name="First", status="success"),),
            owner="alice",
        )
        await gateway.outputs.save(result)
        for id in (execution_id, archived.id):
            path = f"/api/executions/{id}/stages/first/input"
            statuses = {who: (await gateway.http.get(path, headers=own)).status_code for who, own in headers.items()}
            assert statuses == {"alice": 200, "bob": 404, "ops": 200, "hand": 403}
            unknown = await gateway.http.get(path.replace("first", "nothing"), headers=headers["bob"])
            assert unknown.json()["code"] == "execution_not_found"  # not even which stages it has
