"""WebSocket frames, encoded once for everybody: what a server sends is not masked, so one frame serves all sockets."""

import struct

from stagecast.log import Entry

_TEXT = 0x81  # the final and only fragment of a text message
_LENGTH_16, _LENGTH_64 = 126, 127


def text_frame(data: bytes) -> bytes:
    """Return the frame of a text message, uncompressed.

    Args:
        data: the text as UTF-8.
    """
    size = len(data)
    if size < _LENGTH_16:
        return bytes((_TEXT, size)) + data
    if size < 1 << 16:
        return struct.pack("!BBH", _TEXT, _LENGTH_16, size) + data
    return struct.pack("!BBQ", _TEXT, _LENGTH_64, size) + data


class Frames:
    """Remembers the frame of the entry that was asked for last: the same one goes to many sockets in a row."""

    def __init__(self) -> None:
        self._entry: Entry | None = None
        self._frame = b""

    def of(self, entry: Entry) -> bytes:
        """Return an entry's frame."""
        if entry is not self._entry:
            self._entry, self._frame = entry, text_frame(entry.data)
        return self._frame
