"""A digest of a table's content that is the same on both engines, in whatever order its rows are read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Table

from storage.copying.tables import Key, batches

_BITS = 256


@dataclass(frozen=True, slots=True)
class Digest:
    """rows: how many. total: the sum of their hashes, modulo 2^256."""

    rows: int = 0
    total: int = 0

    def __add__(self, other: Digest) -> Digest:
        """The digest of both lots of rows together."""
        return Digest(self.rows + other.rows, (self.total + other.total) % (1 << _BITS))


def of_rows(rows: Sequence[Row[Any]]) -> Digest:
    """The digest of rows that hold every column in the table's order, as Python values."""
    return Digest(len(rows), sum(map(_hash, rows)) % (1 << _BITS))


def of_table(
    connection: Connection,
    table: Table,
    size: int,
    *,
    upto: Key | None = None,
    advanced: Callable[[int], None] = lambda _rows: None,
) -> Digest:
    """The digest of a whole table, or of its rows up to a key; read in batches."""
    found = Digest()
    for rows in batches(connection, table, size, upto=upto):
        found += of_rows(rows)
        advanced(len(rows))
    return found


def _hash(row: Iterable[Any]) -> int:
    plain = repr(
        tuple(row)
    ).encode()  # both engines give the same Python values: moments in UTC, words, numbers
    return int.from_bytes(hashlib.blake2b(plain, digest_size=_BITS // 8).digest(), "big")
