"""Secrets are changed as docs/operations.md says, one process after the other, while families pay."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from itertools import count, cycle
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.playground.botapi import BotApi, BotApiServer
from bot.playground.person import Person
from bot.services.imports import import_students
from bot.wiring import open_for, the_school, utc_now
from daraja.simulator import Endpoint, Scenario, Script, SimulatorConfig, SimulatorServer
from storage.opening import KeyMissing, open_database
from tests.databases import MASTER_KEY
from tests.journeys.premises import school_settings
from tests.several.cluster import Cluster, Runner, phone_of, students
from tests.several.crossing import Crossing
from tests.several.families import agree, link, paid_messages, pay, to_the_prompt

NEW_KEY = "another master key that is only for tests"
REFUSED = "None of the given master keys opens this database"


def given(town: Cluster, **changed: str) -> None:
    """What `.env` says from now on; a running process does not hear of it."""
    secret = {name: SecretStr(value) if name != "database_url" else value for name, value in changed.items()}
    town.settings = town.settings.model_copy(update=secret)


async def restart_each(town: Cluster) -> None:
    """One process after the other: it ends well, then the next one of its kind begins."""
    for old in list(town.runners):
        assert await town.stop(old) == 0
        await start(town, old.kind)


async def restart_each_while_they_pay(town: Cluster, amounts: Iterator[int], *families: Person) -> None:
    """The same, and while each is away one family pays, in turn."""
    for old, family in zip(list(town.runners), cycle(families), strict=False):
        paying = asyncio.create_task(pay(family, next(amounts)))
        assert await town.stop(old) == 0
        await start(town, old.kind)
        await paying


async def start(town: Cluster, kind: str) -> Runner:
    """By the Procfile, or `karo run`, which then is the public address itself."""
    runner = await town.launch(kind)
    if kind == "run":
        town.crossing.doors = [runner.port]
    return runner


def opens(town: Cluster, key: str, file: str = "") -> bool:
    """Whether the database, or a backup of it, opens with that key alone."""
    url = f"sqlite:///{town.folder / file}" if file else town.settings.database_url
    try:
        open_database(url, [key]).close()
    except KeyMissing:
        return False
    return True


async def test_the_master_key_is_changed_while_families_pay(town: Cluster) -> None:
    await town.start(web=1, worker=1)
    families = [town.parent(number) for number in range(2)]
    await asyncio.gather(*map(link, families))
    assert (await town.karo("backup", "before.db"))[0] == 0

    amounts = count(100)  # the same one twice within two minutes M-PESA would refuse

    given(town, karo_secret_key=f"{NEW_KEY},{MASTER_KEY}")
    await restart_each_while_they_pay(town, amounts, *families)
    assert (await town.karo("migrate"))[0] == 0
    given(town, karo_secret_key=NEW_KEY)
    await restart_each_while_they_pay(town, amounts, *families)

    assert len(town.mpesa.pushes) == 4
    assert [len(paid_messages(family)) for family in families] == [2, 2]
    newcomer = town.parent(2)
    await link(newcomer)  # found by the phone that was stored under the old key
    await pay(newcomer)
    agree(town)
    given(town, karo_secret_key=MASTER_KEY)
    code, said = await town.karo("web")
    assert (code, REFUSED in " ".join(said.split())) == (2, True), said
    assert opens(town, MASTER_KEY, "before.db")
    assert not opens(town, NEW_KEY, "before.db")


async def test_everything_of_daraja_is_changed_with_two_prompts_open(town: Cluster) -> None:
    await town.start(web=1, worker=1)
    told, silent, third = (town.parent(number) for number in range(3))
    await asyncio.gather(*map(link, (told, silent, third)))
    await pay(third, 100)
    town.mpesa.set_next(Scenario.MANUAL, phone_of(0))
    town.mpesa.set_next(Script(by_hand=True, callbacks=0), phone_of(1))
    for parent in (told, silent):
        await to_the_prompt(parent)
        await parent.wait_for("Type your PIN")

    new = {"consumer_key": "new-key", "consumer_secret": "new-secret", "passkey": "new-passkey"}
    town.mpesa.rotate_credentials(**new)
    given(town, **{f"daraja_{name}": value for name, value in new.items()})
    await restart_each(town)
    town.mpesa.answer_prompt(phone_of(0))
    town.mpesa.answer_prompt(phone_of(1))
    await town.mpesa.wait_for_movements(3)

    await told.wait_for("Paid")  # by its callback
    silent.tap("Check now")
    await silent.wait_for("Paid")  # by a question, with the new passkey
    await asyncio.gather(pay(third, 101), pay(told, 102))
    assert town.mpesa.counts[Endpoint.OAUTH] == 2
    assert [push.answered for push in town.mpesa.pushes] == ["accepted"] * 5
    assert len(paid_messages(silent)) == 1


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Cluster]:
    """One machine: an SQLite file, and the key file that was made with it."""
    config = SimulatorConfig(prompt_s=0.2, callback_delay_s=0.1)
    async with BotApiServer(BotApi()) as telegram, SimulatorServer(config) as mpesa, Crossing() as crossing:
        settings = school_settings(tmp_path, telegram, mpesa, config, "")
        settings = settings.model_copy(update={"public_url": crossing.url, "log_level": "INFO"})
        with contextlib.closing(open_for(settings)) as database:
            school = await the_school(database, settings)
            await import_students(
                database,
                school.id,
                students(3).encode(),
                file_name="students.csv",
                dry_run=False,
                now=utc_now(),
            )
            made = Cluster(settings, database, telegram.api, mpesa.simulator, crossing, tmp_path, school.id)
            yield made
            for runner in list(made.runners):
                assert await made.stop(runner) == 0
            assert await made.broken() == []


async def test_on_one_machine_the_key_file_gives_way_to_the_setting_and_comes_back(office: Cluster) -> None:
    file, key_file = office.folder / "demo.db", office.folder / "demo.db.key"
    old = key_file.read_text().strip()
    parent = office.parent(0)
    await start(office, "run")
    await link(parent)
    await pay(parent, 100)

    given(office, karo_secret_key=f"{NEW_KEY},{old}")
    await restart_each(office)
    await pay(parent, 101)
    assert not opens(office, old, file.name)
    key_file.write_text(f"{NEW_KEY}\n")
    given(office, karo_secret_key="")
    await restart_each(office)

    await link(office.parent(1))  # found by the phone that was stored under the old key
    await pay(parent, 102)
    agree(office)
