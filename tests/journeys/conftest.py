"""A town for every journey: each journey is made on every engine in ENGINES."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.journeys.town import Town, town


@pytest.fixture
async def place(tmp_path: Path, database_url: str) -> AsyncIterator[Town]:
    """M-PESA can reach us."""
    async with town(tmp_path, database_url) as stage:
        yield stage


@pytest.fixture
async def behind_a_router(tmp_path: Path, database_url: str) -> AsyncIterator[Town]:
    """No PUBLIC_URL: every outcome is asked for."""
    async with town(tmp_path, database_url, reachable=False) as stage:
        yield stage
