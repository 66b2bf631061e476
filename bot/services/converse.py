"""Take one thing a person did: the step, its effects and the reply, in one unit of work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.dialogue import show, step
from bot.dialogue.screen import Screen, say
from bot.dialogue.state import State
from bot.services.announce import Announcer, load_state, message_body, save_state
from bot.services.effects import Effects, Turn
from bot.services.incoming import Incoming
from bot.services.school import Clock, School
from bot.services.snapshot import load_view
from storage import chats, outbox, people, updates
from storage.database import Database
from storage.people import Chat
from storage.unit import Unit


@dataclass(frozen=True, slots=True)
class Taken:
    """What a step left to do once it is on disk. doctor: the chat that waits for the doctor's verdict."""

    pushes: tuple[int, ...] = ()
    checks: tuple[int, ...] = ()
    doctor: int | None = None


class Converse:
    """The conversation's verb: every update takes effect once, and nothing leaves before it is on disk."""

    def __init__(
        self,
        database: Database,
        school: School,
        clock: Clock,
        *,
        committed: Callable[[Taken], None],
    ) -> None:
        """committed: called after the commit with what is to start now; it must not block."""
        self._database = database
        self._school = school
        self._clock = clock
        self._committed = committed
        self._effects = Effects(school, Announcer(school, clock))

    async def handle(self, incoming: Incoming) -> None:
        """Take effect once. Raises only when nothing was stored, so that the door may bring it again."""
        taken = await self._database.write(lambda unit: self.take(unit, incoming))
        if taken is not None:
            self._committed(taken)

    async def apologise(self, incoming: Incoming) -> None:
        """For an update that could not be taken however often: say so, and go on with the next one."""
        await self._database.write(lambda unit: self.say_sorry(unit, incoming))

    async def membership(self, channel: str, address: str, update_id: str, blocked: bool) -> None:
        """A person blocked the bot, or came back. Takes effect once: a reader that stood still brings old news."""

        def note(unit: Unit) -> None:
            if updates.see_update(unit, self._school.id, channel, update_id, self._clock()):
                self.note_membership(unit, channel, address, blocked)

        await self._database.write(note)

    def say_sorry(self, unit: Unit, incoming: Incoming) -> None:
        """`apologise` inside a unit of work."""
        now = self._clock()
        if updates.see_update(unit, self._school.id, incoming.channel, incoming.update_id, now):
            chat = self._chat(unit, incoming.channel, incoming.address, now)
            self._reply(unit, chat, Screen((say("trouble"),), notice=True), State(), incoming, now)

    def note_membership(self, unit: Unit, channel: str, address: str, blocked: bool) -> None:
        """`membership` inside a unit of work that knows the update to be new."""
        now = self._clock()
        chat = self._chat(unit, channel, address, now)
        if blocked:
            people.block_chat(unit, chat.id, now)
        else:
            self._welcome_back(unit, chat, now)

    def take(self, unit: Unit, incoming: Incoming) -> Taken | None:
        """One step inside a unit of work; once that is on disk, `committed` wants what it left to do.

        None: this update took effect before. The chat stays locked until the unit ends.
        """
        now = self._clock()
        if not updates.see_update(unit, self._school.id, incoming.channel, incoming.update_id, now):
            return None
        chat = chats.lock_chat(unit, self._chat(unit, incoming.channel, incoming.address, now).id)
        if chat.blocked_at is not None:
            self._welcome_back(unit, chat, now)
        state = load_state(unit, chat, now)
        before = load_view(unit, self._school, chat, state, incoming.event, now)
        taken = step(state, incoming.event, before)
        turn = Turn(unit, chat, taken.state, now)
        for effect in taken.effects:
            self._effects.apply(turn, effect)
        after = load_view(unit, self._school, chat, turn.state, incoming.event, now)
        save_state(unit, chat, turn.state, now)
        self._reply(unit, chat, show(turn.state, after, taken.preface), turn.state, incoming, now)
        return Taken(tuple(turn.pushes), tuple(turn.checks), chat.id if turn.doctor else None)

    def _welcome_back(self, unit: Unit, chat: Chat, now: datetime) -> None:
        people.unblock_chat(unit, chat.id)
        outbox.revive(unit, chat.id, now)

    def _chat(self, unit: Unit, channel: str, address: str, now: datetime) -> Chat:
        return people.open_chat(unit, school_id=self._school.id, channel=channel, address=address, now=now)

    def _reply(
        self, unit: Unit, chat: Chat, screen: Screen, state: State, incoming: Incoming, now: datetime
    ) -> None:
        outbox.add(
            unit,
            school_id=self._school.id,
            chat_id=chat.id,
            kind="reply",
            body=message_body(screen, state),
            dedupe_key=f"update:{incoming.channel}:{incoming.update_id}",
            now=now,
        )
