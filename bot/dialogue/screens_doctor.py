"""What an admin's /doctor comes to in chat: a short verdict, never a secret."""

from __future__ import annotations

from bot.dialogue.screen import Say, say
from daraja.doctor.causes import CauseClass
from daraja.doctor.findings import Diagnosis


def verdict_lines(diagnosis: Diagnosis) -> tuple[Say, ...]:
    """Two lines when all is well; else what it is, what to do, what answers alike, and where to read on."""
    if diagnosis.well:
        return (say("doctor.well"), say("doctor.more"))
    cause = _known(diagnosis.cause)
    lines = [say("doctor.wrong"), say(f"doctor.cause.{cause}"), say(f"doctor.next.{cause}")]
    also = [_known(each) for each in diagnosis.also]
    if also:
        lines.append(say("doctor.also", other_key=f"doctor.cause.{also[0]}"))
    if diagnosis.sandbox_only:
        lines.append(say("doctor.sandbox_only"))
    return (*lines, say("doctor.letter"))


def _known(cause: str) -> CauseClass:
    """A cause that these texts have no words for is unclear."""
    return CauseClass(cause) if cause in CauseClass.__members__.values() else CauseClass.UNCLEAR
