"""Answers other than success: the page's errors, a gateway's HTML, a broken connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Break(StrEnum):
    """How a connection breaks: not at all, before any byte of the answer, or after half of it."""

    NO = "no"
    DROP = "drop"
    HALF = "half"


@dataclass(frozen=True, slots=True)
class Fault:
    """Daraja's error body: HTTP status, errorCode, errorMessage. The requestId is new each time."""

    status: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it goes over the wire. `code` is the errorCode inside, for the records."""

    status: int
    text: str
    content_type: str = "application/json"
    breaks: Break = Break.NO
    code: str = ""


class Refused(Exception):
    """A check failed; `fault` is what the caller is told."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.code)
        self.fault = fault


INVALID_AUTHENTICATION = Fault(400, "400.008.01", "Invalid Authentication passed")
INVALID_GRANT_TYPE = Fault(400, "400.008.02", "Invalid grant type passed")
INVALID_PAYLOAD = Fault(400, "400.002.05", "Invalid Request Payload")
NOT_FOUND = Fault(404, "404.001.01", "Resource not found")
INVALID_TOKEN = Fault(404, "404.001.03", "Invalid Access Token")
INVALID_HEADER = Fault(404, "404.001.04", "Invalid Authentication Header")
NO_SUCH_MERCHANT = Fault(500, "500.001.1001", "Merchant does not exist")
WRONG_CREDENTIALS = Fault(500, "500.001.1001", "Wrong credentials")
SUBSCRIBER_LOCKED = Fault(
    500,
    "500.001.1001",
    "Unable to lock subscriber, a transaction is already in process for the current subscriber",
)
URLS_REGISTERED = Fault(500, "500.003.1001", "Urls are already registered.")
DUPLICATE_NOTIFICATION = Fault(
    500, "500.003.1001", "Duplicate notification info, SP ID is 0, correlator is 0-0"
)
BEING_PROCESSED = "The transaction is being processed"
UNDECIDED = (
    Fault(500, "500.001.1001", BEING_PROCESSED),
    Fault(200, "500.001.1001", BEING_PROCESSED),
    Fault(500, "500.001.1001", "The transaction does not Exist"),
    Fault(500, "500.001.1001", ""),
)
"""What a query may say at random, of finished payments too: it decides nothing."""


def invalid_field(name: str) -> Fault:
    """The page's refusal of one field."""
    return Fault(400, "400.002.02", f"Bad Request - Invalid {name}")


def wrong_verb(method: str) -> Fault:
    """The page's refusal of an HTTP method."""
    return Fault(405, "405.001", f"{method} Method Not Allowed")


_HTML = "<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"
_FIREWALL = "<html><body><iframe>Request unsuccessful. Incapsula incident ID: 0-0</iframe></body></html>"
_NOT_ZERO = (
    '{"MerchantRequestID":"","CheckoutRequestID":"","ResponseCode":"1","ResponseDescription":"Rejected"}'
)

REPLIES: Mapping[str, Fault | Reply] = {
    "bad_field": invalid_field("Amount"),
    "bad_payload": INVALID_PAYLOAD,
    "invalid_authentication": INVALID_AUTHENTICATION,
    "invalid_grant_type": INVALID_GRANT_TYPE,
    "wrong_path": NOT_FOUND,
    "wrong_header": INVALID_HEADER,
    "wrong_verb": wrong_verb("GET"),
    "token_refused": INVALID_TOKEN,
    "no_such_merchant": NO_SUCH_MERCHANT,
    "wrong_credentials": WRONG_CREDENTIALS,
    "subscriber_locked": SUBSCRIBER_LOCKED,
    "being_processed": Fault(500, "500.001.1001", BEING_PROCESSED),
    "system_busy": Fault(500, "500.003.02", "System is busy. Please try again in few minutes"),
    "spike_arrest": Fault(500, "500.003.02", "Error Occurred: Spike Arrest Violation"),
    "quota": Fault(500, "500.003.03", "Quota Violation"),
    "internal_error": Fault(500, "500.003.1001", "Internal Server Error"),
    "urls_registered": URLS_REGISTERED,
    "duplicate_notification": DUPLICATE_NOTIFICATION,
    "not_zero": Reply(200, _NOT_ZERO),
    "html_403": Reply(403, _FIREWALL, "text/html"),
    "html_429": Reply(429, _HTML.format("429 Too Many Requests"), "text/html"),
    "html_502": Reply(502, _HTML.format("502 Bad Gateway"), "text/html"),
    "html_503": Reply(503, _HTML.format("503 Service Unavailable"), "text/html"),
    "html_504": Reply(504, _HTML.format("504 Gateway Time-out"), "text/html"),
    "garbled_200": Reply(200, '{"MerchantRequestID": "29115-3462', "application/json"),
    "dropped": Reply(200, "", breaks=Break.DROP),
    "half": Reply(200, '{"MerchantRequestID": "29115-3462', breaks=Break.HALF),
}
"""Every answer that can be asked for by name."""
