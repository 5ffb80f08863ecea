"""Estimating: what a run must pass before it is estimated, and that nothing of it is stored.

The refusals are those of a run, in the same order; the numbers are made by `stagecast.forecast`.
"""

import asyncio

from contracts.errors import LogUnavailable, PipelineNotFound
from contracts.estimate import Estimate
from contracts.ids import is_pipeline_id
from gateway.arrival import Arrival, understand
from gateway.definitions import Definitions
from gateway.errors import StartFailed
from gateway.uploads import read_run
from stagecast.forecast import forecast
from stagecast.functions import FunctionRegistry
from stagecast.inputs import resolve_inputs


class Estimates:
    """Makes estimates.

    Args:
        definitions: what can be run.
        registry: whose estimators foresee functions.
    """

    def __init__(self, definitions: Definitions, registry: FunctionRegistry) -> None:
        self._definitions = definitions
        self._registry = registry

    async def estimate(self, pipeline_id: str, arrival: Arrival) -> Estimate:
        """Return what a run of this request would take.

        Raises:
            PipelineNotFound: told before anything about the body.
            InvalidPipeline, InvalidInput, MissingSetting: as for a run.
            LogUnavailable: the broker does not say which keys runners have.
        """
        if not is_pipeline_id(pipeline_id):
            raise PipelineNotFound
        asked = await understand(arrival, lambda: read_run(arrival, lambda: self._definitions.find(pipeline_id)))
        source = self._definitions.find(pipeline_id)
        request = asked.request
        try:
            definition = await self._definitions.check(source, request.input, request.options)
        except StartFailed:
            raise LogUnavailable("The broker does not say which runners are there.") from None
        inputs = resolve_inputs(definition.pipeline, request.input, request.options)
        # In a thread: templates may be long, and prices take 0.4 s to import at first.
        return await asyncio.to_thread(forecast, definition.pipeline, inputs, self._registry)
