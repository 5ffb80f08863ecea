"""The OpenAPI document: complete, with examples that hold, and nothing in it that is not meant."""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

import gateway.errors as gateway_errors
from contracts.errors import StagecastError
from contracts.requests import PipelineDetail
from gateway.app import create_app
from gateway.routes import errors_described
from gateway.routes.errors_described import ErrorKind
from gateway.settings import GatewaySettings
from stagecast.catalog import Catalog
from stagecast.functions import FunctionRegistry
from stagecast.memory_log import MemoryLog
from stagecast.pipeline_view import detail
from tests.processes import REPOSITORY

Json = dict[str, Any]

OPERATIONS = {
    "run_pipeline": ("post", "/api/pipelines/{pipeline_id}/run"),
    "estimate_run": ("post", "/api/pipelines/{pipeline_id}/estimate"),
    "read_options": ("post", "/api/pipelines/{pipeline_id}/options"),
    "list_pipelines": ("get", "/api/pipelines"),
    "get_pipeline": ("get", "/api/pipelines/{pipeline_id}"),
    "list_executions": ("get", "/api/executions"),
    "get_execution": ("get", "/api/executions/{execution_id}"),
    "cancel_execution": ("post", "/api/executions/{execution_id}/cancel"),
    "finish_execution": ("post", "/api/executions/{execution_id}/finish"),
    "rerun_execution": ("post", "/api/executions/{execution_id}/rerun"),
    "get_events": ("get", "/api/executions/{execution_id}/events"),
    "get_stage_input": ("get", "/api/executions/{execution_id}/stages/{stage_id}/input"),
    "list_outputs": ("get", "/api/outputs"),
    "get_output": ("get", "/api/outputs/{filename}"),
    "list_models": ("get", "/api/models"),
    "list_pipeline_files": ("get", "/api/pipeline-files"),
    "get_pipeline_file": ("get", "/api/pipeline-files/{filename}"),
    "healthz": ("get", "/healthz"),
    "readyz": ("get", "/readyz"),
}
"""Names that generated clients have as methods: they may be added to, and not changed."""


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Json:
    outputs = tmp_path_factory.mktemp("outputs")
    return create_app(GatewaySettings(outputs=str(outputs)), log=MemoryLog()).openapi()


def operations(document: Json) -> Iterator[tuple[str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def kinds() -> list[ErrorKind]:
    return [value for value in vars(errors_described).values() if isinstance(value, ErrorKind)]


def examples(described: Json) -> list[Any]:
    """Return the example values of a parameter, a header, or a body's media type."""
    given = [each["value"] for each in described.get("examples", {}).values()]
    return [described["example"], *given] if "example" in described else given


def check(document: Json, schema: Json, value: object) -> None:
    whole = {**schema, "components": document["components"]}
    jsonschema.validate(value, whole, format_checker=jsonschema.FormatChecker())


def test_operations_are_named_as_they_were(document: Json) -> None:
    named = {operation["operationId"]: tuple(name.split(" ")) for name, operation in operations(document)}
    assert {key: (method.upper(), path) for key, (method, path) in OPERATIONS.items()}.items() <= named.items()
    assert len(named) == len(list(operations(document)))


def test_every_operation_says_what_it_is(document: Json) -> None:
    groups = {tag["name"] for tag in document["tags"]}
    for name, operation in operations(document):
        assert operation["summary"], name
        assert operation["description"], name
        assert len(operation["tags"]) == 1, name
        assert set(operation["tags"]) <= groups, name


def test_every_parameter_has_a_description_and_an_example_that_holds(document: Json) -> None:
    for name, operation in operations(document):
        for parameter in operation.get("parameters", []):
            assert parameter["description"], (name, parameter["name"])
            assert examples(parameter), (name, parameter["name"])
            for value in examples(parameter):
                check(document, parameter["schema"], value)


def test_every_body_and_every_answer_has_an_example_that_holds(document: Json) -> None:
    for name, operation in operations(document):
        bodies = [operation["requestBody"]] if "requestBody" in operation else []
        for body in [*bodies, *(each for each in operation["responses"].values() if "content" in each)]:
            for media_type, content in body["content"].items():
                assert examples(content), (name, media_type)
                for value in examples(content) if media_type == "application/json" else ():
                    check(document, content["schema"], value)


def test_every_header_of_an_answer_has_a_description_and_an_example_that_holds(document: Json) -> None:
    for name, operation in operations(document):
        for response in operation["responses"].values():
            for header in response.get("headers", {}).values():
                assert header["description"], name
                [value] = examples(header)
                check(document, header["schema"], value)


def test_every_error_has_the_one_shape(document: Json) -> None:
    for name, operation in operations(document):
        for status, response in operation["responses"].items():
            if int(status) >= 400 and name != "GET /readyz":
                content = response["content"]["application/json"]
                assert content["schema"] == {"$ref": "#/components/schemas/ErrorReply"}, (name, status)


def test_every_error_that_the_code_knows_is_described_with_its_status() -> None:
    statuses: dict[type[StagecastError], int] = getattr(gateway_errors, "_STATUSES")  # noqa: B009 - of that module alone
    told = {(kind.status, kind.code) for kind in kinds()}
    hidden = {"invalid_id"}  # no route lets it come so far: an id that is none is answered with 404
    assert {(status, error.code) for error, status in statuses.items() if error.code not in hidden} <= told


def test_every_error_that_is_described_is_used_and_in_the_protocol_s_table(document: Json) -> None:
    used = {
        (int(status), code)
        for _, operation in operations(document)
        for status, response in operation["responses"].items()
        if int(status) >= 400
        for code in response["content"]["application/json"].get("examples", {})
    }
    assert used == {(kind.status, kind.code) for kind in kinds()}
    table = (REPOSITORY / "docs" / "protocol.md").read_text()
    for status, code in used:
        assert re.search(rf"^\| {status} \| .*`{code}`", table, re.MULTILINE), (status, code)


def test_no_schema_is_left_over(document: Json) -> None:
    used = set(re.findall(r"#/components/schemas/(\w+)", str(document)))
    assert used == set(document["components"]["schemas"])


def test_links_lead_to_operations_that_there_are(document: Json) -> None:
    known = {operation["operationId"]: operation for _, operation in operations(document)}
    for _, operation in operations(document):
        for link in operation["responses"].get("200", {}).get("links", {}).values():
            target = known[link["operationId"]]
            assert set(link["parameters"]) <= {parameter["name"] for parameter in target["parameters"]}


def test_a_pipeline_is_shown_exactly_as_described() -> None:
    for entry in Catalog(REPOSITORY / "pipelines", FunctionRegistry()).list():
        shown = detail(entry)
        assert PipelineDetail.model_validate(shown).model_dump(by_alias=True, mode="json") == shown
