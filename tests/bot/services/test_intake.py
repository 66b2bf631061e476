"""Updates of a webhook, taken by any number of processes: each once, a chat's in stored order, none lost."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.services.incoming import TRIES
from storage import arrivals
from storage.arrivals import ARRIVALS
from storage.database import Database
from storage.opening import open_database
from tests.bot.services.counter import Clock, empty
from tests.bot.services.intaking import (
    Process,
    all_at_once,
    antidote,
    heard,
    membership_changed,
    poison,
    processes,
    sql,
    states,
    stored_order,
    taken_order,
    written,
)
from tests.databases import ENGINES, MASTER_KEY, drop_postgres


@pytest.fixture(scope="module", params=sorted(ENGINES))
def databases(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Database]]:
    """Two on one PostgreSQL, as two processes have them; on SQLite the same one twice."""
    url = ENGINES[request.param](tmp_path_factory.mktemp("intake"))
    opened = [open_database(url, [MASTER_KEY]) for _ in range(2 if request.param == "postgres" else 1)]
    yield [opened[0], opened[-1]]
    for database in opened:
        database.close()
    if request.param == "postgres":
        drop_postgres(url)


@pytest.fixture
def clock() -> Clock:
    """Moves when it is told to."""
    return Clock()


@pytest.fixture
async def crew(databases: list[Database], clock: Clock) -> list[Process]:
    """Two processes that know nobody yet."""
    await databases[0].write(empty)
    return await processes(databases, clock)


async def test_forty_in_parallel_with_repeats_and_later_ones_first_take_effect_once(
    crew: list[Process],
) -> None:
    bodies = [written(number, 50 + number % 6) for number in range(1, 41)]
    chance = random.Random(7)
    brought = [*bodies, *chance.sample(bodies, 15)]
    chance.shuffle(brought)

    await all_at_once(crew, brought)

    stored = await stored_order(crew[0].database)
    assert sorted(int(each) for chat in stored.values() for each in chat) == list(range(1, 41))
    assert await taken_order(crew[0].database) == stored
    assert set((await states(crew[0].database)).values()) == {"done"}


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(
    brought=st.lists(st.integers(1, 9), min_size=1, max_size=16),
    forgotten=st.sets(st.integers(0, 15), max_size=5),
)
def test_whatever_is_brought_and_forgotten_is_taken_once_and_in_order(
    databases: list[Database], brought: list[int], forgotten: set[int]
) -> None:
    async def tell() -> None:
        await databases[0].write(empty)
        crew = await processes(databases, Clock())

        async def bring(position: int, number: int) -> None:
            process, body = crew[position % 2], written(number, 50 + number % 3)
            await (process.intake.store(body) if position in forgotten else process.takes(body))

        await asyncio.gather(*(bring(*each) for each in enumerate(brought)))
        await asyncio.gather(*(process.intake.tick() for process in crew))
        stored = await stored_order(databases[0])
        assert sorted(int(each) for chat in stored.values() for each in chat) == sorted(set(brought))
        assert await taken_order(databases[0]) == stored

    asyncio.run(tell())


async def test_a_new_update_is_told_of_once_and_a_repeat_is_worked_on_again(crew: list[Process]) -> None:
    assert [await crew[0].intake.store(written(1, 41)) for _ in range(2)] == ["41", "41"]
    assert [each.update_id for each in crew[0].stored] == ["1"]
    assert await crew[1].intake.work("telegram", "41") == 1
    assert await crew[0].intake.work("telegram", "41") == 0
    assert (len(crew[0].committed), len(crew[1].committed)) == (0, 1)


async def test_what_has_no_update_id_is_said_and_not_kept(crew: list[Process]) -> None:
    with heard() as events:
        for body in (b"", b"{", b"[]", b"null", b'{"update_id": "7"}', b'{"update_id": true}', b"[" * 60_000):
            assert await crew[0].intake.store(body) is None
    assert set(events) == {"update.unreadable"}
    assert await states(crew[0].database) == {}


async def test_an_update_that_cannot_be_read_is_said_once_and_holds_nobody(crew: list[Process]) -> None:
    with heard() as events:
        await crew[0].takes(
            b'{"update_id": 5, "message": {"message_id": 1, "date": "never", "chat": {"id": 41}}}'
        )
        await crew[0].takes(b'{"update_id": 6, "channel_post": {}}')
        await crew[0].takes(b'{"update_id": 7}')
    assert set(events) == {"update.unreadable"}
    assert set((await states(crew[0].database)).values()) == {"done"}
    assert await taken_order(crew[0].database) == {}


async def test_blocking_and_coming_back_are_taken_in_their_order(crew: list[Process]) -> None:
    async def blocked() -> list[bool]:
        rows = await crew[0].database.read(
            lambda unit: unit.core.exec_driver_sql("SELECT blocked_at FROM chats").scalars().all()
        )
        return [row is not None for row in rows]

    await crew[0].takes(membership_changed(1, 41, "kicked"))
    assert await blocked() == [True]
    for body in (membership_changed(3, 41, "kicked"), membership_changed(2, 41, "member")):
        await crew[0].intake.store(body)
    await crew[1].intake.tick()
    assert await blocked() == [False]


async def test_a_poison_update_holds_its_chat_for_five_tries_and_no_other(
    crew: list[Process], clock: Clock
) -> None:
    await poison(crew[0], "41")
    with heard() as events:
        for process, body in zip(crew, (written(1, 41), written(2, 41)), strict=True):
            await process.takes(body)
        await crew[1].takes(written(3, 42))
        assert await states(crew[0].database) == {"1": "waiting", "2": "waiting", "3": "done"}
        for seconds in (0, 0.5, 1, 2):
            clock.advance(seconds)
            await crew[1].intake.tick()
        assert await states(crew[0].database) == {"1": "waiting", "2": "waiting", "3": "done"}
        clock.advance(4)
        await crew[0].intake.tick()
    assert events == ["update.failed"] * TRIES + ["update.skipped", "update.failed"]
    await antidote(crew[0])
    clock.advance(0.5)
    await crew[0].intake.tick()
    assert await states(crew[0].database) == {"1": "skipped", "2": "done", "3": "done"}
    assert await taken_order(crew[0].database) == {
        "41": ["1", "2"],
        "42": ["3"],
    }  # the first one is the apology


async def test_a_passing_trouble_is_tried_again_and_answered_once(crew: list[Process], clock: Clock) -> None:
    await poison(crew[0], "41")
    await crew[0].takes(written(1, 41))
    await antidote(crew[0])
    assert await crew[0].intake.work("telegram", "41") == 0
    clock.advance(0.5)
    await crew[1].intake.tick()
    assert await taken_order(crew[0].database) == {"41": ["1"]}
    assert await states(crew[0].database) == {"1": "done"}


async def test_a_body_that_was_spoilt_is_given_up_without_a_word(crew: list[Process], clock: Clock) -> None:
    await crew[0].intake.store(written(1, 41))
    await crew[0].intake.store(written(2, 41))
    await crew[0].database.write(
        lambda unit: (
            unit.core.execute(ARRIVALS.update().where(ARRIVALS.c.update_id == "1").values(body_enc=b"spoilt"))
            and None
        )
    )
    for _ in range(TRIES):
        await crew[0].intake.tick()
        clock.advance(10)
    assert await states(crew[0].database) == {"1": "skipped", "2": "done"}
    assert await taken_order(crew[0].database) == {"41": ["2"]}


async def test_nothing_is_given_up_while_not_even_the_apology_can_be_stored(
    crew: list[Process], clock: Clock
) -> None:
    await crew[0].intake.store(written(1, 41))
    await sql(crew[0].database, "ALTER TABLE outbox_messages RENAME TO elsewhere")
    with heard() as events:
        for _ in range(TRIES + 2):
            await crew[0].intake.tick()
            clock.advance(10)
    await sql(crew[0].database, "ALTER TABLE elsewhere RENAME TO outbox_messages")
    assert events.count("update.not_skipped") == 3
    await crew[0].intake.tick()
    assert await states(crew[0].database) == {"1": "done"}
    assert await taken_order(crew[0].database) == {"41": ["1"]}


async def test_more_chats_than_one_look_takes_are_worked_on_by_one_tick(crew: list[Process]) -> None:
    for number in range(1, 56):
        await crew[0].intake.store(written(number, 100 + number))
    await crew[1].intake.tick()
    assert await crew[0].database.read(lambda unit: arrivals.backlog(unit, crew[0].school_id)) == (0, None)
