"""A Daraja app's key pair, with the shortcode and the passkey that belong to it."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import Final

from daraja.errors import BadRequest
from daraja.fields import check_shortcode

_MASKS: Final = ("*", "•")  # the portal shows keys masked; only its copy button gives the real ones
_KEY: Final = re.compile(r"[\x21-\x7e]+")
_QUOTES: Final = "'\"`"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Trims blanks around each. Raises BadRequest on what is empty, was copied masked or in quotes, or holds a blank
    or a letter that no key has (a mail may break a passkey in two); never shows a secret.
    """

    consumer_key: str = field(repr=False)
    consumer_secret: str = field(repr=False)
    shortcode: str
    passkey: str = field(repr=False)

    def __post_init__(self) -> None:
        for name in ("consumer_key", "consumer_secret", "shortcode", "passkey"):
            value = getattr(self, name).strip()
            if not value:
                raise BadRequest(name, "is empty")
            if any(mask in value for mask in _MASKS):
                raise BadRequest(name, "was copied with its mask")
            if value[0] in _QUOTES:
                raise BadRequest(name, "was copied with its quotes")
            if not _KEY.fullmatch(value):
                raise BadRequest(name, "holds a blank or a letter that no key has")
            object.__setattr__(self, name, value)
        check_shortcode("shortcode", self.shortcode)

    def password(self, stamp: str) -> str:
        """Daraja's Password: shortcode, passkey and the very Timestamp of the request, in Base64."""
        return base64.b64encode(f"{self.shortcode}{self.passkey}{stamp}".encode()).decode("ascii")
