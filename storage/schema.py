"""What every table has in common: one metadata with named constraints, and the column types of our own."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar, cast

from sqlalchemy import CheckConstraint, MetaData, String, Table
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel import SQLModel

from storage.payment_state import PaymentStatus

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Row(SQLModel):
    """The base of every table. Table rows are not validated: the functions beside them are the only
    writers.
    """

    metadata: ClassVar[MetaData] = METADATA


class StatusColumn(TypeDecorator[PaymentStatus]):
    """A PaymentStatus kept as its plain word."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: PaymentStatus | str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Only words of the table get in: anything else raises ValueError."""
        return None if value is None else PaymentStatus(value).value

    def process_result_value(self, value: Any | None, dialect: Dialect) -> PaymentStatus | None:  # noqa: ARG002
        """The word as the status it names."""
        return None if value is None else PaymentStatus(value)


def one_of(column: str, words: type[StrEnum]) -> CheckConstraint:
    """A CHECK that the column holds one of the enumeration's words."""
    listed = ", ".join(f"'{word.value}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def table_of(model: type[SQLModel]) -> Table:
    """The SQLAlchemy Core table behind a model."""
    return cast("Table", vars(model)["__table__"])
