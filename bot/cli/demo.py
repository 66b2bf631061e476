"""`karo demo`: the real bot with a Daraja simulator, a Bot API stand-in and a temporary database."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr

from bot import logs
from bot.cli.demo_story import STUDENTS, DemoFailed, Story, play, talk
from bot.cli.opening import err, out
from bot.playground.botapi import BotApi, BotApiServer
from bot.services.imports import import_students
from bot.settings import Settings
from bot.wiring import Karo, open_for, the_school, utc_now
from daraja.simulator import SimulatorConfig, SimulatorServer

PLAY_WITHIN_S = 60


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="End after the two payments; 0 only if all went well.")
    ] = False,
) -> None:
    """Watch a paid and a cancelled payment through the real bot: no account needed."""
    logs.configure("ERROR", ())
    try:
        with tempfile.TemporaryDirectory(prefix="karo-demo-") as folder:
            asyncio.run(_demo(Path(folder), once=once))
    except (DemoFailed, TimeoutError, LookupError) as failure:
        err.print(f"[bold red]The demo did not go as it should:[/] {failure}")
        raise typer.Exit(1) from None


async def _demo(folder: Path, *, once: bool) -> None:
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    api = BotApi()
    config = SimulatorConfig(prompt_s=1.5, callback_delay_s=0.5)
    async with BotApiServer(api) as telegram, SimulatorServer(config) as mpesa:
        settings = demo_settings(folder, telegram.url, mpesa.url, api.token, config)
        database = open_for(settings, exclusive=True)
        school = await the_school(database, settings)
        await import_students(
            database, school.id, STUDENTS.encode(), file_name="students.csv", dry_run=False, now=utc_now()
        )
        story = Story(api, mpesa.simulator, database, school)
        ended = asyncio.Event()
        karo = Karo(settings, database, school)
        running = asyncio.create_task(karo.run(ended))
        try:
            await _until_stopped(play(story), stop, PLAY_WITHIN_S)
            if not once and not stop.is_set():
                await _serve_on(story, karo, mpesa.url, stop)
        finally:
            ended.set()
            await running


async def _until_stopped(work: object, stop: asyncio.Event, seconds: float | None) -> None:
    working = asyncio.ensure_future(work)  # type: ignore[call-overload]
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({working, stopping}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if working.done():
        working.result()
        return
    working.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await working
    if not stop.is_set():
        raise DemoFailed(f"it was not over after {seconds:g} seconds")


async def _serve_on(story: Story, karo: Karo, mpesa_url: str, stop: asyncio.Event) -> None:
    out.print()
    out.print("[bold]Both payments went as they should.[/] Karo goes on until Ctrl-C:")
    out.print(f"  web door {karo.web_url}/healthz   M-PESA simulator {mpesa_url}/simulator")
    if sys.stdin.isatty():
        await _until_stopped(talk(story), stop, None)
    else:
        await stop.wait()


def demo_settings(
    folder: Path, telegram_url: str, mpesa_url: str, token: str, config: SimulatorConfig
) -> Settings:
    """Settings that point at this machine alone, whatever the environment says."""
    port = free_port()
    return Settings(
        _env_file=None,
        purpose="run",
        database_url=f"sqlite:///{folder / 'demo.db'}",
        karo_secret_key=SecretStr(""),
        log_level="ERROR",
        school_name="Upendo Primary School",
        school_contact="0700 000 100",
        telegram_bot_token=SecretStr(token),
        telegram_api_url=telegram_url,
        public_url=f"http://127.0.0.1:{port}",
        host="127.0.0.1",
        port=port,
        daraja_environment="sandbox",
        daraja_api_url=mpesa_url,
        daraja_consumer_key=SecretStr(config.consumer_key),
        daraja_consumer_secret=SecretStr(config.consumer_secret),
        daraja_shortcode=config.shortcode,
        daraja_passkey=SecretStr(config.passkey),
        daraja_transaction_type="CustomerPayBillOnline",
        daraja_party_b="",
        daraja_callback_ips=(),
        trusted_proxies=(),
        telegram_updates="polling",
        telegram_webhook_secret=SecretStr(""),
        metrics_ips=(),
    )


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
