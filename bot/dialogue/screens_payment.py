"""One payment as its payer sees it: waiting, with the two clocks in words, or settled, with what to do."""

from __future__ import annotations

from bot.dialogue import facts
from bot.dialogue.outcomes import NOT_FINAL, OF_THE_LINE, OWN_MONEY, cause_of, choices_for
from bot.dialogue.screen import Say, Screen, say
from bot.dialogue.screens_start import MENU_CHOICE
from bot.dialogue.state import State
from bot.dialogue.view import PaymentView, View
from daraja.phone import mask_phone


def payment(state: State, view: View) -> Screen:
    """The payment that the state names."""
    known = facts.payment_of(view, state.payment_id)
    if known is None:
        return Screen((say("payment.gone"),), (MENU_CHOICE,))
    return Screen(outcome_lines(known, view), (*choices_for(known, view), MENU_CHOICE))


def outcome_lines(known: PaymentView, view: View) -> tuple[Say, ...]:
    """What is true of a payment now."""
    if known.status == "queued":
        return (_queued(known, view),)
    if known.status == "sending":
        return (_head("payment.sending", known, view),)
    if known.status in facts.AWAITING:
        return _waiting(known, view)
    if known.status == "paid":
        return _paid(known, view)
    if known.status == "expired":
        return (_head("payment.expired", known, view), *_claimed(known, "clock.expired"))
    if known.status == "reversed":
        return (
            _head("payment.reversed", known, view),
            say("payment.ask_office", contact=view.school.contact),
        )
    return _not_paid(known, view)


def _head(key: str, known: PaymentView, view: View) -> Say:
    return say(
        key,
        amount_cents=known.amount_cents,
        child=facts.name_on(view, known),
        phone=mask_phone(known.phone),
        school=view.school.name,
    )


def _queued(known: PaymentView, view: View) -> Say:
    if facts.hold_on(view, known.phone):
        return _head("payment.queued_behind", known, view)
    if known.push_at <= view.now:
        return _head("payment.sending", known, view)
    return say(
        "payment.queued",
        amount_cents=known.amount_cents,
        child=facts.name_on(view, known),
        phone=mask_phone(known.phone),
        push_time=known.push_at.isoformat(),
        wait_s=facts.seconds_until(known.push_at, view.now),
    )


def _waiting(known: PaymentView, view: View) -> tuple[Say, ...]:
    cause = cause_of(known)
    if not facts.blocked(view, known):
        why = (say(f"cause.{cause}"),) if cause else ()
        over = "clock.over" if known.has_checkout_id else "clock.over_unasked"
        return (_head("payment.unknown", known, view), *why, *_claimed(known, over))
    clock = _clock(known, view)
    if cause:
        then = _claimed(known, f"next.{cause}")
        texts = (say(f"cause.{cause}"), say(_money(cause, "unknown")), *then)
        return (_head("payment.waiting", known, view), *texts, clock)
    if known.status == "uncertain":
        return (_head("payment.uncertain", known, view), say("money.unknown"), *_claimed(known), clock)
    if _prompt_is_young(known, view):
        return (_head("payment.prompted", known, view), clock)
    return (_head("payment.quiet", known, view), *_claimed(known), clock)


def _prompt_is_young(known: PaymentView, view: View) -> bool:
    return view.now < (known.pushed_at or known.created_at) + facts.PROMPT_LIFE


def _clock(known: PaymentView, view: View) -> Say:
    until = known.blocked_until or view.now
    key = "clock.blocked"
    if known.claimed_code and not known.has_checkout_id:
        key = "clock.blocked_claimed"
    elif not known.has_checkout_id:  # nothing to ask M-PESA by: it may still tell us, if it can reach us
        key = "clock.blocked_told" if view.school.callbacks else "clock.blocked_unasked"
    return say(key, until_time=until.isoformat(), wait_s=facts.seconds_until(until, view.now))


def _claimed(known: PaymentView, otherwise: str | None = None) -> tuple[Say, ...]:
    if known.claimed_code:
        return (say("payment.claimed", code=known.claimed_code),)
    return (say(otherwise),) if otherwise else ()


def _money(cause: str, otherwise: str) -> str:
    return f"money.{cause if cause in OWN_MONEY else otherwise}"


def _not_paid(known: PaymentView, view: View) -> tuple[Say, ...]:
    cause = cause_of(known)
    money = _money(cause, "unknown" if cause in NOT_FINAL else "unmoved")
    head = _head("payment.not_paid", known, view)
    if view.line_down_since and cause in OF_THE_LINE:
        if facts.will_be_called(view, known):
            return (head, say("line.is_down"), say(money), *_until_it_works(view))
        return (head, say(f"cause.{cause}"), say(money), say("line.down_now"))
    lines = [head, say(f"cause.{cause}"), say(money)]
    lines += _claimed(known, f"next.{cause}")
    wait = _retry_wait(known, view)
    if wait:
        lines.append(say("clock.retry", wait_s=wait))
    return tuple(lines)


def _until_it_works(view: View) -> tuple[Say, ...]:
    """That the parent is called back, and the way by hand where that reaches the school."""
    by_hand = () if view.school.sandbox else (say("line.by_hand"),)
    return (say("line.wait"), *by_hand)


def _retry_wait(known: PaymentView, view: View) -> int:
    if not known.retry_after_s or known.settled_at is None:
        return 0
    passed = int((view.now - known.settled_at).total_seconds())
    return max(0, known.retry_after_s - max(passed, 0))


def _paid(known: PaymentView, view: View) -> tuple[Say, ...]:
    received = known.amount_cents if known.received_cents is None else known.received_cents
    paid_at = (known.paid_at or known.settled_at or known.created_at).isoformat()
    values: dict[str, str | int] = {
        "amount_cents": received,
        "child": facts.name_on(view, known),
        "paid_at": paid_at,
    }
    if known.receipt_number:
        lines = [Say("cause.paid", {**values, "receipt": known.receipt_number})]
    else:
        lines = [Say("cause.paid_no_number", values)]
    if received != known.amount_cents:
        lines.append(say("paid.differs", asked_cents=known.amount_cents, amount_cents=received))
    if view.school.sandbox:
        lines.append(say("paid.test"))
    return (
        *lines,
        _new_balance(known, view),
        say("next.paid" if known.receipt_number else "next.paid_no_number"),
    )


def _new_balance(known: PaymentView, view: View) -> Say:
    child = facts.child_of(view, known.child_id)
    if child is None:
        return say("money.moved")
    if child.balance_cents > 0:
        return say("money.paid_owed", balance_cents=child.balance_cents)
    if child.balance_cents < 0:
        return say("money.paid_credit", credit_cents=-child.balance_cents)
    return say("money.paid_clear")
