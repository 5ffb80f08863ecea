"""The clients of the chaos suite: each submits one execution after the other, stays to its end, and has bad habits.

Some submissions carry an `Idempotency-Key` and are sent twice, some are cancelled, some are run again when they failed.
"""

import asyncio
import random
import statistics
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx
from pydantic import ValidationError

from contracts.requests import ErrorReply
from tests.chaos.clock import elapse
from tests.chaos.model_server import ModelServer
from tests.chaos.pipelines import KINDS, Kind
from tests.chaos.records import SubmissionRecord
from tests.chaos.subscribers import Subscriber, choose_habits

_WITH_KEY = 0.4
_SENT_AT_ONCE = 0.3  # of those with a key
_SENT_AGAIN = 0.5
_CANCELLED = 0.12
_CANCELLED_TWICE = 0.3
_RUN_AGAIN = 0.8
_CANCEL_TRIES = 3
_AGAIN_SECONDS = (0.2, 0.8)
_PAUSE_MS = (300, 4000)

Body = dict[str, Any]


@dataclass
class Load:
    """What all clients share.

    Attributes:
        is_over: set when nothing new shall be submitted.
        refusals: answers that were no acceptance, by what they said.
        watches: subscribers that nobody waits for while the load lasts.
        levels: how many executions were in flight, each time one was accepted.
    """

    http: httpx.AsyncClient
    urls: list[str]
    models: ModelServer
    seed: int
    is_over: asyncio.Event = field(default_factory=asyncio.Event)
    submissions: list[SubmissionRecord] = field(default_factory=list[SubmissionRecord])
    subscribers: list[Subscriber] = field(default_factory=list[Subscriber])
    refusals: Counter[str] = field(default_factory=Counter[str])
    levels: list[int] = field(default_factory=list[int])
    watches: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])
    in_flight: int = 0

    @property
    def median_in_flight(self) -> float:
        """How many executions were in flight, at the median."""
        return statistics.median(self.levels) if self.levels else 0.0

    def sockets(self) -> list[str]:
        """Return the WebSocket address of each gateway."""
        return [f"{url.replace('http://', 'ws://')}/ws" for url in self.urls]

    async def post(self, url: str, path: str, body: Body | None = None, key: str | None = None) -> Body | None:
        """Return the answer to a request if it was accepted; None when it was not, or nobody knows."""
        headers = {} if key is None else {"Idempotency-Key": key}
        try:
            reply = await self.http.post(f"{url}{path}", json=body, headers=headers)
        except httpx.HTTPError as error:
            self.refusals[type(error).__name__] += 1
            return None
        if reply.is_success:
            answer: Body = reply.json()
            return answer
        self.refusals[f"{reply.status_code} {_code(reply)}"] += 1
        return None


@dataclass
class Client:
    """One of them."""

    number: int
    load: Load
    chance: random.Random = field(init=False)
    _submitted: int = 0

    def __post_init__(self) -> None:
        """Take a seed of its own."""
        self.chance = random.Random(f"{self.load.seed}/client/{self.number}")

    async def run(self) -> None:
        """Submit until the load is over; return when all that was submitted has ended."""
        while not self.load.is_over.is_set():
            self._submitted += 1
            tag = f"c{self.number}-{self._submitted}"
            kind = self.chance.choices(KINDS, weights=[kind.weight for kind in KINDS])[0]
            body: Body = {"input": tag, "options": {"pause": self.chance.uniform(*_PAUSE_MS)}}
            ids = await self._submit(f"/api/pipelines/{kind.id}/run", body, tag)
            if not ids:
                await self._pause()
                continue
            record = SubmissionRecord(tag, kind.id, kind.expected, ids)
            await self._attend(record)
            if kind.can_be_repaired and not record.cancel_answers and self.chance.random() < _RUN_AGAIN:
                await self._run_again(record, kind)

    async def _run_again(self, record: SubmissionRecord, kind: Kind) -> None:
        self.load.models.repair(record.tag)
        source = record.ids[0]
        ids = await self._submit(f"/api/executions/{source}/rerun", {}, f"{record.tag}-again")
        if ids:
            await self._attend(SubmissionRecord(record.tag, kind.id, "success", ids, rerun_of=source))

    async def _submit(self, path: str, body: Body, name: str) -> list[str]:
        """Return the execution's id in each answer; empty when it was not accepted, or nobody knows."""
        if self.chance.random() >= _WITH_KEY:
            answer = await self.load.post(self.chance.choice(self.load.urls), path, body)
            return _ids([answer])
        key = f"{self.load.seed}-{name}"
        if self.chance.random() < _SENT_AT_ONCE:
            ids = _ids(await asyncio.gather(*(self.load.post(url, path, body, key) for url in self.load.urls)))
        else:
            ids = []
        while not ids and not self.load.is_over.is_set():
            ids = _ids([await self.load.post(self.chance.choice(self.load.urls), path, body, key)])
            if not ids:
                await self._pause()
        if ids and self.chance.random() < _SENT_AGAIN:
            await self._pause()
            ids += _ids([await self.load.post(self.chance.choice(self.load.urls), path, body, key)])
        return ids

    async def _attend(self, record: SubmissionRecord) -> None:
        """Watch an execution to its end; perhaps cancel it on the way."""
        load = self.load
        load.submissions.append(record)
        load.in_flight += 1
        load.levels.append(load.in_flight)
        watching = [
            Subscriber(load.sockets(), execution_id, habits, random.Random(self.chance.random()))
            for execution_id in sorted(set(record.ids))
            for habits in choose_habits(self.chance)
        ]
        load.subscribers += watching
        # The first of them comes at once and stays; the others have their own time.
        load.watches += [asyncio.create_task(subscriber.watch()) for subscriber in watching[1:]]
        async with asyncio.TaskGroup() as group:
            group.create_task(watching[0].watch())
            if self.chance.random() < _CANCELLED:
                group.create_task(self._cancel(record))
        load.in_flight -= 1

    async def _cancel(self, record: SubmissionRecord) -> None:
        wait = self.chance.choice((0.0, self.chance.uniform(0, 2), self.chance.uniform(0, 8)))
        await elapse(wait)
        for _ in range(2 if self.chance.random() < _CANCELLED_TWICE else 1):
            record.cancel_answers.append(await self._ask_to_cancel(record.ids[0]))

    async def _ask_to_cancel(self, execution_id: str) -> bool | None:
        for _ in range(_CANCEL_TRIES):
            answer = await self.load.post(self.chance.choice(self.load.urls), f"/api/executions/{execution_id}/cancel")
            if answer is not None:
                return bool(answer["cancelled"])
            await self._pause()
        return None

    async def _pause(self) -> None:
        await elapse(self.chance.uniform(*_AGAIN_SECONDS))


def _ids(answers: list[Body | None]) -> list[str]:
    return [str(answer["executionId"]) for answer in answers if answer is not None]


def _code(reply: httpx.Response) -> str:
    try:
        return ErrorReply.model_validate_json(reply.content).code
    except ValidationError:
        return reply.text[:80]
