"""Bring the school's list in: plan against a snapshot, stage in batches, flip in one short transaction.

Nothing staged is visible and only the flip changes the book: a process killed anywhere leaves all or none.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from bot.services.import_plan import Plan, Problems, plan_import
from bot.services.import_report import report_plan, report_problems
from storage import audit, import_flip
from storage import imports as staging
from storage.database import Database
from storage.imports import ImportOvertaken, Staged
from storage.imports import StagedKind as K
from storage.unit import Unit

BATCH_ROWS = 250

Progress = Callable[[int, int], None]  #: rows staged, rows in all


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an import. problems: why it was refused, else empty; plan: what it changed, or would.

    source: the file's name, and the sheet of a workbook.
    """

    source: str
    dry_run: bool
    plan: Plan | None = None
    problems: tuple[str, ...] = ()

    def report(self) -> list[str]:
        """In plain English, a line each; phones are masked."""
        if self.plan is None:
            return report_problems(self.source, self.problems)
        return report_plan(self.source, self.plan, dry_run=self.dry_run)


async def import_students(
    database: Database,
    school_id: int,
    data: bytes,
    *,
    file_name: str,
    dry_run: bool,
    now: datetime,
    by: str = "command line",
    progress: Progress | None = None,
) -> Outcome:
    """Bring students.csv or students.xlsx in, whole or not at all; with dry_run only say what would change."""
    known = await database.read(lambda unit: staging.school_list(unit, school_id))
    # a workbook takes seconds of the processor, which the chats need meanwhile
    plan = await asyncio.to_thread(plan_import, data, known)
    if isinstance(plan, Problems):
        return Outcome(_source(file_name, plan.sheet), dry_run, problems=tuple(map(str, plan.found)))
    source = _source(file_name, plan.sheet)
    if not dry_run and not plan.changes_nothing:
        try:
            await _apply(database, school_id, plan, now=now, by=by, progress=progress or _silent)
        except ImportOvertaken as overtaken:
            return Outcome(source, dry_run, problems=(str(overtaken),))
    return Outcome(source, dry_run, plan)


def _source(file_name: str, sheet: str) -> str:
    return f"{file_name} (sheet '{sheet}')" if sheet else file_name


async def _apply(
    database: Database, school_id: int, plan: Plan, *, now: datetime, by: str, progress: Progress
) -> None:
    batch_id = secrets.token_hex(16)
    changes = list(staged_changes(plan))
    await database.write(lambda unit: staging.begin(unit, school_id=school_id, batch_id=batch_id, now=now))
    progress(0, len(changes))
    for start in range(0, len(changes), BATCH_ROWS):
        part = changes[start : start + BATCH_ROWS]
        await database.write(_staging(school_id, batch_id, part))
        progress(start + len(part), len(changes))

    def flip(unit: Unit) -> None:
        counts = import_flip.flip(unit, school_id=school_id, batch_id=batch_id, now=now)
        detail = ", ".join(f"{kind.value} {counts.get(kind, 0)}" for kind in K)
        audit.record(
            unit, school_id=school_id, actor=by, action="import", subject="students", detail=detail, now=now
        )

    await database.write(flip)


def _silent(_done: int, _total: int) -> None:
    """Nobody watches."""


def _staging(school_id: int, batch_id: str, part: list[Staged]) -> Callable[[Unit], None]:
    return lambda unit: staging.stage(unit, school_id=school_id, batch_id=batch_id, changes=part)


def staged_changes(plan: Plan) -> Iterator[Staged]:
    """A plan as the rows that are staged for it."""
    for row in plan.added:
        yield Staged(K.NEW_CHILD, row.admission_number, row.name, row.class_name, row.reference)
    for change in plan.changed:
        yield Staged(K.CHANGED_CHILD, change.row.admission_number, change.row.name, change.row.class_name)
    for guardian in plan.new_guardians:
        yield Staged(K.NEW_GUARDIAN, name=guardian.name, phone=guardian.phone)
    for guardian in plan.renamed_guardians:
        yield Staged(K.RENAMED_GUARDIAN, name=guardian.name, phone=guardian.phone)
    for tie in plan.lost:
        yield Staged(K.LOSS, tie.admission_number, phone=tie.phone)
    for tie in plan.gained:
        yield Staged(K.GAIN, tie.admission_number, phone=tie.phone)
    for row in plan.openings:
        yield Staged(K.OPENING, row.admission_number, amount_cents=row.opening_cents or 0)
