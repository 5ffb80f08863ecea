import hashlib
import json

from contracts.envelope import Payload
from contracts.events import encode
from stagecast.payloads import LARGE_FIELD_BYTES, make_stub
from tests.example_events import Example


def test_a_stub_keeps_the_small_fields_and_names_the_whole() -> None:
    data = encode(Example().queued("x" * 10_000))
    stub, payload = make_stub(data)
    assert payload == Payload(digest=hashlib.sha256(data).hexdigest(), size=len(data))
    whole, rest = json.loads(data), json.loads(stub)
    assert rest == {name: value for name, value in whole.items() if name != "input"} | {
        "payload": {"digest": payload.digest, "size": payload.size}
    }


def test_a_field_s_size_is_that_of_its_bytes() -> None:
    fits = json.loads(make_stub(encode(Example().queued("é" * ((LARGE_FIELD_BYTES - 2) // 2))))[0])
    does_not = json.loads(make_stub(encode(Example().queued("é" * (LARGE_FIELD_BYTES // 2))))[0])
    assert "input" in fits
    assert "input" not in does_not
