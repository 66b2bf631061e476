"""A chat without a channel: says things to the steps, applies effects to the view, reads the screen aloud."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from bot.dialogue import news, show, step
from bot.dialogue.effects import Effect, Link, SetLanguage, StartPayment, Withdraw
from bot.dialogue.events import Command, Event, PaymentNews, SharedContact, Tapped, Typed
from bot.dialogue.reading import text_of
from bot.dialogue.screen import Screen
from bot.dialogue.state import At, State
from bot.dialogue.view import ChildView, PaymentView, PushView, SchoolView, View

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
OWN = "254712345456"
OTHER = "254110222333"

AMINA = ChildView(1, "Amina Wanjiku", "Grade 4 East", "1042", 12_500_00)
BRIAN = ChildView(2, "Brian Otieno", "Grade 7 West", "ADM/1043/24", 8_000_00)

SCHOOL = SchoolView("Mwangaza Academy", "0700 111 222", "400200")

NEWCOMER = View(now=NOW, chat_ref="telegram:7", school=SCHOOL)
PARENT = replace(NEWCOMER, language="en", guardian_name="Mary", own_phone=OWN, children=(AMINA,))
PARENT_OF_TWO = replace(PARENT, children=(AMINA, BRIAN))
STAFF = replace(NEWCOMER, language="en", role="staff")
ADMIN = replace(NEWCOMER, language="en", role="admin")


def payment(status: str = "requested", **changes: object) -> PaymentView:
    """A payment of KES 1,500 for Amina, pushed ten seconds ago when its status says that it was."""
    pushed = status != "queued"
    settled = status in ("paid", "failed", "cancelled", "expired", "reversed")
    made = PaymentView(
        id=17,
        child_id=AMINA.id,
        child_name=AMINA.name,
        amount_cents=1_500_00,
        phone=OWN,
        status=status,
        created_at=NOW - timedelta(seconds=11),
        push_at=NOW - timedelta(seconds=10),
        pushed_at=NOW - timedelta(seconds=10) if pushed else None,
        blocked_until=NOW + timedelta(seconds=290) if pushed and not settled else None,
        settled_at=NOW if settled else None,
        has_checkout_id=pushed,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def with_payment(view: View, known: PaymentView) -> View:
    """A view in which this payment is the newest."""
    open_now = (known,) if known.status in ("queued", "sending", "requested", "uncertain") else ()
    return replace(view, payment=known, recent_payments=(known,), open_payments=open_now)


def at_payment(known: PaymentView, version: int = 5) -> State:
    """The state of somebody who looks at that payment."""
    return State(At.PAYMENT, version, payment_id=known.id)


def words(screen: Screen, language: str = "en") -> str:
    """The screen as one reads it, choices numbered."""
    lines = [text_of(line, language) for line in screen.lines]
    choices = [f"{n}. {text_of(c.label, language)}" for n, c in enumerate(screen.choices, 1)]
    return "\n\n".join(lines) + "\n\n" + "\n".join(choices)


@dataclass
class Talk:
    """One chat. What a service would do with effects is done to the view, in memory."""

    view: View
    state: State = field(default_factory=lambda: State(At.MENU))
    effects: list[Effect] = field(default_factory=list)
    screen: Screen = field(default_factory=lambda: Screen(()))

    def types(self, text: str) -> str:
        """The parent writes; returns what the bot shows."""
        return self.happens(Typed(text))

    def taps(self, key: str, version: int | None = -1) -> str:
        """The parent taps a button of the newest screen, or of another version."""
        return self.happens(Tapped(key, self.state.version if version == -1 else version))

    def commands(self, name: str, argument: str = "") -> str:
        """The parent sends a slash command."""
        return self.happens(Command(name, argument))

    def shares(self, phone: str, *, own: bool = True, guardian: int | None = None) -> str:
        """The parent shares a contact, which the school's list knows as that guardian."""
        self.view = replace(self.view, matched_guardian_id=guardian)
        return self.happens(SharedContact(phone, own))

    def happens(self, event: Event) -> str:
        """Step, effects, fresh view, show: as the service does it."""
        done = step(self.state, event, self.view)
        self.state = done.state
        for effect in done.effects:
            self.effects.append(effect)
            self._apply(effect)
        self.screen = show(self.state, self.view, done.preface)
        return words(self.screen, self.view.language or "en")

    def hears(self, event: str, known: PaymentView) -> str:
        """News of a payment arrive; returns what the bot says unasked."""
        self.view = with_payment(self.view, known)
        told = news(self.state, self.view, PaymentNews(known.id, event))
        assert told is not None
        self.state, self.screen = told
        return words(self.screen, self.view.language or "en")

    def later(self, seconds: int) -> None:
        """Time passes."""
        self.view = replace(self.view, now=self.view.now + timedelta(seconds=seconds))

    @property
    def keys(self) -> list[str]:
        """The keys on the screen."""
        return [choice.key for choice in self.screen.choices]

    def started(self) -> list[StartPayment]:
        """Every payment that was asked for so far."""
        return [effect for effect in self.effects if isinstance(effect, StartPayment)]

    def _apply(self, effect: Effect) -> None:
        if isinstance(effect, SetLanguage):
            self.view = replace(self.view, language=effect.language)
        elif isinstance(effect, Link):
            self.view = replace(self.view, guardian_name="Mary", own_phone=OWN, children=(AMINA,))
        elif isinstance(effect, StartPayment):
            self._start(effect)
        elif isinstance(effect, Withdraw):
            known = payment("cancelled", id=effect.payment_id, cause="withdrawn", reached_mpesa=False)
            self.view = with_payment(self.view, known)

    def _start(self, effect: StartPayment) -> None:
        now = self.view.now
        child = next(child for child in self.view.children if child.id == effect.child_id)
        made = payment(
            "queued" if effect.wait_s else "requested",
            id=100 + len(self.started()),
            child_id=child.id,
            child_name=child.name,
            amount_cents=effect.amount_cents,
            phone=effect.phone,
            created_at=now,
            push_at=now + timedelta(seconds=effect.wait_s),
            pushed_at=None if effect.wait_s else now,
            blocked_until=None if effect.wait_s else now + timedelta(minutes=5),
        )
        pushes = self.view.recent_pushes
        if not effect.wait_s:
            pushes += (PushView(effect.phone, effect.amount_cents, now, now + timedelta(minutes=5)),)
        self.state = replace(self.state, payment_id=made.id)
        self.view = replace(
            self.view,
            payment=made,
            recent_payments=(made, *self.view.recent_payments)[:5],
            open_payments=(made, *self.view.open_payments),
            recent_pushes=pushes,
        )
