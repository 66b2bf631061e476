"""A town for every journey."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.journeys.town import Town, town


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    """M-PESA can reach us."""
    async with town(tmp_path) as stage:
        yield stage


@pytest.fixture
async def behind_a_router(tmp_path: Path) -> AsyncIterator[Town]:
    """No PUBLIC_URL: every outcome is asked for."""
    async with town(tmp_path, reachable=False) as stage:
        yield stage
