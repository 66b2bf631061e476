"""What the two engines say of a transaction: whether it is still open, whether its COMMIT was answered, and
whether its error calls for another try.
"""

from __future__ import annotations

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

_OPEN = (TransactionStatus.ACTIVE, TransactionStatus.INTRANS, TransactionStatus.INERROR)
_AGAIN = (
    psycopg.errors.DeadlockDetected,  # 40P01
    psycopg.errors.SerializationFailure,  # 40001
    psycopg.errors.LockNotAvailable,  # 55P03
)


def is_open(connection: Connection) -> bool:
    """Whether the driver's transaction is still open.

    SQLite ends it by itself on a full disk or an I/O error, PostgreSQL when the connection is lost. One
    that only waits to be rolled back to its savepoint is open.
    """
    if connection.invalidated:
        return False
    driver = connection.connection.driver_connection
    if isinstance(driver, psycopg.Connection):
        return not driver.closed and driver.info.transaction_status in _OPEN
    return bool(getattr(driver, "in_transaction", True))


def is_unanswered(connection: Connection, error: BaseException) -> bool:
    """Whether a COMMIT that failed with this error may nevertheless have been carried out.

    A refusal comes over a connection that lives on. SQLite's sync fails after everything was written.
    """
    if connection.invalidated:
        return True
    return getattr(getattr(error, "orig", None), "sqlite_errorname", "") == "SQLITE_IOERR_FSYNC"


def is_hindrance(error: BaseException) -> bool:
    """Whether this error of the driver says that another process was in the way."""
    return isinstance(error, _AGAIN)


def may_run_again(error: BaseException | None) -> bool:
    """Whether another process was in the way, so that the same work may well succeed later."""
    while error is not None:
        if isinstance(error, DBAPIError) and error.orig is not None and is_hindrance(error.orig):
            return True
        error = error.__cause__ or error.__context__
    return False
