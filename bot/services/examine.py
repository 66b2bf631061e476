"""The examination: settings, database, Telegram, M-PESA, callbacks; then the one diagnosis of all that was found.

It moves no money, changes nothing but M-PESA's access token (which is shared with whoever runs), never raises, and
works without a database, without settings, with any of the neighbours down.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from functools import reduce
from typing import Any, Final, TypeVar

import structlog

from bot.services import examine_database, examine_mpesa, examine_reach, examine_settings, examine_telegram
from bot.services.examine_database import Book, OpenBook, open_and_look
from bot.services.examine_mpesa import MpesaAccess, Probing, mpesa_findings, mpesa_skipped, not_asked
from bot.services.examine_reach import Http, reach_findings
from bot.services.examine_settings import settings_findings
from bot.services.examine_telegram import TelegramSeen, telegram_findings
from bot.services.school import Clock
from bot.settings import Settings
from daraja.doctor import Diagnosis, Exchange, Finding, Verdict, diagnose
from storage.database import Database

__all__ = ["MPESA", "Examination", "Examiner", "Means", "said_of"]

Texts = TypeVar("Texts", Finding, Exchange)

log = structlog.get_logger(__name__)

MPESA: Final = "mpesa"  #: what `on_stage` hears before M-PESA's own stages begin
_HIDDEN: Final = "•••"
_SHORTEST_SECRET: Final = 6
_LIMITS_S: Final = {
    examine_database.STAGE: 20.0,
    examine_telegram.STAGE: 25.0,
    MPESA: 240.0,
    examine_reach.STAGE: 25.0,
}


@dataclass(frozen=True, slots=True)
class Examination:
    """All findings in the order of the stages, and what they come to. at: when it began."""

    findings: tuple[Finding, ...]
    diagnosis: Diagnosis
    at: datetime

    @property
    def well(self) -> bool:
        """Whether nothing is wrong: no finding is BAD, and the diagnosis says so too."""
        return self.diagnosis.well and all(found.verdict is not Verdict.BAD for found in self.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """How the examiner gets at things; bot.wiring knows.

    telegram: asks Telegram; the database, where there is one, tells which webhook is ours. mpesa: a way to M-PESA
    through the token that is shared by whoever works on that book. limits_s: seconds for a stage as a whole.
    """

    open_book: OpenBook
    telegram: Callable[[Database | None], Awaitable[TelegramSeen]]
    mpesa: MpesaAccess
    http: Http
    clock: Clock
    probing: Probing = field(default_factory=Probing)
    limits_s: Mapping[str, float] = field(default_factory=lambda: dict(_LIMITS_S))


def said_of(finding: Finding) -> str:
    """What a finding says, told apart from the same question asked before."""
    return f"Once more: {finding.said}" if finding.name.endswith("_again") else finding.said


def _nobody(_: object) -> None:
    """Nobody looks on."""


class Examiner:
    """One examination at a time; who asks meanwhile waits for a turn."""

    def __init__(
        self, settings: Settings, means: Means, *, problems: Mapping[str, str] | None = None
    ) -> None:
        """problems: by the setting's name, from `settings_as_they_are`; none in a process that could start."""
        self._settings = settings
        self._means = means
        self._problems = dict(problems or {})
        self._turn = asyncio.Lock()

    async def run(
        self,
        on_finding: Callable[[Finding], object] = _nobody,
        *,
        on_stage: Callable[[str], object] = _nobody,
    ) -> Examination:
        """Examine; each finding is shown as it is made. Takes seconds, four to five minutes at the very worst."""
        async with self._turn:
            return await _Round(self._settings, self._problems, self._means, on_finding, on_stage).run()

    async def diagnosis(self) -> Diagnosis:
        """Examine while nobody looks on, and say what it comes to."""
        return (await self.run()).diagnosis


