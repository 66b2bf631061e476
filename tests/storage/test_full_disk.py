"""A disk that is full: nobody is told that something is stored when it is not."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


async def test_a_full_disk_is_told_to_every_caller_and_heals(url: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.storage.full_disk", url, stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    said = json.loads(output)
    assert said["believed"] == said["stored"]
    assert said["believed"] > 0
    assert set(said["errors"]) == {"NotStored"}
    assert said["errors"]["NotStored"] + said["believed"] == 80
    assert said["healed"] == 1
