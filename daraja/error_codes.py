"""Error codes: what the answer to the call itself says, and what we say when there was no answer.

The codes without dots are our own: `look_up` knows them, so that every outcome has its line.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from daraja.entry import Channel, Entry, Money, Turn

TOKEN_REFUSED: Final = "404.001.03"  # noqa: S105 - an error code
TOKEN_REFUSALS: Final = frozenset({TOKEN_REFUSED, "401.001"})  #: codes that mean it whatever the words
TOKEN_REFUSED_WORDS: Final = "invalid access token"  # noqa: S105 - other products hide it under other codes
NO_PRODUCT_WORDS: Final = "no apiproduct match found"  #: the token is good; its app may not make this call
UNDECIDED: Final = frozenset({"500.001.1001", "500.001.001"})  #: both spellings of one code of many meanings
VAGUE_CAUSES: Final = frozenset(
    {"busy_unclear", "internal_error", "answer_lost"}
)  #: no telling what was done
_SLOW_DOWN_S: Final = 300
_MINUTE: Final = 60


def _error(  # the columns of the table below, in order
    code: str,
    cause: str,
    turn: Turn,
    retry_after_s: int | None,
    meaning: str,
    *,
    match: str | None = None,
    money: Money = "unmoved",
) -> Entry:
    final = money == "unmoved"
    return Entry(Channel.PUSH, code, cause, turn, final, money, retry_after_s, meaning, match)


_BUSY: Final = "M-PESA says it is busy, which does not tell whether it took the request."
_INTERNAL: Final = "M-PESA failed inside, which does not tell whether it took the request."
_SPIKE: Final = "Too many requests in one second; this one was not processed."
_ADDRESS: Final = "The address, header or method of the call is wrong."

SHARED_ERRORS: Final[tuple[Entry, ...]] = (
    _error("400.002.02", "bad_field", Turn.SCHOOL, None, "A field of the request is wrong."),
    _error("400.002.05", "bad_payload", Turn.SCHOOL, None, "The request could not be read."),
    *(
        _error(code, "wrong_address", Turn.SCHOOL, None, _ADDRESS)
        for code in ("404.001.01", "404.001.04", "405.001")
    ),
    _error(TOKEN_REFUSED, "token_refused", Turn.SCHOOL, None, "M-PESA does not accept the access token."),
    _error("500.003.02", "spike_arrest", Turn.MPESA, _MINUTE, _SPIKE, match="spike arrest"),
    _error("500.003.02", "busy_unclear", Turn.MPESA, None, _BUSY, money="unknown"),
    _error("500.003.03", "quota", Turn.SCHOOL, _SLOW_DOWN_S, "The school's request quota is used up."),
    *(
        _error(code, "internal_error", Turn.MPESA, None, _INTERNAL, money="unknown")
        for code in ("500.003.1001", "500.003.01")
    ),
    _error("never_sent", "never_sent", Turn.PAYER, 0, "M-PESA could not be reached; nothing was sent."),
    _error("no_token", "no_token", Turn.SCHOOL, 0, "M-PESA gave no access token; nothing was sent."),
    _error("answer_lost", "answer_lost", Turn.MPESA, None, "M-PESA's answer got lost.", money="unknown"),
)

_FIVE_MEANINGS: Final[tuple[Entry, ...]] = tuple(
    entry
    for code in sorted(UNDECIDED)
    for entry in (
        _error(
            code,
            "no_such_merchant",
            Turn.SCHOOL,
            None,
            "M-PESA does not know the school's shortcode.",
            match="merchant does not exist",
        ),
        _error(
            code,
            "wrong_credentials",
            Turn.SCHOOL,
            None,
            "Passkey, timestamp and shortcode do not belong together.",
            match="wrong credentials",
        ),
        _error(
            code,
            "subscriber_locked",
            Turn.PAYER,
            _MINUTE,
            "Another M-PESA prompt or session is still open on the payer's phone.",
            match="unable to lock",
        ),
    )
)

PUSH_ERRORS: Final[tuple[Entry, ...]] = (
    *SHARED_ERRORS,
    *_FIVE_MEANINGS,
    _error("bad_request_local", "bad_request_local", Turn.SCHOOL, None, "A field is bad; nothing was sent."),
    _error("refused_other", "refused_other", Turn.SCHOOL, None, "M-PESA did not accept the request."),
)


def _of_query(
    code: str, cause: str, turn: Turn, retry_after_s: int | None, meaning: str, match: str | None = None
) -> Entry:
    return Entry(Channel.QUERY, code, cause, turn, False, "unknown", retry_after_s, meaning, match)


# A query that fails says nothing about the payment it asked for.
QUERY_ERRORS: Final[tuple[Entry, ...]] = (
    _of_query(
        "400.002.02",
        "query_no_such_id",
        Turn.SCHOOL,
        None,
        "M-PESA does not know the CheckoutRequestID.",
        "checkoutrequestid",
    ),
    *(replace(entry, channel=Channel.QUERY, final=False, money="unknown") for entry in SHARED_ERRORS),
    *(
        _of_query(code, "query_undecided", Turn.MPESA, 10, "M-PESA cannot say yet; ask again.")
        for code in sorted(UNDECIDED)
    ),
    _of_query("refused_other", "refused_other", Turn.SCHOOL, None, "M-PESA did not accept the question."),
)


def of_call(channel: Channel, *own: Entry) -> tuple[Entry, ...]:
    """The lines of a call that moves no payer's money: what every call may be answered, and its `own`.

    These calls print why a token is refused: without the product, renewing the token is of no use.
    """
    no_product = _error(
        TOKEN_REFUSED,
        "no_api_product",
        Turn.SCHOOL,
        None,
        "The app does not hold this API product, or not for this environment.",
        match=NO_PRODUCT_WORDS,
    )
    refused = _error(
        "refused_other", "refused_other", Turn.SCHOOL, None, "M-PESA did not accept the request."
    )
    lines = (no_product, *SHARED_ERRORS, refused, *own)
    return tuple(replace(line, channel=channel, final=True, money="unmoved") for line in lines)
