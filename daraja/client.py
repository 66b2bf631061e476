"""The client: STK push and STK query, for PayBill and till, sandbox and production."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daraja.answers import read_probe_answer, read_push_answer, read_query_answer
from daraja.fields import to_msisdn
from daraja.messages import StkAccepted, StkPush, StkQueryResult
from daraja.money_in import MoneyIn
from daraja.results import Acknowledged
from daraja.reversal import REVERSAL_PATH, ReversalRequest, read_reversal_answer
from daraja.times import to_stamp
from daraja.transaction_status import STATUS_PATH, TransactionStatusRequest, read_status_answer

if TYPE_CHECKING:  # it brings `cryptography`, which nobody needs who only pushes
    from daraja.credential import Operator

PUSH_PATH: Final = "/mpesa/stkpush/v1/processrequest"
QUERY_PATH: Final = "/mpesa/stkpushquery/v1/query"


class DarajaClient(MoneyIn):
    """One for a process: it keeps connections and the token. An async context manager; or call `aclose`.

    What it is made of, and what the arguments mean: `daraja.connection.Connection`.
    It never sends a push, nor anything that moves money, a second time, except once after a refused token.
    """

    async def stk_push(
        self,
        *,
        amount_kes: int,
        party_a: str,
        phone_number: str,
        callback_url: str,
        account_reference: str,
        transaction_desc: str,
        transaction_type: str = "CustomerPayBillOnline",
        party_b: str | None = None,
    ) -> StkAccepted:
        """Send a prompt to `phone_number` for `party_a` to pay `party_b` (by default our shortcode).

        Phones in any Kenyan spelling. Raises BadRequest, NeverSent, Refused: no prompt rings, and it may be repeated as
        `retry_after_s` says. Raises AnswerLost: one may ring; never repeat it: ask `stk_query`, or await the callback.
        """
        push = StkPush(
            shortcode=self._credentials.shortcode,
            party_b=self._credentials.shortcode if party_b is None else party_b,
            transaction_type=transaction_type,
            amount_kes=amount_kes,
            party_a=to_msisdn("PartyA", party_a),
            phone_number=to_msisdn("PhoneNumber", phone_number),
            callback_url=callback_url,
            account_reference=account_reference,
            transaction_desc=transaction_desc,
        )
        if self._recent is not None:
            self._recent.check(push)
        if self._pace is not None:
            await self._pace.turn()
        if self._recent is None:
            return await self._pushed(push)
        with self._recent.sending(push):
            return await self._pushed(push)

    async def _pushed(self, push: StkPush) -> StkAccepted:
        stamp = to_stamp(self._clock())
        body = push.body(password=self._credentials.password(stamp), timestamp=stamp)
        response = await self._post(PUSH_PATH, body)
        return read_push_answer(response.status_code, response.content)

    async def stk_query(self, checkout_request_id: str) -> StkQueryResult:
        """Ask what became of a push; may be repeated. Raises NeverSent, Refused, AnswerLost: no news of the payment."""
        stamp = to_stamp(self._clock())
        body: dict[str, str | int] = {
            "BusinessShortCode": int(self._credentials.shortcode),
            "Password": self._credentials.password(stamp),
            "Timestamp": stamp,
            "CheckoutRequestID": checkout_request_id,
        }
        response = await self._post(QUERY_PATH, body)
        return read_query_answer(response.status_code, response.content, checkout_request_id)

    async def probe_push(self) -> None:
        """An empty body to the push's address: nothing is asked for, no money moves, no phone rings, whatever comes.

        Returns when token and product are good; raises what a push would meet: NeverSent, Refused, AnswerLost.
        """
        response = await self._post(PUSH_PATH, {})
        read_probe_answer(response.status_code, response.content)

    async def transaction_status(
        self,
        operator: Operator,
        *,
        result_url: str,
        timeout_url: str,
        transaction_id: str | None = None,
        original_conversation_id: str | None = None,
        remarks: str = "Status",
        occasion: str = "",
    ) -> Acknowledged:
        """Ask what became of a payment to our shortcode, by receipt number or original conversation id.

        The news comes to `result_url`, or to `timeout_url` that it will be late. Moves no money, may be repeated.
        Raises BadRequest, NeverSent, Refused, AnswerLost: no news of the payment.
        """
        request = TransactionStatusRequest(
            shortcode=self._credentials.shortcode,
            result_url=result_url,
            timeout_url=timeout_url,
            transaction_id=transaction_id,
            original_conversation_id=original_conversation_id,
            remarks=remarks,
            occasion=occasion,
        )
        response = await self._post(STATUS_PATH, request.body(operator))
        return read_status_answer(response.status_code, response.content)

    async def reverse(
        self,
        operator: Operator,
        *,
        transaction_id: str,
        amount_kes: int,
        result_url: str,
        timeout_url: str,
        remarks: str,
        occasion: str = "",
    ) -> Acknowledged:
        """Give a whole payment back to its payer: the one with the receipt number `transaction_id`.

        It MOVES MONEY. Raises BadRequest, NeverSent, Refused: nothing was given back, it may be asked again. Raises
        AnswerLost: it may have been taken; wait for `result_url`, or ask `transaction_status`, before asking again.
        """
        request = ReversalRequest(
            shortcode=self._credentials.shortcode,
            transaction_id=transaction_id,
            amount_kes=amount_kes,
            result_url=result_url,
            timeout_url=timeout_url,
            remarks=remarks,
            occasion=occasion,
        )
        response = await self._post(REVERSAL_PATH, request.body(operator))
        return read_reversal_answer(response.status_code, response.content)
