"""A terminal in a folder of its own: `karo` as it is typed there, and a look into the books behind it."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from typer.testing import CliRunner, Result

from bot.cli import app
from bot.playground.botapi import PLAYGROUND_TOKEN
from bot.settings import SANDBOX_PASSKEY
from storage.opening import open_database
from storage.unit import Unit

T = TypeVar("T")

ROOT = Path(__file__).parents[3]
COMPLETE = {
    "SCHOOL_NAME": "Uhuru Academy",
    "SCHOOL_CONTACT": "0700 000 100",
    "TELEGRAM_BOT_TOKEN": PLAYGROUND_TOKEN,
    "DARAJA_CONSUMER_KEY": "simulator-key",
    "DARAJA_CONSUMER_SECRET": "simulator-secret",
    "DARAJA_SHORTCODE": "174379",
    "DARAJA_PASSKEY": SANDBOX_PASSKEY,
}
HEADER = "admission_number,student_name,class_name,guardian_name,guardian_phone,opening_balance\n"
STUDENTS = (
    HEADER
    + """\
ADM/1042/24,Amina Wanjiru,Grade 6 East,Grace Wanjiru,0700 000 101,18500
ADM/0977/22,Baraka Otieno,Grade 8 East,Peter Otieno,0700 000 103,24750
"""
)


@dataclass
class Desk:
    """folder: where one types, with the database karo.db in it. settings: the environment, beside the test's."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)

    def karo(self, *words: str) -> Result:
        """Run a command in this process. An error that it does not put into words is raised here."""
        wide = {"COLUMNS": "200", "NO_COLOR": "1"}
        root = logging.getLogger()
        handlers, level = root.handlers[:], root.level
        try:
            return CliRunner().invoke(app, list(words), env=wide | self.settings, catch_exceptions=False)
        finally:  # the command has its log go to a stream that ends with it
            root.handlers[:] = handlers
            root.setLevel(level)

    def command(self, *words: str) -> tuple[list[str], dict[str, str]]:
        """The same as a process of its own: what to start, and its whole environment."""
        own = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
        return [sys.executable, "-m", "bot", *words], own | self.settings

    def process(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command as a process of its own, to its end."""
        command, environment = self.command(*words)
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    def file(self, name: str, text: str) -> str:
        """Put a file into the folder; its name."""
        (self.folder / name).write_text(text, encoding="utf-8")
        return name

    def books(self, fn: Callable[[Unit], T]) -> T:
        """One unit of work on karo.db, as if from elsewhere."""

        async def work() -> T:
            database = open_database(f"sqlite:///{self.folder / 'karo.db'}", None)
            try:
                return await database.write(fn)
            finally:
                database.close()

        return asyncio.run(work())
