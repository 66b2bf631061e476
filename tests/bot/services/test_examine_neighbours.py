"""What Telegram says of the webhook, and what answers at PUBLIC_URL: each case by its verdict."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.channels.telegram import look_at_bot, make_bot
from bot.services.examine_reach import reach_findings
from bot.services.examine_telegram import TelegramSeen, TelegramTrouble, telegram_findings
from bot.settings import Settings
from bot.web import serving
from bot.wiring import utc_now
from daraja.doctor import CauseClass, Finding, Verdict
from tests.bot.services.examining import Ward, by_name, ward

POLLING = Settings(_env_file=None, purpose="open", telegram_updates="polling")
WEBHOOK = Settings(
    _env_file=None, purpose="open", telegram_updates="webhook", public_url="https://fees.school.ke"
)
OURS = "https://fees.school.ke"


@pytest.fixture
async def well(tmp_path: Path) -> AsyncIterator[Ward]:
    """Everybody well."""
    async with ward(tmp_path) as stage:
        yield stage


@pytest.mark.parametrize(
    ("settings", "seen", "verdict"),
    [
        (POLLING, TelegramSeen("karo_bot"), Verdict.GOOD),
        (POLLING, TelegramSeen("karo_bot", OURS, True), Verdict.WARNING),
        (WEBHOOK, TelegramSeen("karo_bot", OURS, True), Verdict.GOOD),
        (WEBHOOK, TelegramSeen("karo_bot", OURS, None), Verdict.GOOD),
        (WEBHOOK, TelegramSeen("karo_bot", "https://elsewhere.example", False), Verdict.BAD),
        (WEBHOOK, TelegramSeen("karo_bot"), Verdict.BAD),
    ],
)
async def test_the_webhook_is_as_the_settings_want_it(
    settings: Settings, seen: TelegramSeen, verdict: Verdict
) -> None:
    async def look() -> TelegramSeen:
        return seen

    found = {finding.name: finding for finding in await telegram_findings(look, settings)}
    assert found["webhook"].verdict is verdict
    assert bool(found["webhook"].fix) == (verdict is not Verdict.GOOD)


async def test_messages_that_wait_and_a_failed_try_are_warnings() -> None:
    async def look() -> TelegramSeen:
        return TelegramSeen("karo_bot", OURS, True, waiting=70, last_error="Connection refused")

    found = {finding.name: finding for finding in await telegram_findings(look, WEBHOOK)}
    assert (found["waiting"].verdict, found["last_error"].verdict) == (Verdict.WARNING, Verdict.WARNING)
    assert "70" in found["waiting"].said


async def test_telegram_is_asked_without_a_word_of_the_secret_path(well: Ward) -> None:
    token, url = well.api.token, well.settings.telegram_api_url
    ours = "https://fees.school.ke/telegram/the-secret-path"
    async with make_bot(token, url) as bot:
        await bot.set_webhook(ours)
    seen = await look_at_bot(token, url, our_webhook=ours)
    assert (seen.webhook_host, seen.as_ours) == (OURS, True)
    assert (await look_at_bot(token, url, our_webhook=f"{ours}-of-before")).as_ours is False
    assert "secret" not in f"{seen}"
    assert well.api.calls_of("deleteWebhook") == []


async def test_a_telegram_that_asks_to_wait_is_not_a_wrong_token(well: Ward) -> None:
    well.api.fail_next("getMe", retry_after=7)
    with pytest.raises(TelegramTrouble) as caught:
        await look_at_bot(well.api.token, well.settings.telegram_api_url)
    assert not caught.value.unknown_bot


async def test_another_page_at_public_url_is_wrong_while_karo_runs(well: Ward) -> None:
    async with serving(page("<html>Parked</html>"), "127.0.0.1", 0) as other:
        well.set(public_url=other)
        done = await well.examine()
    finding = by_name(done)["callback", "reach"]
    assert done.diagnosis.cause == CauseClass.CALLBACK
    assert finding.exchange is not None
    assert finding.exchange.http_status == 200
    assert "asked from this machine" not in finding.proves


async def test_a_proxy_that_keeps_the_probes_inside_is_asked_at_mpesas_own_door() -> None:
    async def only_post(_: Request) -> Response:
        return PlainTextResponse("")

    door = Starlette(routes=[Route("/daraja/stk/{token}", only_post, methods=["POST"])])
    async with serving(door, "127.0.0.1", 0) as proxy:
        [finding] = await reach(proxy)
    assert finding.verdict is Verdict.GOOD
    assert "door that M-PESA calls" in finding.said
    assert "not from Safaricom" in finding.leaves_open


async def test_while_karo_does_not_run_nobody_can_answer() -> None:
    [finding] = await reach("http://127.0.0.1:9")
    assert finding.verdict is Verdict.UNKNOWN
    assert "does not run" in finding.said


async def test_without_public_url_that_is_said() -> None:
    [finding] = await reach("")
    assert (finding.verdict, finding.name) == (Verdict.SKIPPED, "address")


async def reach(public_url: str) -> list[Finding]:
    settings = Settings(_env_file=None, purpose="open", public_url=public_url, karo_secret_key=SecretStr(""))
    return await reach_findings(settings, None, lambda: httpx.AsyncClient(trust_env=False), utc_now)


def page(text: str) -> Starlette:
    async def shown(_: Request) -> Response:
        return PlainTextResponse(text)

    return Starlette(routes=[Route("/{anything:path}", shown)])
