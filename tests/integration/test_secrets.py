"""Secrets stay where they are: real gateway and runner, a plugin and a provider that give theirs away, wrong tokens.

Everything that leaves the processes is searched: log lines, every event in the broker, result files, HTTP answers.
"""

from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from nats.js import JetStreamManager
from nats.js.errors import NotFoundError

from stagecast.tokens import TokenFile, new_token
from tests.nats_server import NatsServer, connected
from tests.processes import Stack, running_stack
from tests.provider_server import ProviderServer, failure

PLUGIN_SECRET = 'plugin+secret/with"quotes\\and=more'
PROVIDER_SECRET = "provider-secret-0123456789"
URL_PASSWORD = "password-within-a-url"

PLUGIN = """
import logging
import os

import structlog

from contracts.errors import StageError


async def leak(context, *, how):
    secret = os.environ["LEAKY_API_KEY"]
    structlog.get_logger().warning("about to leak", detail=secret)
    logging.getLogger("leaky").error("cannot reach %s", os.environ["LEAKY_URL"])
    if how == "foreign":
        raise RuntimeError(f"401 for {secret!r} at {os.environ['LEAKY_URL']}")
    if how == "cut":
        raise RuntimeError("x" * 450 + secret)
    if how == "own":
        raise StageError(f"refused {secret}", code="leaked", is_retryable=True)
    if how == "chained":
        try:
            raise ValueError(secret)
        except ValueError as error:
            raise RuntimeError("inner trouble") from error
    raise KeyError(secret)


def check(context, value, **arguments):
    return f"not with {os.environ['LEAKY_API_KEY']}"
"""
PIPELINE = """
id: leaky-v1
name: Leaky
defaults: {{retries: {{max: 1, delay: 10ms}}}}
inputs: {{primary: how, how: {{type: string}}}}
models: {{m: {{use: "openai:m", base_url: "{url}/v1", api_key_env: LEAKY_PROVIDER_API_KEY}}}}
stages:
  - {{id: leak, call: leak, with: {{how: "{{{{ inputs.how }}}}"}}, on_error: use_skipped, output_when_skipped: none}}
  - {{id: ask, model: m, prompt: {{user: hello}}, on_error: use_skipped, output_when_skipped: none}}
  - {{id: check, call: echo, with: {{text: x}}, check: [leaky_check]}}
"""
WAYS = ["foreign", "cut", "own", "chained", "key"]


def install_plugin(directory: Path) -> Path:
    """Make a directory that, put on `PYTHONPATH`, has the plugin installed."""
    info = directory / "leaky-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: leaky\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[stagecast.functions]\nleak = leaky:leak\n[stagecast.checks]\nleaky_check = leaky:check\n"
    )
    (directory / "leaky.py").write_text(PLUGIN)
    return directory


