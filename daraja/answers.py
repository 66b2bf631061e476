"""Reading Daraja's answers: a result, a definite no, or not knowing.

The rule that guards the money: only an answer that surely means "nothing was started" becomes Refused. All
that cannot be read, every gateway's page and every vague code is AnswerLost.
"""

from __future__ import annotations

from typing import Any, Final

from daraja.catalogue import UNKNOWN, Channel, look_up
from daraja.error_codes import TOKEN_REFUSALS, TOKEN_REFUSED, TOKEN_REFUSED_WORDS, UNDECIDED, VAGUE_CAUSES
from daraja.errors import AnswerLost, DarajaError, Refused, TokenRefused
from daraja.messages import QueryOutcome, StkAccepted, StkQueryResult
from daraja.results import Acknowledged
from daraja.wire import as_code, as_identifier, as_page, as_words, is_zero, read_object

_GATEWAY_STATUSES: Final = frozenset({408, 425, 429})  # 4xx that say nothing about the request itself
_BEFORE_THE_BODY: Final = frozenset({"wrong_address", "spike_arrest", "quota"})
_OUTCOMES: Final[dict[str, QueryOutcome]] = {"0": "paid", "4999": "pending"}


def read_push_answer(status: int, body: bytes) -> StkAccepted:
    """The answer to an STK push. Raises Refused, TokenRefused or AnswerLost."""
    answer = accepted(Channel.PUSH, status, body)
    checkout_request_id = as_identifier(answer.get("CheckoutRequestID"))
    if not checkout_request_id:
        raise AnswerLost("M-PESA accepted without a CheckoutRequestID", http_status=status)
    return StkAccepted(
        merchant_request_id=as_identifier(answer.get("MerchantRequestID")),
        checkout_request_id=checkout_request_id,
        response_description=as_words(answer.get("ResponseDescription")),
        customer_message=as_words(answer.get("CustomerMessage")),
    )


def read_query_answer(status: int, body: bytes, checkout_request_id: str) -> StkQueryResult:
    """The answer to an STK query about `checkout_request_id`. Raises Refused, TokenRefused or AnswerLost.

    "Being processed" is a result, under whichever HTTP status and in whichever field it comes.
    """
    undecided = None if is_token_refusal(body) else _undecided(read_object(body) or {})
    if undecided is not None:
        return undecided
    answer = accepted(Channel.QUERY, status, body)
    if as_identifier(answer.get("CheckoutRequestID", checkout_request_id)) != checkout_request_id:
        raise AnswerLost("M-PESA answered about another push", http_status=status)
    code, words = as_code(answer.get("ResultCode")), as_words(answer.get("ResultDesc"))
    if not code:
        raise AnswerLost("M-PESA's answer has no ResultCode", http_status=status)
    final: QueryOutcome = "failed" if look_up(Channel.QUERY, code, words).final else "undecided"
    return StkQueryResult(_OUTCOMES.get(code, final), code, words)


def read_probe_answer(status: int, body: bytes) -> None:
    """The answer to an empty body at the push's address. Returns when M-PESA complained of the body: token and product
    are good. Raises TokenRefused, Refused (another address, too many calls) or AnswerLost when it does not show that.
    """
    try:
        accepted(Channel.PUSH, status, body)
    except TokenRefused:
        raise
    except Refused as no:
        if no.cause in _BEFORE_THE_BODY:
            raise
        return
    raise AnswerLost("M-PESA accepted an empty request", http_status=status)


def read_acknowledgement(channel: Channel, status: int, body: bytes) -> Acknowledged:
    """The answer to a request whose result comes later. Raises Refused, TokenRefused or AnswerLost."""
    answer = accepted(channel, status, body)
    return Acknowledged(
        originator_conversation_id=as_identifier(answer.get("OriginatorConversationID")),
        conversation_id=as_identifier(answer.get("ConversationID")),
        response_description=as_words(answer.get("ResponseDescription")),
    )


def is_token_refusal(body: bytes) -> bool:
    """Whether this answer says that the access token is not good: such a call surely did nothing."""
    answer = read_object(body)
    if answer is None or as_code(answer.get("ResponseCode")):
        return False
    words = answer.get("errorMessage")
    return as_code(answer.get("errorCode")) in TOKEN_REFUSALS or (
        isinstance(words, str) and TOKEN_REFUSED_WORDS in words.lower()
    )


def _undecided(answer: dict[str, Any]) -> StkQueryResult | None:
    for field, words in (("errorCode", "errorMessage"), ("ResultCode", "ResultDesc")):
        code = as_code(answer.get(field))
        if code in UNDECIDED:
            return StkQueryResult("undecided", code, as_words(answer.get(words)))
    return None


def accepted(channel: Channel, status: int, body: bytes) -> dict[str, Any]:
    """The answer's fields when M-PESA took the request (ResponseCode 0). Raises what it means when it did not."""
    answer = read_object(body)
    if answer is None:
        raise unreadable(status, body)
    code = as_code(answer.get("ResponseCode"))
    if not (200 <= status < 300 and code):
        raise refusal_of(channel, status, body, answer)
    if not is_zero(code):
        raise _turned_down(channel, status, code, answer.get("ResponseDescription"))
    return answer


def _turned_down(channel: Channel, status: int, code: str, said: object) -> DarajaError:
    """A ResponseCode other than 0 is a no, unless it is an error code that does not tell."""
    words = as_words(said)
    entry = look_up(channel, code, said if isinstance(said, str) else "")
    unknown = entry.cause == UNKNOWN
    if entry.cause in VAGUE_CAUSES or (unknown and code.startswith("500.")):
        cause = "" if unknown else entry.cause
        return AnswerLost(
            f"no definite answer: {code}", code=code, message=words, cause=cause, http_status=status
        )
    return Refused(code=code, message=words, http_status=status)


def unreadable(status: int, body: bytes) -> AnswerLost:
    """An answer that is no JSON object: a gateway's page, or half an answer."""
    return AnswerLost(f"no readable answer under HTTP {status}", http_status=status, page=as_page(body))


def refusal_of(channel: Channel, status: int, body: bytes, answer: dict[str, Any]) -> DarajaError:
    """Which error an error body is: {"requestId", "errorCode", "errorMessage"}, under any HTTP status."""
    code, said = as_code(answer.get("errorCode")), answer.get("errorMessage")
    words, request_id = as_words(said), as_identifier(answer.get("requestId"))
    entry = look_up(channel, code, said if isinstance(said, str) else "")
    if is_token_refusal(body):
        return TokenRefused(
            code=code or TOKEN_REFUSED,
            message=words,
            http_status=status,
            request_id=request_id,
            cause=entry.cause,
        )
    if not _is_definite(entry.cause, status, code):
        return AnswerLost(
            f"no definite answer: {code or 'no code'} under HTTP {status}",
            code=code,
            message=words,
            request_id=request_id,
            cause=entry.cause if entry.cause != UNKNOWN else "",
            http_status=status,
        )
    return Refused(
        code=code,
        message=words,
        http_status=status,
        request_id=request_id,
        cause=entry.cause,
        retry_after_s=entry.retry_after_s,
    )


def _is_definite(cause: str, status: int, code: str) -> bool:
    """Known codes by what they mean; unknown ones only where both code and HTTP status blame the request."""
    if cause != UNKNOWN:
        return cause not in VAGUE_CAUSES
    blamed = 400 <= status < 500 and status not in _GATEWAY_STATUSES
    return blamed and code != "" and not code.startswith("5")
