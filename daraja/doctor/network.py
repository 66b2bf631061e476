"""Stage `network`: can this machine find M-PESA, reach it, and trust its certificate? Nothing is sent."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from typing import Final

import httpx

from daraja.doctor.findings import Finding, Verdict
from daraja.doctor.probes import host_and_port
from daraja.doctor.visit import Visit

STAGE: Final = "network"
_NO_INTERNET: Final = (
    "Check this machine's internet and its name service (DNS); and DARAJA_API_URL for slips."
)
_NO_WAY: Final = "Ask whoever looks after the network to allow outgoing connections to this host and port."
_NO_TRUST: Final = (
    "Check this machine's date and its list of trusted certificates (ca-certificates); a proxy that opens "
    "encrypted traffic must leave M-PESA's alone."
)


async def look(visit: Visit) -> AsyncIterator[Finding]:
    """Name, then connection (with TLS where the address is https)."""
    host, port, secure = host_and_port(visit.subject.base_url)
    name = await _name(visit, host, port)
    yield name
    if name.verdict is Verdict.GOOD:
        connection = await _connection(visit, host, port, secure=secure)
        yield connection
        if connection.verdict is Verdict.GOOD:
            return
    visit.halted = "M-PESA cannot be reached from here"


async def _name(visit: Visit, host: str, port: int) -> Finding:
    try:
        async with asyncio.timeout(visit.subject.timeout_s):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError, UnicodeError) as error:
        said = f"The name {host} cannot be turned into an address ({type(error).__name__})."
        return Finding(STAGE, "name", Verdict.BAD, said, fix=_NO_INTERNET)
    count = len({address[4][0] for address in found})
    return Finding(
        STAGE,
        "name",
        Verdict.GOOD,
        f"The name {host} leads to {count} {'address' if count == 1 else 'addresses'}.",
        proves="The name service works.",
        leaves_open="That the host answers.",
    )


async def _connection(visit: Visit, host: str, port: int, *, secure: bool) -> Finding:
    trust = (visit.subject.tls or httpx.create_ssl_context(trust_env=False)) if secure else None
    try:
        async with asyncio.timeout(visit.subject.timeout_s):
            _, writer = await asyncio.open_connection(host, port, ssl=trust)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
    except ssl.SSLCertVerificationError as error:
        return _bad(
            f"{host} shows a certificate that is not to be trusted: {error.verify_message}.", _NO_TRUST
        )
    except ssl.SSLError as error:
        return _bad(f"No encrypted connection to {host} came about ({error.reason or 'TLS'}).", _NO_TRUST)
    except TimeoutError:
        return _bad(f"{host} does not answer on port {port} in {visit.subject.timeout_s:g} s.", _NO_WAY)
    except OSError as error:
        return _bad(f"{host} takes no connection on port {port} ({type(error).__name__}).", _NO_WAY)
    how = "encrypted, with a certificate that is in order" if secure else "not encrypted: it is this machine"
    return Finding(
        STAGE,
        "connection",
        Verdict.GOOD,
        f"{host} takes connections on port {port}; {how}.",
        proves="The way there is open.",
        leaves_open="That M-PESA takes our calls: its firewall decides only when one is sent.",
    )


def _bad(said: str, fix: str) -> Finding:
    return Finding(
        STAGE,
        "connection",
        Verdict.BAD,
        said,
        proves="No call can have reached M-PESA.",
        leaves_open="Anything about key, passkey or products.",
        fix=fix,
    )
