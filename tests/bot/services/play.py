"""Tells one story to the counter and to the oracle alike, and compares what they make of it."""

from __future__ import annotations

from collections import Counter as Count
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import text

from bot.services.callbacks import CallbackVerdict
from daraja import Channel, look_up
from storage import checks, ledger, payments
from storage.unit import Unit
from tests.bot.services.counter import Counter, Told, killed_while_pushing
from tests.bot.services.oracle import Oracle, Reported
from tests.bot.services.safaricom import PushAnswer, SeenPush, callback_body
from tests.bot.services.stories import MOST_PAYMENTS, Action, Asked, Callback, Check, Jump, Pay, Report

FIRST_AMOUNT = 1000  #: each payment's amount tells which one it is
PHONES = ("254700000101", "254700000199")
FINAL = frozenset(
    {"refused", "failed", "cancelled", "failed_late", "cancelled_late", "expired", "withdrawn"}
    | {"paid", "paid_late", "corrected_to_paid"}
)


@dataclass(frozen=True)
class Seen:
    """What the books hold."""

    broken: list[str]
    status: dict[int, str]
    cause: dict[int, str]
    final_events: Count[str]
    announced: Count[str]
    owed: dict[int, int]
    numbers: Count[str]
    in_suspense: int


class Play:
    """One story under way. Payments are numbered from 1, as they are in the books."""

    def __init__(self, place: Counter) -> None:
        self.place = place
        self.oracle = Oracle()
        self.opening = {child.id: 15_000_00 for child in (*place.grace.children, *place.peter.children)}
        self._sent: dict[int, SeenPush] = {}
        self._early: dict[int, Callback] = {}
        self._answers = self._queries = 0
        place.mpesa.meanwhile = self._overtake

    async def act(self, action: Action) -> None:
        """One thing that happens. Whatever it is about, it is about a payment that there is."""
        about = 1 + getattr(action, "payment", 0) % max(len(self.oracle.payments), 1)
        match action:
            case Pay() if len(self.oracle.payments) < MOST_PAYMENTS:
                await self._pay(action, len(self.oracle.payments) + 1)
            case Report() if about in self._sent:
                await self._call_back(about, action.callback)
            case Asked():
                known = self.oracle.payments[about].checkout
                self.place.mpesa.query_answers[known or ""] = action.answer
            case Check():
                await self.place.reconcile.check(about)
            case Jump():
                await self.place.tick(action.seconds)
        self._note_answers()

    async def compare(self) -> None:
        """The books, the money and the words agree with what was reported."""
        told = await self.place.deliver()
        seen = await self.place.database.read(self._look)
        assert seen.broken == [], seen.broken
        assert seen.final_events == seen.announced, (seen.final_events, seen.announced)
        for number, reported in self.oracle.payments.items():
            wrong = list(self.oracle.contradictions(number, seen.status[number], self.place.clock()))
            assert wrong == [], (number, seen.status[number], wrong)
            assert not reported.money or seen.cause[number] == "paid", (number, seen.cause[number])
        owed = {child: cents - self.oracle.fees_of(child) for child, cents in self.opening.items()}
        assert seen.owed == owed, (seen.owed, owed)
        assert set(seen.numbers.values()) <= {1}
        assert seen.in_suspense == sum(money.cents for money in self.oracle.suspense.values())
        self._compare_words(told, seen)
        self._compare_prompts()

    async def _pay(self, pay: Pay, number: int) -> None:
        place, amount = self.place, FIRST_AMOUNT + number
        family = (place.grace, place.grace, place.peter)[pay.child]
        child = (*place.grace.children, *place.peter.children)[pay.child]
        place.mpesa.push_answers[amount], place.mpesa.down = pay.answer, False
        if pay.early is not None:
            self._early[number] = pay.early
        self.oracle.payments[number] = Reported(child.id, amount * 100)
        assert number == await place.queued(amount, family, child=child, phone=PHONES[pay.phone])
        if pay.answer.how == "killed":
            await killed_while_pushing(place, number)
            place.mpesa.push_answers[amount] = PushAnswer("lost")  # should the prompt have had to wait
        else:
            await place.collect.push(number)

    async def _overtake(self, seen: SeenPush) -> None:
        """M-PESA has the push, and we do not have its answer yet."""
        number = seen.amount_kes - FIRST_AMOUNT
        self._sent[number] = seen
        self.oracle.payments[number].pushed_at = self.place.clock()
        if number in self._early:
            await self._call_back(number, self._early[number])

    async def _call_back(self, number: int, callback: Callback) -> None:
        others = [seen.checkout for known, seen in self._sent.items() if known != number]
        named = {"own": self._sent[number].checkout, "nobody": "ws_CO_of_nobody"}
        named["another"] = (others or [named["nobody"]])[0]
        checkout, token = named[callback.whose], self._sent[number].token
        body = callback_body(checkout, callback.code, number=callback.number, amount=callback.amount)
        for _ in range(callback.times):
            verdict = await self.place.settle.callback(
                token, body if callback.junk is None else callback.junk
            )
            assert verdict is CallbackVerdict.ACCEPTED
        if callback.junk is None:
            cents = None if callback.amount is None else int(Decimal(str(callback.amount)) * 100)
            self.oracle.callback(number, checkout, callback.code, callback.number, cents)

    def _note_answers(self) -> None:
        """What M-PESA answered to our own calls since the last time, in its order."""
        mpesa = self.place.mpesa
        for amount, checkout, answer in mpesa.answered[self._answers :]:
            self._note_push(amount - FIRST_AMOUNT, checkout, answer)
        for checkout, asked in mpesa.queries[self._queries :]:
            about = next(n for n, p in self.oracle.payments.items() if p.checkout == checkout)
            if asked.how == "result" or asked.code == "500.001.1001":
                self.oracle.query(about, asked.code, self.place.clock())
        self._answers, self._queries = len(mpesa.answered), len(mpesa.queries)

    def _note_push(self, number: int, checkout: str, answer: PushAnswer) -> None:
        if answer.how in ("accepted", "stale"):
            self.oracle.accepted(number, checkout)
        surely_nothing = answer.how in ("never", "stale_and_down", "not_zero")
        if answer.how == "error":
            entry = look_up(Channel.PUSH, answer.code, answer.words)
            surely_nothing = entry.money == "unmoved" or (entry.cause == "unknown" and answer.status < 500)
        if surely_nothing:
            self.oracle.refused(number)

    def _look(self, unit: Unit) -> Seen:
        rows = {number: payments.get(unit, number) for number in self.oracle.payments}
        final = [
            f"payment:{number}:{event.event}"
            for number in rows
            for event in payments.events_of(unit, number)
            if event.event in FINAL
        ]
        queued = unit.core.execute(text("SELECT dedupe_key FROM outbox_messages")).scalars()
        receipts = unit.core.execute(text("SELECT number, student_id, amount_cents FROM receipts")).all()
        return Seen(
            broken=checks.run(unit, self.place.school.id, self.place.clock()),
            status={number: row.status.value for number, row in rows.items() if row},
            cause={number: row.cause for number, row in rows.items() if row},
            final_events=Count(final),
            announced=Count(k for k in queued if k and k.startswith("payment:") and k.split(":")[2] in FINAL),
            owed=ledger.balances(unit, self.opening),
            numbers=Count(row.number for row in receipts if row.number),
            in_suspense=sum(row.amount_cents for row in receipts if row.student_id is None),
        )

    def _compare_words(self, told: list[Told], seen: Seen) -> None:
        for message in told:
            amounts = [values["amount_cents"] for _, values in message.lines if "amount_cents" in values]
            if "Not paid" in message.text:
                assert seen.status[amounts[0] // 100 - FIRST_AMOUNT] in ("failed", "cancelled", "paid")
            if "Paid:" in message.text:
                assert "paid" in seen.status.values()

    def _compare_prompts(self) -> None:
        """A push is sent once; twice only where the first one was refused with its token."""
        mpesa = self.place.mpesa
        processed = Count(seen.amount_kes for seen in mpesa.pushes)
        assert set(processed.values()) <= {1}
        for amount, posts in mpesa.posts.items():
            assert posts == 1 or (posts == 2 and mpesa.push_answers[amount].how == "stale")
