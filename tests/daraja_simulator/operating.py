"""A merchant with an API operator, one paid push, and addresses for results and time-outs."""

from __future__ import annotations

import base64

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from daraja import parse_result
from daraja.simulator import Movement, Simulator
from tests.daraja_simulator.conftest import Listener, Merchant

STATUS_PATH = "/mpesa/transactionstatus/v1/query"
REVERSAL_PATH = "/mpesa/reversal/v1/request"
RESULT_URL = "https://school.invalid/result/abc"
TIMEOUT_URL = "https://school.invalid/timeout/abc"


class Desk:
    """The merchant's ResultURL and QueueTimeOutURL."""

    def __init__(self) -> None:
        self.results: list[bytes] = []
        self.timeouts: list[bytes] = []
        self.status = 200

    @property
    def app(self) -> Starlette:
        routes = [
            *Listener().app.routes,
            Route("/result/{token}", self._result, methods=["POST"]),
            Route("/timeout/{token}", self._timeout, methods=["POST"]),
        ]
        return Starlette(routes=routes)

    async def _result(self, request: Request) -> Response:
        self.results.append(await request.body())
        return JSONResponse({}, self.status)

    async def _timeout(self, request: Request) -> Response:
        self.timeouts.append(await request.body())
        return JSONResponse({}, self.status)


class Paid:
    """A merchant with a desk and one paid push."""

    def __init__(self, merchant: Merchant, desk: Desk, movement: Movement) -> None:
        self.merchant = merchant
        self.simulator: Simulator = merchant.simulator
        self.desk = desk
        self.movement = movement

    def credential(self, password: str = "simulator-password") -> str:
        key = x509.load_pem_x509_certificate(self.simulator.certificate_pem.encode()).public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        return base64.b64encode(key.encrypt(password.encode(), padding.PKCS1v15())).decode()

    def body(self, path: str, **changes: object) -> dict[str, object]:
        """A sound request; a change to None leaves the field out."""
        sound: dict[str, object] = {
            "Initiator": "simulator-operator",
            "SecurityCredential": self.credential(),
            "TransactionID": self.movement.receipt,
            "ResultURL": RESULT_URL,
            "QueueTimeOutURL": TIMEOUT_URL,
            "Remarks": "Testing",
        }
        if path == STATUS_PATH:
            own: dict[str, object] = {
                "CommandID": "TransactionStatusQuery",
                "PartyA": 174379,
                "IdentifierType": 4,
            }
        else:
            own = {"CommandID": "TransactionReversal", "Amount": 1500, "ReceiverParty": "174379"}
            own["RecieverIdentifierType"] = 11
        return {name: value for name, value in (sound | own | changes).items() if value is not None}

    async def post(self, path: str, **changes: object) -> httpx.Response:
        return await self.merchant.post(path, self.body(path, **changes))

    async def told(self, path: str, **changes: object) -> str:
        """The result code that comes after an acknowledged request."""
        answer = await self.post(path, **changes)
        assert answer.json()["ResponseCode"] == "0", answer.text
        await self.simulator.settle_all()
        return parse_result(self.desk.results[-1]).result_code
