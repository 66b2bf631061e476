"""A school's client and the simulator it calls over HTTP, to be examined."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from daraja import Credentials, DarajaClient, MemoryTokenStore, Refused
from daraja.doctor import Diagnosis, Finding, Subject, Verdict, diagnose, examine
from daraja.simulator import Simulator, SimulatorConfig, SimulatorServer

CONFIG = SimulatorConfig(
    consumer_key="canary-consumer-key-0123456789",
    consumer_secret="canary-consumer-secret-0123456789",
    passkey="canary-passkey-0123456789",
    prompt_s=0,
    callback_delay_s=0,
    seed=7,
)
SECRETS = (CONFIG.consumer_key, CONFIG.consumer_secret, CONFIG.passkey)
CREDENTIALS = Credentials(CONFIG.consumer_key, CONFIG.consumer_secret, CONFIG.shortcode, CONFIG.passkey)


@dataclass
class Surgery:
    """One school and its M-PESA."""

    simulator: Simulator
    client: DarajaClient
    store: MemoryTokenStore
    subject: Subject

    async def examined(self, **changes: Any) -> tuple[tuple[Finding, ...], Diagnosis]:
        """All of M-PESA's stages and where they lead. changes: of the Subject."""
        findings = await examine(replace(self.subject, **changes))
        return findings, diagnose(findings)

    async def push_refusal(self) -> str:
        """The code that a real push meets; empty when it is accepted."""
        try:
            await self.client.stk_push(
                amount_kes=10,
                party_a="254712345678",
                phone_number="254712345678",
                callback_url="https://school.invalid/paid",
                account_reference="ADM1042",
                transaction_desc="School fees",
            )
        except Refused as refused:
            return refused.code
        return ""

    def assert_that_nothing_rang(self) -> None:
        """No push was accepted, no prompt shown, no money moved, no report sent."""
        assert [push.answered for push in self.simulator.pushes if push.answered == "accepted"] == []
        assert self.simulator.prompts == []
        assert self.simulator.books.movements == []
        assert self.simulator.callbacks == []


@asynccontextmanager
async def surgery(config: SimulatorConfig = CONFIG) -> AsyncIterator[Surgery]:
    """A school whose settings are right; what is wrong, the test brings about."""
    store = MemoryTokenStore()
    async with (
        SimulatorServer(config) as server,
        DarajaClient(CREDENTIALS, base_url=server.url, token_store=store) as client,
    ):
        subject = Subject(
            credentials=CREDENTIALS,
            base_url=server.url,
            environment="sandbox",
            mint=client.renew_token,
            held=store.load,
            pause_s=0,
        )
        yield Surgery(server.simulator, client, store, subject)


def named(findings: tuple[Finding, ...], stage: str, name: str) -> Finding:
    """The finding of this stage and name."""
    return next(finding for finding in findings if (finding.stage, finding.name) == (stage, name))


def wrong(findings: tuple[Finding, ...]) -> list[str]:
    """What is bad, as stage/name."""
    return [f"{each.stage}/{each.name}" for each in findings if each.verdict is Verdict.BAD]
