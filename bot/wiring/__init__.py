"""Builds everything from Settings: the only room that knows all the concrete parts."""

from __future__ import annotations

from bot.wiring.examiner import make_examiner
from bot.wiring.karo import Karo
from bot.wiring.parts import migrate_for, open_for, staff_link, the_school, utc_now
from bot.wiring.webhook import announce_webhook

__all__ = [
    "Karo",
    "announce_webhook",
    "make_examiner",
    "migrate_for",
    "open_for",
    "staff_link",
    "the_school",
    "utc_now",
]
