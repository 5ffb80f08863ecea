"""The gateway's composition root: the one place that knows every part and puts them together."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from importlib.metadata import version

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from gateway.admission import Admission, RateWindows
from gateway.archive import Archive
from gateway.body_limit import BodyLimit
from gateway.browser_guard import BrowserGuard
from gateway.connection import Connection
from gateway.definitions import Definitions
from gateway.entrance import Guards, Hall, SocketEntrance
from gateway.errors import install_error_handlers
from gateway.estimation import Estimates
from gateway.feed import FeedOptions
from gateway.gatekeeper import Gatekeeper
from gateway.http_door import HttpDoor
from gateway.lifecycle import Lifecycle
from gateway.model_survey import ModelSurvey
from gateway.openapi import DESCRIPTION, TAGS, describe, operation_id
from gateway.origin import BrowserRules
from gateway.places import Places
from gateway.queue_limit import QueueLimit
from gateway.relay import Relay
from gateway.routes.descriptions import description_routes
from gateway.routes.estimates import estimate_routes
from gateway.routes.events import Streaming, event_routes
from gateway.routes.executions import execution_routes
from gateway.routes.models import model_routes
from gateway.routes.operations import operation_routes
from gateway.routes.options import option_routes
from gateway.routes.outputs import output_routes
from gateway.routes.pipeline_files import pipeline_file_routes
from gateway.routes.pipelines import pipeline_routes
from gateway.routes.stage_inputs import stage_input_routes
from gateway.routes.submissions import Waiting, submission_routes
from gateway.routes.web import web_routes
from gateway.security_headers import SecurityHeaders
from gateway.session import SessionLimits
from gateway.settings import GatewaySettings
from gateway.sockets import Sockets, SocketsLimits
from gateway.stage_inputs import StageInputs
from gateway.submission import Submissions
from gateway.subscriptions import Subscriptions
from gateway.web_files import read_web_files
from stagecast.catalog import Catalog
from stagecast.functions import FunctionRegistry
from stagecast.log import ExecutionLog
from stagecast.outputs import OutputStore
from stagecast.presence import RunnerDirectory


@dataclass(frozen=True, slots=True)
class Gateway:
    """The parts of one gateway that the process which runs it, and tests, must reach.

    Attributes:
        app: the ASGI application.
        relay: the live feeds; empty when nobody watches.
        lifecycle: the feed of all executions' life cycles.
        sockets: the open WebSockets.
        stopping: to be set when the gateway goes down, so that no request waits any longer.
        connection: the broker; None when a log was given.
    """

    app: FastAPI
    relay: Relay
    lifecycle: Lifecycle
    sockets: Sockets
    stopping: asyncio.Event
    connection: Connection | None


def create_app(
    settings: GatewaySettings,
    *,
    log: ExecutionLog | None = None,
    outputs: OutputStore | None = None,
    catalog: Catalog | None = None,
    runners: RunnerDirectory | None = None,
) -> FastAPI:
    """Make the ASGI application; see `create_gateway`."""
    return create_gateway(settings, log=log, outputs=outputs, catalog=catalog, runners=runners).app


def create_gateway(
    settings: GatewaySettings,
    *,
    log: ExecutionLog | None = None,
    outputs: OutputStore | None = None,
    catalog: Catalog | None = None,
    runners: RunnerDirectory | None = None,
) -> Gateway:
    """Put a gateway together. Nothing is connected before its lifespan begins.

    Args:
        settings: what can be set.
        log: the execution log; without it the one on the broker that the environment names.
        outputs: saved results; without it the place that the settings name.
        catalog: pipelines; without it the directory that the settings name.
        runners: who is alive; taken from the broker when no log is given.

    Raises:
        MissingSetting: the environment does not hold.
        OutputsUnavailable: the outputs cannot be opened.
    """
    connection = Connection.from_environment() if log is None else None
    if log is None and connection is not None:
        log, runners = connection.log, runners or connection.runners
    if log is None:
        raise AssertionError("there is a log where there is no connection")
    outputs = outputs or OutputStore.open(settings.outputs)
    catalog = catalog or Catalog(settings.pipelines(), FunctionRegistry())
    relay = Relay(log, FeedOptions(silence_seconds=settings.silence_seconds))
    archive = Archive(outputs)
    subscriptions = Subscriptions(log, relay, archive)
    if connection is not None:
        connection.broker.on_connected(relay.mark_all_lost)
        connection.broker.on_connected(subscriptions.lifecycle.mark_lost)
    admission = Admission(Gatekeeper.from_settings(settings), RateWindows.from_settings(settings))
    places = Places(settings.max_connections_per_client)
    sockets = Sockets(_sockets_limits(settings), places, admission)
    definitions = Definitions(catalog, runners, settings.models)
    submissions = Submissions(log, definitions, QueueLimit(log, settings.max_queued))
    waiting = Waiting(settings.max_wait_seconds, asyncio.Event())
    browser_rules = BrowserRules.from_settings(settings)
    files = read_web_files()
    streaming = Streaming(places, admission.holds, waiting.stopping, settings.sse_heartbeat_seconds)

    app = FastAPI(
        title="stagecast",
        version=version("stagecast"),
        description=DESCRIPTION,
        openapi_tags=TAGS,
        generate_unique_id_function=operation_id,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        redoc_url=None,
        redirect_slashes=False,
        middleware=[Middleware(BodyLimit, max_bytes=settings.max_body_bytes)],
        lifespan=_lifespan(subscriptions, relay, sockets, connection),
    )
    app.add_middleware(HttpDoor, admission=admission, public_files=[file.path for file in files])
    install_error_handlers(app)
    _add_browser_protection(app, browser_rules)
    routers = (
        submission_routes(submissions, subscriptions, waiting),
        estimate_routes(Estimates(definitions, catalog.registry)),
        option_routes(definitions),
        execution_routes(log, archive),
        stage_input_routes(StageInputs(log, archive)),
        event_routes(subscriptions, streaming),
        pipeline_routes(catalog),
        pipeline_file_routes(catalog),
        output_routes(outputs),
        model_routes(ModelSurvey(catalog, runners, settings.models)),
        operation_routes(log, runners),
        description_routes(),
        web_routes(files),
    )
    for router in routers:
        app.include_router(router)
    describe(app, routers)
    hall = Hall(
        Guards(admission, browser_rules),
        subscriptions,
        sockets,
        _session_limits(settings),
        patience_seconds=settings.ws_send_timeout_seconds,
    )
    app.add_middleware(SocketEntrance, hall=hall)
    return Gateway(app, relay, subscriptions.lifecycle, sockets, waiting.stopping, connection)


def _add_browser_protection(app: FastAPI, rules: BrowserRules) -> None:
    """Stand around everything else, error answers included. What is added last is outermost."""
    if rules.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=sorted(rules.origins),
            allow_methods=("GET", "HEAD", "POST"),
            allow_headers=("Authorization", "Content-Type", "Idempotency-Key", "Prefer", "Last-Event-ID"),
            expose_headers=("Link", "Retry-After", "Idempotency-Replayed", "Preference-Applied"),
        )
    app.add_middleware(BrowserGuard, rules=rules)
    app.add_middleware(SecurityHeaders)


def _session_limits(settings: GatewaySettings) -> SessionLimits:
    return SessionLimits(
        max_subscriptions=settings.ws_max_subscriptions,
        max_bad_messages=settings.ws_max_bad_messages,
        messages_per_second=settings.ws_messages_per_second,
    )


def _sockets_limits(settings: GatewaySettings) -> SocketsLimits:
    return SocketsLimits(
        idle_seconds=settings.ws_idle_seconds,
        identify_seconds=settings.ws_identify_seconds,
    )


def _lifespan(
    subscriptions: Subscriptions, relay: Relay, sockets: Sockets, connection: Connection | None
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        async with connection.opened() if connection is not None else nullcontext(), sockets.swept():
            yield
            await subscriptions.lifecycle.close()
            await relay.close()

    return lifespan
