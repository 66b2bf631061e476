"""Lists that come in as a whole: staged in batches where nobody looks, then flipped into the book at once.

Rows of an import that was cut short change nothing; the next import sweeps them away.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import delete, exists, func, select
from sqlmodel import Field

from storage import schools
from storage.ledger import ENTRIES, LINES, Account
from storage.people import PHONE, Guardian, Guardianship, Student, admission_key
from storage.schema import Row, one_of, table_of
from storage.unit import Unit


class StagedKind(StrEnum):
    """What a staged row will do, in the order of the flip."""

    NEW_CHILD = "new_child"
    CHANGED_CHILD = "changed_child"
    NEW_GUARDIAN = "new_guardian"
    RENAMED_GUARDIAN = "renamed_guardian"
    LOSS = "loss"  #: a guardian may no longer see and pay for a child
    GAIN = "gain"  #: a guardian may from now on
    OPENING = "opening"  #: a child's opening balance is posted


class ImportBatch(Row, table=True):
    """An import under way: one a school at most. id: random, so that it is never another's."""

    __tablename__: ClassVar[str] = "import_batches"

    id: str = Field(primary_key=True)
    school_id: int = Field(foreign_key="schools.id", unique=True)
    started_at: datetime


class ImportRow(Row, table=True):
    """One change that waits for the flip. Columns that its kind has no use for are empty."""

    __tablename__: ClassVar[str] = "import_rows"
    __table_args__ = (one_of("kind", StagedKind),)

    id: int = Field(default=None, primary_key=True)
    school_id: int = Field(foreign_key="schools.id")
    batch_id: str = Field(foreign_key="import_batches.id", index=True)
    kind: str
    admission_number: str
    admission_key: str
    name: str
    class_name: str
    account_reference: str
    phone_hash: str = Field(repr=False)
    phone_enc: bytes = Field(repr=False)
    amount_cents: int


OPENING = "opening"  #: the kind of ledger entry that `ledger.post_opening` writes; its ref is the child's id
BATCHES, ROWS = table_of(ImportBatch), table_of(ImportRow)
STUDENTS, GUARDIANS, TIES = table_of(Student), table_of(Guardian), table_of(Guardianship)


@dataclass(frozen=True, slots=True)
class Staged:
    """One change to stage. phone: 254 and 9 digits. amount_cents: of an opening balance."""

    kind: StagedKind
    admission_number: str = ""
    name: str = field(default="", repr=False)
    class_name: str = ""
    account_reference: str = ""
    phone: str = field(default="", repr=False)
    amount_cents: int = 0


@dataclass(frozen=True, slots=True)
class KnownGuardian:
    """A guardian of the school's list. phone: 254 and 9 digits."""

    name: str = field(repr=False)
    phone: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class KnownChild:
    """A child of the school's list.

    openings: the opening balance as first posted and as corrected, in cents; empty when none was posted.
    """

    admission_number: str
    name: str = field(repr=False)
    class_name: str
    account_reference: str
    guardians: tuple[KnownGuardian, ...] = ()
    openings: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class SchoolList:
    """Every child and every guardian of a school, guardians without a child too."""

    children: tuple[KnownChild, ...] = ()
    guardians: tuple[KnownGuardian, ...] = ()


class ImportOvertaken(Exception):
    """Another import began meanwhile, or the book changed under this one: nothing of this one was taken."""


def school_list(unit: Unit, school_id: int) -> SchoolList:
    """Everything an import is compared with."""
    guardians = {
        row.id: KnownGuardian(row.name, unit.vault.open_text(row.phone_enc))
        for row in unit.core.execute(select(GUARDIANS).where(GUARDIANS.c.school_id == school_id))
    }
    of_child: dict[int, list[KnownGuardian]] = defaultdict(list)
    for tie in unit.core.execute(select(TIES).where(TIES.c.school_id == school_id).order_by(TIES.c.id)):
        of_child[tie.student_id].append(guardians[tie.guardian_id])
    openings = _openings(unit, school_id)
    children = tuple(
        KnownChild(
            admission_number=row.admission_number,
            name=row.name,
            class_name=row.class_name,
            account_reference=row.account_reference,
            guardians=tuple(of_child[row.id]),
            openings=openings.get(row.id, frozenset()),
        )
        for row in unit.core.execute(
            select(STUDENTS).where(STUDENTS.c.school_id == school_id).order_by(STUDENTS.c.id)
        )
    )
    return SchoolList(children, tuple(guardians.values()))


def _openings(unit: Unit, school_id: int) -> dict[int, frozenset[int]]:
    """By child: the opening balance first posted, and the present one after corrections."""
    heads = select(ENTRIES.c.ref).where(ENTRIES.c.school_id == school_id, ENTRIES.c.kind == OPENING)
    first = {int(row.ref): 0 for row in unit.core.execute(heads)}
    now: dict[int, int] = dict(first)
    totals = (
        select(LINES.c.student_id, ENTRIES.c.kind, func.sum(LINES.c.amount_cents).label("cents"))
        .join(ENTRIES, ENTRIES.c.id == LINES.c.entry_id)
        .where(LINES.c.school_id == school_id, LINES.c.account == Account.OPENING.value)
        .group_by(LINES.c.student_id, ENTRIES.c.kind)
    )
    for row in unit.core.execute(totals):
        now[row.student_id] = now.get(row.student_id, 0) - int(row.cents)
        if row.kind == OPENING:
            first[row.student_id] = -int(row.cents)
    return {child: frozenset({cents, first.get(child, cents)}) for child, cents in now.items()}


def begin(unit: Unit, *, school_id: int, batch_id: str, now: datetime) -> None:
    """Opens a batch under a random name; what an earlier import of the school left behind is swept away."""
    schools.lock(unit, school_id)
    drop(unit, school_id)
    unit.core.execute(BATCHES.insert().values(id=batch_id, school_id=school_id, started_at=now))


def stage(unit: Unit, *, school_id: int, batch_id: str, changes: Sequence[Staged]) -> None:
    """Lays changes beside the book. Raises ImportOvertaken when a later import swept this batch away."""
    require(unit, school_id, batch_id)
    if changes:
        unit.core.execute(ROWS.insert(), [_row(unit, school_id, batch_id, change) for change in changes])


def require(unit: Unit, school_id: int, batch_id: str) -> None:
    """Raises ImportOvertaken unless the batch is still there; then it stays so until the unit ends."""
    schools.lock(unit, school_id)
    if not unit.core.execute(select(exists().where(BATCHES.c.id == batch_id))).scalar_one():
        raise ImportOvertaken("Another import began meanwhile; nothing of this one was taken.")


def drop(unit: Unit, school_id: int) -> None:
    """Removes whatever the school has staged."""
    unit.core.execute(delete(ROWS).where(ROWS.c.school_id == school_id))
    unit.core.execute(delete(BATCHES).where(BATCHES.c.school_id == school_id))


def _row(unit: Unit, school_id: int, batch_id: str, change: Staged) -> dict[str, Any]:
    return {
        "school_id": school_id,
        "batch_id": batch_id,
        "kind": change.kind.value,
        "admission_number": change.admission_number,
        "admission_key": admission_key(change.admission_number),
        "name": change.name,
        "class_name": change.class_name,
        "account_reference": change.account_reference,
        "phone_hash": unit.vault.hash(PHONE, change.phone) if change.phone else "",
        "phone_enc": unit.vault.seal(change.phone) if change.kind is StagedKind.NEW_GUARDIAN else b"",
        "amount_cents": change.amount_cents,
    }
