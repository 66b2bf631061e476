"""What a database says of its own schema, definition by definition, so that two of them can be compared."""

from __future__ import annotations

import re

from sqlalchemy import Connection

_SQLITE = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name <> 'alembic_version'"
#: (kind and name, what makes it) of every column, constraint and index.
_POSTGRES = """
SELECT 'column ' || c.relname || '.' || a.attname,
       concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
                 pg_get_expr(d.adbin, d.adrelid))
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> 'alembic_version'
UNION ALL
SELECT 'constraint ' || conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
  FROM pg_constraint
 WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'alembic_version'
UNION ALL
SELECT 'index ' || indexname, indexdef
  FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'
"""


def definitions(connection: Connection) -> dict[str, list[str]]:
    """Every column, constraint and index by its name; on SQLite tables and indexes, as they were written.

    In an order of no meaning, and without alembic's own table.
    """
    if connection.dialect.name == "postgresql":
        return {name: [made] for name, made in connection.exec_driver_sql(_POSTGRES)}
    return {name: _parts(sql) for name, sql in connection.exec_driver_sql(_SQLITE)}


def _parts(sql: str) -> list[str]:
    return sorted(part.strip(" ,\n\t") for part in re.split(r"\n", sql))
