"""Children of the school, known by admission number."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, col, select

from storage.schema import Row
from storage.unit import Unit


class Student(Row, table=True):
    """A child of the school. admission_key: the admission number without case and blanks."""

    __tablename__: ClassVar[str] = "students"
    __table_args__ = (
        UniqueConstraint("school_id", "admission_key"),
        UniqueConstraint("school_id", "account_reference"),
    )

    id: int = Field(default=None, primary_key=True)
    school_id: int = Field(foreign_key="schools.id")
    admission_number: str
    admission_key: str
    name: str
    class_name: str
    account_reference: str
    created_at: datetime
    updated_at: datetime


def admission_key(admission_number: str) -> str:
    """What makes two spellings the same child: upper case, no blanks."""
    return "".join(admission_number.split()).upper()


def save_student(
    unit: Unit,
    *,
    school_id: int,
    admission_number: str,
    name: str,
    class_name: str,
    account_reference: str,
    now: datetime,
) -> tuple[Student, bool]:
    """A child by admission number, made or brought up to date; the bool says that it is new.

    Raises sqlalchemy.exc.IntegrityError when another child of the school has that account_reference.
    """
    student = find_student(unit, school_id, admission_number)
    is_new = student is None
    if student is None:
        student = Student(
            school_id=school_id,
            admission_number=admission_number,
            admission_key=admission_key(admission_number),
            name=name,
            class_name=class_name,
            account_reference=account_reference,
            created_at=now,
            updated_at=now,
        )
    changed = (student.name, student.class_name, student.account_reference) != (
        name,
        class_name,
        account_reference,
    )
    if changed:
        student.name, student.class_name, student.account_reference = name, class_name, account_reference
        student.updated_at = now
    unit.session.add(student)
    unit.session.flush()
    return student, is_new


def find_student(unit: Unit, school_id: int, admission_number: str) -> Student | None:
    """A child by admission number; case and blanks do not matter."""
    return unit.session.exec(
        select(Student).where(
            Student.school_id == school_id, Student.admission_key == admission_key(admission_number)
        )
    ).first()


def find_students(unit: Unit, school_id: int, admission_numbers: Iterable[str]) -> dict[str, Student]:
    """Many children at once, keyed by `admission_key`; ask for at most a few hundred."""
    keys = [admission_key(number) for number in admission_numbers]
    rows = unit.session.exec(
        select(Student).where(Student.school_id == school_id, col(Student.admission_key).in_(keys))
    )
    return {student.admission_key: student for student in rows}


def lock_student(unit: Unit, student_id: int) -> None:
    """Until the unit ends nobody else holds the child, while rows that only refer to it may still be written."""
    held = select(Student.id).where(Student.id == student_id).with_for_update(key_share=True)
    unit.core.execute(held)


def get_student(unit: Unit, student_id: int) -> Student:
    """A child by id. Raises sqlalchemy.exc.NoResultFound for an unknown one."""
    return unit.session.get_one(Student, student_id)
