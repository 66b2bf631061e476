"""`karo run` as an office runs it: a process of its own, killed and stopped from outside."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from bot.playground.botapi import BotApi, BotApiServer
from bot.services.imports import import_students
from bot.settings import Settings
from bot.wiring import open_for, the_school, utc_now
from daraja.simulator import Simulator, SimulatorConfig, SimulatorServer
from storage import checks
from storage.unit import Unit
from tests.journeys.premises import school_settings
from tests.journeys.town import STUDENTS
from tests.warm import Warm, start_warm

#: For anything that a process does. Nothing is slow about it; a machine with much else to do may be.
PATIENCE_S = 120.0
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
#: What a process may still hold when it dies.
LEASES = (
    "UPDATE leases SET taken_at = :long_ago, until = :long_ago",
    "UPDATE payments SET lease_until = :long_ago WHERE lease_until IS NOT NULL",
    "UPDATE outbox_messages SET lease_until = :long_ago WHERE lease_until IS NOT NULL",
)


@dataclass
class Office:
    """The machine on which Karo runs. `start` and `kill` as often as it takes."""

    settings: Settings
    api: BotApi
    mpesa: Simulator
    folder: Path
    process: Warm | None = None

    async def launch(self) -> None:
        """Start `karo run`, and wait for nothing."""
        self.process = await start_warm(
            ["run"], cwd=self.folder, env=self._environment(), stderr=self.folder / "karo.log"
        )

    async def start(self) -> None:
        """Start `karo run`, and return once it greets."""
        await self.launch()
        await self.greeted()

    async def greeted(self) -> None:
        """Return once it greets."""
        assert self.process is not None
        said = b""
        while b"web door" not in said:
            line = await asyncio.wait_for(self.process.stdout.readline(), PATIENCE_S)
            assert line, said.decode() + self.complaints()
            said += line

    async def refused(self) -> int:
        """The exit code of a `karo run` that does not get as far as serving."""
        await self.launch()
        return await self._ended()

    def complaints(self) -> str:
        """What it wrote to standard error so far, on one line."""
        return " ".join((self.folder / "karo.log").read_text().split())

    async def kill(self) -> None:
        """SIGKILL: no goodbye. Whatever it held has lapsed when this returns."""
        await self._end(signal.SIGKILL)
        await self.time_of_leases_passes()

    async def clear_away(self) -> None:
        """SIGKILL if it still runs, and its books stay as they are."""
        if self.process is not None:
            await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """SIGTERM; the exit code."""
        return await self._end(signal.SIGTERM)

    async def interrupt(self) -> int:
        """Ctrl-C; the exit code."""
        return await self._end(signal.SIGINT)

    async def restart(self) -> None:
        """Kill, and start again."""
        await self.kill()
        await self.start()

    async def time_of_leases_passes(self) -> None:
        """On a server, another process takes a dead one's work when its lease ends: 150 seconds at most, at once
        here. On a file there is no other process: the next one that starts takes everything.
        """
        database = open_for(self.settings)
        if database.shared:
            await database.write(_end_leases)
        database.close()

    async def _end(self, how: signal.Signals) -> int:
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(how)
        return await self._ended()

    async def _ended(self) -> int:
        assert self.process is not None
        async with asyncio.timeout(PATIENCE_S):
            await self.process.communicate()
        assert self.process.returncode is not None
        code, self.process = self.process.returncode, None
        return code

    def _environment(self) -> dict[str, str]:
        given = {
            name.upper(): value.get_secret_value() if hasattr(value, "get_secret_value") else str(value)
            for name, value in self.settings
            if name != "purpose" and value not in (None, ()) and not isinstance(value, tuple)
        }
        root = str(Path(__file__).parents[2])
        kept = {name: os.environ[name] for name in ("PATH", "SSL_CERT_FILE")}
        return {**kept, "PYTHONPATH": root, **{k: v for k, v in given.items() if v}}


@contextlib.asynccontextmanager
async def office(folder: Path, database_url: str = "") -> AsyncIterator[Office]:
    """An office with its lists imported, and Karo not yet started. Ends with `karo check`.

    database_url: one at the newest schema, under MASTER_KEY; "" for an SQLite file that Karo makes, with its key.
    """
    config = SimulatorConfig(prompt_s=0, callback_delay_s=0)
    api = BotApi()
    async with BotApiServer(api) as telegram, SimulatorServer(config) as mpesa:
        settings = school_settings(folder, telegram, mpesa, config, database_url)
        await _import(settings)
        machine = Office(settings, api, mpesa.simulator, folder)
        try:
            yield machine
        finally:
            await machine.clear_away()
        assert await broken(settings) == []


def _end_leases(unit: Unit) -> None:
    for statement in LEASES:
        unit.core.execute(text(statement), {"long_ago": LONG_AGO})


async def _import(settings: Settings) -> None:
    database = open_for(settings)
    school = await the_school(database, settings)
    await import_students(
        database, school.id, STUDENTS.encode(), file_name="students.csv", dry_run=False, now=utc_now()
    )
    database.close()


async def broken(settings: Settings) -> list[str]:
    """What `karo check` finds."""
    database = open_for(settings)
    school = await the_school(database, settings)
    found = await database.read(lambda unit: checks.run(unit, school.id, utc_now()))
    database.close()
    return found
