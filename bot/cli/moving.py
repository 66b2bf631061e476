"""`karo move` and `karo backup`: the whole book, carried to a server or into a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from bot.cli.opening import CANNOT_RUN, err, out, settings_for, stop_with
from bot.services import moving
from bot.settings import Settings
from bot.settings_forms import check_database_url
from bot.wiring import open_for, utc_now
from storage import backup as backups
from storage import copying, moves
from storage.copying import NotSound
from storage.opening import DatabaseInUse, StorageError

_FILE = "sqlite:///"
_SERVER = "postgresql://"


def move(
    to: Annotated[str, typer.Option(help="postgresql://user:password@host/name of an empty database.")],
    again: Annotated[
        bool, typer.Option("--again", help="Although it was moved before: a backup, restored once more.")
    ] = False,
) -> None:
    """Carry everything from the SQLite file to a PostgreSQL database; cut short, the same command goes on."""
    settings, url = settings_for("open"), _checked(to)
    file = _file_of(settings)
    if file is None:
        stop_with("DATABASE_URL names a PostgreSQL database already: only an SQLite file can be moved.")
    with _said_in_words(), _shown() as progress:
        source = open_for(settings, exclusive=True)
        try:
            moved = moving.move(
                source,
                copying.master_keys(settings.database_url, settings.secret_keys),
                url,
                came_from=f"the file {file}",
                clock=utc_now,
                progress=progress,
                again=again,
            )
        finally:
            source.close()
    for line in _after_the_move(moved, file, key_file=settings.secret_keys is None):
        out.print(escape(line), soft_wrap=True)


def backup(
    file: Annotated[
        Path, typer.Argument(help="The new file; one that is there already is never written over.")
    ],
    with_key: Annotated[
        bool,
        typer.Option("--with-key", help="Write the key beside it, as FILE.key: who has both can read all."),
    ] = False,
) -> None:
    """Write everything into one SQLite file, while Karo runs; it is opened and checked before it counts."""
    settings = settings_for("open")
    here = _file_of(settings)
    with _said_in_words(), _shown() as progress:
        source = open_for(settings)
        try:
            broken = backups.back_up(
                source,
                file,
                copying.master_keys(settings.database_url, settings.secret_keys),
                with_key=with_key,
                now=utc_now,
                progress=progress,
            )
        finally:
            source.close()
    for line in _after_the_backup(settings, here, file.expanduser().absolute(), with_key=with_key):
        out.print(escape(line), soft_wrap=True)
    if broken:
        _end_broken(
            "The backup is whole, but the database itself breaks rules of the book, here as there:", broken
        )


def _checked(to: str) -> str:
    """The URL to move to, in its one spelling. Its text is never repeated: it may hold a password."""
    try:
        url = check_database_url(to.strip())
        moves.place(url)
    except ValueError as error:
        stop_with(f"--to {error}.")
    if not url.startswith(_SERVER):
        stop_with("--to must begin with postgresql://. For a copy in a file there is karo backup FILE.")
    return url


def _file_of(settings: Settings) -> Path | None:
    """The SQLite file, which must be there; None: the database is on a server."""
    if not settings.database_url.startswith(_FILE):
        return None
    file = Path(settings.database_url.removeprefix(_FILE)).expanduser().absolute()
    if not file.exists():
        stop_with(f"there is no database {file}: set DATABASE_URL, or go to the folder where Karo runs.")
    return file


@contextmanager
def _shown() -> Iterator[copying.Progress]:
    """A bar on standard error, gone at the end."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task("Beginning", total=None)

        def advanced(doing: str, done: int, total: int) -> None:
            bar.update(task, description=doing, completed=done, total=total or None)

        yield advanced


@contextmanager
def _said_in_words() -> Iterator[None]:
    """Exit code 2 when it could not be done, 1 when something is wrong with a book."""
    try:
        yield
    except DatabaseInUse as error:
        stop_with(str(error), "Stop it, then repeat this command; nothing was changed.")
    except StorageError as error:
        stop_with(str(error))
    except NotSound as error:
        _end_broken(str(error), error.problems)
    except KeyboardInterrupt:
        err.print("Stopped before the end. Nothing is lost: repeat the same command.")
        raise typer.Exit(CANNOT_RUN) from None


def _end_broken(what: str, problems: tuple[str, ...] | list[str]) -> None:
    err.print(f"[bold red]Something is wrong:[/] {escape(what)}")
    for line in problems:
        err.print(f"  • {escape(line)}")
    raise typer.Exit(1)


def _after_the_move(moved: moving.Moved, file: Path, *, key_file: bool) -> list[str]:
    """What was done, and what to do next."""
    what = "Everything was moved" if moved.rows is None else f"{moved.rows:,} rows were moved and compared"
    lines = [f"{what}: this school's book is in the {moved.other} now."]
    if moved.anew:
        lines.append("(The file had changed since the last try, so everything was copied anew.)")
    lines += [
        f"The old file {file} is closed: it can be read, but nothing runs or writes there any more.",
        "Next:",
        "  1. Set DATABASE_URL to the address that you gave with --to.",
        f"  2. Set KARO_SECRET_KEY to what {file.name}.key holds, such as KARO_SECRET_KEY_FILE={file}.key"
        if key_file
        else "  2. Leave KARO_SECRET_KEY as it is.",
        "     Without that key nobody can read the phone numbers: keep a copy of it in another place.",
        "  3. karo check; then start Karo again.",
    ]
    return lines


def _after_the_backup(settings: Settings, here: Path | None, file: Path, *, with_key: bool) -> list[str]:
    """What was done, and what else belongs to it."""
    lines = [f"The backup is written and was read again: {file}"]
    where = f"in {here}.key" if here is not None and settings.secret_keys is None else "in KARO_SECRET_KEY"
    if with_key:
        lines.append(f"Its key stands beside it: {file}.key. Whoever has both can read every phone number.")
    else:
        lines.append(
            f"It is worth nothing without its key, which is {where}: keep a copy of that in another place."
        )
    return lines
