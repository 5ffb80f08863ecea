"""Executions belong to who submitted them: somebody else's are not there, over every route."""

import asyncio
import re
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import pytest

from contracts.events import ExecutionQueued
from contracts.results import PipelineInput, PipelineResult
from contracts.scopes import Scope
from stagecast.jetstream_log import JetStreamLog
from stagecast.tokens import TokenFile
from tests.example_events import Example
from tests.gateway_server import RunningGateway, running_gateway
from tests.integration.logs import jetstream_log
from tests.nats_server import NatsServer

RUN = "/api/pipelines/example-v1/run"
SCOPES: dict[str, list[Scope]] = {"alice": ["read", "run"], "bob": ["read", "run"], "ops": ["admin"]}
NOT_FOUND = (404, {"error": "Execution not found", "code": "execution_not_found"})


class House:
    """A gateway that asks for tokens, and some who have one."""

    def __init__(self, gateway: RunningGateway, tokens: dict[str, str]) -> None:
        self.gateway = gateway
        self._tokens = tokens

    async def ask(
        self, who: str, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Send a request with somebody's token."""
        carried = {"Authorization": f"Bearer {self._tokens[who]}", **(headers or {})}
        return await self.gateway.http.request(method, path, json=body, headers=carried)

    async def submit(self, who: str, text: str = "x", key: str | None = None) -> httpx.Response:
        """Start an execution."""
        return await self.ask(who, "POST", RUN, {"input": text}, {} if key is None else {"Idempotency-Key": key})

    async def start(self, who: str) -> str:
        """Start an execution and return its id."""
        reply = await self.submit(who)
        assert reply.status_code == 200, reply.text
        return str(reply.json()["executionId"])

    async def listed(self, who: str, path: str, name: str) -> list[str]:
        """Follow a list to its end."""
        found: list[str] = []
        while path:
            reply = await self.ask(who, "GET", path)
            assert reply.status_code == 200
            found += [row[name] for row in reply.json()]
            link = re.fullmatch(r'<(/api/[^>]+)>; rel="next"', reply.headers.get("Link", ""))
            path = link[1] if link else ""
        return found


@pytest.fixture
async def log(nats_server: NatsServer) -> AsyncGenerator[JetStreamLog]:
    async with jetstream_log(nats_server.url) as log:
        yield log


@pytest.fixture
async def house(log: JetStreamLog, tmp_path: Path) -> AsyncGenerator[House]:
    file = TokenFile(tmp_path / "tokens.json")
    tokens = {name: file.add(name, scopes) for name, scopes in SCOPES.items()}
    async with running_gateway(log, tmp_path, auth="on", tokens_file=file.path) as gateway:
        yield House(gateway, tokens)


async def ended(log: JetStreamLog, owner: str | None) -> Example:
    """Store an execution of somebody's that has ended."""
    example = Example()
    await log.append(example.queued().model_copy(update={"owner": owner}))
    await log.append(example.started())
    await log.append(example.completed(2, "failed"))
    return example


async def test_an_execution_carries_its_owner_and_shows_it(house: House, log: JetStreamLog) -> None:
    execution_id = await house.start("alice")
    queued = (await log.read(execution_id))[0].stored_event()
    assert isinstance(queued, ExecutionQueued)
    assert queued.owner == "alice"
    for who in ("alice", "ops"):
        assert (await house.ask(who, "GET", f"/api/executions/{execution_id}")).json()["owner"] == "alice"


@pytest.mark.parametrize(
    ("method", "suffix"), [("GET", ""), ("POST", "/cancel"), ("POST", "/finish"), ("POST", "/rerun")]
)
async def test_somebody_elses_execution_is_not_there(house: House, log: JetStreamLog, method: str, suffix: str) -> None:
    example = await ended(log, "alice")
    path = f"/api/executions/{example.id}{suffix}"
    reply = await house.ask("bob", method, path)
    assert (reply.status_code, reply.json()) == NOT_FOUND
    assert len(await log.read(example.id)) == 3
    for who in ("alice", "ops"):
        assert (await house.ask(who, method, path)).status_code == 200


@pytest.mark.parametrize(("wish", "granted"), [("cancel", {"cancelled": True}), ("finish", {"finishing": True})])
async def test_somebody_elses_running_execution_cannot_be_cancelled_or_finished(
    house: House, log: JetStreamLog, wish: str, granted: dict[str, bool]
) -> None:
    execution_id = await house.start("alice")
    reply = await house.ask("bob", "POST", f"/api/executions/{execution_id}/{wish}")
    assert (reply.status_code, reply.json()) == NOT_FOUND
    assert len(await log.read(execution_id)) == 1
    reply = await house.ask("ops", "POST", f"/api/executions/{execution_id}/{wish}")
    assert reply.json() == granted


async def test_what_nobody_owns_is_there_for_admins_alone(house: House, log: JetStreamLog) -> None:
    path = f"/api/executions/{(await ended(log, None)).id}"
    assert [(await house.ask(who, "GET", path)).status_code for who in SCOPES] == [404, 404, 200]


async def test_a_rerun_belongs_to_who_asked_for_it(house: House, log: JetStreamLog) -> None:
    example = await ended(log, "alice")
    for who in ("alice", "ops"):
        reply = await house.ask(who, "POST", f"/api/executions/{example.id}/rerun")
        queued = (await log.read(reply.json()["executionId"]))[0].stored_event()
        assert isinstance(queued, ExecutionQueued)
        assert queued.owner == who


async def test_the_list_has_ones_own_and_an_admins_everything(house: House) -> None:
    started = [(who, await house.start(who)) for who in ["alice", "bob", "bob", "alice", "bob"]]
    for who in ("alice", "bob"):
        mine = [execution_id for owner, execution_id in started[::-1] if owner == who]
        assert await house.listed(who, "/api/executions?limit=2", "id") == mine
    everything = [execution_id for _, execution_id in started[::-1]]
    assert await house.listed("ops", "/api/executions?limit=2", "id") == everything


async def test_outputs_are_ones_own_and_an_admins_all(house: House) -> None:
    saved: dict[str | None, list[str]] = {}
    for owner in ("alice", "bob", None, "alice"):
        example = Example()
        result = PipelineResult(
            execution_id=example.id,
            pipeline_id="example-v1",
            status="success",
            timestamp=example.queued().at,
            input=PipelineInput(prompt="x"),
            owner=owner,
        )
        saved.setdefault(owner, []).append(await house.gateway.outputs.save(result))
    path = "/api/outputs?limit=1"
    assert sorted(await house.listed("alice", path, "filename")) == sorted(saved["alice"])
    assert sorted(await house.listed("bob", path, "filename")) == saved["bob"]
    everything = [name for names in saved.values() for name in names]
    assert sorted(await house.listed("ops", path, "filename")) == sorted(everything)
    for owner, names in saved.items():
        for who in SCOPES:
            for form in ("", "?format=html", "?format=md"):
                reply = await house.ask(who, "GET", f"/api/outputs/{names[0]}{form}")
                assert reply.status_code == (200 if who in (owner, "ops") else 404)
                if reply.status_code == 404:
                    assert reply.json() == {"error": "Output not found", "code": "output_not_found"}


async def test_a_filter_finds_ones_own_alone(house: House, log: JetStreamLog) -> None:
    mine = [await ended(log, owner) for owner in ("alice", "bob", None, "alice")]
    for example, owner in zip(mine, ("alice", "bob", None, "alice"), strict=True):
        end = example.completed(2, "failed").result
        await house.gateway.outputs.save(end.model_copy(update={"owner": owner}))
    for filters in ("q=hello", "status=failed", "pipeline=example-v1", f"q={mine[1].id}"):
        owners = {"alice": (0, 3), "bob": (1,), "ops": (0, 1, 2, 3)}
        for who, places in owners.items():
            expected = sorted(mine[place].id for place in places if filters != f"q={mine[1].id}" or place == 1)
            for path, name in (("/api/executions", "id"), ("/api/outputs", "executionId")):
                assert sorted(await house.listed(who, f"{path}?limit=1&{filters}", name)) == expected


async def test_everybody_has_idempotency_keys_of_their_own(house: House) -> None:
    first = {who: await house.submit(who, who, key="order-1") for who in SCOPES}
    ids = {who: reply.json()["executionId"] for who, reply in first.items()}
    assert len(set(ids.values())) == 3
    assert not any("Idempotency-Replayed" in reply.headers for reply in first.values())
    for who in SCOPES:
        again = await house.submit(who, who, key="order-1")
        assert (again.json()["executionId"], again.headers["Idempotency-Replayed"]) == (ids[who], "true")
    assert (await house.submit("alice", "something else", key="order-1")).status_code == 409


async def test_where_nobody_is_asked_a_key_is_what_it_was(log: JetStreamLog, tmp_path: Path) -> None:
    async with running_gateway(log, tmp_path) as gateway:
        execution_id = await gateway.run({"input": "x"}, headers={"Idempotency-Key": "order-1"})
        assert execution_id.encode() in (await log.recall("order-1") or b"")
        assert (await gateway.http.get(f"/api/executions/{execution_id}")).json()["owner"] is None
        example = await ended(log, "alice")
        assert (await gateway.http.get(f"/api/executions/{example.id}")).status_code == 200


async def test_submissions_of_many_at_the_same_time_stay_apart(house: House) -> None:
    replies = await asyncio.gather(*(house.submit(who, who, key="same") for who in ["alice", "bob"] * 10))
    ids = {(index % 2, reply.json()["executionId"]) for index, reply in enumerate(replies)}
    assert len(ids) == 2
