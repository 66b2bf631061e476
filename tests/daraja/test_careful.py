"""A careful client against a Daraja that holds the rules itself: what it would refuse never leaves."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from daraja import BadRequest, PushRules, Refused, TooSoon
from daraja.rules import prompt_text
from daraja.simulator.checks import PushRequest
from daraja.simulator.prompts import prompt_text as shown_on_the_phone
from tests.daraja.host import CALLBACK_URL, NOW, PHONE, Host, push, wire


class Watch:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at


async def test_the_same_push_again_is_refused_here_and_taken_after_the_wait() -> None:
    host, watch = Host(), Watch()
    host.answers.extend([(200, wire("push_accepted"))] * 2)
    async with host.client(careful=True, clock=watch) as client:
        await push(client)
        with pytest.raises(TooSoon) as caught:
            await push(client)
        assert len(host.posts) == 1
        assert caught.value.retry_after_s == 120
        watch.at += timedelta(seconds=120)
        await push(client)
    assert len(host.posts) == 2


async def test_of_two_at_the_same_moment_one_leaves() -> None:
    host = Host()
    host.answers.append((200, wire("push_accepted")))
    async with host.client(careful=True) as client:
        ended = await asyncio.gather(push(client), push(client), return_exceptions=True)
    assert [type(each).__name__ for each in ended] == ["StkAccepted", "TooSoon"]
    assert len(host.posts) == 1


async def test_after_unable_to_lock_that_phone_is_left_alone_for_a_minute() -> None:
    host, watch = Host(), Watch()
    host.answers.extend([(500, wire("error_locked")), (200, wire("push_accepted"))])
    async with host.client(careful=True, clock=watch) as client:
        with pytest.raises(Refused):
            await push(client)
        with pytest.raises(TooSoon) as caught:
            await push(client, amount_kes=20)
        assert (caught.value.field, caught.value.retry_after_s) == ("PhoneNumber", 60)
        watch.at += timedelta(seconds=60)
        await push(client)
    assert len(host.posts) == 2


async def test_a_prompt_too_long_is_not_sent() -> None:
    host = Host()
    async with host.client(careful=PushRules(business_name="S" * 120)) as client:
        with pytest.raises(BadRequest, match="too long"):
            await push(client)
    assert (host.minted, host.posts) == (0, [])


def test_the_text_that_is_counted_is_the_one_on_the_phone() -> None:
    asked = PushRequest(
        "174379", "CustomerPayBillOnline", 1500, PHONE, "174379", PHONE, CALLBACK_URL, "ADM104224", "Fees"
    )
    assert prompt_text(1500, "Shule Moja", "ADM104224") == shown_on_the_phone(asked, "Shule Moja")


async def test_without_being_careful_nothing_is_held_back() -> None:
    host = Host()
    host.answers.extend([(200, wire("push_accepted"))] * 2)
    async with host.client() as client:
        await push(client)
        await push(client)
    assert len(host.posts) == 2
