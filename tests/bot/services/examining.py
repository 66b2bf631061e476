"""A school between its neighbours, for the doctor: simulator, Bot API stand-in, an SQLite book, Karo's own web door."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.cli.demo import demo_settings
from bot.playground.botapi import BotApi, BotApiServer
from bot.services.callbacks import CallbackVerdict
from bot.services.examine import Examination
from bot.settings import Settings
from bot.web import create_web, serving
from bot.wiring import make_examiner, open_for, the_school, utc_now
from daraja.doctor import Finding
from daraja.simulator import Simulator, SimulatorConfig, SimulatorServer
from storage import processes
from storage.processes import Taken
from storage.unit import Unit


@dataclass
class Ward:
    """settings: what the doctor goes by; change them with `set`."""

    settings: Settings
    mpesa: Simulator
    api: BotApi

    def set(self, **changes: object) -> None:
        """Other settings from now on."""
        self.settings = self.settings.model_copy(update=changes)

    async def examine(self, problems: dict[str, str] | None = None) -> Examination:
        """As `karo doctor` does it."""
        return await make_examiner(self.settings, problems or {}).run()

    async def lives(self, *, callback_at: datetime | None = None) -> None:
        """A process of Karo gave a sign of life just now, and took a callback at that time."""
        database = open_for(self.settings)
        school = await the_school(database, self.settings)
        taken = {} if callback_at is None else {Taken.CALLBACK: callback_at}

        def seen(unit: Unit) -> None:
            now = utc_now()
            processes.be_seen(
                unit, name="one", school_id=school.id, kind="run", started_at=now, now=now, taken=taken
            )

        await database.write(seen)
        database.close()


@contextlib.asynccontextmanager
async def ward(folder: Path, config: SimulatorConfig | None = None) -> AsyncIterator[Ward]:
    """Everybody well, Karo's web door open, its book there."""
    config = config or SimulatorConfig()
    api = BotApi()
    async with (
        BotApiServer(api) as telegram,
        SimulatorServer(config) as mpesa,
        serving(create_web(_nobody, _ready), "127.0.0.1", 0) as door,
    ):
        settings = demo_settings(folder, telegram.url, mpesa.url, api.token, config)
        stage = Ward(
            settings.model_copy(update={"public_url": door, "purpose": "doctor"}), mpesa.simulator, api
        )
        await stage.lives()
        yield stage


def by_name(examination: Examination) -> dict[tuple[str, str], Finding]:
    """Every finding by its stage and name."""
    return {(finding.stage, finding.name): finding for finding in examination.findings}


async def _nobody(_token: str, _body: bytes) -> CallbackVerdict:
    return CallbackVerdict.UNKNOWN_TOKEN


async def _ready() -> bool:
    return True
