"""What the two engines say of a transaction: whether it is still open, and whether its error calls for
another try.
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
    driver = connection.connection.driver_connection
    if isinstance(driver, psycopg.Connection):
        return not driver.closed and driver.info.transaction_status in _OPEN
    return bool(getattr(driver, "in_transaction", True))


def may_run_again(error: BaseException | None) -> bool:
    """Whether another process was in the way, so that the same work may well succeed later."""
    while error is not None:
        if isinstance(error, DBAPIError) and isinstance(error.orig, _AGAIN):
            return True
        error = error.__cause__ or error.__context__
    return False
