"""How routes write their JSON answers."""

from collections.abc import Mapping

from starlette.responses import Response

from contracts.wire import WireModel


def json_reply(model: WireModel, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with a model, written by itself: the framework would validate and serialise once more."""
    return Response(model.model_dump_json(by_alias=True), headers=headers, media_type="application/json")
