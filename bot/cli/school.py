"""Commands about people: import students, staff add, list and remove."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from bot.cli.opening import Office, err, out, stop_with, with_office
from bot.services import imports as importing
from bot.services import staffing
from bot.services.tables import MAX_BYTES
from bot.wiring import staff_link, utc_now
from storage import people

imports = typer.Typer(help="Bring the school's lists in.", no_args_is_help=True)
staff = typer.Typer(help="Who may look up receipts and send reminders.", no_args_is_help=True)


class Role(StrEnum):
    """What a member of staff may do: staff look receipts up, admins also send reminders."""

    STAFF = "staff"
    ADMIN = "admin"


@imports.callback()
def _imports() -> None:
    """Bring the school's lists in."""


@imports.command("students")
def students(
    file: Annotated[
        Path,
        typer.Argument(
            help="A CSV file or an Excel workbook (.xlsx).", exists=True, dir_okay=False, readable=True
        ),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change.")] = False,
) -> None:
    """Import children and guardians, all or nothing; the same file twice changes nothing.

    Of a workbook the one sheet that names the columns is read, hidden rows too.
    Every bad row is named with its line and reason.
    """

    async def bring_in(office: Office) -> importing.Outcome:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=err, transient=True) as progress:
            task = progress.add_task("Importing", total=None)

            def advanced(done: int, total: int) -> None:
                progress.update(task, completed=done, total=total)

            return await importing.import_students(
                office.database,
                office.school.id,
                _content(file),
                file_name=file.name,
                dry_run=dry_run,
                now=utc_now(),
                progress=advanced,
            )

    outcome = with_office(bring_in, writes=not dry_run)
    for line in outcome.report():
        out.print(escape(line))
    if outcome.problems:
        raise typer.Exit(1)


def _content(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(MAX_BYTES + 1)  # enough to be refused as too large


@staff.command("add")
def add(
    name: Annotated[str, typer.Option(help="The member's name, as others will see it.")],
    role: Annotated[Role, typer.Option(help="staff or admin")],
) -> None:
    """Make a one-time Telegram link for a new staff member, good for 24 hours."""

    async def invite(office: Office) -> tuple[str, str | None]:
        code = await office.database.write(
            lambda unit: staffing.invite(unit, office.school.id, name, role.value, utc_now())
        )
        return code, await staff_link(office.settings, code)

    code, link = with_office(invite, writes=True)
    out.print(f"Send this to {escape(name)}, and to nobody else. It works once, for 24 hours:")
    if link is not None:
        print(link)
    else:
        out.print("Telegram could not be asked for the bot's name; let them send the bot this message:")
        print(f"/start {code}")


@staff.command("list")
def listing() -> None:
    """List staff and admins, and whether they have used their link."""

    async def look(office: Office) -> list[tuple[int, str, str, bool]]:
        return await office.database.read(
            lambda unit: [
                (member.id, member.name, member.role, member.chat_id is not None)
                for member in people.staff_list(unit, office.school.id)
            ]
        )

    table = Table("number", "name", "role", "link used")
    for number, name, role, joined in with_office(look):
        table.add_row(str(number), escape(name), role, "yes" if joined else "not yet")
    out.print(table)


@staff.command("remove")
def remove(number: Annotated[int, typer.Argument(help="The number that `karo staff list` shows.")]) -> None:
    """Take a staff member's rights away at once."""

    async def take_away(office: Office) -> bool:
        return await office.database.write(
            lambda unit: staffing.remove(unit, office.school.id, number, utc_now())
        )

    if not with_office(take_away, writes=True):
        stop_with(f"there is no staff member number {number}.")
    out.print("Removed.")
