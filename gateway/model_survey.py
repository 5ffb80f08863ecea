"""Which models pipelines use here, which of them some runner could ask, and what to set where none could."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from contracts.errors import LogUnavailable
from contracts.model_status import KeyStatus, ModelOverview, ModelStatus, ModelUser
from contracts.pipeline import PROVIDER_KEYS, ModelSpec, Pipeline
from contracts.presence import RunnerPresence
from stagecast.catalog import Catalog
from stagecast.inputs import override_models
from stagecast.presence import RunnerDirectory

NO_RUNNER = "No runner is connected: start one with `stagecast up` or `python -m runner`."
NOT_TOLD = "The broker does not say which runners are connected; is it running?"

_Model = tuple[str, str, str | None]  # use, provider, key


class ModelSurvey:
    """Looks at the pipelines and the runners of this moment.

    Args:
        catalog: whose pipelines name models.
        runners: who could say which keys are there; None where nobody can.
        models: what model aliases stand for here; wins over the files.
    """

    def __init__(self, catalog: Catalog, runners: RunnerDirectory | None, models: Mapping[str, ModelSpec]) -> None:
        self._catalog = catalog
        self._runners = runners
        self._models = models

    async def overview(self) -> ModelOverview:
        """Return what is known; a broker that does not answer leaves open what runners have, and nothing else."""
        pipelines = [override_models(entry.pipeline, {}, self._models) for entry in self._catalog.list()]
        return survey(pipelines, await self._present())

    async def _present(self) -> Sequence[RunnerPresence] | None:
        try:
            return None if self._runners is None else await self._runners.present()
        except LogUnavailable:
            return None


def survey(pipelines: Iterable[Pipeline], runners: Sequence[RunnerPresence] | None) -> ModelOverview:
    """Return which models the pipelines use, and which of them the runners could ask; None for unknown runners."""
    users: defaultdict[_Model, list[ModelUser]] = defaultdict(list)
    for pipeline in pipelines:
        for alias, spec in pipeline.models.items():
            users[spec.use, spec.provider, spec.required_key].append(ModelUser(pipeline_id=pipeline.id, alias=alias))
    known = None if not runners else frozenset(key for runner in runners for key in runner.keys)
    unknown_because = NOT_TOLD if runners is None else NO_RUNNER
    return ModelOverview(
        runners=None if runners is None else len(runners),
        keys=_keys(users, known),
        models=tuple(
            _model(model, users[model], known, unknown_because)
            for model in sorted(users, key=lambda model: (model[0], model[2] or ""))
        ),
    )


def _keys(models: Iterable[_Model], known: frozenset[str] | None) -> tuple[KeyStatus, ...]:
    providers = {setting: provider for provider, setting in PROVIDER_KEYS.items()}
    for _, provider, key in sorted(models, key=lambda model: model[0]):
        if key is not None:
            providers.setdefault(key, provider)
    return tuple(
        KeyStatus(setting=setting, provider=provider, is_set=None if known is None else setting in known)
        for setting, provider in sorted(providers.items())
    )


def _model(
    model: _Model, users: Iterable[ModelUser], known: frozenset[str] | None, unknown_because: str
) -> ModelStatus:
    use, provider, key = model
    usable = None if known is None else key is None or key in known
    reason = {None: unknown_because, False: f"Set {key} for the runner and start it again.", True: None}[usable]
    return ModelStatus(
        use=use,
        provider=provider,
        key=key,
        usable=usable,
        reason=reason,
        used_by=tuple(sorted(users, key=lambda user: (user.pipeline_id, user.alias))),
    )