class Witness:
    """Asks a gateway, and keeps all that it says."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self.heard: list[str] = []

    async def ask(self, method: str, path: str, *, status: int, **options: Any) -> httpx.Response:
        """Send a request, and keep the whole answer."""
        reply = await self._http.request(method, path, **options)
        self.heard.append(f"{reply.headers} {reply.text}")
        assert reply.status_code == status, reply.text
        return reply


async def run_all_ways(witness: Witness, headers: dict[str, str]) -> None:
    for how in WAYS:
        waiting = {**headers, "Prefer": "wait=60", "Idempotency-Key": f"key-{how}"}
        run = "/api/pipelines/leaky-v1/run"
        result = (await witness.ask("POST", run, status=200, json={"input": how}, headers=waiting)).json()
        assert (result["status"], result["owner"]) == ("failed", "alice")
        assert [stage["errorCode"] for stage in result["stages"]] == [
            "leaked" if how == "own" else "function_error",
            "bad_request",
            "check_failed",
        ]
        assert result["stages"][0]["error"].count("***") >= (how != "chained")
        assert "***" in result["stages"][1]["error"] or "[key]" in result["stages"][1]["error"]
        assert "***" in result["stages"][2]["error"]
        await witness.ask("GET", f"/api/executions/{result['executionId']}", status=200, headers=headers)
    for row in (await witness.ask("GET", "/api/outputs", status=200, headers=headers)).json():
        await witness.ask("GET", f"/api/outputs/{row['filename']}", status=200, headers=headers)
    await witness.ask("GET", "/api/executions", status=200, headers=headers)


async def stored_in(url: str) -> str:
    """Read everything that is in any stream of the broker, subjects and headers included."""
    texts: list[str] = []
    async with connected(url) as client:
        manager: JetStreamManager = client.jsm()  # pyright: ignore[reportUnknownMemberType]  # nats-py's types have holes
        for info in await manager.streams_info():
            name = info.config.name or ""
            for seq in range(max(info.state.first_seq, 1), info.state.last_seq + 1):
                with suppress(NotFoundError):  # a newer one has taken its place
                    message: Any = await manager.get_msg(name, seq)
                    texts.append(f"{message.subject} {message.headers} {(message.data or b'').decode()}")
    assert len(texts) > len(WAYS) * 10
    return "\n".join(texts)


def logged_by(stack: Stack) -> str:
    return "\n".join(process.log_text() for process in [*stack.gateways, *stack.runners])


async def test_no_secret_leaves_by_any_way(nats_server: NatsServer, tmp_path: Path) -> None:
    tokens = TokenFile(tmp_path / "tokens" / "tokens.json")
    good, wrong = tokens.add("alice", ["read", "run"]), new_token()
    env = {
        "STAGECAST_AUTH": "on",
        "STAGECAST_TOKENS_FILE": str(tokens.path),
        "STAGECAST_LOG_LEVEL": "debug",
        "LEAKY_API_KEY": PLUGIN_SECRET,
        "LEAKY_PROVIDER_API_KEY": PROVIDER_SECRET,
        "LEAKY_URL": f"postgres://leaky:{URL_PASSWORD}@127.0.0.1/db",
    }
    (tmp_path / "pipelines").mkdir()
    async with ProviderServer.start() as provider:
        # The second one lies where the quotation is cut off.
        refusal = f"Wrong key {PROVIDER_SECRET}, and {'x' * 265}{PLUGIN_SECRET} too"
        provider.answers = [failure(400, refusal, kind="invalid_request_error") for _ in WAYS]
        (tmp_path / "pipelines" / "leaky-v1.yaml").write_text(PIPELINE.format(url=provider.url))
        site = install_plugin(tmp_path / "site")
        async with running_stack(nats_server.url, tmp_path, env=env, plugins=site) as stack, stack.http() as http:
            witness = Witness(http)
            await run_all_ways(witness, {"Authorization": f"Bearer {good}"})
            for token in (wrong, good[:-1], f"{good}x"):
                await witness.ask("GET", "/api/executions", status=401, headers={"Authorization": f"Bearer {token}"})
            await witness.ask("GET", f"/api/executions?token={good}", status=401)
            await witness.ask("POST", "/api/pipelines/leaky-v1/run", status=401, headers={"X-Api-Key": wrong})
            stored = await stored_in(nats_server.url)
            logged = logged_by(stack)
    saved = "\n".join(path.read_text() for path in stack.outputs.rglob("*.json"))
    assert len(list(stack.outputs.rglob("*.json"))) == len(WAYS)
    assert {request.headers["authorization"] for request in provider.received} == {f"Bearer {PROVIDER_SECRET}"}
    places = {"events": stored, "log lines": logged, "result files": saved, "answers": "\n".join(witness.heard)}
    assert "about to leak" in logged
    assert "plugin failed" in logged
    assert "not let in" in logged
    for place, text in places.items():
        assert "***" in text or place == "answers"
        for name, secret in {
            "the plugin's": PLUGIN_SECRET,
            "its beginning": PLUGIN_SECRET[:14],
            "as in a URL": quote(PLUGIN_SECRET, safe=""),
            "the provider's": PROVIDER_SECRET,
            "the URL's": URL_PASSWORD,
            "the good token": good[4:30],
            "the wrong token": wrong[4:30],
        }.items():
            assert secret not in text, f"{name} in the {place}"
