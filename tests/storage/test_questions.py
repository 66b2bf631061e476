"""Questions: one for each payment and code, taken by one process at a time, ended once."""

from __future__ import annotations

from datetime import timedelta

from storage import claims, payments, questions
from storage.database import Database, Unit
from storage.payment_state import PaymentStatus
from storage.questions import QuestionState
from tests.builders import (
    NOON,
    a_guardian_with_children,
    a_payment,
    a_payment_in,
    a_school,
    a_sent_payment,
    announce,
)
from tests.storage.reporting import Report, tell

CODE = "TK22ABCDE1"
AGO = NOON - timedelta(hours=1)
LATER = NOON + timedelta(minutes=5)


def claimed(unit: Unit, status: PaymentStatus = PaymentStatus.REQUESTED) -> int:
    """A payment in that status, for which its parent sent in CODE."""
    payment = a_payment_in(unit, a_guardian_with_children(unit, a_school(unit)), status)
    claims.add_claim(unit, school_id=1, chat_id=payment.chat_id, code=CODE, payment_id=payment.id, now=NOON)
    return payment.id


def added(unit: Unit, payment_id: int, token: str = "ab" * 16) -> int | None:
    return questions.add(unit, 1, payment_id, CODE, new_token=lambda: token, now=NOON)


async def test_a_code_is_taken_up_once(database: Database) -> None:
    payment_id = await database.write(claimed)
    assert await database.read(lambda unit: questions.unasked(unit, 1, since=AGO)) == [(payment_id, CODE)]
    assert await database.read(lambda unit: questions.unasked(unit, 1, since=LATER)) == []
    first = await database.write(lambda unit: added(unit, payment_id))
    assert first is not None
    assert await database.write(lambda unit: added(unit, payment_id, "cd" * 16)) is None
    assert await database.read(lambda unit: questions.unasked(unit, 1, since=AGO)) == []
    assert await database.read(lambda unit: questions.due(unit, 1, NOON)) == [first]


async def test_only_a_payment_that_the_code_may_decide_is_asked_about(database: Database) -> None:
    def look(unit: Unit) -> list[str]:
        found = []
        for status in PaymentStatus:
            payment_id = claimed(unit, status)
            if payment_id in {known for known, _ in questions.unasked(unit, 1, since=AGO)}:
                found.append(status.value)
        return found

    asked = {"sending", "requested", "uncertain", "paid", "failed", "expired"}
    assert set(await database.write(look)) == asked


async def test_a_payment_that_has_its_number_is_not_asked_about(database: Database) -> None:
    def look(unit: Unit) -> list[tuple[int, str]]:
        payment = a_sent_payment(unit, a_guardian_with_children(unit, a_school(unit)))
        tell(unit, payment, Report("callback", "TK22ABCDE9"))
        claims.add_claim(
            unit, school_id=1, chat_id=payment.chat_id, code=CODE, payment_id=payment.id, now=NOON
        )
        return questions.unasked(unit, 1, since=AGO)

    assert await database.write(look) == []


async def test_a_question_is_claimed_by_one_and_again_after_its_lease(database: Database) -> None:
    payment_id = await database.write(claimed)
    question = await database.write(lambda unit: added(unit, payment_id))
    assert question is not None
    first = await database.write(lambda unit: questions.claim(unit, question, now=NOON, next_at=LATER))
    assert first is not None
    assert (first.payment_id, first.code, first.token, first.tries) == (payment_id, CODE, "ab" * 16, 1)
    assert "abab" not in repr(first)
    assert await database.write(lambda unit: questions.claim(unit, question, now=NOON, next_at=LATER)) is None
    again = await database.write(lambda unit: questions.claim(unit, question, now=LATER, next_at=LATER))
    assert again is not None
    assert (again.tries, again.token) == (2, first.token)


async def test_a_result_that_was_faster_than_the_acknowledgement_stands(database: Database) -> None:
    def race(unit: Unit) -> tuple[str, str | None, list[int]]:
        question = added(unit, claimed(unit))
        assert question is not None
        questions.end(unit, question, QuestionState.ANSWERED, "confirmed", NOON)
        questions.acknowledged(unit, question, originator="1", conversation="AG", now=NOON, again_at=NOON)
        assert not questions.put_off(unit, question, NOON)
        questions.end(unit, question, QuestionState.GIVEN_UP, "silence", NOON)
        found = questions.locked(unit, "ab" * 16)
        assert found is not None
        return found.state, found.conversation_id, questions.due(unit, 1, LATER)

    assert await database.write(race) == ("answered", "AG", [])


async def test_a_question_is_found_by_its_token_alone(database: Database) -> None:
    payment_id = await database.write(claimed)
    await database.write(lambda unit: added(unit, payment_id))
    found = await database.read(lambda unit: questions.by_token(unit, "ab" * 16))
    assert found is not None
    assert found.payment_id == payment_id
    assert await database.read(lambda unit: questions.by_token(unit, "cd" * 16)) is None


async def test_rivals_are_payments_of_the_same_amount_and_time_without_a_number(database: Database) -> None:
    def look(unit: Unit) -> list[int]:
        school_id = a_school(unit)
        own = a_sent_payment(unit, a_guardian_with_children(unit, school_id))
        counts = [questions.rivals(unit, own, NOON)]
        a_payment(unit, a_guardian_with_children(unit, school_id))  # queued: nothing was sent
        a_sent_payment(unit, a_guardian_with_children(unit, school_id), amount_cents=100)
        other = a_sent_payment(unit, a_guardian_with_children(unit, school_id))
        counts.append(questions.rivals(unit, own, NOON))
        assert questions.owner_of(unit, school_id, f"merchant-{other.id}", NOON) == other.id
        assert questions.owner_of(unit, school_id, "merchant-0", NOON) is None
        tell(unit, other, Report("callback", "TK22ABCDE9"))
        payments.move(unit, other.id, PaymentStatus.PAID, now=NOON, announce=announce)
        counts.append(questions.rivals(unit, own, NOON))
        counts.append(questions.rivals(unit, other, NOON + timedelta(minutes=11)))
        return counts

    assert await database.write(look) == [0, 1, 0, 0]
