"""Forms as requests: what they come to, and that whatever else comes is refused in a sentence."""

import asyncio
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import InvalidInput
from contracts.pipeline import Pipeline
from contracts.requests import RunRequest
from gateway.arrival import Arrival
from gateway.principal import EVERYBODY
from gateway.uploads import read_run

PIPELINE = Pipeline.model_validate(
    {
        "id": "p",
        "name": "P",
        "inputs": {
            "primary": "prompt",
            "prompt": {"type": "string"},
            "n": {"type": "integer", "default": 1},
            "cases": {
                "type": "array",
                "default": [],
                "items": {
                    "type": "object",
                    "properties": {"vars": {"type": "object"}, "expected": {"type": "string"}},
                },
            },
        },
        "stages": [{"id": "a", "call": "echo"}],
    }
)
CSV = ("my cases.csv", b"question,expected\n1 + 1?,2\n", "text/csv")
CASES = [{"vars": {"question": "1 + 1?"}, "expected": "2"}]


async def read(body: bytes, content_type: str) -> RunRequest:
    async def read_body() -> bytes:
        return body

    return await read_run(Arrival(read_body, (), EVERYBODY, content_type), lambda: PIPELINE)


async def send(data: dict[str, Any], *files: tuple[str, tuple[str, bytes, str]]) -> RunRequest:
    """Read what a client sends that knows how forms are written."""
    fields: list[Any] = []
    for name, value in data.items():
        fields += [(name, (None, text)) for text in ([value] if isinstance(value, str) else value)]
    request = httpx.Request("POST", "http://x/", files=[*fields, *files])
    return await read(request.read(), request.headers["content-type"])


async def test_a_file_becomes_the_option_of_its_name() -> None:
    request = await send({"input": "Answer {question}", "options": '{"n": 2}'}, ("cases", CSV))
    assert request == RunRequest(input="Answer {question}", options={"n": 2, "cases": CASES})


async def test_a_form_without_files_is_the_same_as_json() -> None:
    assert await send({"input": "grüße"}) == RunRequest(input="grüße")


async def test_a_file_that_was_not_chosen_is_no_file() -> None:
    body = WHOLE.replace(b"c.csv", b"").replace(b"question\r\nwhy?\r\n", b"")
    assert (await read(body, "multipart/form-data; boundary=b")) == RunRequest(input="hello")


async def test_the_input_may_be_a_file_too() -> None:
    assert (await send({}, ("input", ("p.txt", "grüße".encode(), "text/plain")))).input == "grüße"


REFUSED: list[tuple[dict[str, Any], list[tuple[str, tuple[str, bytes, str]]], str]] = [
    ({"options": "{}"}, [], "Input is required and must be a non-empty string"),
    ({"input": " "}, [("cases", CSV)], "Input is required and must be a non-empty string"),
    ({"input": "x", "n": "2"}, [], "A form takes input, options, and files named like an option, not a field 'n'."),
    ({"input": "x", "options": "{"}, [], "Options is not valid JSON."),
    ({"input": "x", "options": "[]"}, [], "options must be an object."),
    ({"input": ["x", "y"]}, [], "The form has 'input' twice."),
    ({"input": "x"}, [("cases", CSV), ("cases", CSV)], "The form has 'cases' twice."),
    ({"input": "x"}, [("case", CSV)], "The pipeline takes no file 'case'; did you mean 'cases'?"),
    ({"input": "x"}, [("prompt", CSV)], "The pipeline takes no file 'prompt'; "),
    ({"input": "x"}, [("n", CSV)], "The option 'n' takes no file: its schema is not that of a list of objects."),
    (
        {"input": "x", "options": '{"cases": []}'},
        [("cases", CSV)],
        "'cases' is given as a file and in options; give it",
    ),
    ({"input": "x"}, [("cases", ("a.csv", b"x\n1,2\n", ""))], "a.csv, line 2, column 2: the row has 2 cells, and the"),
    ({}, [("input", ("p.txt", b"\xff", ""))], "The file that is the input is not UTF-8 text."),
]


@pytest.mark.parametrize(("data", "files", "sentence"), REFUSED)
async def test_what_has_no_place_is_refused_in_a_sentence(data: dict[str, Any], files: Any, sentence: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        await send(data, *files)
    assert caught.value.message.startswith(sentence)


WHOLE = (
    b'--b\r\nContent-Disposition: form-data; name="input"\r\n\r\nhello\r\n'
    b'--b\r\nContent-Disposition: form-data; name="cases"; filename="c.csv"\r\n\r\nquestion\r\nwhy?\r\n\r\n--b--\r\n'
)


@pytest.mark.parametrize("cut", [1, 30, 70, 150, len(WHOLE) - 8])
async def test_a_form_that_was_cut_off_is_refused_and_not_taken_for_a_shorter_one(cut: int) -> None:
    assert (await read(WHOLE, "multipart/form-data; boundary=b")).options == {"cases": [{"vars": {"question": "why?"}}]}
    with pytest.raises(InvalidInput, match="The form cannot be read"):
        await read(WHOLE[:cut], "multipart/form-data; boundary=b")


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=other",
        'multipart/form-data; boundary="' + "x" * 2000,
    ],
)
async def test_a_form_without_its_boundary_is_refused(content_type: str) -> None:
    with pytest.raises(InvalidInput, match="The form cannot be read"):
        await read(WHOLE, content_type)


@pytest.mark.parametrize("charset", ["utf-16", "zip", "unicode_escape", '"punycode"', "nothing"])
async def test_no_header_chooses_how_a_form_is_decoded(charset: str) -> None:
    body = WHOLE.replace(b"hello", b"gr\xc3\xbc\\ud800")
    assert (await read(body, f"multipart/form-data; charset={charset}; boundary=b")).input == "grü\\ud800"


HEAD = b"Content-Disposition: form-data"
PIECES = st.sampled_from(
    [
        b"--b",
        b"--b--",
        b"\r\n",
        b"\r\n\r\n",
        HEAD,
        b'; name="input"',
        b'; name="cases"',
        b'; filename="c.csv"',
        b"\xff",
        b"x,y",
    ]
)
BOUNDARIES = st.sampled_from(["b", "", "\xff", "b;charset=a"])


@given(
    st.lists(PIECES | st.binary(max_size=5), max_size=20).map(b"".join),
    st.sampled_from(["b", "", "\xff", "b;charset=a"]),
)
def test_whatever_comes_is_a_request_or_a_refusal_of_ours(body: bytes, boundary: str) -> None:
    async def attempt() -> None:
        try:
            await read(body, f"multipart/form-data; boundary={boundary}")
        except InvalidInput as refusal:
            assert refusal.message

    asyncio.run(attempt())
