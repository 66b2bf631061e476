"""Commands for people who build and try things: simulator, states."""

from __future__ import annotations

import asyncio
import signal
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.opening import out, stop_with
from bot.dialogue.diagram import mermaid
from daraja.simulator import SimulatorConfig, SimulatorServer
from daraja.simulator.postman import write_collection
from storage.payment_state import TRANSITIONS


class Drawn(StrEnum):
    """What `karo states` draws."""

    CONVERSATION = "conversation"
    PAYMENT = "payment"


def simulator(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on; 0 picks a free one.")] = 8090,
    prompt_seconds: Annotated[float, typer.Option(help="Seconds until the simulated PIN is typed.")] = 3.0,
    postman: Annotated[
        Path | None, typer.Option(help="Write a Postman collection for it to this file, and end.")
    ] = None,
) -> None:
    """Run the Daraja simulator on its own, for anybody's client; or write a Postman collection for it."""
    if postman is not None:
        write_postman(postman, host, port)
        return

    async def serve() -> None:
        config = SimulatorConfig(prompt_s=prompt_seconds)
        async with SimulatorServer(config, host=host, port=port) as server:
            out.print(f"Daraja simulator at [bold]{server.url}[/] (Ctrl-C ends it)")
            out.print(f"  consumer key     {config.consumer_key}")
            out.print(f"  consumer secret  {config.consumer_secret}")
            out.print(f"  shortcode        {config.shortcode}, with the sandbox's public passkey")
            out.print(f"  control          {server.url}/simulator")
            await until_interrupted()

    try:
        asyncio.run(serve())
    except OSError as error:
        stop_with(f"cannot listen on {host} port {port}: {error.strerror or error}; choose another --port.")


def write_postman(file: Path, host: str, port: int) -> None:
    """Write the collection for a simulator at that address; stops in a sentence when it cannot be written."""
    address = f"[{host}]" if ":" in host else host
    try:
        write_collection(file, SimulatorConfig(), f"http://{address}:{port}")
    except OSError as error:
        stop_with(f"cannot write {file}: {error.strerror or error}.")
    out.print(f"Postman collection written to {file}. Run it while `karo simulator --port {port}` runs.")


def states(
    what: Annotated[Drawn, typer.Argument(help="conversation or payment")] = Drawn.CONVERSATION,
) -> None:
    """Draw the conversation, or the life of a payment, as a Mermaid diagram."""
    print(mermaid() if what is Drawn.CONVERSATION else payment_mermaid())


async def until_interrupted() -> None:
    """Return at SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    await stop.wait()


def payment_mermaid() -> str:
    """The payment's transition table as a Mermaid state diagram."""
    from_table = (f"    {source} --> {to}: {event}" for (source, to), event in TRANSITIONS.items())
    return "\n".join(("stateDiagram-v2", "    [*] --> queued", *from_table))
