"""Release n - 1 works on schema n: each revision from the second on only adds, or says that it takes away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Connection, Engine, MetaData, Table, select
from sqlalchemy.exc import IntegrityError

from tests.databases import ENGINES
from tests.releases.previous import newest_revision
from tests.storage.expansion import judge, state_of
from tests.storage.schema_steps import MADE_UP, REVISIONS, STEPS, empty_database, go_to, made_up

KEY = 7
#: Words that let every column of a row be filled, where the first word of a CHECK does not.
FULL = {
    ("payments", "status"): "sending",
    ("outbox_messages", "state"): "leased",
    ("ledger_lines", "account"): "fees",
}
TONE_WITH_LANGUAGE = """with changing("chats") as table:
        table.add_column(sa.Column("tone", sa.String))
        table.create_check_constraint("tone_given", "language IS NULL OR tone IS NOT NULL")
"""
VALUES: dict[type, Any] = {
    int: KEY * 100,
    str: str(KEY),
    bool: True,
    bytes: b"sealed",
    datetime: datetime(2026, 11, 22, 9, 0, tzinfo=UTC),
}


@pytest.fixture(params=sorted(ENGINES))
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database with nothing in it."""
    with empty_database(request.param, tmp_path) as engine:
        yield engine


def last_of_the_release_before(revision: str, before: str) -> str:
    """The newest revision of the release that may still run beside this one."""
    return min(before, newest_revision())


def value_of(column: Column[Any]) -> Any:
    """Something that fits: every row has the key 7, and points at the others'."""
    table = column.table
    if (table.name, column.name) in FULL:
        return FULL[table.name, column.name]
    python = column.type.python_type
    if python is int and (column.primary_key or column.foreign_keys):
        return KEY
    for check in table.constraints:
        words = re.match(rf"\W*{column.name}\b.*?'([^']*)'", str(getattr(check, "sqltext", "")))
        if words:
            return words[1]
    return VALUES[python]


def tables_of(connection: Connection) -> list[Table]:
    """As they are now, who is pointed at first."""
    known = MetaData()
    known.reflect(connection)
    return [table for table in known.sorted_tables if table.name != "alembic_version"]


def work_as_before(connection: Connection, tables: list[Table]) -> None:
    """A full row into each of these tables, changed, read back, and deleted; of the columns that are left."""
    left = {table.name: set(table.columns.keys()) for table in tables_of(connection)}
    rows = [
        (
            table,
            {column.name: value_of(column) for column in table.columns if column.name in left[table.name]},
        )
        for table in tables
        if table.name in left
    ]
    mine = {table: [column == value_of(column) for column in table.primary_key] for table, _ in rows}
    for table, row in rows:
        connection.execute(table.insert().values(row))
    for table, row in rows:
        assert connection.execute(table.update().where(*mine[table]).values(row)).rowcount == 1
        columns = (table.c[name] for name in row)
        assert [*map(comparable, connection.execute(select(*columns).where(*mine[table])).one())] == [
            *map(comparable, row.values())
        ]
    for table, _ in reversed(rows):
        assert connection.execute(table.delete().where(*mine[table])).rowcount == 1


def comparable(value: object) -> object:
    """SQLite keeps no zone."""
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


@pytest.mark.parametrize(("before", "revision"), STEPS)
def test_each_revision_only_adds_or_raises_the_floor(empty: Engine, before: str, revision: str) -> None:
    with empty.begin() as connection:
        go_to(connection, before)
        old = state_of(connection)
        go_to(connection, revision)
        assert judge(old, state_of(connection), last_of_the_release_before(revision, before)) == []


@pytest.mark.parametrize(("before", "revision"), STEPS)
def test_rows_as_the_revision_before_knows_them_are_written_changed_and_deleted(
    empty: Engine, before: str, revision: str
) -> None:
    with empty.begin() as connection:
        go_to(connection, before)
        tables = tables_of(connection)
        go_to(connection, revision)
        work_as_before(connection, tables)


def test_a_rule_over_old_and_new_columns_shows_only_when_it_is_tried(empty: Engine, tmp_path: Path) -> None:
    with empty.begin() as connection:
        go_to(connection, REVISIONS[-1])
        tables = tables_of(connection)
        work_as_before(connection, tables)
        go_to(connection, MADE_UP, made_up(tmp_path, connection, TONE_WITH_LANGUAGE))
        with pytest.raises(IntegrityError):
            work_as_before(connection, tables)
