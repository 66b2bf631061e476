"""Whatever M-PESA reports, in whatever order and by whatever way: the books say what was reported, no more."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings

from storage.database import Database
from tests.bot.services.counter import counter, empty, open_file
from tests.bot.services.play import Play
from tests.bot.services.stories import Action, stories


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One file for all stories: emptied before each, so that its statements are prepared only once."""
    database = open_file(tmp_path_factory.mktemp("stories"))
    yield database
    database.close()


async def tell(database: Database, story: list[Action]) -> None:
    """From the first prompt to the last report, comparing after every step."""
    await database.write(empty)
    async with counter(database) as place:
        play = Play(place)
        for action in story:
            await play.act(action)
            await play.compare()


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(story=stories)
def test_the_books_agree_with_every_report_after_every_step(file: Database, story: list[Action]) -> None:
    asyncio.run(tell(file, story))
