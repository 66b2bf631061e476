"""The web door of one process: what it answers, by its settings."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.routing import Route
from starlette.types import ASGIApp

from bot.services.counted import Tally
from bot.services.figures import FiguresDesk
from bot.services.pulse import Pulse
from bot.settings import Settings
from bot.web import create_web
from bot.web.app import Ready, SettleCallback
from bot.web.metrics import Measured, Metrics, metrics_route


def web_door(
    settings: Settings,
    *,
    callback: SettleCallback,
    answers: Mapping[str, SettleCallback],
    ready: Ready,
    updates: Route | None,
    figures: FiguresDesk,
    pulse: Pulse,
    tally: Tally,
) -> ASGIApp:
    """updates: the route of Telegram's webhook, where updates come that way."""
    metrics = Metrics(pulse, tally, callbacks_expected=bool(settings.public_url))
    routes = [metrics_route(figures.figures, metrics, settings.metrics_ips)]
    if updates is not None:
        routes.append(updates)
    door = create_web(
        callback,
        ready,
        answers=answers,
        more=routes,
        callback_ips=settings.daraja_callback_ips,
        trusted_proxies=settings.trusted_proxies,
    )
    return Measured(door, metrics)
