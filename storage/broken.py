"""What an invariant is to `storage.checks`: a sentence, and the query for the rows that break it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select

SHOWN = 20  #: so many rows of one rule are named


@dataclass(frozen=True, slots=True)
class Rule:
    """says: with {0}, {1} for the query's columns. No names, no phones."""

    says: str
    query: Select[Any]
