"""The client's calls about money that comes in by itself: C2B, Pull Transactions, Dynamic QR.

None of them moves money, so each may be repeated: reads at will, registrations and pictures as far as they help.
They raise BadRequest and NeverSent (nothing was sent), Refused (M-PESA's no, with its cause), AnswerLost (no news).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from daraja.c2b_requests import (
    C2BRegistered,
    C2BSimulated,
    RegisterUrls,
    SimulateC2B,
    read_register_answer,
    read_simulate_answer,
)
from daraja.connection import Connection
from daraja.errors import BadRequest
from daraja.fields import is_this_machine, to_msisdn
from daraja.pull import (
    PULL_QUERY_PATH,
    PULL_REGISTER_PATH,
    PullPage,
    PullQuery,
    PullRegistered,
    PullRegistration,
    read_pull_page,
    read_pull_registered,
)
from daraja.pull_pages import walk
from daraja.qr import QR_PATH, QrCode, QrRequest, TrxCode, read_qr_answer

_SANDBOX_HOST: Final = "sandbox.safaricom.co.ke"


class MoneyIn(Connection):
    """The part of DarajaClient that is about payments nobody asked for by a push."""

    async def register_c2b(
        self,
        *,
        validation_url: str,
        confirmation_url: str,
        response_type: str = "Completed",
        version: str = "v2",
        shortcode: str | None = None,
    ) -> C2BRegistered:
        """Tell M-PESA where C2B payments (to our shortcode, unless another is named) are validated and confirmed.

        Once in production: from then on Refused has the cause "already_registered", and nothing has changed. May be
        repeated after NeverSent and AnswerLost. version: v1 or v2, as the app's product is; with the other one
        TokenRefused has the cause "no_api_product".
        """
        request = RegisterUrls(
            shortcode=self._credentials.shortcode if shortcode is None else shortcode,
            validation_url=validation_url,
            confirmation_url=confirmation_url,
            response_type=response_type,
            version=version,
        )
        response = await self._post(request.path, request.body())
        return read_register_answer(response.status_code, response.content)

    async def simulate_c2b(
        self,
        *,
        amount_kes: int,
        phone_number: str,
        bill_ref_number: str = "",
        transaction_type: str = "CustomerPayBillOnline",
        version: str = "v2",
        shortcode: str | None = None,
    ) -> C2BSimulated:
        """Play a payer who pays by hand; the confirmation comes to the registered URL. Whole shillings.

        Raises BadRequest on any base_url but the sandbox's or this machine's. Repeated, it is a second payment.
        """
        host = urlsplit(self._base_url).hostname or ""
        if host != _SANDBOX_HOST and not is_this_machine(host):
            raise BadRequest("base_url", "payments are simulated in the sandbox only")
        request = SimulateC2B(
            shortcode=self._credentials.shortcode if shortcode is None else shortcode,
            amount_kes=amount_kes,
            msisdn=to_msisdn("Msisdn", phone_number),
            bill_ref_number=bill_ref_number,
            transaction_type=transaction_type,
            version=version,
        )
        response = await self._post(request.path, request.body())
        return read_simulate_answer(response.status_code, response.content)

    async def pull_register(self, *, nominated_number: str, callback_url: str) -> PullRegistered:
        """Turn Pull Transactions on for our shortcode. May be repeated: the second answer says `already`.

        nominated_number: the one in the shortcode's papers at Safaricom, in any Kenyan spelling.
        """
        request = PullRegistration(
            shortcode=self._credentials.shortcode,
            nominated_number=to_msisdn("NominatedNumber", nominated_number),
            callback_url=callback_url,
        )
        response = await self._post(PULL_REGISTER_PATH, request.body())
        return read_pull_registered(response.status_code, response.content)

    async def pull_transactions(self, *, start: datetime, end: datetime, offset: int = 0) -> PullPage:
        """One page of the C2B payments from `start` to `end`, both aware, the start at most 48 hours ago.

        A read, may be repeated. A page without rows may not be `certain`: M-PESA says "none" and "not set up" alike.
        """
        query = PullQuery(
            shortcode=self._credentials.shortcode,
            start=start,
            end=end,
            asked_at=self._clock(),
            offset=offset,
        )
        response = await self._post(PULL_QUERY_PATH, query.body())
        return read_pull_page(response.status_code, response.content)

    def pull_pages(self, *, start: datetime, end: datetime) -> AsyncIterator[PullPage]:
        """Every page from `start` to `end`, each receipt once; ends by itself, see `daraja.pull_pages.walk`.

        A read, may be repeated. An error ends it: what came before it is good, what would have come is not known.
        """

        async def fetch(offset: int) -> PullPage:
            return await self.pull_transactions(start=start, end=end, offset=offset)

        return walk(fetch)

    async def generate_qr(
        self,
        *,
        amount_kes: int,
        reference: str,
        merchant_name: str,
        trx_code: TrxCode = TrxCode.PAY_BILL,
        credit_party: str | None = None,
        size_px: int = 300,
    ) -> QrCode:
        """A picture that asks its scanner for `amount_kes` to `credit_party` (by default our shortcode).

        Moves nothing and may be repeated. Whether it was paid shows only in a C2B confirmation or by Pull.
        """
        request = QrRequest(
            merchant_name=merchant_name,
            reference=reference,
            amount_kes=amount_kes,
            credit_party=self._credentials.shortcode if credit_party is None else credit_party,
            trx_code=trx_code,
            size_px=size_px,
        )
        response = await self._post(QR_PATH, request.body())
        return read_qr_answer(response.status_code, response.content)
