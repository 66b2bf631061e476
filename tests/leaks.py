"""What must never stand in a log, and the scanner that finds it."""

from __future__ import annotations

import base64
import io
import logging
import re

from bot.playground.botapi import PLAYGROUND_TOKEN
from daraja.simulator import SimulatorConfig

_CONFIG = SimulatorConfig()
SECRETS = (PLAYGROUND_TOKEN, _CONFIG.consumer_key, _CONFIG.consumer_secret, _CONFIG.passkey)
OURS = ("bot", "daraja", "storage")

_BASIC = base64.b64encode(f"{_CONFIG.consumer_key}:{_CONFIG.consumer_secret}".encode()).decode()
_PHONE = re.compile(r"(?<![0-9a-zA-Z.])(?:\+?254|0)[17][0-9]{8}(?![0-9a-zA-Z])")
_CHECKOUT = re.compile(r"ws_CO_[0-9]{6,}")


def leaks_in(text: str) -> list[str]:
    """Every line that holds a secret, a full phone number or a CheckoutRequestID."""
    forbidden = (*SECRETS, _BASIC)
    return [
        line
        for line in text.splitlines()
        if any(each in line for each in forbidden) or _PHONE.search(line) or _CHECKOUT.search(line)
    ]


class RawLines(logging.Handler):
    """What our own loggers were given, before any mask: the mask is the second wall, not the first."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.stream = io.StringIO()

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.partition(".")[0] in OURS:
            self.stream.write(f"{record.name} {record.msg} {record.args}\n")
