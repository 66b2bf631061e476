"""Updates that a webhook brought: each stored once, taken in stored order, and held by one process at a time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage import arrivals
from storage.arrivals import ARRIVALS, Waiting
from storage.database import Database, Unit
from storage.opening import open_database
from storage.vault import VaultError
from tests.builders import NOON, a_school
from tests.databases import MASTER_KEY, drop_postgres, fresh_postgres
from tests.storage.writing import Gate

LATER = NOON + timedelta(minutes=1)


def keep(unit: Unit, number: int, address: str = "41", *, channel: str = "telegram") -> bool:
    return arrivals.keep(unit, 1, channel, str(number), address, f"body {number}".encode(), NOON)


def oldest(unit: Unit, address: str = "41") -> Waiting | None:
    return arrivals.oldest_waiting(unit, 1, "telegram", address, NOON)


def end_oldest(unit: Unit, address: str = "41") -> str | None:
    """Takes what waits longest; its update id."""
    found = oldest(unit, address)
    if found is None:
        return None
    assert arrivals.done(unit, found.id)
    return found.update_id


@pytest.fixture
async def stored(database: Database) -> Database:
    """A school's database with updates 7, 6 and 8 of chat 41, stored in this order, and one of chat 42."""

    def fill(unit: Unit) -> None:
        a_school(unit)
        assert [keep(unit, number) for number in (7, 6, 8)] == [True, True, True]
        assert keep(unit, 9, "42")

    await database.write(fill)
    return database


async def test_a_repeat_changes_nothing(stored: Database) -> None:
    def look(unit: Unit) -> None:
        again = arrivals.keep(unit, 1, "telegram", "7", "42", b"another body", LATER)
        assert not again
        found = oldest(unit)
        assert found is not None
        assert (found.update_id, found.tries, arrivals.body_of(unit, found)) == ("7", 0, b"body 7")
        assert keep(unit, 7, channel="ussd")

    await stored.write(look)


async def test_a_chat_is_taken_in_the_order_in_which_it_was_stored(stored: Database) -> None:
    taken = [await stored.write(end_oldest) for _ in range(4)]
    assert taken == ["7", "6", "8", None]
    assert await stored.write(lambda unit: end_oldest(unit, "42")) == "9"


async def test_bodies_are_encrypted_and_forgotten_once_nobody_needs_them(stored: Database) -> None:
    def look(unit: Unit) -> list[tuple[str, bytes]]:
        first, second = (unit.core.execute(ARRIVALS.select().order_by(ARRIVALS.c.id)).all())[:2]
        assert b"body" not in first.body_enc
        assert arrivals.done(unit, first.id)
        assert not arrivals.done(unit, first.id)
        assert not arrivals.skipped(unit, first.id)
        assert arrivals.skipped(unit, second.id)
        return [
            (row.state, row.body_enc)
            for row in unit.core.execute(ARRIVALS.select().where(ARRIVALS.c.id.in_([first.id, second.id])))
        ]

    assert sorted(await stored.write(look)) == [("done", b""), ("skipped", b"")]


async def test_a_body_that_was_changed_is_said(stored: Database) -> None:
    def look(unit: Unit) -> None:
        unit.core.execute(ARRIVALS.update().values(body_enc=b"spoilt"))
        found = oldest(unit)
        assert found is not None
        with pytest.raises(VaultError):
            arrivals.body_of(unit, found)

    await stored.write(look)


async def test_one_that_failed_holds_its_chat_and_no_other(stored: Database) -> None:
    def look(unit: Unit) -> None:
        found = oldest(unit)
        assert found is not None
        assert arrivals.failed(unit, found.id, LATER) == 1
        assert oldest(unit) is None
        assert arrivals.addresses_waiting(unit, 1, NOON, 10) == [("telegram", "42")]
        again = arrivals.oldest_waiting(unit, 1, "telegram", "41", LATER)
        assert again is not None
        assert (again.id, again.tries) == (found.id, 1)
        assert arrivals.failed(unit, found.id, LATER) == 2
        assert arrivals.done(unit, found.id)
        assert arrivals.failed(unit, found.id, LATER) == 0

    await stored.write(look)


async def test_a_first_try_waits_for_nobodys_clock(stored: Database) -> None:
    behind = NOON - timedelta(hours=1)
    found = await stored.write(lambda unit: arrivals.oldest_waiting(unit, 1, "telegram", "41", behind))
    assert found is not None
    assert len(await stored.read(lambda unit: arrivals.addresses_waiting(unit, 1, behind, 10))) == 2


async def test_chats_that_wait_are_listed_once_each_the_longest_waiting_first(stored: Database) -> None:
    def chats(limit: int = 10) -> Callable[[Unit], list[tuple[str, str]]]:
        return lambda unit: arrivals.addresses_waiting(unit, 1, NOON, limit)

    assert await stored.read(chats()) == [("telegram", "41"), ("telegram", "42")]
    assert await stored.read(chats(1)) == [("telegram", "41")]
    for _ in range(3):
        await stored.write(end_oldest)
    assert await stored.read(chats()) == [("telegram", "42")]
    assert await stored.read(lambda unit: arrivals.addresses_waiting(unit, 2, NOON, 10)) == []


