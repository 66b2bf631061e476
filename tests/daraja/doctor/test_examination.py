"""An examination never raises, shows no secret, and can be broken off."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from daraja import Token, TokenUnavailable
from daraja.doctor import CauseClass, Operator, Subject, diagnose, examine
from daraja.simulator import Cause
from tests.daraja.doctor.surgery import CREDENTIALS, SECRETS, named, surgery, wrong

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
TOKEN = Token("canary-token-0123456789", NOW + timedelta(hours=1))
WITHOUT = frozenset({"network"})  # these have no socket


async def minted() -> Token:
    return TOKEN


def subject(transport: httpx.AsyncBaseTransport, **changes: Any) -> Subject:
    given: dict[str, Any] = {"mint": minted, "clock": lambda: NOW, "pause_s": 0, **changes}
    return Subject(
        credentials=CREDENTIALS,
        base_url="https://mpesa.invalid",
        environment="production",
        transport=lambda: transport,
        **given,
    )


async def echo(request: httpx.Request) -> httpx.Response:
    """Says back all that it was told, as code, words and request id."""
    token = request.headers["authorization"].removeprefix("Bearer ")
    body = json.loads(request.content)
    said = {
        "errorCode": token,
        "errorMessage": f"{token} {body} {SECRETS}",
        "requestId": body.get("Password", token),
    }
    return httpx.Response(400, json=said)


async def test_a_server_that_says_everything_back_gives_nothing_away() -> None:
    findings = await examine(subject(httpx.MockTransport(echo)), without=WITHOUT)
    told = repr(findings) + repr(diagnose(findings))
    password = CREDENTIALS.password("20261122090000")
    assert [secret for secret in (*SECRETS, TOKEN.value, password) if secret in told] == []
    assert "•••" in told


async def test_an_answer_of_another_shape_is_unclear_and_never_an_error() -> None:
    def odd(_: httpx.Request) -> httpx.Response:
        return httpx.Response(418, json={"errorCode": {"deep": []}, "fault": []})

    findings = await examine(subject(httpx.MockTransport(odd)), without=WITHOUT)
    assert diagnose(findings).cause == CauseClass.UNCLEAR
    assert wrong(findings) == []


async def test_the_gateways_own_wording_is_read() -> None:
    def fault(_: httpx.Request) -> httpx.Response:
        said = "Invalid API call as no apiproduct match found"
        return httpx.Response(401, json={"fault": {"faultstring": said, "detail": {"errorcode": "x.y"}}})

    findings = await examine(subject(httpx.MockTransport(fault)), without=WITHOUT)
    assert diagnose(findings).cause == CauseClass.NO_PRODUCTS


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (RuntimeError("boom"), CauseClass.UNCLEAR),
        (TokenUnavailable("another process is still asking for one"), CauseClass.UNCLEAR),
        (TokenUnavailable("no", http_status=200, page="Welcome"), CauseClass.WRONG_HOST),
        (TokenUnavailable("no", http_status=200), CauseClass.WRONG_HOST),
        (TokenUnavailable("no", http_status=400, code="400.008.02"), CauseClass.WRONG_HOST),
        (TokenUnavailable("no", http_status=400, code="400.008.01"), CauseClass.WRONG_KEY_PAIR),
        (TokenUnavailable("no", http_status=500, code="500.003.1001"), CauseClass.MPESA_DOWN),
        (TimeoutError(), CauseClass.MPESA_DOWN),
    ],
)
async def test_whatever_the_mint_raises_is_a_finding(error: Exception, cause: CauseClass) -> None:
    async def refused() -> Token:
        raise error

    findings = await examine(subject(httpx.MockTransport(echo), mint=refused), without=WITHOUT)
    assert diagnose(findings).cause == cause
    assert named(findings, "products", "asked").verdict == "skipped"


async def test_a_transport_and_a_store_that_break_are_findings() -> None:
    def broken(_: httpx.Request) -> httpx.Response:
        raise ValueError("boom")

    async def no_store() -> Token | None:
        raise RuntimeError("boom")

    findings = await examine(subject(httpx.MockTransport(broken), held=no_store), without=WITHOUT)
    assert diagnose(findings).cause == CauseClass.MPESA_DOWN


async def test_a_stage_that_breaks_off_is_a_finding_and_the_wire_is_left_alone() -> None:
    def no_clock() -> datetime:
        raise ValueError("boom")

    findings = await examine(subject(httpx.MockTransport(echo), clock=no_clock), without=WITHOUT)
    assert [(each.stage, each.verdict) for each in findings if each.name == "broken_off"] == [
        ("oauth", "unknown")
    ]
    assert named(findings, "products", "asked").verdict == "skipped"
    assert diagnose(findings).cause == CauseClass.UNCLEAR


async def test_an_examination_can_be_broken_off() -> None:
    async with surgery() as school:
        school.simulator.play(Cause.HANGING)
        before = asyncio.all_tasks()
        examining = asyncio.create_task(examine(school.subject))
        await school.simulator.wait_for_pushes(1)
        examining.cancel()
        with pytest.raises(asyncio.CancelledError):
            await examining
        school.assert_that_nothing_rang()
        assert {task for task in asyncio.all_tasks() - before if "examin" in repr(task)} == set()


async def test_a_clock_within_a_minute_is_right() -> None:
    async with surgery() as school:
        school.simulator.ahead_s = -30
        findings, _ = await school.examined()
        assert named(findings, "clock", "date").verdict == "good"
        school.simulator.ahead_s = -90
        findings, _ = await school.examined()
        assert "ahead of M-PESA's" in named(findings, "clock", "date").said


async def test_a_certificate_that_is_none_is_the_credential() -> None:
    async with surgery() as school:
        findings, diagnosis = await school.examined(
            operator=Operator("clerk", "canary-password", b"no certificate")
        )
        assert diagnosis.cause == CauseClass.CREDENTIAL
        assert "canary-password" not in repr(findings)


async def test_the_simulators_certificate_is_read_and_its_environment_judged() -> None:
    async with surgery() as school:
        pem = school.simulator.certificate_pem
        operator = Operator("clerk", "canary-password", pem.encode())
        findings, diagnosis = await school.examined(operator=operator)
        assert named(findings, "credential", "certificate").verdict == "good"
        assert diagnosis.well
