"""Codes of the calls that an API operator makes: transaction status and reversal, and their later results."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from daraja.entry import Channel, Entry, Money, Turn
from daraja.error_codes import VAGUE_CAUSES, of_call

_MINUTE: Final = 60
_DAY: Final = 86_400


STATUS_ERRORS: Final[tuple[Entry, ...]] = of_call(
    Channel.STATUS,
    Entry(
        Channel.STATUS,
        "bad_request_local",
        "bad_request_local",
        Turn.SCHOOL,
        True,
        "unmoved",
        None,
        "A field is bad; nothing was sent.",
    ),
)


def _of_reversal(entry: Entry) -> Entry:
    """A reversal moves money: what of_call takes for unmoved is unknown where M-PESA's answer is vague."""
    vague = entry.cause in VAGUE_CAUSES
    return replace(entry, channel=Channel.REVERSAL, final=not vague, money="unknown" if vague else "unmoved")


REVERSAL_ERRORS: Final[tuple[Entry, ...]] = tuple(_of_reversal(entry) for entry in STATUS_ERRORS)


def _result(  # the columns of the table below, in order
    code: str,
    cause: str,
    turn: Turn,
    retry_after_s: int | None,
    meaning: str,
    *,
    final: bool = True,
    money: Money = "unmoved",
    match: str | None = None,
) -> Entry:
    return Entry(Channel.RESULT, code, cause, turn, final, money, retry_after_s, meaning, match)


_INACTIVE: Final = "The shortcode, or its account, is not active."
_INSIDE: Final = "M-PESA failed inside, which does not tell what became of the request."
_WAIT: Final = "M-PESA is still processing the request."

RESULTS: Final[tuple[Entry, ...]] = (
    # What a success moved depends on what was asked.
    _result("0", "done", Turn.NOBODY, None, "M-PESA did what was asked.", money="unknown"),
    _result("1", "shortcode_short", Turn.SCHOOL, None, "The shortcode's own balance is too low."),
    _result("2", "below_minimum", Turn.SCHOOL, None, "The amount is below M-PESA's minimum."),
    _result("3", "above_maximum", Turn.SCHOOL, None, "The amount is above M-PESA's maximum."),
    _result("4", "daily_limit", Turn.SCHOOL, _DAY, "A daily limit would be passed."),
    _result("8", "receiver_full", Turn.SCHOOL, None, "The account that should receive is at its limit."),
    *(_result(code, "account_inactive", Turn.SCHOOL, None, _INACTIVE) for code in ("11", "2006")),
    # The request that it already had may have been carried out.
    _result(
        "15",
        "duplicate_request",
        Turn.MPESA,
        None,
        "M-PESA took this for a request it already had.",
        final=False,
        money="unknown",
    ),
    _result("17", "internal_error", Turn.MPESA, None, _INSIDE, final=False, money="unknown"),
    _result("18", "operator_password", Turn.SCHOOL, None, "The operator's password is wrong or has run out."),
    _result("20", "operator_unknown", Turn.SCHOOL, None, "M-PESA does not know the operator."),
    _result("21", "operator_not_permitted", Turn.SCHOOL, None, "The operator lacks the role for this."),
    _result("22", "operator_inactive", Turn.SCHOOL, None, "The operator is not active."),
    _result("26", "mpesa_busy", Turn.MPESA, 2 * _MINUTE, "M-PESA is too busy."),
    _result(
        "2001",
        "operator_credential",
        Turn.SCHOOL,
        None,
        "The operator's name or password is wrong, or the certificate is another environment's.",
    ),
    _result(
        "2028", "wrong_product", Turn.SCHOOL, None, "The shortcode may not do this, or is of another kind."
    ),
    _result("4999", "still_processing", Turn.MPESA, None, _WAIT, final=False, money="unknown"),
    _result("8006", "operator_locked", Turn.SCHOOL, None, "The operator is locked after wrong passwords."),
    _result(
        "R000001", "already_reversed", Turn.NOBODY, None, "This payment was reversed before.", money="moved"
    ),
    _result("R000002", "no_such_transaction", Turn.SCHOOL, None, "M-PESA does not know this receipt number."),
    *(
        _result(code, "unknown_operator", Turn.SCHOOL, None, "M-PESA does not know this operator or party.")
        for code in ("SFC_IC0003", "SFC_J_C0003")
    ),
)

OPERATION_ENTRIES: Final[tuple[Entry, ...]] = (*STATUS_ERRORS, *REVERSAL_ERRORS, *RESULTS)
