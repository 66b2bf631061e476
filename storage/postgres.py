"""PostgreSQL, as this project uses it: every commit synced, no wait without an end."""

from __future__ import annotations

from typing import Any, Final

import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import ExceptionContext, make_url

LOCK_TIMEOUT_MS: Final = 100  #: for how long a unit of work waits for a row that another process holds
_STATEMENT_TIMEOUT_MS: Final = 30_000
_IDLE_IN_TRANSACTION_MS: Final = 60_000  # a process that hangs inside a transaction gives its rows back
_CONNECT_S: Final = 5
#: A server that is gone without a word is noticed after so long, idle or not.
_KEEPALIVES: Final = {
    "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 25_000,
}  # fmt: skip


def postgres_url(url: str) -> URL:
    """The URL with its driver named. `postgres://` and `postgresql://` mean the same."""
    return make_url(url).set(drivername="postgresql+psycopg")


def make_engines(url: URL, readers: int) -> tuple[Engine, Engine]:
    """One engine for the writer's only connection, and one whose connections see a snapshot and cannot
    write.
    """
    writing = _engine(url, 1, lock_timeout=LOCK_TIMEOUT_MS, synchronous_commit="on")
    event.listen(writing, "begin", _prove_alive)
    reading = _engine(url, readers, default_transaction_read_only="on", pool_pre_ping=True)
    return writing, reading.execution_options(isolation_level="REPEATABLE READ")


def maintenance_engine(url: URL) -> Engine:
    """For the commands that change the schema: they may wait for others, and take their time."""
    return _engine(url, 1, lock_timeout=30_000, statement_timeout=0)


def _engine(url: URL, pool_size: int, *, pool_pre_ping: bool = False, **settings: str | int) -> Engine:
    given: dict[str, str | int] = {
        "timezone": "UTC",
        "statement_timeout": _STATEMENT_TIMEOUT_MS,
        "idle_in_transaction_session_timeout": _IDLE_IN_TRANSACTION_MS,
        **settings,
    }
    connect: dict[str, Any] = {
        "connect_timeout": _CONNECT_S,
        "application_name": "karo",
        "options": " ".join(f"-c {name}={value}" for name, value in given.items()),
        **_KEEPALIVES,
    }
    engine = create_engine(
        url,
        connect_args=connect,
        pool_size=pool_size,
        max_overflow=0,
        pool_pre_ping=pool_pre_ping,
        hide_parameters=True,
    )
    event.listen(engine, "handle_error", _keep_values_out)
    return engine


def _keep_values_out(context: ExceptionContext) -> None:
    """PostgreSQL's DETAIL quotes rows, with the names and phones in them: only its first line goes into an error."""
    error, wrapped = context.original_exception, context.sqlalchemy_exception
    if isinstance(error, psycopg.Error) and error.diag.message_primary is not None:
        error.args = (error.diag.message_primary,)
        if wrapped is not None:
            wrapped.args = (f"({type(error).__module__}.{type(error).__name__}) {error}",)


def _prove_alive(connection: Connection) -> None:
    """A connection that died while it was idle shows here, before any work was done on it."""
    connection.exec_driver_sql("SELECT 1")
