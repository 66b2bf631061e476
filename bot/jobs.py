"""The table of timed jobs. APScheduler is only the clock that ticks: the work is rows in the database."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """name: seen in logs. every_s: seconds between ticks. call: claims due rows and works on them."""

    name: str
    every_s: float
    call: Callable[[], Awaitable[object]]


def make_scheduler(jobs: list[Job]) -> AsyncIOScheduler:
    """A scheduler with nothing stored: one instance of a job at a time, missed ticks taken as one."""
    scheduler = AsyncIOScheduler(timezone="UTC")
    for job in jobs:
        scheduler.add_job(
            _tick,
            IntervalTrigger(seconds=job.every_s),
            args=[job],
            id=job.name,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )
    return scheduler


async def _tick(job: Job) -> None:
    try:
        await job.call()
    except Exception:
        log.exception("job.failed", job=job.name)
