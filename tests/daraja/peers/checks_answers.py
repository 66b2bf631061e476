"""Checks of how answers, and the codes in them, are read."""

from __future__ import annotations

from collections.abc import Callable

from daraja import Channel, Entry, Refused, StkQueryResult, Turn
from tests.daraja.host import CHECKOUT, push, wire
from tests.daraja.peers.host import WRONG, PeerHost
from tests.daraja.peers.peer import Peer, opened, outcome
from tests.daraja.sockets import Act, answer

LookUp = Callable[..., Entry]

OFFICIAL_RESULTS = (
    *(
        "0",
        "1",
        "2",
        "3",
        "4",
        "8",
        "17",
        "1019",
        "1025",
        "1032",
        "1037",
        "2001",
        "2028",
        "8006",
        "SFC_J_C0003",
    ),
)
OFFICIAL_ERRORS = (
    ("400.002.02", "Bad Request - Invalid Amount"),
    ("404.001.03", "Invalid Access Token"),
    ("404.001.01", "Resource not found"),
    ("405.001", "GET Method Not Allowed"),
    ("500.001.001", "Merchant does not exist"),
    ("500.003.02", "System is busy. Please try again in few minutes"),
    ("500.003.01", "Internal Server Error"),
    ("500.003.03", "Quota Violation"),
)


async def response_code_1_is_a_no(peer: Peer) -> None:
    """Under HTTP 200 as well."""
    async with PeerHost(answer(200, wire("push_response_code_1"))) as host, opened(peer, host) as client:
        ended = await outcome(push(client))
    assert isinstance(ended, Refused)
    assert ended.code == "1"


async def error_is_no_result(peer: Peer) -> None:
    """Whoever does not look must not take it for a prompt on the phone."""
    async with PeerHost(WRONG) as host, opened(peer, host) as client:
        ended = await outcome(push(client))
    assert isinstance(ended, Refused)


async def error_says_what_mpesa_said(peer: Peer) -> None:
    """Code, words, and the id that M-PESA's support asks for."""
    async with PeerHost(WRONG) as host, opened(peer, host) as client:
        ended = await outcome(push(client))
    assert isinstance(ended, Refused)
    assert (ended.code, ended.message) == ("500.001.1001", "Wrong credentials")
    assert ended.request_id == "1c5b-4ba8-815c-ac45c57a3db01495926"


async def _asked(peer: Peer, act: Act) -> object:
    async with PeerHost(act) as host, opened(peer, host) as client:
        return await outcome(client.stk_query(CHECKOUT))


async def fate_can_be_asked(peer: Peer) -> None:
    """By CheckoutRequestID."""
    result = await _asked(peer, answer(200, wire("query_paid")))
    assert isinstance(result, StkQueryResult)
    assert result.outcome == "paid"


async def pending_is_no_error(peer: Peer) -> None:
    """In each of its shapes; the error's comes under HTTP 500 and 200."""
    shapes = [(500, "query_error_processing"), (200, "query_error_processing"), (500, "query_error_empty")]
    for status, name in [*shapes, (200, "query_error_empty"), (200, "query_pending")]:
        result = await _asked(peer, answer(status, wire(name)))
        assert isinstance(result, StkQueryResult), (status, name)


async def pending_is_no_failure(peer: Peer) -> None:
    """The payer may be typing the PIN."""
    for name in ("query_error_processing", "query_error_empty", "query_pending"):
        result = await _asked(peer, answer(200, wire(name)))
        assert isinstance(result, StkQueryResult), name
        assert result.outcome in {"pending", "undecided"}


def official_results_known(look_up: LookUp) -> None:
    """All 15."""
    assert [code for code in OFFICIAL_RESULTS if look_up(Channel.CALLBACK, code).cause == "unknown"] == []


def official_errors_known(look_up: LookUp) -> None:
    """All 8."""
    assert [
        code for code, said in OFFICIAL_ERRORS if look_up(Channel.PUSH, code, said).cause == "unknown"
    ] == []


def channels_are_told_apart(look_up: LookUp) -> None:
    """One code, two people who mistyped."""
    in_callback, in_result = look_up(Channel.CALLBACK, "2001"), look_up(Channel.RESULT, "2001")
    assert (in_callback.cause, in_callback.turn) == ("wrong_pin", Turn.PAYER)
    assert (in_result.cause, in_result.turn) == ("operator_credential", Turn.SCHOOL)


def words_part_one_code(look_up: LookUp) -> None:
    """Four answers to one code: two for the school, one for the payer in a minute, one that decides nothing."""
    said = (
        (Channel.PUSH, "Merchant does not exist"),
        (Channel.PUSH, "Wrong credentials"),
        (Channel.PUSH, "Unable to lock subscriber, a transaction is already in process"),
        (Channel.QUERY, "The transaction is being processed"),
    )
    causes = [look_up(channel, "500.001.1001", words).cause for channel, words in said]
    assert causes == ["no_such_merchant", "wrong_credentials", "subscriber_locked", "query_undecided"]
    spike = look_up(Channel.PUSH, "500.003.02", "Error Occurred: Spike Arrest Violation")
    busy = look_up(Channel.PUSH, "500.003.02", "System is busy. Please try again in few minutes")
    assert (spike.money, busy.money) == ("unmoved", "unknown")


def spellings_are_one(look_up: LookUp) -> None:
    """The page's, and the one in every log."""
    for channel, page, seen, words in (
        (Channel.PUSH, "500.001.001", "500.001.1001", "Wrong credentials"),
        (Channel.PUSH, "500.003.01", "500.003.1001", "Internal Server Error"),
        (Channel.CALLBACK, "SFC_J_C0003", "SFC_IC0003", "The operator does not exist"),
    ):
        one, other = look_up(channel, page, words), look_up(channel, seen, words)
        assert one.cause == other.cause != "unknown"


def operator_is_known(look_up: LookUp) -> None:
    """PayBill and till mixed up: the school's to mend, not the payer's to repeat."""
    for code in ("SFC_J_C0003", "SFC_IC0003"):
        entry = look_up(Channel.CALLBACK, code, "The operator does not exist")
        assert (entry.cause, entry.turn, entry.retry_after_s) == ("unknown_operator", Turn.SCHOOL, None)


def advice_is_given(look_up: LookUp) -> None:
    """Whose turn it is, and after how many seconds another try makes sense."""
    for code, turn, wait_s in (
        ("1", Turn.PAYER, 0),
        ("17", Turn.PAYER, 120),
        ("1032", Turn.PAYER, 0),
        ("1037", Turn.PAYER, 60),
        ("2028", Turn.SCHOOL, None),
        ("8006", Turn.PAYER, None),
    ):
        entry = look_up(Channel.CALLBACK, code)
        assert (entry.turn, entry.retry_after_s, bool(entry.meaning)) == (turn, wait_s, True)
