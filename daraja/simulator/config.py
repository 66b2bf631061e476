"""How one simulator is set: credentials, delays, and the rules that may be turned off."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from daraja.simulator.money_in_config import MoneyInConfig
from daraja.simulator.products import ALL_PRODUCTS, Product

SANDBOX_SHORTCODE = "174379"
SANDBOX_PASSKEY = "bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919"


class PendingShape(StrEnum):
    """How the query words "still being processed": all of these are seen in the field for the same state."""

    RESULT_4999 = "result_4999"
    ERROR_500 = "error_500"
    ERROR_200 = "error_200"
    ALTERNATE = "alternate"


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorConfig:
    """Settings of a simulator. Every `_s` is seconds.

    Delays (prompt_s, callback_delay_s, late_s, prompt_life_s) are divided by `speed` and pass in real time.
    Rules (token_life_s, lock_s, same_amount_s) are judged by the injected clock; 0 turns the last two off.
    """

    consumer_key: str = field(default="simulator-key", repr=False)
    consumer_secret: str = field(default="simulator-secret", repr=False)
    shortcode: str = SANDBOX_SHORTCODE
    passkey: str = field(default=SANDBOX_PASSKEY, repr=False)
    tills: tuple[str, ...] = ("555001",)
    business_name: str = "Daraja-Simulator"
    products: frozenset[Product] = ALL_PRODUCTS
    """What the app holds; a call to any other is refused with the words for its token."""

    initiator_name: str = "simulator-operator"
    initiator_password: str = field(default="simulator-password", repr=False)
    """The API operator's, for transaction status and reversal; its certificate: `Simulator.certificate_pem`."""
    operator_tries: int = 3
    """So many wrong passwords in a row lock the operator."""

    prompt_s: float = 2.0
    """From the accepted push to the payer's answer."""
    callback_delay_s: float = 0.5
    """From the payer's answer to the callback."""
    late_s: float = 30.0
    """How much later a late callback comes, and a success after a failure."""
    prompt_life_s: float = 120.0
    """A manual prompt nobody answers expires after this."""
    callback_timeout_s: float = 10.0
    speed: float = 1.0
    seed: int | None = None

    token_life_s: int = 3599
    expires_in_as_text: bool = True
    """Live answers carry "3599", the documentation shows 3599."""
    mint_invalidates: bool = False
    """The portal says that each new token kills the one before; nobody has seen it happen."""
    lock_s: float = 60.0
    same_amount_s: float = 120.0
    daily_limit_kes: int = 500_000
    strict_lengths: bool = True
    """Refuse an AccountReference over 12 and a TransactionDesc over 13 characters."""

    pending_shape: PendingShape = PendingShape.ALTERNATE
    undecided_share: float = 0.0
    """The share (0 to 1) of queries answered with an error that decides nothing, whatever the state."""
    duplicates: int = 3
    """How many callbacks the duplicate scenario sends, all at once."""
    masked_phone: bool = False
    """Send PhoneNumber in success callbacks masked instead of whole."""

    money_in: MoneyInConfig = field(default_factory=MoneyInConfig)
    """C2B, Pull and all in which they are told to differ."""

    def __post_init__(self) -> None:
        if self.speed <= 0:
            raise ValueError("speed must be above 0")
        if not 0 <= self.undecided_share <= 1:
            raise ValueError("undecided_share must be between 0 and 1")
