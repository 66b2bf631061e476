"""Why a copy was not begun, stopped on its way, or is not to be trusted, in words that hold no row's content."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import DBAPIError, ResourceClosedError
from sqlalchemy.exc import TimeoutError as NoConnection

from storage.opening import StorageError
from storage.transactions import may_run_again


class CopyRefused(StorageError):
    """The copy was not begun, or stopped on its way; the text says why and what to do."""


class NotSound(Exception):
    """A book breaks its invariants, or a copy is not what it was made from. problems: a line each."""

    def __init__(self, what: str, problems: Sequence[str]) -> None:
        super().__init__(what)
        self.problems = tuple(problems)


@contextmanager
def in_words(doing: str, then: str) -> Iterator[None]:
    """Turns what a database or a disk says into one sentence. doing: `copying payments`; then: what to do."""
    try:
        yield
    except (DBAPIError, ResourceClosedError, NoConnection, psycopg.Error, sqlite3.Error, OSError) as error:
        raise CopyRefused(f"It stopped while {doing}: {_why(error)}. {then}") from error


def _why(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    if may_run_again(error):
        return "another process holds what is needed"
    if isinstance(cause, OSError):
        return (cause.strerror or type(cause).__name__).lower()
    if isinstance(cause, sqlite3.Error):
        return str(cause)  # SQLite's words name tables and columns, never a value
    if isinstance(cause, psycopg.OperationalError):
        return "the connection to PostgreSQL was lost"
    return f"PostgreSQL said {type(cause).__name__}"  # its sentences may quote a row
