"""Commands that look into the books: receipt, attention, correct, check."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from bot.cli.opening import Office, out, stop_with, with_office
from bot.dialogue.screens_staff import attention_lines, finding_lines
from bot.services import attend, corrections, lookup
from bot.texts import say
from bot.wiring import utc_now
from storage import attention as desk
from storage import checks


def receipt(
    code: Annotated[str, typer.Argument(help="The M-PESA code, or the SMS in quotes.")],
) -> None:
    """Say what a staff member would see in chat for this receipt code."""

    async def look(office: Office) -> None:
        found = await office.database.read(lambda unit: lookup.finding(unit, office.school.id, code))
        for line in finding_lines(found):
            out.print(escape(say(line.key, "en", **line.values)))

    with_office(look)


def attention(
    done: Annotated[str, typer.Option(help="The reference of an item that a person has dealt with.")] = "",
    note: Annotated[str, typer.Option(help="What was done about it; goes into the audit trail.")] = "",
) -> None:
    """List every payment, receipt or callback that waits for a person."""

    async def close(office: Office) -> bool:
        return await office.database.write(
            lambda unit: desk.done(unit, office.school.id, done, note=note, by="command line", now=utc_now())
        )

    async def show(office: Office) -> None:
        found = await office.database.read(lambda unit: attend.views(unit, office.school.id))
        for line in attention_lines(found, at_most=len(found)):
            out.print(escape(say(line.key, "en", **line.values)))

    if not done:
        with_office(show)
    elif not note:
        stop_with("say with --note what was done about it.")
    elif not with_office(close, writes=True):
        stop_with(f"nothing that waits is called {done}.")
    else:
        out.print(f"{escape(done)} is done.")


def correct(
    admission: Annotated[str, typer.Argument(help="The child's admission number.")],
    opening_balance: Annotated[int, typer.Option(help="What was owed, in shillings; negative = credit.")],
    reason: Annotated[str, typer.Option(help="Why; goes into the audit trail.")],
) -> None:
    """Correct a child's opening balance: the difference is posted, nothing is overwritten."""

    async def post(office: Office) -> corrections.Corrected:
        return await office.database.write(
            lambda unit: corrections.correct(
                unit,
                school_id=office.school.id,
                admission=admission,
                opening_balance_cents=opening_balance * 100,
                reason=reason,
                by="command line",
                now=utc_now(),
            )
        )

    try:
        done = with_office(post, writes=True)
    except corrections.CorrectionRefused as refused:
        stop_with(str(refused))
    out.print(escape(done.sentence()))


def check() -> None:
    """Run the invariants on the live database; exit 1 and a list when one is broken."""

    async def look(office: Office) -> list[str]:
        return await office.database.read(lambda unit: checks.run(unit, office.school.id, utc_now()))

    broken = with_office(look)
    if not broken:
        out.print("All invariants hold.")
        return
    table = Table("Broken")
    for line in broken:
        table.add_row(escape(line))
    out.print(table)
    raise typer.Exit(1)
