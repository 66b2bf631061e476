"""Screens before and around paying: language, privacy, contact, menu, help."""

from __future__ import annotations

from bot.dialogue.facts import linked
from bot.dialogue.keys import key_of
from bot.dialogue.screen import Choice, Screen, say
from bot.dialogue.state import State
from bot.dialogue.view import View

MENU_CHOICE = Choice("menu", say("choice.menu"))
CANCEL_CHOICE = Choice("cancel", say("choice.cancel"))
HELP_CHOICE = Choice("help", say("choice.help"))
PAYBILL_CHOICE = Choice("paybill", say("choice.paybill"))


def language(_state: State, view: View) -> Screen:
    """English or Kiswahili."""
    choices = (Choice("en", say("language.english")), Choice("sw", say("language.kiswahili")))
    back = (MENU_CHOICE,) if view.language and (linked(view) or view.role) else ()
    return Screen((say("language.ask"),), choices + back)


def privacy(_state: State, view: View) -> Screen:
    """What is kept and why, once, before a phone number is asked for."""
    choices = (Choice("agree", say("choice.agree")), Choice("language", say("choice.language")))
    return Screen((say("privacy.notice", school=view.school.name, contact=view.school.contact),), choices)


def contact(_state: State, view: View) -> Screen:
    """Asks for the sender's own number by the door's control."""
    return Screen((say("contact.ask", school=view.school.name),), ask_contact=True)


def menu(_state: State, view: View) -> Screen:
    """The five things a parent can do; open payments and staff's commands below."""
    lines = [say("menu.ask", school=view.school.name)]
    if view.role:
        lines.append(say("menu.admin" if view.role == "admin" else "menu.staff"))
    if not linked(view):
        return Screen(tuple(lines), (Choice("language", say("choice.language")), HELP_CHOICE))
    choices = (
        Choice("pay", say("choice.pay")),
        Choice("balances", say("choice.balances")),
        Choice("payments", say("choice.payments")),
        Choice("language", say("choice.language")),
        HELP_CHOICE,
    )
    waiting = tuple(
        Choice(key_of("open", payment.id), say("choice.open_payment", amount_cents=payment.amount_cents))
        for payment in view.open_payments[:3]
    )
    return Screen(tuple(lines), choices + waiting)


def help_page(_state: State, view: View) -> Screen:
    """How it works and whom to ask."""
    lines = [say("help.text"), say("help.contact", school=view.school.name, contact=view.school.contact)]
    if view.role:
        lines.append(say("menu.admin" if view.role == "admin" else "menu.staff"))
    choices = (PAYBILL_CHOICE, MENU_CHOICE) if linked(view) else (MENU_CHOICE,)
    return Screen(tuple(lines), choices)
