"""Opening a PostgreSQL database: only `karo migrate` writes, and every refusal is one sentence without a secret."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL, make_url

from storage.opening import KeyMissing, SchemaOld, StorageError, migrate_database, open_database
from storage.opening.server import bring_up
from storage.vault import new_master_key
from tests.databases import MASTER_KEY, drop_postgres, empty_postgres, fresh_postgres
from tests.storage.schema_steps import REVISIONS, engine_of, go_to

ROOT = Path(__file__).parents[2]
PASSWORD = "fungua mlango"
MIGRATE = f"from storage.opening import migrate_database; migrate_database({{!r}}, [{MASTER_KEY!r}])"


@pytest.fixture
def empty() -> Iterator[str]:
    """A database with nothing in it."""
    url = empty_postgres()
    yield url
    drop_postgres(url)


@pytest.fixture
def ready(tmp_path: Path) -> Iterator[str]:
    """A database that `karo migrate` has made."""
    url = fresh_postgres(tmp_path)
    yield url
    drop_postgres(url)


@contextlib.contextmanager
def session(url: str) -> Iterator[psycopg.Connection]:
    """Somebody else on that database; each statement by itself."""
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def tables(url: str) -> int:
    with session(url) as connection:
        (count,) = (
            connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() or ()
        )
    return int(count)


def refusal(url: str, *keys: str) -> str:
    """The sentence; neither it nor what stands behind it in a traceback holds the password."""
    with pytest.raises(StorageError) as refused:
        open_database(url, keys or [MASTER_KEY])
    said = str(refused.value)
    assert (said.count("\n"), said[-1]) == (0, ".")
    for word in (PASSWORD, *PASSWORD.split(), "fungua%20mlango"):
        assert word not in "".join(traceback.format_exception(refused.value)).replace(__file__, "")
    return said


def with_password(url: str, **changes: object) -> str:
    changed = make_url(url).set(username="karo_locked", password=PASSWORD)
    return URL.set(changed, **changes).render_as_string(hide_password=False)  # type: ignore[arg-type]


def test_a_database_before_its_first_migration_is_refused_and_left_alone(empty: str) -> None:
    with pytest.raises(SchemaOld, match="run `karo migrate` first"):
        open_database(empty, [MASTER_KEY])
    assert tables(empty) == 0


def test_an_older_schema_is_refused_and_left_alone(ready: str) -> None:
    with session(ready) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0003'")
        with pytest.raises(SchemaOld, match="run `karo migrate` first"):
            open_database(ready, [MASTER_KEY])
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("0003",)


def test_a_database_without_its_data_key_is_refused_and_gets_none(ready: str) -> None:
    with session(ready) as connection:
        connection.execute("DELETE FROM data_keys")
        with pytest.raises(SchemaOld, match="run `karo migrate` first"):
            open_database(ready, [MASTER_KEY])
        assert connection.execute("SELECT count(*) FROM data_keys").fetchone() == (0,)


@pytest.mark.parametrize("keys", [None, [], [" "]])
@pytest.mark.parametrize("do", [open_database, migrate_database])
def test_without_a_key_nothing_is_opened_and_nothing_is_made(
    empty: str, do: object, keys: list[str] | None
) -> None:
    assert callable(do)
    with pytest.raises(KeyMissing, match="KARO_SECRET_KEY is missing"):
        do(empty, keys)
    assert tables(empty) == 0


def test_a_key_that_is_too_short_makes_nothing(empty: str) -> None:
    with pytest.raises(KeyMissing, match="at least 16"):
        migrate_database(empty, ["short"])
    assert tables(empty) == 0


def test_a_wrong_key_is_refused(ready: str) -> None:
    assert "None of the given master keys" in refusal(ready, new_master_key())


def test_postgres_may_be_written_for_postgresql(ready: str) -> None:
    other = ready.replace("postgresql://", "postgres://")
    migrate_database(other, [MASTER_KEY])
    open_database(other, [MASTER_KEY]).close()


def test_a_database_that_is_not_there(ready: str) -> None:
    assert 'database "karo_none" does not exist' in refusal(
        with_password(ready, username="postgres", database="karo_none")
    )


def test_a_role_that_is_not_there(ready: str) -> None:
    assert 'role "karo_locked" does not exist' in refusal(with_password(ready))


def test_a_server_that_does_not_listen() -> None:
    said = refusal(f"postgresql://karo:{PASSWORD.replace(' ', '%20')}@127.0.0.1:1/karo")
    assert said == "The database karo on 127.0.0.1 cannot be reached: Connection refused."


def test_a_server_that_is_not_on_this_machine(ready: str, tmp_path: Path) -> None:
    said = refusal(with_password(ready, query={"host": str(tmp_path)}))
    assert "cannot be reached: No such file or directory" in said


@pytest.mark.parametrize("spelled", ["fungua@mlango", "fungua@m/lango", "fungua@mlango:mlango"])
def test_a_password_that_tears_the_url_apart_is_not_shown(spelled: str) -> None:
    assert "URL" in refusal(f"postgresql://karo:{spelled}@127.0.0.1:1/karo")


def comes_in_without_a_password(url: str) -> bool:
    try:
        psycopg.connect(url, user="karo_locked").close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.fixture
def locked(ready: str) -> Iterator[str]:
    """The same database for a role that has to give its password, and may do nothing."""
    with session(ready) as connection:
        connection.execute(f"CREATE ROLE karo_locked LOGIN PASSWORD '{PASSWORD}'")
        (file,) = connection.execute("SHOW hba_file").fetchone() or ()
        rules = Path(file).read_text()
        Path(file).write_text(f"local all karo_locked scram-sha-256\n{rules}")
        connection.execute("SELECT pg_reload_conf()")
        while comes_in_without_a_password(ready):
            """The server reads its rules in a moment of its own."""
        yield with_password(ready)
        Path(file).write_text(rules)
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("DROP ROLE karo_locked")


def test_a_wrong_password(locked: str) -> None:
    assert 'password authentication failed for user "karo_locked"' in refusal(
        with_password(locked, password=f"{PASSWORD} sana")
    )


def test_a_role_that_may_not_read(locked: str) -> None:
    said = refusal(locked)
    assert "cannot be used: permission denied" in said


def test_two_migrations_at_the_same_moment_are_one(empty: str) -> None:
    with session(empty) as connection:
        connection.execute("SELECT pg_advisory_lock(x'6B61726F'::bigint)")
        code = MIGRATE.format(empty)
        both = [subprocess.Popen([sys.executable, "-c", code], cwd=ROOT) for _ in range(2)]
        waiting = (
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = %s"
        )
        (mine,) = (
            connection.execute("SELECT oid FROM pg_database WHERE datname = current_database()").fetchone()
            or ()
        )
        while connection.execute(waiting, [mine]).fetchone() != (2,):
            assert [process.poll() for process in both] == [None, None]
        connection.execute("SELECT pg_advisory_unlock_all()")
        assert [process.wait(60) for process in both] == [0, 0]
        assert connection.execute("SELECT count(*) FROM data_keys").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)
    open_database(empty, [MASTER_KEY]).close()


def test_a_migration_that_finds_its_tables_in_use_lets_others_pass_and_gives_up_in_words(ready: str) -> None:
    engine = engine_of(ready)
    with engine.begin() as connection:
        go_to(connection, REVISIONS[-2])
    engine.dispose()
    with session(ready) as other, ThreadPoolExecutor(1) as pool:
        with other.transaction():
            other.execute("LOCK TABLE schools")
            trying = pool.submit(bring_up, ready, [MASTER_KEY], lock_ms=20, again_after_s=(0.01, 0.01))
            given_up = trying.exception(timeout=25)
        assert isinstance(given_up, StorageError)
        assert "busy: other processes hold its tables" in str(given_up)
        assert other.execute("SELECT version_num FROM alembic_version").fetchone() == (REVISIONS[-2],)
    migrate_database(ready, [MASTER_KEY])
    open_database(ready, [MASTER_KEY]).close()
