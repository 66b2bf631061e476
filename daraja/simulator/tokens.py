"""Access tokens: who may have one, and how long it is good."""

from __future__ import annotations

import hmac
import random
import string
from collections.abc import Callable
from datetime import datetime, timedelta

from daraja.simulator.checks import basic
from daraja.simulator.config import SimulatorConfig
from daraja.simulator.replies import INVALID_AUTHENTICATION, INVALID_GRANT_TYPE, INVALID_TOKEN, Refused

_ALPHABET = string.ascii_letters + string.digits


class Tokens:
    """Mints 28-character tokens and knows which still live."""

    def __init__(self, config: SimulatorConfig, clock: Callable[[], datetime], rng: random.Random) -> None:
        self._config = config
        self._clock = clock
        self._rng = rng
        self._ends: dict[str, datetime] = {}
        self.rivals: int | None = 0
        """How many of the next tokens another system's mint ends at once; None: all of them."""

    def mint(self, authorization: str | None, grant_type: str | None) -> str:
        """A new token for the right key and secret."""
        if grant_type != "client_credentials":
            raise Refused(INVALID_GRANT_TYPE)
        pair = basic(authorization)
        expected = f"{self._config.consumer_key}:{self._config.consumer_secret}".encode()
        if pair is None or not hmac.compare_digest(":".join(pair).encode(), expected):
            raise Refused(INVALID_AUTHENTICATION)
        if self._config.mint_invalidates:
            self.forget()
        token = "".join(self._rng.choice(_ALPHABET) for _ in range(28))
        self._ends[token] = self._clock() + timedelta(seconds=self._config.token_life_s)
        if self.rivals is None or self.rivals > 0:
            self.rivals = None if self.rivals is None else self.rivals - 1
            self.forget()
        return token

    def adopt(self, config: SimulatorConfig) -> None:
        """From now on only these key and secret are good; tokens of another pair are refused."""
        old = (self._config.consumer_key, self._config.consumer_secret)
        self._config = config
        if old != (config.consumer_key, config.consumer_secret):
            self.forget()

    def check(self, token: str) -> None:
        """Refuse a token never minted here, forgotten, or past its life."""
        ends = self._ends.get(token)
        if ends is None or self._clock() >= ends:
            raise Refused(INVALID_TOKEN)

    def forget(self) -> None:
        """From now on every token minted so far is refused."""
        self._ends.clear()
