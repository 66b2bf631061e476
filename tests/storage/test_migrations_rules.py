"""The rules of "expand, then contract" by revisions made up for it: each bad one is found, no good one is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine

from storage.migrate import migrate
from tests.databases import ENGINES
from tests.storage.expansion import State, judge, state_of
from tests.storage.schema_steps import MADE_UP, REVISIONS, empty_database, go_to, made_up

ON_SERVER = 'if op.get_bind().dialect.name == "postgresql": '  # SQLite's batch leaves checks behind by itself
FLOOR = "op.execute(\"UPDATE schema_floor SET floor = '{}'\")"


def change(table: str, what: str) -> str:
    return f'with changing("{table}") as table: table.{what}'


BAD = {
    "import_rows is gone": 'op.drop_table("import_rows")',
    "audit_records is gone": 'op.rename_table("audit_records", "records")',
    "chats: language is gone": change("chats", 'drop_column("language")'),
    "claims: code is gone": change("claims", 'alter_column("code", new_column_name="typed")'),
    "import_rows: amount_cents was INTEGER and is SMALLINT": change(
        "import_rows", 'alter_column("amount_cents", type_=sa.SmallInteger())'
    ),
    "chats: language must be given now": change("chats", 'alter_column("language", nullable=False)'),
    "job_periods: host is new and must be given": change(
        "job_periods", 'add_column(sa.Column("host", sa.String, nullable=False))'
    ),
    "staff_members: the check ck_staff_members_role_known is new or narrower": (
        ON_SERVER
        + 'op.drop_constraint("ck_staff_members_role_known", "staff_members")\n    '
        + change("staff_members", 'create_check_constraint("role_known", "role IN (\'admin\')")')
    ),
    "students: the check ck_students_name_given is new or narrower": change(
        "students", 'create_check_constraint("name_given", "name <> \'\'")'
    ),
    "students: unique over class_name, name is new": change(
        "students", 'create_unique_constraint("uq_students_name", ["name", "class_name"])'
    ),
    "claims: unique over code is new": (
        'op.create_index("uq_claims_code", "claims", ["code"], unique=True, '
        "sqlite_where=sa.text(\"code <> ''\"), postgresql_where=sa.text(\"code <> ''\"))"
    ),
    "arrivals: unique over channel, school_id, update_id is gone": change(
        "arrivals", 'drop_constraint("uq_arrivals_school_id_channel_update_id", type_="unique")'
    ),
    "import_rows: foreign key over amount_cents is new": change(
        "import_rows", 'create_foreign_key("fk_import_rows_amount", "students", ["amount_cents"], ["id"])'
    ),
    "seen_updates: unique over channel, kind is new": change(
        "seen_updates", 'add_column(sa.Column("kind", sa.String, nullable=False, server_default="x"))'
    )
    + '; table.create_unique_constraint("uq_seen_kind", ["channel", "kind"])',
}
GOOD = {
    "a table": 'op.create_table("t", sa.Column("id", sa.Integer, sa.ForeignKey("students.id"), primary_key=True))',
    "a column that may be empty": 'op.add_column("chats", sa.Column("tone", sa.String))',
    "a column with a default": change(
        "chats", 'add_column(sa.Column("tone", sa.String, nullable=False, server_default="x"))'
    ),
    "a column that points somewhere, once": change(
        "claims", 'add_column(sa.Column("receipt_id", sa.Integer, sa.ForeignKey("receipts.id", name="fk_r")))'
    )
    + '; table.create_unique_constraint("uq_claims_receipt", ["receipt_id"])',
    "a check of a new column": change("chats", 'add_column(sa.Column("tone", sa.String))')
    + '; table.create_check_constraint("tone_short", "tone IS NULL OR length(tone) < 9")',
    "one word more": (
        ON_SERVER
        + 'op.drop_constraint("ck_staff_members_role_known", "staff_members")\n    '
        + change(
            "staff_members", "create_check_constraint(\"role_known\", \"role IN ('staff', 'admin', 'head')\")"
        )
    ),
    "an index": 'op.create_index("ix_chats_language", "chats", ["language"])',
    "a column that may be empty now": change("claims", 'alter_column("code", nullable=True)'),
    "more room": change("import_rows", 'alter_column("amount_cents", type_=sa.BigInteger())'),
}


@dataclass(frozen=True)
class Stage:
    """A database at the newest schema, in which nothing is kept."""

    engine: Engine
    newest: State

    def states(self, folder: Path, *upgrades: str) -> list[State]:
        """The newest schema, and what each made-up revision turns it into."""
        seen = [self.newest]
        with self.engine.connect() as connection, connection.begin() as transaction:
            config = made_up(folder, connection, *upgrades)
            for number in range(len(upgrades)):
                go_to(connection, str(int(MADE_UP) + number), config)
                seen.append(state_of(connection))
            transaction.rollback()
        return seen


@pytest.fixture(scope="module", params=sorted(ENGINES))
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One for each engine."""
    folder = tmp_path_factory.mktemp("rules")
    with empty_database(request.param, folder) as engine:
        with engine.begin() as connection:
            migrate(connection)
            newest = state_of(connection)
        yield Stage(engine, newest)


@pytest.mark.parametrize("fault", BAD)
def test_what_would_break_the_release_before_is_found(stage: Stage, tmp_path: Path, fault: str) -> None:
    before, after = stage.states(tmp_path, BAD[fault])
    assert fault in judge(before, after, REVISIONS[-1])


def test_a_default_that_is_taken_away_is_found(stage: Stage, tmp_path: Path) -> None:
    taken = change("chats", 'alter_column("tone", server_default=None)')
    _, before, after = stage.states(tmp_path, GOOD["a column with a default"], taken)
    assert judge(before, after, MADE_UP) == ["chats: tone has lost its default"]


@pytest.mark.parametrize("addition", GOOD)
def test_what_only_adds_is_let_pass(stage: Stage, tmp_path: Path, addition: str) -> None:
    before, after = stage.states(tmp_path, GOOD[addition])
    assert judge(before, after, REVISIONS[-1]) == []


def test_a_contraction_says_so_by_raising_the_floor(stage: Stage, tmp_path: Path) -> None:
    takes_away = BAD["chats: language is gone"]
    before, silent = stage.states(tmp_path, takes_away)
    _, said = stage.states(tmp_path, takes_away + "; " + FLOOR.format("0004"))
    assert judge(before, silent, "0004") == ["chats: language is gone"]
    assert judge(before, said, "0004") == []


def test_the_floor_never_shuts_out_the_release_before_and_never_falls(stage: Stage, tmp_path: Path) -> None:
    before, raised, fallen = stage.states(tmp_path, FLOOR.format("0004"), FLOOR.format("0003"))
    assert judge(before, raised, "0004") == []
    assert judge(before, raised, "0003") == [
        "the floor 0004 shuts out the release before, which ends at 0003"
    ]
    assert judge(raised, fallen, "0004") == ["the floor has fallen"]
