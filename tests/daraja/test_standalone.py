"""`daraja` alone: without the bot, the storage and what those need, in an interpreter of its own."""

from __future__ import annotations

import asyncio
import os
import sys
import tomllib
from asyncio.subprocess import PIPE
from pathlib import Path

from daraja.simulator import SimulatorConfig, SimulatorServer

ROOT = Path(__file__).parents[2]

ALONE = """
import sys

NOT_HERE = {"bot", "storage", "sqlalchemy", "sqlmodel", "alembic", "telegram", "pydantic", "structlog", "starlette"}

class Nobody:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in NOT_HERE:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Nobody())

import daraja

assert not {"httpx", "asyncio"} & set(sys.modules), "import daraja alone brings a client"

from daraja import parse_phone, parse_stk_callback, look_up, Channel

assert "httpx" not in sys.modules, "reading a callback brings httpx"

for name in daraja.__all__:
    getattr(daraja, name)
"""

HEAVY = """
import sys
from daraja import DarajaClient

late = {"aiohttp", "cryptography", "structlog"} & set(sys.modules)
assert not late, f"a client that is not made yet brings {late}"
"""

PUSH = """
import asyncio
from daraja import Credentials, DarajaClient

async def main(url):
    mine = Credentials("simulator-key", "simulator-secret", "174379", sys.argv[2])
    async with DarajaClient(mine, base_url=url, careful=True, pushes_per_s=20) as client:
        accepted = await client.stk_push(
            amount_kes=1500, party_a="0712 345 678", phone_number="0712 345 678",
            callback_url="http://127.0.0.1:9/paid", account_reference="ADM1042", transaction_desc="School fees",
        )
        print((await client.stk_query(accepted.checkout_request_id)).outcome)

asyncio.run(main(sys.argv[1]))
assert not NOT_HERE & set(sys.modules)
"""


async def run(code: str, *arguments: str, **environment: str) -> str:
    """What a fresh interpreter prints. It must not fail, nor warn."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-c", code, *arguments),
        cwd=ROOT,
        env=os.environ | environment,
        stdout=PIPE,
        stderr=PIPE,
    )
    out, err = await child.communicate()
    assert (child.returncode, err.decode()) == (0, "")
    return out.decode().strip()


async def test_it_pushes_and_asks_where_nothing_else_of_karo_can_be_imported() -> None:
    config = SimulatorConfig(prompt_s=0, callback_delay_s=0)
    async with SimulatorServer(config) as server:
        said = await run(ALONE + PUSH, server.url, config.passkey)
        assert len(server.simulator.books.movements) == 1
    assert said in {"paid", "undecided", "pending"}


async def test_a_client_that_is_not_made_yet_brings_nothing_heavy() -> None:
    await run(HEAVY)


def test_its_types_are_shipped() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert (ROOT / "daraja" / "py.typed").exists()
    assert "py.typed" in project["tool"]["setuptools"]["package-data"]["daraja"]
