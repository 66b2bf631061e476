"""What the book holds, seen from outside."""

from __future__ import annotations

from sqlalchemy import text

from storage.database import Database
from storage.unit import Unit


async def count(database: Database, table: str, where: str = "1 = 1") -> int:
    """Rows of a table."""

    def look(unit: Unit) -> int:
        return int(unit.core.execute(text(f"SELECT count(*) FROM {table} WHERE {where}")).scalar_one())  # noqa: S608

    return await database.read(look)
