"""Every service of one process, wired to one database, one Daraja client and one messenger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.channels.telegram import ButtonClocks, arrived
from bot.services.announce import Announcer
from bot.services.collect import Collect
from bot.services.converse import Converse, Taken
from bot.services.deliver import Deliver
from bot.services.housekeeping import Housekeeping
from bot.services.intake import Intake
from bot.services.messages import Messenger
from bot.services.reconcile import Reconcile
from bot.services.remind import Remind
from bot.services.school import Clock, School
from bot.services.settle import Settle
from bot.wiring.parts import new_callback_token
from daraja import DarajaClient
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


def make_verbs(
    database: Database,
    daraja: DarajaClient,
    messenger: Messenger,
    buttons: ButtonClocks,
    school: School,
    clock: Clock,
    committed: Callable[[Taken], None],
) -> Verbs:
    """committed: called after each step of a conversation that is on disk."""
    announce = Announcer(school, clock)
    settle = Settle(database, school, clock, announce)
    converse = Converse(database, school, clock, committed=committed)
    return Verbs(
        converse=converse,
        intake=Intake(
            database,
            school,
            clock,
            converse=converse,
            read=arrived,
            committed=committed,
            stored=lambda update: buttons.stop(update.button),
        ),
        collect=Collect(database, daraja, school, clock, announce, settle, new_token=new_callback_token),
        settle=settle,
        reconcile=Reconcile(database, daraja, clock, announce, settle),
        remind=Remind(database, school, clock),
        deliver=Deliver(database, messenger, school, clock),
        housekeeping=Housekeeping(database, school, clock),
    )
