"""The doctor's words on a terminal: readable at 80 columns and without colour."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bot.services.examine import said_of
from bot.services.go_live import Point, Tick
from bot.settings import Settings
from daraja.doctor import Diagnosis, Evidence, Finding, Verdict

STAGES: Final = {
    "settings": ("Settings", "reading the settings"),
    "database": ("Database", "opening the database"),
    "telegram": ("Telegram", "asking Telegram"),
    "mpesa": ("M-PESA", "asking M-PESA (no payment is made)"),
    "network": ("M-PESA: the way there", "asking M-PESA (no payment is made)"),
    "oauth": ("M-PESA: key and secret", "asking M-PESA for a token"),
    "products": ("M-PESA: what the app may do", "asking M-PESA which products the app has"),
    "passkey": ("M-PESA: shortcode and passkey", "asking M-PESA about the passkey"),
    "clock": ("Clock", "comparing clocks"),
    "credential": ("M-PESA: the operator", "making the operator's credential"),
    "callback": ("M-PESA's reports to us", "calling our own address"),
}
_MARKS: Final = {
    Verdict.GOOD: ("good", "green"),
    Verdict.WARNING: ("warning", "yellow"),
    Verdict.BAD: ("WRONG", "bold red"),
    Verdict.UNKNOWN: ("unclear", "magenta"),
    Verdict.SKIPPED: ("left out", "dim"),
}
_TICKS: Final = {Tick.DONE: ("[x]", "green"), Tick.OPEN: ("[ ]", "bold red"), Tick.PERSON: ("[?]", "yellow")}
_SANDBOX: Final = "(What this rests on is known from the sandbox only.)"


class FindingsShown:
    """Prints each finding as it comes, under the heading of its stage."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._stage = ""
        self._told_before: set[str] = set()

    def __call__(self, finding: Finding) -> None:
        """Print it."""
        if finding.stage != self._stage:
            self._stage = finding.stage
            title, _ = STAGES.get(finding.stage, (finding.stage, ""))
            self._console.print()
            self._console.print(Text(title, style="bold"))
        self._console.print(_row(*_MARKS[finding.verdict], _told(finding, self._told_before)))


def heading(settings: Settings) -> Text:
    """Who is examined."""
    number = settings.daraja_shortcode or "no shortcode yet"
    name = settings.school_name or "a school without a name yet"
    return Text(f"Karo's doctor: {name}, M-PESA {settings.daraja_environment}, {number}", style="bold")


def diagnosis_shown(said: Diagnosis, warnings: int = 0, unclear: int = 0) -> RenderableType:
    """The one most likely cause, what to do now, what answers alike, and how it was come to.

    warnings, unclear: how many of each stand above; they count as no fault.
    """
    style = "green" if said.well else "bold red"
    besides = [f"{n} {what}" for n, what in ((warnings, "warning(s)"), (unclear, "unclear")) if n]
    well = f"Nothing is wrong; {', '.join(besides)} above" if besides else "All is well"
    blocks: list[RenderableType] = []
    blocks += _block(well if said.well else "Most likely", Text(said.said, style=style))
    if said.sandbox_only:
        blocks.append(Padding(Text(_SANDBOX), (0, 0, 0, 2)))
    blocks += _block("What to do now", Text(said.next_step))
    if said.parted_by or said.also:
        blocks += _block("How to be sure", _alike(said))
    if said.path and not said.well:
        blocks += _block("How it was found", _steps(said))
    return Group(*blocks)


def _block(title: str, what: RenderableType) -> list[RenderableType]:
    return [Text(f"\n{title}", style="bold"), Padding(what, (0, 0, 0, 2))]


def _steps(said: Diagnosis) -> RenderableType:
    steps = Table.grid(padding=(0, 2))
    steps.add_column(ratio=3)
    steps.add_column(ratio=4)
    for step in said.path:
        steps.add_row(Text(step.asked), Text(step.answered))
    return steps


def checklist_shown(points: Iterable[Point]) -> RenderableType:
    """The go-live list: [x] done, [ ] still to do, [?] for a person to say."""
    rows = [_row(*_TICKS[point.tick], Text(f"{point.title}\n{point.said}"), width=3) for point in points]
    key = Text("[x] done   [ ] still to do   [?] a person has to look", style="dim")
    return Group(Text("\nGoing live", style="bold"), *rows, key)


def _alike(said: Diagnosis) -> Text:
    others = f"Also possible: {', '.join(each.replace('_', ' ') for each in said.also)}." if said.also else ""
    return Text("\n".join(filter(None, (others, said.parted_by))))


def _told(finding: Finding, told_before: set[str]) -> Text:
    """What is wrong with its reasons; a remark that an earlier finding had word for word is left out."""
    told = Text(said_of(finding))
    exchange = finding.exchange
    if finding.verdict is not Verdict.GOOD and exchange is not None and exchange.code:
        words = f"HTTP {exchange.http_status} {exchange.code} {exchange.message}".rstrip()
        told.append(f"\nThe answer: {words}", style="dim")
    remarks = [("Shows: ", finding.proves, "dim"), ("Not known: ", finding.leaves_open, "dim")]
    if finding.evidence is Evidence.SANDBOX:
        remarks.append(("", _SANDBOX, "dim"))
    for label, words, style in (*remarks, ("-> ", finding.fix, "")):
        if words and words not in told_before:
            told_before.add(words)
            told.append(f"\n{label}{words}", style=style)
    return told


def _row(mark: str, style: str, told: Text, *, width: int = 8) -> RenderableType:
    row = Table.grid(padding=(0, 2, 0, 0))
    row.add_column(width=width, no_wrap=True)
    row.add_column()
    row.add_row(Text(mark, style=style), told)
    return Padding(row, (0, 0, 0, 2))
