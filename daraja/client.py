"""The client: STK push and STK query, for PayBill and till, sandbox and production."""

from __future__ import annotations

from types import TracebackType
from typing import Final, Self

import httpx
from httpx_aiohttp import AiohttpTransport

from daraja.answers import read_push_answer, read_query_answer
from daraja.auth import DarajaAuth, mint_token
from daraja.credentials import Credentials
from daraja.errors import BadRequest, DarajaError
from daraja.fields import check_base_url
from daraja.messages import StkAccepted, StkPush, StkQueryResult
from daraja.phone import BadPhone, parse_phone
from daraja.times import Clock, to_stamp, utc_now
from daraja.tokens import Token, TokenStore
from daraja.transport import WholeAnswers, failure_of

SANDBOX_URL: Final = "https://sandbox.safaricom.co.ke"
PRODUCTION_URL: Final = "https://api.safaricom.co.ke"
PUSH_PATH: Final = "/mpesa/stkpush/v1/processrequest"
QUERY_PATH: Final = "/mpesa/stkpushquery/v1/query"


class DarajaClient:
    """One for a process: it keeps connections and the token. An async context manager; or call `aclose`.

    `timeout_s` holds for each HTTP exchange as a whole. The client owns `transport` and closes it.
    It never sends a push a second time, except once after a refused token.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        base_url: str = SANDBOX_URL,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock = utc_now,
        token_store: TokenStore | None = None,
        timeout_s: float = 30.0,
    ) -> None:
        check_base_url(base_url)
        self._credentials = credentials
        self._clock = clock
        self._auth = DarajaAuth(self._mint, clock=clock, store=token_store)
        self._http = httpx.AsyncClient(
            base_url=base_url,
            transport=WholeAnswers(transport if transport is not None else AiohttpTransport(), timeout_s),
            timeout=timeout_s,
            follow_redirects=False,
            trust_env=False,
        )

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

        Phones in any Kenyan spelling. Raises BadRequest, NeverSent, Refused, AnswerLost: see `daraja.errors`.
        """
        push = StkPush(
            shortcode=self._credentials.shortcode,
            party_b=self._credentials.shortcode if party_b is None else party_b,
            transaction_type=transaction_type,
            amount_kes=amount_kes,
            party_a=_msisdn("PartyA", party_a),
            phone_number=_msisdn("PhoneNumber", phone_number),
            callback_url=callback_url,
            account_reference=account_reference,
            transaction_desc=transaction_desc,
        )
        stamp = to_stamp(self._clock())
        body = push.body(password=self._credentials.password(stamp), timestamp=stamp)
        response = await self._post(PUSH_PATH, body)
        return read_push_answer(response.status_code, response.content)

    async def stk_query(self, checkout_request_id: str) -> StkQueryResult:
        """Ask what became of a push. Raises NeverSent, Refused, AnswerLost: no news of the payment."""
        stamp = to_stamp(self._clock())
        body: dict[str, str | int] = {
            "BusinessShortCode": int(self._credentials.shortcode),
            "Password": self._credentials.password(stamp),
            "Timestamp": stamp,
            "CheckoutRequestID": checkout_request_id,
        }
        response = await self._post(QUERY_PATH, body)
        return read_query_answer(response.status_code, response.content, checkout_request_id)

    async def renew_token(self) -> Token:
        """Mint an access token, however good the present one is, and keep it. Raises TokenUnavailable."""
        return await self._auth.renew()

    async def aclose(self) -> None:
        """Close the connections; harmless when done twice."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def _mint(self) -> Token:
        return await mint_token(self._http, self._credentials, self._clock)

    async def _post(self, path: str, body: dict[str, str | int]) -> httpx.Response:
        """One POST (two after a refused token). What the transport raises becomes NeverSent or AnswerLost."""
        try:
            return await self._http.post(path, json=body, auth=self._auth)
        except DarajaError:
            raise
        except Exception as error:
            raise failure_of(error) from error


def _msisdn(field: str, text: str) -> str:
    try:
        return parse_phone(text)
    except BadPhone as error:
        raise BadRequest(field, error.reason) from None
