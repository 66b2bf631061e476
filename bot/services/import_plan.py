"""What an import of the school's list would change: pure. On one side the file, on the other what is known."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bot.services.student_columns import read_sheet
from bot.services.student_rows import GuardianCells, StudentRow, read_rows
from bot.services.tables import BadFile, Problem
from storage.imports import KnownChild, SchoolList
from storage.people import admission_key


@dataclass(frozen=True, slots=True)
class Problems:
    """Why a file is refused: nothing of it was taken. sheet: of a workbook, where the problems are, or empty."""

    found: tuple[Problem, ...]
    sheet: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """A known child whose name, class or spelling of the admission number is another now."""

    before: KnownChild
    row: StudentRow


@dataclass(frozen=True, slots=True)
class Tie:
    """A guardian and a child. phone: 254 and 9 digits."""

    admission_number: str
    child_name: str = field(repr=False)
    guardian_name: str = field(repr=False)
    phone: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything an import would do. gained, lost: who may see and pay for a child from now on, or no longer.

    new_guardians and renamed_guardians carry the first spelling of a name in the file; absent children stay.
    sheet: the one of a workbook that was read, or empty.
    """

    children: int
    added: tuple[StudentRow, ...]
    changed: tuple[Change, ...]
    new_guardians: tuple[GuardianCells, ...]
    renamed_guardians: tuple[GuardianCells, ...]
    gained: tuple[Tie, ...]
    lost: tuple[Tie, ...]
    openings: tuple[StudentRow, ...]
    absent: tuple[KnownChild, ...]
    notes: tuple[Problem, ...]
    sheet: str = ""

    @property
    def changes_nothing(self) -> bool:
        """Whether the school's list says all of this already."""
        work = (self.added, self.changed, self.new_guardians, self.renamed_guardians)
        return not any((*work, self.gained, self.lost, self.openings))


def plan_import(data: bytes | str, known: SchoolList) -> Plan | Problems:
    """Compare a whole file with the school's list. All or nothing: one bad row and there is no plan."""
    try:
        sheet = read_sheet(data)
    except BadFile as refused:
        return Problems(refused.problems, refused.sheet)
    rows, problems = read_rows(sheet)
    problems += [*_clashes(rows, known), *_second_openings(rows, known)]
    if problems:
        return Problems(tuple(sorted(problems, key=lambda problem: problem.line or 0)), sheet.name)
    return replace(_compare(rows, known), sheet=sheet.name)


def _clashes(rows: Sequence[StudentRow], known: SchoolList) -> list[Problem]:
    """Two children may not share what a parent types as the account number."""
    owners = {child.account_reference: admission_key(child.admission_number) for child in known.children}
    lines: dict[str, int] = {}
    problems = []
    for row in rows:
        owner = owners.setdefault(row.reference, row.key)
        if owner != row.key:
            where = f"line {lines[row.reference]}" if row.reference in lines else "a child already known"
            reason = f"admission number {row.admission_number} would share the M-PESA account {row.reference}"
            problems.append(Problem(row.line, f"{reason} with {where}: change one of the two numbers"))
        lines.setdefault(row.reference, row.line)
    return problems


def _second_openings(rows: Sequence[StudentRow], known: SchoolList) -> list[Problem]:
    children = _by_key(known)
    problems = []
    for row in rows:
        child = children.get(row.key)
        if row.opening_cents is None or child is None or not child.openings:
            continue
        if row.opening_cents not in child.openings:
            kes = row.opening_cents // 100
            child_named = shlex.quote(row.admission_number)
            command = f"karo correct {child_named} --opening-balance {kes} --reason TEXT"
            problems.append(
                Problem(row.line, f"an opening balance was posted before; to change it to {kes}: {command}")
            )
    return problems


def _compare(rows: Sequence[StudentRow], known: SchoolList) -> Plan:
    children = _by_key(known)
    names, notes = _guardian_names(rows)
    known_names = {guardian.phone: guardian.name for guardian in known.guardians}
    guardians = [GuardianCells(name, phone) for phone, name in names.items()]
    present = {row.key for row in rows}
    return Plan(
        children=len(rows),
        added=tuple(row for row in rows if row.key not in children),
        changed=tuple(
            Change(children[row.key], row)
            for row in rows
            if row.key in children and _facts(row) != _facts(children[row.key])
        ),
        new_guardians=tuple(g for g in guardians if g.phone not in known_names),
        renamed_guardians=tuple(g for g in guardians if known_names.get(g.phone, g.name) != g.name),
        gained=tuple(tie for row in rows for tie in _gained(row, children.get(row.key), names)),
        lost=tuple(tie for row in rows for tie in _lost(row, children.get(row.key))),
        openings=tuple(row for row in rows if _is_first_opening(row, children.get(row.key))),
        absent=tuple(child for key, child in children.items() if key not in present),
        notes=tuple(notes),
    )


def _by_key(known: SchoolList) -> dict[str, KnownChild]:
    return {admission_key(child.admission_number): child for child in known.children}


def _facts(of: StudentRow | KnownChild) -> tuple[str, str, str]:
    return of.admission_number, of.name, of.class_name


def _is_first_opening(row: StudentRow, child: KnownChild | None) -> bool:
    return row.opening_cents is not None and (child is None or not child.openings)


def _guardian_names(rows: Sequence[StudentRow]) -> tuple[dict[str, str], list[Problem]]:
    """One name for each phone, the first that the file gives; and where the file gives another."""
    names: dict[str, str] = {}
    lines: dict[str, int] = {}
    notes = []
    for row in rows:
        for guardian in row.guardians:
            kept = names.setdefault(guardian.phone, guardian.name)
            first = lines.setdefault(guardian.phone, row.line)
            if kept != guardian.name:
                told = f"the guardian's phone is that of line {first}, where the name is written otherwise"
                notes.append(Problem(row.line, f"{told}; the name of line {first} is kept"))
        if not row.guardians:
            notes.append(
                Problem(row.line, "no guardian is named: nobody can see or pay for this child by chat")
            )
    return names, notes


def _gained(row: StudentRow, child: KnownChild | None, names: dict[str, str]) -> list[Tie]:
    had = {guardian.phone for guardian in child.guardians} if child else set()
    return [
        Tie(row.admission_number, row.name, names[guardian.phone], guardian.phone)
        for guardian in row.guardians
        if guardian.phone not in had
    ]


def _lost(row: StudentRow, child: KnownChild | None) -> list[Tie]:
    has = {guardian.phone for guardian in row.guardians}
    return [
        Tie(row.admission_number, row.name, guardian.name, guardian.phone)
        for guardian in (child.guardians if child else ())
        if guardian.phone not in has
    ]
