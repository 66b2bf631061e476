"""A school's database and lists to bring into it, for the tests of imports and corrections."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from bot.services.corrections import Corrected, correct
from bot.services.imports import Outcome, import_students
from storage import imports as staging
from storage import ledger, people, schools
from storage.database import Database
from storage.imports import KnownChild, SchoolList
from storage.opening import open_database
from storage.unit import Unit

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
HEADER = "admission_number,student_name,class_name,guardian_name,guardian_phone,opening_balance"
SMALL = f"""{HEADER},guardian2_name,guardian2_phone
ADM/1042/24,Amina Otieno,Grade 4,Mary Otieno,0712345678,"12,500",John Otieno,0722000111
1043,Ben Otieno,Grade 1,Mary Otieno,0712345678,0,,
1044,Cate Njoki,Grade 2,Jane Njoki,0110000222,-300,,
1045,Dan Kip,Grade 2,Jane Njoki,0110000222,,,
"""


class Books:
    """A school's database, with what these tests ask of it."""

    def __init__(self, database: Database, school_id: int) -> None:
        self.database = database
        self.school_id = school_id

    async def bring_in(
        self, content: str | bytes, *, dry_run: bool = False, file_name: str = "students.csv"
    ) -> Outcome:
        return await import_students(
            self.database,
            self.school_id,
            content.encode() if isinstance(content, str) else content,
            file_name=file_name,
            dry_run=dry_run,
            now=NOW,
        )

    async def known(self) -> SchoolList:
        return await self.database.read(lambda unit: staging.school_list(unit, self.school_id))

    async def child(self, admission: str) -> KnownChild:
        (child,) = [child for child in (await self.known()).children if child.admission_number == admission]
        return child

    async def guardians(self, admission: str) -> list[str]:
        return [guardian.name for guardian in (await self.child(admission)).guardians]

    async def correct(self, admission: str, cents: int, reason: str = "typed wrongly") -> Corrected:
        return await self.database.write(
            lambda unit: correct(
                unit,
                school_id=self.school_id,
                admission=admission,
                opening_balance_cents=cents,
                reason=reason,
                by="command line",
                now=NOW,
            )
        )

    async def balance(self, admission: str) -> int:
        def look(unit: Unit) -> int:
            student = people.find_student(unit, self.school_id, admission)
            assert student is not None
            return ledger.balance_cents(unit, student.id)

        return await self.database.read(look)

    async def staged(self) -> int:
        return await self.database.read(
            lambda unit: (
                len(unit.core.execute(staging.ROWS.select()).all())
                + len(unit.core.execute(staging.BATCHES.select()).all())
            )
        )


async def open_books(path: Path) -> Books:
    """The database at that path, made when it is new, with one school in it."""
    database = open_database(f"sqlite:///{path}", None)
    school_id = await database.write(
        lambda unit: schools.ensure(unit, name="Uhuru Primary", contact="0700 000 100", now=NOW)
    )
    return Books(database, school_id)
