"""GET /metrics: what an operator's Prometheus reads. No name, no phone, no path of a request in any label."""

from __future__ import annotations

import platform
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from importlib import metadata
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.services.counted import Tally
from bot.services.pulse import Pulse
from bot.web.gauges import GAUGES
from bot.web.guard import Network, comes_from
from storage.figures import Figures

ReadFigures = Callable[[], Awaitable[Figures | None]]

UNMATCHED: Final = "(none)"  #: the route of a path that is none of ours
_PEER: Final = "karo.peer"  # in the scope: the connection's own address, whatever a proxy says
_OF_A_PROXY: Final = frozenset(
    {b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-real-ip"}
)
_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The metrics of one process, in a registry of their own; and the database's, as a snapshot says them."""

    def __init__(self, pulse: Pulse, tally: Tally, *, callbacks_expected: bool) -> None:
        """callbacks_expected: M-PESA can reach us, so that its silence means something."""
        self._pulse = pulse
        self._tally = tally
        self._callbacks_expected = callbacks_expected
        self._figures: Figures | None = None
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "karo_http_requests",
            "Requests answered, by route and status.",
            ("route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "karo_http_request_seconds",
            "Time to the end of the answer, by route.",
            ("route",),
            buckets=_BUCKETS,
            registry=self._registry,
        )
        ProcessCollector(namespace="karo", registry=self._registry)
        self._registry.register(self)

    def answered(self, route: str, status: int, seconds: float) -> None:
        """A request was answered. route: the template, never the path."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def render(self, figures: Figures | None, accept: str = "") -> Response:
        """Everything, in the format that the reader accepts. None: the database cannot be read."""
        self._figures = figures
        encode, media_type = choose_encoder(accept)
        return Response(encode(self._registry), headers={"Content-Type": media_type})

    def describe(self) -> Iterable[Metric]:
        """Every metric without its values."""
        return self._families(None)

    def collect(self) -> Iterable[Metric]:
        """Every metric as it is now."""
        return self._families(self._figures)

    def kinds(self) -> dict[str, str]:
        """Every metric there is: its name, and whether it is a gauge, a counter or a histogram."""
        families = self._registry.collect()
        return {f.name + "_total" * (f.type == "counter"): f.type for f in families}

    def _families(self, figures: Figures | None) -> Iterable[Metric]:
        yield from self._of_this_process(figures)
        for gauge in GAUGES:
            family = GaugeMetricFamily(gauge.name, gauge.meaning, labels=gauge.labels)
            for labels, value in gauge.samples(figures) if figures is not None else ():
                family.add_metric(labels, value)
            yield family

    def _of_this_process(self, figures: Figures | None) -> Iterable[Metric]:
        build = GaugeMetricFamily(
            "karo_build_info", "Which release runs here.", labels=("version", "python", "kind")
        )
        build.add_metric((metadata.version("karo"), platform.python_version(), self._pulse.kind), 1)
        yield build
        yield _gauge("karo_clock_timestamp_seconds", "This machine's clock.", time.time())
        yield _gauge("karo_database_up", "Whether the database could be read.", figures is not None)
        stored = self._pulse.stored
        yield _gauge("karo_database_writable", "Whether this process's last sign of life was stored.", stored)
        expected = self._callbacks_expected
        yield _gauge("karo_callbacks_expected", "Whether M-PESA can reach us (PUBLIC_URL is set).", expected)
        yield _counter(
            "karo_pushes", "Prompts that this process asked for, by the answer.", self._tally.pushes
        )
        yield _counter(
            "karo_queries", "Questions that this process asked, by the answer.", self._tally.queries
        )


def _gauge(name: str, meaning: str, value: float | None) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, meaning, None if value is None else float(value))


def _counter(name: str, meaning: str, counts: dict[str, int]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, meaning, labels=("outcome",))
    for outcome, count in sorted(counts.items()):
        family.add_metric((outcome,), count)
    return family


class Measured:
    """ASGI middleware around the whole web door: counts and times each request by its route's template."""

    def __init__(
        self, app: ASGIApp, metrics: Metrics, timer: Callable[[], float] = time.perf_counter
    ) -> None:
        """timer: seconds that only grow."""
        self._app = app
        self._metrics = metrics
        self._timer = timer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything through; remember the connection's own address for who may read the metrics."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope[_PEER] = scope.get("client")
        began, status = self._timer(), 500

        async def send_seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_seen)
        finally:
            template: str = getattr(scope.get("route"), "path", UNMATCHED)
            self._metrics.answered(template, status, self._timer() - began)


class _Door:
    """The endpoint, as an ASGI app: whatever the method, strangers find nothing here."""

    def __init__(self, figures: ReadFigures, metrics: Metrics, allow: Sequence[Network]) -> None:
        self._figures = figures
        self._metrics = metrics
        self._allow = allow

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = await self._answer(Request(scope))
        await answer(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if not self._allow or not comes_from(request, self._allow) or _came_by_a_stranger(request.scope):
            return PlainTextResponse("Not Found", 404)
        if request.method not in {"GET", "HEAD"}:
            return PlainTextResponse("Method Not Allowed", 405, headers={"Allow": "GET, HEAD"})
        return self._metrics.render(await self._figures(), request.headers.get("accept", ""))


def _came_by_a_stranger(scope: Scope) -> bool:
    """Whether a proxy stands between that we do not believe: it says so, and its word was not taken."""
    peer: Any = scope.get(_PEER)
    believed = peer is not None and scope.get("client") != peer
    return not believed and any(name.lower() in _OF_A_PROXY for name, _ in scope["headers"])


def metrics_route(figures: ReadFigures, metrics: Metrics, allow: Sequence[Network]) -> Route:
    """The route, for `create_web(more=...)`; the web door then stands inside `Measured`.

    figures: a snapshot, None when there is none. allow: who may read, by the client's address; empty: nobody.
    Everybody else, and whatever came through a proxy that is not trusted, finds nothing.
    """
    return Route("/metrics", _Door(figures, metrics, allow))
