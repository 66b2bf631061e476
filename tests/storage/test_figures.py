"""What an operator is shown is what stands in the tables, on both engines."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from storage import (
    arrivals,
    attention,
    chats,
    claims,
    figures,
    inbox,
    leases,
    outbox,
    outbox_claim,
    payments,
    processes,
    receipts,
    reminders,
    tokens,
    updates,
)
from storage.database import Database, Unit
from storage.figures import Figures, Pile
from storage.payment_state import PaymentStatus
from storage.processes import Taken
from storage.schools import School
from tests.builders import (
    NOON,
    Family,
    a_chat,
    a_guardian_with_children,
    a_payment,
    a_payment_in,
    a_school,
    a_sent_payment,
    announce,
)

S = PaymentStatus


def after(**length: float) -> datetime:
    return NOON + timedelta(**length)


async def look(database: Database, at: datetime = NOON) -> Figures:
    return await database.read(lambda unit: figures.read(unit, 1, lambda: at, lambda: NOON))


@pytest.fixture
async def school(database: Database) -> Database:
    await database.write(a_school)
    return database


def a_family(unit: Unit) -> Family:
    return a_guardian_with_children(unit, 1)


async def test_an_empty_school_has_nothing_anywhere(school: Database) -> None:
    found = await look(school)
    nothing = Pile()
    assert found.open_payments == {"queued": nothing}
    assert (found.checks, found.suspense, found.unnumbered, found.arrivals, found.campaigns) == (nothing,) * 5
    assert (found.settled, found.waiting, found.lost, found.suspense_cents) == ({}, {}, {}, 0)
    assert set(found.attention.values()) == {nothing}
    assert (found.processes, found.leases, found.callback_at, found.update_at) == ((), (), None, None)
    assert found.schema == found.schema_newest
    assert (found.skew_s is not None) == school.shared


async def test_open_payments_by_status_and_since_when(school: Database) -> None:
    def some(unit: Unit) -> None:
        a_payment(unit, a_family(unit), push_at=after(hours=2))
        a_payment(unit, a_family(unit), push_at=after(hours=1))
        a_payment_in(unit, a_family(unit), S.SENDING)
        a_payment_in(unit, a_family(unit), S.REQUESTED, now=after(minutes=-3))
        a_payment_in(unit, a_family(unit), S.REQUESTED)
        a_payment_in(unit, a_family(unit), S.UNCERTAIN, now=after(hours=-20))
        a_payment_in(unit, a_family(unit), S.EXPIRED, now=after(hours=-30))

    await school.write(some)
    found = await look(school)
    assert found.open_payments == {
        "queued": Pile(2, after(hours=1)),
        "sending": Pile(1, NOON),
        "requested": Pile(2, after(minutes=-3)),
        "uncertain": Pile(1, after(hours=-20)),
    }
    assert found.asked_often == 1
    assert found.pushed == {"15m": 3, "24h": 4}


async def test_a_check_is_overdue_from_its_moment_on(school: Database) -> None:
    await school.write(lambda unit: a_sent_payment(unit, a_family(unit)))
    await school.write(lambda unit: a_sent_payment(unit, a_family(unit), now=after(seconds=5)))
    due = NOON + payments.FIRST_CHECK
    assert (await look(school, due - timedelta(seconds=1))).checks == Pile()
    assert (await look(school, due)).checks == Pile(1, due)
    assert (await look(school, due + timedelta(minutes=1))).checks == Pile(2, due)


async def test_outcomes_of_the_last_quarter_of_an_hour_and_day(school: Database) -> None:
    def some(unit: Unit) -> None:
        for minutes in (0, -14, -16, -23 * 60, -25 * 60):
            a_payment_in(unit, a_family(unit), S.PAID, now=after(minutes=minutes))
        refused = a_payment_in(unit, a_family(unit), S.SENDING)
        payments.move(unit, refused.id, S.FAILED, now=NOON, announce=announce, cause="no_token")

    await school.write(some)
    assert (await look(school)).settled == {
        ("15m", "paid", ""): 2,
        ("24h", "paid", ""): 4,
        ("15m", "failed", "no_token"): 1,
        ("24h", "failed", "no_token"): 1,
    }


def a_message(unit: Unit, kind: str, *, send_at: datetime = NOON) -> int:
    chat = a_chat(unit, 1)
    message = outbox.add(
        unit, school_id=1, chat_id=chat.id, kind=kind, body={}, dedupe_key=None, now=send_at, send_at=send_at
    )
    assert message is not None
    return message.id


async def test_messages_by_kind_and_what_became_of_them(school: Database) -> None:
    def some(unit: Unit) -> None:
        a_message(unit, "reply", send_at=after(minutes=-2))
        for claimed in outbox_claim.claim(unit, NOON, 60, 5):
            assert claimed.kind == "reply"
        a_message(unit, "reply", send_at=after(minutes=-1))
        a_message(unit, "receipt", send_at=after(minutes=5))

    def given_up(unit: Unit) -> None:
        for reason in ("refused", "unknown"):
            message_id = a_message(unit, "receipt", send_at=after(minutes=-3))
            claimed = outbox_claim.claim(unit, after(minutes=-3), 60, 5)
            assert [message.id for message in claimed] == [message_id]
            outbox.mark_failed(unit, message_id, claimed[0].lease, reason, after(minutes=-3))

    await school.write(given_up)
    await school.write(some)
    found = await look(school)
    assert found.waiting == {"reply": Pile(2, after(minutes=-2)), "receipt": Pile(0, None)}
    assert found.not_yet == {"reply": 0, "receipt": 1}
    assert found.lost == {("receipt", "failed"): 1, ("receipt", "unknown"): 1}
    assert (await look(school, after(hours=24))).lost == {}


async def test_what_waits_for_a_person_is_counted_as_the_desk_lists_it(school: Database) -> None:
    def some(unit: Unit) -> None:
        family = a_family(unit)
        payment = a_payment_in(unit, family, S.PAID)
        told = {"amount_cents": 1_500_00, "paid_at": NOON, "source": "callback", "payer": None, "now": NOON}
        receipts.record(unit, payment=payment, number="TK22ABCDE1", **told)  # type: ignore[arg-type]
        receipts.record(unit, payment=payment, number="TK22ABCDE2", **told)  # type: ignore[arg-type]
        payments.flag(unit, payment.id, receipts.SECOND_RECEIPT, NOON)
        payments.flag(unit, payment.id, "amount_differs", after(hours=-1))
        kept = inbox.keep(unit, school_id=1, channel="stk", body=b"{}", payment_id=payment.id, now=NOON)
        inbox.mark(unit, kept.id, "unapplied", "unknown_shape", needs_person=True)
        claims.add_claim(
            unit, school_id=1, chat_id=family.chat.id, code="TK22ABCDE9", payment_id=None, now=NOON
        )

    await school.write(some)
    found = await look(school)
    listed = await school.read(lambda unit: attention.listing(unit, 1))
    kinds = [row.ref.partition(":")[0] for row in listed]
    assert {kind: pile.count for kind, pile in found.attention.items()} == {
        kind: kinds.count(kind) for kind in ("payment", "receipt", "inbox", "claim", "line")
    }
    assert found.attention["payment"] == Pile(2, after(hours=-1))
    assert (found.suspense, found.suspense_cents) == (Pile(1, NOON), 1_500_00)
    assert found.callback_at == NOON


async def test_a_receipt_without_its_number(school: Database) -> None:
    def paid(unit: Unit) -> None:
        payment = a_payment_in(unit, a_family(unit), S.PAID)
        receipts.record(
            unit,
            payment=payment,
            number=None,
            amount_cents=None,
            paid_at=None,
            source="query",
            payer=None,
            now=NOON,
        )

    await school.write(paid)
    found = await look(school)
    assert (found.unnumbered, found.suspense) == (Pile(1, NOON), Pile())


async def test_arrivals_campaigns_and_blocked_chats(school: Database) -> None:
    def some(unit: Unit) -> None:
        family = a_guardian_with_children(unit, 1, owes_cents=100_00)
        for number, minutes in enumerate((-5, -9)):
            arrivals.keep(unit, 1, "telegram", str(number), "77", b"{}", after(minutes=minutes))
        reminders.start(unit, school_id=1, intent_id="1", admin_chat_id=family.chat.id, now=after(hours=-1))
        chats.block_chat(unit, a_chat(unit, 1).id, NOON)

    await school.write(some)
    found = await look(school)
    assert found.arrivals == Pile(2, after(minutes=-9))
    assert found.campaigns == Pile(1, after(hours=-1))
    assert found.blocked_chats == 1
    assert found.update_at == after(minutes=-5)


async def test_processes_leases_and_the_token(school: Database) -> None:
    def some(unit: Unit) -> None:
        processes.be_seen(
            unit, name="one", school_id=1, kind="run", started_at=NOON, now=NOON, taken={Taken.UPDATE: NOON}
        )
        updates.see_update(unit, 1, "telegram", "1", after(hours=-1))
        leases.take(unit, 1, "sender", "one", now=NOON, lease_s=10)
        tokens.save(unit, 1, "app", "a token", after(hours=1), now=NOON)

    await school.write(some)
    found = await look(school)
    assert [(process.name, process.kind) for process in found.processes] == [("one", "run")]
    assert [(lease.name, lease.holder) for lease in found.leases] == [("sender", "one")]
    assert (found.update_at, found.token_saved_at, found.token_until) == (NOON, NOON, after(hours=1))


async def test_another_schools_rows_are_not_counted(school: Database) -> None:
    def elsewhere(unit: Unit) -> None:
        other = School(name="Amani Academy", contact="", created_at=NOON)
        unit.session.add(other)
        unit.session.flush()
        family = a_guardian_with_children(unit, other.id)
        a_sent_payment(unit, family)
        a_payment(unit, family)
        arrivals.keep(unit, other.id, "telegram", "1", "77", b"{}", NOON)
        inbox.keep(unit, school_id=other.id, channel="stk", body=b"{}", payment_id=None, now=NOON)
        chats.block_chat(unit, family.chat.id, NOON)

    empty = await look(school)
    await school.write(elsewhere)
    found = await look(school)
    assert replace(found, skew_s=None) == replace(empty, skew_s=None)


@pytest.mark.parametrize("url", ["postgres"], indirect=True)
async def test_a_machine_whose_clock_is_ahead_is_shown(school: Database) -> None:
    def ahead() -> datetime:
        return datetime.now(UTC) + timedelta(hours=2)

    found = await school.read(lambda unit: figures.read(unit, 1, lambda: NOON, ahead))
    assert found.skew_s == pytest.approx(7200, abs=600)
