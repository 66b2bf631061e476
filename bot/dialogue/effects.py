"""What a step asks for. Frozen values; services turn them into rows in the same unit of work."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SetLanguage:
    """Remember the chat's language: en or sw."""

    language: str


@dataclass(frozen=True, slots=True)
class Link:
    """Tie this chat to the guardian found for the contact that was just shared."""

    guardian_id: int


@dataclass(frozen=True, slots=True)
class StartPayment:
    """A QUEUED payment, unique by intent_id (chat + confirmation version).

    amount_cents: a multiple of 100. phone: 254 and 9 digits. wait_s: seconds until the prompt may leave.
    """

    intent_id: str
    child_id: int
    amount_cents: int
    phone: str
    wait_s: int = 0


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Cancel a payment that is still QUEUED."""

    payment_id: int


@dataclass(frozen=True, slots=True)
class CheckNow:
    """Ask M-PESA about this payment at once, out of turn."""

    payment_id: int


@dataclass(frozen=True, slots=True)
class ClaimCode:
    """The parent says that this M-PESA code is theirs: a claim for the office, never proof. code: in capitals."""

    code: str
    payment_id: int | None


@dataclass(frozen=True, slots=True)
class UseInvite:
    """Spend a one-time staff link on this chat."""

    code: str


@dataclass(frozen=True, slots=True)
class StartCampaign:
    """Send the reminders that were just confirmed; unique by intent_id."""

    intent_id: str


@dataclass(frozen=True, slots=True)
class AskDoctor:
    """Examine the school's lines to M-PESA and Telegram; the verdict comes as a message of its own."""


Effect = (
    SetLanguage
    | Link
    | StartPayment
    | Withdraw
    | CheckNow
    | ClaimCode
    | UseInvite
    | StartCampaign
    | AskDoctor
)
