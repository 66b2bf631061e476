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


@dataclass(frozen=True, slots=True)
class Reversed:
    """A payment that went back to its payer, under a receipt number of its own. `at` is aware UTC."""

    receipt: str
    original_receipt: str
    amount_kes: int
    at: datetime


class Books:
    """Every movement, in the order it happened, and every reversal."""

    def __init__(self, rng: random.Random) -> None:
        self.movements: list[Movement] = []
        self.reversals: list[Reversed] = []
        self._rng = rng
        self._receipts: set[str] = set()
        self._spent: dict[tuple[str, date], int] = {}

    @property
    def total_kes(self) -> int:
        """All money that moved and stayed, in whole shillings."""
        moved = sum(movement.amount_kes for movement in self.movements)
        return moved - sum(back.amount_kes for back in self.reversals)

    def of(self, account_reference: str) -> list[Movement]:
        """What moved for one account reference."""
        return [movement for movement in self.movements if movement.account_reference == account_reference]

    def find(self, receipt: str) -> Movement | None:
        """The movement with that receipt number."""
        return next((movement for movement in self.movements if movement.receipt == receipt), None)

    def is_reversed(self, receipt: str) -> bool:
        """Whether the payment went back."""
        return any(back.original_receipt == receipt for back in self.reversals)

    def give_back(self, movement: Movement, at: datetime) -> Reversed:
        """Move the money of one payment back to its payer."""
        back = Reversed(self.new_receipt(at), movement.receipt, movement.amount_kes, at)
        self.reversals.append(back)
        return back

    def spent_on_day(self, msisdn: str, at: datetime) -> int:
        """What a wallet has paid on the Nairobi day of `at`, in whole shillings."""
        return self._spent.get((msisdn, _day(at)), 0)

    def move(self, request: PushRequest, checkout_request_id: str, at: datetime) -> Movement:
        """Move the money of one push under a receipt number of its own."""
        movement = Movement(
            receipt=self.new_receipt(at),
            amount_kes=request.amount_kes,
            msisdn=request.party_a,
            account_reference=request.account_reference,
            party_b=request.party_b,
            checkout_request_id=checkout_request_id,
            at=at,
        )
        self.add(movement)
        return movement

    def add(self, movement: Movement) -> None:
        """Keep a movement, however it came about; its receipt number is out of `new_receipt`."""
        self.movements.append(movement)
        spent = self.spent_on_day(movement.msisdn, movement.at) + movement.amount_kes
        self._spent[movement.msisdn, _day(movement.at)] = spent

    def clear(self) -> None:
        """Forget every movement; receipt numbers stay used."""
        self.movements.clear()
        self.reversals.clear()
        self._spent.clear()

    def new_receipt(self, at: datetime) -> str:
        """A receipt number that nobody has had."""
        receipt = receipt_number(at, self._rng)
        while receipt in self._receipts:
            receipt = receipt_number(at, self._rng)
        self._receipts.add(receipt)
        return receipt


def _day(at: datetime) -> date:
    return at.astimezone(NAIROBI).date()
