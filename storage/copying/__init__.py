"""Carrying a whole database into another one, of either engine: row by row, resumable, compared at the end."""

from __future__ import annotations

from storage.copying.errors import CopyRefused, NotSound
from storage.copying.filling import BATCH_ROWS, Filling, Progress, begin, finish
from storage.copying.held import held, master_keys
from storage.copying.soundness import broken
from storage.copying.target import Target, ready

__all__ = [
    "BATCH_ROWS",
    "CopyRefused",
    "Filling",
    "NotSound",
    "Progress",
    "Target",
    "begin",
    "broken",
    "finish",
    "held",
    "master_keys",
    "ready",
]
