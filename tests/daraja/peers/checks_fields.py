"""Checks of the body of a push: what the caller said, in M-PESA's form, or nothing at all."""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from daraja import BadRequest, StkAccepted
from tests.daraja import operators
from tests.daraja.host import CREDENTIALS, PHONE, STAMP, push
from tests.daraja.peers.host import PeerHost
from tests.daraja.peers.peer import Peer, opened, outcome

_FIELDS = {
    "BusinessShortCode",
    "Password",
    "Timestamp",
    "TransactionType",
    "Amount",
    "PartyA",
    "PartyB",
    "PhoneNumber",
    "CallBackURL",
    "AccountReference",
    "TransactionDesc",
}


async def _sent(peer: Peer, **fields: Any) -> dict[str, Any]:
    """The body of a push that must be taken."""
    async with PeerHost() as host:
        async with opened(peer, host) as client:
            ended = await outcome(push(client, **fields))
        assert isinstance(ended, StkAccepted), ended
        return host.posts[0].body


async def _refused(peer: Peer, *pushes: dict[str, Any]) -> None:
    """Each of these pushes ends in BadRequest, and nothing leaves, not even for a token."""
    async with PeerHost() as host:
        async with opened(peer, host) as client:
            for fields in pushes:
                ended = await outcome(push(client, **fields))
                assert isinstance(ended, BadRequest), fields
        assert host.seen == []


async def no_bad_field_leaves(peer: Peer) -> None:
    """One of each kind that M-PESA's page forbids; what it allows to the edge is taken."""
    await _refused(
        peer,
        {"amount_kes": 0},
        {"amount_kes": -1},
        {"amount_kes": 250_001},
        {"amount_kes": "10"},
        {"party_a": ""},
        {"party_a": "0812345678"},
        {"phone_number": "07123456789"},
        {"phone_number": "0712 34567O"},
        {"party_b": "0"},
        {"transaction_type": "CustomerPayBill"},
        {"callback_url": ""},
        {"account_reference": ""},
        {"account_reference": "A" * 13},
        {"transaction_desc": "A" * 14},
        {"transaction_desc": "fees\x00"},
    )
    body = await _sent(peer, amount_kes=1, account_reference="A" * 12, transaction_desc="School fees 3")
    assert (body["Amount"], body["AccountReference"], body["TransactionDesc"]) == (
        1,
        "A" * 12,
        "School fees 3",
    )


async def stranger_is_not_prompted(peer: Peer) -> None:
    """255 is Tanzania's."""
    await _refused(peer, {"party_a": "255712345678", "phone_number": "255712345678"})


async def zero_one_goes_out_whole(peer: Peer) -> None:
    """0112 345 678 is 254112345678."""
    body = await _sent(peer, party_a="0112345678", phone_number="0112345678")
    assert (body["PartyA"], body["PhoneNumber"]) == (254112345678, 254112345678)


async def takes_2541(peer: Peer) -> None:
    """Numbers of 2541 pay like any other."""
    body = await _sent(peer, party_a="254114123456", phone_number="254114123456")
    assert body["PhoneNumber"] == 254114123456


async def both_phones_in_one_form(peer: Peer) -> None:
    """Who pays and who is prompted are spelled alike."""
    body = await _sent(peer, party_a="+254 (0) 712-345 678", phone_number="0712345678")
    assert (body["PartyA"], body["PhoneNumber"]) == (int(PHONE), int(PHONE))


async def quarter_million_is_taken(peer: Peer) -> None:
    """The page's limit, and no other."""
    assert [(await _sent(peer, amount_kes=kes))["Amount"] for kes in (150_001, 250_000)] == [150_001, 250_000]
    await _refused(peer, {"amount_kes": 250_001})


async def reference_is_never_changed(peer: Peer) -> None:
    """Inv_1/2 and Inv12 are two accounts."""
    await _refused(peer, {"account_reference": "Inv_1/2"}, {"account_reference": "ADM1042TERM3X"})


async def half_a_shilling(peer: Peer) -> None:
    """1.5 is refused, not cut; so are words and yes."""
    await _refused(peer, {"amount_kes": 1.5}, {"amount_kes": 1.0}, {"amount_kes": True})


async def till_receives(peer: Peer) -> None:
    """For a till the shortcode is the store's and PartyB the till."""
    body = await _sent(peer, transaction_type="CustomerBuyGoodsOnline", party_b="5551234")
    assert (body["BusinessShortCode"], body["PartyB"]) == (174379, 5551234)
    assert body["TransactionType"] == "CustomerBuyGoodsOnline"


async def bad_url_is_not_sent(peer: Peer) -> None:
    """Blanks, plain http, and the words that M-PESA forbids."""
    base = "https://school.example"
    await _refused(
        peer,
        *(
            {"callback_url": url}
            for url in (
                f"{base}/paid here",
                f"{base}/mpesa/paid",
                f"{base}/p?x=Query",
                "http://school.example/p",
            )
        ),
    )


async def bad_text_is_not_sent(peer: Peer) -> None:
    """Special characters."""
    await _refused(
        peer,
        *({"transaction_desc": text} for text in ("fees & fun", "ada ya <b>", "karo—3", "a\nb")),
        *({"account_reference": text} for text in ("ADM 1", "ADM-1", "ADM#1", "ADÉ1")),
    )


async def passkey_never_leaves(peer: Peer) -> None:
    """Only inside the Password; and no field that M-PESA does not ask for."""
    async with PeerHost() as host:
        async with opened(peer, host) as client:
            await outcome(push(client))
        sent = host.posts[0]
    assert CREDENTIALS.passkey not in f"{sent.headers} {sent.content!r}"
    assert sent.body.keys() == _FIELDS


async def one_reading_of_the_clock(peer: Peer) -> None:
    """The Password holds the very Timestamp of the body."""
    body = await _sent(peer)
    plain = base64.b64decode(body["Password"]).decode()
    assert plain == f"174379{CREDENTIALS.passkey}{body['Timestamp']}"


async def stamp_is_nairobis(peer: Peer) -> None:
    """Wherever the machine stands."""
    with _machine_in("America/New_York"):
        assert (await _sent(peer))["Timestamp"] == STAMP


async def stamp_is_not_utc(peer: Peer) -> None:
    """Nor where the machine's zone is UTC."""
    with _machine_in("UTC"):
        assert (await _sent(peer))["Timestamp"] == STAMP


async def credential_is_the_password(peer: Peer) -> None:
    """What M-PESA reads when it opens the credential with its own key."""
    async with PeerHost() as host:
        async with opened(peer, host) as client:
            await outcome(
                client.transaction_status(
                    operators.operator(),
                    transaction_id="NLJ7RT61SV",
                    result_url=operators.RESULT_URL,
                    timeout_url=operators.TIMEOUT_URL,
                )
            )
        credential = host.posts[0].body["SecurityCredential"]
    try:
        read = operators.opened(credential)
    except ValueError as error:
        raise AssertionError("M-PESA cannot open it") from error
    assert read == operators.PASSWORD


@contextmanager
def _machine_in(zone: str) -> Iterator[None]:
    """The machine's own zone is this one."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = zone
    time.tzset()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()
