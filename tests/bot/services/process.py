"""Another process of the same school: `python -m tests.bot.services.process ROLE URL ...`, as children.py starts it.

It says `ready` and begins when a line comes in; what it says next is for its test. Its log goes to stderr.
"""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime

from bot import logs
from bot.services.deliver import LEASE, Deliver
from bot.services.lease import LeaseKeeper
from bot.services.messages import OutgoingMessage
from bot.services.school import School
from bot.services.token_store import DatabaseTokenStore
from daraja import Credentials, DarajaClient, DarajaError
from storage import tokens
from storage.database import Database
from storage.opening import open_database

CREDENTIALS = Credentials("simulator-key", "simulator-secret", "174379", "a-passkey-that-is-only-for-tests")
SCHOOL = School(1, "Uhuru", "020", "174379", "174379", "CustomerPayBillOnline", True, "")


def utc_now() -> datetime:
    """This machine's clock."""
    return datetime.now(UTC)


def store_of(database: Database, host: str, holder: str, *, claim_s: float = 10.0) -> DatabaseTokenStore:
    """A process's token store for the app of the simulator at that host."""
    app = tokens.app_of(database.vault, host, CREDENTIALS.consumer_key)
    return DatabaseTokenStore(database, 1, app, holder, utc_now, claim_s=claim_s)


class Silent:
    """A Messenger that says what it was given, and never hears that it arrived."""

    async def send(self, address: str, message: OutgoingMessage) -> str:
        say(f"{address} {message.screen.lines[0].key}")
        await asyncio.Event().wait()
        return ""

    async def edit(self, address: str, message_id: str, message: OutgoingMessage) -> None:
        await self.send(address, message)


def say(line: str) -> None:
    """One line for the test, at once."""
    print(line, flush=True)


async def heard() -> str:
    """The test's next line; empty when it has gone."""
    line: str = await asyncio.to_thread(sys.stdin.readline)
    return line.strip()


async def push(database: Database, host: str, holder: str, claim_s: float) -> None:
    """For every line, a number, so many pushes at once; says how many M-PESA took."""
    store = store_of(database, host, holder, claim_s=claim_s)
    async with DarajaClient(CREDENTIALS, base_url=host, token_store=store) as client:

        async def one(number: int) -> bool:
            phone = f"25471{holder}{number:06}"
            try:
                await client.stk_push(
                    amount_kes=1500,
                    party_a=phone,
                    phone_number=phone,
                    callback_url="https://karo.invalid/daraja/stk/00112233445566778899aabbccddeeff",
                    account_reference="ADM1042",
                    transaction_desc="School fees",
                )
            except DarajaError:
                return False
            return True

        while count := await heard():
            say(str(sum(await asyncio.gather(*(one(number) for number in range(int(count)))))))


async def send(database: Database, lease_s: float) -> None:
    """The one sender, from the first line on."""
    await heard()
    deliver = Deliver(database, Silent(), SCHOOL, utc_now)
    keeper = LeaseKeeper(
        database, 1, LEASE, "to be killed", clock=utc_now, lease_s=lease_s, renew_s=lease_s / 3
    )
    await keeper.run(asyncio.Event(), deliver.run)


async def main(role: str, url: str, *rest: str) -> None:
    """What the command line asks for."""
    logs.configure("INFO", (), sys.stderr)
    database = open_database(url, [os.environ["KARO_SECRET_KEY"]])
    say("ready")
    if role == "push":
        host, holder, claim_s = rest
        await push(database, host, holder, float(claim_s))
    else:
        await send(database, float(rest[0]))
    database.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
