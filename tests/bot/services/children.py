"""Starts process.py, talks to it, and kills it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.databases import MASTER_KEY


@dataclass
class Child:
    """Such a process, from its parent's side."""

    process: asyncio.subprocess.Process

    async def tell(self, line: str) -> None:
        """Let it begin."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())
        await self.process.stdin.drain()

    async def says(self) -> str:
        """Its next line."""
        assert self.process.stdout is not None
        async with asyncio.timeout(30):
            return (await self.process.stdout.readline()).decode().strip()

    async def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def child(*arguments: str) -> AsyncIterator[Child]:
    """A process that is ready; killed at the end where it still runs."""
    root = Path(__file__).parents[3]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bot.services.process",
        *arguments,
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root), "KARO_SECRET_KEY": MASTER_KEY},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    made = Child(process)
    try:
        assert await made.says() == "ready"
        yield made
    finally:
        if process.returncode is None:
            await made.kill()
