"""Whatever M-PESA reports, in whatever order and by whatever way: the books say what was reported, no more."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings

from storage.database import Database
from tests.bot.services.counter import counter, empty, open_file
from tests.bot.services.play import Play
from tests.bot.services.safaricom import ACCEPTED, QueryAnswer
from tests.bot.services.stories import Action, Asked, Callback, Jump, Pay, Report, loud, mixed, silent


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One file for all stories: emptied before each, so that its statements are prepared only once."""
    database = open_file(tmp_path_factory.mktemp("stories"))
    yield database
    database.close()


#: A reported failure frees the phone, another prompt goes there, and then the first one was paid after all.
CORRECTED_DURING_THE_NEXT_PROMPT: list[Action] = [
    Pay(phone=0, child=0, answer=ACCEPTED, early=None),
    Report(0, Callback("1032")),
    Jump(5),
    Pay(phone=0, child=0, answer=ACCEPTED, early=None),
    Jump(5),
    Report(0, Callback(number="UKB1AAAAA1", amount=1001.0)),
]

#: A report with an amount and no number, and then one with a number and no amount.
NUMBER_AFTER_THE_AMOUNT: list[Action] = [
    Pay(phone=0, child=0, answer=ACCEPTED, early=Callback(amount=700.0)),
    Report(0, Callback(number="UKB1AAAAA1")),
]

#: Two late answers to queries, ten seconds apart, that do not agree.
TWO_DIFFERENT_FAILURES: list[Action] = [
    Pay(phone=0, child=0, answer=ACCEPTED, early=None),
    Jump(120),
    Asked(0, QueryAnswer(code="1037")),
    Jump(60),
    Asked(0, QueryAnswer(code="1032")),
    Jump(10),
]


async def tell(database: Database, story: list[Action]) -> None:
    """From the first prompt to the last report, comparing after every step."""
    await database.write(empty)
    async with counter(database) as place:
        play = Play(place)
        for action in story:
            await play.act(action)
            if not isinstance(action, Asked):  # what M-PESA would answer touches no book
                await play.compare()


a_few = settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize(
    "story", [CORRECTED_DURING_THE_NEXT_PROMPT, NUMBER_AFTER_THE_AMOUNT, TWO_DIFFERENT_FAILURES]
)
def test_the_books_agree_with_reports_that_were_hard_once(file: Database, story: list[Action]) -> None:
    asyncio.run(tell(file, story))


@a_few
@given(story=mixed)
def test_the_books_agree_with_every_report_after_every_step(file: Database, story: list[Action]) -> None:
    asyncio.run(tell(file, story))


@a_few
@given(story=silent)
def test_the_books_agree_with_queries_alone(file: Database, story: list[Action]) -> None:
    asyncio.run(tell(file, story))


@a_few
@given(story=loud)
def test_the_books_agree_with_callbacks_that_contradict_each_other(
    file: Database, story: list[Action]
) -> None:
    asyncio.run(tell(file, story))
