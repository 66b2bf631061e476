"""The school's line to M-PESA: working or down, since when, and who tries it next. One row a school.

Every change is one conditional update, so that of several processes one makes it. A trial is claimed like a lease: who
is not heard of before its end is replaced, and what it says then counts no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Final

from sqlalchemy import CheckConstraint, ColumnElement, and_, case, or_, select, update
from sqlmodel import Field

from storage.schema import Row, one_of, table_of
from storage.unit import Unit, insert_once

#: A line that goes down again so soon was never well: its pauses go on growing.
SO_SOON: Final = timedelta(minutes=15)
#: Nothing here is put off for so long: a moment further ahead was written by a clock that has been put back since.
NOT_BY_THIS_CLOCK: Final = timedelta(hours=2)


class LineState(StrEnum):
    """Whether prompts are sent."""

    WORKING = "working"
    DOWN = "down"  #: the circuit is open: no prompt leaves


class Line(Row, table=True):
    """outage: counts how often it went down. cause: why, the last time. since: when the present state began; None:
    it was never down. trial_at: when it is tried next; a working line is tried only while it is suspected.
    trial_by, trial_until: who tries it now. trial: counts the claims, and names one. in_vain: trials that no prompt has
    borne out yet, also those that closed the circuit.
    by_push_at: from then on one parent's own payment may be the trial. examined_at: when the reason was looked for.
    suspected_at: when a question was refused, the last time.
    """

    __tablename__: ClassVar[str] = "mpesa_lines"
    __table_args__ = (
        one_of("state", LineState),
        CheckConstraint(
            "state = 'working' OR (since IS NOT NULL AND trial_at IS NOT NULL)", name="down_is_tried"
        ),
        CheckConstraint("(trial_by IS NULL) = (trial_until IS NULL)", name="tried_until"),
    )

    school_id: int = Field(primary_key=True, foreign_key="schools.id")
    state: str = LineState.WORKING
    outage: int = 0
    cause: str = ""
    since: datetime | None = None
    trial_at: datetime | None = None
    trial_by: str | None = None
    trial_until: datetime | None = None
    trial: int = 0
    in_vain: int = 0
    by_push_at: datetime | None = None
    examined_at: datetime | None = None
    suspected_at: datetime | None = None

    def is_due(self, now: datetime, *, by_push: bool = False) -> bool:
        """Whether a trial is, by `claim_trial`'s measure; by_push: by `take_push_trial`'s."""
        moment = self.by_push_at if by_push else self.trial_at
        return moment is not None and not now < moment <= now + NOT_BY_THIS_CLOCK

    @property
    def down(self) -> bool:
        """Whether no prompt leaves."""
        return self.state == LineState.DOWN


LINES = table_of(Line)
_C = LINES.c
_FREE: Final[dict[str, None]] = {"trial_by": None, "trial_until": None}


@dataclass(frozen=True, slots=True)
class Trial:
    """A claimed trial; `number` names the claim. down: False while the line is only suspected."""

    number: int
    outage: int
    down: bool
    cause: str
    in_vain: int
    examined: bool


def seen(unit: Unit, school_id: int) -> Line | None:
    """The line as it is at this moment, for looking only. None: it was never in trouble."""
    return unit.session.get(Line, school_id, populate_existing=True)


def down_since(unit: Unit, school_id: int) -> datetime | None:
    """Since when no prompt leaves, for looking only. None: it works."""
    line = seen(unit, school_id)
    return line.since if line is not None and line.down else None


def steady(unit: Unit, school_id: int) -> Line:
    """The line; on PostgreSQL it stays as it is until the unit ends. Others may do the same at the same time."""
    statement = select(Line).where(_C.school_id == school_id).with_for_update(read=True)
    options = {"populate_existing": True}
    line = unit.session.scalars(statement, execution_options=options).one_or_none()
    if line is None:
        _make(unit, school_id)
        line = unit.session.scalars(statement, execution_options=options).one()
    return line


def go_down(
    unit: Unit, school_id: int, cause: str, *, sent_at: datetime, now: datetime, by_push_at: datetime
) -> Line | None:
    """Opens the circuit; the first trial is due at once. None: it is down already, or `sent_at` (when the refused call
    left) was before the line was last found working.
    """
    _make(unit, school_id)
    never_or_before = or_(_C.since.is_(None), _past(_C.since, sent_at))
    return _changed(
        unit,
        _is(school_id, LineState.WORKING) & never_or_before,
        state=LineState.DOWN,
        outage=_C.outage + 1,
        cause=cause,
        since=now,
        trial_at=now,
        by_push_at=by_push_at,
        examined_at=None,
        suspected_at=None,
        in_vain=case((_C.since > now - SO_SOON, _C.in_vain), else_=0),
        **_FREE,
    )


def come_back(
    unit: Unit, school_id: int, *, now: datetime, trial: int | None = None, sent_at: datetime | None = None
) -> Line | None:
    """Closes the circuit. trial: only by that claim. sent_at: only by a push that left after it went down.

    None: it works already, or whoever says so has no say any more.
    """
    where = _is(school_id, LineState.DOWN)
    if trial is not None:
        where &= _held(trial)
    if sent_at is not None:
        where &= _past(_C.since, sent_at)
    well = {"state": LineState.WORKING, "since": now, "trial_at": None, "by_push_at": None}
    return _changed(unit, where, **well, in_vain=0 if trial is None else _C.in_vain + 1, **_FREE)


def bear_out(unit: Unit, school_id: int, *, sent_at: datetime) -> None:
    """A push of that moment got through, so that the trial which closed the circuit was right."""
    _changed(unit, _is(school_id, LineState.WORKING) & _past(_C.since, sent_at), in_vain=0)


def suspect(unit: Unit, school_id: int, cause: str, *, now: datetime, again_after: timedelta) -> bool:
    """A question was refused: a working line is tried at once, unless it was suspected a little before."""
    _make(unit, school_id)
    long_ago = or_(_C.suspected_at.is_(None), _past(_C.suspected_at, now - again_after))
    suspected = _changed(
        unit,
        _is(school_id, LineState.WORKING) & _C.trial_at.is_(None) & long_ago,
        cause=cause,
        trial_at=now,
        suspected_at=now,
    )
    return suspected is not None


def claim_trial(unit: Unit, school_id: int, by: str, *, now: datetime, lease_s: float) -> Trial | None:
    """The one who may try the line now. None: nothing is due, or another one is at it."""
    free = or_(_C.trial_until.is_(None), _past(_C.trial_until, now))
    line = _changed(
        unit,
        and_(_C.school_id == school_id, _past(_C.trial_at, now), free),
        trial_by=by,
        trial_until=now + timedelta(seconds=lease_s),
        trial=_C.trial + 1,
    )
    if line is None:
        return None
    return Trial(line.trial, line.outage, line.down, line.cause, line.in_vain, line.examined_at is not None)


def try_again(unit: Unit, school_id: int, trial: int, *, at: datetime | None, in_vain: bool) -> bool:
    """Ends a claim: the line stands where it stood, and is tried again `at`; None: it is not suspected any more.

    False: the claim has lapsed, or the line changed meanwhile.
    """
    more = 1 if in_vain else 0
    ended = _changed(
        unit, (_C.school_id == school_id) & _held(trial), trial_at=at, in_vain=_C.in_vain + more, **_FREE
    )
    return ended is not None


def note_examined(unit: Unit, school_id: int, trial: int, *, next_at: datetime, now: datetime) -> bool:
    """The reason was looked for; ends that claim, as `try_again` does."""
    where = _is(school_id, LineState.DOWN) & _held(trial)
    return _changed(unit, where, examined_at=now, trial_at=next_at, **_FREE) is not None


def take_push_trial(unit: Unit, school_id: int, *, now: datetime, next_at: datetime) -> bool:
    """Whether this parent's own payment may be the trial; the next one may from `next_at` on."""
    where = _is(school_id, LineState.DOWN) & _past(_C.by_push_at, now)
    return _changed(unit, where, by_push_at=next_at) is not None


