"""`karo` as a process of its own, forked from one that has imported everything already."""

from __future__ import annotations

import asyncio
import io
import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import TextIO

from bot.cli import main

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["bot.cli"])  # installed: the server does not know the path of the tests


@dataclass
class Warm:
    """As much of asyncio's Process as these tests use: it is killed, stopped and waited for like any other."""

    process: ForkServerProcess
    stdout: asyncio.StreamReader
    returncode: int | None = None

    @property
    def pid(self) -> int:
        """The operating system's number."""
        assert self.process.pid is not None
        return self.process.pid

    def send_signal(self, how: int) -> None:
        """Raises ProcessLookupError when it has ended."""
        os.kill(self.pid, how)

    async def communicate(self) -> tuple[bytes, None]:
        """Wait for its end; what it wrote since the last look."""
        said = await self.stdout.read()
        await asyncio.to_thread(self.process.join)
        self.returncode = self.process.exitcode
        return said, None


async def start_warm(words: Sequence[str], *, cwd: Path, env: Mapping[str, str], stderr: Path) -> Warm:
    """`karo WORDS` with that environment alone, in that folder; what it complains of goes to the end of a file."""
    ours, its = _CONTEXT.Pipe(duplex=False)
    process = _CONTEXT.Process(target=_karo, args=(tuple(words), str(cwd), dict(env), str(stderr), its))
    await asyncio.to_thread(process.start)
    its.close()
    reader = asyncio.StreamReader()
    pipe = os.fdopen(os.dup(ours.fileno()), "rb", buffering=0)
    ours.close()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    return Warm(process, reader)


def _karo(words: tuple[str, ...], cwd: str, env: dict[str, str], stderr: str, stdout: Connection) -> None:
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    os.dup2(stdout.fileno(), 1)
    stdout.close()
    complaints = os.open(stderr, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(complaints, 2)
    os.close(complaints)
    sys.stdout, sys.stderr = _lines_to(1), _lines_to(2)
    sys.argv = ["karo", *words]
    main()


def _lines_to(descriptor: int) -> TextIO:
    return io.TextIOWrapper(io.FileIO(descriptor, "w", closefd=False), encoding="utf-8", line_buffering=True)
