"""What staff and admins see: a receipt looked up, what waits for a person, a reminder before it goes."""

from __future__ import annotations

from bot.dialogue.screen import Choice, Say, Screen, say
from bot.dialogue.screens_start import CANCEL_CHOICE, MENU_CHOICE
from bot.dialogue.state import State
from bot.dialogue.view import ArrearsView, AttentionView, FindingView, View
from bot.texts import LANGUAGES, keys

SHOWN = 8  #: rows of /attention in one message

_VERDICTS = ("genuine", "pending", "claimed", "suspense", "not_ours", "unknown", "not_a_code")


def finding_lines(finding: FindingView) -> tuple[Say, ...]:
    """The verdict on a receipt code, and what may be known of it."""
    verdict = finding.verdict if finding.verdict in _VERDICTS else "not_ours"
    lines = [say(f"finding.{verdict}", code=finding.code, count=finding.unnumbered)]
    if finding.amount_cents is not None:
        lines.append(say("finding.amount", amount_cents=finding.amount_cents))
    if finding.child_name:
        lines.append(say("finding.child", child=finding.child_name, admission=finding.admission_number))
    if finding.paid_at is not None:
        lines.append(say("finding.paid", paid_at=finding.paid_at.isoformat(), payer=finding.payer or "•••"))
    return tuple(lines)


def attention_lines(rows: tuple[AttentionView, ...], at_most: int = SHOWN) -> tuple[Say, ...]:
    """The oldest things that wait for a person, and how many there are."""
    if not rows:
        return (say("attention.none"),)
    more = (say("attention.more", count=len(rows) - at_most),) if len(rows) > at_most else ()
    shown = tuple(line for row in rows[:at_most] for line in attention_row(row))
    return (say("attention.count", count=len(rows)), *shown, *more)


def attention_row(row: AttentionView) -> tuple[Say, ...]:
    """One thing that waits: what it is, and which money it is about."""
    what = f"attention.{row.what}"
    why = say(what if what in keys(LANGUAGES[0]) else "attention.other", ref=row.ref, code=row.code)
    since = row.since_at.isoformat()
    if row.amount_cents is None:
        return (why, say("attention.since", since_at=since))
    child = row.child_name or "•••"
    return (why, say("attention.about", amount_cents=row.amount_cents, child=child, since_at=since))


def remind(_state: State, view: View) -> Screen:
    """Whom a reminder would reach: count, total and a sample, before Confirm."""
    arrears = view.arrears
    if arrears is None:
        return Screen((say("remind.uncounted"),), (MENU_CHOICE,))
    if not arrears.families:
        return Screen((say("remind.nobody", unreachable=arrears.unreachable),), (MENU_CHOICE,))
    send = Choice("send", say("choice.send", families=arrears.families))
    return Screen(_arrears_lines(arrears), (send, CANCEL_CHOICE))


def _arrears_lines(arrears: ArrearsView) -> tuple[Say, ...]:
    head = say(
        "remind.ask",
        families=arrears.families,
        children=arrears.children,
        total_cents=arrears.total_cents,
        unreachable=arrears.unreachable,
    )
    sample = tuple(
        say("remind.sample", guardian=guardian, child=child, balance_cents=balance)
        for guardian, child, balance in arrears.sample[:3]
    )
    before = (say("remind.last", last_at=arrears.last_at.isoformat()),) if arrears.last_at else ()
    return (head, *before, *sample)
