"""One log for structlog and the standard library, with a mask over whatever is about to be written.

The mask works on finished lines: messages, arguments, tracebacks and other people's loggers all pass it.
"""

from __future__ import annotations

import base64
import logging
import re
import sys
from collections.abc import Iterable, Iterator
from typing import TextIO
from urllib.parse import quote

import structlog
from structlog.typing import Processor

HIDDEN = "•••"

_CHATTY = ("httpx", "httpcore", "apscheduler", "aiohttp", "alembic", "asyncio", "uvicorn")
_TOO_CHATTY = ("telegram",)  # at DEBUG it prints whole messages: children's names, balances
#: `daraja` logs by the standard library: what stands beside its events
_TOLD_BY_DARAJA = {"http_status", "expires_at", "error", "path", "took_ms"}
_SHORTEST_SECRET = 6
_GAP = r"[ \u00a0().\-]{0,2}"
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # a CheckoutRequestID ends in the payer's phone
    (re.compile(r"ws_CO_[0-9A-Za-z]+", re.IGNORECASE), f"ws_CO_{HIDDEN}"),
    (re.compile(r"(?<!\d)\d{5,}:[A-Za-z0-9_-]{30,}"), HIDDEN),  # a bot token, known or not
    (re.compile(r"\b(Basic|Bearer)\s+[A-Za-z0-9._~+/=-]{6,}"), rf"\1 {HIDDEN}"),
    (re.compile(r"(access_token\W{1,8})[A-Za-z0-9._~+/=-]{6,}"), rf"\1{HIDDEN}"),
    # the secret in a callback's address
    (re.compile(r"(/daraja/\w+/)[0-9A-Za-z_-]{16,}"), rf"\1{HIDDEN}"),
    (re.compile(r"(/telegram/)[0-9A-Za-z_-]{16,}"), rf"\1{HIDDEN}"),  # and in the webhook's
    (
        re.compile(rf"(?<!\d)(?:\+?254{_GAP}|\(?0)([17])(?:{_GAP}\d){{5}}((?:{_GAP}\d){{3}})(?!\d)"),
        rf"0\1{HIDDEN}\2",
    ),
)


class Mask:
    """Hides secrets, phone numbers (`07••• 456`), CheckoutRequestIDs and tokens in a text."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """secrets: hidden wherever they stand: as they are, in a URL, or inside base64."""
        spellings = {each for secret in secrets for each in _spellings(secret)}
        longest_first = sorted(spellings, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, longest_first))) if spellings else None

    def __call__(self, text: str) -> str:
        """The text with everything hidden that must not be read."""
        if self._secrets is not None:
            text = self._secrets.sub(HIDDEN, text)
        for pattern, instead in _PATTERNS[:-1]:
            text = pattern.sub(instead, text)
        return _PATTERNS[-1][0].sub(_masked_phone, text)


def _masked_phone(found: re.Match[str]) -> str:
    last_three = "".join(re.findall(r"\d", found[2]))
    return f"0{found[1]}{HIDDEN} {last_three}"


def _spellings(secret: str) -> Iterator[str]:
    """A secret as it may turn up; inside base64 it looks different at each of three alignments."""
    if len(secret) < _SHORTEST_SECRET:
        return
    yield secret
    yield quote(secret, safe="")
    raw = secret.encode()
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + raw).decode()
        first, last = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
        yield encoded[first:last]


class MaskingFormatter(structlog.stdlib.ProcessorFormatter):
    """Renders a record of either world as one line, and masks the result, traceback and all."""

    def __init__(self, mask: Mask, *, colors: bool = False) -> None:
        # plain tracebacks: the pretty ones print local variables
        renderer = structlog.dev.ConsoleRenderer(
            colors=colors, exception_formatter=structlog.dev.plain_traceback
        )
        super().__init__(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=[*_SHARED, structlog.stdlib.ExtraAdder(allow=_TOLD_BY_DARAJA)],
        )
        self._mask = mask

    def format(self, record: logging.LogRecord) -> str:
        """The masked line."""
        return self._mask(super().format(record))


_SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]


def configure(level: str, secrets: Iterable[str] = (), stream: TextIO | None = None) -> None:
    """Send every log line of this process through the mask to `stream` (standard error).

    level: a name such as INFO. Libraries speak from WARNING up, and at DEBUG say everything, masked.
    """
    out = stream if stream is not None else sys.stderr
    handler = logging.StreamHandler(out)
    handler.setFormatter(MaskingFormatter(Mask(secrets), colors=out.isatty()))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.DEBUG if level == "DEBUG" else logging.WARNING)
    for name in _TOO_CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
