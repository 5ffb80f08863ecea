"""Rows of lists that were made once and never change, kept small in memory so that a search need not read them again.

What a row is made from, and which rows are wanted, is decided elsewhere: `stagecast.outputs`, `stagecast.listing`.
"""

import heapq
import sys
import zlib
from typing import NamedTuple

from contracts.wire import WireModel

_ROW_BYTES = 420  # what a row takes beside its packed bytes: its key, its place in the order, the objects around it


class KeptRow(NamedTuple):
    """One row, as JSON and with what it is searched by.

    Packed, since there may be 100,000: with a prompt of 500 characters 460 bytes instead of 950, for 6 µs a look.
    """

    pipeline_id: str
    owner: str | None
    status: str
    packed: bytes

    @classmethod
    def of(cls, row: WireModel, owner: str | None, status: str, searched: bytes, *, pipeline_id: str) -> "KeptRow":
        """Pack a row with its `stagecast.selection.searched_text`."""
        packed = zlib.compress(row.model_dump_json(by_alias=True).encode() + b"\n" + searched, 1)
        # Few different ones, each in very many rows.
        owner = None if owner is None else sys.intern(owner)
        return cls(sys.intern(pipeline_id), owner, sys.intern(status), packed)

    def row(self) -> bytes:
        """Return the row as UTF-8 JSON."""
        return zlib.decompress(self.packed).partition(b"\n")[0]

    def searched(self) -> bytes:
        """Return what it is searched by."""
        return zlib.decompress(self.packed).partition(b"\n")[2]


class KeptRows:
    """Keeps rows by name, the newest that fit.

    Lists are read from their newest end, so dropping what was not used for longest would, in a search through more than
    there is room for, drop each row just before it is wanted.

    Args:
        max_bytes: about how much memory they may take.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._rows: dict[str, KeptRow] = {}
        self._oldest: list[tuple[int, str]] = []  # a heap of (moment, name), names that were dropped included
        self._bytes = 0

    def __len__(self) -> int:
        """Return how many are kept."""
        return len(self._rows)

    @property
    def size(self) -> int:
        """About how many bytes they take."""
        return self._bytes

    def get(self, name: str) -> KeptRow | None:
        """Return a row, None where it is not kept."""
        return self._rows.get(name)

    def keep(self, name: str, moment: int, row: KeptRow) -> None:
        """Keep a row, as far as there is room.

        Args:
            name: of the row.
            moment: when it was submitted, as any number that grows with time.
            row: what to keep under the name, in place of what is there.
        """
        self.drop(name)
        self._rows[name] = row
        self._bytes += _ROW_BYTES + len(row.packed)
        heapq.heappush(self._oldest, (moment, name))
        while self._bytes > self._max_bytes and self._oldest:
            self.drop(heapq.heappop(self._oldest)[1])

    def drop(self, name: str) -> None:
        """Forget a row, if it is kept."""
        row = self._rows.pop(name, None)
        if row is not None:
            self._bytes -= _ROW_BYTES + len(row.packed)
