"""The Procfile's processes on one PostgreSQL, as a server runs them; the test is the third process that drives them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from honcho.environ import parse_procfile

from bot.playground.botapi import BotApi, BotApiServer
from bot.playground.person import Person
from bot.services.imports import import_students
from bot.settings import Settings
from bot.wiring import open_for, the_school, utc_now
from daraja.simulator import Simulator, SimulatorConfig, SimulatorServer
from storage import checks
from storage.database import Database
from tests.databases import drop_postgres, fresh_postgres
from tests.journeys.premises import a_port, school_settings
from tests.several.crossing import Crossing
from tests.warm import Warm, start_warm

ROOT = Path(__file__).parents[2]
PROCFILE = ROOT / "Procfile"
READY = b"for Upendo Primary School"


@dataclass
class Runner:
    """One process: its kind and port, and what it wrote."""

    kind: str
    port: int
    log: Path
    process: Warm

    async def ready(self) -> None:
        """Return once it greets. Raises AssertionError with what it complained of."""
        while READY not in (line := await asyncio.wait_for(self.process.stdout.readline(), 60)):
            assert line, self.log.read_text()

    async def end(self, how: signal.Signals) -> int:
        """Send the signal, and wait for its exit code."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(how)
        async with asyncio.timeout(30):
            await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode


@dataclass
class Cluster:
    """One school's processes, and everybody around them."""

    settings: Settings
    database: Database  #: the test's own look into the book
    api: BotApi
    mpesa: Simulator
    crossing: Crossing
    folder: Path
    school_id: int
    runners: list[Runner] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)

    def environment(self, port: int | None = None) -> dict[str, str]:
        """The whole environment of a process."""
        given = {
            name.upper(): value.get_secret_value() if hasattr(value, "get_secret_value") else str(value)
            for name, value in self.settings
            if name not in ("purpose", "port") and value is not None and not isinstance(value, tuple)
        }
        beside = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        own = {"PATH": beside, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "COLUMNS": "200"}
        own["SSL_CERT_FILE"] = os.environ["SSL_CERT_FILE"]
        if port is not None:
            own["PORT"] = str(port)
        return own | {name: value for name, value in given.items() if value}

    async def karo(self, *words: str) -> tuple[int, str]:
        """A command, to its end: its exit code, and all it wrote."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", *words),
            cwd=self.folder,
            env=self.environment(),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(60):
            said, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, said.decode()

    async def launch(self, kind: str) -> Runner:
        """Start one process by the Procfile's own line (or any `karo` command), and return once it greets."""
        command = parse_procfile(PROCFILE.read_text()).processes.get(kind, f"python -m bot {kind}")
        port = a_port()
        log = self.folder / f"{kind}-{port}.log"
        words = command.removeprefix("python -m bot ").split()
        process = await start_warm(words, cwd=self.folder, env=self.environment(port), stderr=log)
        runner = Runner(kind, port, log, process)
        self.runners.append(runner)
        await runner.ready()
        self._open_doors()
        return runner

    async def start(self, **counts: int) -> None:
        """`karo migrate`, then so many of each kind."""
        code, said = await self.karo("migrate")
        assert code == 0, said
        await asyncio.gather(*(self.launch(kind) for kind, count in counts.items() for _ in range(count)))

    async def stop(self, runner: Runner, how: signal.Signals = signal.SIGTERM) -> int:
        """Take one process out of service: the crossing leads nobody there any more."""
        self.runners.remove(runner)
        self._open_doors()
        return await runner.end(how)

    def of_kind(self, kind: str) -> list[Runner]:
        """Those that run, oldest first."""
        return [runner for runner in self.runners if runner.kind == kind]

    def _open_doors(self) -> None:
        self.crossing.doors = [runner.port for runner in self.of_kind("web")]

    def now(self) -> datetime:
        """This very moment."""
        return utc_now()

    async def broken(self) -> list[str]:
        """What `karo check` finds."""
        return await self.database.read(lambda unit: checks.run(unit, self.school_id, utc_now()))

    async def until(self, condition: Callable[[], bool], seconds: float = 30) -> None:
        """Wait until something is true of the phones."""
        await self.api.until(condition, seconds)

    def parent(self, number: int) -> Person:
        """The guardian of the child with that number in `students`."""
        person = self.api.person(1000 + number, f"Parent {number}", phone_of(number))
        if person not in self.people:
            self.people.append(person)
        return person


def phone_of(number: int) -> str:
    """A line that pays: its last digits name no other scenario of the simulator."""
    return f"2547000{number:04}5"


def students(count: int) -> str:
    """A list of so many children, each with one guardian, each owing 20,000 shillings."""
    head = "admission_number,student_name,class_name,guardian_name,guardian_phone,opening_balance\n"
    return head + "".join(
        f"ADM/{number:04},Child {number},Grade 4,Guardian {number},{phone_of(number)},20000\n"
        for number in range(count)
    )


@contextlib.asynccontextmanager
async def cluster(
    folder: Path, *, children: int = 20, config: SimulatorConfig | None = None, **more: object
) -> AsyncIterator[Cluster]:
    """A school on PostgreSQL with its lists imported and no process started. Ends with `karo check`, which must be
    clean, and M-PESA's own books, which must agree.
    """
    config = config or SimulatorConfig(prompt_s=0.2, callback_delay_s=0.1)
    url = fresh_postgres(folder)
    async with BotApiServer(BotApi()) as telegram, SimulatorServer(config) as mpesa, Crossing() as crossing:
        settings = school_settings(folder, telegram, mpesa, config, url)
        settings = settings.model_copy(
            update={"public_url": crossing.url, "telegram_updates": "webhook", "log_level": "INFO", **more}
        )
        database = open_for(settings)
        school = await the_school(database, settings)
        listed = students(children).encode()
        imported = await import_students(
            database, school.id, listed, file_name="students.csv", dry_run=False, now=utc_now()
        )
        assert not imported.problems
        town = Cluster(settings, database, telegram.api, mpesa.simulator, crossing, folder, school.id)
        try:
            yield town
            assert await town.broken() == []
        finally:
            for runner in list(town.runners):
                await town.stop(runner, signal.SIGKILL)
            database.close()
    drop_postgres(url)
