"""What parents do, each by one's own phone, while several processes serve them."""

from __future__ import annotations

from bot.playground.person import Person
from tests.several.cluster import Cluster


async def link(person: Person) -> None:
    """Meet the bot and share the number; ends at the menu."""
    person.say("/start")
    await person.next_message()
    for key in ("en", "agree"):
        person.tap(key)
        await person.next_message()
    person.share_contact()
    await person.next_message()
    await person.next_message()


async def to_the_prompt(person: Person, amount: int = 1500) -> None:
    """From anywhere to the tap on Pay, for the only child, from the person's own phone."""
    person.say("/pay")
    await person.wait_for("How much do you want to pay?")
    person.say(str(amount))
    await person.press("own")
    await person.press("confirm")


async def pay(person: Person, amount: int = 1500) -> str:
    """A whole payment; what the phone shows of the receipt."""
    await to_the_prompt(person, amount)
    return (await person.wait_for("Paid", 60)).text


def paid_messages(person: Person) -> list[str]:
    """Every message of a payment that went through."""
    return [message.text for message in person.messages if "Paid" in message.text]


def agree(town: Cluster) -> None:
    """Every shilling that M-PESA moved was told to its payer, by its receipt number, once."""
    for movement in town.mpesa.books.movements:
        told = [text for person in town.people for text in paid_messages(person) if movement.receipt in text]
        assert len(told) == 1, f"{len(told)} messages for one receipt"
