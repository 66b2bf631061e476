"""What staff and admins ask for in chat; anybody else is refused."""

from __future__ import annotations

from bot.dialogue.effects import AskDoctor, StartCampaign
from bot.dialogue.result import Step, stay
from bot.dialogue.screen import say
from bot.dialogue.screens_staff import attention_lines, finding_lines
from bot.dialogue.starting import home, step_help
from bot.dialogue.state import At, State
from bot.dialogue.view import View


def receipt(state: State, view: View, argument: str) -> Step:
    """/receipt CODE: genuine, pending, claimed, or not ours."""
    if not view.role:
        return _refused(state, view)
    if not argument.strip() or view.finding is None:
        return stay(home(state, view), say("finding.how"))
    return stay(home(state, view), *finding_lines(view.finding))


def attention(state: State, view: View, _argument: str) -> Step:
    """/attention: whatever waits for a person."""
    if not view.role:
        return _refused(state, view)
    return stay(home(state, view), *attention_lines(view.attention or ()))


def remind(state: State, view: View, _argument: str) -> Step:
    """/remind: count, total and sample first; nothing goes before Confirm."""
    if view.role != "admin":
        return _refused(state, view)
    return stay(state.cleared(At.REMIND) if view.language else home(state, view))


def send(state: State, view: View, _about: int | None) -> Step:
    """The reminder was confirmed."""
    if view.role != "admin":
        return _refused(state, view)
    if view.arrears is None or not view.arrears.families:
        return stay(state)
    intent = StartCampaign(f"{view.chat_ref}:{state.version}")
    return Step(home(state, view), (say("remind.started", families=view.arrears.families),), (intent,))


def doctor(state: State, view: View, _argument: str) -> Step:
    """/doctor: an examination for admins. To anybody else it is a command that nobody knows."""
    if view.role != "admin":
        return stay(state, say("misread"), step_help(state))
    return Step(home(state, view), (say("doctor.asked"),), (AskDoctor(),))


def _refused(state: State, view: View) -> Step:
    return stay(home(state, view), say("staff.only"))
