"""The examination of M-PESA's side, stage by stage."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Mapping
from typing import Final

from daraja.doctor import clock, network, oauth, passkey, products, signing
from daraja.doctor.findings import Finding, Verdict
from daraja.doctor.probes import Prober
from daraja.doctor.subject import Subject
from daraja.doctor.visit import Visit, skipped

Stage = Callable[[Visit], AsyncIterator[Finding]]


async def examine(
    subject: Subject,
    *,
    on_finding: Callable[[Finding], object] = lambda _: None,
    without: Collection[str] = (),
) -> tuple[Finding, ...]:
    """M-PESA's stages: network, oauth, products, passkey, clock, credential. No money can move, no phone rings.

    on_finding: told each finding as it is made. without: stages to leave out. Raises nothing of its own; takes
    at most a time limit a probe. It mints one access token, or two; both go through `subject.mint`.
    """
    found: list[Finding] = []
    async with Prober(subject) as prober:
        visit = Visit(subject, prober)
        for stage, look in STAGES.items():
            if stage in without:
                continue
            async with contextlib.aclosing(_guarded(stage, look, visit)) as findings:
                async for finding in findings:
                    found.append(finding)
                    on_finding(finding)
    return tuple(found)


async def _guarded(stage: str, look: Stage, visit: Visit) -> AsyncGenerator[Finding, None]:
    try:
        async for finding in look(visit):
            yield finding
    except Exception as error:
        visit.halted = visit.halted or "an earlier check broke off"
        said = f"This check broke off ({type(error).__name__})."
        yield Finding(stage, "broken_off", Verdict.UNKNOWN, said, leaves_open="All that it was to show.")


def _on_the_wire(stage: str, look: Stage) -> Stage:
    """A stage that is left out once the wire is to be left alone."""

    async def looked(visit: Visit) -> AsyncIterator[Finding]:
        if visit.halted:
            yield skipped(stage, "asked", visit.halted)
            return
        async for finding in look(visit):
            yield finding

    return looked


async def _clock(visit: Visit) -> AsyncIterator[Finding]:
    yield clock.look(visit)


async def _credential(visit: Visit) -> AsyncIterator[Finding]:
    for finding in signing.look(visit.subject):
        yield finding


STAGES: Final[Mapping[str, Stage]] = {
    "network": network.look,
    "oauth": _on_the_wire("oauth", oauth.look),
    "products": _on_the_wire("products", products.look),
    "passkey": passkey.look,
    "clock": _clock,
    "credential": _credential,
}
