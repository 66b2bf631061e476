"""Short names for the columns that revisions are made of. Several names may stand in one string."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


def key() -> sa.Column[int]:
    """The id."""
    return sa.Column("id", sa.Integer, primary_key=True)


def link(name: str, table: str, *, null: bool = False) -> sa.Column[int]:
    """A foreign key to the id of another table."""
    return sa.Column(name, sa.Integer, sa.ForeignKey(f"{table}.id"), nullable=null)


def words(*names: str, null: bool = False) -> list[sa.Column[str]]:
    """Text columns."""
    return [sa.Column(name, sa.String, nullable=null) for name in _split(names)]


def numbers(*names: str, null: bool = False) -> list[sa.Column[int]]:
    """Columns of counts."""
    return [sa.Column(name, sa.Integer, nullable=null) for name in _split(names)]


def cents(*names: str) -> list[sa.Column[int]]:
    """Columns of money."""
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in _split(names)]


def flags(*names: str) -> list[sa.Column[bool]]:
    """Columns of yes and no."""
    return [sa.Column(name, sa.Boolean, nullable=False) for name in _split(names)]


def moments(*names: str, null: bool = False) -> list[sa.Column[object]]:
    """Columns of time, in UTC."""
    return [sa.Column(name, sa.DateTime(timezone=True), nullable=null) for name in _split(names)]


def sealed(*names: str, null: bool = False) -> list[sa.Column[bytes]]:
    """Columns of encrypted bytes."""
    return [sa.Column(name, sa.LargeBinary, nullable=null) for name in _split(names)]


def one_of(column: str, *allowed: str) -> sa.CheckConstraint:
    """A CHECK that the column holds one of these words."""
    listed = ", ".join(f"'{word}'" for word in _split(allowed))
    return sa.CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def index(name: str, table: str, *columns: str, where: str | None = None, unique: bool = False) -> None:
    """Makes an index; `where` makes it a partial one."""
    condition = None if where is None else sa.text(where)
    op.create_index(
        name, table, list(columns), unique=unique, sqlite_where=condition, postgresql_where=condition
    )


def _split(names: tuple[str, ...]) -> list[str]:
    return " ".join(names).split()
