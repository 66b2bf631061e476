"""A school on a server, nothing started yet."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.several.cluster import Cluster, cluster


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Cluster]:
    """Updates come by Telegram's webhook."""
    async with cluster(tmp_path) as made:
        yield made