async def test_the_backlog_counts_what_waits(stored: Database) -> None:
    assert await stored.read(lambda unit: arrivals.backlog(unit, 1)) == (4, NOON)
    assert await stored.read(lambda unit: arrivals.backlog(unit, 2)) == (0, None)


async def test_only_what_waits_no_more_is_purged(stored: Database) -> None:
    def look(unit: Unit) -> None:
        end_oldest(unit)
        assert arrivals.purge(unit, 1, NOON) == 0
        assert arrivals.purge(unit, 1, LATER) == 1
        assert arrivals.backlog(unit, 1) == (3, NOON)

    await stored.write(look)


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[tuple[Database, Database]]:
    """Two databases on one PostgreSQL, as two processes have them."""
    url = fresh_postgres(tmp_path)
    first, second = (open_database(url, [MASTER_KEY]) for _ in range(2))
    await first.write(a_school)
    yield first, second
    first.close()
    second.close()
    drop_postgres(url)


async def test_what_another_process_holds_is_left_to_it_and_not_overtaken(
    two: tuple[Database, Database],
) -> None:
    first, second = two
    await first.write(lambda unit: [keep(unit, number) for number in (1, 2)])
    gate = Gate()

    def hold(unit: Unit) -> str | None:
        taken = end_oldest(unit)
        gate(unit)
        return taken

    held = asyncio.create_task(first.write(hold))
    await asyncio.to_thread(gate.entered.wait, 10)
    assert await second.write(end_oldest) is None
    gate.opened.set()
    assert await held == "1"
    assert await second.write(end_oldest) == "2"


async def test_ids_of_one_chat_are_seen_in_their_order(two: tuple[Database, Database]) -> None:
    first, second = two
    stored, gate = threading.Event(), Gate()

    def slowly(unit: Unit) -> None:
        keep(unit, 1)
        stored.set()
        gate(unit)

    slow = asyncio.create_task(first.write(slowly))
    await asyncio.to_thread(stored.wait, 10)
    quick = asyncio.create_task(second.write(lambda unit: keep(unit, 2)))
    assert await second.write(lambda unit: keep(unit, 3, "42"))  # another chat waits for nobody
    assert await second.write(end_oldest) is None
    gate.opened.set()
    await asyncio.gather(slow, quick)
    assert [await second.write(end_oldest) for _ in range(3)] == ["1", "2", None]


ACTIONS = st.one_of(
    st.tuples(st.just("keep"), st.integers(1, 8)),
    st.tuples(st.sampled_from(["done", "failed", "skipped"]), st.sampled_from([1, 2])),
    st.tuples(st.just("wait"), st.integers(1, 90)),
)


class Model:
    """What must hold, in plain lists: update n belongs to chat n % 2 + 1; a try that failed waits a minute."""

    def __init__(self) -> None:
        self.now = NOON
        self.known: set[int] = set()
        self.waiting: dict[int, list[int]] = {1: [], 2: []}
        self.held = {1: NOON, 2: NOON}

    def head(self, chat: int) -> int | None:
        return self.waiting[chat][0] if self.waiting[chat] and self.held[chat] <= self.now else None


def play(unit: Unit, model: Model, action: str, number: int) -> None:
    """One action on both, with the same outcome."""
    if action == "wait":
        model.now += timedelta(seconds=number)
    elif action == "keep":
        chat = number % 2 + 1
        kept = arrivals.keep(unit, 1, "telegram", str(number), str(chat), b"x", model.now)
        assert kept is (number not in model.known)
        if kept:
            model.known.add(number)
            model.waiting[chat].append(number)
    else:
        found = arrivals.oldest_waiting(unit, 1, "telegram", str(number), model.now)
        assert (None if found is None else int(found.update_id)) == model.head(number)
        if found is not None and action == "failed":
            arrivals.failed(unit, found.id, model.now + timedelta(minutes=1))
            model.held[number] = model.now + timedelta(minutes=1)
        elif found is not None:
            (arrivals.done if action == "done" else arrivals.skipped)(unit, found.id)
            model.waiting[number].pop(0)
            model.held[number] = model.now


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(actions=st.lists(ACTIONS, max_size=25))
def test_any_story_keeps_every_update_once_and_in_order(
    writing: Database, actions: list[tuple[str, int]]
) -> None:
    model = Model()

    def tell(unit: Unit) -> None:
        unit.core.execute(ARRIVALS.delete())
        for action in actions:
            play(unit, model, *action)
        free = [chat for chat in (1, 2) if model.head(chat) is not None]
        found = arrivals.addresses_waiting(unit, 1, model.now, 10)
        assert sorted(found) == [("telegram", str(chat)) for chat in free]
        assert arrivals.backlog(unit, 1)[0] == sum(map(len, model.waiting.values()))

    asyncio.run(writing.write(tell))


async def test_twenty_processes_worth_of_repeats_are_one(two: tuple[Database, Database]) -> None:
    first, second = two
    kept = await asyncio.gather(
        *(database.write(lambda unit: keep(unit, 5)) for database in (first, second) * 10)
    )
    assert kept.count(True) == 1
