"""The flip of a staged import: a handful of statements over the staged rows, in one short transaction."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from sqlalchemy import Executable, Select, String, cast, delete, exists, func, insert, literal, select, update
from sqlalchemy.exc import IntegrityError

from storage.imports import (
    GUARDIANS,
    OPENING,
    ROWS,
    STUDENTS,
    TIES,
    ImportOvertaken,
    StagedKind,
    drop,
    require,
)
from storage.ledger import ENTRIES, LINES, Account
from storage.unit import Unit

K = StagedKind

_COUNTED = {"preserve_rowcount": True}  # of an INSERT, psycopg forgets it with the cursor


def flip(unit: Unit, *, school_id: int, batch_id: str, now: datetime) -> dict[StagedKind, int]:
    """Everything staged becomes true at once; returns how much of each kind.

    Raises ImportOvertaken when the book changed since the plan; the unit of work must fail with it.
    """
    require(unit, school_id, batch_id)
    _hold_openings(unit, batch_id)
    counts = select(ROWS.c.kind, func.count()).where(ROWS.c.batch_id == batch_id).group_by(ROWS.c.kind)
    expected = Counter({StagedKind(kind): count for kind, count in unit.core.execute(counts)})
    try:
        for kind, statement in _statements(school_id, batch_id, now):
            if unit.core.execute(statement, execution_options=_COUNTED).rowcount != expected[kind]:
                raise _overtaken()
        for account, sign in ((Account.FEES, 1), (Account.OPENING, -1)):
            unit.core.execute(_opening_lines(batch_id, account, sign))
    except IntegrityError:
        raise _overtaken() from None
    drop(unit, school_id)
    unit.session.expire_all()
    return dict(expected)


def _hold_openings(unit: Unit, batch_id: str) -> None:
    """Nobody corrects an opening balance that this import looks for and posts."""
    if unit.shared:
        children = _staged(batch_id, K.OPENING, STUDENTS.c.id).join(STUDENTS, _SAME_CHILD)
        unit.core.execute(children.order_by(STUDENTS.c.id).with_for_update(of=STUDENTS, key_share=True)).all()


def _overtaken() -> ImportOvertaken:
    return ImportOvertaken("The school's list changed meanwhile; nothing was taken. Run the import again.")


def _statements(school_id: int, batch_id: str, now: datetime) -> list[tuple[StagedKind, Executable]]:
    """In the order of StagedKind. Each must touch as many rows as were staged of its kind."""
    return [
        (K.NEW_CHILD, _new_children(batch_id, now)),
        (K.CHANGED_CHILD, _changed_children(batch_id, now)),
        (K.NEW_GUARDIAN, _new_guardians(batch_id, now)),
        (K.RENAMED_GUARDIAN, _renamed_guardians(batch_id, now)),
        (K.LOSS, _losses(school_id, batch_id)),
        (K.GAIN, _gains(batch_id, now)),
        (K.OPENING, _opening_heads(batch_id, now)),
    ]


def _staged(batch_id: str, kind: StagedKind, *columns: object) -> Select[tuple[object, ...]]:
    chosen = select(*columns).select_from(ROWS)  # type: ignore[call-overload]
    return chosen.where(ROWS.c.batch_id == batch_id, ROWS.c.kind == kind.value)  # type: ignore[no-any-return]


_SAME_CHILD = (STUDENTS.c.school_id == ROWS.c.school_id) & (STUDENTS.c.admission_key == ROWS.c.admission_key)
_SAME_GUARDIAN = (GUARDIANS.c.school_id == ROWS.c.school_id) & (GUARDIANS.c.phone_hash == ROWS.c.phone_hash)


def _new_children(batch_id: str, now: datetime) -> Executable:
    copied = ["school_id", "admission_number", "admission_key", "name", "class_name", "account_reference"]
    values = _staged(batch_id, K.NEW_CHILD, *(ROWS.c[name] for name in copied), *_now(now)).order_by(
        ROWS.c.id
    )
    return insert(STUDENTS).from_select([*copied, "created_at", "updated_at"], values)


def _changed_children(batch_id: str, now: datetime) -> Executable:
    return (
        update(STUDENTS)
        .where(_SAME_CHILD, ROWS.c.batch_id == batch_id, ROWS.c.kind == K.CHANGED_CHILD.value)
        .values(
            admission_number=ROWS.c.admission_number,
            name=ROWS.c.name,
            class_name=ROWS.c.class_name,
            updated_at=now,
        )
    )


def _new_guardians(batch_id: str, now: datetime) -> Executable:
    copied = ["school_id", "name", "phone_enc", "phone_hash"]
    values = _staged(batch_id, K.NEW_GUARDIAN, *(ROWS.c[name] for name in copied), *_now(now)).order_by(
        ROWS.c.id
    )
    return insert(GUARDIANS).from_select([*copied, "created_at", "updated_at"], values)


def _renamed_guardians(batch_id: str, now: datetime) -> Executable:
    return (
        update(GUARDIANS)
        .where(_SAME_GUARDIAN, ROWS.c.batch_id == batch_id, ROWS.c.kind == K.RENAMED_GUARDIAN.value)
        .values(name=ROWS.c.name, updated_at=now)
    )


def _losses(school_id: int, batch_id: str) -> Executable:
    found = (
        _staged(batch_id, K.LOSS, TIES.c.id)
        .join(STUDENTS, _SAME_CHILD)
        .join(GUARDIANS, _SAME_GUARDIAN)
        .join(TIES, (TIES.c.student_id == STUDENTS.c.id) & (TIES.c.guardian_id == GUARDIANS.c.id))
    )
    return delete(TIES).where(TIES.c.school_id == school_id, TIES.c.id.in_(found))


def _gains(batch_id: str, now: datetime) -> Executable:
    values = (
        _staged(
            batch_id,
            K.GAIN,
            ROWS.c.school_id,
            GUARDIANS.c.id,
            STUDENTS.c.id,
            literal(now, TIES.c.created_at.type),
        )
        .join(STUDENTS, _SAME_CHILD)
        .join(GUARDIANS, _SAME_GUARDIAN)
        .order_by(ROWS.c.id)
    )
    return insert(TIES).from_select(["school_id", "guardian_id", "student_id", "created_at"], values)


def _opening_heads(batch_id: str, now: datetime) -> Executable:
    """Also for an opening balance of nothing: it has a head without lines, so that it counts as posted."""
    posted = exists().where(LINES.c.student_id == STUDENTS.c.id, LINES.c.account == Account.OPENING.value)
    ref = cast(STUDENTS.c.id, String)
    values = (
        _staged(batch_id, K.OPENING, ROWS.c.school_id, literal(OPENING), ref, literal(now, ENTRIES.c.at.type))
        .join(STUDENTS, _SAME_CHILD)
        .where(~posted)
        .order_by(ROWS.c.id)
    )
    return insert(ENTRIES).from_select(["school_id", "kind", "ref", "at"], values)


def _opening_lines(batch_id: str, account: Account, sign: int) -> Executable:
    values = (
        _staged(
            batch_id,
            K.OPENING,
            ROWS.c.school_id,
            ENTRIES.c.id,
            literal(account.value),
            STUDENTS.c.id,
            sign * ROWS.c.amount_cents,
        )
        .join(STUDENTS, _SAME_CHILD)
        .join(
            ENTRIES,
            (ENTRIES.c.school_id == ROWS.c.school_id)
            & (ENTRIES.c.kind == OPENING)
            & (ENTRIES.c.ref == cast(STUDENTS.c.id, String)),
        )
        .where(ROWS.c.amount_cents != 0)
        .order_by(ROWS.c.id)
    )
    return insert(LINES).from_select(
        ["school_id", "entry_id", "account", "student_id", "amount_cents"], values
    )


def _now(now: datetime) -> tuple[object, object]:
    moment = literal(now, STUDENTS.c.created_at.type)
    return moment, moment
