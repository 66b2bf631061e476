"""Tell people what became known: the payer through the conversation, the school's staff through a notice."""

from __future__ import annotations

from datetime import datetime

from bot.dialogue import news
from bot.dialogue.events import PaymentNews
from bot.dialogue.screen import Screen, say, to_plain
from bot.dialogue.screens_staff import attention_row
from bot.dialogue.state import State, state_from_plain, state_to_plain
from bot.dialogue.view import AttentionView
from bot.services.school import Clock, School
from bot.services.snapshot import load_view
from storage import outbox, people, sessions
from storage.payments import Payment
from storage.people import Chat
from storage.unit import Unit

_OUTCOMES = frozenset(
    {"paid", "paid_late", "corrected_to_paid", "receipt_number", "failed", "cancelled", "refused"}
)
_REPEATABLE = frozenset({"checked"})
_FOR_STAFF = frozenset({"paid_late", "corrected_to_paid", "expired"})


class Announcer:
    """Called inside the unit of work that changed a payment, so that no change can go untold."""

    def __init__(self, school: School, clock: Clock) -> None:
        self._school = school
        self._clock = clock

    def __call__(self, unit: Unit, payment: Payment, event: str) -> None:
        """Queue what the payer hears of `event` (see PaymentNews), and what staff must know of it."""
        chat = people.get_chat(unit, payment.chat_id)
        state = load_state(unit, chat)
        happened = PaymentNews(payment.id, event)
        view = load_view(unit, self._school, chat, state, happened, self._clock())
        told = news(state, view, happened)
        if told is not None:
            after, screen = told
            if after != state:
                save_state(unit, chat, after, self._clock())
            outbox.add(
                unit,
                school_id=self._school.id,
                chat_id=chat.id,
                kind="receipt" if event in _OUTCOMES else "reply",
                body=message_body(screen, after),
                dedupe_key=None if event in _REPEATABLE else f"payment:{payment.id}:{event}",
                now=self._clock(),
            )
        if event in _FOR_STAFF:
            self.staff(unit, event, payment)

    def staff(self, unit: Unit, what: str, payment: Payment) -> None:
        """Tell every staff member's chat that this payment needs eyes: at most once for each reason."""
        student = people.get_student(unit, payment.student_id)
        row = AttentionView(
            ref=f"payment:{payment.id}",
            what=what,
            since_at=self._clock(),
            amount_cents=payment.amount_cents,
            child_name=student.name,
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
                dedupe_key=f"staff:{member.chat_id}:payment:{payment.id}:{what}",
                now=self._clock(),
            )


def load_state(unit: Unit, chat: Chat) -> State:
    """Where this chat's conversation stands; a chat never met before is at its beginning."""
    plain = sessions.load(unit, chat.id)
    return State() if plain is None else state_from_plain(plain)


def save_state(unit: Unit, chat: Chat, state: State, now: datetime) -> None:
    """Keep where this chat's conversation stands."""
    sessions.save(unit, chat, state_to_plain(state), now)


def message_body(screen: Screen, state: State) -> dict[str, object]:
    """What the outbox keeps: kinds and values, never sentences."""
    return {"screen": to_plain(screen), "version": state.version}
