"""The command line: each command opens what it needs, makes one service call, and says what happened."""

from __future__ import annotations

import typer

from bot.cli import books, migrate, moving, run, school, tools
from bot.cli.demo import demo as demo_command
from bot.cli.doctor import doctor as doctor_command

app = typer.Typer(
    name="karo",
    help="School fees by M-PESA in a Telegram chat.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("demo")(demo_command)
app.command("run")(run.run)
app.command("web")(run.web)
app.command("worker")(run.worker)
app.command("migrate")(migrate.migrate)
app.add_typer(school.imports, name="import")
app.add_typer(school.staff, name="staff")
app.command("receipt")(books.receipt)
app.command("attention")(books.attention)
app.command("correct")(books.correct)
app.command("check")(books.check)
app.command("doctor")(doctor_command)
app.command("move")(moving.move)
app.command("backup")(moving.backup)
app.command("simulator")(tools.simulator)
app.command("states")(tools.states)


def main() -> None:
    """The entry point of `karo` and `python -m bot`."""
    app()
