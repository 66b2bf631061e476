"""What can go wrong between us and M-PESA, told apart by what may have happened to the money.

    DarajaError
     ├ BadRequest            a field is wrong; found before sending, nothing was sent
     │   └ TooSoon           a careful client's: M-PESA would refuse it now, and take it after a wait
     ├ NeverSent             no connection (refused port, DNS, TLS refused): nothing was sent
     │   └ TokenUnavailable  OAuth failed before the call: nothing was sent
     ├ Refused               M-PESA answered, and the answer is no
     │   └ TokenRefused      "Invalid Access Token", twice in a row
     ├ AnswerLost            the call may have arrived; nobody here knows what became of it
     └ BadCallback           a body that is no callback

The flags speak of a push, and of a reversal, which moves money too. A question moves none: its errors leave the
payment as it was, and it may be asked again whatever they say.
No text here ever holds a secret, a phone number or a CheckoutRequestID.
"""

from __future__ import annotations

import copyreg
from typing import Any, ClassVar


class DarajaError(Exception):
    """The root.

    `code`, `message`: M-PESA's own, or empty; `request_id`: what M-PESA's support asks for;
    `cause`: the catalogue's word; `retry_after_s`: seconds, None when trying again does not help.
    """

    money_may_have_moved: ClassVar[bool] = (
        True  #: whether this call may have debited the payer, or given back
    )
    default_cause: ClassVar[str] = "unknown"
    safe_to_retry: bool = False  #: sending again cannot charge twice, and may help (after `retry_after_s`)

    def __init__(
        self,
        summary: str,
        *,
        code: str = "",
        message: str = "",
        request_id: str = "",
        cause: str = "",
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(summary)
        self.code = code
        self.message = message
        self.request_id = request_id
        self.cause = cause or self.default_cause
        self.retry_after_s = retry_after_s

    def __reduce__(self) -> tuple[Any, ...]:
        """Copied, and sent to another process, without being made anew: the arguments have names."""
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]


class BadRequest(DarajaError):
    """A field M-PESA would refuse; nothing was sent. `field`: Daraja's name; `reason`: never the value."""

    money_may_have_moved = False
    default_cause = "bad_request_local"

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}", message=reason)
        self.field = field
        self.reason = reason


class TooSoon(BadRequest):
    """M-PESA would refuse this push now (`daraja.rules`); nothing was sent. Good again after `retry_after_s`.

    cause: "too_soon" or "subscriber_locked", as M-PESA's own refusal would have it.
    """

    safe_to_retry = True

    def __init__(self, field: str, reason: str, *, retry_after_s: int, cause: str = "too_soon") -> None:
        super().__init__(field, f"{reason}; wait {retry_after_s} seconds")
        self.cause = cause
        self.retry_after_s = retry_after_s


class NeverSent(DarajaError):
    """No connection came about: the request never left us."""

    money_may_have_moved = False
    default_cause = "never_sent"
    safe_to_retry = True

    def __init__(self, summary: str, *, code: str = "", message: str = "", request_id: str = "") -> None:
        super().__init__(summary, code=code, message=message, request_id=request_id, retry_after_s=0)


class TokenUnavailable(NeverSent):
    """No access token could be had, for whatever reason: the request itself was never sent.

    `http_status` as the OAuth call was answered, None when it was not; `page`: the words of an answer that is
    no JSON, a firewall's or another server's.
    """

    default_cause = "no_token"

    def __init__(
        self,
        summary: str,
        *,
        code: str = "",
        message: str = "",
        request_id: str = "",
        http_status: int | None = None,
        page: str = "",
    ) -> None:
        super().__init__(summary, code=code, message=message, request_id=request_id)
        self.http_status = http_status
        self.page = page


class Refused(DarajaError):
    """M-PESA's definite no: nothing was started. `http_status` as answered."""

    money_may_have_moved = False
    default_cause = "refused_other"

    def __init__(
        self,
        *,
        code: str,
        message: str,
        http_status: int,
        request_id: str = "",
        cause: str = "",
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(
            f"M-PESA refused: {code} under HTTP {http_status}",
            code=code,
            message=message,
            request_id=request_id,
            cause=cause,
            retry_after_s=retry_after_s,
        )
        self.http_status = http_status
        self.safe_to_retry = retry_after_s is not None


class TokenRefused(Refused):
    """A fresh token was refused as well: product, environment or go-live, not a stale token."""

    default_cause = "token_refused"


class AnswerLost(DarajaError):
    """Uncertain: the request may have been processed. Never send it again; ask, or wait for the callback.

    `http_status` is None when no status line arrived. `page`: the words of an answer that is no JSON.
    """

    default_cause = "answer_lost"

    def __init__(
        self,
        summary: str,
        *,
        code: str = "",
        message: str = "",
        request_id: str = "",
        cause: str = "",
        http_status: int | None = None,
        page: str = "",
    ) -> None:
        super().__init__(summary, code=code, message=message, request_id=request_id, cause=cause)
        self.http_status = http_status
        self.page = page


class BadCallback(DarajaError):
    """Not a callback or result that can be read; says nothing about any payment. The text never quotes the body."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"not a report that can be read: {reason}", message=reason)
        self.reason = reason
