"""Tell people what became known: the payer through the conversation, the school's staff through a notice."""

from __future__ import annotations

from datetime import datetime

import structlog

from bot.dialogue import news
from bot.dialogue.events import PaymentNews
from bot.dialogue.screen import Screen, say, to_plain
from bot.dialogue.screens_staff import attention_row
from bot.dialogue.state import At, State, state_from_plain, state_to_plain
from bot.dialogue.view import AttentionView
from bot.services.school import Clock, School
from bot.services.snapshot import load_view
from storage import chats, outbox, people, sessions
from storage.payments import Payment
from storage.people import Chat
from storage.transactions import may_run_again
from storage.unit import Unit
from storage.vault import VaultError

log = structlog.get_logger(__name__)

_OUTCOMES = frozenset(
    {
        "paid",
        "paid_late",
        "corrected_to_paid",
        "receipt_number",
        "amount_corrected",
        "failed",
        "cancelled",
        "refused",
        "withdrawn",
        "expired",
        "failed_late",
        "cancelled_late",
    }
)
_REPEATABLE = frozenset({"checked", "check_failed", "put_off"})
_LOOK_THERE = Screen((say("news.look"),), notice=True)


class Announcer:
    """Called inside the unit of work that changed a payment, so that no change can go untold."""

    def __init__(self, school: School, clock: Clock) -> None:
        self._school = school
        self._clock = clock

    def __call__(self, unit: Unit, payment: Payment, event: str) -> None:
        """Queue what the payer hears of `event` (see PaymentNews), and what staff must know of it.

        A screen that cannot be drawn never undoes a fact about money: the payer is told where to look instead.
        """
        try:
            with unit.session.begin_nested():
                self._tell(unit, payment, event)
        except Exception as error:
            if not unit.alive or may_run_again(error):  # another process held the chat: not a screen's fault
                raise
            log.exception("news.not_drawn", payment=payment.id, news=event)
            self._queue(unit, payment, event, message_body(_LOOK_THERE, State()))

    def _tell(self, unit: Unit, payment: Payment, event: str) -> None:
        chat = chats.lock_chat(unit, payment.chat_id)
        now = self._clock()
        state = load_state(unit, chat, now)
        happened = PaymentNews(payment.id, event)
        told = news(state, load_view(unit, self._school, chat, state, happened, now), happened)
        if told is None:
            return
        after, screen = told
        if after != state:
            save_state(unit, chat, after, now)
        self._queue(unit, payment, event, message_body(screen, after))

    def _queue(self, unit: Unit, payment: Payment, event: str, body: dict[str, object]) -> None:
        outbox.add(
            unit,
            school_id=self._school.id,
            chat_id=payment.chat_id,
            kind="receipt" if event in _OUTCOMES else "reply",
            body={**body, "payment": payment.id},
            dedupe_key=None if event in _REPEATABLE else outbox.announcement_key(payment.id, event),
            now=self._clock(),
        )

    def staff(self, unit: Unit, what: str, payment: Payment, *, ref: str = "", code: str = "") -> None:
        """Tell every staff member's chat that this payment needs eyes: at most once for each reason.

        ref: what it is called on the desk; the payment and the reason when it is not given.
        """
        ref = ref or f"payment:{payment.id}.{what}"
        student = people.get_student(unit, payment.student_id)
        row = AttentionView(
            ref=ref,
            what=what,
            since_at=self._clock(),
            amount_cents=payment.amount_cents,
            child_name=student.name,
            code=code,
        )
        screen = Screen((say("staff.alert"), *attention_row(row)), notice=True)
        for member in people.staff_list(unit, self._school.id):
            if member.chat_id is None:
                continue
            outbox.add(
                unit,
                school_id=self._school.id,
                chat_id=member.chat_id,
                kind="receipt",
                body=message_body(screen, State()),
                dedupe_key=f"staff:{member.chat_id}:{ref}:{what}",
                now=self._clock(),
            )


def load_state(unit: Unit, chat: Chat, now: datetime) -> State:
    """Where this chat's conversation stands; a chat never met before is at its beginning.

    A row that cannot be read begins at the menu, with a version that no earlier screen can have had.
    """
    try:
        plain = sessions.load(unit, chat.id)
    except (ValueError, VaultError):
        log.error("session.unreadable", chat=chat.id)
        return State(at=At.MENU, version=int(now.timestamp()))
    return State() if plain is None else state_from_plain(plain)


def save_state(unit: Unit, chat: Chat, state: State, now: datetime) -> None:
    """Keep where this chat's conversation stands."""
    sessions.save(unit, chat, state_to_plain(state), now)


def message_body(screen: Screen, state: State) -> dict[str, object]:
    """What the outbox keeps: kinds and values, never sentences."""
    return {"screen": to_plain(screen), "version": state.version}
