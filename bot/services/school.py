"""The one school this process serves, and the clock it lives by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.dialogue.view import SchoolView

Clock = Callable[[], datetime]  #: aware UTC


@dataclass(frozen=True, slots=True)
class School:
    """Facts about the school that every verb needs; `public_url` is empty when M-PESA cannot reach us."""

    id: int
    name: str
    contact: str
    shortcode: str
    party_b: str
    transaction_type: str
    sandbox: bool
    public_url: str = ""

    @property
    def callbacks(self) -> bool:
        """Whether M-PESA can tell us an outcome by itself."""
        return bool(self.public_url)

    def callback_url(self, token: str) -> str:
        """Where the outcome of one push is sent. With no address of ours: a host that cannot exist."""
        return f"{self.public_url or 'https://karo.invalid'}/daraja/stk/{token}"

    def answer_url(self, kind: str, token: str) -> str:
        """Where M-PESA answers a question: kind `result`, or `timeout`."""
        return f"{self.public_url or 'https://karo.invalid'}/daraja/{kind}/{token}"

    def view(self) -> SchoolView:
        """The part that a conversation may show."""
        return SchoolView(
            name=self.name,
            contact=self.contact,
            pay_number=self.party_b,
            is_till=self.transaction_type == "CustomerBuyGoodsOnline",
            sandbox=self.sandbox,
            callbacks=self.callbacks,
        )
