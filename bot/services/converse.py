"""Take one thing a person did: the step, its effects and the reply, in one unit of work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.dialogue import show, step
from bot.dialogue.effects import (
    CheckNow,
    ClaimCode,
    Effect,
    Link,
    SetLanguage,
    StartCampaign,
    StartPayment,
    UseInvite,
    Withdraw,
)
from bot.dialogue.screen import Screen, say
from bot.dialogue.state import State
from bot.services import lookup
from bot.services.announce import Announcer, load_state, message_body, save_state
from bot.services.incoming import Incoming
from bot.services.school import Clock, School
from bot.services.snapshot import load_view
from storage import audit, outbox, payments, people, reminders, updates
from storage.database import Database
from storage.payment_state import PaymentStatus
from storage.payments import Payment
from storage.people import Chat
from storage.unit import Unit


@dataclass(frozen=True, slots=True)
class Taken:
    """What a step left to do once it is on disk."""

    pushes: tuple[int, ...] = ()
    checks: tuple[int, ...] = ()
    campaigns: bool = False


def _the_reply_tells(_unit: Unit, _payment: Payment, _event: str) -> None:
    """The screen that answers this very tap says it."""


@dataclass(slots=True)
class _Turn:
    unit: Unit
    chat: Chat
    state: State
    now: datetime
    pushes: list[int]
    checks: list[int]
    campaigns: bool = False


class Converse:
    """The conversation's verb: every update takes effect once, and nothing leaves before it is on disk."""

    def __init__(
        self,
        database: Database,
        school: School,
        clock: Clock,
        announce: Announcer,
        *,
        committed: Callable[[Taken], None],
    ) -> None:
        """committed: called after the commit with what is to start now; it must not block."""
        self._database = database
        self._school = school
        self._clock = clock
        self._announce = announce
        self._committed = committed
        self._effects: dict[type, Callable[[_Turn, Effect], None]] = {
            SetLanguage: self._set_language,
            Link: self._link,
            StartPayment: self._start_payment,
            Withdraw: self._withdraw,
            CheckNow: self._check_now,
            ClaimCode: self._claim_code,
            UseInvite: self._use_invite,
            StartCampaign: self._start_campaign,
        }

    async def handle(self, incoming: Incoming) -> None:
        """Take effect once. Raises only when nothing was stored, so that the door may bring it again."""
        taken = await self._database.write(lambda unit: self._take(unit, incoming))
        if taken is not None:
            self._committed(taken)

    async def apologise(self, incoming: Incoming) -> None:
        """For an update that could not be taken however often: say so, and go on with the next one."""

        def note(unit: Unit) -> None:
            now = self._clock()
            if updates.see_update(unit, self._school.id, incoming.channel, incoming.update_id, now):
                chat = self._chat(unit, incoming.channel, incoming.address, now)
                self._reply(unit, chat, Screen((say("trouble"),), notice=True), State(), incoming, now)

        await self._database.write(note)

    async def membership(self, channel: str, address: str, blocked: bool) -> None:
        """A person blocked the bot, or came back."""

        def mark(unit: Unit) -> None:
            now = self._clock()
            chat = self._chat(unit, channel, address, now)
            if blocked:
                people.block_chat(unit, chat.id, now)
            else:
                people.unblock_chat(unit, chat.id)

        await self._database.write(mark)

    def _take(self, unit: Unit, incoming: Incoming) -> Taken | None:
        now = self._clock()
        if not updates.see_update(unit, self._school.id, incoming.channel, incoming.update_id, now):
            return None
        chat = self._chat(unit, incoming.channel, incoming.address, now)
        if chat.blocked_at is not None:
            people.unblock_chat(unit, chat.id)
        state = load_state(unit, chat)
        before = load_view(unit, self._school, chat, state, incoming.event, now)
        taken = step(state, incoming.event, before)
        turn = _Turn(unit, chat, taken.state, now, [], [])
        for effect in taken.effects:
            self._effects[type(effect)](turn, effect)
        after = load_view(unit, self._school, chat, turn.state, incoming.event, now)
        save_state(unit, chat, turn.state, now)
        self._reply(unit, chat, show(turn.state, after, taken.preface), turn.state, incoming, now)
        return Taken(tuple(turn.pushes), tuple(turn.checks), turn.campaigns)

    def _chat(self, unit: Unit, channel: str, address: str, now: datetime) -> Chat:
        return people.open_chat(unit, school_id=self._school.id, channel=channel, address=address, now=now)

    def _reply(
        self, unit: Unit, chat: Chat, screen: Screen, state: State, incoming: Incoming, now: datetime
    ) -> None:
        outbox.add(
            unit,
            school_id=self._school.id,
            chat_id=chat.id,
            kind="reply",
            body=message_body(screen, state),
            dedupe_key=f"update:{incoming.channel}:{incoming.update_id}",
            now=now,
        )

    def _set_language(self, turn: _Turn, effect: Effect) -> None:
        assert isinstance(effect, SetLanguage)
        people.set_language(turn.unit, turn.chat.id, effect.language)

    def _link(self, turn: _Turn, effect: Effect) -> None:
        assert isinstance(effect, Link)
        people.link(turn.unit, chat_id=turn.chat.id, guardian_id=effect.guardian_id, now=turn.now)
        audit.record(
            turn.unit,
            school_id=self._school.id,
            actor=f"chat:{turn.chat.id}",
            action="link",
            subject=f"guardian:{effect.guardian_id}",
            now=turn.now,
        )

    def _start_payment(self, turn: _Turn, effect: Effect) -> None:
        assert isinstance(effect, StartPayment)
        if effect.child_id not in {
            child.id for child in people.children_of(turn.unit, turn.chat.guardian_id or 0)
        }:
            message = "a step asked for a child that is not this guardian's"
            raise PermissionError(message)
        student = people.get_student(turn.unit, effect.child_id)
        payment, created = payments.create(
            turn.unit,
            school_id=self._school.id,
            intent_id=effect.intent_id,
            chat_id=turn.chat.id,
            guardian_id=turn.chat.guardian_id,
            student_id=student.id,
            amount_cents=effect.amount_cents,
            phone=effect.phone,
            account_reference=student.account_reference,
            shortcode=self._school.shortcode,
            party_b=self._school.party_b,
            transaction_type=self._school.transaction_type,
            push_at=turn.now + timedelta(seconds=effect.wait_s),
            now=turn.now,
        )
        turn.state = replace(turn.state, payment_id=payment.id)
        if created and effect.wait_s == 0:
            turn.pushes.append(payment.id)

    def _withdraw(self, turn: _Turn, effect: Effect) -> None:
        assert isinstance(effect, Withdraw)
        payment = payments.get(turn.unit, effect.payment_id)
        if payment is None or payment.chat_id != turn.chat.id or payment.status != PaymentStatus.QUEUED:
            return
        payments.move(
            turn.unit,
            payment.id,
            PaymentStatus.CANCELLED,
            now=turn.now,
            announce=_the_reply_tells,
            because={"source": "parent"},
            cause="withdrawn",
            reached_mpesa=False,
        )

    def _check_now(self, turn: _Turn, effect: Effect) -> None:
        assert isinstance(effect, CheckNow)
        payment = payments.get(turn.unit, effect.payment_id)
        if payment is not None and payment.chat_id == turn.chat.id and payment.status != PaymentStatus.PAID:
            turn.checks.append(payment.id)

    def _claim_code(self, turn: _Turn, effect: Effect) -> None:
        assert isinstance(effect, ClaimCode)
        code = lookup.code_of(effect.code)
        if code is None:
            return
        payment = payments.get(turn.unit, effect.payment_id) if effect.payment_id else None
        mine = payment is not None and payment.chat_id == turn.chat.id
        payments.add_claim(
            turn.unit,
            school_id=self._school.id,
            chat_id=turn.chat.id,
            payment_id=payment.id if payment is not None and mine else None,
            code=code,
            now=turn.now,
        )

    def _use_invite(self, turn: _Turn, effect: Effect) -> None:
        assert isinstance(effect, UseInvite)
        member = people.use_invite(
            turn.unit, school_id=self._school.id, code=effect.code, chat_id=turn.chat.id, now=turn.now
        )
        if member is None:
            return
        screen = Screen((say("staff.joined", name=member.name, role_key=f"role.{member.role}"),), notice=True)
        for admin in people.admins(turn.unit, self._school.id):
            if admin.chat_id is not None and admin.chat_id != turn.chat.id:
                outbox.add(
                    turn.unit,
                    school_id=self._school.id,
                    chat_id=admin.chat_id,
                    kind="receipt",
                    body=message_body(screen, State()),
                    dedupe_key=f"staff-joined:{member.id}:{admin.chat_id}",
                    now=turn.now,
                )

    def _start_campaign(self, turn: _Turn, effect: Effect) -> None:
        assert isinstance(effect, StartCampaign)
        reminders.start(
            turn.unit,
            school_id=self._school.id,
            intent_id=effect.intent_id,
            admin_chat_id=turn.chat.id,
            now=turn.now,
        )
        turn.campaigns = True
