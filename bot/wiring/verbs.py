"""Every service of one process, wired to one database, one Daraja client and one messenger."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.channels.telegram import ButtonClocks, arrived
from bot.services.announce import Announcer
from bot.services.answered import Answered
from bot.services.ask import Ask
from bot.services.collect import Collect
from bot.services.converse import Converse, Taken
from bot.services.deliver import Deliver
from bot.services.doctor_desk import DoctorDesk
from bot.services.housekeeping import Housekeeping
from bot.services.intake import Intake
from bot.services.line import Line
from bot.services.messages import Messenger
from bot.services.reconcile import Reconcile
from bot.services.remind import Remind
from bot.services.school import Clock, School
from bot.services.settle import Settle
from bot.settings import Settings
from bot.wiring.parts import make_operator, new_callback_token
from daraja import DarajaClient, Pace
from daraja.doctor import Diagnosis
from storage.database import Database


@dataclass(frozen=True, slots=True)
class Verbs:
    """The services by name."""

    converse: Converse
    intake: Intake
    collect: Collect
    settle: Settle
    reconcile: Reconcile
    remind: Remind
    deliver: Deliver
    housekeeping: Housekeeping
    doctor: DoctorDesk
    line: Line
    ask: Ask
    answered: Answered


def make_verbs(
    database: Database,
    daraja: DarajaClient,
    messenger: Messenger,
    buttons: ButtonClocks,
    school: School,
    clock: Clock,
    committed: Callable[[Taken], None],
    *,
    examine: Callable[[], Awaitable[Diagnosis]],
    process: str,
    settings: Settings,
) -> Verbs:
    """committed: called after each step of a conversation that is on disk. examine: the doctor's diagnosis.
    settings: for the pace of this process's pushes, and who asks M-PESA about payments.
    """
    announce = Announcer(school, clock)
    settle = Settle(database, school, clock, announce)
    converse = Converse(database, school, clock, committed=committed)
    operator = make_operator(settings)
    return Verbs(
        converse=converse,
        intake=Intake(
            *(database, school, clock),
            converse=converse,
            read=arrived,
            committed=committed,
            stored=lambda update: buttons.stop(update.button),
        ),
        collect=_collect(database, daraja, school, clock, announce, settle, settings),
        settle=settle,
        reconcile=Reconcile(database, daraja, clock, announce, settle),
        remind=Remind(database, school, clock),
        deliver=Deliver(database, messenger, school, clock),
        housekeeping=Housekeeping(database, school, clock),
        doctor=DoctorDesk(database, school, clock, examine, process),
        line=Line(database, school, clock, name=process, probe=daraja.probe_push, examine=examine),
        ask=Ask(database, daraja, school, clock, operator=operator, new_token=new_callback_token),
        answered=Answered(database, school, clock, announce),
    )


def _collect(
    database: Database,
    daraja: DarajaClient,
    school: School,
    clock: Clock,
    announce: Announcer,
    settle: Settle,
    settings: Settings,
) -> Collect:
    """Pushes at the pace that the settings allow this process."""
    turn = Pace(settings.daraja_pace).turn if settings.daraja_pace else None
    return Collect(database, daraja, school, clock, announce, settle, new_token=new_callback_token, turn=turn)