def return_push_trial(unit: Unit, school_id: int, *, now: datetime, next_at: datetime) -> None:
    """What `take_push_trial` gave just now was not made use of: another payment may be the trial."""
    _changed(unit, _is(school_id, LineState.DOWN) & (_C.by_push_at == next_at), by_push_at=now)


def hurry(unit: Unit, school_id: int, *, now: datetime, alone: bool = False) -> bool:
    """The next trial of a line that is down is due now. alone: nobody else can be at it."""
    at_it = () if alone else (or_(_C.trial_until.is_(None), _past(_C.trial_until, now)),)
    where = and_(_is(school_id, LineState.DOWN), *at_it)
    return _changed(unit, where, trial_at=now, **_FREE) is not None


def _make(unit: Unit, school_id: int) -> None:
    """The row, where it is missing."""
    new = {"school_id": school_id, "state": LineState.WORKING.value, "cause": ""}
    insert_once(unit, LINES, {**new, "outage": 0, "trial": 0, "in_vain": 0}, ("school_id",))


def _is(school_id: int, state: LineState) -> ColumnElement[bool]:
    return and_(_C.school_id == school_id, _C.state == state.value)


def _past(moment: ColumnElement[Any], now: datetime) -> ColumnElement[bool]:
    return or_(moment <= now, moment > now + NOT_BY_THIS_CLOCK)


def _held(trial: int) -> ColumnElement[bool]:
    return and_(_C.trial == trial, _C.trial_by.is_not(None))


def _changed(unit: Unit, where: ColumnElement[bool], **values: Any) -> Line | None:
    """The row as it is now; None when it did not meet the condition."""
    unit.session.flush()
    found = unit.session.scalars(
        update(Line).where(where).values(values).returning(Line),
        execution_options={"populate_existing": True, "synchronize_session": False},
    )
    return found.one_or_none()
