import pytest
from nats.aio.client import Client

from stagecast.broker_client import BrokerClient


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"Nats-Sequence: 12\r\n\r\n",
        b"Nats-Subject: log.exec_1795485032054_ndzgqqwxebh2jxdc.stage_started.3\r\nStagecast-Append: 0f3a\r\n\r\n",
        b"Without-Space:value\r\nEmpty:\r\nColons: a:b: c\r\nno header at all\r\n\r\n",
        "Told: nicht möglich\r\n\r\n".encode(),
        b"Broken: \xff\r\n\r\n",
    ],
)
async def test_headers_are_read_as_nats_py_reads_them(block: bytes) -> None:
    message = b"NATS/1.0\r\n" + block
    assert await read(BrokerClient(), message) == await read(Client(), message)


async def read(client: Client, message: bytes) -> object:
    # nats-py has no public way to what is overridden.
    return await client._process_headers(message)  # pyright: ignore[reportPrivateUsage, reportUnknownMemberType]
