"""`karo move` and `karo backup`, as they are typed: what is said, what is kept secret, and the exit codes."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import Result

from storage import copying, moves
from storage.opening import open_database
from tests.bot.cli.desk import STUDENTS, Desk
from tests.databases import drop_postgres, empty_postgres

PASSWORD = "siri-kubwa-sana"


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """A desk in a school with two children."""
    assert desk.karo("import", "students", desk.file("students.csv", STUDENTS)).exit_code == 0
    return desk


@pytest.fixture
def server() -> Iterator[str]:
    """A PostgreSQL database with nothing in it; its URL holds a password."""
    url = empty_postgres()
    yield url.replace("postgres:@", f"postgres:{PASSWORD}@")
    drop_postgres(url)


def master_key(desk: Desk) -> str:
    return (desk.folder / "karo.db.key").read_text().strip()


def on_the_server(desk: Desk, server: str) -> Desk:
    return Desk(desk.folder, desk.settings | {"DATABASE_URL": server, "KARO_SECRET_KEY": master_key(desk)})


def complaint(result: Result) -> str:
    """Standard error, however wide the terminal is."""
    return " ".join(result.stderr.split())


def refusal(url: str) -> str | None:
    database = open_database(url, None)
    try:
        with copying.held(database, writing=False) as unit:
            return moves.refusal(unit)
    finally:
        database.close()


def test_a_school_moves_and_is_told_what_to_do_next(desk: Desk, server: str) -> None:
    result = desk.karo("move", "--to", server)

    assert result.exit_code == 0, result.output
    file = desk.folder / "karo.db"
    assert "rows were moved and compared: this school's book is in the PostgreSQL database" in result.stdout
    assert f"The old file {file} is closed" in result.stdout
    assert f"KARO_SECRET_KEY_FILE={file}.key" in result.stdout
    assert master_key(desk) not in result.output
    assert PASSWORD not in result.output
    assert on_the_server(desk, server).karo("check").exit_code == 0
    again = on_the_server(desk, server).karo("import", "students", "students.csv")
    assert "nothing changes" in " ".join(again.stdout.split())
    assert "was moved to" in (refusal(f"sqlite:///{file}") or "")


def test_a_school_that_set_its_key_itself_leaves_it_as_it_is(desk: Desk, server: str) -> None:
    desk.settings = {"KARO_SECRET_KEY": master_key(desk)}

    result = desk.karo("move", "--to", server)

    assert result.exit_code == 0
    assert "Leave KARO_SECRET_KEY as it is" in result.stdout
    assert "KARO_SECRET_KEY_FILE" not in result.stdout


def test_the_same_command_again_says_that_it_is_done(desk: Desk, server: str) -> None:
    desk.karo("move", "--to", server)

    again = desk.karo("move", "--to", server)

    assert again.exit_code == 0
    assert "Everything was moved" in again.stdout


@pytest.mark.parametrize(
    ("to", "said"),
    [
        (f"postgresql://karo:{PASSWORD}@127.0.0.1:9/karo", "cannot be reached"),
        (f"postgresql://karo:{PASSWORD}@host@127.0.0.1/karo", "write it as %40"),
        (f"postgresql://karo:{PASSWORD}@127.0.0.1:x{PASSWORD}/karo", "is no database URL"),
        (f"postgresql://karo:{PASSWORD}@127.0.0.1", "must name a database"),
        (f"mysql://karo:{PASSWORD}@127.0.0.1/karo", "must begin with"),
        ("sqlite:///other.db", "karo backup FILE"),
        (PASSWORD, "must be a URL"),
    ],
)
def test_an_address_that_will_not_do_is_refused_without_its_password(desk: Desk, to: str, said: str) -> None:
    result = desk.karo("move", "--to", to)

    assert result.exit_code == 2
    assert said in complaint(result)
    assert PASSWORD not in result.output
    assert refusal(f"sqlite:///{desk.folder / 'karo.db'}") is None


def test_it_is_not_moved_while_karo_runs(desk: Desk, server: str) -> None:
    running = open_database(f"sqlite:///{desk.folder / 'karo.db'}", None, exclusive=True)
    try:
        result = desk.karo("move", "--to", server)
    finally:
        running.close()

    assert result.exit_code == 2
    assert "Karo runs on" in complaint(result)
    assert "Stop it" in complaint(result)


def test_a_broken_book_stays_where_it_is(desk: Desk, server: str) -> None:
    desk.books(lambda unit: unit.core.exec_driver_sql("UPDATE ledger_lines SET amount_cents = 7").rowcount)

    result = desk.karo("move", "--to", server)

    assert result.exit_code == 1
    assert "Nothing was copied" in complaint(result)
    assert "does not balance" in complaint(result)


@pytest.mark.parametrize("command", [("move", "--to", "postgresql://h/karo"), ("backup", "b.db")])
def test_where_there_is_no_database_none_is_made(desk: Desk, command: tuple[str, ...]) -> None:
    desk.settings = {"DATABASE_URL": "sqlite:///nowhere.db"}

    result = desk.karo(*command)

    assert result.exit_code == 2
    assert "there is no database" in complaint(result)
    assert list(desk.folder.glob("nowhere*")) == []


def test_only_a_file_can_be_moved(desk: Desk, server: str) -> None:
    result = on_the_server(desk, server).karo("move", "--to", "postgresql://h/karo")

    assert result.exit_code == 2
    assert "names a PostgreSQL database already" in complaint(result)


def test_a_backup_is_written_while_karo_runs_and_says_where_the_key_is(desk: Desk) -> None:
    running = open_database(f"sqlite:///{desk.folder / 'karo.db'}", None, exclusive=True)
    try:
        result = desk.karo("backup", "backup.db")
    finally:
        running.close()

    assert result.exit_code == 0, result.output
    assert f"was read again: {desk.folder / 'backup.db'}" in result.stdout
    assert f"worth nothing without its key, which is in {desk.folder / 'karo.db.key'}" in result.stdout
    assert stat.S_IMODE((desk.folder / "backup.db").stat().st_mode) == 0o600
    assert not (desk.folder / "backup.db.key").exists()
    assert master_key(desk) not in result.output


def test_a_backup_with_its_key_opens_by_itself(desk: Desk) -> None:
    result = desk.karo("backup", "backup.db", "--with-key")

    assert result.exit_code == 0
    assert "Whoever has both" in result.stdout
    desk.settings = {"DATABASE_URL": "sqlite:///backup.db"}
    assert desk.karo("check").exit_code == 0


def test_a_server_is_backed_up_and_restored_into_another(desk: Desk, server: str, tmp_path: Path) -> None:
    desk.karo("move", "--to", server)
    desk = on_the_server(desk, server)
    backed_up = desk.karo("backup", "backup.db")
    desk.settings = desk.settings | {"DATABASE_URL": "sqlite:///backup.db"}
    second = empty_postgres()
    try:
        restored = desk.karo("move", "--to", second)
        desk.settings = desk.settings | {"DATABASE_URL": second}
        checked = desk.karo("check")
    finally:
        drop_postgres(second)

    assert (backed_up.exit_code, restored.exit_code, checked.exit_code) == (0, 0, 0), restored.output
    assert "which is in KARO_SECRET_KEY" in backed_up.stdout
    assert PASSWORD not in backed_up.output + restored.output


def test_a_backup_is_never_written_over(desk: Desk) -> None:
    desk.file("backup.db", "precious")

    result = desk.karo("backup", "backup.db")

    assert result.exit_code == 2
    assert "give the backup a new name" in complaint(result)
    assert (desk.folder / "backup.db").read_text() == "precious"


def test_a_broken_book_is_backed_up_with_a_warning(desk: Desk) -> None:
    desk.books(lambda unit: unit.core.exec_driver_sql("UPDATE ledger_lines SET amount_cents = 7").rowcount)

    result = desk.karo("backup", "backup.db")

    assert result.exit_code == 1
    assert "The backup is whole, but the database itself breaks rules" in complaint(result)
    assert (desk.folder / "backup.db").exists()
