"""A connection that is closed is gone soon, also when its peer never takes what was still to be sent.

A transport that is asked to close first sends what it holds. To a peer that stopped reading, or vanished without a
word, that takes for ever, and the socket and its buffers stay. No protocol in here.
"""

import asyncio
from typing import Any

LINGER_SECONDS = 5.0
"""How long a peer may take, after the close, to take what was sent before it."""


class TimedTransport(asyncio.Transport):
    """Passes everything on to a transport, and cuts the connection where `close` does not get to its end.

    Args:
        inner: the connection's own transport.
        loop: for the time limit.
    """

    def __init__(self, inner: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._inner = inner
        self._loop = loop
        self._cut: asyncio.TimerHandle | None = None
        # What is called for each message must not cost another call.
        self.is_closing = inner.is_closing
        self.pause_reading = inner.pause_reading
        self.resume_reading = inner.resume_reading

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send; on a connection that is closing, or gone, it does nothing, where uvloop would raise `RuntimeError`."""
        if not self._inner.is_closing():
            self._inner.write(data)

    def close(self) -> None:
        """Stop reading, send what is left as long as the peer takes it in time, and close; once."""
        if self._inner.is_closing():  # after a second close asyncio's TLS transport cannot be asked anything any more
            return
        self._inner.close()
        if self._cut is None and self._inner.get_write_buffer_size() > 0:
            self._cut = self._loop.call_later(LINGER_SECONDS, self._inner.abort)

    def abort(self) -> None:
        """Close at once; what was not sent is lost."""
        self._inner.abort()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Tell about the connection."""
        return self._inner.get_extra_info(name, default)

    def get_write_buffer_size(self) -> int:
        """Tell how many bytes are still to be sent."""
        return self._inner.get_write_buffer_size()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Hand what comes from now on to another protocol."""
        self._inner.set_protocol(protocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return who is handed what comes."""
        return self._inner.get_protocol()
