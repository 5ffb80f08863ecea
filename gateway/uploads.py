"""A run's request as it arrives: JSON, or a form with files that become options. What it means is decided elsewhere.

    curl -F input='Answer {question}' -F cases=@cases.csv -F options='{"n_cases": 12}' …/run

Both come to the same `RunRequest`, so a repetition may come in the other form. What an option makes of a file is
`stagecast.option_rows`.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from contracts.errors import InvalidInput
from contracts.pipeline import Pipeline
from contracts.requests import RunRequest
from gateway.arrival import Arrival
from gateway.request_body import parse_json, parse_run, read_options, run_request
from stagecast.inputs import MODELS_OPTION
from stagecast.option_rows import read_rows
from stagecast.spelling import suggest

FORM = "multipart/form-data"
_INPUT, _OPTIONS = "input", "options"
_MAX_PARTS = 50  # of each kind, files and other fields
# A form's parts are UTF-8 (RFC 7578, 5.1.2); what the header says besides would only choose another decoder.
_CHARSET = re.compile(r";\s*charset=[^;]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a form: the option that it is for, its own name, and its bytes."""

    option: str
    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """A form's parts. A field may come once; which files there may be is the pipeline's affair."""

    fields: Mapping[str, str]
    uploads: Sequence[Upload]


async def read_run(arrival: Arrival, find: Callable[[], Pipeline]) -> RunRequest:
    """Read a request.

    Args:
        arrival: the request.
        find: finds the pipeline, whose schemas say what becomes of files; asked for forms only.

    Raises:
        InvalidInput: it is neither JSON nor a form of this kind, or a file does not fit.
        BodyTooLarge: it is longer than the setting allows.
        PipelineNotFound, InvalidPipeline: as `find` raises them.
    """
    body = await arrival.read_body()
    if not arrival.content_type.lower().startswith(FORM):
        return parse_run(body)
    pipeline = find()
    form = await read_form(arrival.content_type, body)
    # In a thread: a table may have thousands of rows, and each is held against its schema.
    return await asyncio.to_thread(request_of, form, pipeline)


async def read_uploaded_options(arrival: Arrival, pipeline: Pipeline) -> dict[str, Any]:
    """Read the options of a form, files among them.

    Raises:
        InvalidInput: it is no form of this kind, or a file does not fit.
        BodyTooLarge: it is longer than the setting allows.
    """
    body = await arrival.read_body()
    if not arrival.content_type.lower().startswith(FORM):
        raise InvalidInput(f"Send a form ({FORM}) with files named like an option.")
    return await asyncio.to_thread(options_of, await read_form(arrival.content_type, body), pipeline)


async def read_form(content_type: str, body: bytes) -> Form:
    """Take a form apart.

    Raises:
        InvalidInput: it is none, it ends too early, or a field comes twice.
    """
    try:
        parts = (await _FormParser(_CHARSET.sub("", content_type), body).parse()).multi_items()
    except (MultiPartException, UnicodeError) as error:
        why = error.message if isinstance(error, MultiPartException) else "Its parts are not UTF-8 text."
        raise InvalidInput(f"The form cannot be read. {why}") from None
    fields = [(name, value) for name, value in parts if isinstance(value, str)]
    uploads: list[Upload] = []
    for name, value in parts:
        if isinstance(value, UploadFile):
            uploads.append(Upload(name, value.filename or "", await value.read()))
            await value.close()
    names = [name for name, _ in parts]
    for name in names:
        if names.count(name) > 1:
            raise InvalidInput(f"The form has '{name[:100]}' twice.")
    texts = [(upload.option, _text_of(upload)) for upload in uploads if upload.option == _INPUT]
    # A browser sends an empty file without a name where none was chosen.
    chosen = [upload for upload in uploads if upload.option != _INPUT and (upload.name or upload.content)]
    return Form(dict([*fields, *texts]), chosen)


def request_of(form: Form, pipeline: Pipeline) -> RunRequest:
    """Return the request that a form is: each file is the value of the option whose name it has.

    Raises:
        InvalidInput: a part has no place, an option is given twice, or a file does not fit; with file, line and column.
    """
    fields = _fields_of(form)
    # Checked before the files are added: the request is what was sent so far.
    options = run_request(fields).options
    return run_request({**fields, _OPTIONS: _with_files(options, form, pipeline)})


def options_of(form: Form, pipeline: Pipeline) -> dict[str, Any]:
    """Return the options of a form as `request_of` has them; the input may be left out.

    Raises:
        InvalidInput: as `request_of`, but for the input.
    """
    options = read_options(_fields_of(form)) or {}
    return read_options({_OPTIONS: _with_files(options, form, pipeline)}) or {}


def _fields_of(form: Form) -> dict[str, Any]:
    for name in form.fields.keys() - {_INPUT, _OPTIONS}:
        raise InvalidInput(f"A form takes input, options, and files named like an option, not a field '{name[:100]}'.")
    given = parse_json(form.fields[_OPTIONS].encode(), _OPTIONS) if _OPTIONS in form.fields else None
    return {_INPUT: form.fields.get(_INPUT), _OPTIONS: given}


def _with_files(given: Mapping[str, Any], form: Form, pipeline: Pipeline) -> dict[str, Any]:
    options, schemas = dict(given), pipeline.input_schemas
    for upload in form.uploads:
        name = upload.option
        if name not in schemas or name == pipeline.primary:
            known = schemas.keys() - {pipeline.primary, MODELS_OPTION}
            raise InvalidInput(f"The pipeline takes no file '{name[:100]}'; {suggest(name, known)}")
        if name in options:
            raise InvalidInput(f"'{name}' is given as a file and in options; give it once.")
        options[name] = read_rows(name, schemas[name], pipeline.defs, upload.name, upload.content)
    return options


def _text_of(upload: Upload) -> str:
    try:
        return upload.content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput("The file that is the input is not UTF-8 text.") from None


class _FormParser(MultiPartParser):
    """Reads a form that is in memory already, and keeps it there."""

    def __init__(self, content_type: str, body: bytes) -> None:
        async def stream() -> AsyncGenerator[bytes, None]:
            yield body
            if not self._is_whole:  # the parser would take what came so far for all
                raise MultiPartException("It ends before its closing boundary.")

        headers = Headers({"content-type": content_type})
        super().__init__(
            headers, stream(), max_files=_MAX_PARTS, max_fields=_MAX_PARTS, max_part_size=max(1, len(body))
        )
        self.spool_max_size = len(body) + 1
        self._is_whole = False

    def on_end(self) -> None:
        """Note that the form came to its end."""
        self._is_whole = True
