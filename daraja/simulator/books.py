"""The simulator's own books: what money truly moved, whoever was told."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, datetime

from daraja.simulator.checks import PushRequest
from daraja.simulator.payloads import NAIROBI, receipt_number


@dataclass(frozen=True, slots=True)
class Movement:
    """Money that left a wallet. `at` is aware UTC; `msisdn` is the wallet that paid (PartyA)."""

    receipt: str
    amount_kes: int
    msisdn: str = field(repr=False)
    account_reference: str
    party_b: str
    checkout_request_id: str = field(repr=False)
    at: datetime


class Books:
    """Every movement, in the order it happened."""

    def __init__(self, rng: random.Random) -> None:
        self.movements: list[Movement] = []
        self._rng = rng
        self._receipts: set[str] = set()
        self._spent: dict[tuple[str, date], int] = {}

    @property
    def total_kes(self) -> int:
        """All money that moved, in whole shillings."""
        return sum(movement.amount_kes for movement in self.movements)

    def of(self, account_reference: str) -> list[Movement]:
        """What moved for one account reference."""
        return [movement for movement in self.movements if movement.account_reference == account_reference]

    def spent_on_day(self, msisdn: str, at: datetime) -> int:
        """What a wallet has paid on the Nairobi day of `at`, in whole shillings."""
        return self._spent.get((msisdn, _day(at)), 0)

    def move(self, request: PushRequest, checkout_request_id: str, at: datetime) -> Movement:
        """Move the money of one push under a receipt number of its own."""
        receipt = receipt_number(at, self._rng)
        while receipt in self._receipts:
            receipt = receipt_number(at, self._rng)
        self._receipts.add(receipt)
        movement = Movement(
            receipt=receipt,
            amount_kes=request.amount_kes,
            msisdn=request.party_a,
            account_reference=request.account_reference,
            party_b=request.party_b,
            checkout_request_id=checkout_request_id,
            at=at,
        )
        self.movements.append(movement)
        self._spent[request.party_a, _day(at)] = self.spent_on_day(request.party_a, at) + request.amount_kes
        return movement

    def clear(self) -> None:
        """Forget every movement; receipt numbers stay used."""
        self.movements.clear()
        self._spent.clear()


def _day(at: datetime) -> date:
    return at.astimezone(NAIROBI).date()
