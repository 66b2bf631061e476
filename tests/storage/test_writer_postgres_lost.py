"""The writer when its connection to PostgreSQL is lost: idle, inside a group, or at COMMIT."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError, PendingRollbackError

from storage.database import Database, NotStored, Unit
from storage.opening import open_database
from tests.builders import a_school
from tests.databases import MASTER_KEY
from tests.storage.wire import Cut, Wire
from tests.storage.writing import Work, behind_a_gate, periods, take

pytestmark = pytest.mark.parametrize("url", ["postgres"], indirect=True)

UNKNOWN = "The connection was lost at COMMIT: whether this was stored is unknown."
NOTHING = "Nothing of this was stored."


def session_of(unit: Unit) -> int:
    """The server process that this unit talks to."""
    return int(unit.core.execute(text("SELECT pg_backend_pid()")).scalar_one())


def end_session(url: str, pid: int) -> None:
    """Ends it, as a restarting server or an impatient administrator does, and waits until it is gone."""
    with psycopg.connect(url, autocommit=True) as other:
        assert other.execute("SELECT pg_terminate_backend(%s, 10000)", (pid,)).fetchone() == (True,)


async def test_a_connection_that_died_while_idle_is_replaced_and_nobody_hears_of_it(
    writing: Database, url: str
) -> None:
    for work in (writing.write, writing.read):
        before = await work(session_of)
        end_session(url, before)
        assert await work(session_of) != before
    assert await behind_a_gate(writing, [take("one"), take("two")]) == [True, True]


def fall(url: str) -> Work:
    """A unit whose connection dies under its hands."""

    def work(unit: Unit) -> None:
        take("in vain")(unit)
        end_session(url, session_of(unit))
        take("never")(unit)

    return work


def fall_silently(url: str) -> Work:
    def work(unit: Unit) -> None:
        with contextlib.suppress(DBAPIError):
            fall(url)(unit)

    return work


def fall_at_the_end(url: str) -> Work:
    return lambda unit: end_session(url, session_of(unit))


@pytest.mark.parametrize(
    ("falling", "cause"),
    [(fall, OperationalError), (fall_silently, PendingRollbackError), (fall_at_the_end, OperationalError)],
)
async def test_every_caller_errs_when_the_connection_dies_inside_a_group(
    writing: Database, url: str, falling: Callable[[str], Work], cause: type[Exception]
) -> None:
    def fail(unit: Unit) -> None:
        raise ValueError("its own")

    told = await behind_a_gate(writing, [take("before"), fail, falling(url), take("after")])
    for each in told[:3]:
        assert isinstance(each, NotStored)
        assert (str(each), each.unknown) == (NOTHING, False)
        assert isinstance(each.__cause__, cause)
    assert told[3] is True  # nobody had taken it up yet
    assert await writing.read(periods) == ["after"]


@pytest.fixture
def wire(url: str) -> Iterator[Wire]:
    made = Wire(url)
    yield made
    made.close()


@pytest.fixture
def wired(wire: Wire, timer: Callable[[], float]) -> Iterator[Database]:
    """A database at the other end of the wire."""
    opened = open_database(wire.url, [MASTER_KEY])
    slow = Database(opened.write_engine, opened.read_engine, opened.vault, timer=timer)
    yield slow
    slow.close()
    opened.close()


@pytest.mark.parametrize("cut", ["before", "after"])
async def test_when_the_connection_is_lost_at_commit_nobody_is_told_that_all_is_well(
    wired: Database, wire: Wire, database: Database, cut: Cut
) -> None:
    await wired.write(a_school)

    def fail(unit: Unit) -> None:
        take("in vain")(unit)
        raise ValueError("its own")

    def cut_now(unit: Unit) -> bool:
        wire.cut = cut
        return bool(take("two")(unit))

    told = await behind_a_gate(wired, [take("one"), fail, cut_now])
    known = [(str(each), each.unknown) for each in told if isinstance(each, NotStored)]
    assert known == [(UNKNOWN, True), (NOTHING, False), (UNKNOWN, True)]
    stored = ["one", "two"] if cut == "after" else []
    assert await database.read(periods) == stored
    again = await behind_a_gate(wired, [take("one"), take("two"), take("three")])
    assert again == [cut == "before", cut == "before", True]
    assert await wired.read(periods) == ["one", "three", "two"]


async def test_when_nothing_can_be_reached_everybody_who_waits_errs_together(
    wired: Database, wire: Wire
) -> None:
    await wired.write(a_school)
    assert await wired.read(periods) == []

    def fall_for_good(unit: Unit) -> None:
        wire.close()
        take("never")(unit)

    told = await behind_a_gate(wired, [fall_for_good, *(take(f"{n}") for n in range(60))])
    assert [str(each) for each in told] == [NOTHING] * 61
    with pytest.raises(OperationalError):
        await wired.read(periods)
