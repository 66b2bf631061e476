"""What an import says to the person at the keyboard: plain English, phones masked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from bot.services.import_plan import Change, Plan, Tie
from bot.services.student_rows import StudentRow
from daraja import mask_phone
from storage.imports import KnownChild

T = TypeVar("T")

SHOWN = 20  #: so many of a kind are listed, the rest is counted


def report_problems(source: str, problems: Sequence[str]) -> list[str]:
    """Every problem, and that nothing was changed."""
    head = f"{source} was refused: nothing was changed. {_count(len(problems), 'problem')}:"
    return [head, *(f"  {problem}" for problem in problems)]


def report_plan(source: str, plan: Plan, *, dry_run: bool) -> list[str]:
    """What was changed, or with dry_run what would be."""
    if plan.changes_nothing:
        head = f"{source}: {_children(plan.children)} read. Everything is known already; nothing changes."
    elif dry_run:
        head = f"{source}: {_children(plan.children)} read. Dry run: nothing was changed. It would do this:"
    else:
        head = f"{source}: {_children(plan.children)} read. Done:"
    owed = sum(row.opening_cents or 0 for row in plan.openings) // 100
    guardians = len(plan.new_guardians)
    return [
        head,
        *_section(f"{_children(len(plan.added))} added", plan.added, _added),
        *_section(f"{_children(len(plan.changed))} changed", plan.changed, _changed),
        *([f"  {_count(guardians, 'guardian')} added"] if guardians else []),
        *_section(
            f"{_count(len(plan.renamed_guardians), 'guardian')} renamed",
            plan.renamed_guardians,
            lambda guardian: f"{mask_phone(guardian.phone)} is {guardian.name} now",
        ),
        *_section("May see and pay for a child from now on", plan.gained, _tie),
        *_section("No longer may see or pay for a child", plan.lost, _tie),
        *(
            [f"  {_count(len(plan.openings), 'opening balance')} posted, KES {owed:,}"]
            if plan.openings
            else []
        ),
        *_section(f"{_children(len(plan.absent))} not in the file, left as they are", plan.absent, _absent),
        *_section("Please look at", plan.notes, str),
    ]


def _section(title: str, items: Sequence[T], describe: Callable[[T], str]) -> list[str]:
    if not items:
        return []
    lines = [f"    {describe(item)}" for item in items[:SHOWN]]
    if len(items) > SHOWN:
        lines.append(f"    ... and {len(items) - SHOWN} more")
    return [f"  {title}:", *lines]


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def _children(number: int) -> str:
    return "1 child" if number == 1 else f"{number:,} children"


def _added(row: StudentRow) -> str:
    return f"{row.admission_number} {row.name}, {row.class_name}; M-PESA account {row.reference}"


def _changed(change: Change) -> str:
    before, row = change.before, change.row
    pairs = (
        (before.admission_number, row.admission_number),
        (before.name, row.name),
        (before.class_name, row.class_name),
    )
    return f"{row.admission_number}: " + ", ".join(f"{old} -> {new}" for old, new in pairs if old != new)


def _tie(tie: Tie) -> str:
    return f"{tie.guardian_name} ({mask_phone(tie.phone)}): {tie.admission_number} {tie.child_name}"


def _absent(child: KnownChild) -> str:
    return f"{child.admission_number} {child.name}, {child.class_name}"
