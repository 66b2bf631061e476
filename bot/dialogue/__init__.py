"""The conversation, pure: no Telegram, no database, no clock.

`step` takes an event, `show` draws the present screen, `news`, `notice` and `reminder` speak up unasked.
"""

from bot.dialogue.diagram import mermaid
from bot.dialogue.keys import named_payment
from bot.dialogue.result import Step
from bot.dialogue.screens import show
from bot.dialogue.step import step
from bot.dialogue.unasked import news, notice, reminder

__all__ = ["Step", "mermaid", "named_payment", "news", "notice", "reminder", "show", "step"]
