"""The shared access token: sealed, the app's own, replaced and forgotten by value."""

from __future__ import annotations

from datetime import timedelta

import pytest

from storage import tokens
from storage.database import Database, Unit
from storage.tokens import TOKENS, StoredToken
from tests.builders import NOON, a_school

HOUR = timedelta(hours=1)
SECRET = "the-token-that-nobody-may-read"


@pytest.fixture
async def app(database: Database) -> str:
    await database.write(a_school)
    return tokens.app_of(database.vault, "sandbox.invalid", "key")


async def test_the_last_one_saved_is_found(database: Database, app: str) -> None:
    def look(unit: Unit) -> None:
        assert tokens.find(unit, 1, app) is None
        tokens.save(unit, 1, app, "first", NOON + HOUR, now=NOON)
        tokens.save(unit, 1, app, "second", NOON + 2 * HOUR, now=NOON + HOUR)
        assert tokens.find(unit, 1, app) == StoredToken("second", NOON + 2 * HOUR)

    await database.write(look)


async def test_on_disk_it_is_sealed(database: Database, app: str) -> None:
    def look(unit: Unit) -> str:
        tokens.save(unit, 1, app, SECRET, NOON + HOUR, now=NOON)
        return repr(unit.core.execute(TOKENS.select()).all()) + repr(tokens.find(unit, 1, app))

    shown = await database.write(look)
    assert SECRET not in shown
    assert "sandbox" not in shown


async def test_another_app_or_environment_has_a_token_of_its_own(database: Database, app: str) -> None:
    others = [
        tokens.app_of(database.vault, host, key)
        for host, key in (("sandbox.invalid", "key2"), ("live.invalid", "key"), ("sandbox.invalidk", "ey"))
    ]
    assert len({app, *others}) == 4

    def look(unit: Unit) -> None:
        tokens.save(unit, 1, app, "mine", NOON + HOUR, now=NOON)
        assert [tokens.find(unit, 1, other) for other in others] == [None] * 3
        assert not tokens.forget(unit, 1, others[0], "mine")
        assert tokens.find(unit, 1, app) is not None

    await database.write(look)


async def test_only_this_very_token_is_forgotten(database: Database, app: str) -> None:
    def look(unit: Unit) -> None:
        assert not tokens.forget(unit, 1, app, "old")
        tokens.save(unit, 1, app, "old", NOON + HOUR, now=NOON)
        tokens.save(unit, 1, app, "new", NOON + HOUR, now=NOON)
        assert not tokens.forget(unit, 1, app, "old")
        assert tokens.find(unit, 1, app) == StoredToken("new", NOON + HOUR)
        assert tokens.forget(unit, 1, app, "new")
        assert tokens.find(unit, 1, app) is None

    await database.write(look)


async def test_a_token_that_cannot_be_read_is_none_and_is_replaced(database: Database, app: str) -> None:
    def look(unit: Unit) -> None:
        tokens.save(unit, 1, app, "old", NOON + HOUR, now=NOON)
        unit.core.execute(TOKENS.update().values(value_enc=b"spoilt"))
        assert tokens.find(unit, 1, app) is None
        assert not tokens.forget(unit, 1, app, "old")
        tokens.save(unit, 1, app, "new", NOON + HOUR, now=NOON)
        assert tokens.find(unit, 1, app) == StoredToken("new", NOON + HOUR)

    await database.write(look)


async def test_what_no_app_uses_any_more_is_dropped_in_time(database: Database, app: str) -> None:
    def look(unit: Unit) -> None:
        tokens.save(unit, 1, "retired", "old", NOON + HOUR, now=NOON)
        tokens.save(unit, 1, app, "new", NOON + 2 * HOUR, now=NOON + HOUR)
        assert tokens.find(unit, 1, "retired") is not None
        later = NOON + timedelta(days=1, hours=1)
        tokens.save(unit, 1, app, "newer", later + HOUR, now=later)
        assert tokens.find(unit, 1, "retired") is None

    await database.write(look)
