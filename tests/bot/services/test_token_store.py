"""The token in the database: asked for once by all processes, whoever dies, and never another app's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.services.token_store import DatabaseTokenStore
from daraja import DarajaAuth, DarajaClient, Token, TokenUnavailable
from daraja.simulator import Simulator, SimulatorConfig, SimulatorServer
from daraja.simulator.levers import Endpoint
from storage.tokens import TOKENS
from tests.bot.services.children import Child, child
from tests.bot.services.leasing import House, house
from tests.bot.services.process import CREDENTIALS, store_of, utc_now
from tests.databases import drop_postgres, fresh_postgres

SIMULATED = SimulatorConfig(passkey=CREDENTIALS.passkey, prompt_s=3600, lock_s=0, same_amount_s=0)
HOST = "https://daraja.invalid"
HOUR = timedelta(hours=1)


@pytest.fixture
async def home(database_url: str) -> AsyncIterator[House]:
    async with house(database_url) as made:
        yield made


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[House]:
    """On PostgreSQL, where several processes may write."""
    url = fresh_postgres(tmp_path)
    async with house(url) as made:
        yield made
    drop_postgres(url)


def a_token(value: str = "abc") -> Token:
    return Token(value, utc_now() + HOUR)


def minted(simulator: Simulator) -> int:
    return simulator.counts[Endpoint.OAUTH]


async def pushing(stack: AsyncExitStack, home: House, host: str, claim_s: float = 10) -> list[Child]:
    """Two processes that can push."""
    started = (child("push", home.url, host, holder, str(claim_s)) for holder in ("1", "2"))
    return list(await asyncio.gather(*map(stack.enter_async_context, started)))


async def push_at_once(children: list[Child], count: int) -> None:
    """So many in each, all of which M-PESA takes."""
    for one in children:
        await one.tell(str(count))
    assert [await one.says() for one in children] == [str(count)] * len(children)


async def test_two_stores_share_one_token(home: House) -> None:
    one, two = store_of(home.database, HOST, "one"), store_of(home.open(), HOST, "two")
    assert await two.load() is None
    assert await one.claim()
    assert not await two.claim()
    token = a_token()
    await one.save(token)
    assert await two.load() == token
    assert await two.claim()
    await two.give_up()
    await two.forget("another")
    assert await one.load() == token
    await two.forget(token.value)
    assert await one.load() is None


async def test_after_a_mint_that_failed_the_next_one_may_try(home: House) -> None:
    one, two = store_of(home.database, HOST, "one"), store_of(home.open(), HOST, "two")
    assert await one.claim()
    await one.give_up()
    assert await two.claim()
    assert not await one.claim()


async def test_a_token_minted_under_a_claim_that_was_lost_is_not_kept(home: House) -> None:
    one, two = (store_of(home.database, HOST, holder, claim_s=0) for holder in ("one", "two"))
    assert await one.claim()
    assert await two.claim()
    await one.save(a_token("late"))
    assert await two.load() is None


async def test_a_claim_made_again_while_minting_keeps_others_out(home: House) -> None:
    one, two = store_of(home.database, HOST, "one"), store_of(home.open(), HOST, "two")
    assert await one.claim()
    assert await one.claim()
    assert not await two.claim()
    await one.save(a_token())
    assert await two.load() is not None


async def test_a_dead_minter_is_replaced_when_its_claim_ends(home: House) -> None:
    dead, other = (store_of(home.database, HOST, holder, claim_s=0.3) for holder in ("dead", "other"))
    assert await dead.claim()
    mints: list[Token] = []

    async def mint() -> Token:
        mints.append(a_token())
        return mints[-1]

    assert await DarajaAuth(mint, store=other, clock=utc_now).renew() == mints[0]
    assert await other.load() == mints[0]


async def test_the_token_of_another_app_or_host_is_never_used(home: House) -> None:
    await renew(store_of(home.database, HOST, "one"), "sandbox's")
    elsewhere = store_of(home.database, "https://live.invalid", "one")
    assert await elsewhere.load() is None
    await renew(elsewhere, "live one's")
    kept = await store_of(home.database, HOST, "one").load()
    assert kept is not None
    assert kept.value == "sandbox's"


async def renew(store: DatabaseTokenStore, value: str) -> None:
    assert await store.claim()
    await store.save(a_token(value))


async def test_no_unit_of_work_is_open_while_mpesa_is_asked(home: House) -> None:
    async def mint() -> Token:
        async with asyncio.timeout(10):
            await home.database.write(lambda _: None)
            await other.write(lambda _: None)
        return a_token()

    other = home.open()
    auth = DarajaAuth(mint, store=store_of(home.database, HOST, "one"), clock=utc_now)
    assert (await auth.renew()).value == "abc"


async def test_fifty_first_pushes_of_two_processes_ask_for_one_token(cluster: House) -> None:
    async with SimulatorServer(SIMULATED) as server, AsyncExitStack() as stack:
        children = await pushing(stack, cluster, server.url)
        await push_at_once(children, 25)
        assert minted(server.simulator) == 1
        assert len(server.simulator.pushes) == 50


async def test_a_token_that_ended_or_is_refused_is_replaced_once_for_both(cluster: House) -> None:
    async with SimulatorServer(SIMULATED) as server, AsyncExitStack() as stack:
        children = await pushing(stack, cluster, server.url)
        await push_at_once(children, 5)
        past = utc_now() - HOUR
        await cluster.database.write(
            lambda unit: unit.core.execute(TOKENS.update().values(expires_at=past)).close()
        )
        await push_at_once(children, 5)
        assert minted(server.simulator) == 2
        server.simulator.forget_tokens()
        await push_at_once(children, 5)
        assert minted(server.simulator) == 3


async def test_a_process_killed_while_it_asks_is_replaced(cluster: House) -> None:
    asked = asyncio.Event()

    def clock() -> datetime:
        asked.set()
        return utc_now()

    async with SimulatorServer(SIMULATED, clock=clock) as server, AsyncExitStack() as stack:
        first, second = await pushing(stack, cluster, server.url, claim_s=1.0)
        server.simulator.fail_next(Endpoint.OAUTH, None, delay_s=3600)
        await first.tell("5")
        await asyncio.wait_for(asked.wait(), 20)
        assert minted(server.simulator) == 1
        await first.kill()
        await push_at_once([second], 5)
        assert minted(server.simulator) == 2


async def test_a_token_that_cannot_be_had_is_told_in_each_process_and_asked_for_once_in_each(
    cluster: House,
) -> None:
    async with SimulatorServer(SIMULATED) as server, AsyncExitStack() as stack:
        children = await pushing(stack, cluster, server.url)
        server.simulator.fail_next(Endpoint.OAUTH, "html_503", times=2)
        for one in children:
            await one.tell("20")
        assert [await one.says() for one in children] == ["0", "0"]
        assert minted(server.simulator) == 2
        await push_at_once(children, 5)
        assert minted(server.simulator) == 3


async def test_a_token_renewed_by_hand_is_the_one_that_everybody_uses(home: House) -> None:
    async with SimulatorServer(SIMULATED) as server:
        store = store_of(home.database, server.url, "one")
        await renew(store, "still good as far as we know")
        doctor = DarajaClient(
            CREDENTIALS, base_url=server.url, token_store=store_of(home.open(), server.url, "doctor")
        )
        async with doctor:
            token = await doctor.renew_token()
            assert await store.load() == token
            server.simulator.fail_next(Endpoint.OAUTH, "html_503")
            with pytest.raises(TokenUnavailable):
                await doctor.renew_token()
            assert await store.load() == token
            assert await store.claim()
