"""The demo's people: one who pays, one who cancels, and what must be true afterwards."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass, field

from rich.markup import escape
from rich.padding import Padding
from rich.panel import Panel

from bot.cli.opening import out
from bot.playground.botapi import BotApi
from bot.playground.person import Person
from bot.services.school import School
from bot.wiring import utc_now
from daraja.simulator import Simulator
from storage import checks, ledger, people
from storage.database import Database
from storage.unit import Unit

STUDENTS = """\
admission_number,student_name,class_name,guardian_name,guardian_phone,opening_balance
ADM/1042/24,Amina Wanjiru,Grade 6 East,Grace Wanjiru,0700 000 101,18500
ADM/1043/24,Daudi Wanjiru,Grade 3 West,Grace Wanjiru,0700 000 101,12000
ADM/0977/22,Baraka Otieno,Grade 8 East,Peter Otieno,0700 001 032,24750
"""


class DemoFailed(Exception):
    """Something that the demo shows did not happen."""


@dataclass(slots=True)
class Story:
    """The stage: both ends of the wire, the books between them, how much of each chat is shown."""

    api: BotApi
    mpesa: Simulator
    database: Database
    school: School
    shown: dict[int, int] = field(default_factory=dict)

    def show(self, person: Person) -> None:
        """Print what is new in this chat, as one would read it on a phone."""
        transcript = person.transcript()
        for who, text, buttons in transcript[self.shown.get(person.user_id, 0) :]:
            mine = who == person.first_name
            body = escape(text) + "".join(f"\n[cyan]\\[{escape(label)}][/]" for label in buttons)
            bubble = Panel(body, width=56, title=None if mine else "Karo", title_align="left")
            out.print(Padding(bubble, (0, 0, 0, 20 if mine else 0)))
        self.shown[person.user_id] = len(transcript)


async def play(story: Story) -> None:
    """One payment is paid, in English; one is cancelled, in Kiswahili. Raises DemoFailed."""
    grace = story.api.person(101, "Grace", "254700000101")
    out.rule("Grace pays for Amina")
    await _arrive(story, grace, "en")
    for act in ("pay", "child:", None, "own", "confirm"):
        await _do(story, grace, act, typed="1,500")
    receipt = await grace.wait_for("KES 17,000", 20)
    story.show(grace)

    peter = story.api.person(102, "Peter", "254700001032")
    out.rule("Peter says no at the M-PESA prompt (Kiswahili)")
    await _arrive(story, peter, "sw")
    for act in ("pay", None, "own", "confirm"):
        await _do(story, peter, act, typed="2k")
    await peter.wait_for("❌", 20)
    story.show(peter)
    await _verify(story, receipt.text)


async def _arrive(story: Story, person: Person, language: str) -> None:
    person.say("/start")
    await person.next_message()
    for act in (language, "agree"):
        await _do(story, person, act)
    person.share_contact()
    await person.next_message()
    await person.next_message()
    story.show(person)


async def _do(story: Story, person: Person, act: str | None, typed: str = "") -> None:
    if act is None:
        person.say(typed)
    else:
        person.tap(act)
    await person.next_message()
    story.show(person)


async def _verify(story: Story, receipt_text: str) -> None:
    """The parent was told the number that M-PESA's books hold, ours agree, and no invariant is broken."""
    moved = story.mpesa.books.movements
    if len(moved) != 1 or moved[0].receipt not in receipt_text:
        raise DemoFailed("M-PESA's books and what Grace was told do not agree")

    async def balance(admission: str) -> int:
        def look(unit: Unit) -> int:
            student = people.find_student(unit, story.school.id, admission)
            return 0 if student is None else ledger.balance_cents(unit, student.id)

        return await story.database.read(look)

    if await balance("ADM/1042/24") != 17_000_00 or await balance("ADM/0977/22") != 24_750_00:
        raise DemoFailed("a balance in our books is not what it should be")
    broken = await story.database.read(lambda unit: checks.run(unit, story.school.id, utc_now()))
    if broken:
        raise DemoFailed("; ".join(broken))
    out.rule("checked")
    out.print(
        f"M-PESA moved KES {moved[0].amount_kes:,} under {moved[0].receipt}; "
        "our books say the same, and karo check is clean."
    )


async def talk(story: Story) -> None:
    """Whoever is at the keyboard writes as Grace; ends with the input."""
    out.print(
        "Type as Grace would (a number, words, /menu). Phones ending in 1032 cancel, 9001 have no money."
    )
    grace = story.api.person(101, "Grace", "254700000101")
    loop = asyncio.get_running_loop()
    printing = asyncio.create_task(_print_arrivals(story, grace))
    try:
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            if line.strip():
                grace.say(line.strip())
        await asyncio.Event().wait()
    finally:
        printing.cancel()


async def _print_arrivals(story: Story, person: Person) -> None:
    while True:
        await person.next_message(86_400)
        story.show(person)
