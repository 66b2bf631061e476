"""What a school in a journey is set up with: its settings, its database on either engine, and a port of its own."""

from __future__ import annotations

import os
import socket
from itertools import count
from pathlib import Path

from pydantic import SecretStr

from bot.cli.demo import demo_settings
from bot.playground.botapi import BotApiServer
from bot.settings import Settings
from daraja.simulator import SimulatorConfig, SimulatorServer
from tests.databases import MASTER_KEY

#: Below the ports that systems hand out to clients by themselves: nobody is given one of these by chance.
_FIRST, _MANY = 10_000, 20_000
_NEXT = count(os.getpid() * 97)


def school_settings(
    folder: Path,
    telegram: BotApiServer,
    mpesa: SimulatorServer,
    config: SimulatorConfig,
    database_url: str,
    *,
    reachable: bool = True,
    operator_password: str = "",
) -> Settings:
    """Settings of a school between these two neighbours.

    database_url: one at the newest schema under MASTER_KEY; "" for a file and a key that Karo makes itself.
    reachable: whether M-PESA can reach it. operator_password: with one, the school has an API operator.
    """
    port = a_port()
    given: dict[str, object] = {"port": port, "public_url": f"http://127.0.0.1:{port}"}
    if database_url:
        given |= {"database_url": database_url, "karo_secret_key": SecretStr(MASTER_KEY)}
    if not reachable:
        given["public_url"] = ""
    if operator_password:
        given |= _an_operator(mpesa, operator_password)
    settings = demo_settings(folder, telegram.url, mpesa.url, telegram.api.token, config)
    return settings.model_copy(update=given)


def _an_operator(mpesa: SimulatorServer, password: str) -> dict[str, object]:
    """The settings of the school's API operator."""
    return {
        "daraja_initiator_name": mpesa.simulator.config.initiator_name,
        "daraja_initiator_password": SecretStr(password),
        "daraja_certificate": mpesa.simulator.certificate_pem,
    }


def a_port() -> int:
    """A port that nobody listens on; each process that runs tests begins somewhere else."""
    for _ in range(_MANY):
        port = _FIRST + next(_NEXT) % _MANY
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue
    raise OSError("every port is taken")
