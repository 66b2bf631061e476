"""Send the prompt: claim a QUEUED payment, call M-PESA once, record what is known."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog

from bot.services import holds, line_gate
from bot.services.announce import Announcer
from bot.services.school import Clock, School
from bot.services.settle import Settle
from daraja import DarajaClient, DarajaError, NeverSent, StkAccepted
from storage import payments
from storage.database import Database
from storage.payment_state import PaymentStatus
from storage.payments import Claimed
from storage.unit import Unit

log = structlog.get_logger(__name__)

LEASE_S = 150  # longer than two tokens and two pushes take, each to its time-out
AT_ONCE = 20
AT_LATEST_S = 30  # after its claim: a machine that slept in between must not ring a phone hours later
_WRITE_AGAIN_AFTER_S = (0.2, 1.0, 5.0, 15.0, 30.0, 30.0, 30.0)
_NOT_SENT = NeverSent("too late after the claim: not sent")


class Collect:
    """The only code that may make a phone ring, at most once a payment."""

    def __init__(
        self,
        database: Database,
        daraja: DarajaClient,
        school: School,
        clock: Clock,
        announce: Announcer,
        settle: Settle,
        *,
        new_token: Callable[[], str],
        turn: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        """new_token: 128 random bits in lower-case hex, a fresh one each call. turn: waits until this process may send
        the next push; asked before the claim, whose lease does not last for ever. None: it may always.
        """
        self._database = database
        self._daraja = daraja
        self._school = school
        self._clock = clock
        self._announce = announce
        self._settle = settle
        self._new_token = new_token
        self._turn = turn
        self._under_way: set[int] = set()

    async def push(self, payment_id: int) -> None:
        """Claim and push; does nothing when somebody else claimed it or its phone still holds a prompt.

        While the school's line is down it is called off, and its payer is told when it works.
        """
        if payment_id in self._under_way:  # it waits for its turn already
            return
        self._under_way.add(payment_id)
        try:
            if self._turn is not None:
                await self._turn()
            await self._push(payment_id)
        finally:
            self._under_way.discard(payment_id)

    async def _push(self, payment_id: int) -> None:
        token = self._new_token()
        claimed = await self._claim(payment_id, token)
        if claimed is None:
            await holds.release_lapsed(self._database, self._announce, self._clock)
            claimed = await self._claim(payment_id, token)
        if claimed is None:
            await self._database.write(lambda unit: self._say_why(unit, payment_id))
            return
        too_late = self._clock() >= claimed.lease_until - timedelta(seconds=LEASE_S - AT_LATEST_S)
        outcome = _NOT_SENT if too_late else await self._ask(claimed, token)
        await self._record(payment_id, outcome)

    async def tick(self) -> None:
        """Push what is due, give up what waited too long, and admit what was interrupted."""
        now = self._clock()
        overdue = await self._database.read(lambda unit: payments.overdue_queued(unit, now, AT_ONCE))
        await self._each(overdue, self._give_up)
        await self.recover(lapsed_by=now)
        due = await self._database.read(lambda unit: payments.due_pushes(unit, now, AT_ONCE))
        for pushed in await asyncio.gather(*map(self.push, due), return_exceptions=True):
            if isinstance(pushed, Exception):
                log.error("push.stumbled", kind=type(pushed).__name__)

    async def recover(self, *, lapsed_by: datetime | None = None) -> None:
        """Payments left SENDING by a process that died become UNCERTAIN: never sent again.

        Without `lapsed_by` every one of them: for a start that knows it is alone on the database.
        """
        until = self._clock() + timedelta(seconds=2 * LEASE_S) if lapsed_by is None else lapsed_by
        lapsed = await self._database.read(lambda unit: payments.lapsed_sending(unit, until))
        await self._each(lapsed, self._admit)
        if lapsed:
            log.warning("push.interrupted", payments=len(lapsed))

    async def _claim(self, payment_id: int, token: str) -> Claimed | None:
        return await self._database.write(lambda unit: self._take(unit, payment_id, token))

    def _take(self, unit: Unit, payment_id: int, token: str) -> Claimed | None:
        """The line is looked at and held first: what is claimed here was let through, whoever opens the circuit now."""
        now = self._clock()
        payment = payments.get(unit, payment_id)
        if payment is None or payment.status != PaymentStatus.QUEUED or payment.push_at > now:
            return None
        if not line_gate.lets_through(unit, payment.school_id, now, take=True):
            line_gate.hold_back(unit, payment_id, self._announce, now)
            return None
        claimed = payments.claim_push(
            unit, payment_id, token=token, now=now, lease_s=LEASE_S, announce=self._announce
        )
        if claimed is None:
            line_gate.not_used(unit, payment.school_id, now)
        return claimed

    async def _each(self, payment_ids: Sequence[int], work: Callable[[int, Unit], None]) -> None:
        """A unit of work for each: one row in trouble does not keep the others."""
        for payment_id in payment_ids:
            try:
                await self._database.write(partial(work, payment_id))
            except Exception:
                log.exception("payment.not_moved", payment=payment_id)

    async def _ask(self, claimed: Claimed, token: str) -> StkAccepted | DarajaError:
        try:
            return await self._daraja.stk_push(
                amount_kes=claimed.amount_kes,
                party_a=claimed.phone,
                phone_number=claimed.phone,
                callback_url=self._school.callback_url(token),
                account_reference=claimed.account_reference,
                transaction_desc="School fees",
                transaction_type=claimed.transaction_type,
                party_b=claimed.party_b,
            )
        except DarajaError as error:
            log.warning("push.error", payment=claimed.payment_id, kind=type(error).__name__, code=error.code)
            return error

    async def _record(self, payment_id: int, outcome: StkAccepted | DarajaError) -> None:
        """Until it is on disk, or until the lease makes it uncertain anyway."""
        for wait_s in (*_WRITE_AGAIN_AFTER_S, None):
            try:
                await self._settle.push_outcome(payment_id, outcome)
            except Exception:
                if wait_s is None:
                    raise
                log.exception("push.not_recorded_yet", payment=payment_id)
                await asyncio.sleep(wait_s)
            else:
                return

    def _say_why(self, unit: Unit, payment_id: int) -> None:
        """A due prompt that could not leave: M-PESA takes it later, which is said each time; or another one is open on
        that phone, said once.
        """
        now = self._clock()
        later = payments.put_off(unit, payment_id, now)
        if later is not None:
            self._announce(unit, later, "put_off")
            return
        payment = payments.get(unit, payment_id)
        if payment is None or payment.status != PaymentStatus.QUEUED or payment.push_at > now:
            return
        if payments.remark(unit, school_id=payment.school_id, payment_id=payment.id, event="held", now=now):
            self._announce(unit, payment, "held")

    def _give_up(self, payment_id: int, unit: Unit) -> None:
        payments.withdraw(
            unit,
            payment_id,
            now=self._clock(),
            announce=self._announce,
            source="overdue",
            cause="waited_too_long",
        )

    def _admit(self, payment_id: int, unit: Unit) -> None:
        payments.move(
            unit,
            payment_id,
            PaymentStatus.UNCERTAIN,
            now=self._clock(),
            announce=self._announce,
            because={"source": "lease"},
            cause="answer_lost",
        )
