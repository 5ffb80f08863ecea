"""What each user of the broker may not do: the server says so, and nothing has happened."""

import asyncio
import re
from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio
from nats.aio.client import Client

from contracts.events import EVENT_TYPES, decode
from contracts.ids import new_execution_id
from contracts.subjects import live_subject, log_subject
from stagecast.log import Entry
from stagecast.topology import EXECUTIONS
from tests.example_events import Example
from tests.integration.logs import WAIT_SECONDS
from tests.integration.roles import MAY_HEAR, World, answer_to_login, body, settle, world_on
from tests.nats_server import ONE_NODE, PASSWORDS, ROLES, WITH_ROLES, NatsServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

# The id stands for the world's execution; each body would do what its subject says.
CONSUMER = {"ack_policy": "none", "deliver_policy": "all", "deliver_subject": "exec.ID.execution_completed"}
EPHEMERAL = body(stream_name=EXECUTIONS, config=CONSUMER)
DURABLE = body(stream_name=EXECUTIONS, config={**CONSUMER, "durable_name": "thief"})
STREAM = body(name="EXTRA", subjects=["extra"], republish={"src": "extra", "dest": "exec.ID.execution_completed"})
READ = body(last_by_subj="log.ID.execution_queued.0")
TO_ADMINISTER = [
    ("$JS.API.INFO", b""),
    ("$JS.API.STREAM.NAMES", b""),
    ("$JS.API.STREAM.LIST", b""),
    ("$JS.API.STREAM.CREATE.EXTRA", STREAM),
    ("$JS.API.STREAM.DELETE.EXECUTIONS", b""),
    ("$JS.API.STREAM.DELETE.RUNNERS", b""),
    ("$JS.API.STREAM.PURGE.EXECUTIONS", b""),
    ("$JS.API.STREAM.PURGE.REMEMBERED", b""),
    ("$JS.API.STREAM.MSG.DELETE.PAYLOADS", body(seq=1)),
    ("$JS.API.STREAM.SNAPSHOT.EXECUTIONS", body(deliver_subject="exec.ID.execution_completed")),
    ("$JS.API.STREAM.LEADER.STEPDOWN.EXECUTIONS", b""),
    ("$JS.API.CONSUMER.CREATE.EXECUTIONS", EPHEMERAL),
    ("$JS.API.CONSUMER.CREATE.EXECUTIONS.thief", DURABLE),
    ("$JS.API.CONSUMER.CREATE.EXECUTIONS.thief.log.>", DURABLE),
    ("$JS.API.CONSUMER.DURABLE.CREATE.EXECUTIONS.thief", DURABLE),
    ("$JS.API.CONSUMER.NAMES.EXECUTIONS", b""),
    ("$JS.API.CONSUMER.DELETE.EXECUTIONS.runners", b""),
    ("$JS.API.CONSUMER.PAUSE.EXECUTIONS.runners", body(pause_until="2100-01-01T00:00:00Z")),
    ("$JS.API.CONSUMER.CREATE.PAYLOADS.runners", body(stream_name="PAYLOADS", config=CONSUMER)),
    ("$SYS.REQ.USER.INFO", b""),
    ("$SYS.REQ.SERVER.PING", b""),
    ("exec.ID.execution_completed", b"{}"),
    ("exec.ID.execution_cancel_requested", b"{}"),
    ("exec.ID.stage_output.more", b"{}"),
    ("log.ID.anything.2", b"{}"),
    ("anything", b"{}"),
]
NOT_FOR_A_GATEWAY = [
    ("log.ID.stage_started.3", b"{}"),
    ("log.ID.execution_completed.2", b"{}"),
    ("log.ID.execution_queued.2", b"{}"),
    ("exec.ID.stage_output", b"{}"),
    ("presence.runner-b", b"{}"),
    ("_INBOX_runner.1", b"{}"),
    ("$JS.API.STREAM.CREATE.EXECUTIONS", body(name=EXECUTIONS)),
    ("$JS.API.STREAM.UPDATE.EXECUTIONS", body(name=EXECUTIONS, subjects=["log.*.*.*", "other"])),
    ("$JS.API.STREAM.UPDATE.RUNNERS", body(name="RUNNERS", subjects=["presence.*"], storage="memory")),
    ("$JS.API.STREAM.PURGE.PAYLOADS", b""),
    ("$JS.API.STREAM.MSG.DELETE.EXECUTIONS", body(seq=1)),
    ("$JS.API.STREAM.MSG.GET.RUNNERS", body(seq=1)),
    ("$JS.API.CONSUMER.CREATE.EXECUTIONS.runners", body(stream_name=EXECUTIONS, config={"durable_name": "runners"})),
    ("$JS.API.CONSUMER.MSG.NEXT.EXECUTIONS.runners", body(batch=1)),
    ("$JS.ACK.EXECUTIONS.runners.1.1.1.1.0", b"+ACK"),
]
NOT_FOR_A_RUNNER = [
    ("log.ID.execution_queued.0", b"{}"),
    ("log.ID.execution_cancel_requested.2", b"{}"),
    ("log.ID.execution_finish_requested.2", b"{}"),
    ("remembered.x", b"{}"),
    ("_INBOX_gateway.1", b"{}"),
    ("$JS.API.STREAM.MSG.GET.REMEMBERED", body(seq=1)),
    ("$JS.API.DIRECT.GET.REMEMBERED", body(seq=1)),
    ("$JS.API.CONSUMER.CREATE.EXECUTIONS.runners.log.>", DURABLE),
    ("$JS.API.CONSUMER.MSG.NEXT.EXECUTIONS.thief", body(batch=1)),
    ("$JS.ACK.EXECUTIONS.thief.1.1.1.1.0", b"+ACK"),
]
NOT_FOR_AN_OBSERVER = [
    ("log.ID.execution_queued.0", b"{}"),
    ("log.ID.execution_cancel_requested.2", b"{}"),
    ("log.ID.execution_finish_requested.2", b"{}"),
    ("payload.ID.x.0", b"{}"),
    ("remembered.x", b"{}"),
    ("_INBOX.1", b"{}"),
    ("$JS.API.STREAM.INFO.EXECUTIONS", b""),
    ("$JS.API.STREAM.MSG.GET.EXECUTIONS", READ),
    ("$JS.API.DIRECT.GET.EXECUTIONS", READ),
    ("$JS.API.DIRECT.GET.EXECUTIONS.log.ID.execution_queued.0", b""),
]
REFUSED = {
    "gateway": TO_ADMINISTER + NOT_FOR_A_GATEWAY,
    "runner": TO_ADMINISTER + NOT_FOR_A_RUNNER,
    "observer": TO_ADMINISTER + NOT_FOR_A_GATEWAY + NOT_FOR_AN_OBSERVER,
}
PRIVATE = [
    *("log.>", "log.*.*.*", "payload.>", "remembered.>", "presence.>", "_INBOX.>", "*.>", ">", "exec"),
    *("$JS.>", "$JS.API.>", "$JS.ACK.>", "$JS.EVENT.ADVISORY.>", "$SYS.>"),
]
UNHEARD = {
    "gateway": [*PRIVATE, "_INBOX_runner.>"],
    "runner": [*PRIVATE, "_INBOX_gateway.>", "exec.>", "exec.*.stage_completed"],
    "observer": [*PRIVATE, "_INBOX_gateway.>", "_INBOX_runner.>"],
}
WRITES = {
    "gateway": {"execution:queued", "execution:cancel_requested", "execution:finish_requested"},
    "observer": set[str](),
}
WRITES["runner"] = set(EVENT_TYPES) - WRITES["gateway"] - {"stage:output"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[World]:
    async with NatsServer.start(tmp_path_factory.mktemp("roles"), setup=WITH_ROLES) as server, world_on(server) as made:
        yield made


@pytest.mark.parametrize(
    ("role", "subject", "data"), [(role, *each) for role, requests in REFUSED.items() for each in requests]
)
async def test_what_a_user_must_not_publish_is_refused_and_has_no_effect(
    world: World, role: str, subject: str, data: bytes
) -> None:
    person = world.persons[role]
    subject, data = subject.replace("ID", world.example.id), data.replace(b"ID", world.example.id.encode())
    stored, heard = await world.stored(), await world.heard()
    # An answer would be heard: by who asks where it may, else by who listens there.
    await person.client.publish(subject, data, reply="exec.reply" if role == "observer" else f"_INBOX_{role}.1")
    await person.refused("publish", subject)
    assert await world.heard() == heard
    assert await world.stored() == stored


@pytest.mark.parametrize("role", UNHEARD)
async def test_what_a_user_must_not_hear_is_refused_and_does_not_come(world: World, role: str) -> None:
    person = world.persons[role]
    refused = [await person.subscribe(subject) for subject in UNHEARD[role]]
    for subject in UNHEARD[role]:
        await person.refused("subscription", subject)
    heard = await world.heard()
    await world.make_noise()
    assert await world.heard() > heard
    assert await person.heard(refused) == 0
    for subscription in refused:
        await subscription.unsubscribe()


@pytest.mark.parametrize("event_type", EVENT_TYPES)
@pytest.mark.parametrize("role", WRITES)
async def test_each_event_is_written_by_one_role_alone(world: World, role: str, event_type: str) -> None:
    person, stored = world.persons[role], await world.stored()
    subject = log_subject(new_execution_id(), event_type, 0)
    fence = {"Nats-Expected-Last-Subject-Sequence": "1"}  # nothing is stored in any case
    if event_type in WRITES[role]:
        answer = await person.client.request(subject, b"{}", headers=fence, timeout=WAIT_SECONDS)
        assert b"wrong last sequence" in answer.data
    else:
        await person.client.publish(subject, b"{}", headers=fence)
        await person.refused("publish", subject)
    assert await world.stored() == stored


@pytest.mark.parametrize("role", ["runner", "gateway"])
async def test_only_runners_put_live_text_where_it_is_heard(world: World, role: str) -> None:
    person, heard = world.persons[role], await world.persons["observer"].heard()
    subject = live_subject(world.example.id, "stage:output")
    await person.client.publish(subject, b"{}")
    if role != "runner":
        await person.refused("publish", subject)
    await settle(person.client)
    assert await world.persons["observer"].heard() == heard + (role == "runner")


async def test_the_queues_consumer_cannot_be_turned_into_one_that_writes_on_exec(world: World) -> None:
    stored = await world.stored()
    config = {"durable_name": "runners", "ack_policy": "explicit", "deliver_subject": "exec.x.execution_completed"}
    answer = await world.persons["runner"].client.request(
        "$JS.API.CONSUMER.CREATE.EXECUTIONS.runners", body(stream_name=EXECUTIONS, config=config), timeout=WAIT_SECONDS
    )
    assert b'"error"' in answer.data
    assert await world.stored() == stored


async def test_nobody_gets_in_without_a_user_or_with_anothers_password(world: World) -> None:
    for user, password in [
        ("gateway", PASSWORDS["runner"]),
        ("admin", "admin"),
        ("observer", ""),
        ("gateway", "'1234'"),
    ]:
        answer = await answer_to_login(world.server.url, user=user, **{"pass": password})
        assert answer == b"-ERR 'Authorization Violation'", user
    assert await answer_to_login(world.server.url) == b"-ERR 'Authorization Violation'"
    assert await answer_to_login(world.server.url, user="gateway", **{"pass": PASSWORDS["gateway"]}) == b"PONG"


async def test_an_observer_needs_nothing_but_its_password(world: World) -> None:
    client = Client()
    await client.connect(world.server.url, user="observer", password=PASSWORDS["observer"])
    events = await client.subscribe("exec.>")  # pyright: ignore[reportUnknownMemberType] # nats-py's types have holes
    await settle(client)
    example = Example()
    await world.gateway_log.append(example.queued())
    message = await events.next_msg(WAIT_SECONDS)
    assert decode(message.data) == example.queued().model_copy(update={"at": decode(message.data).at})
    assert message.headers is not None
    assert message.headers["Nats-Subject"] == log_subject(example.id, "execution:queued", 0)
    await client.close()


async def test_an_answer_that_is_sent_to_exec_is_no_event_for_a_gateway(world: World) -> None:
    """The server does not check where a request wants its answer."""
    person, example, delivered = world.persons["gateway"], Example(), asyncio.Queue[Entry]()
    await world.gateway_log.append(example.queued())
    watch = await world.gateway_log.watch(example.id, delivered.put)
    forged = b'{"type":"execution:completed"}'
    header = {"Nats-Subject": log_subject(example.id, "execution:completed", 2)}
    subject = f"payload.{example.id}.forged.0"
    await person.client.request(subject, forged, headers=header, timeout=WAIT_SECONDS)
    target = live_subject(example.id, "execution:completed")
    await person.client.publish("$JS.API.DIRECT.GET.PAYLOADS", body(last_by_subj=subject), reply=target)
    await person.client.publish("$JS.API.DIRECT.GET.EXECUTIONS", body(seq=1), reply=target)
    await person.client.publish("$JS.API.STREAM.INFO.EXECUTIONS", reply=target)
    await settle(person.client)
    await world.log.append(example.started())
    async with asyncio.timeout(WAIT_SECONDS):
        first = await delivered.get()
    assert (first.type, first.seq) == ("execution:started", 1)
    await watch.close()


async def test_each_user_of_the_configuration_is_looked_at() -> None:
    users = re.findall(r"^ +user: (\w+)$", ONE_NODE.with_name(ROLES).read_text(), re.MULTILINE)
    assert sorted(users) == sorted(MAY_HEAR) == sorted(REFUSED) == sorted(UNHEARD) == sorted(WRITES)
