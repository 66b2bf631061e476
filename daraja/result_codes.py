"""Result codes: what a callback or a query says about a push that M-PESA had accepted."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from daraja.entry import Channel, Entry, Money, Turn

_MINUTE: Final = 60
_DAY: Final = 86_400


def _result(  # the columns of the table below, in order
    code: str,
    cause: str,
    turn: Turn,
    retry_after_s: int | None,
    meaning: str,
    *,
    final: bool = True,
    money: Money = "unmoved",
) -> Entry:
    return Entry(Channel.CALLBACK, code, cause, turn, final, money, retry_after_s, meaning)


_ACCOUNT_PROBLEM: Final = "M-PESA could not use one of the accounts of this payment."
_OPERATOR_FAULT: Final = "The school's M-PESA operator is not set up for this."
_UNKNOWN_OPERATOR: Final = "The shortcode, the receiving number or the transaction type is not the school's."
_NOT_SENT: Final = "M-PESA could not send the prompt to the phone."
_UNEXPLAINED: Final = "M-PESA could not complete the payment and gave a code without a known meaning."

CALLBACK_RESULTS: Final[tuple[Entry, ...]] = (
    _result("0", "paid", Turn.NOBODY, None, "The payment was made.", money="moved"),
    _result("1", "insufficient_funds", Turn.PAYER, 0, "The payer's M-PESA balance is too low."),
    _result("2", "below_minimum", Turn.PAYER, None, "The amount is below M-PESA's minimum of KES 1."),
    _result("3", "above_maximum", Turn.PAYER, None, "The amount is above M-PESA's maximum of KES 250,000."),
    _result("4", "daily_limit", Turn.PAYER, _DAY, "The payer's daily limit of KES 500,000 would be passed."),
    *(_result(code, "account_problem", Turn.PAYER, None, _ACCOUNT_PROBLEM) for code in ("5", "6", "7")),
    _result("8", "receiver_full", Turn.SCHOOL, None, "The school's M-PESA account is at its limit."),
    *(
        _result(code, "account_problem", Turn.PAYER, None, _ACCOUNT_PROBLEM)
        for code in ("10", "11", "12", "13", "14")
    ),
    _result("15", "duplicate_request", Turn.MPESA, None, "M-PESA took this for a request it already had."),
    _result(
        "17",
        "too_soon",
        Turn.PAYER,
        2 * _MINUTE,
        "The same amount was asked of the same payer less than 2 minutes ago.",
    ),
    *(
        _result(code, "operator_fault", Turn.SCHOOL, None, _OPERATOR_FAULT)
        for code in ("18", "20", "21", "22")
    ),
    _result("26", "mpesa_busy", Turn.MPESA, 2 * _MINUTE, "M-PESA is too busy."),
    _result("1001", "phone_busy", Turn.PAYER, 2 * _MINUTE, "The phone has another M-PESA session open."),
    _result("1019", "expired", Turn.PAYER, 0, "The time to answer the prompt ran out."),
    *(_result(code, "prompt_not_sent", Turn.MPESA, _MINUTE, _NOT_SENT) for code in ("1025", "9999")),
    _result("1032", "cancelled", Turn.PAYER, 0, "The payer cancelled, or the prompt ran out unanswered."),
    _result("1037", "unreachable", Turn.PAYER, _MINUTE, "The phone was not reached, or nobody answered."),
    _result("2001", "wrong_pin", Turn.PAYER, 0, "The M-PESA PIN was wrong."),
    _result("2006", "account_inactive", Turn.SCHOOL, None, "An account of this payment is not active."),
    _result(
        "2028",
        "wrong_product",
        Turn.SCHOOL,
        None,
        "PayBill and till are mixed up, or the school's line is not enabled for prompts.",
    ),
    _result("2040", "not_registered", Turn.PAYER, None, "The payer's number is not registered for M-PESA."),
    _result("8006", "pin_locked", Turn.PAYER, None, "The payer's M-PESA PIN is locked; call 100 or 200."),
    *(
        _result(code, "unknown_operator", Turn.SCHOOL, None, _UNKNOWN_OPERATOR)
        for code in ("SFC_IC0003", "SFC_J_C0003")
    ),
    _result(
        "4999",
        "still_processing",
        Turn.MPESA,
        None,
        "M-PESA is still processing the payment.",
        final=False,
        money="unknown",
    ),
    *(
        _result(code, "unexplained", Turn.SCHOOL, None, _UNEXPLAINED, final=False, money="unknown")
        for code in ("1036", "1050", "2029")
    ),
)


def _as_query(entry: Entry) -> Entry:
    """The same code in a query's answer; a busy M-PESA may mean the question, not the payment."""
    if entry.cause == "mpesa_busy":
        return replace(entry, channel=Channel.QUERY, final=False, money="unknown")
    return replace(entry, channel=Channel.QUERY)


QUERY_RESULTS: Final[tuple[Entry, ...]] = tuple(_as_query(entry) for entry in CALLBACK_RESULTS)
