"""What a snapshot of the database says, as metrics: a table of names, meanings and where each value is taken from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.figures import Figures, Pile
from storage.outbox_rows import Kind
from storage.payment_state import AWAITING, PaymentStatus
from storage.processes import Process

ALIVE_FOR = timedelta(seconds=35)  #: three signs of life missed, and half a one
_STATUSES = (PaymentStatus.QUEUED, *sorted(AWAITING))
_PROCESSES = ("run", "web", "worker")
_NONE = Pile()

Sample = tuple[tuple[str, ...], float]  #: values of the labels, and the value


@dataclass(frozen=True, slots=True)
class Gauge:
    """samples: what a snapshot gives; nothing where nothing is known."""

    name: str
    meaning: str
    labels: tuple[str, ...]
    samples: Callable[[Figures], Iterable[Sample]]


def _age(figures: Figures, pile: Pile) -> float:
    return 0.0 if pile.since is None else max((figures.at - pile.since).total_seconds(), 0.0)


def _one(value: float) -> list[Sample]:
    return [((), value)]


def _moment(at: datetime | None, *labels: str) -> list[Sample]:
    return [] if at is None else [(labels, at.timestamp())]


def _skew(f: Figures) -> list[Sample]:
    return [] if f.skew_s is None else _one(f.skew_s)


def _alive(figures: Figures) -> Iterable[Sample]:
    alive = [p.kind for p in figures.processes if figures.at - p.seen_at <= ALIVE_FOR]
    return [((kind,), alive.count(kind)) for kind in _PROCESSES]


def _latest(figures: Figures, of: Callable[[Process], datetime | None], kind: str = "") -> datetime | None:
    moments = [of(p) for p in figures.processes if kind in ("", p.kind)]
    return max((moment for moment in moments if moment is not None), default=None)


def _seen(figures: Figures) -> Iterable[Sample]:
    for kind in _PROCESSES:
        yield from _moment(_latest(figures, lambda p: p.seen_at, kind), kind)


GAUGES: tuple[Gauge, ...] = (
    Gauge("karo_figures_timestamp_seconds", "When the figures below were read from the database.", (),
          lambda f: _moment(f.at)),
    Gauge("karo_database_clock_skew_seconds", "This machine's clock less the database's (PostgreSQL only).", (),
          _skew),
    Gauge("karo_payments_open", "Payments without an outcome, by status.", ("status",),
          lambda f: [((s,), f.open_payments.get(s, _NONE).count) for s in _STATUSES]),
    Gauge("karo_payment_oldest_age_seconds",
          "Age of the oldest payment of a status, from its push; a queued one's from when it may leave.", ("status",),
          lambda f: [((s,), _age(f, f.open_payments.get(s, _NONE))) for s in _STATUSES]),
    Gauge("karo_payments_asked_often", "Payments pushed 1 to 15 minutes ago that M-PESA did not settle yet.", (),
          lambda f: _one(f.asked_often)),
    Gauge("karo_payments_settled", "Payments that came to an outcome in the last 15m or 24h, by status and cause.",
          ("window", "status", "cause"), lambda f: [(key, n) for key, n in f.settled.items()]),
    Gauge("karo_payments_pushed", "Prompts that were sent in the last 15m or 24h.", ("window",),
          lambda f: [((window,), n) for window, n in f.pushed.items()]),
    Gauge("karo_checks_overdue", "Payments that M-PESA should have been asked about by now.", (),
          lambda f: _one(f.checks.count)),
    Gauge("karo_check_oldest_overdue_seconds", "For how long the oldest overdue question waits.", (),
          lambda f: _one(_age(f, f.checks))),
    Gauge("karo_messages_due", "Messages that should leave now or are on their way, by kind.", ("kind",),
          lambda f: [((k,), f.waiting.get(k, _NONE).count) for k in Kind]),
    Gauge("karo_messages_later", "Messages whose time has not come, by kind.", ("kind",),
          lambda f: [((k,), f.not_yet.get(k, 0)) for k in Kind]),
    Gauge("karo_message_oldest_due_seconds", "For how long the oldest due message waits, by kind.", ("kind",),
          lambda f: [((k,), _age(f, f.waiting.get(k, _NONE))) for k in Kind]),
    Gauge("karo_messages_lost", "Messages of the last 24h that were given up (failed) or may have arrived (unknown).",
          ("kind", "state"),
          lambda f: [((k, s), f.lost.get((k, s), 0)) for k in Kind for s in ("failed", "unknown")]),
    Gauge("karo_attention", "Things that wait for a person, by what they are.", ("kind",),
          lambda f: [((kind,), pile.count) for kind, pile in f.attention.items()]),
    Gauge("karo_attention_oldest_age_seconds", "For how long the oldest of them waits.", ("kind",),
          lambda f: [((kind,), _age(f, pile)) for kind, pile in f.attention.items()]),
    Gauge("karo_mpesa_line_down", "Whether the school's M-PESA line is down (1): no prompt is sent; or not (0).",
          (), lambda f: _one(f.attention.get("line", _NONE).count)),
    Gauge("karo_mpesa_line_down_seconds", "For how long it is down by now; 0 while it works.", (),
          lambda f: _one(_age(f, f.attention.get("line", _NONE)))),
    Gauge("karo_tries_held_back", "Tries that were held back, whose parents are still to hear that it works.", (),
          lambda f: _one(f.held_back.count)),
    Gauge("karo_suspense_receipts", "Receipts whose child is not known: money in suspense.", (),
          lambda f: _one(f.suspense.count)),
    Gauge("karo_suspense_cents", "Money in suspense, in cents of a shilling.", (), lambda f: _one(f.suspense_cents)),
    Gauge("karo_receipts_unnumbered", "Money booked whose M-PESA receipt number is still to follow.", (),
          lambda f: _one(f.unnumbered.count)),
    Gauge("karo_receipt_unnumbered_oldest_age_seconds", "For how long the oldest of them waits.", (),
          lambda f: _one(_age(f, f.unnumbered))),
    Gauge("karo_arrivals_waiting", "Updates that the webhook stored and nobody took yet.", (),
          lambda f: _one(f.arrivals.count)),
    Gauge("karo_arrival_oldest_age_seconds", "For how long the oldest of them waits.", (),
          lambda f: _one(_age(f, f.arrivals))),
    Gauge("karo_campaigns_running", "Rounds of reminders under way.", (), lambda f: _one(f.campaigns.count)),
    Gauge("karo_campaign_oldest_age_seconds", "For how long the oldest of them runs.", (),
          lambda f: _one(_age(f, f.campaigns))),
    Gauge("karo_chats_blocked", "Chats to which nothing can be sent.", (), lambda f: _one(f.blocked_chats)),
    Gauge("karo_processes_alive", "Processes seen in the last 35 seconds, by kind.", ("kind",), _alive),
    Gauge("karo_process_seen_timestamp_seconds", "When a process of the kind was last seen.", ("kind",), _seen),
    Gauge("karo_callback_taken_timestamp_seconds", "When M-PESA's last callback was taken.", (),
          lambda f: _moment(f.callback_at)),
    Gauge("karo_query_answered_timestamp_seconds", "When M-PESA last answered a question, as far as is known.", (),
          lambda f: _moment(_latest(f, lambda p: p.query_at))),
    Gauge("karo_update_taken_timestamp_seconds", "When a chat's last update was taken.", (),
          lambda f: _moment(f.update_at)),
    Gauge("karo_lease_held", "Whether somebody holds the lease (1) or not (0).", ("lease",),
          lambda f: [((lease.name,), float(lease.holder != "")) for lease in f.leases]),
    Gauge("karo_lease_taken_timestamp_seconds", "When the lease's holder took it.", ("lease",),
          lambda f: [((lease.name,), lease.taken_at.timestamp()) for lease in f.leases]),
    Gauge("karo_lease_until_timestamp_seconds", "When the lease ends unless it is renewed.", ("lease",),
          lambda f: [((lease.name,), lease.until.timestamp()) for lease in f.leases]),
    Gauge("karo_lease_holder_info", "Which process holds the lease.", ("lease", "holder"),
          lambda f: [((lease.name, lease.holder), 1.0) for lease in f.leases if lease.holder]),
    Gauge("karo_token_saved_timestamp_seconds", "When M-PESA's access token was last fetched.", (),
          lambda f: _moment(f.token_saved_at)),
    Gauge("karo_token_until_timestamp_seconds", "When that token ends.", (), lambda f: _moment(f.token_until)),
    Gauge("karo_schema_info", "The database's schema, the newest one this release knows, and the oldest it serves.",
          ("revision", "newest", "floor"), lambda f: [((f.schema, f.schema_newest, f.schema_floor), 1.0)]),
)  # fmt: skip
