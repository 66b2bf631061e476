"""The types of single settings: a given text is stripped, then put through its checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BeforeValidator, SecretStr
from pydantic_settings import NoDecode

from bot.settings_forms import (
    Network,
    check_api_url,
    check_digits,
    check_networks,
    check_real,
    check_unmasked,
)


def form(*checks: Callable[[str], str]) -> BeforeValidator:
    """Strip a given text, then put it through the checks; what was not given passes."""

    def check(value: Any) -> Any:
        if not isinstance(value, str) or not value.strip():
            return "" if isinstance(value, str) else value
        value = value.strip()
        for each in checks:
            value = each(value)
        return value

    return BeforeValidator(check)


def near_api_url(value: str) -> str:
    """A server we call, which may also stand in a private network."""
    return check_api_url(value, near_is_enough=True)


Text = Annotated[str, form(check_real)]
Digits = Annotated[str, form(check_real, check_unmasked, check_digits)]
Secret = Annotated[SecretStr, form(check_real, check_unmasked)]
Networks = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(check_networks)]