class _Round:
    """One examination under way."""

    def __init__(
        self,
        settings: Settings,
        problems: Mapping[str, str],
        means: Means,
        on_finding: Callable[[Finding], object],
        on_stage: Callable[[str], object],
    ) -> None:
        self._settings = settings
        self._problems = problems
        self._means = means
        self._on_finding = on_finding
        self._on_stage = on_stage
        self._secrets = [secret for secret in settings.secrets() if len(secret) >= _SHORTEST_SECRET]
        self._found: list[Finding] = []
        self._book: Book | None = None

    async def run(self) -> Examination:
        at = self._means.clock()
        self._on_stage(examine_settings.STAGE)
        for finding in settings_findings(self._settings, self._problems):
            self._say(finding)
        async with AsyncExitStack() as stack:
            await self._stage(examine_database.STAGE, lambda: self._database(stack))
            await self._stage(examine_telegram.STAGE, self._telegram)
            await self._stage(MPESA, self._mpesa)
            await self._stage(examine_reach.STAGE, self._reach)
        diagnosis = diagnose(self._found)
        log.info("doctor.examined", cause=str(diagnosis.cause), findings=len(self._found))
        return Examination(tuple(self._found), diagnosis, at)

    def _say(self, finding: Finding) -> None:
        finding = _without(finding, self._secrets)
        self._found.append(finding)
        self._on_finding(finding)

    async def _stage(self, stage: str, work: Callable[[], Awaitable[None]]) -> None:
        self._on_stage(stage)
        limit_s = self._means.limits_s[stage]
        try:
            async with asyncio.timeout(limit_s):
                await work()
        except TimeoutError:
            self._say(_unfinished(stage, f"This took more than {limit_s:g} seconds and was broken off."))
        except Exception as error:
            log.exception("doctor.stumbled", stage=stage)
            self._say(_unfinished(stage, f"This could not be looked at ({type(error).__name__})."))

    async def _database(self, stack: AsyncExitStack) -> None:
        broken = {"database_url", "karo_secret_key"} & set(self._problems)
        if broken or "env_file" in self._problems:
            self._say(_skipped(examine_database.STAGE, "opens", broken or {"env_file"}))
            return
        self._book = await open_and_look(self._means.open_book, stack, self._say, self._means.clock)

    async def _telegram(self) -> None:
        if not self._settings.telegram_bot_token:
            self._say(_skipped(examine_telegram.STAGE, "me", {"telegram_bot_token"}))
            return
        database = self._book.database if self._book else None
        for finding in await telegram_findings(lambda: self._means.telegram(database), self._settings):
            self._say(finding)

    async def _mpesa(self) -> None:
        if hindered := examine_mpesa.hindering(self._settings, self._problems):
            for finding in mpesa_skipped(hindered):
                self._say(finding)
            return
        await mpesa_findings(
            self._settings, self._problems, self._book, self._means.mpesa, self._means.probing, self._say
        )

    async def _reach(self) -> None:
        if "public_url" in self._problems:
            self._say(_skipped(examine_reach.STAGE, "reach", {"public_url"}))
            return
        means = self._means
        for finding in await reach_findings(self._settings, self._book, means.http, means.clock):
            self._say(finding)


def _without(finding: Finding, secrets: list[str]) -> Finding:
    """The same finding, should a neighbour's answer have quoted a secret: with that hidden."""
    exchange = finding.exchange and _hidden(finding.exchange, secrets)
    return replace(_hidden(finding, secrets), exchange=exchange)


def _hidden(texts: Texts, secrets: list[str]) -> Texts:
    changed: dict[str, Any] = {}
    for part in fields(texts):
        value = getattr(texts, part.name)
        if type(value) is str and any(secret in value for secret in secrets):
            changed[part.name] = reduce(lambda text, secret: text.replace(secret, _HIDDEN), secrets, value)
    return replace(texts, **changed) if changed else texts


def _skipped(stage: str, name: str, broken: set[str]) -> Finding:
    return Finding(stage, name, Verdict.SKIPPED, not_asked(broken))


def _unfinished(stage: str, said: str) -> Finding:
    return Finding(
        "network" if stage == MPESA else stage,
        "broken_off",
        Verdict.UNKNOWN,
        said,
        fix="Run it again; if it stays so, say so to whoever looks after Karo.",
    )
