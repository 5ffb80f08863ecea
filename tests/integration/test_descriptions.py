"""The AsyncAPI documents that a gateway serves, held against what really goes over its sockets and over the broker."""

import json
from pathlib import Path
from typing import Any

import nats
from jsonschema import Draft7Validator

from contracts.events import EVENT_TYPES, LogEvent
from tests.example_events import Example
from tests.gateway_server import running_gateway
from tests.integration.logs import jetstream_log
from tests.nats_server import NatsServer

Json = dict[str, Any]
LARGE = "x" * 3_000_000  # more than one broker message holds


def run_of(example: Example) -> list[LogEvent]:
    return [
        example.queued(),
        example.started(),
        example.released(2),
        example.resumed(3),
        example.stage_started(4),
        example.call_completed(5),
        example.stage_retrying(6),
        example.step_completed(7),
        example.stage_progress(8),
        example.stage_completed(9, output=LARGE),
        example.stage_skipped(10, 1),
        example.finish_requested(11),
        example.cancel_requested(12),
        example.ending(13),
        example.completed(14),
    ]


def faults(document: Json, part: Json, value: Any) -> list[str]:
    validator = Draft7Validator({**part, "components": document["components"]})
    return [fault.message[:200] for fault in validator.iter_errors(value)]  # pyright: ignore[reportUnknownMemberType]  # untyped


def by_type(document: Json) -> dict[str, Json]:
    return {message["name"]: message for message in document["components"]["messages"].values()}


async def test_what_goes_over_the_socket_is_what_the_gateway_says(shared_nats: NatsServer, tmp_path: Path) -> None:
    example = Example()
    async with (
        jetstream_log(shared_nats.url) as log,
        running_gateway(log, tmp_path) as gateway,
        gateway.socket() as socket,
    ):
        document = (await gateway.http.get("/asyncapi.json")).json()
        assert document["servers"]["gateway"]["host"] == gateway.http.base_url.netloc.decode()
        for event in run_of(example)[:6]:
            await log.append(event)
        await socket.send("hello")
        await socket.next()
        await socket.subscribe(Example().id)
        await socket.subscribe(example.id, events="all")
        await socket.until(lambda message: message.get("seq") == 5)
        await log.publish_text(example.stage_output("Hel").model_copy(update={"attempt": 2}))
        await socket.until(lambda message: message["type"] == "stage:output")
        for event in run_of(example)[6:]:
            await log.append(event)
        await socket.until_end(example.id)
        await socket.send({"type": "unsubscribe", "executionId": example.id})
        await socket.until(lambda message: message["type"] == "unsubscribed")
        messages = by_type(document)
        for message in socket.received:
            assert faults(document, messages[message["type"]]["payload"], message) == [], message["type"]
        assert {*EVENT_TYPES, "subscribed", "unsubscribed", "error"} - {"stage:failed"} <= {
            message["type"] for message in socket.received
        }


async def test_what_is_heard_at_the_broker_is_what_the_gateway_says(shared_nats: NatsServer, tmp_path: Path) -> None:
    example = Example()
    client = await nats.connect(shared_nats.url)  # pyright: ignore[reportUnknownMemberType] # nats-py's types have holes
    try:
        async with jetstream_log(shared_nats.url) as log, running_gateway(log, tmp_path) as gateway:
            document = (await gateway.http.get("/asyncapi-nats.json")).json()
            heard = await client.subscribe(f"exec.{example.id}.*")  # pyright: ignore[reportUnknownMemberType]
            await client.flush()
            for event in run_of(example):
                await log.append(event)
            await log.publish_text(example.stage_output("Hel"))
            messages, in_parts = by_type(document), 0
            for _ in range(len(run_of(example)) + 1):
                message = await heard.next_msg(timeout=30)
                payload, headers = json.loads(message.data), dict(message.headers or {})
                described = messages[payload["type"]]
                assert faults(document, described["payload"], payload) == [], payload["type"]
                assert faults(document, described.get("headers", {}), headers) == [], payload["type"]
                assert "headers" in described or "Nats-Subject" not in headers
                in_parts += "payload" in payload
            assert in_parts == 1
    finally:
        await client.close()


async def test_a_host_that_makes_no_sense_is_no_fault_of_ours(shared_nats: NatsServer, tmp_path: Path) -> None:
    async with jetstream_log(shared_nats.url) as log, running_gateway(log, tmp_path) as gateway:
        for host in ("[::1", "a b", '"><script>', "x" * 3000):
            reply = await gateway.http.get("/asyncapi.json", headers={"Host": host})
            assert reply.status_code in (200, 400, 403), host
