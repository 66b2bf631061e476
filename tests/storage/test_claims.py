"""Claims: M-PESA's report settles the claims of the payer it came for, and nobody else's."""

from __future__ import annotations

from storage import attention, claims
from storage.database import Database, Unit
from tests.builders import NOON, Family, a_guardian_with_children, a_payment, a_school, a_sent_payment
from tests.storage.reporting import Report, tell

CODE = "TK22ABCDE1"


def families(unit: Unit) -> tuple[Family, Family]:
    """One that pays, and another."""
    school_id = a_school(unit)
    return a_guardian_with_children(unit, school_id), a_guardian_with_children(unit, school_id)


def claim(unit: Unit, family: Family, payment_id: int | None = None) -> None:
    """The family says that the code is theirs."""
    kept = claims.add_claim(
        unit, school_id=1, chat_id=family.chat.id, code=CODE, payment_id=payment_id, now=NOON
    )
    assert kept


def waiting(unit: Unit) -> list[int | None]:
    """The payments of the claims that wait for a person."""
    return [row.payment_id for row in attention.listing(unit, 1) if row.ref.startswith("claim:")]


async def test_a_report_settles_the_claim_that_names_its_payment(database: Database) -> None:
    def look(unit: Unit) -> None:
        payer, other = families(unit)
        payment = a_sent_payment(unit, payer)
        claim(unit, payer, payment.id)
        claim(unit, other)
        tell(unit, payment, Report("callback", CODE))
        assert waiting(unit) == [None]

    await database.write(look)


async def test_a_report_settles_the_claim_of_its_chat_that_names_none(database: Database) -> None:
    def look(unit: Unit) -> None:
        payer, other = families(unit)
        payment = a_sent_payment(unit, payer)
        claim(unit, payer)
        claims_of_another = a_payment(unit, other)
        claim(unit, other, claims_of_another.id)
        tell(unit, payment, Report("callback", CODE))
        assert waiting(unit) == [claims_of_another.id]

    await database.write(look)


async def test_a_claim_for_another_payment_of_the_same_chat_stays_on_the_desk(database: Database) -> None:
    def look(unit: Unit) -> None:
        payer, _ = families(unit)
        payment, other = a_sent_payment(unit, payer), a_payment(unit, payer)
        claim(unit, payer, other.id)
        tell(unit, payment, Report("callback", CODE))
        assert waiting(unit) == [other.id]

    await database.write(look)


async def test_a_number_that_another_payment_owns_settles_no_claim(database: Database) -> None:
    def look(unit: Unit) -> None:
        owner, other = families(unit)
        tell(unit, a_sent_payment(unit, owner), Report("callback", CODE))
        payment = a_sent_payment(unit, other)
        claim(unit, other, payment.id)
        tell(unit, payment, Report("callback", CODE))
        assert waiting(unit) == [payment.id]

    await database.write(look)
