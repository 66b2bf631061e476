"""Without a webhook one worker at a time asks Telegram for updates; when it goes, another one does."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.several.cluster import Cluster, cluster
from tests.several.families import agree, link, pay
from tests.several.test_deaths import sender_of


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Cluster]:
    """Updates are asked for."""
    async with cluster(tmp_path, telegram_updates="polling") as made:
        yield made


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "stopped"])
async def test_another_worker_polls_on(town: Cluster, how: signal.Signals) -> None:
    await town.start(web=1, worker=2)
    parent = town.parent(0)
    await link(parent)

    await town.stop(await sender_of(town, "poller"), how)

    assert await pay(parent)
    agree(town)
