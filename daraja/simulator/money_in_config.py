"""How the simulator behaves about C2B and Pull: everything in which M-PESA is told to differ."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class MsisdnForm(StrEnum):
    """How a payer's number is told."""

    PLAIN = "plain"
    MASKED = "masked"
    HASHED = "hashed"


class Again(StrEnum):
    """What a second registration of a shortcode's URLs comes to."""

    FREELY = "freely"  #: taken, as the sandbox mostly does
    REFUSED = "refused"  #: "Urls are already registered", as in production
    DUPLICATE = "duplicate"  #: "Duplicate notification info": in the sandbox too, and from the old platform


class PullShape(StrEnum):
    """Where a page's rows stand."""

    NESTED = "nested"  #: a list of one list
    FLAT = "flat"  #: a list


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyInConfig:
    """Settings of the calls about money that comes in by itself."""

    register_code: str | None = "0"
    """The ResponseCode of a good registration: "0" and "00000000" are seen, and (None) no such field at all."""
    again: Again = Again.FREELY
    validation: bool = False
    """External validation is on: the ValidationURL is asked first."""
    msisdn: MsisdnForm | None = None
    """None: as registered, hashed for v1 and masked for v2."""
    names: bool = True
    """False: every name comes empty."""
    before_callback: bool = False
    """An STK payment is confirmed before its callback is sent; else after it."""

    pull_page_rows: int = 100
    pull_by_rows: bool = False
    """OffSetValue counts rows, as the portal says; else pages, as live clients find."""
    pull_shape: PullShape = PullShape.NESTED
    pull_zulu: bool = True
    """trxDate as in the portal's sample, UTC with T and Z; else Nairobi without a zone."""
    pull_empty_code: str = "1001"
    """What a registered shortcode without payments is answered: 1001 or 1000."""

    def __post_init__(self) -> None:
        if self.pull_page_rows < 1:
            raise ValueError("pull_page_rows must be at least 1")
