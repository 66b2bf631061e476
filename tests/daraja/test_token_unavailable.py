"""When no token can be had, and what a token's answer says."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx
import pytest

from daraja import (
    DarajaAuth,
    Token,
    TokenRefused,
    TokenUnavailable,
)
from daraja.auth import read_token
from tests.daraja.host import LIVE_TOKEN, NOW, Answer, Host, heard, push, tell_tales, told_by, wire

ACCEPTED: Answer = (200, wire("push_accepted"))
STALE: Answer = (404, wire("error_token_refused"))


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, wire("token_bad_grant"), "400.008.02"),
        (400, wire("token_bad_authentication"), "400.008.01"),
        (401, b"", ""),
        (403, b"<html>Incapsula incident ID</html>", ""),
        (503, b"<html>busy</html>", ""),
        (200, b"<html>wrong host</html>", ""),
        (200, b"{}", ""),
        (200, b'{"access_token": "two words"}', ""),
        (200, b'{"access_token": "line\\nbreak"}', ""),
        (302, wire("token_text"), ""),
    ],
)
async def test_without_a_token_no_push_is_sent(status: int, body: bytes, code: str) -> None:
    host = Host()
    host.oauth.append((status, body))
    async with host.client() as client:
        with pytest.raises(TokenUnavailable) as caught:
            await push(client)
    assert host.posts == []
    assert (caught.value.code, caught.value.cause) == (code, "no_token")
    assert tell_tales(caught.value) == []


async def test_when_the_second_token_cannot_be_had_the_push_was_still_never_taken() -> None:
    host = Host()
    host.oauth.extend([(200, wire("token_text")), (503, b"<html>busy</html>")])
    host.answers.append(STALE)
    async with host.client() as client:
        with pytest.raises(TokenUnavailable):
            await push(client)
    assert len(host.posts) == 1


async def test_those_who_waited_for_a_token_that_failed_do_not_ask_again_one_by_one() -> None:
    host = Host(minting=asyncio.Event())
    host.oauth.extend([(503, b"<html>busy</html>")] * 20)
    assert host.minting is not None
    async with host.client() as client:
        pushes = asyncio.gather(*(push(client) for _ in range(20)), return_exceptions=True)
        await host.asked.wait()
        host.minting.set()
        assert {type(outcome) for outcome in await pushes} == {TokenUnavailable}
        assert host.minted == 1
        host.oauth.clear()
        host.answers.append(ACCEPTED)
        await push(client)
    assert host.minted == 2


async def test_a_caller_cancelled_while_minting_does_not_harm_the_next() -> None:
    host = Host(minting=asyncio.Event())
    host.answers.append(ACCEPTED)
    assert host.minting is not None
    async with host.client() as client:
        first = asyncio.create_task(push(client))
        await host.asked.wait()
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        host.minting.set()
        await push(client)
    assert len(host.posts) == 1


@pytest.mark.parametrize(
    ("life", "seconds"),
    [
        ('"3599"', 3599),
        ("3599", 3599),
        ("10", 10),
        ("3599.0", 3599),
        ("null", 3599),
        ('"soon"', 3599),
        ("-5", 3599),
        ("999999999", 3599),
        ("0", 0),
        ("true", 3599),
    ],
)
def test_a_life_sent_as_number_or_text_counts_from_the_question(life: str, seconds: int) -> None:
    token = read_token(200, b'{"access_token": "abc", "expires_in": %b}' % life.encode(), NOW)
    assert token.expires_at == NOW + timedelta(seconds=seconds)


def test_the_token_shows_its_end_and_not_itself() -> None:
    assert "kept-token" not in repr(LIVE_TOKEN)


async def test_only_the_asynchronous_client_is_served() -> None:
    async def mint() -> Token:
        return LIVE_TOKEN

    with pytest.raises(RuntimeError):
        DarajaAuth(mint).sync_auth_flow(httpx.Request("POST", "https://daraja.invalid"))


async def test_the_log_tells_of_tokens_without_showing_them() -> None:
    host = Host()
    host.answers.extend([STALE, STALE])
    with heard() as lines:
        async with host.client() as client:
            with pytest.raises(TokenRefused):
                await push(client)
    assert [line.getMessage() for line in lines if line.getMessage().startswith("token.")] == [
        "token.minted",
        "token.refused",
        "token.minted",
        "token.refused_again",
    ]
    assert "minted-1" not in str([told_by(line) for line in lines])
