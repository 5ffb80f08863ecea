"""The other side of `bench.fan_out`: a server that sends messages with the `broadcast()` of the library `websockets`.

    python -m bench.broadcast_server PORT

Who connects to `/control` says what is sent to all others: a JSON list of messages. It is answered with their number.
"""

import argparse
import asyncio
import json

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve


async def run(port: int) -> None:
    """Serve until killed."""
    listeners: set[ServerConnection] = set()

    async def handle(connection: ServerConnection) -> None:
        if connection.request is not None and connection.request.path == "/control":
            await control(connection)
            return
        listeners.add(connection)
        try:
            await connection.wait_closed()
        finally:
            listeners.discard(connection)

    async def control(connection: ServerConnection) -> None:
        async for text in connection:
            messages: list[str] = json.loads(text)
            for message in messages:
                broadcast(listeners, message)
                await asyncio.sleep(0)  # what has come in is read, as in any server
            await connection.send(str(len(listeners)))

    async with serve(handle, "127.0.0.1", port, compression=None, max_size=None, ping_interval=None, backlog=2048):
        await asyncio.get_running_loop().create_future()


def main() -> None:
    """Serve on the port that is named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", type=int)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(parser.parse_args().port))


if __name__ == "__main__":
    main()
