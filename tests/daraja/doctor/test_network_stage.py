"""Name, connection and certificate, before anything is sent."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from daraja import Token
from daraja.doctor import CauseClass, Subject, diagnose, examine
from tests.daraja.doctor.surgery import CREDENTIALS, named, wrong


async def never() -> Token:
    raise AssertionError("nothing is minted where M-PESA cannot be reached")


def subject(base_url: str, tls: ssl.SSLContext | None = None) -> Subject:
    return Subject(
        credentials=CREDENTIALS, base_url=base_url, environment="production", mint=never, pause_s=0, tls=tls
    )


async def test_a_refused_port_is_the_network() -> None:
    with socket.socket() as taken:  # bound and not listening: refused
        taken.bind(("127.0.0.1", 0))
        findings = await examine(subject(f"http://127.0.0.1:{taken.getsockname()[1]}"))
    diagnosis = diagnose(findings)
    assert diagnosis.cause == CauseClass.NETWORK
    assert wrong(findings) == ["network/connection"]
    assert {each.verdict for each in findings if each.stage not in {"network"}} == {"skipped"}
    assert diagnosis.next_step == named(findings, "network", "connection").fix


async def test_a_name_that_leads_nowhere_is_the_network() -> None:
    findings = await examine(subject("https://daraja.invalid"))
    assert diagnose(findings).cause == CauseClass.NETWORK
    assert wrong(findings) == ["network/name"]


async def test_a_certificate_of_ones_own_is_not_trusted(tmp_path: Path) -> None:
    async with tls_server(tmp_path) as (port, _):
        findings = await examine(subject(f"https://localhost:{port}"))
    assert diagnose(findings).cause == CauseClass.NETWORK
    assert "certificate" in named(findings, "network", "connection").said


async def test_a_trusted_certificate_opens_the_way(tmp_path: Path) -> None:
    async with tls_server(tmp_path) as (port, trust):
        findings = await examine(subject(f"https://localhost:{port}", trust), without={"oauth", "products"})
    assert named(findings, "network", "connection").verdict == "good"


@asynccontextmanager
async def tls_server(place: Path) -> AsyncIterator[tuple[int, ssl.SSLContext]]:
    """A server that only shakes hands, and a trust in which it is known."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (place / "server.pem").write_bytes(private + pem)
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(place / "server.pem")

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "localhost", 0, ssl=served, family=socket.AF_INET)
    async with server:
        trust = ssl.create_default_context(cadata=pem.decode())
        yield server.sockets[0].getsockname()[1], trust
